"""Footnote marks of a model's answer: each one is tied to the exact words that support it, or removed."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest

from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answers import Citation, Passage
from rag.late_interaction import QuoteEmbedder, coverage
from rag.marks import Mark, MarkReader, read_marks
from rag.numbers import count_numbers, numbers_occur
from rag.prompts import NOT_IN_DOCUMENTS
from rag.settings import CitationSettings

log = logging.getLogger(__name__)

_BLANKS = " \t\u00a0\u202f"
_BULLET = re.compile(r"[\s\-*•·>–—]*(?:\d{1,2}[.)．、](?=\s|\D)\s*)?")
# What is looked at before a mark: several of the longest sentences, so that an endless line stays cheap.
_LOOK_BACK = 2000
# A shorter piece between two marks of a sentence says too little alone; the sentence up to it is compared instead.
_SHORTEST_CLAIM = 15
# Weight of the cosine beside the coverage: together they tell right passages from wrong ones better (the area under the
# curve goes from 0.93 to 0.96 for English and German, 0.85 to 0.91 for Thai and English; parallel passages of XQuAD).
_ALIKE_SHARE = 0.3
_REFUSAL = re.compile(NOT_IN_DOCUMENTS.replace("_", r"\\?[_\s]"))
# What a refusal may be dressed up with and still be one (see `rag.prompts.is_not_in_documents`).
_ORNAMENTS = " \t\r\n\"'`*_\\[](){}<>.:«»„“”‘’"


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
    reader = MarkReader()
    for piece in pieces:
        yield from _nonempty(_only_known(reader.read(piece), passages))
    yield from _nonempty(_only_known(reader.close(), passages))


def _nonempty(text: str) -> Iterator[str]:
    if text:
        yield text


def _only_known(parts: Iterable[str | Mark], passages: int) -> str:
    return "".join(
        part if isinstance(part, str) else "".join(f"[{number}]" for number in part.numbers if 1 <= number <= passages)
        for part in parts
    )


def without_refusal(pieces: Iterable[str]) -> Iterator[str]:
    """Pass a streamed text on without the word that stands for "not in the documents", however it was cut.

    Nothing of a text that begins with the word is passed on.
    """
    held = ""
    begun = False
    for piece in pieces:
        held += piece
        while found := _REFUSAL.search(held):
            before, held = held[: found.start()], held[found.end() :]
            if not begun and not before.strip(_ORNAMENTS):
                return
            begun = True
            yield from _nonempty(before)
        if not begun and not held.strip(_ORNAMENTS):
            continue
        safe = _refusal_may_start(held)
        if begun or held[:safe].strip(_ORNAMENTS):
            begun = True
            yield from _nonempty(held[:safe])
            held = held[safe:]
    yield from _nonempty(held)


def drop_refusal(text: str) -> str:
    """The text without the word that stands for "not in the documents", which a model may add to half an answer."""
    return _REFUSAL.sub("", text)


def _refusal_may_start(text: str) -> int:
    """Where the word for "not in the documents" begins that the text may end in the middle of; else its length."""
    for start in range(max(0, len(text) - len(NOT_IN_DOCUMENTS) - 2), len(text)):
        plain = re.sub(r"\\?[_\s]|\\$", "_", text[start:])
        if text[start] == "N" and NOT_IN_DOCUMENTS.startswith(plain):
            return start
    return len(text)


def cite(
    text: str, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
) -> CitedText:
    """Tie each mark of an answer to the sentence of its passage that supports it best; remove marks with no support.

    A statement is supported by a sentence that covers enough of it, if every number of the statement occurs in the
    passage. Footnotes are numbered by order of appearance; two marks on the same words share a number.

    Args:
        text: The model's answer with marks that name passages.
        passages: What the model was shown.
        language: The answer's language.
        embedder: Vectors for the comparison.
        settings: How much support is enough.
    """
    by_number = {passage.number: passage for passage in passages}
    footnotes: dict[tuple[str, int, int], Citation] = {}
    parts = read_marks(text)
    resolved: list[str | list[int]] = []
    for part, claim in zip(parts, _claims(parts, language), strict=True):
        if isinstance(part, str):
            resolved.append(part)
            continue
        numbers: list[int] = []
        for number in part.numbers:
            citation = _supported(claim, by_number.get(number), language=language, embedder=embedder, settings=settings)
            if citation is None:
                log.info("Removed mark [%d]: nothing in that passage supports %r.", number, claim)
                continue
            place = (citation.document, citation.start, citation.end)
            numbers.append(footnotes.setdefault(place, replace(citation, number=len(footnotes) + 1)).number)
        resolved.append(numbers)
    return CitedText(_assembled(resolved), tuple(footnotes.values()))


def _assembled(parts: Sequence[str | list[int]]) -> str:
    """Put texts and marks together; a mark that is gone, or stands there already, leaves no gap."""
    written = ""
    shown: list[int] = []  # what the marks directly before name
    for part, following in zip_longest(parts, parts[1:], fillvalue=""):
        starts_line = not written or written.endswith("\n")
        if isinstance(part, str):
            written += part.lstrip(_BLANKS) if starts_line else part
            shown = [] if part.strip() else shown
            continue
        added = [number for number in dict.fromkeys(part) if number not in shown]
        shown += added
        if added:
            written += "".join(f"[{number}]" for number in added)
        elif isinstance(following, str) and not following[:1].isalnum():
            written = written.rstrip(_BLANKS)
    return written.strip()


def _claims(parts: Sequence[str | Mark], language: str) -> Iterator[str]:
    """For each part the statement that it marks; nothing for a text."""
    plain = "".join(part for part in parts if isinstance(part, str))
    lengths = [len(part) if isinstance(part, str) else 0 for part in parts]
    ends = list(accumulate(lengths))
    places = sorted({at for at, part in zip(ends, parts, strict=True) if isinstance(part, Mark)})
    claims = {
        at: _claim(plain, at, before=before, after=after, language=language)
        for before, at, after in zip([0, *places], places, [*places[1:], len(plain)], strict=False)
    }
    for at, part in zip(ends, parts, strict=True):
        yield claims[at] if isinstance(part, Mark) else ""


def _claim(plain: str, at: int, *, before: int, after: int, language: str) -> str:
    """The statement that a mark at `at` belongs to, where the marks before and after it stand at those places.

    It is what the sentence says since its last mark. A mark may follow the full stop, or begin the line.
    """
    end = plain.find("\n", at, after)
    following = plain[at : after if end < 0 else end].lstrip(_BLANKS + ":")
    line = plain.rfind("\n", 0, at) + 1
    bullet = _BULLET.match(plain, line, at)
    if bullet is not None and bullet.end() == at and following.strip():
        spans = sentence_spans(following, language)
        return following[slice(*spans[0])]
    if not plain[line:at].strip():
        at = len(plain[:at].rstrip())
        line = plain.rfind("\n", 0, at) + 1
    bullet = _BULLET.match(plain, line, at)
    start = max(line if bullet is None else bullet.end(), at - _LOOK_BACK)
    spans = sentence_spans(plain[start:at], language)
    if not spans:
        return ""
    sentence = plain[start + spans[-1][0] : start + spans[-1][1]]
    piece = plain[max(before, start + spans[-1][0]) : start + spans[-1][1]].strip(_BLANKS + ",，、;；")
    return piece if text_weight(piece) >= _SHORTEST_CLAIM else sentence


def _support(claim: str, sentences: Sequence[str], embedder: QuoteEmbedder) -> list[float]:
    """How far each sentence supports a statement: what it covers of it, and how alike they are as a whole."""
    if not sentences:
        return []
    alike = embedder.embed_passages(sentences) @ embedder.embed_questions([claim])[0]
    covered = coverage(claim, sentences, embedder=embedder)
    return [cover + _ALIKE_SHARE * float(cosine) for cover, cosine in zip(covered, alike, strict=True)]


def _supported(
    claim: str, passage: Passage | None, *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
) -> Citation | None:
    if passage is None or not claim or not numbers_occur(claim, passage.text, language=passage.language):
        return None
    spans = sentence_spans(passage.text, passage.language)
    sentences = [passage.text[start:end] for start, end in spans]
    scores = _support(claim, sentences, embedder)
    needed = settings.support.of(language, passage.language)
    supporting = [at for at, score in enumerate(scores) if score >= needed]
    if not supporting:
        return None
    # A sentence that holds the numbers says more than one that has the words in common.
    best = max(supporting, key=lambda at: (count_numbers(claim, sentences[at]), scores[at]))
    start, end = spans[best]
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
