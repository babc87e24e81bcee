"""Which requests were answered already: the response to each, by the key that its sender gave it.

This follows the IETF's draft "The Idempotency-Key HTTP Header Field". A SQLite file of the home keeps them, so that
restarts and several processes know the same keys.
"""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ui.home_file import HomeFile

IDEMPOTENCY_FILE = "idempotency.sqlite3"

LEASE_SECONDS = 60.0
"""How long a request holds its key without a sign of life; after a crash it can be sent again by then."""
KEPT_SECONDS = 24 * 60 * 60.0
"""How long a response is kept: who has not repeated a request in a day will not."""
MOST_KEPT = 5000
"""Responses; each has some hundred bytes."""

_SCHEMA = """
CREATE TABLE requests (
    name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, token TEXT NOT NULL, begun_at REAL NOT NULL,
    until REAL NOT NULL, status INTEGER, headers TEXT, body BLOB
) WITHOUT ROWID
"""
# status is NULL while the request is worked on; until is the end of its lease, then of the time it is kept.
_FORGET_OLDEST = """
DELETE FROM requests WHERE status IS NOT NULL AND name NOT IN (
    SELECT name FROM requests WHERE status IS NOT NULL ORDER BY begun_at DESC LIMIT ?
)
"""
# The draft has a string of structured fields (RFC 8941), in quotation marks; most clients leave them out.
_KEY = re.compile(r'("?)([!#-\[\]-~]{1,255})\1')


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """What a request was answered with."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """The key is this request's until it is completed, released, or not renewed in time."""

    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Running:
    """The same request is being worked on."""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """The key was used for another request."""


def parse_key(header: str) -> str | None:
    """Return the key in an `Idempotency-Key` header, `None` if there is none in it."""
    found = _KEY.fullmatch(header.strip())
    return found[2] if found else None


class IdempotencyStore:
    """The keys of one home. Safe to use from several threads and processes: each call opens the file for itself.

    Every method raises `StoreError` if the file cannot be used.
    """

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Name the file; the first key creates it."""
        self.path = home / IDEMPOTENCY_FILE
        self._file = HomeFile(
            self.path,
            _SCHEMA,
            holds="idempotency keys",
            cure="Move it away: it holds only which uploads of the last day were answered.",
            survives="crash",  # a power cut may lose a response, no document
        )
        self._clock = clock

    def begin(self, key: str, *, caller: str, fingerprint: str) -> Lease | KeptResponse | Running | OtherRequest:
        """Take a key for a request, or say what has become of the request that has it.

        Args:
            key: Made by who sends the request.
            caller: Who that is; keys of others are other keys.
            fingerprint: The same for two requests that ask for the same.
        """
        # Keys are not kept as they came: they say who sent what.
        name = hashlib.sha256(json.dumps([caller, key]).encode()).hexdigest()
        now = self._clock()
        with self._file.writing() as connection:
            connection.execute("DELETE FROM requests WHERE until <= ?", (now,))
            connection.execute(_FORGET_OLDEST, (MOST_KEPT - 1,))
            row = connection.execute(
                "SELECT fingerprint, status, headers, body FROM requests WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                lease = Lease(name, uuid.uuid4().hex)
                connection.execute(
                    "INSERT INTO requests (name, fingerprint, token, begun_at, until) VALUES (?, ?, ?, ?, ?)",
                    (name, fingerprint, lease.token, now, now + LEASE_SECONDS),
                )
                return lease
        known, status, headers, body = row
        if known != fingerprint:
            return OtherRequest()
        return Running() if status is None else KeptResponse(int(status), bytes(body), json.loads(headers))

    def renew(self, lease: Lease) -> None:
        """Give a sign of life: the work goes on."""
        self._change("UPDATE requests SET until = ?", (self._clock() + LEASE_SECONDS,), lease)

    def complete(self, lease: Lease, response: KeptResponse) -> None:
        """Keep the response; nothing happens if another request holds the key by now."""
        values = (self._clock() + KEPT_SECONDS, response.status, json.dumps(dict(response.headers)), response.body)
        self._change("UPDATE requests SET until = ?, status = ?, headers = ?, body = ?", values, lease)

    def release(self, lease: Lease) -> None:
        """Forget the request: it had no effect, and can be sent again under its key."""
        self._change("DELETE FROM requests", (), lease)

    def _change(self, statement: str, values: tuple[object, ...], lease: Lease) -> None:
        with self._file.writing() as connection:
            connection.execute(
                f"{statement} WHERE name = ? AND token = ? AND status IS NULL", (*values, lease.name, lease.token)
            )
