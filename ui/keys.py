"""Keys for programs: made, listed, revoked and checked; in a SQLite file of the home.

A key is `fn_<id>_<secret>`. The secret has 256 random bits, so that its plain SHA-256 cannot be turned back into it by
any guessing: a slow hash such as the passwords' Argon2 would protect nothing more, and cost every request 50 ms.
"""

import hashlib
import hmac
import re
import secrets
import string
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from index.errors import FootnoteError
from ui.home_file import HomeFile

KEYS_FILE = "keys.sqlite3"
SCHEMA_VERSION = 1

LONGEST_NAME = 100
# Seconds for which a server goes by what it has read: a key that is revoked elsewhere is refused after that.
SECONDS_KNOWN = 1.0
# Noted once an hour at most, so that reading documents does not write to the disk each time.
USE_NOTED_EVERY = timedelta(hours=1)
_ID_LETTERS = string.ascii_lowercase + string.digits
_KEY = re.compile(r"fn_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")

_SCHEMA = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL, scopes TEXT NOT NULL, created_at TEXT NOT NULL,
    last_used_at TEXT, revoked_at TEXT
)
"""
_ALL = "SELECT id, name, scopes, created_at, last_used_at, revoked_at, hash FROM keys ORDER BY created_at, rowid"


class Scope(StrEnum):
    """What a caller may do: read is asking, searching, reading and rating; write is changing documents."""

    READ = "read"
    WRITE = "write"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, in `scope["state"]["caller"]`: a key's or a reader's name, or `ANYBODY`."""

    name: str
    scopes: frozenset[Scope]


ANYBODY = Caller("anonymous", EVERY_SCOPE)
"""Whoever calls a server that asks for neither key nor login."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key, beside the hash of its secret. Times are UTC, ISO 8601."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: str
    last_used_at: str | None = None
    """When it was last used, to the hour."""
    revoked_at: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it has not been revoked."""
        return self.revoked_at is None

    @property
    def caller(self) -> Caller:
        """Who calls with it."""
        return Caller(self.name, self.scopes)


class KeysError(FootnoteError):
    """A key cannot be made, or there is none of that name."""


