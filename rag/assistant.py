"""`Assistant`: question in, cited answer out. The public entry of the project for Python programs."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from index.knowledge_base import KnowledgeBase
from index.language import detect_language
from rag.answers import Answer, Done, Event, Passage, PassagesFound, Token, Turn
from rag.citations import cite, known_marks
from rag.errors import ChatModelError
from rag.extractive import QuoteEmbedder, answer_text, choose_quotes, find_quotes, quote_citations
from rag.prompts import is_not_in_documents, phrases
from rag.retrieval import build_passages, search
from rag.settings import AssistantSettings

log = logging.getLogger(__name__)


class ModelChain(Protocol):
    """Writes an answer with a chat model: the passages first, then its text piece by piece."""

    @property
    def model(self) -> str:
        """Name of the chat model."""
        ...

    def stream(self, question: str, *, language: str, history: Sequence[Turn] = ()) -> Iterator[PassagesFound | Token]:
        """Yield the passages, then the text as it comes; raise `ChatModelError` if it does not end well."""
        ...


class Assistant:
    """Answers questions from a knowledge base, with a chat model if there is one, else with verbatim quotes."""

    def __init__(
        self,
        knowledge_base: KnowledgeBase,
        *,
        embedder: QuoteEmbedder,
        chain: ModelChain | None = None,
        settings: AssistantSettings | None = None,
    ) -> None:
        self._knowledge_base = knowledge_base
        self._embedder = embedder
        self._chain = chain
        self._settings = settings or AssistantSettings()

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question.

        Args:
            question: In any language; the answer is in the same.
            history: Earlier turns of the conversation, oldest first.

        Raises:
            ValueError: If the question is empty.
        """
        for event in self.stream(question, history=history):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("A stream ends with Done.")

    def search(self, query: str, *, top_k: int = 10) -> list[ScoredChunk]:
        """Return the chunks that suit a query best, best first."""
        return search(
            self._knowledge_base,
            query,
            language=detect_language(query),
            top_k=top_k,
            token_embedder=self._embedder,
            settings=self._settings.retrieval,
        )

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        return self._knowledge_base.documents()

    def retrieve(self, question: str) -> list[Passage]:
        """Return the passages that a question would be answered from, numbered from 1, best first."""
        found = self.search(question, top_k=self._settings.retrieval.candidates)
        return build_passages(self._knowledge_base, found, settings=self._settings.retrieval)

    def stream(self, question: str, *, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Answer a question as a stream of events: `PassagesFound`, then `Token`s, then `Done`.

        Raises:
            ValueError: If the question is empty.
        """
        question = question.strip()
        if not question:
            raise ValueError("The question is empty.")
        clock = _Clock()
        language = self._language_of(question, history)
        clock.lap("language")
        if self._chain is not None:
            try:
                yield from self._written(self._chain, question, language, history, clock)
            except ChatModelError as error:
                log.warning("The chat model failed, so quotes are given: %s", error)
                yield from self._quoted(question, language, clock, notice=phrases(language).model_failed)
        else:
            yield from self._quoted(question, language, clock)

    def _language_of(self, question: str, history: Sequence[Turn]) -> str:
        """The question's language; a question without letters is in that of the last one."""
        for text in (question, *(turn.question for turn in reversed(history))):
            language = detect_language(text)
            if language != "und":
                return language
        return "en"

    def _quoted(self, question: str, language: str, clock: "_Clock", *, notice: str = "") -> Iterator[Event]:
        passages = self.retrieve(question)
        clock.lap("retrieval")
        yield PassagesFound(tuple(passages))
        quotes = choose_quotes(
            find_quotes(question, passages, language=language, embedder=self._embedder),
            language=language,
            settings=self._settings.quoting,
        )
        clock.lap("quoting")
        text = answer_text(quotes, phrases(language)) if quotes else phrases(language).not_found
        yield Token(text)
        yield Done(
            Answer(
                question=question,
                language=language,
                text=text,
                answered=bool(quotes),
                citations=quote_citations(quotes),
                passages=tuple(passages),
                notice=notice,
                timings=clock.timings(),
            )
        )

    def _written(
        self, chain: ModelChain, question: str, language: str, history: Sequence[Turn], clock: "_Clock"
    ) -> Iterator[Event]:
        passages: tuple[Passage, ...] = ()
        pieces: list[str] = []

        stream = chain.stream(question, language=language, history=history)

        def tokens() -> Iterator[str]:
            for event in stream:
                if isinstance(event, Token):
                    pieces.append(event.text)
                    yield event.text

        first = next(stream)
        if isinstance(first, PassagesFound):
            passages = first.passages
        clock.lap("retrieval")
        yield PassagesFound(passages)
        for piece in known_marks(tokens(), passages=len(passages)):
            yield Token(piece)
        clock.lap("model")
        written = "".join(pieces)
        answered = bool(written.strip()) and not is_not_in_documents(written)
        cited = cite(
            written if answered else "",
            passages,
            language=language,
            embedder=self._embedder,
            settings=self._settings.citation,
        )
        clock.lap("citations")
        yield Done(
            Answer(
                question=question,
                language=language,
                text=cited.text if answered else phrases(language).not_found,
                answered=answered,
                citations=cited.citations,
                passages=passages,
                model=chain.model,
                timings=clock.timings(),
            )
        )


class _Clock:
    """Seconds per step, and `total`."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self._laps[step] = round(now - self._last, 4)
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self._laps, "total": round(time.perf_counter() - self._start, 4)}
