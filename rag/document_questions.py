"""Questions that documents give rise to: those that stand in them, and what they say about a heading or their topic."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.documents import Document
from index.language import same_language
from rag.answers import Answer
from rag.prompts import about_question
from rag.sections import Section, find_sections
from rag.topics import as_topic, clean_heading, title_as_topic

# Characters of a document that are read for headings, on either side of a place: some ten pages.
_WINDOW = 20_000
_ANYWHERE = sys.maxsize


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question, and the place that is to answer it: any place, if no document is named."""

    question: str
    document: str = ""
    start: int = 0
    end: int = _ANYWHERE


def is_answered(candidate: Candidate, answer: Answer, *, least: float) -> bool:
    """Return whether quotes answer a question surely enough: from the place it is about, and half from its document.

    Args:
        candidate: The question.
        answer: What the quotes were.
        least: How sure is sure enough, as `Answer.confidence`.
    """
    if not answer.citations or (answer.confidence or 0.0) < least:
        return False
    if not candidate.document:
        return True
    first = answer.citations[0]
    from_there = [citation for citation in answer.citations if citation.document == candidate.document]
    is_first = first.document == candidate.document and candidate.start <= first.start < candidate.end
    return is_first and 2 * len(from_there) >= len(answer.citations)


def topic_candidates(document: Document, *, language: str) -> Iterator[Candidate]:
    """Yield the question in a language what is said about the topic of a document, if its title tells that."""
    if question := _about(title_as_topic(document.title), language):
        yield Candidate(question, document.source)


def section_candidates(
    document: Document, *, language: str, around: int = 0, told: tuple[int, ...] = ()
) -> Iterator[Candidate]:
    """Yield a question for each section near a place that makes one: first those below the place, then above.

    A heading that is a question itself comes as it is, if it is in the language; what is said about the others is asked
    in the language.

    Args:
        document: Where to look.
        language: The language of the questions.
        around: A place in its text.
        told: Places in its text whose sections are left out.
    """
    for section in sorted(_sections(document, around), key=lambda each: (each.end <= around, abs(each.start - around))):
        if any(section.start <= place < section.end for place in told):
            continue
        if question := _question(section, document, language):
            yield Candidate(question, document.source, section.start, section.end)


def stated_questions(document: Document) -> Iterator[Candidate]:
    """Yield the questions that head the sections at the beginning of a document, in its own language."""
    for section in _sections(document, 0):
        if section.asks and (question := clean_heading(section.heading)):
            yield Candidate(question, document.source, section.start, section.end)


def found_candidates(answer: Answer, document: Document) -> Iterator[Candidate]:
    """Yield questions that a document gives rise to after an answer, in the answer's language, best first.

    Of one that the answer quotes, they are about what it has not quoted; of another, first about its topic.
    """
    told = tuple(each.start for each in answer.citations if each.document == document.source)
    shown = (each.start for each in answer.passages if each.document == document.source)
    if not told:
        yield from topic_candidates(document, language=answer.language)
    around = next(iter(told), next(shown, 0))
    yield from section_candidates(document, language=answer.language, around=around, told=told)


def _sections(document: Document, around: int) -> list[Section]:
    """The sections near a place; offsets are those of the document."""
    origin = max(around - _WINDOW, 0)
    return [
        replace(section, start=origin + section.start, end=origin + section.end)
        for section in find_sections(document.text[origin : around + _WINDOW], document.language)
    ]


def _question(section: Section, document: Document, language: str) -> str:
    if section.asks:
        return clean_heading(section.heading) if same_language(document.language, language) else ""
    repeats_title = section.heading.casefold() == document.title.casefold()
    return "" if repeats_title else _about(as_topic(section.heading), language)


def _about(topic: str, language: str) -> str:
    return about_question(topic, language) if topic else ""
