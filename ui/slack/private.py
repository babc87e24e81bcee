"""Questions whose answers only the asker sees: the command `/ask`, and the shortcut of a message."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers import Answer
from ui.slack.asking import QueueFullError, said
from ui.slack.blocks import SlackMessage, failure_message
from ui.slack.bot import SlackBot
from ui.slack.sentences import Sentence

# Slack takes five responses to a command; room is left for one that it refuses.
_MOST_RESPONSES = 4


@dataclass(frozen=True, slots=True)
class PrivateQuestion:
    """A question, and where its answer goes."""

    text: str
    """In plain text."""
    channel: str
    user: str
    response_url: str

    @property
    def direct(self) -> bool:
        """Whether it was asked in a direct message."""
        return self.channel.startswith("D")


async def answer_privately(bot: SlackBot, question: PrivateQuestion) -> None:
    """Answer a question to who asked it.

    Raises:
        SlackError: If Slack does not take the answer.
    """
    sent = 0

    async def send(messages: Sequence[SlackMessage]) -> None:
        nonlocal sent
        for message in messages[sent:_MOST_RESPONSES]:  # again if blocks are refused: from there on
            await bot.web.respond(question.response_url, message)
            sent += 1

    answer = await _answer(bot, question)
    if isinstance(answer, str):
        await send([failure_message(answer)])
    else:
        await bot.sender.send(answer, send)


async def _answer(bot: SlackBot, question: PrivateQuestion) -> Answer | str:
    interface = await bot.locales.language(question.user)
    within = bot.rules.within(question.channel, direct=question.direct)
    if within is None or not question.text:
        which = Sentence.NOT_HERE if within is None else Sentence.INTRODUCTION
        return await said(which, about=question.text, interface=interface)
    try:
        async with bot.asking.turn():
            return await bot.asking.ask(question.text, within=within, interface=interface)
    except QueueFullError:
        return await said(Sentence.BUSY, about=question.text, interface=interface)
