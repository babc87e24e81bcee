"""How an answer reaches its thread: shown while it is written, and whole in the end.

It grows by Slack's own streaming where that is allowed, else as one message that is changed now and then. Either way
the final message takes the place of what was shown. What stands in Slack is recorded at once, so that another process
can go on with it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from index.errors import FootnoteError
from ui.slack.blocks import SlackMessage, streamed_message
from ui.slack.mrkdwn import streamed_markdown
from ui.slack.pace import Pace
from ui.slack.slack_web import SlackError, SlackWeb

# Most quotes are there sooner, and need no message that grows.
FIRST_LOOK_SECONDS = 0.7
# Nobody need wait longer for the line that says that they have to wait.
_SECONDS_FOR_STATUS = 2.0
# Slack's longest `markdown_text`, with some room.
_LONGEST_STREAM = 11_000
# With these Slack says that it streams nowhere; anything else may be about one channel.
_NEVER_STREAMS = {"unknown_method", "missing_scope", "not_allowed_token_type", "method_deprecated", "access_denied"}
# With these, that there is nothing (more) to change.
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"}

log = logging.getLogger(__name__)

Record = Callable[[Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes, and to whom."""

    channel: str
    thread: str
    user: str
    team: str


class Deliveries:
    """What the deliveries of one bot have in common."""

    def __init__(self, web: SlackWeb, *, pace: Pace, first_look: float = FIRST_LOOK_SECONDS) -> None:
        self.web = web
        self.previews = web.without_waiting()
        """Shows what is not complete: nobody shall wait for the answer because Slack limits how often that changes."""
        self.pace = pace
        self.first_look = first_look
        self.streams = True
        """Whether Slack's streaming may be tried; it is not again once Slack has said that it has none for us."""
        self.shows_status = True
        """The same for the line below a thread that says what the bot does."""


