"""The SQLite file of a home: opened safely, written in transactions that all threads and processes agree on."""

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from index.errors import StoreError

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, embedding TEXT NOT NULL, chunking TEXT NOT NULL,
    dimensions INTEGER, synced INTEGER NOT NULL DEFAULT 0, tokens_of TEXT, tokens_after INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS documents (
    source TEXT PRIMARY KEY, title TEXT, language TEXT, date TEXT, metadata TEXT, text TEXT, content_hash TEXT,
    state TEXT NOT NULL CHECK (state IN ('indexed', 'failed')), reason TEXT, changed_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, index_id INTEGER NOT NULL REFERENCES indexes (id), source TEXT NOT NULL,
    id TEXT NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL,
    vector BLOB NOT NULL, tokens BLOB, UNIQUE (index_id, id)
);
CREATE INDEX IF NOT EXISTS chunks_by_source ON chunks (source, index_id);
CREATE INDEX IF NOT EXISTS chunks_by_index ON chunks (index_id);
CREATE TABLE IF NOT EXISTS dead (seq INTEGER PRIMARY KEY, index_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lexical_dead (seq INTEGER PRIMARY KEY, index_id INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS active AS SELECT value AS id FROM meta WHERE key = 'active_index';
CREATE VIEW IF NOT EXISTS live AS SELECT chunks.* FROM chunks JOIN active ON chunks.index_id = active.id;
"""
# chunks.seq grows with every commit and is never used twice; what is copied elsewhere can go by it.
# chunks.tokens holds subword ids of the model indexes.tokens_of, in chunks numbered above indexes.tokens_after.
# chunks_by_index has the numbers of an index in order (SQLite ends every entry with them), so they are counted quickly.
# dead holds the numbers of deleted chunks that the vector store may still hold, lexical_dead the lexical index.
# live is what is searched: the chunks of the active index, not those of one that is still being built.

# From version 1, whose BM25 rows were a table of this file.
_MIGRATION = """
DROP TABLE IF EXISTS lexical;
ALTER TABLE indexes ADD COLUMN tokens_of TEXT;
ALTER TABLE indexes ADD COLUMN tokens_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN tokens BLOB;
CREATE INDEX chunks_by_index ON chunks (index_id);
CREATE TABLE lexical_dead (seq INTEGER PRIMARY KEY, index_id INTEGER NOT NULL);
UPDATE meta SET value = 2 WHERE key = 'schema_version'
"""

Row = tuple[object, ...]


class Database:
    """One connection, shared by the threads of this process."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if it is not there.

        Raises:
            StoreError: If it cannot be opened, is damaged, or was made by a newer version.
        """
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The index in '{path.parent}' cannot be opened: {error}. Choose another folder with --home."
            ) from error
        try:
            self._prepare()
        except sqlite3.OperationalError as error:  # no right to write, no space, locked for a minute
            self.connection.close()
            raise self._unusable(error) from error
        except sqlite3.Error as error:
            self.connection.close()
            raise StoreError(f"'{path}' is not a usable catalog: {error}. Move it away and ingest again.") from error
        except StoreError:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode a killed process loses no commit; a power cut may lose the last ones, whole.
        self.connection.execute("PRAGMA synchronous = NORMAL")
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
            with self.transaction():
                for statement in _SCHEMA.split(";"):
                    self.connection.execute(statement)
                new = {"schema_version": SCHEMA_VERSION, "home_id": uuid.uuid4().hex[:12], "commits": 0}
                self.connection.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", new.items())
        if self.meta("schema_version") == 1:
            with self.transaction():
                if self.meta("schema_version") == 1:  # and no other process was first
                    for statement in _MIGRATION.split(";"):
                        self.connection.execute(statement)
        version = self.meta("schema_version")
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"'{self.path}' has version {version}, this program reads versions 1 and {SCHEMA_VERSION}. "
                "Use the program that made it, or choose another folder with --home."
            )

    @contextmanager
    def transaction(self, *, counted: bool = True) -> Iterator[sqlite3.Connection]:
        """Everything in the block is committed together, or nothing; counted commits change what can be found."""
        with self._lock, self._errors_named():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                if counted:
                    self.connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'commits'")
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # SQLite ends it by itself when the disk is full
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone until the block ends."""
        with self._lock, self._errors_named():
            yield self.connection

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all rows."""
        with self._lock, self._errors_named(), closing(self.connection.execute(statement, parameters)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a mistake in this program, not in what surrounds it
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"The catalog '{self.path}' cannot be read or written: {error}. Check the disk's free space and your rights"
            " there, or choose another folder with --home."
        )

    def meta(self, key: str) -> object:
        """Return a value of the `meta` table, or `None`."""
        rows = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.connection.close()


def as_int(value: object) -> int:
    """Check that a stored value is a number.

    Raises:
        StoreError: If it is not.
    """
    if not isinstance(value, int):
        raise StoreError(f"The catalog holds {value!r} where a number belongs; it is damaged.")
    return value
