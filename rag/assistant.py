"""`Assistant`: question in, cited answer out. The public entry of the project for Python programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from index.catalog import DocumentRecord
from index.documents import Document, ScoredChunk
from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import KnowledgeBase
from index.language import detect_language
from rag.answer_language import question_language
from rag.answering import Answering, ModelChain, Request
from rag.answers import Answer, Done, Event, Failed, Passage, Turn
from rag.errors import ChatModelError, QuestionError
from rag.examples import Example, example_questions
from rag.late_interaction import QuoteEmbedder
from rag.neighbours import merge_neighbours
from rag.prompts import phrases
from rag.question_text import clean_question, whole
from rag.quote_translation import translated_quote
from rag.reranking import Reranker
from rag.retrieval import Searcher, SearchSteps, build_passages, search_steps
from rag.settings import AssistantSettings
from rag.suggestions import suggested_questions
from rag.topics import read_topic_question


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
        self._chain = chain
        self._answering = self._answering_with(chain, search=self._search)
        # A reranking model takes seconds for a question, and a suggestion takes several.
        self._quoting = self._answering_with(None, search=partial(self._search, quickly=True))

    @property
    def has_chat_model(self) -> bool:
        """Whether a chat model writes the answers."""
        return self._chain is not None

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
        question = clean_question(question, longest=self._settings.longest_question)
        turns = tuple(Turn(whole(turn.question), whole(turn.answer)) for turn in history)
        about = read_topic_question(question)
        language = about.language if about else question_language(question, history=turns, interface=interface)
        try:
            yield from self._answering.events(Request(question, turns, language, within, explain))
        except FootnoteError as error:
            yield Failed(phrases(language).failed, error)

    def suggest(
        self,
        answer: Answer,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        count: int = 3,
    ) -> tuple[str, ...]:
        """Return questions that a reader may ask after an answer, in its language: often fewer than `count`, or none.

        The documents answer each of them with words that were not shown yet; that is tried with quotes. A chat model
        is asked for questions once, if there is one, so call it when the answer is complete.

        Args:
            answer: The last answer.
            history: The turns before it, oldest first.
            within: Which documents are to answer them.
            count: How many at most.

        Raises:
            FootnoteError: If the index cannot be used.
        """
        return suggested_questions(
            answer,
            history=history,
            count=count,
            ask=partial(self._quoted, language=answer.language, within=within),
            get_document=self._knowledge_base.get_document,
            complete=self._chain.complete if self._chain else None,
            settings=self._settings.suggestions,
        )

    def examples(self, *, language: str, count: int = 5) -> tuple[Example, ...]:
        """Return questions that show what can be asked of the documents, each answered by the one it is about.

        They are the same for the same documents, and take about as long as five to fifteen questions: keep them, by
        language, as long as `revision` is the same.

        Args:
            language: Code of the reader's language, for questions that do not stand in the documents themselves.
            count: How many at most; documents that give no decent question give none.

        Raises:
            FootnoteError: If the index cannot be used.
        """
        return example_questions(
            self.documents(),
            language=language,
            count=count,
            ask=partial(self._quoted, within=EVERYTHING),
            get_document=self._knowledge_base.get_document,
            settings=self._settings.suggestions,
        )

    def translate(self, quote: str, *, language: str) -> str:
        """Return a quote in another language, written by the chat model: plain text, and no longer word for word.

        Args:
            quote: Words of a document.
            language: Code of the language to write.

        Raises:
            QuestionError: If the quote is empty or too long.
            ChatModelError: If there is no chat model, it fails, or what it writes is no translation.
        """
        text, longest = whole(quote).strip(), self._settings.longest_question
        if not 0 < len(text) <= longest:
            raise QuestionError(f"A quote to translate has 1 to {longest} characters, not {len(text)}.")
        if self._chain is None:
            raise ChatModelError("A quote is translated by a chat model, and none is set. Set FOOTNOTE_MODEL.")
        return translated_quote(text, language=language, complete=self._chain.complete)

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

    @property
    def revision(self) -> object:
        """What changes whenever a document does; for whoever keeps what was made from the documents."""
        return self._knowledge_base.revision

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        return self._knowledge_base.documents()

    def count_documents(self) -> int:
        """Return how many documents are searched."""
        return len(self._knowledge_base.languages())

    def checks(self) -> Mapping[str, str]:
        """Return how each part is that a search needs: `ok`, `scanned`, or a sentence on what is wrong."""
        return self._knowledge_base.checks()

    def has_any(self, within: DocumentFilter) -> bool:
        """Return whether any document that is searched passes a filter."""
        return self._knowledge_base.has_any(within)

    def get_document(self, source: str) -> Document | None:
        """Return a document as it is searched, or `None`."""
        return self._knowledge_base.get_document(source)

    def retrieve(self, question: str, *, within: DocumentFilter = EVERYTHING) -> list[Passage]:
        """Return the passages that a question would be answered from, numbered from 1, best first."""
        return self._passages(self._search(question, detect_language(question), within))

    def _answering_with(
        self, chain: ModelChain | None, *, search: Callable[[str, str, DocumentFilter], SearchSteps]
    ) -> Answering:
        return Answering(
            search=search,
            passages=self._passages,
            embedder=self._embedder,
            chain=chain,
            settings=self._settings,
        )

    def _quoted(self, question: str, *, language: str, within: DocumentFilter) -> Answer:
        """The answer of quotes to a question that stands alone, without any model but the bundled one."""
        request = Request(question, (), language, within, explain=False)
        return next(event.answer for event in self._quoting.events(request) if isinstance(event, Done))

    def _search(
        self,
        query: str,
        language: str,
        within: DocumentFilter,
        *,
        at_least: int = 0,
        searcher: Searcher = Searcher.RERANKED,
        quickly: bool = False,
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
            reranker=None if quickly else self._reranker,
        )

    def _passages(self, steps: SearchSteps) -> list[Passage]:
        return build_passages(
            self._knowledge_base,
            steps.results,
            settings=self._settings.retrieval,
            confidences=steps.confidences,
        )
