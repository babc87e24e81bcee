"""`Assistant`: question in, cited answer out. The public entry of the project for Python programs."""

import logging
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from index.function_words import FUNCTION_WORDS
from index.knowledge_base import KnowledgeBase
from index.language import UNKNOWN, detect_language
from rag.answers import Answer, Done, Event, Passage, PassagesFound, Token, Turn
from rag.citations import cite, drop_refusal, known_marks, without_refusal
from rag.errors import ChatModelError, QuestionError
from rag.extractive import answer_text, choose_quotes, find_quotes, quote_citations
from rag.late_interaction import QuoteEmbedder
from rag.neighbours import merge_neighbours
from rag.prompts import is_not_in_documents, phrases
from rag.reranking import Reranker
from rag.retrieval import Searcher, build_passages, search
from rag.settings import AssistantSettings

log = logging.getLogger(__name__)

_WORD = re.compile(r"\w+")
_KATAKANA = re.compile("[\u30a1-\u30ff]+")
_FUNCTION_WORDS = frozenset().union(*FUNCTION_WORDS.values())
# More words with capitals are a heading.
_MOST_NAMES = 4


class ModelChain(Protocol):
    """Writes an answer with a chat model: the passages first, then its text piece by piece."""

    @property
    def model(self) -> str:
        """Name of the chat model."""
        ...

    def stream(
        self, question: str, *, language: str, history: Sequence[Turn] = (), within: DocumentFilter = EVERYTHING
    ) -> Generator[PassagesFound | Token]:
        """Yield the passages, then the text as it comes; raise `ChatModelError` if it does not end well."""
        ...


