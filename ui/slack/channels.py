"""Which documents are searched in which channel: a TOML file."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from index.errors import FilterError, SettingsError
from index.filters import EVERYTHING, DocumentFilter

_LISTS = ("languages", "documents", "folders", "tags", "types")
_DATES = ("since", "until")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,}")


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What is searched where; `None` stands for a place in which nothing is answered."""

    default: DocumentFilter | None = EVERYTHING
    direct: DocumentFilter | None = EVERYTHING
    channels: Mapping[str, DocumentFilter | None] = field(default_factory=dict)

    def within(self, channel: str, *, direct: bool = False) -> DocumentFilter | None:
        """Return which documents a question is answered from, or `None` if not at all."""
        return self.channels.get(channel, self.direct if direct else self.default)


def read_channels(path: Path | None) -> ChannelRules:
    """Read the file; without one, everything is searched everywhere.

    `[default]` is for every channel without a table of its own, `[direct]` for direct messages (as `[default]` if it is
    not there), `[channels.C0123]` for one channel. A table has lists of `folders`, `languages`, `documents`, `tags` and
    `types`, `since` and `until`, or `allowed = false`.

    Raises:
        SettingsError: If it cannot be read, or says what nothing can be made of.
    """
    if path is None:
        return ChannelRules()
    try:
        stated = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"FOOTNOTE_SLACK_CHANNELS names '{path}', which cannot be read: {error}.") from error
    for name in sorted(stated.keys() - {"default", "direct", "channels"}):
        raise SettingsError(
            f"'{path}' has {name!r}, which says nothing. Write [default], [direct] or [channels.C0123456789]."
        )
    channels = _table(stated.get("channels", {}), of=path, name="channels")
    for channel in channels:
        if not _CHANNEL.fullmatch(channel):
            raise SettingsError(
                f"'{path}' names a channel {channel!r}. Write its id, such as C0123456789: it stands at the end of "
                "the channel's details in Slack."
            )
    default = _filter(stated.get("default", {}), of=path, name="default")
    return ChannelRules(
        default=default,
        direct=_filter(stated["direct"], of=path, name="direct") if "direct" in stated else default,
        channels={channel: _filter(table, of=path, name=f"channels.{channel}") for channel, table in channels.items()},
    )


def _table(value: object, *, of: Path, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(f"'{of}' gives {name!r} a value. Make it a table: [{name}].")
    return value


def _filter(value: object, *, of: Path, name: str) -> DocumentFilter | None:
    table = _table(value, of=of, name=name)
    for key in sorted(table.keys() - {*_LISTS, *_DATES, "allowed"}):
        raise SettingsError(
            f"[{name}] in '{of}' has {key!r}. It may have: {', '.join([*_LISTS, *_DATES])}, or allowed = false."
        )
    allowed = table.get("allowed", True)
    if not isinstance(allowed, bool):
        raise SettingsError(f"[{name}] in '{of}' has allowed = {allowed!r}. Write true or false.")
    lists = {key: _strings(table.get(key, []), of=of, name=f"{name}.{key}") for key in _LISTS}
    since, until = (_date(table.get(key), of=of, name=f"{name}.{key}") for key in _DATES)
    try:
        within = DocumentFilter(
            languages=lists["languages"],
            documents=lists["documents"],
            folders=lists["folders"],
            tags=lists["tags"],
            types=lists["types"],
            since=since,
            until=until,
        )
    except FilterError as error:
        raise SettingsError(f"[{name}] in '{of}' cannot be used: {error}") from error
    return within if allowed else None


def _strings(value: object, *, of: Path, name: str) -> frozenset[str]:
    if not (isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)):
        raise SettingsError(f'{name} in \'{of}\' is {value!r}. Write a list of words, such as ["hr", "policies"].')
    return frozenset(value)


def _date(value: object, *, of: Path, name: str) -> str | None:
    if not isinstance(value, str | None):  # TOML has dates of its own
        raise SettingsError(f"{name} in '{of}' is {value!s}. Put the date into quotes.")
    return value
