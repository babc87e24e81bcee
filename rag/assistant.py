"""`Assistant`: question in, cited answer out. The public entry of the project for Python programs."""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import KnowledgeBase
from index.language import detect_language, same_language
from rag.answer_language import check_answer, question_language
from rag.answers import Answer, CitationsFound, Done, Event, Failed, Passage, PassagesFound, Token, Turn
from rag.clock import Clock
from rag.disagreement import find_disagreement
from rag.errors import ChatModelError, QuestionError
from rag.explanation import explain
from rag.extractive import choose_quotes, confidence_in, find_quotes
from rag.follow_ups import SearchQuestion, blend, blend_quotes, search_question
from rag.late_interaction import QuoteEmbedder
from rag.neighbours import merge_neighbours
from rag.prompts import phrases, render_repair_prompt
from rag.quote_text import write_quotes
from rag.quote_units import Quote
from rag.reranking import Reranker
from rag.retrieval import Searcher, SearchSteps, build_passages, search_steps
from rag.rewriting import rewritten_question
from rag.settings import AssistantSettings
from rag.writing import write

log = logging.getLogger(__name__)


class ModelChain(Protocol):
    """Writes with a chat model."""

    @property
    def model(self) -> str:
        """Name of the chat model."""
        ...

    def answer(
        self, question: str, *, passages: Sequence[Passage], language: str, history: Sequence[Turn] = ()
    ) -> Generator[str]:
        """Yield an answer from the passages as it comes; raise `ChatModelError` if it does not end well."""
        ...

    def complete(self, system: str, text: str, *, max_tokens: int | None = None) -> str:
        """Return what the model replies to a text, or raise `ChatModelError`."""
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked, and how."""

    question: str
    history: tuple[Turn, ...]
    language: str
    within: DocumentFilter
    explain: bool
    clock: Clock = field(default_factory=Clock)


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

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> Answer:
        """Answer a question; the arguments are those of `stream`.

        Raises:
            QuestionError: If the question is empty or too long.
            FootnoteError: If the index or a model cannot be used.
        """
        for event in self.stream(question, history=history, within=within, interface=interface, explain=explain):
            if isinstance(event, Done):
                return event.answer
            if isinstance(event, Failed):
                raise event.error
        raise AssertionError("A stream ends with Done or Failed.")

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> Iterator[Event]:
        """Answer a question as a stream of events.

        First `PassagesFound`; then `Token`s, before each that carries a new footnote mark its `CitationsFound`; last
        `Done`, or `Failed`. The tokens together are the text of the answer in `Done`: what was shown stays.

        When the chat model fails, or nothing it says can be tied to the passages, the answer is quotes, and its notice
        says why.

        Args:
            question: In any language; the answer is in the same.
            history: Earlier turns of the conversation, oldest first.
            within: Which documents to answer from.
            interface: The language in which the reader sees the program, for questions whose own cannot be told.
            explain: Whether the answer shall say what was found and what became of it.

        Raises:
            QuestionError: If the question is empty or too long.
        """
        question = _clean(question, longest=self._settings.longest_question)
        turns = tuple(Turn(_whole(turn.question), _whole(turn.answer)) for turn in history)
        language = question_language(question, history=turns, interface=interface)
        try:
            yield from self._events(_Request(question, turns, language, within, explain))
        except FootnoteError as error:
            yield Failed(phrases(language).failed, error)

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
        language = detect_language(query)
        return list(self._search(query, language, within, at_least=at_least, searcher=searcher).results)

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        return self._knowledge_base.documents()

    def has_any(self, within: DocumentFilter) -> bool:
        """Return whether any document that is searched passes a filter."""
        return self._knowledge_base.has_any(within)

    def retrieve(self, question: str, *, within: DocumentFilter = EVERYTHING) -> list[Passage]:
        """Return the passages that a question would be answered from, numbered from 1, best first."""
        return self._passages(self._search(question, detect_language(question), within))

    def _search(
        self,
        query: str,
        language: str,
        within: DocumentFilter,
        *,
        at_least: int = 0,
        searcher: Searcher = Searcher.RERANKED,
    ) -> SearchSteps:
        settings = self._settings.retrieval
        return search_steps(
            self._knowledge_base,
            query,
            language=language,
            top_k=max(settings.candidates, at_least),
            token_embedder=self._embedder,
            settings=settings,
            within=within,
            searcher=searcher,
            reranker=self._reranker,
        )

    def _passages(self, steps: SearchSteps) -> list[Passage]:
        return build_passages(
            self._knowledge_base,
            steps.results,
            settings=self._settings.retrieval,
            confidences=steps.confidences,
        )

    def _events(self, request: _Request) -> Iterator[Event]:
        asked = self._search_question(request)
        request.clock.lap("rewriting")
        answer = self._found(request, asked)
        yield PassagesFound(answer.passages)
        if self._chain is None or not answer.passages:
            answer = yield from self._quoted(request, asked, answer)
        else:
            answer = yield from self._written(request, asked, answer, self._chain)
        yield Done(replace(answer, timings=request.clock.timings()))

    def _found(self, request: _Request, asked: SearchQuestion) -> Answer:
        """Search; the answer has passages and no text yet."""
        steps = self._steps(asked, request)
        passages = tuple(self._passages(steps))
        request.clock.lap("retrieval")
        return Answer(
            question=request.question,
            language=request.language,
            text="",
            answered=False,
            passages=passages,
            standalone_question=asked.standalone,
            explanation=explain(asked, steps, passages) if request.explain else None,
        )

    def _search_question(self, request: _Request) -> SearchQuestion:
        if self._chain is None:
            return search_question(request.question, request.history, language=request.language)
        return rewritten_question(
            request.question, request.history, language=request.language, complete=self._chain.complete
        )

    def _steps(self, asked: SearchQuestion, request: _Request) -> SearchSteps:
        """Search for the question, with its context, or for both, as it needs."""
        alone = self._search(asked.standalone, request.language, request.within)
        if not 0 < asked.share < 1:
            return alone
        in_context = self._search(asked.query, request.language, request.within)
        blended = blend(alone.results, in_context.results, share=asked.share)
        seconds = {step: alone.seconds[step] + in_context.seconds[step] for step in alone.seconds}
        confidences = {
            chunk: (1 - asked.share) * alone.confidences.get(chunk, 0.0)
            + asked.share * in_context.confidences.get(chunk, 0.0)
            for chunk in {**alone.confidences, **in_context.confidences}
        }
        return replace(in_context, ranked=blended, results=blended, seconds=seconds, confidences=confidences)

    def _quoted(
        self, request: _Request, asked: SearchQuestion, answer: Answer
    ) -> Generator[Token | CitationsFound, None, Answer]:
        """Put quotes behind what there is of an answer; say that there is none if there is nothing."""
        settings = self._settings.quoting
        scored = self._scored(asked, answer)
        chosen = choose_quotes(scored, language=request.language, settings=settings)
        disputed = find_disagreement(chosen, scored, asked.standalone, language=request.language)
        request.clock.lap("quoting")
        said = phrases(request.language)
        if answer.model is None:
            answer = replace(answer, confidence=confidence_in(scored))
        if not chosen:
            if not answer.text:
                answer = replace(answer, text=said.not_found)
                yield Token(answer.text)
            return answer
        quoted = write_quotes(
            disputed or chosen,
            question=asked.standalone,
            language=request.language,
            phrases=said,
            passages=answer.passages,
            disagree=bool(disputed),
            behind=answer,
        )
        yield CitationsFound(quoted.citations)
        yield Token(quoted.text[len(answer.text) :])
        return replace(
            answer,
            text=quoted.text,
            answered=True,
            citations=(*answer.citations, *quoted.citations),
            statements=(*answer.statements, *quoted.statements),
            emphasis=quoted.emphasis,
        )

    def _scored(self, asked: SearchQuestion, answer: Answer) -> list[Quote]:
        """All that might be quoted, by the question, with its context, or by both, as it needs."""

        def found(query: str) -> list[Quote]:
            return find_quotes(
                query,
                answer.passages,
                language=answer.language,
                embedder=self._embedder,
                settings=self._settings.quoting,
            )

        if 0 < asked.share < 1:
            return blend_quotes(found(asked.question), found(asked.query))
        return found(asked.standalone)

    def _written(
        self, request: _Request, asked: SearchQuestion, answer: Answer, chain: ModelChain
    ) -> Generator[Token | CitationsFound, None, Answer]:
        """Let the model answer; where it does not, or not to its end, quote."""
        pieces = chain.answer(
            request.question, passages=answer.passages, language=request.language, history=request.history
        )
        written = yield from write(
            pieces,
            answer.passages,
            language=request.language,
            translate=partial(_translated, chain=chain, language=request.language),
            embedder=self._embedder,
            settings=self._settings.citation,
        )
        request.clock.lap("model")
        said = phrases(request.language)
        if written.refused:
            yield Token(said.not_found)
            return replace(answer, text=said.not_found, model=chain.model)
        if not written.cited.citations:
            notice = said.model_failed if written.failure else said.unverified
            return (yield from self._quoted(request, asked, replace(answer, notice=notice)))
        spoken = check_answer(written.cited.text, request.language).language
        answer = replace(
            answer,
            text=written.cited.text,
            answered=True,
            citations=written.cited.citations,
            statements=written.cited.statements,
            model=chain.model,
            answer_language=spoken,
            notice="" if same_language(spoken, request.language) else said.other_language,
        )
        if written.failure is None:
            return answer
        return (yield from self._quoted(request, asked, replace(answer, notice=said.broke_off)))


def _translated(text: str, *, chain: ModelChain, language: str) -> str:
    """A text put into a language by the model, or as it is if the model cannot."""
    try:
        return chain.complete(render_repair_prompt(language), text)
    except ChatModelError as error:
        log.warning("An answer in another language was not put into %r: %s", language, error)
        return text


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
