"""The answering chain: retriever, prompt and chat model, in LangChain's own types."""

import re
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol, cast

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, trim_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBranch, RunnableLambda, RunnablePassthrough

from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Passage, PassagesFound, Token, Turn
from rag.chat_model import AnswerText, chat_model_failures, chat_model_name, describe_chat_model
from rag.prompts import NOT_IN_DOCUMENTS, answer_prompt, language_name, render_passages

# Room for earlier turns, about three: passages and answer must fit beside them into 4,096 tokens, Ollama's default.
HISTORY_TOKENS = 1000

# UTF-8 bytes of one token: four English letters, or one and a third Chinese, Japanese, Thai or Hindi characters,
# near what common tokenizers give; counting characters would allow four times too much of the latter.
_BYTES_PER_TOKEN = 4

# Marks of an earlier answer. They count other passages than those of this question.
_EARLIER_MARKS = re.compile(r"\s?[\[【［]\s*\d[\d\s,]*[\]】］]")


class PassageRetriever(BaseRetriever):
    """A LangChain retriever around a function from question to passages, for this chain and any other.

    A document's `page_content` is the passage's text, its `id` the chunk's, its `metadata` all other fields.
    """

    retrieve: Callable[[str], Sequence[Passage]]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002
        return [_document_of(passage) for passage in self.retrieve(query)]


class Retrieve(Protocol):
    """Finds passages for a question, numbered from 1."""

    def __call__(self, question: str, *, within: DocumentFilter) -> Sequence[Passage]:
        """Look only at documents that pass the filter."""
        ...


