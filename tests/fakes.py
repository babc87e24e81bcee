"""Doubles for tests: real classes with the real interface."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace

from index.catalog import DocumentRecord
from index.documents import Chunk, Document, ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Citation, CitationsFound, Done, Event, Failed, Passage, PassagesFound, Token, Turn
from rag.errors import ChatModelError, RerankingError


def make_passage(
    text: str,
    *,
    number: int = 1,
    title: str = "A title",
    language: str = "en",
    heading: str = "",
    start: int = 100,
    document: str = "articles/a.md",
) -> Passage:
    """Make a passage that starts somewhere inside its document, as most do."""
    return Passage(
        number=number,
        document=document,
        title=title,
        language=language,
        text=text,
        start=start,
        end=start + len(text),
        score=1.0,
        confidence=1.0,
        chunk=f"chunk-{number}",
        heading=heading,
    )


def make_citation(quote: str, *, passage: Passage, number: int = 1) -> Citation:
    """Make the footnote `number` for the first occurrence of `quote` in `passage`."""
    start = passage.start + passage.text.index(quote)
    return Citation(
        number=number,
        passage=passage.number,
        document=passage.document,
        title=passage.title,
        language=passage.language,
        quote=quote,
        start=start,
        end=start + len(quote),
        chunk=passage.chunk,
    )


class RecordingRetrieve:
    """Finds the same passages for every question, and keeps what it was asked."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self.asked: list[tuple[str, DocumentFilter]] = []

    def __call__(self, question: str, *, within: DocumentFilter) -> list[Passage]:
        """Give the passages."""
        self.asked.append((question, within))
        return list(self.passages)


class RecordingChain:
    """Writes the same answer to every question, and keeps what it was asked.

    Args:
        text: What it answers.
        replies: What it says when it is to rewrite a question or an answer, one after the other.
    """

    model = "test-model"

    def __init__(self, text: str, *, replies: Sequence[str] = ()) -> None:
        self.text = text
        self.replies = list(replies)
        self.asked: list[tuple[str, tuple[Passage, ...], str, tuple[Turn, ...]]] = []
        self.completed: list[tuple[str, str]] = []

    def answer(
        self, question: str, *, passages: Sequence[Passage], language: str, history: Sequence[Turn] = ()
    ) -> Generator[str]:
        """Stream the text."""
        self.asked.append((question, tuple(passages), language, tuple(history)))
        yield self.text

    def complete(self, system: str, text: str, *, max_tokens: int | None = None) -> str:  # noqa: ARG002
        """Give the next reply; without one, fail."""
        self.completed.append((system, text))
        if not self.replies:
            raise ChatModelError("The scripted chain has no more replies.")
        return self.replies.pop(0)


class ScriptedReranker:
    """Scores texts by a function, or fails, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, score: Callable[[str], float] | None = None) -> None:
        self.score = score
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Give each text's score; without a function, fail."""
        self.asked.append((question, tuple(texts)))
        if self.score is None:
            raise RerankingError("The scripted reranker has no script.")
        return [self.score(text) for text in texts]


class ScriptedAssistant:
    """Streams prepared answers, and keeps what it was asked.

    Args:
        answers: What each question gets: an answer to stream, a failure, or an exception to raise after the passages
            were found.
        pause: Seconds before each piece of text.
        sources: The documents it says it has.
        texts: The documents that can be opened, by source.
        suggestions: What it says could be asked next.
        translations: What it makes of a quote; a quote that is not there cannot be translated.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer | Failed | Exception],
        *,
        pause: float = 0.0,
        sources: Sequence[str] = ("a.md", "b.md"),
        texts: Mapping[str, Document] | None = None,
        suggestions: Sequence[str] = (),
        translations: Mapping[str, str] | None = None,
    ) -> None:
        self.answers = answers
        self.pause = pause
        self.sources = sources
        self.texts = texts or {}
        self.suggestions = suggestions
        self.translations = translations or {}
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.filters: list[DocumentFilter] = []
        self.interfaces: list[str | None] = []
        self.health: Mapping[str, str] = {"index": "ok", "model": "ok", "chroma": "scanned"}

    @property
    def has_chat_model(self) -> bool:
        """Whether anything can be translated, or answers take their time."""
        return bool(self.translations) or self.pause > 0

    def documents(self) -> list[DocumentRecord]:
        """Give one record for each source."""
        return [
            DocumentRecord(
                source, "indexed", None, source, "en", None, None, chunks=1, changed_at="2026-01-01T00:00:00Z"
            )
            for source in self.sources
        ]

    def checks(self) -> Mapping[str, str]:
        """Tell how it is said to be."""
        return self.health

    def count_documents(self) -> int:
        """Count the sources."""
        return len(self.sources)

    def search(self, query: str, *, top_k: int = 10, within: DocumentFilter = EVERYTHING) -> list[ScoredChunk]:
        """Give the beginning of each document that holds the query."""
        self.filters.append(within)
        return [
            ScoredChunk(Chunk(f"{source}#0", source, document.text[:80], 0, min(80, len(document.text))), 0.5)
            for source, document in self.texts.items()
            if query in document.text and source in self.sources
        ][:top_k]

    def get_document(self, source: str) -> Document | None:
        """Give the text of a source, if there is one."""
        return self.texts.get(source)

    def has_any(self, within: DocumentFilter) -> bool:
        """Tell whether one of the sources is English and not left out by name."""
        return within.documents <= set(self.sources) and within.languages <= {"en"}

    def suggest(self, answer: Answer, **_: object) -> Sequence[str]:
        """Give the prepared questions, after a question that was answered."""
        return self.suggestions if answer.answered else ()

    def translate(self, quote: str, *, language: str) -> str:
        """Give the prepared translation with its language before it."""
        if quote not in self.translations:
            raise ChatModelError("No translation is prepared.")
        return f"{language}: {self.translations[quote]}"

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = "en",
        explain: bool = False,
    ) -> Iterator[Event]:
        """Stream the answer prepared for `question`, word by word."""
        self.interfaces.append(interface)
        self.asked.append((question, tuple(history)))
        self.filters.append(within)
        answer = self.answers[question]
        if isinstance(answer, Failed):
            yield answer
            return
        if isinstance(answer, Exception):
            yield PassagesFound(())
            raise answer
        yield PassagesFound(answer.passages)
        for word in re.findall(r"\s*\S+", answer.text):
            time.sleep(self.pause)
            cited = tuple(citation for citation in answer.citations if f"[{citation.number}]" in word)
            if cited:
                yield CitationsFound(cited)
            yield Token(word)
        yield Done(answer if explain else replace(answer, explanation=None))
