"""Messages in channels and direct messages: each that is meant for the bot gets one answer, in its thread."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from index.errors import FootnoteError
from index.log_content import described
from rag.answers import Turn
from rag.marks import find_marks
from ui.slack.asking import Asking, QueueFullError, said
from ui.slack.blocks import SlackMessage, answer_part, failure_message
from ui.slack.channels import ChannelRules
from ui.slack.delivery import Deliveries, Delivery, Place
from ui.slack.history import ThreadHistory, is_own
from ui.slack.incoming import Identity, Incoming, read_message
from ui.slack.locales import Locales
from ui.slack.once import KEEP_SECONDS, MOST_TRIES, Claim, Claims
from ui.slack.sending import Sender
from ui.slack.sentences import Sentence, sentence
from ui.slack.slack_web import SlackError, SlackWeb

# A question that is older when its process has died is not answered any more: whoever asked has gone on.
_OLDEST_RESUMED_SECONDS = 3600.0
# A forgotten mention may be added by editing. Claims are kept for longer, so no message is answered twice for that.
_OLDEST_EDITED_SECONDS = KEEP_SECONDS / 2
_SECONDS_TO_LEAVE = 5.0
# Later than every message: 2242.
_END_OF_TIME = "8589934592.000000"

log = logging.getLogger(__name__)


class ThreadQuestions:
    """Answers messages in their threads; what it is made of belongs to one `ui.slack.bot.SlackBot`."""

    def __init__(
        self,
        web: SlackWeb,
        *,
        claims: Claims,
        asking: Asking,
        rules: ChannelRules,
        locales: Locales,
        deliveries: Deliveries,
        sender: Sender,
    ) -> None:
        self._web = web
        self._claims = claims
        self._asking = asking
        self._rules = rules
        self._locales = locales
        self._deliveries = deliveries
        self._sender = sender
        self._history = ThreadHistory(web)

    async def on_message(self, event: Mapping[str, object], me: Identity, *, team: str, event_id: str) -> None:
        """Answer an `app_mention` or `message` event if it is meant for the bot and nobody else has it."""
        message = read_message(event, team=team, me=me)
        if message is None or not await self._is_for_us(message, me):
            return
        claim = await asyncio.to_thread(self._claims.claim, message, event_id=event_id)
        if claim is None:
            return
        self._history.noticed(message)
        if claim.tries > 1:  # Slack sent it again after the process that had it died
            await self.resume(claim, me)
        else:
            await self._answer(message, claim, me)

    async def resume(self, claim: Claim, me: Identity) -> None:
        """Go on with a message whose process died: answer it, or say that it has to be asked again."""
        try:
            await self._go_on(claim, me)
        except Exception:  # this process lives, so nobody would ever take it over
            await asyncio.to_thread(self._claims.let_go, claim)
            raise

    async def _go_on(self, claim: Claim, me: Identity) -> None:
        try:
            thread = await self._web.thread_messages(claim.channel, claim.thread, until=_END_OF_TIME)
        except SlackError as error:
            log.warning("The thread of an answer that was cut off cannot be read: %s", error)
            thread = []
        # It may have died between posting and writing that down.
        recorded = await asyncio.to_thread(self._claims.posted_in, claim.channel, claim.thread)
        claim = replace(claim, posted=(*claim.posted, *_unrecorded(thread, claim, me, recorded=recorded)))
        entry = next((entry for entry in thread if entry.get("ts") == claim.ts), None)
        kind = "im" if claim.direct else "channel"
        event = {**entry, "channel_type": kind} if entry else {}
        message = read_message(event, team=claim.team, me=me)
        is_old = time.time() - claim.claimed_at > _OLDEST_RESUMED_SECONDS
        if message is None or is_old or claim.tries > MOST_TRIES:
            await self._give_up(claim)
        else:
            await self._answer(message, claim, me)

    async def _is_for_us(self, message: Incoming, me: Identity) -> bool:
        if message.edited:
            return message.mentions_bot and time.time() - float(message.ts) < _OLDEST_EDITED_SECONDS
        if message.direct or message.mentions_bot:
            return True
        if not message.in_thread or message.mentions_others:
            return False
        if await asyncio.to_thread(self._claims.has_answered_in, message.channel, message.thread):
            return True
        try:
            return await self._history.has_part(message, me=me)
        except SlackError as error:
            log.warning("A thread cannot be read, so only mentions are answered in it: %s", error)
            return False

    async def _answer(self, message: Incoming, claim: Claim, me: Identity) -> None:
        """Answer a claimed message; the claim is finished, or left to whoever tries next."""
        place = Place(message.channel, message.thread, message.user, message.team)

        async def record(posted: Sequence[str]) -> None:
            await asyncio.to_thread(self._claims.record_posted, claim, tuple(posted))

        async def is_ours() -> bool:
            return await asyncio.to_thread(self._claims.holds, claim)

        delivery = Delivery(self._deliveries, place, record=record, is_ours=is_ours, posted=claim.posted)
        try:
            await self._answer_in_turn(message, delivery, me)
        except asyncio.CancelledError:
            await asyncio.shield(self._leave(claim, delivery))
            raise
        except Exception as error:
            expected = isinstance(error, FootnoteError)
            reason = described(error) if expected else type(error).__name__
            log.error("Try %d of %d: no answer in Slack: %s", claim.tries, MOST_TRIES, reason, exc_info=not expected)
            if claim.tries < MOST_TRIES:
                await self._leave(claim, delivery)
            else:
                await delivery.abandon()
                await self._give_up(replace(claim, posted=delivery.posted))
        else:
            await asyncio.to_thread(self._claims.finish, claim)

    async def _answer_in_turn(self, message: Incoming, delivery: Delivery, me: Identity) -> None:
        within = self._rules.within(message.channel, direct=message.direct)
        if within is None or not message.text:
            if _is_asked(message):
                await self._excuse(message, Sentence.NOT_HERE if within is None else Sentence.INTRODUCTION)
            return
        try:
            async with self._asking.turn():
                interface = await self._locales.language(message.user)
                await delivery.begin(await said(Sentence.SEARCHING, about=message.text, interface=interface))
                answer = await self._asking.ask(
                    message.text,
                    history=await self._turns(message, me),
                    within=within,
                    interface=interface,
                    show=delivery.show if _is_asked(message) else partial(_show_if_cited, delivery),
                )
        except QueueFullError as error:
            log.warning("%s", error)
            await self._excuse(message, Sentence.BUSY)
            return
        if not await delivery.is_ours():
            await delivery.abandon()
        elif isinstance(answer, str):
            await delivery.withdraw(failure_message(answer))
            await self._tell(message, answer)
        elif answer.answered or _is_asked(message):
            await self._sender.send(answer, delivery.finish, question=message.ts)
        else:
            await delivery.withdraw(failure_message(answer.text))
            await self._sender.send(answer, partial(self._show_privately, message))

    async def _leave(self, claim: Claim, delivery: Delivery) -> None:
        """Leave a claim to whoever looks next."""
        with suppress(TimeoutError):  # a message that is cut off on its way is found in its thread
            await asyncio.wait_for(delivery.abandon(), _SECONDS_TO_LEAVE)
        await asyncio.to_thread(self._claims.let_go, claim)

    async def _turns(self, message: Incoming, me: Identity) -> list[Turn]:
        try:
            return await self._history.turns(message, me=me)
        except SlackError as error:
            log.warning("A thread cannot be read, so a question is answered without it: %s", error)
            return []

    async def _excuse(self, message: Incoming, which: Sentence) -> None:
        interface = await self._locales.language(message.user)
        await self._tell(message, await said(which, about=message.text, interface=interface))

    async def _tell(self, message: Incoming, text: str) -> None:
        """Tell whoever asked, and nobody else."""
        shown = failure_message(text)
        if message.direct:
            await self._web.post(message.channel, shown, thread=message.thread)
        else:  # nobody sees a message in a thread that does not exist yet
            thread = message.thread if message.in_thread else None
            await self._web.tell(message.channel, message.user, shown, thread=thread)

    async def _show_privately(self, message: Incoming, messages: Sequence[SlackMessage]) -> None:
        for shown in messages:
            await self._web.tell(message.channel, message.user, shown, thread=message.thread)

    async def _give_up(self, claim: Claim) -> None:
        """Say that something went wrong, in the place of what was posted if there is something."""
        language = await self._locales.language(claim.asker) or "en"
        shown = failure_message(sentence(Sentence.FAILED, language=language))
        try:
            for ts in claim.posted:
                with suppress(SlackError):  # only what grows can be stopped
                    await self._web.stop_stream(claim.channel, ts)
                await self._web.update(claim.channel, ts, shown)
            if not claim.posted and claim.direct:
                await self._web.post(claim.channel, shown, thread=claim.thread)
            elif not claim.posted:
                thread = claim.thread if claim.thread != claim.ts else None
                await self._web.tell(claim.channel, claim.asker, shown, thread=thread)
        except SlackError as error:
            log.warning("It could not be said that an answer was cut off: %s", error)
        await asyncio.to_thread(self._claims.finish, claim)


def _is_asked(message: Incoming) -> bool:
    """Whether the bot is meant for certain. What people say in a thread with it may be for each other, such as thanks.

    It answers there, too, but tells only the writer that the documents hold no answer, and nobody that there was
    nothing to look for or that it may not look.
    """
    return message.direct or message.mentions_bot


def _show_if_cited(delivery: Delivery, text: str) -> None:
    if find_marks(text):
        delivery.show(text)


def _unrecorded(
    thread: Sequence[Mapping[str, object]], claim: Claim, me: Identity, *, recorded: Collection[str]
) -> tuple[str, ...]:
    """The bot's messages after a question that no claim knows of, and that answer no other question."""
    own = [(str(entry.get("ts")), answer_part(entry)) for entry in thread if is_own(entry, me)]
    possible = [ts for ts, part in own if part is None or part.question == claim.ts]
    return tuple(ts for ts in possible if float(ts) > float(claim.ts) and ts not in recorded)
