"""A SQLite file of the home that stands beside the catalog: it is opened for each call, by any thread or process."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from index.errors import StoreError

# Seconds to wait for another process that is writing; what is kept in such files takes some milliseconds.
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class HomeFile:
    """One file with one table, made by the first thing that is written.

    Every method raises `StoreError` if the file cannot be used, is damaged, or was made by a newer version.
    """

    path: Path
    schema: str
    """The statement that makes the table."""
    holds: str
    """What is in it, as people call it: `keys`."""
    cure: str
    """What to do about a file that is damaged, as a sentence."""
    survives: Literal["power cut", "crash"] = "power cut"
    """What does not undo what was written; a crash of the machine may take the last second of the second kind."""
    version: int = 1

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Read; there is nothing where nothing was written yet."""
        if not self.path.exists():
            return []
        with self._opened() as connection:
            if self._version(connection) == 0:  # killed before the first thing was written
                return []
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, committed when the block ends; closing the file without that takes everything back."""
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if self._version(connection) == 0:
                connection.execute(self.schema)
                connection.execute(f"PRAGMA user_version = {self.version}")
            yield connection
            connection.execute("COMMIT")

    def damaged(self, reason: str) -> StoreError:
        """The error for a file whose content is none of ours."""
        return StoreError(f"'{self.path}' holds no usable {self.holds}: {reason}. {self.cure}")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {'FULL' if self.survives == 'power cut' else 'NORMAL'}")
                yield connection
        except (OSError, sqlite3.OperationalError) as error:  # no right to write, no space, locked for long
            raise StoreError(
                f"The {self.holds} in '{self.path}' cannot be read or written: {error}. Check the disk's free space "
                "and your rights there, or choose another folder with --home."
            ) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(str(error)) from error

    def _version(self, connection: sqlite3.Connection) -> int:
        """The version of the schema, 0 before there is one."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version not in (0, self.version):
            raise StoreError(
                f"'{self.path}' has version {version}, this program reads version {self.version}. "
                "Use the program that made it, or choose another folder with --home."
            )
        return version