class KeyStore:
    """The keys of one home. Safe to use from several threads and processes.

    `verify`, `asks_for_a_key` and `note_use` go by what was read at most `SECONDS_KNOWN` ago, so that a request costs
    microseconds.

    Args:
        home: The folder of the file; the first `create` makes both.
        clock: Gives the time in seconds; only differences matter.
    """

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = home / KEYS_FILE
        self._file = HomeFile(
            self.path,
            _SCHEMA,
            holds="keys",
            cure="Move it away, then make new ones with `footnote keys create NAME`; until then no key opens anything.",
            version=SCHEMA_VERSION,
        )
        self._clock = clock
        self._known: Mapping[str, tuple[Key, bytes]] = {}
        self._known_until = float("-inf")
        self._asks = False

    def create(self, name: str, *, scopes: frozenset[Scope]) -> tuple[Key, str]:
        """Make a key, and return it with its text, which nobody can find out again.

        Raises:
            KeysError: If the name cannot be used, or a usable key has it.
            StoreError: If the file cannot be written, is damaged, or was made by a newer version.
        """
        name = _checked_name(name)
        secret = secrets.token_urlsafe(32)
        with self._file.writing() as connection:
            there = connection.execute("SELECT id, name, revoked_at FROM keys").fetchall()
            if any(other == name and revoked is None for _, other, revoked in there):
                raise KeysError(f"There is a key named {name!r} already. Revoke it first, or choose another name.")
            taken = {value for row in there for value in row[:2]}
            if name in {identifier for identifier, *_ in there}:
                raise KeysError(f"{name!r} is the id of another key. Choose another name.")
            while (identifier := "".join(secrets.choice(_ID_LETTERS) for _ in range(8))) in taken | {name}:
                pass
            key = Key(identifier, name, scopes, _now())
            connection.execute(
                "INSERT INTO keys (id, name, scopes, created_at, hash) VALUES (?, ?, ?, ?, ?)",
                (key.id, key.name, " ".join(sorted(key.scopes)), key.created_at, _hash(secret)),
            )
        self.forget()
        return key, f"fn_{identifier}_{secret}"

    def all(self) -> tuple[Key, ...]:
        """Return all keys, revoked ones too, the oldest first.

        Raises:
            StoreError: If the file cannot be read.
        """
        return tuple(key for key, _ in self._read())

    def revoke(self, id_or_name: str) -> Key:
        """Let a key open nothing any more, and return it. Running servers know within `SECONDS_KNOWN`.

        Raises:
            KeysError: If no usable key has that id or name.
            StoreError: As for `create`.
        """
        named = [key for key in self.all() if id_or_name in (key.id, key.name)]
        usable = next((key for key in named if key.is_usable), None)
        if usable is None:
            reason = "has been revoked already" if named else "is not there"
            raise KeysError(f"The key {id_or_name[:LONGEST_NAME]!r} {reason}. `footnote keys list` shows all keys.")
        with self._file.writing() as connection:
            revoked = replace(usable, revoked_at=_now())
            connection.execute("UPDATE keys SET revoked_at = ? WHERE id = ?", (revoked.revoked_at, revoked.id))
        self.forget()
        return revoked

    def verify(self, text: str) -> Key | None:
        """Return the usable key that `text` is, or `None`.

        Raises:
            StoreError: If the file cannot be read.
        """
        parts = _KEY.fullmatch(text)
        if parts is None:
            return None
        self._refresh()
        key, expected = self._known.get(parts[1], (None, b""))
        if key is None or not hmac.compare_digest(_hash(parts[2]), expected) or not key.is_usable:
            return None
        return key

    def asks_for_a_key(self) -> bool:
        """Whether any key was ever made: revoking the last one must not open what was closed.

        Once it is so, it stays so for this object, even if the file is taken away.

        Raises:
            StoreError: If the file cannot be read.
        """
        if not self._asks:
            self._refresh()
        return self._asks

    def has_usable_key(self) -> bool:
        """Whether anybody can get in with a key.

        Raises:
            StoreError: If the file cannot be read.
        """
        return any(key.is_usable for key in self.all())

    def is_use_to_be_noted(self, key: Key) -> bool:
        """Whether `note_use` would write, as far as is known without looking."""
        known, _ = self._known.get(key.id, (key, b""))
        return known.last_used_at is None or known.last_used_at < _now(-USE_NOTED_EVERY)

    def note_use(self, key: Key) -> None:
        """Keep that a key was used now.

        Raises:
            StoreError: As for `create`.
        """
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE keys SET last_used_at = ? WHERE id = ? AND coalesce(last_used_at, '') < ?",
                (_now(), key.id, _now(-USE_NOTED_EVERY)),
            )
        self.forget()

    def forget(self) -> None:
        """Read the file again before the next answer."""
        self._known_until = float("-inf")

    def _refresh(self) -> None:
        now = self._clock()
        if now < self._known_until:
            return
        self._known = {key.id: (key, hashed) for key, hashed in self._read()}
        self._asks = self._asks or bool(self._known)
        self._known_until = now + SECONDS_KNOWN

    def _read(self) -> list[tuple[Key, bytes]]:
        return [self._key(row) for row in self._file.rows(_ALL)]

    def _key(self, row: tuple[Any, ...]) -> tuple[Key, bytes]:
        identifier, name, scopes, created_at, last_used_at, revoked_at, hashed = row
        try:
            held = frozenset(Scope(scope) for scope in scopes.split())
            return Key(identifier, name, held, created_at, last_used_at, revoked_at), bytes(hashed)
        except (ValueError, TypeError, AttributeError) as error:
            raise self._file.damaged(f"the key {identifier!r} cannot be read") from error


def key_dict(key: Key) -> dict[str, Any]:
    """Return the shape of a key in `footnote keys … --json`. Names are stable, as those in `ui.schemas`."""
    return {**asdict(key), "scopes": sorted(key.scopes)}


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not (name.isprintable() and 1 <= len(name) <= LONGEST_NAME):
        raise KeysError(
            f"{name[:LONGEST_NAME]!r} cannot be the name of a key: it has 1 to {LONGEST_NAME} visible characters."
        )
    return name


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _now(shift: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) + shift).isoformat(timespec="seconds")
