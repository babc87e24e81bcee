"""The record that decides what exists: documents with their state, chunks with offsets, and each chunk's vector.

One SQLite file. A document is written in the transaction that makes it visible, so a reader sees it whole, old or new,
and a crash leaves one of the two. Chroma and the lexical index are derived from it and follow by sequence number; what
they find and is no longer here does not exist.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.chunk_reader import ChunkReader
from index.copy_log import CopyLog, DeadChunks
from index.database import Database, as_int
from index.documents import Chunk, Document
from index.errors import IndexMismatchError, StoreError
from index.filters import DocumentFacts, split_tags

_ACTIVE = "(SELECT id FROM active)"
# Of the table `indexes`: those that are not searched.
_INACTIVE = f"id IS NOT {_ACTIVE}"


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """What an index was made with; two that differ do not mix."""

    embedding: str
    chunking: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One line of the catalog.

    A failed document keeps its last good version, if it had one: then `chunks` is not 0 and it still answers.
    """

    source: str
    state: str
    reason: str | None
    title: str
    language: str
    date: str | None
    content_hash: str | None
    chunks: int
    changed_at: str


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with what it is found by."""

    chunk: Chunk
    vector: NDArray[np.float32]
    tokens: NDArray[np.uint32] | None = None
    """The ids of its subwords, if they are to be kept."""


@dataclass(frozen=True, slots=True)
class Revision:
    """Which state of the catalog was seen; any commit that changes what can be found changes it."""

    index_id: int | None
    commits: int


class Catalog(ChunkReader):
    """The catalog of one home. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if it is not there.

        Raises:
            StoreError: If it cannot be opened, is damaged, or was made by a newer version.
        """
        self.path = path
        super().__init__(Database(path))
        self.copies = CopyLog(self._database)
        self.lexical_dead = DeadChunks(self._database, table="lexical_dead")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def home_id(self) -> str:
        """A random name of this home, for shared servers."""
        return str(self._database.meta("home_id"))

    @property
    def revision(self) -> Revision:
        """The state of the catalog now, whoever changed it."""
        (row,) = self._database.rows("SELECT value, (SELECT id FROM active) FROM meta WHERE key = 'commits'")
        return Revision(commits=as_int(row[0]), index_id=None if row[1] is None else as_int(row[1]))

    # -- Indexes: what the chunks were made with -----------------------------------------------------------------------

    @property
    def identity(self) -> IndexIdentity | None:
        """What the active index was made with; `None` before the first document."""
        rows = self._database.rows("SELECT embedding, chunking FROM indexes JOIN active USING (id)")
        return IndexIdentity(str(rows[0][0]), str(rows[0][1])) if rows else None

    def require(self, identity: IndexIdentity) -> None:
        """Check that the active index was made as asked for.

        Raises:
            IndexMismatchError: If it was not; the message names both cures.
        """
        stored = self.identity
        if stored is None or stored == identity:
            return
        differences = [
            f"{what} {old!r}, but {new!r} is set"
            for what, old, new in (
                ("the embedding model", stored.embedding, identity.embedding),
                ("the chunking", stored.chunking, identity.chunking),
            )
            if old != new
        ]
        raise IndexMismatchError(
            f"The index in '{self.path.parent}' was made with {'; '.join(differences)}. "
            "Run 'footnote ingest --rebuild' to make it anew from the stored texts, or take the setting back."
        )

    def start_index(self, identity: IndexIdentity) -> int:
        """Create an index beside the active one and return its number; it is searched once activated."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO indexes (embedding, chunking) VALUES (?, ?)", (identity.embedding, identity.chunking)
            )
            return as_int(cursor.lastrowid)

    def activate_index(self, index_id: int) -> None:
        """Make an index the one that is searched, and drop all others."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('active_index', ?)", (index_id,))
            _drop_inactive(connection)

    def drop_unfinished(self) -> None:
        """Drop what a rebuild left that did not come to its end."""
        if self._database.rows(f"SELECT 1 FROM indexes WHERE {_INACTIVE}"):  # noqa: S608
            with self._database.transaction() as connection:
                _drop_inactive(connection)

    # -- Documents -----------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        rows = self._database.rows(
            """
            SELECT source, state, reason, coalesce(title, source), coalesce(language, 'und'), date, content_hash,
                   coalesce(chunks, 0), changed_at
            FROM documents LEFT JOIN (SELECT source, count(*) AS chunks FROM live GROUP BY source) USING (source)
            ORDER BY source
            """
        )
        return [DocumentRecord(*row) for row in rows]  # type: ignore[arg-type]

    def languages(self) -> dict[str, str]:
        """Return the language of every document that is searched, by source."""
        rows = self._database.rows("SELECT source, language FROM documents WHERE text IS NOT NULL")
        return {str(source): str(language) for source, language in rows}

    def document_facts(self) -> list[DocumentFacts]:
        """Return what filters look at, of every document that is searched."""
        rows = self._database.rows(
            "SELECT source, language, date, json_extract(metadata, '$.tags') FROM documents WHERE text IS NOT NULL"
        )
        return [
            DocumentFacts(str(source), str(language), None if date is None else str(date), split_tags(str(tags or "")))
            for source, language, date, tags in rows
        ]

    def get_document(self, source: str) -> Document | None:
        """Return the version of a document that is searched, or `None` if there is none."""
        rows = self._database.rows(
            "SELECT source, title, language, text, content_hash, date, metadata FROM documents "
            "WHERE source = ? AND text IS NOT NULL",
            (source,),
        )
        if not rows:
            return None
        *columns, metadata = rows[0]
        return Document(*columns, metadata=json.loads(str(metadata)))  # type: ignore[arg-type, misc]

    def replace_document(
        self, document: Document, chunks: Sequence[IndexedChunk], *, tokens_of: str | None = None
    ) -> None:
        """Put a document and its chunks in the place of its former version, in one commit.

        Args:
            document: The new version.
            chunks: Its chunks, in order.
            tokens_of: The name of the model that the chunks' token ids belong to.
        """
        index_id = self.revision.index_id
        if index_id is None:
            raise StoreError(f"No index is active in '{self.path.parent}'.")
        row = (
            document.source,
            document.title,
            document.language,
            document.date,
            json.dumps(document.metadata, ensure_ascii=False),
            document.text,
            document.content_hash,
            _now(),
        )
        with self._database.transaction() as connection:
            _bury_chunks(connection, document.source)
            connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, 'indexed', NULL, ?)", row)
            _insert_chunks(connection, index_id, chunks, tokens_of)

    def add_to_index(self, index_id: int, chunks: Sequence[IndexedChunk], *, tokens_of: str | None = None) -> None:
        """Add a document's chunks to an index that is being built beside the active one."""
        with self._database.transaction() as connection:
            _insert_chunks(connection, index_id, chunks, tokens_of)

    def record_failure(self, source: str, reason: str) -> None:
        """Note that a document could not be read; its last good version, if any, stays searchable."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO documents (source, state, reason, changed_at) VALUES (?, 'failed', ?, ?) "
                "ON CONFLICT (source) DO UPDATE "
                "SET state = excluded.state, reason = excluded.reason, changed_at = excluded.changed_at",
                (source, reason, _now()),
            )

    def clear_failure(self, source: str) -> None:
        """Note that the file of a failed document is again the one its last good version was read from."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE documents SET state = 'indexed', reason = NULL WHERE source = ?", (source,))

    def remove_document(self, source: str) -> None:
        """Remove a document and everything derived from it."""
        with self._database.transaction() as connection:
            _bury_chunks(connection, source)
            connection.execute("DELETE FROM documents WHERE source = ?", (source,))

    def problems(self) -> list[str]:
        """Check the file itself; return a sentence for each thing that is wrong."""
        return [
            f"The catalog is damaged: {row[0]}." for row in self._database.rows("PRAGMA quick_check") if row[0] != "ok"
        ]


