"""A follow-up question as one that stands alone, written by a chat model."""

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence

from index.language import detect_language, same_language
from index.lengths import text_weight
from index.log_content import Content
from index.sentences import sentence_spans
from rag.answers import Turn
from rag.errors import ChatModelError
from rag.follow_ups import SearchQuestion, search_question, stands_alone
from rag.foreign_marks import without_marks
from rag.prompts import as_data, language_name, rewrite_prompt
from rag.visible_text import visible

log = logging.getLogger(__name__)

Complete = Callable[[str, str], str]
"""Gives a chat model's reply to a system prompt and a text; raises `ChatModelError`."""

# What a follow-up points at was said in the last turns, at the beginning of an answer more often than at its end.
_TURNS = 3
_ANSWER_LENGTH = 600
_QUESTION_LENGTH = 400
# A question gets longer by the names it takes up; what is longer still is an answer, or the conversation retold.
_TIMES_AS_LONG = 3
_LONGER = 200

_LABEL = re.compile(r"([^:：?？؟]{1,40})[:：]\s{0,9}")
_WRAPPING = " \t\"'`*_“”„‟‘’‚«»‹›「」『』"
_QUESTION_MARKS = ("?", "？", "؟", ";", "\u037e", "՞")
_STATEMENT_ENDS = (".", "。", "।", "!", "！", "۔")


def rewritten_question(question: str, history: Sequence[Turn], *, language: str, complete: Complete) -> SearchQuestion:
    """Return how to search a question after some turns, in a chat model's words if it does not stand alone.

    When the model fails, or what it says is no such question, it is searched as without a model, and the log says so.

    Args:
        question: As it was asked.
        history: Earlier turns, oldest first.
        language: The question's language.
        complete: Asks the model; one short call.
    """
    if stands_alone(question, history, language=language):
        return SearchQuestion(question, question, 0)
    try:
        reply = complete(rewriting_prompt(history, language=language), question)
    except ChatModelError as error:
        log.warning("The chat model did not rewrite a follow-up, so it is searched with its context: %s", error)
        return search_question(question, history, language=language)
    rewritten = read_rewriting(reply, question, history, language=language)
    if rewritten is None:
        log.warning(
            "The chat model's rewriting %r is no question that stands alone; see 'rag/rewriting.py'.",
            Content(reply[:200]),
        )
        return search_question(question, history, language=language)
    return SearchQuestion(question, rewritten, 1)


def rewriting_prompt(history: Sequence[Turn], *, language: str) -> str:
    """Return what the model is told: the rules, and the last turns as data that cannot leave their element."""
    turns = "\n".join(
        f"<turn>\n<question>{as_data(turn.question[:_QUESTION_LENGTH])}</question>\n"
        f"<answer>{as_data(_beginning(turn.answer, language))}</answer>\n</turn>"
        for turn in history[-_TURNS:]
    )
    return rewrite_prompt().render({"conversation": turns, "language": language_name(language)})


def read_rewriting(reply: str, question: str, history: Sequence[Turn], *, language: str) -> str | None:
    """Return the question in a model's reply, or `None` if it is none that can take the place of what was asked.

    Labels ("Standalone question:"), quotation marks, Markdown and footnote marks around it are dropped. It is none if
    it has several lines, is too long, in another language, ends as a statement where a question was asked, or holds a
    number that nobody has mentioned.

    Args:
        reply: What the model has written.
        question: As it was asked.
        history: The turns before it.
        language: The question's language.
    """
    said = " ".join([question, *(text for turn in history for text in (turn.question, turn.answer))])
    if text_weight(reply) > 2 * _longest(question):
        return None
    lines = [line.strip(_WRAPPING) for line in without_marks(visible(reply)).splitlines()]
    text = " ".join(line for line in lines if line) if sum(map(bool, lines)) == 1 or _is_label(lines, said) else ""
    text = _without_label(text, said)
    if not any(map(str.isalpha, text)) or text_weight(text) > _longest(question):
        return None
    if question.rstrip().endswith(_QUESTION_MARKS) and text.endswith(_STATEMENT_ENDS):
        return None
    if _numbers(text) - _numbers(said) or not _is_in(text, language):
        return None
    return text


def _longest(question: str) -> float:
    return _TIMES_AS_LONG * text_weight(question) + _LONGER


def _is_label(lines: Sequence[str], said: str) -> bool:
    """Whether of two lines the first is only a label of the second."""
    filled = [line for line in lines if line]
    return len(filled) == 2 and filled[0].endswith((":", "：")) and not _without_label(filled[0], said)


def _without_label(text: str, said: str) -> str:
    """The text without words before a colon of which none occurs in the conversation."""
    label = _LABEL.match(text)
    if label is None or set(_words(label[1])) & set(_words(said)):
        return text
    return text[label.end() :].strip(_WRAPPING)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\d+", unicodedata.normalize("NFKC", text)))


def _is_in(text: str, language: str) -> bool:
    """Whether a text is in a language rather than in English, which models fall back to."""
    return same_language(detect_language(text, among=(language, "en")), language)


def _beginning(answer: str, language: str) -> str:
    """As many whole sentences of an answer as there is room for, without its footnote marks; at least a part of one."""
    text = without_marks(answer)
    ends = [end for _, end in sentence_spans(text[: 2 * _ANSWER_LENGTH], language) if end <= _ANSWER_LENGTH]
    return text[: ends[-1]] if ends else text[:_ANSWER_LENGTH]
