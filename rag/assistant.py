"""`Assistant`: question in, cited answer out. The public entry of the project for Python programs."""

from collections.abc import Iterator, Sequence

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import KnowledgeBase
from index.language import detect_language
from rag.answer_language import question_language
from rag.answering import Answering, ModelChain, Request
from rag.answers import Answer, Done, Event, Failed, Passage, Turn
from rag.errors import QuestionError
from rag.late_interaction import QuoteEmbedder
from rag.neighbours import merge_neighbours
from rag.prompts import phrases
from rag.reranking import Reranker
from rag.retrieval import Searcher, SearchSteps, build_passages, search_steps
from rag.settings import AssistantSettings


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
        self._settings = settings or AssistantSettings()
        self._answering = Answering(
            search=self._search,
            passages=self._passages,
            embedder=embedder,
            chain=chain,
            settings=self._settings,
        )

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
            yield from self._answering.events(Request(question, turns, language, within, explain))
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
