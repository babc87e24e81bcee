"""Quotes → the text of an answer, its footnotes, and what in it is set bold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rag.answers import Answer, Citation, Passage, Statement
from rag.cldr_names import locale_of
from rag.emphasis import answering_value
from rag.foreign_marks import in_parentheses
from rag.markup import plain
from rag.prompts import Phrases
from rag.question_types import asked_for
from rag.quote_units import Quote
from rag.visible_text import visible

# Quotation marks of the quoted language (Unicode CLDR, delimiters); English ones for the others.
_QUOTATION_MARKS = {
    "de": "„“", "cs": "„“", "pl": "„”", "ro": "„”", "hu": "„”", "bg": "„“", "sk": "„“", "sl": "„“",
    "fi": "””", "sv": "””", "fr": "«»", "es": "«»", "it": "«»", "pt": "“”", "ru": "«»", "uk": "«»", "el": "«»",
    "nb": "«»", "no": "«»", "da": "”“", "ja": "「」", "zh-Hant": "「」", "ar": "”“", "he": "””", "fa": "«»",
}  # fmt: skip
_PARAGRAPH = "\n\n"
_SKELETONS = {4: "y", 7: "yMMMM"}
"""How CLDR names dates to the year and to the month, by the length of their ISO form."""


@dataclass(frozen=True, slots=True)
class QuotedText:
    """The parts of an `Answer` made of quotes."""

    text: str
    citations: tuple[Citation, ...]
    statements: tuple[Statement, ...]
    """One for each quote."""
    emphasis: tuple[tuple[int, int], ...]
    """Characters of the text that hold the date or amount asked for."""


def write_quotes(
    quotes: Sequence[Quote],
    *,
    question: str,
    language: str,
    phrases: Phrases,
    passages: Sequence[Passage] = (),
    disagree: bool = False,
    behind: Answer | None = None,
) -> QuotedText:
    """Write quotes as an answer: each a paragraph without Markdown, with its marks.

    The date or amount asked for is set bold in the first quote; in all of them if they disagree.

    Args:
        quotes: Best first, or newest first.
        question: What was asked.
        language: The question's language, in which dates are written.
        phrases: The sentences to introduce them with.
        passages: Where the very words of a quote may stand in another document as well, which is then cited, too.
        disagree: Whether they are shown because they disagree: they are introduced as such, each with the date of its
            document if that states one.
        behind: What there is of an answer already: the text goes on behind it, with the next numbers.
    """
    asked = asked_for(question, language)
    text = f"{behind.text}{_PARAGRAPH}" if behind and behind.text else ""
    text += phrases.disagree if disagree else phrases.quoted
    before = len(behind.citations) if behind else 0
    citations: list[Citation] = []
    statements: list[Statement] = []
    emphasis: list[tuple[int, int]] = []
    for quote in quotes:
        cited = [
            _citation(number, each)
            for number, each in enumerate(_with_twin(quote, passages), start=before + len(citations) + 1)
        ]
        marks = "".join(f"[{citation.number}]" for citation in cited)
        opening, closing = _quotation_marks(quote)
        words = _words(quote)
        start = len(text) + len(_PARAGRAPH)
        text += f"{_PARAGRAPH}{_date_label(quote, phrases, language) if disagree else ''}{opening}"
        if asked and (disagree or not citations):
            value = answering_value(words, question, asked, language=quote.passage.language)
            emphasis += [(len(text) + value.start, len(text) + value.end)] if value else []
        text += f"{words}{closing} {marks}"
        citations += cited
        statements.append(Statement(start, len(text), tuple(citation.number for citation in cited)))
    return QuotedText(text, tuple(citations), tuple(statements), tuple(emphasis))


def _with_twin(quote: Quote, passages: Sequence[Passage]) -> list[Quote]:
    """The quote, and the same words in the first other document that holds them, however they are spaced."""
    spaced = r"\s+".join(map(re.escape, quote.text.split()))
    words = re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
    for passage in passages:
        found = words.search(passage.text) if passage.document != quote.passage.document else None
        if found:
            return [quote, Quote(passage, passage.start + found.start(), passage.start + found.end(), quote.score)]
    return [quote]


def _citation(number: int, quote: Quote) -> Citation:
    return Citation(
        number=number,
        passage=quote.passage.number,
        document=quote.passage.document,
        title=quote.passage.title,
        language=quote.passage.language,
        quote=quote.text,
        start=quote.start,
        end=quote.end,
        chunk=quote.passage.chunk,
    )


def _words(quote: Quote) -> str:
    """A quote without Markdown and characters that nobody sees.

    A mark of its own, such as [7], would be taken for a footnote of the answer, and becomes (7).
    """
    return in_parentheses(plain(visible(quote.text))).strip()


def _quotation_marks(quote: Quote) -> tuple[str, str]:
    marks = _QUOTATION_MARKS.get(quote.passage.language, "“”")
    space = "\u202f" if quote.passage.language == "fr" else ""
    return marks[0] + space, space + marks[1]


def _date_label(quote: Quote, phrases: Phrases, language: str) -> str:
    """What is written before a quote; nothing if its document has no date."""
    if not quote.passage.date:
        return ""
    label = phrases.dated.format(date=_date_in_words(quote.passage.date[:10], language))
    return label if label.endswith("：") else f"{label} "


def _date_in_words(stated: str, language: str) -> str:
    """A date as the language writes it, to the day, month or year; as stated if that cannot be done."""
    from babel.dates import format_date, format_skeleton

    locale = locale_of(language)
    try:
        first_day = date.fromisoformat(f"{stated}-01-01"[:10])
    except ValueError:  # the year 0
        return stated
    if locale is None:
        return stated
    if len(stated) in _SKELETONS:
        return format_skeleton(_SKELETONS[len(stated)], first_day, locale=locale)
    return format_date(first_day, "long", locale=locale)
