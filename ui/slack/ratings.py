"""The buttons below an answer: what people think of it."""

import asyncio
import uuid
from dataclasses import dataclass

from index.errors import FootnoteError
from ui.slack.blocks import failure_message, read_feedback_value
from ui.slack.bot import SlackBot
from ui.slack.sentences import Sentence, sentence


@dataclass(frozen=True, slots=True)
class Press:
    """A button that somebody pressed."""

    value: str
    user: str
    channel: str
    thread: str | None
    response_url: str
    """Where the answer is seen by one person only, which no other way leads to; else empty."""


async def save_rating(bot: SlackBot, press: Press) -> None:
    """Keep a rating and thank for it; pressing again, also the other button, replaces it.

    Each person has a rating of their own, because many read an answer in a channel.

    Raises:
        FootnoteError: If it cannot be kept; whoever pressed is told.
    """
    language = await bot.locales.language(press.user)
    pressed = read_feedback_value(press.value)
    if pressed is None:
        return
    rating, answer_id = pressed
    which = Sentence.TOO_OLD
    try:
        answer = await asyncio.to_thread(bot.kept.find, answer_id)
        if answer is not None:
            language = language or answer.language
            own_id = str(uuid.uuid5(uuid.UUID(answer_id), press.user))
            await bot.answers.save_feedback(answer, answer_id=own_id, rating=rating)
            which = Sentence.THANKS
    except (FootnoteError, ValueError):
        await _tell(bot, press, sentence(Sentence.FAILED, language=language or "en"))
        raise
    await _tell(bot, press, sentence(which, language=language or "en"))


async def _tell(bot: SlackBot, press: Press, text: str) -> None:
    if press.response_url:
        await bot.web.respond(press.response_url, failure_message(text))
    else:
        await bot.web.tell(press.channel, press.user, failure_message(text), thread=press.thread)