class Assistant:
    """Answers questions from a knowledge base, with a chat model if there is one, else with verbatim quotes."""

    def __init__(
        self,
        knowledge_base: KnowledgeBase,
        *,
        embedder: QuoteEmbedder,
        reranker: Reranker | None = None,
        chain: ModelChain | None = None,
        settings: AssistantSettings | None = None,
    ) -> None:
        self._knowledge_base = knowledge_base
        self._embedder = embedder
        self._reranker = reranker
        self._chain = chain
        self._settings = settings or AssistantSettings()

    def ask(self, question: str, *, history: Sequence[Turn] = (), within: DocumentFilter = EVERYTHING) -> Answer:
        """Answer a question.

        Args:
            question: In any language; the answer is in the same.
            history: Earlier turns of the conversation, oldest first.
            within: Which documents to answer from.

        Raises:
            QuestionError: If the question is empty or too long.
        """
        for event in self.stream(question, history=history, within=within):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("A stream ends with Done.")

    def search(self, query: str, *, top_k: int = 10, within: DocumentFilter = EVERYTHING) -> list[ScoredChunk]:
        """Return what suits a query best, best first; chunks that follow each other come as one.

        Args:
            query: A question or some words, in any language.
            top_k: How many results at most.
            within: Which documents to search.
        """
        settings = self._settings.retrieval
        found = self.candidates(query, at_least=top_k, within=within)
        return merge_neighbours(
            found, top_k=top_k, get_document=self._knowledge_base.get_document, settings=settings.folding
        )

    def candidates(
        self,
        query: str,
        *,
        at_least: int = 0,
        within: DocumentFilter = EVERYTHING,
        searcher: Searcher = Searcher.RERANKED,
    ) -> list[ScoredChunk]:
        """Return the chunks that results and passages are made from, best first.

        Args:
            query: A question or some words, in any language.
            at_least: How many are wanted, if more than usual.
            within: Which documents to search.
            searcher: How far to go; all but the last are there to be measured.
        """
        settings = self._settings.retrieval
        return search(
            self._knowledge_base,
            query,
            language=detect_language(query),
            top_k=max(settings.candidates, at_least),
            token_embedder=self._embedder,
            settings=settings,
            within=within,
            searcher=searcher,
            reranker=self._reranker,
        )

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        return self._knowledge_base.documents()

    def has_any(self, within: DocumentFilter) -> bool:
        """Return whether any document that is searched passes a filter."""
        return self._knowledge_base.has_any(within)

    def retrieve(self, question: str, *, within: DocumentFilter = EVERYTHING) -> list[Passage]:
        """Return the passages that a question would be answered from, numbered from 1, best first."""
        found = self.candidates(question, within=within)
        return build_passages(self._knowledge_base, found, settings=self._settings.retrieval)

    def stream(
        self, question: str, *, history: Sequence[Turn] = (), within: DocumentFilter = EVERYTHING
    ) -> Iterator[Event]:
        """Answer a question as a stream of events: `PassagesFound`, then `Token`s, then `Done`.

        When the chat model fails, or nothing it says can be tied to the passages, the answer in `Done` is quotes, and
        its notice says why.

        Args:
            question: In any language; the answer is in the same.
            history: Earlier turns of the conversation, oldest first.
            within: Which documents to answer from.

        Raises:
            QuestionError: If the question is empty or too long.
        """
        question = _clean(question, longest=self._settings.longest_question)
        history = [Turn(_whole(turn.question), _whole(turn.answer)) for turn in history]
        request = _Request(question, self._language_of(question, history), _Clock())
        if self._chain is None:
            passages = tuple(self.retrieve(question, within=within))
            request.clock.lap("retrieval")
            yield PassagesFound(passages)
            answer = self._quoted(request, passages)
            yield Token(answer.text)
            yield Done(answer)
        else:
            yield from self._written(request, self._chain, history, within)

    def _language_of(self, question: str, history: Sequence[Turn]) -> str:
        """The question's language; one of names and numbers only is in that of the last question with other words."""
        said = [question, *(turn.question for turn in reversed(history))]
        for text in (*(text for text in said if not _only_names(text)), *said):
            language = detect_language(text)
            if language != UNKNOWN:
                return language
        return "en"

    def _quoted(self, request: "_Request", passages: tuple[Passage, ...], *, notice: str = "") -> Answer:
        settings = self._settings.quoting
        sentences = find_quotes(
            request.question, passages, language=request.language, embedder=self._embedder, settings=settings
        )
        searched = self._knowledge_base.count_chunks()
        quotes = choose_quotes(sentences, language=request.language, searched=searched, settings=settings)
        request.clock.lap("quoting")
        said = phrases(request.language)
        return Answer(
            question=request.question,
            language=request.language,
            text=answer_text(quotes, said) if quotes else said.not_found,
            answered=bool(quotes),
            citations=quote_citations(quotes),
            passages=passages,
            notice=notice,
            timings=request.clock.timings(),
        )

    def _written(
        self, request: "_Request", chain: ModelChain, history: Sequence[Turn], within: DocumentFilter
    ) -> Iterator[Event]:
        passages: tuple[Passage, ...] = ()
        pieces: list[str] = []
        asked = chain.stream(request.question, language=request.language, history=history, within=within)
        with closing(asked) as stream:
            try:
                for event in stream:
                    if isinstance(event, PassagesFound):
                        passages = event.passages
                        request.clock.lap("retrieval")
                        yield event
                        break
                for piece in known_marks(without_refusal(_texts(stream, pieces)), passages=len(passages)):
                    yield Token(piece)
            except ChatModelError as error:
                log.warning("The chat model failed, so quotes are given: %s", error)
                request.clock.lap("model")
                yield Done(self._quoted(request, passages, notice=phrases(request.language).model_failed))
                return
        request.clock.lap("model")
        yield Done(self._checked(request, passages, "".join(pieces), model=chain.model))

    def _checked(self, request: "_Request", passages: tuple[Passage, ...], written: str, *, model: str) -> Answer:
        """The model's text with its marks checked; quotes if none of them holds."""
        refused = not written.strip() or is_not_in_documents(written)
        cited = cite(
            "" if refused else drop_refusal(written),
            passages,
            language=request.language,
            embedder=self._embedder,
            settings=self._settings.citation,
        )
        request.clock.lap("citations")
        if not refused and not cited.citations:
            return self._quoted(request, passages, notice=phrases(request.language).unverified)
        return Answer(
            question=request.question,
            language=request.language,
            text=phrases(request.language).not_found if refused else cited.text,
            answered=not refused,
            citations=cited.citations,
            passages=passages,
            model=model,
            timings=request.clock.timings(),
        )


def _clean(question: str, *, longest: int) -> str:
    """The question without surrounding space and half characters."""
    cleaned = _whole(question).strip()
    if not cleaned:
        raise QuestionError("The question is empty. Type a question in any language.")
    if len(cleaned) > longest:
        raise QuestionError(f"The question has {len(cleaned)} characters; ask it in at most {longest}.")
    return cleaned


def _whole(text: str) -> str:
    """The text without half characters, which come from broken JSON and terminals and cannot be sent anywhere."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _texts(stream: Iterator[PassagesFound | Token], pieces: list[str]) -> Iterator[str]:
    """The texts of a stream's tokens, each also kept in `pieces`."""
    for event in stream:
        if isinstance(event, Token):
            pieces.append(event.text)
            yield event.text


def _only_names(text: str) -> bool:
    """Whether a text is a few words with capitals, or in the script that Japanese writes foreign names in."""
    words = _WORD.findall(text)
    if len(words) > _MOST_NAMES or any(word.lower() in _FUNCTION_WORDS for word in words):
        return False
    return all(word[0].isupper() or word[0].isdecimal() or _KATAKANA.fullmatch(word) for word in words)


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


@dataclass(frozen=True, slots=True)
class _Request:
    question: str
    language: str
    clock: _Clock
