"""A thread in Slack → the turns before a question: read anew each time, so that restarts and replicas know them too."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from rag.answers import Turn
from ui.slack.blocks import AnswerPart, answer_part
from ui.slack.incoming import Identity, Incoming, read_message
from ui.slack.slack_web import SlackWeb

# The assistant looks at few turns; older ones would only be cut off.
_MOST_TURNS = 10
# How long a thread that was read is known, and one in which the bot has no part: a mention may reach another process.
_KNOWN_SECONDS = 30.0
_MOST_KNOWN = 500

Messages = Sequence[Mapping[str, object]]
K = TypeVar("K")
V = TypeVar("V")


class ThreadHistory:
    """Reads threads, each message's at most once."""

    def __init__(self, web: SlackWeb, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._web = web
        self._clock = clock
        self._read: OrderedDict[tuple[str, str], tuple[str, float, Messages]] = OrderedDict()
        self._apart: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def turns(self, message: Incoming, *, me: Identity) -> list[Turn]:
        """Return what was asked and answered before a message in its thread, oldest first.

        Raises:
            SlackError: If the thread cannot be read.
        """
        return thread_turns(await self._before(message), me=me) if message.in_thread else []

    async def has_part(self, message: Incoming, *, me: Identity) -> bool:
        """Whether the bot was mentioned or has spoken in a message's thread.

        Raises:
            SlackError: If the thread cannot be read.
        """
        thread = (message.channel, message.thread)
        if self._clock() - self._apart.get(thread, float("-inf")) < _KNOWN_SECONDS:
            return False
        mention = f"<@{me.user}>"
        if any(is_own(entry, me) or mention in str(entry.get("text", "")) for entry in await self._before(message)):
            return True
        _keep(self._apart, thread, self._clock())
        return False

    def noticed(self, message: Incoming) -> None:
        """Note that the bot has a part in a message's thread from now on."""
        self._apart.pop((message.channel, message.thread), None)

    async def _before(self, message: Incoming) -> Messages:
        thread = (message.channel, message.thread)
        until, read_at, messages = self._read.get(thread, ("", 0.0, ()))
        if until != message.ts or self._clock() - read_at > _KNOWN_SECONDS:
            messages = await self._web.thread_messages(message.channel, message.thread, until=message.ts)
            _keep(self._read, thread, (message.ts, self._clock(), messages))
        return [entry for entry in messages if _seconds(entry) < float(message.ts)]


def thread_turns(messages: Messages, *, me: Identity) -> list[Turn]:
    """Return the questions of a thread with their answers, in the order in which they were asked.

    An answer names its question, because several may be answered at once; what nobody answered is no turn.
    """
    questions: dict[str, str] = {}
    answers: dict[str, list[AnswerPart]] = {}
    for entry in messages:
        if not is_own(entry, me):
            if (written := read_message(entry, team="", me=me)) is not None:
                questions[written.ts] = written.text
        elif (part := answer_part(entry)) is not None:
            parts = answers.setdefault(part.question, [])
            if not parts or part.answer_id == parts[0].answer_id:  # any other is left of an earlier try
                parts.append(part)
    answered = [(text, answers[ts]) for ts, text in questions.items() if text and ts in answers]
    return [Turn(text, "\n\n".join(part.text for part in parts)) for text, parts in answered[-_MOST_TURNS:]]


def is_own(entry: Mapping[str, object], me: Identity) -> bool:
    """Whether the bot itself wrote a message."""
    return entry.get("user") == me.user or bool(me.bot and entry.get("bot_id") == me.bot)


def _seconds(entry: Mapping[str, object]) -> float:
    try:
        return float(str(entry.get("ts")))
    except ValueError:
        return float("inf")


def _keep(known: OrderedDict[K, V], key: K, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST_KNOWN:
        known.popitem(last=False)
