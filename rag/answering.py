"""From a question to its answer, step by step; `rag.assistant` is the way in."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from index.filters import DocumentFilter
from index.language import same_language
from rag.answer_language import check_answer
from rag.answers import Answer, CitationsFound, Done, Event, Passage, PassagesFound, Token, Turn
from rag.clock import Clock
from rag.disagreement import find_disagreement
from rag.errors import ChatModelError
from rag.explanation import explain
from rag.extractive import choose_quotes, confidence_in, find_quotes
from rag.follow_ups import SearchQuestion, blend, blend_quotes, search_question
from rag.late_interaction import QuoteEmbedder
from rag.prompts import phrases, render_repair_prompt
from rag.quote_text import write_quotes
from rag.quote_units import Quote
from rag.retrieval import SearchSteps
from rag.settings import AssistantSettings
from rag.topics import read_topic_question

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
class Request:
    """What was asked, and how."""

    question: str
    history: tuple[Turn, ...]
    language: str
    within: DocumentFilter
    explain: bool
    clock: Clock = field(default_factory=Clock)


class Answering:
    """Takes a request through its steps, with a chat model if there is one."""

    def __init__(
        self,
        *,
        search: Callable[[str, str, DocumentFilter], SearchSteps],
        passages: Callable[[SearchSteps], list[Passage]],
        embedder: QuoteEmbedder,
        chain: ModelChain | None,
        settings: AssistantSettings,
    ) -> None:
        """Put the steps together.

        Args:
            search: Finds chunks for a query in a language, among the documents that pass a filter.
            passages: Makes passages of what a search gave.
            embedder: Vectors to choose quotes and check footnotes with.
            chain: Writes the answers; they are quotes if it is `None`.
            settings: Of quotes and citations.
        """
        self._search = search
        self._passages = passages
        self._embedder = embedder
        self._chain = chain
        self._settings = settings

    def events(self, request: Request) -> Iterator[Event]:
        """Answer, as `Assistant.stream` describes it; an error of the index or a model comes as it is."""
        asked = self._search_question(request)
        request.clock.lap("rewriting")
        answer = self._found(request, asked)
        yield PassagesFound(answer.passages)
        if self._chain is None or not answer.passages:
            answer = yield from self._quoted(request, asked, answer)
        else:
            answer = yield from self._written(request, asked, answer, self._chain)
        yield Done(replace(answer, timings=request.clock.timings()))

    def _found(self, request: Request, asked: SearchQuestion) -> Answer:
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

    def _search_question(self, request: Request) -> SearchQuestion:
        if (asked := read_topic_question(request.question)) is not None:
            return SearchQuestion(request.question, asked.topic, 1)
        if self._chain is None:
            return search_question(request.question, request.history, language=request.language)
        from rag.rewriting import rewritten_question  # what only a chat model needs is loaded with one

        return rewritten_question(
            request.question, request.history, language=request.language, complete=self._chain.complete
        )

    def _steps(self, asked: SearchQuestion, request: Request) -> SearchSteps:
        """Search for the question, with its context, or for both, as it needs."""
        alone = self._search(asked.standalone, request.language, request.within)
        if not 0 < asked.share < 1:
            return alone
        return _blended(alone, self._search(asked.query, request.language, request.within), share=asked.share)

    def _quoted(
        self, request: Request, asked: SearchQuestion, answer: Answer
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
        self, request: Request, asked: SearchQuestion, answer: Answer, chain: ModelChain
    ) -> Generator[Token | CitationsFound, None, Answer]:
        """Let the model answer; where it does not, or not to its end, quote."""
        from rag.writing import write  # as above

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


def _blended(alone: SearchSteps, in_context: SearchSteps, *, share: float) -> SearchSteps:
    """What a question has found alone and with its context, which counts for a share: each step of both as one."""
    dense, lexical, ranked, results = (
        blend(one, other, share=share)
        for one, other in (
            (alone.dense, in_context.dense),
            (alone.lexical, in_context.lexical),
            (alone.ranked, in_context.ranked),
            (alone.results, in_context.results),
        )
    )
    seconds = {step: alone.seconds[step] + in_context.seconds[step] for step in alone.seconds}
    confidences = {
        chunk: (1 - share) * alone.confidences.get(chunk, 0.0) + share * in_context.confidences.get(chunk, 0.0)
        for chunk in {**alone.confidences, **in_context.confidences}
    }
    return SearchSteps(dense, lexical, ranked, results, seconds, confidences)


def _translated(text: str, *, chain: ModelChain, language: str) -> str:
    """A text put into a language by the model, or as it is if the model cannot."""
    try:
        return chain.complete(render_repair_prompt(language), text)
    except ChatModelError as error:
        log.warning("An answer in another language was not put into %r: %s", language, error)
        return text
