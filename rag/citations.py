"""Footnote marks of a model's answer: each one is tied to the exact words that support it, or removed.

Accepted marks: `[1]`, `[1, 2]`, `[1][2]`, `[1-3]`, `【1】`, `［1］`, with digits of any script.
"""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.sentences import sentence_spans
from rag.answers import Citation, Passage
from rag.prompts import NOT_IN_DOCUMENTS, is_not_in_documents
from rag.reranking import TokenEmbedder, coverage
from rag.settings import CitationSettings

log = logging.getLogger(__name__)

_MARK = re.compile(r"[\[【［]\s*(\d{1,3}(?:\s*[,，、;；\-–]\s*\d{1,3})*)\s*[\]】］]")
_MARK_START = re.compile(r"[\[【［][\s\d,，、;；\-–]*$")
_RANGE = re.compile(r"(\d+)\s*[\-–]\s*(\d+)")
_NUMBER = re.compile(r"\d+(?:[.,٫٬'\u00a0\u202f]\d+)*")
# Longest text held back while it may still become a mark.
_LONGEST_MARK = 40
# As long as the text may still become the word for "not in the documents", with some Markdown around it.
_LONGEST_REFUSAL = len(NOT_IN_DOCUMENTS) + 8


@dataclass(frozen=True, slots=True)
class CitedText:
    """An answer's text, whose marks are the numbers of its citations and nothing else."""

    text: str
    citations: tuple[Citation, ...]


def known_marks(pieces: Iterable[str], *, passages: int) -> Iterator[str]:
    """Pass a streamed text on, marks whole and only those that name one of the passages, however it was cut.

    Args:
        pieces: The text as it arrives.
        passages: How many passages there are; marks count from 1.
    """
    held = ""
    for piece in pieces:
        held += piece
        start = _MARK_START.search(held)
        safe = start.start() if start and len(held) - start.start() <= _LONGEST_MARK else len(held)
        if safe:
            yield from _nonempty(_only_known(held[:safe], passages))
            held = held[safe:]
    yield from _nonempty(_only_known(held, passages))


def without_refusal(pieces: Iterable[str]) -> Iterator[str]:
    """Pass a streamed text on unless it begins with the word that stands for "not in the documents"."""
    held = ""
    deciding = True
    for piece in pieces:
        if not deciding:
            yield piece
            continue
        held += piece
        if is_not_in_documents(held):
            return
        if len(held) >= _LONGEST_REFUSAL:
            deciding = False
            yield held
    if deciding and not is_not_in_documents(held):
        yield from _nonempty(held)


def _nonempty(text: str) -> Iterator[str]:
    if text:
        yield text


def _only_known(text: str, passages: int) -> str:
    def known(mark: re.Match[str]) -> str:
        return "".join(f"[{number}]" for number in _numbers(mark[1]) if 1 <= number <= passages)

    return _MARK.sub(known, text)


def _numbers(inside: str) -> list[int]:
    """The numbers in a mark, ranges spelt out, each once."""
    spelt = _RANGE.sub(
        lambda found: ",".join(str(n) for n in range(int(found[1]), min(int(found[2]), int(found[1]) + 20) + 1)), inside
    )
    return list(dict.fromkeys(int(number) for number in re.findall(r"\d+", spelt)))


def cite(
    text: str, passages: Sequence[Passage], *, language: str, embedder: TokenEmbedder, settings: CitationSettings
) -> CitedText:
    """Tie each mark of an answer to the sentence of its passage that supports it best; remove marks with no support.

    A statement is supported by a sentence that covers enough of it, if every number of the statement occurs in the
    passage. Footnotes are numbered by order of appearance; two marks on the same words share a number.

    Args:
        text: The model's answer with marks that name passages.
        passages: What the model was shown.
        language: The answer's language.
        embedder: Token vectors for the comparison.
        settings: How much support is enough.
    """
    by_number = {passage.number: passage for passage in passages}
    footnotes: dict[tuple[str, int, int], Citation] = {}
    parts: list[str] = []
    done = 0
    for mark in _MARK.finditer(text):
        claim = _statement_before(text, mark.start(), language)
        numbers: list[int] = []
        for number in _numbers(mark[1]):
            citation = _supported(claim, by_number.get(number), embedder=embedder, settings=settings)
            if citation is None:
                log.info("Removed mark [%d]: nothing in that passage supports %r.", number, claim)
                continue
            known = footnotes.setdefault(
                (citation.document, citation.start, citation.end), replace(citation, number=len(footnotes) + 1)
            )
            numbers.append(known.number)
        before = text[done : mark.start()]
        parts.append(before if numbers else before.rstrip(" \u00a0"))
        parts += [f"[{number}]" for number in dict.fromkeys(numbers)]
        done = mark.end()
    parts.append(text[done:])
    return CitedText("".join(parts).strip(), tuple(footnotes.values()))


def _statement_before(text: str, at: int, language: str) -> str:
    """The sentence that a mark at this place belongs to, without marks; marks may follow its full stop."""
    before = _MARK.sub(lambda mark: " " * len(mark[0]), text[:at])
    spans = sentence_spans(before, language)
    if not spans:
        return ""
    start, end = spans[-1]
    return before[start:end].strip()


def _supported(
    claim: str, passage: Passage | None, *, embedder: TokenEmbedder, settings: CitationSettings
) -> Citation | None:
    if passage is None or not claim or not _numbers_occur(claim, passage.text):
        return None
    spans = sentence_spans(passage.text, passage.language)
    sentences = [passage.text[start:end] for start, end in spans]
    scores = coverage(claim, sentences, embedder=embedder)
    if not scores or max(scores) < settings.support:
        return None
    start, end = spans[scores.index(max(scores))]
    return Citation(
        number=0,
        passage=passage.number,
        document=passage.document,
        title=passage.title,
        language=passage.language,
        quote=passage.text[start:end],
        start=passage.start + start,
        end=passage.start + end,
        chunk=passage.chunk,
    )


def _numbers_occur(claim: str, text: str) -> bool:
    """Whether each number of the claim stands in the text, in any script and with any separators."""
    return _plain_numbers(claim) <= _plain_numbers(text)


def _plain_numbers(text: str) -> set[str]:
    return {
        "".join(str(unicodedata.digit(character)) for character in found if character.isdigit())
        for found in _NUMBER.findall(text)
    }
