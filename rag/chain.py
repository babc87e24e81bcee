"""The answering chain: retriever, prompt and chat model, in LangChain's own types."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol, cast

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBranch, RunnableLambda, RunnablePassthrough

from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Passage, Turn
from rag.attempts import Attempts
from rag.chat_model import (
    chat_model_failures,
    chat_model_name,
    default_context_tokens,
    describe_chat_model,
    length_limit,
)
from rag.context import count_tokens, fit
from rag.errors import ChatModelError, MixedReasoningError
from rag.foreign_marks import without_marks
from rag.prompts import NOT_IN_DOCUMENTS, answer_prompt, render_answer_prompt
from rag.reply import ReplyText

_Messages = list[BaseMessage]


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
    """Lets a chat model answer questions from passages, within what its context holds."""

    def __init__(
        self,
        chat_model: BaseChatModel,
        *,
        retrieve: Retrieve | None = None,
        context_tokens: int | None = None,
    ) -> None:
        """Put the chain together.

        Args:
            chat_model: Answers; its last message must carry a `finish_reason`, as the OpenAI protocol gives it.
            retrieve: Finds passages, for `as_runnable`. Called from several threads if the chain is.
            context_tokens: How many tokens prompt and answer may have together, if that is known: see
                `rag.settings.ChatModelSettings`.

        Raises:
            PromptError: If the prompt is missing or its variables are wrong.
        """
        answer_prompt()  # a broken template shows at start-up, not at the first question
        self._chat_model = chat_model
        self._retrieve = retrieve
        self._context_tokens = context_tokens or default_context_tokens(self._address)
        # Learnt from the first such answer; a template that begins inside the reasoning does so every time.
        self._begins_in_reasoning = False

    @property
    def model(self) -> str:
        """Name of the chat model, as `Answer.model` gives it."""
        return chat_model_name(self._chat_model)

    def answer(
        self, question: str, *, passages: Sequence[Passage], language: str, history: Sequence[Turn] = ()
    ) -> Generator[str]:
        """Yield the answer in pieces as the model sends them, without its reasoning: marks unchecked, cut anywhere.

        A piece is empty where the model sends nothing to read, so that one who waits can leave while it reasons.
        Passages and history are cut to what the context holds (`rag.context.fit`), and to less if that is too much
        (`rag.attempts`). Closing the generator closes the connection. An answer that is `NOT_IN_DOCUMENTS` comes as
        that word (`rag.refusal`).

        Args:
            question: As asked.
            passages: Best first.
            language: Code of the language to answer in.
            history: Earlier turns, oldest first.

        Raises:
            ChatModelError: If the model fails, also after some text: what came until then is no answer. A
                `rag.errors.PartialAnswerError` says what of it can be used.
        """
        messages = partial(_messages, question=question, passages=passages, language=language, history=history)
        return self._pieces(messages, budget=self._context_tokens, language=language)

    def complete(self, system: str, text: str, *, max_tokens: int | None = None) -> str:
        """Return what the model replies to a text, without its reasoning: one short call beside the answers.

        Args:
            system: What to do.
            text: What to do it with.
            max_tokens: Limit of the reply; reasoning counts into it.

        Raises:
            ChatModelError: As `answer`.
        """
        limits: dict[str, Any] = {} if max_tokens is None else {"extra_body": length_limit(self._address, max_tokens)}
        messages: _Messages = [SystemMessage(system), HumanMessage(text)]
        try:
            return "".join(self._pieces(lambda _: messages, budget=0, **limits))
        except MixedReasoningError as error:
            return error.usable

    def as_runnable(self) -> Runnable[dict[str, Any], dict[str, Any]]:
        """Return the chain as LangChain's own: `invoke`, `stream`, `batch` and their async twins.

        Takes `question` and `language`, if wanted `history` (turns), `standalone_question` and `within`. Gives them
        back with `passages` (LangChain documents) and `answer` (text; `NOT_IN_DOCUMENTS` if there is no passage).
        """
        nothing_found = RunnableLambda(_not_in_documents)
        answering = RunnableLambda(self._answer_given, self._answer_given_async)
        return RunnablePassthrough.assign(passages=RunnableLambda(self._documents)).assign(
            answer=RunnableBranch((RunnableLambda(_has_passages), answering), nothing_found)
        )

    @property
    def _address(self) -> str | None:
        return cast("str | None", getattr(self._chat_model, "openai_api_base", None))

    def _documents(self, given: Mapping[str, Any]) -> list[Document]:
        if self._retrieve is None:
            raise ValueError("This chain has nothing to find passages with. Give AnswerChain a retrieve function.")
        retrieve = partial(self._retrieve, within=given.get("within", EVERYTHING))
        query = str(given.get("standalone_question") or given["question"])
        return PassageRetriever(retrieve=retrieve).invoke(query)

    def _answer_given(self, given: Mapping[str, Any]) -> Iterator[str]:
        yield from filter(None, self.answer(**_asked(given)))

    async def _answer_given_async(self, given: Mapping[str, Any]) -> AsyncIterator[str]:
        messages = partial(_messages, **_asked(given))
        async with aclosing(self._pieces_async(messages, language=given["language"])) as pieces:
            async for text in pieces:
                yield text

    def _pieces(
        self, messages: Callable[[int], _Messages], *, budget: int, language: str = "und", **options: Any
    ) -> Generator[str]:
        attempts = self._attempts(budget)
        while True:
            reply, prompt = self._reply(language), messages(attempts.budget)
            try:
                with chat_model_failures(self._chat_model):
                    stream = self._chat_model.stream(prompt, **options)
                    with closing(cast("Generator[BaseMessage]", stream)):
                        for message in stream:
                            yield _read(reply, message)
                if text := self._closed(reply):
                    yield text
                return
            except ChatModelError as error:
                if reply.begun or not attempts.has_another(error, sent=_tokens(prompt)):
                    raise
            time.sleep(attempts.pause)

    async def _pieces_async(self, messages: Callable[[int], _Messages], *, language: str) -> AsyncGenerator[str]:
        attempts = self._attempts(self._context_tokens)
        while True:
            reply, prompt = self._reply(language), messages(attempts.budget)
            try:
                with chat_model_failures(self._chat_model):
                    async with aclosing(cast("Any", self._chat_model.astream(prompt))) as stream:
                        async for message in stream:
                            if text := _read(reply, message):
                                yield text
                if text := self._closed(reply):
                    yield text
                return
            except ChatModelError as error:
                if reply.begun or not attempts.has_another(error, sent=_tokens(prompt)):
                    raise
            await asyncio.sleep(attempts.pause)

    def _attempts(self, budget: int) -> Attempts:
        return Attempts(budget=budget, reconnections=int(getattr(self._chat_model, "max_retries", None) or 0))

    def _reply(self, language: str) -> ReplyText:
        model = describe_chat_model(self._chat_model)
        return ReplyText(model=model, language=language, begins_in_reasoning=self._begins_in_reasoning)

    def _closed(self, reply: ReplyText) -> str:
        try:
            return reply.close()
        except MixedReasoningError:
            self._begins_in_reasoning = True
            raise


def _read(reply: ReplyText, message: BaseMessage) -> str:
    return reply.read(message.text, finish_reason=str(message.response_metadata.get("finish_reason") or ""))


def _messages(
    budget: int, *, question: str, passages: Sequence[Passage], language: str, history: Sequence[Turn]
) -> _Messages:
    """The prompt, as much of it as a context of `budget` tokens holds."""
    # Marks of earlier answers count other passages than those of this question.
    turns = [Turn(turn.question, without_marks(turn.answer).strip()) for turn in history]
    turns = [turn for turn in turns if turn.answer]  # a lone question would break the turn-taking
    rules = render_answer_prompt([], language=language)
    shown, turns = fit(passages, turns, budget=budget, rules=rules, question=question)
    earlier = [message for turn in turns for message in (HumanMessage(turn.question), AIMessage(turn.answer))]
    return [SystemMessage(render_answer_prompt(shown, language=language)), *earlier, HumanMessage(question)]


def _tokens(messages: _Messages) -> int:
    return sum(count_tokens(message.text) for message in messages)


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What `AnswerChain.answer` takes, from what the chain as LangChain's own is given."""
    return {
        "question": given["question"],
        "passages": [_passage_of(document) for document in given["passages"]],
        "language": given["language"],
        "history": given.get("history", ()),
    }


def _has_passages(given: Mapping[str, Any]) -> bool:
    return bool(given["passages"])


def _not_in_documents(given: Mapping[str, Any]) -> str:  # noqa: ARG001 - a step of a chain takes its input
    return NOT_IN_DOCUMENTS


def _document_of(passage: Passage) -> Document:
    metadata = asdict(passage)
    return Document(page_content=metadata.pop("text"), id=passage.chunk, metadata=metadata)


def _passage_of(document: Document) -> Passage:
    return Passage(text=document.page_content, **document.metadata)
