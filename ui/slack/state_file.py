"""The bot's SQLite file in the home: which messages are being answered, and what was answered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import StoreError

STATE_FILE = "slack.sqlite3"
SCHEMA_VERSION = 1
# Seconds to wait for another process that is writing; all it writes are single rows.
_PATIENCE = 10

_SCHEMA = (
    """
    CREATE TABLE claims (
        channel TEXT NOT NULL, ts TEXT NOT NULL, team TEXT NOT NULL, thread TEXT NOT NULL, asker TEXT NOT NULL,
        direct INTEGER NOT NULL, owner TEXT NOT NULL, lease_until REAL NOT NULL, posted TEXT NOT NULL,
        tries INTEGER NOT NULL, done INTEGER NOT NULL, claimed_at REAL NOT NULL, PRIMARY KEY (channel, ts)
    )
    """,
    "CREATE INDEX claims_by_thread ON claims (channel, thread)",
    "CREATE TABLE events (event_id TEXT PRIMARY KEY, channel TEXT NOT NULL, ts TEXT NOT NULL, seen_at REAL NOT NULL)",
    "CREATE TABLE answers (answer_id TEXT PRIMARY KEY, answer TEXT NOT NULL, kept_at REAL NOT NULL)",
)


class StateFile:
    """The file, safe to use from several threads and processes. It stays open, because answers wait for it."""

    def __init__(self, home: Path) -> None:
        """Name the file; the first use creates it."""
        self.path = home / STATE_FILE
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close it; the next use opens it again."""
        with self._lock:
            self._drop()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read single statements.

        Raises:
            StoreError: If the file cannot be used, is damaged, or was made by a newer version.
        """
        with self._lock, self._named_errors():
            yield self._opened()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write and read alone; committed when the block ends, taken back if it raises.

        Raises:
            StoreError: As for `reading`.
        """
        with self._lock, self._named_errors():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                # What a killed process wrote is there; a power cut may take the last second, which costs an answer.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("BEGIN IMMEDIATE")
                self._prepare(connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self._drop()  # somebody may put another file there
            raise StoreError(
                f"The bot's file '{self.path}' cannot be used: {error}. Check the disk's free space and your rights "
                "there; if it is damaged, move it away: a new one is made."
            ) from error

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == SCHEMA_VERSION:
            return
        if version:
            raise StoreError(
                f"'{self.path}' has version {version}, this program reads version {SCHEMA_VERSION}. "
                "Use the program that made it, or choose another folder with --home."
            )
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
