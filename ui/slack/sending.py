"""An answer on its way to Slack: kept for its rating, rendered, and rendered more simply where Slack refuses it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from index.errors import FootnoteError
from rag.answers import Answer, Citation
from ui.slack.blocks import SlackMessage, answer_messages
from ui.slack.kept_answers import KeptAnswers
from ui.slack.slack_web import SlackError

log = logging.getLogger(__name__)

Send = Callable[[Sequence[SlackMessage]], Awaitable[None]]


class Sender:
    """Renders answers.

    Args:
        kept: Where answers stay while they may be rated.
        link: Gives the address of the words that a footnote quotes.
    """

    def __init__(self, kept: KeptAnswers, *, link: Callable[[Citation], str | None]) -> None:
        self._kept = kept
        self._link = link
        self._native_feedback = True

    async def send(self, answer: Answer, send: Send, *, question: str = "") -> None:
        """Render an answer and send it.

        Where Slack refuses its blocks, its own feedback buttons are replaced by plain ones, then all by the bare text.

        Args:
            answer: The answer.
            send: Takes its messages to where they are seen.
            question: `ts` of the message in a thread that it answers.

        Raises:
            SlackError: If `send` does.
        """
        answer_id = str(uuid4())
        try:
            await asyncio.to_thread(self._kept.keep, answer_id, answer)
        except FootnoteError as error:
            log.error("An answer is not kept, so it cannot be rated: %s", error)
        messages: list[SlackMessage] = []
        for native in (True, False) if self._native_feedback else (False,):
            messages = answer_messages(
                answer, answer_id=answer_id, question=question, link=self._link, native_feedback=native
            )
            try:
                await send(messages)
            except SlackError as error:
                if not error.refuses_blocks:
                    raise
                log.warning("Slack refuses the blocks of an answer, so simpler ones are tried: %s", error.code)
                self._native_feedback = False
            else:
                return
        await send([SlackMessage(message.text, ()) for message in messages])