def _insert_chunks(
    connection: sqlite3.Connection, index_id: int, chunks: Sequence[IndexedChunk], tokens_of: str | None
) -> None:
    for dimensions in dict.fromkeys(len(indexed.vector) for indexed in chunks):
        _check_dimensions(connection, index_id, dimensions)
    if tokens_of is not None:
        # Ids of another model that are there already count for nothing from now on.
        connection.execute(
            "UPDATE indexes SET tokens_of = ?, tokens_after = (SELECT coalesce(max(seq), 0) FROM chunks) "
            "WHERE id = ? AND tokens_of IS NOT ?",
            (tokens_of, index_id, tokens_of),
        )
    connection.executemany(
        'INSERT INTO chunks (index_id, source, id, text, start, "end", heading, vector, tokens) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (index_id, *_columns(indexed.chunk), indexed.vector.astype("<f4").tobytes(), _blob(indexed.tokens))
            for indexed in chunks
        ),
    )


def _columns(chunk: Chunk) -> tuple[object, ...]:
    return (chunk.source, chunk.id, chunk.text, chunk.start, chunk.end, chunk.heading)


def _blob(tokens: NDArray[np.uint32] | None) -> bytes | None:
    return None if tokens is None else tokens.astype("<u4").tobytes()


def _check_dimensions(connection: sqlite3.Connection, index_id: int, dimensions: int) -> None:
    connection.execute("UPDATE indexes SET dimensions = ? WHERE id = ? AND dimensions IS NULL", (dimensions, index_id))
    known, embedding = connection.execute(
        "SELECT dimensions, embedding FROM indexes WHERE id = ?", (index_id,)
    ).fetchone()
    if known != dimensions:
        raise IndexMismatchError(
            f"The embedding model {embedding!r} gives {dimensions} dimensions, the index holds {known}: "
            "it is not the model it was. Run 'footnote ingest --rebuild'."
        )


def _bury_chunks(connection: sqlite3.Connection, source: str) -> None:
    for table in ("dead", "lexical_dead"):
        connection.execute(
            f"INSERT INTO {table} SELECT seq, index_id FROM chunks WHERE source = ?",  # noqa: S608
            (source,),
        )
    connection.execute("DELETE FROM chunks WHERE source = ?", (source,))


def _drop_inactive(connection: sqlite3.Connection) -> None:
    theirs = f"index_id IS NOT {_ACTIVE}"
    for table in ("chunks", "dead", "lexical_dead"):
        connection.execute(f"DELETE FROM {table} WHERE {theirs}")  # noqa: S608
    connection.execute(f"DELETE FROM indexes WHERE {_INACTIVE}")  # noqa: S608


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
