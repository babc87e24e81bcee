"""Slack's events → messages that may be questions, in plain text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Subtypes of messages that somebody wrote; all others tell of joins, edits, deletions and the like.
_WRITTEN = {"", "thread_broadcast", "file_share", "me_message"}
# What Slack's markup has in angle brackets: people, channels, groups, addresses, dates.
_REFERENCE = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace."""

    user: str
    bot: str
    team: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that somebody wrote where the bot can read it."""

    team: str
    channel: str
    ts: str
    thread: str
    """`ts` of the first message of its thread; its own where it begins one."""
    user: str
    text: str
    """Without Slack's markup, and without the bot's name."""
    direct: bool
    """Whether nobody but its writer and the bot can read it."""
    mentions_bot: bool
    mentions_others: bool
    edited: bool = False
    """Whether its writer has changed it."""

    @property
    def in_thread(self) -> bool:
        """Whether it follows other messages."""
        return self.thread != self.ts


def read_message(event: Mapping[str, object], *, team: str, me: Identity) -> Incoming | None:
    """Read an event, or a message of a thread; nothing if no person wrote it.

    Args:
        event: An `app_mention` or `message` event, or a message with its channel.
        team: The workspace it came from.
        me: What the bot is called.
    """
    channel, ts, user = text_of(event, "channel"), text_of(event, "ts"), text_of(event, "user")
    if not (channel and ts and user) or text_of(event, "subtype") not in _WRITTEN:
        return None
    if event.get("bot_id") or event.get("hidden") or user in (me.user, "USLACKBOT"):
        return None
    marked_up = text_of(event, "text")
    people = set(re.findall(r"<@([A-Z0-9]+)", marked_up))
    return Incoming(
        team=team,
        channel=channel,
        ts=ts,
        thread=text_of(event, "thread_ts") or ts,
        user=user,
        text=plain_text(marked_up, me=me),
        direct=text_of(event, "channel_type") == "im" or channel.startswith("D"),
        mentions_bot=me.user in people,
        mentions_others=bool(people - {me.user}) or bool(re.search(r"<!(?!date)", marked_up)),
        edited=bool(event.get("edited")),
    )


def plain_text(marked_up: str, *, me: Identity) -> str:
    """Return the words of a message that stands in Slack's markup; the bot's own name is left out."""
    words = _REFERENCE.sub(lambda match: _shown(match[1], me), marked_up)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _shown(reference: str, me: Identity) -> str:
    target, _, label = reference.partition("|")
    match target[:1]:
        case "@":
            return f"@{label}" if label and target[1:] != me.user else ""
        case "#":
            return f"#{label}" if label else ""
        case "!":
            return label
        case _:
            return label or target


def text_of(event: Mapping[str, object], name: str) -> str:
    """Return what stands under a name, empty if that is no text."""
    value = event.get(name)
    return value if isinstance(value, str) else ""
