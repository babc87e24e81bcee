"""The assistant for those who wait in an event loop: answers run in threads, and end with whoever asked."""

import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from index.catalog import DocumentRecord
from index.documents import Document, ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Done, Event, Failed, Turn

# What searches and quotes keeps a core busy: more threads only make all wait, the event loop too. Once it has its
# passages, an answer of a chat model mostly waits for the model.
_WAITING_AT_ONCE = 64
_COMPUTING_AT_ONCE = max(2, os.cpu_count() or 1)

T = TypeVar("T")

Channel = Literal["page", "api", "openai", "slack", "mcp"]
"""The way in by which a question came."""


class Watch(Protocol):
    """Sees an answer go by, such as `ui.metrics.Metrics.watch`."""

    def __call__(self, events: Iterator[Event], channel: Channel) -> Iterator[Event]:
        """Hand on the events as they are; closed early, close them."""


def watched(events: Iterator[Event], channel: Channel, watches: Sequence[Watch]) -> Iterator[Event]:
    """Let all watches see an answer, from the moment it is asked for."""
    for watch in watches:
        events = watch(events, channel)
    return events


class ServedAssistant(Protocol):
    """What is served: `rag.assistant.Assistant`, or a scripted one in tests."""

    @property
    def has_chat_model(self) -> bool:
        """Whether a chat model writes the answers."""

    def count_documents(self) -> int:
        """Return how many documents are searched."""

    def checks(self) -> Mapping[str, str]:
        """Return how each part is that answers need: `ok`, `scanned`, or a sentence on what is wrong."""

    def documents(self) -> Sequence[DocumentRecord]:
        """Return the state of every document."""

    def get_document(self, source: str) -> Document | None:
        """Return a document as it is searched."""

    def has_any(self, within: DocumentFilter) -> bool:
        """Return whether any document passes a filter."""

    def search(self, query: str, *, top_k: int, within: DocumentFilter) -> Sequence[ScoredChunk]:
        """Return what suits a query best."""

    def stream(
        self, question: str, *, history: Sequence[Turn], within: DocumentFilter, interface: str | None, explain: bool
    ) -> Iterator[Event]:
        """Answer a question: `PassagesFound`, any number of `Token` and `CitationsFound`, then `Done` or `Failed`."""


class Answering:
    """Answers in threads, a bounded number at a time; one for each server, in its event loop.

    An answer ends early when the task that follows it is cancelled, as Starlette does when a client goes away.
    """

    def __init__(self, assistant: ServedAssistant, *, watches: Sequence[Watch] = ()) -> None:
        self.assistant = assistant
        self._watches = watches
        self.running = 0
        """How many answers are on their way."""
        self._computing: CapacityLimiter | None = None
        self._waiting: CapacityLimiter | None = None

    async def run(self, step: Callable[[], T], *, waits: bool = False) -> T:
        """Run something in a thread when it is its turn.

        Args:
            step: What to run.
            waits: Whether it mostly waits for a chat model instead of computing.
        """
        if self._computing is None or self._waiting is None:  # they belong to the event loop
            self._computing, self._waiting = CapacityLimiter(_COMPUTING_AT_ONCE), CapacityLimiter(_WAITING_AT_ONCE)
        return await to_thread.run_sync(step, limiter=self._waiting if waits else self._computing)

    async def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
        channel: Channel = "api",
    ) -> AsyncGenerator[Event, None]:
        """Answer a question as `rag.assistant.Assistant.stream` does.

        `channel` is the way in by which it came, for whoever watches.

        Raises:
            QuestionError: If the question is empty or too long, before the first event.
        """
        events = watched(
            self.assistant.stream(question, history=history, within=within, interface=interface, explain=explain),
            channel,
            self._watches,
        )
        # Cancelled by asyncio itself, a step is not waited for: its thread is at it still when the answer is closed.
        at_work = threading.Lock()

        def step() -> Event | None:
            with at_work:
                return next(events, None)

        def close() -> None:
            with at_work:
                close_stream(events)

        # A follow-up is rewritten by the model before anything is searched.
        waits = self.assistant.has_chat_model and bool(history)
        with self.activity():
            try:
                while (event := await self.run(step, waits=waits)) is not None:
                    yield event
                    waits = self.assistant.has_chat_model
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(close)

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
        channel: Channel = "api",
    ) -> Answer | Failed:
        """Answer a question; the arguments are those of `stream`.

        Raises:
            QuestionError: If the question is empty or too long.
        """
        last: Event | None = None
        async for event in self.stream(
            question, history=history, within=within, interface=interface, explain=explain, channel=channel
        ):
            last = event
        match last:
            case Done(answer):
                return answer
            case Failed():
                return last
            case _:
                raise AssertionError("A stream ends with Done or Failed.")

    @contextmanager
    def activity(self) -> Iterator[None]:
        """Count something as an answer that a server waits for before it ends."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1


def close_stream(steps: Iterator[object]) -> None:
    """End what a generator does; other iterators have nothing to end."""
    close = getattr(steps, "close", None)
    if close is not None:
        close()
