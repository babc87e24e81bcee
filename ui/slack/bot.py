"""One process's bot: what it is made of, and how it begins and ends."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from index.errors import FootnoteError
from index.language import load_language_model
from index.log_content import described
from rag.answers import Citation
from ui.slack.asking import AT_ONCE, WAITING, Asking
from ui.slack.blocks import failure_message
from ui.slack.channels import ChannelRules
from ui.slack.delivery import FIRST_LOOK_SECONDS, Deliveries
from ui.slack.incoming import Identity
from ui.slack.kept_answers import KeptAnswers
from ui.slack.locales import Locales
from ui.slack.once import LEASE_SECONDS, Claims
from ui.slack.pace import CHANNEL_SECONDS, Pace
from ui.slack.sending import Sender
from ui.slack.sentences import Sentence, sentence
from ui.slack.slack_web import SlackError, SlackWeb
from ui.slack.sources import AnswerSource
from ui.slack.state_file import StateFile
from ui.slack.thread_questions import ThreadQuestions

SECONDS_TO_ANSWER = 25.0
"""How long a bot that is told to end finishes what is being answered; service managers wait for 30 s and more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BotLimits:
    """How much the bot does at once, and how fast."""

    at_once: int = AT_ONCE
    waiting: int = WAITING
    lease_seconds: float = LEASE_SECONDS
    channel_seconds: float = CHANNEL_SECONDS
    first_look_seconds: float = FIRST_LOOK_SECONDS
    pauses: tuple[float, ...] = (1.0, 5.0, 15.0)
    """Seconds between tries to learn who the bot is, without which no message can be read."""


class SlackBot:
    """Made and used in one event loop.

    Args:
        web: Slack.
        answers: Where answers come from.
        state: The file that all processes of the bot share.
        rules: What is searched in which channel.
        link: Gives the address of the words that a footnote quotes.
        limits: How much it does at once.
    """

    def __init__(
        self,
        web: SlackWeb,
        *,
        answers: AnswerSource,
        state: StateFile,
        rules: ChannelRules,
        link: Callable[[Citation], str | None] = lambda _: None,
        limits: BotLimits | None = None,
    ) -> None:
        limits = limits or BotLimits()
        self._state = state
        self.web = web
        self.answers = answers
        self.rules = rules
        self.kept = KeptAnswers(state)
        self.locales = Locales(web)
        self.asking = Asking(answers, at_once=limits.at_once, waiting=limits.waiting)
        self.sender = Sender(self.kept, link=link)
        self._claims = Claims(state, lease=limits.lease_seconds)
        self._questions = ThreadQuestions(
            web,
            claims=self._claims,
            asking=self.asking,
            rules=rules,
            locales=self.locales,
            deliveries=Deliveries(web, pace=Pace(limits.channel_seconds), first_look=limits.first_look_seconds),
            sender=self.sender,
        )
        self._pauses = limits.pauses
        self._me: Identity | None = None
        self._identifying = asyncio.Lock()
        self._greeting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        # A thread of its own: however much there is to do, this process shows in time that it lives.
        self._watching = ThreadPoolExecutor(1, thread_name_prefix="slack-claims")
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after answers that processes have left; a second time does nothing."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._look_after_claims())
            self.spawn(_read_language_model())

    async def close(self, *, within: float = SECONDS_TO_ANSWER) -> None:
        """Let the answers on their way end, for so many seconds; leave the rest to the next process."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        if self._watch is not None:  # it has shown until now that the process lives
            self._watch.cancel()
            await asyncio.wait([self._watch])
        left = list(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        await self.answers.close()
        self._watching.shutdown()
        self._state.close()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something after Slack was told that its event arrived; what goes wrong is logged."""
        self.start()
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def identity(self) -> Identity:
        """Return who the bot is; Slack is asked once.

        Raises:
            SlackError: If Slack does not tell.
        """
        async with self._identifying:
            if self._me is None:
                self._me = await self.web.identity()
            return self._me

    async def on_message(self, event: Mapping[str, object], *, team: str, event_id: str) -> None:
        """Answer an `app_mention` or `message` event if it is meant for the bot."""
        await self._questions.on_message(event, await self._identity_in_time(), team=team, event_id=event_id)

    async def greet(self, channel: str, *, user: str) -> None:
        """Say in direct messages, where nobody has written anything, what can be asked."""
        async with self._greeting:  # people open them twice in a moment
            if await self.web.is_empty(channel):
                language = await self.locales.language(user) or "en"
                introduction = failure_message(sentence(Sentence.INTRODUCTION, language=language))
                await self.web.post(channel, introduction, thread=None)

    async def _look_after_claims(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._watching, self._claims.renew)
                me = await self.identity()  # who takes a claim over without it keeps it from all others
                for claim in await loop.run_in_executor(self._watching, self._claims.take_over_abandoned):
                    self.spawn(self._questions.resume(claim, me))
            except FootnoteError as error:
                log.error("Answers that were cut off are not looked for: %s", error)
            await asyncio.sleep(self._claims.lease / 3)

    async def _identity_in_time(self) -> Identity:
        """The same as `identity`, with some patience: Slack has its event acknowledged, and will not send it again."""
        for pause in self._pauses:
            try:
                return await self.identity()
            except SlackError as error:
                log.warning("Slack does not tell who the bot is, and is asked again: %s", error)
            await asyncio.sleep(pause)
        return await self.identity()


async def _read_language_model() -> None:
    """Have it read before the first question, which would wait for it."""
    await asyncio.to_thread(load_language_model)


async def _logged(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except FootnoteError as error:
        log.error("A message from Slack was left: %s", described(error))
    except Exception:
        log.exception("A message from Slack was left")