class AnswerChain:
    """Answers a question from the passages found for it: passages first, then the model's words as they come."""

    def __init__(
        self,
        chat_model: BaseChatModel,
        *,
        retrieve: Retrieve,
        history_tokens: int = HISTORY_TOKENS,
    ) -> None:
        """Put the chain together.

        Args:
            chat_model: Answers; its last message must carry a `finish_reason`, as the OpenAI protocol gives it.
            retrieve: Finds passages. Called from several threads if the chain is.
            history_tokens: Roughly how many tokens of earlier turns are sent along, the latest first.

        Raises:
            PromptError: If the prompt is missing or its variables are wrong.
        """
        answer_prompt()  # a broken template shows at start-up, not at the first question
        self._chat_model = chat_model
        self._history_tokens = history_tokens
        self._retrieve = retrieve
        prompt = ChatPromptTemplate.from_messages(
            [("system", "{system}"), MessagesPlaceholder("history"), ("human", "{question}")]
        )
        self._answering: Runnable[dict[str, Any], str] = (
            RunnableLambda(self._prompt_values) | prompt | RunnableLambda(self._answer, self._answer_async)
        )

    @property
    def model(self) -> str:
        """Name of the chat model, as `Answer.model` gives it."""
        return chat_model_name(self._chat_model)

    def stream(
        self,
        question: str,
        *,
        language: str,
        history: Sequence[Turn] = (),
        standalone_question: str = "",
        within: DocumentFilter = EVERYTHING,
    ) -> Generator[PassagesFound | Token]:
        """Yield the passages, then the answer in pieces as the model sends them: marks unchecked, cut anywhere.

        Without passages the model is not asked and nothing follows. Closing the iterator closes the connection to the
        model. An answer that is `NOT_IN_DOCUMENTS` comes as that word (`rag.prompts.is_not_in_documents`).

        Args:
            question: As asked; the model sees it like this.
            language: Code of the language to answer in.
            history: Earlier turns, oldest first.
            standalone_question: What to search with, if `question` makes no sense without the history.
            within: Which documents to answer from.

        Raises:
            ChatModelError: If the model fails, also after some tokens: what came until then is no answer.
        """
        given = {
            "question": question,
            "language": language,
            "history": history,
            "standalone_question": standalone_question,
            "within": within,
        }
        documents = self._passages(given)
        yield PassagesFound(tuple(_passage_of(document) for document in documents))
        if not documents:
            return
        # The parts of `as_runnable`, one after the other: there a thread asks the model while the passages are handed
        # out, and closing the iterator at that moment would wait for the model's first token.
        answer = self._answering.stream({**given, "passages": documents})
        with closing(cast("Generator[str]", answer)):
            for text in answer:
                yield Token(text)

    def as_runnable(self) -> Runnable[dict[str, Any], dict[str, Any]]:
        """Return the chain as LangChain's own: `invoke`, `stream`, `batch` and their async twins.

        Takes `question` and `language`, if wanted `history` (turns), `standalone_question` and `within`. Gives them
        back with `passages` (LangChain documents) and `answer` (text; `NOT_IN_DOCUMENTS` if there is no passage).
        """
        nothing_found = RunnableLambda(_not_in_documents)
        answering = RunnableBranch((RunnableLambda(_has_passages), self._answering), nothing_found)
        return RunnablePassthrough.assign(passages=RunnableLambda(self._passages)).assign(answer=answering)

    def _passages(self, given: Mapping[str, Any]) -> list[Document]:
        within = given.get("within", EVERYTHING)
        return PassageRetriever(retrieve=partial(self._retrieve, within=within)).invoke(_query(given))

    def _prompt_values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = {
            "language": language_name(given["language"]),
            "not_in_documents": NOT_IN_DOCUMENTS,
            "passages": render_passages([_passage_of(document) for document in given["passages"]]),
        }
        history = _messages(given.get("history", ()), max_tokens=self._history_tokens)
        return {"system": answer_prompt().render(values), "history": history, "question": given["question"]}

    def _answer(self, prompt: PromptValue) -> Iterator[str]:
        reply = AnswerText(model=describe_chat_model(self._chat_model))
        with chat_model_failures(self._chat_model):
            messages = self._chat_model.stream(prompt)
            with closing(cast("Generator[BaseMessage]", messages)):
                for message in messages:
                    if text := reply.read(message):
                        yield text
        if text := reply.close():
            yield text

    async def _answer_async(self, prompt: PromptValue) -> AsyncIterator[str]:
        reply = AnswerText(model=describe_chat_model(self._chat_model))
        with chat_model_failures(self._chat_model):
            messages = self._chat_model.astream(prompt)
            async with aclosing(cast("Any", messages)):
                async for message in messages:
                    if text := reply.read(message):
                        yield text
        if text := reply.close():
            yield text


def _query(given: Mapping[str, Any]) -> str:
    return str(given.get("standalone_question") or given["question"])


def _has_passages(given: Mapping[str, Any]) -> bool:
    return bool(given["passages"])


def _not_in_documents(given: Mapping[str, Any]) -> str:  # noqa: ARG001 - a step of a chain takes its input
    return NOT_IN_DOCUMENTS


def _messages(history: Sequence[Turn], *, max_tokens: int) -> list[BaseMessage]:
    """Return the latest turns that fit, as pairs of messages, the answers without their marks."""
    messages: list[BaseMessage] = []
    for turn in history:
        if answer := _EARLIER_MARKS.sub("", turn.answer).strip():  # a lone question would break the turn-taking
            messages += [HumanMessage(turn.question), AIMessage(answer)]
    return trim_messages(
        messages, max_tokens=max_tokens, token_counter=_approximate_tokens, strategy="last", start_on="human"
    )


def _approximate_tokens(messages: Sequence[BaseMessage]) -> int:
    return sum(len(message.text.encode()) for message in messages) // _BYTES_PER_TOKEN


def _document_of(passage: Passage) -> Document:
    metadata = asdict(passage)
    return Document(page_content=metadata.pop("text"), id=passage.chunk, metadata=metadata)


def _passage_of(document: Document) -> Passage:
    return Passage(text=document.page_content, **document.metadata)
