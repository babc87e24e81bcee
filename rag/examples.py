"""Questions that show what can be asked of somebody's documents: for the page before the first question."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

from index.catalog import DocumentRecord
from index.documents import Document
from index.language import same_language
from rag.answers import Answer
from rag.document_questions import (
    Candidate,
    is_answered,
    section_candidates,
    stated_questions,
    topic_candidates,
)
from rag.prompts import phrases
from rag.settings import SuggestionSettings
from rag.suggestions import GetDocument

# Of one document, so that one that gives none is soon done with.
_MOST_TRIED = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and the document that answers it."""

    language: str
    """The language the question is in."""
    text: str
    document: str
    """`Document.source`."""


class AskIn(Protocol):
    """Answers a question in a language with quotes."""

    def __call__(self, question: str, *, language: str) -> Answer:
        """Return the answer."""
        ...


def example_questions(
    records: Sequence[DocumentRecord],
    *,
    language: str,
    count: int,
    ask: AskIn,
    get_document: GetDocument,
    settings: SuggestionSettings,
) -> tuple[Example, ...]:
    """Return one question for each of some documents of different languages, at most `count`.

    Questions that stand in a document, in its language; else what is said about its topic or a heading, in `language`,
    or in English if that has no phrases. Languages take turns, the newest document first; one whose documents give
    nothing is left out, so that few are looked at, however many there are.

    Args:
        records: All documents.
        language: Code of the reader's language.
        count: How many at most.
        ask: What each question is tried with.
        get_document: Where a document is read.
        settings: Limits.
    """
    spoken = phrases(language).language
    found: list[Example] = []
    waiting = deque(_newest_first(records, language)[: settings.languages])
    while waiting and len(found) < count:
        sources = waiting.popleft()
        documents = (document for source in islice(sources, settings.examined) if (document := get_document(source)))
        examples = (_example(document, language=spoken, ask=ask, settings=settings) for document in documents)
        if example := next(filter(None, examples), None):
            found.append(example)
            waiting.append(sources)
    return tuple(found)


def _example(document: Document, *, language: str, ask: AskIn, settings: SuggestionSettings) -> Example | None:
    """The first question of a document that it answers itself."""
    candidates: Iterable[tuple[str, Candidate]] = chain(
        ((document.language, candidate) for candidate in islice(stated_questions(document), 1)),
        ((language, candidate) for candidate in topic_candidates(document, language=language)),
        ((language, candidate) for candidate in section_candidates(document, language=language)),
    )
    for spoken, candidate in islice(candidates, _MOST_TRIED):
        tried = ask(candidate.question, language=spoken)
        if is_answered(candidate, tried, least=settings.least_confidence):
            return Example(spoken, candidate.question, document.source)
    return None


def _newest_first(records: Sequence[DocumentRecord], language: str) -> list[Iterator[str]]:
    """The documents of each language that are searched: first the reader's language, then those of most documents."""
    of_each: defaultdict[str, list[DocumentRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda each: each.source):
        if record.chunks:
            of_each[record.language].append(record)
    order = sorted(of_each, key=lambda code: (not same_language(code, language), -len(of_each[code]), code))
    newest = (sorted(of_each[code], key=_age, reverse=True) for code in order)
    return [iter([record.source for record in some]) for some in newest]


def _age(record: DocumentRecord) -> str:
    """The date it states, else the day on which it was indexed."""
    return record.date or record.changed_at[:10]