class Delivery:
    """One answer on its way: `begin`, `show` any number of times, then `finish` or `withdraw`.

    Args:
        shared: What it has in common with others.
        place: Where it goes.
        record: Told the `ts` of all messages that were posted, each time one is added.
        is_ours: Tells whether no other process has taken the question over meanwhile.
        posted: What a process that died had posted already.
    """

    def __init__(
        self,
        shared: Deliveries,
        place: Place,
        *,
        record: Record,
        is_ours: Callable[[], Awaitable[bool]],
        posted: Sequence[str] = (),
    ) -> None:
        self._shared = shared
        self._web = shared.web
        self._place = place
        self._record = record
        self.is_ours = is_ours
        self._posted = list(posted)
        self._text = ""
        self._sent = ""
        self._streaming = False
        self._status_shown = False
        self._changed = asyncio.Event()
        self._ending = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._doubt: SlackError | None = None

    @property
    def posted(self) -> tuple[str, ...]:
        """The `ts` of what stands in Slack."""
        return tuple(self._posted)

    async def begin(self, status: str) -> None:
        """Say that an answer is being looked for."""
        for ts in self._posted[:1]:  # what a process that died has let grow could not be changed
            with contextlib.suppress(SlackError):
                await self._web.stop_stream(self._place.channel, ts)
        if self._shared.shows_status:
            try:
                showing = self._web.set_status(self._place.channel, self._place.thread, status)
                await asyncio.wait_for(showing, _SECONDS_FOR_STATUS)
                self._status_shown = True
            except TimeoutError:
                log.info("The thread does not say that the bot is at work: Slack is slow, or limits the rate.")
            except SlackError as error:
                log.info("The thread does not say that the bot is at work: %s", error.code)
                self._shared.shows_status = error.code not in _NEVER_STREAMS
        if not self._status_shown and not self._shared.streams:
            self.show(status)  # the message that becomes the answer says it

    def show(self, text: str) -> None:
        """Show the beginning of the answer when there is time."""
        self._text = text
        self._changed.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def finish(self, messages: Sequence[SlackMessage]) -> None:
        """Put the whole answer in the place of what was shown.

        Raises:
            SlackError: If Slack did not take all of it, or may have posted something that is not known here.
        """
        await self._end_writing()
        for index, message in enumerate(messages):
            await self._shared.pace.turn(self._place.channel)
            if index < len(self._posted):
                await self._replace(index, message)
            else:
                await self._add(self._web, message)
        for surplus in self._posted[len(messages) :]:
            with contextlib.suppress(SlackError):
                await self._web.delete(self._place.channel, surplus)

    async def withdraw(self, instead: SlackMessage) -> None:
        """Take away what was shown of an answer that there will not be; put a message there where that is refused.

        Raises:
            SlackError: If neither was possible, or Slack may have posted something that is not known here.
        """
        await self._end_writing()
        for ts in self._posted:
            try:
                await self._web.delete(self._place.channel, ts)
            except SlackError as error:
                if error.code not in _GONE:
                    await self._web.update(self._place.channel, ts, instead)
        if self._status_shown:
            with contextlib.suppress(SlackError):
                await self._web.set_status(self._place.channel, self._place.thread, "")

    async def abandon(self) -> None:
        """Leave everything as it stands, for another process to go on with."""
        self._ending.set()
        self._changed.set()
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _end_writing(self) -> None:
        await self.abandon()
        if self._doubt is not None:  # whoever tries next looks for it in the thread
            raise self._doubt
        if self._streaming:
            with contextlib.suppress(SlackError):
                await self._web.stop_stream(self._place.channel, self._posted[0])
        self._streaming = False

    async def _replace(self, index: int, message: SlackMessage) -> None:
        try:
            await self._web.update(self._place.channel, self._posted[index], message)
        except SlackError as error:
            if error.code not in _GONE:
                raise
            self._posted[index] = await self._web.post(self._place.channel, message, thread=self._place.thread)
            await self._record(self._posted)

    async def _add(self, web: SlackWeb, message: SlackMessage) -> None:
        self._posted.append(await web.post(self._place.channel, message, thread=self._place.thread))
        await self._record(self._posted)

    async def _write(self) -> None:
        await self._rest(self._shared.first_look)
        try:
            while not self._ending.is_set():
                self._changed.clear()
                await self._shared.pace.turn(self._place.channel)
                if not await self.is_ours():
                    break
                if not self._ending.is_set():
                    await self._send_unless_limited(self._text)
                await self._changed.wait()
        except FootnoteError as error:
            if isinstance(error, SlackError) and error.in_doubt and not self._posted:
                self._doubt = error
            log.warning("An answer is shown only when it is complete: %s", error)
        except Exception:
            log.exception("An answer is shown only when it is complete")

    async def _rest(self, seconds: float) -> None:
        """Wait, but not beyond the end of the answer."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    async def _send_unless_limited(self, text: str) -> None:
        try:
            await self._send(text)
        except SlackError as error:
            if error.retry_after is None:
                raise
            self._changed.set()  # what there is then is shown later
            await self._rest(error.retry_after)

    async def _send(self, text: str) -> None:
        channel = self._place.channel
        if self._streaming:
            whole = streamed_markdown(text)
            if whole.startswith(self._sent) and len(self._sent) < len(whole) <= _LONGEST_STREAM:
                await self._shared.previews.append_stream(channel, self._posted[0], whole[len(self._sent) :])
                self._sent = whole
        elif self._posted:
            message = streamed_message(text)
            if message.text != self._sent:
                await self._shared.previews.update(channel, self._posted[0], message)
                self._sent = message.text
        elif self._shared.streams and not streamed_markdown(text):
            return  # its first word is not complete
        elif not await self._has_started_stream(text):
            message = streamed_message(text)
            await self._add(self._shared.previews, message)
            self._sent = message.text

    async def _has_started_stream(self, text: str) -> bool:
        if not self._shared.streams:
            return False
        whole = streamed_markdown(text)
        try:
            ts = await self._shared.previews.start_stream(
                self._place.channel, self._place.thread, whole, team=self._place.team, user=self._place.user
            )
        except SlackError as error:
            if error.in_doubt or error.retry_after is not None:
                raise
            log.info("Slack streams nothing there, so a message is changed instead: %s", error.code)
            self._shared.streams = error.code not in _NEVER_STREAMS
            return False
        self._posted.append(ts)
        self._streaming, self._sent = True, whole
        await self._record(self._posted)
        return True
