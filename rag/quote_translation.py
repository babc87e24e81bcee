"""A quote in the reader's language, written by a chat model: to be shown beside the original, and marked as such."""

from collections.abc import Callable

from index.language import same_language
from index.lengths import text_weight
from rag.answer_language import check_answer
from rag.errors import ChatModelError
from rag.plain_answer import plain_answer
from rag.prompts import as_data, language_name, render_translation_prompt

Complete = Callable[[str, str], str]
"""Gives a chat model's reply to a system prompt and a text; raises `ChatModelError`."""

# Translations are up to about twice as long as the original, in the measure of `text_weight`; more is an answer.
_TIMES_AS_LONG = 3
_LONGER = 100


def translated_quote(quote: str, *, language: str, complete: Complete) -> str:
    """Return a quote in a language: plain text, without hidden characters, markup and foreign addresses.

    Args:
        quote: The words of a document; data, whatever they say.
        language: Code of the language.
        complete: Asks the model; one call.

    Raises:
        ChatModelError: If the model fails, or what it says is empty, in another language, or too long to be the same.
    """
    reply = complete(render_translation_prompt(language), f"<passage>\n{as_data(quote)}\n</passage>")
    text = "".join(plain_answer([reply], ())).strip()
    name = language_name(language)
    if not text:
        raise ChatModelError(f"The chat model translated a quote into nothing. Ask again for the {name} text.")
    if text_weight(text) > _TIMES_AS_LONG * text_weight(quote) + _LONGER:
        raise ChatModelError(
            f"The chat model wrote {len(text)} characters to translate {len(quote)}, which is no translation. "
            "Read the original, or set another model."
        )
    written = check_answer(text, language).language
    if not same_language(written, language):
        raise ChatModelError(
            f"The chat model translated a quote into {language_name(written)} instead of {name}. "
            "Read the original, or set another model."
        )
    return text
