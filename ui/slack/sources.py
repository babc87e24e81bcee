"""Where the bot's answers come from: this process, or another server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from index.filters import DocumentFilter
from rag.answers import Answer, Event, Turn
from ui.answering import Answering, Channel
from ui.feedback import Feedback, FeedbackStore

CHANNEL: Channel = "slack"
"""What questions and feedback from here are marked with."""


class AnswerSource(Protocol):
    """Answers questions, and keeps what people think of the answers."""

    async def check(self) -> None:
        """Make sure that it can answer, before anybody asks.

        Raises:
            FootnoteError: If not; the message says why.
        """

    def stream(
        self, question: str, *, history: Sequence[Turn], within: DocumentFilter, interface: str | None
    ) -> AsyncIterator[Event]:
        """Answer a question as `rag.assistant.Assistant.stream` does; it ends when whoever follows it leaves.

        Raises:
            QuestionError: If the question is empty or too long.
            FootnoteError: If nothing can be answered now.
        """

    async def save_feedback(self, answer: Answer, *, answer_id: str, rating: str) -> None:
        """Keep a rating, `good` or `bad`; one with the same id is replaced.

        Raises:
            FootnoteError: If it cannot be kept.
        """

    async def close(self) -> None:
        """End connections."""


class OwnAnswers:
    """Answers from this process's own index."""

    def __init__(self, answering: Answering, *, feedback: FeedbackStore) -> None:
        self._answering = answering
        self._feedback = feedback

    async def check(self) -> None:
        """Do nothing: an index that cannot be used was not opened."""

    def stream(
        self, question: str, *, history: Sequence[Turn], within: DocumentFilter, interface: str | None
    ) -> AsyncIterator[Event]:
        """Answer a question in a thread."""
        return self._answering.stream(question, history=history, within=within, interface=interface, channel=CHANNEL)

    async def save_feedback(self, answer: Answer, *, answer_id: str, rating: str) -> None:
        """Keep a rating in the home."""
        feedback = Feedback.of(answer, answer_id=answer_id, rating=rating, channel=CHANNEL)
        await asyncio.to_thread(self._feedback.save, feedback)

    async def close(self) -> None:
        """Do nothing: what answers is closed by whoever opened it."""
