"""Doubles for tests: real classes with the real interface."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from index.catalog import DocumentRecord
from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Citation, Done, Event, Passage, PassagesFound, Token, Turn
from rag.errors import RerankingError


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
    """Writes the same answer to every question, and keeps what it was asked."""

    model = "test-model"

    def __init__(self, text: str, *, passages: Sequence[Passage]) -> None:
        self.text = text
        self.passages = tuple(passages)
        self.asked: list[tuple[str, str, tuple[Turn, ...], DocumentFilter]] = []

    def stream(
        self, question: str, *, language: str, history: Sequence[Turn] = (), within: DocumentFilter = EVERYTHING
    ) -> Generator[PassagesFound | Token]:
        """Stream the passages and the text."""
        self.asked.append((question, language, tuple(history), within))
        yield PassagesFound(self.passages)
        yield Token(self.text)


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
        answers: What each question gets: an answer to stream, or an exception to raise after the passages were found.
        pause: Seconds before each piece of text.
        sources: The documents it says it has.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer | Exception],
        *,
        pause: float = 0.0,
        sources: Sequence[str] = ("a.md", "b.md"),
    ) -> None:
        self.answers = answers
        self.pause = pause
        self.sources = sources
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []

    def documents(self) -> list[DocumentRecord]:
        """Give one record for each source."""
        return [
            DocumentRecord(
                source, "indexed", None, source, "en", None, None, chunks=1, changed_at="2026-01-01T00:00:00Z"
            )
            for source in self.sources
        ]

    def stream(self, question: str, *, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Stream the answer prepared for `question`, word by word."""
        self.asked.append((question, tuple(history)))
        answer = self.answers[question]
        if isinstance(answer, Exception):
            yield PassagesFound(())
            raise answer
        yield PassagesFound(answer.passages)
        for word in re.findall(r"\s*\S+", _with_passage_numbers(answer)):
            time.sleep(self.pause)
            yield Token(word)
        yield Done(answer)


def _with_passage_numbers(answer: Answer) -> str:
    """Give the text as a model writes it: its marks are numbers of passages, not yet of footnotes."""
    passages = {str(citation.number): citation.passage for citation in answer.citations}
    return re.sub(r"\[([0-9]+)\]", lambda mark: f"[{passages.get(mark[1], mark[1])}]", answer.text)
