"""The record that decides what exists: documents with their state, chunks with offsets, and each chunk's vector.

One SQLite file. Everything searchable is written in the transaction that makes it visible, so a reader sees a document
whole, old or new, and a crash leaves one of the two. Chroma holds a copy of the vectors, which follows by `copies`.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import lexical_index
from index.copy_log import CopyLog
from index.database import Database, Row, as_int
from index.documents import Chunk, Document
from index.embedding import Vectors
from index.errors import IndexMismatchError, StoreError

_ACTIVE = "(SELECT id FROM active)"
# Of the table `indexes`: those that are not searched.
_INACTIVE = f"id IS NOT {_ACTIVE}"
# Stays below SQLite's limit of variables in one statement.
_MANY = 500


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
    terms: Sequence[str]
    """Search terms of its text."""
    context_terms: Sequence[str]
    """Search terms of the title and headings it stands under."""


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """Chunks' sequence numbers (n,) and vectors (n, dimensions), in the order of the numbers."""

    seqs: NDArray[np.int64]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Revision:
    """Which state of the catalog was seen; any commit that changes what can be found changes it."""

    index_id: int | None
    commits: int


class Catalog:
    """The catalog of one home. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if it is not there.

        Raises:
            StoreError: If it cannot be opened, is damaged, or was made by a newer version.
        """
        self.path = path
        self._database = Database(path)
        self.copies = CopyLog(self._database)

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

    def replace_document(self, document: Document, chunks: Sequence[IndexedChunk]) -> None:
        """Put a document and its chunks in the place of its former version, in one commit."""
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
            _insert_chunks(connection, index_id, chunks)

    def add_to_index(self, index_id: int, chunks: Sequence[IndexedChunk]) -> None:
        """Add a document's chunks to an index that is being built beside the active one."""
        with self._database.transaction() as connection:
            _insert_chunks(connection, index_id, chunks)

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

    # -- Chunks --------------------------------------------------------------------------------------------------------

    def search_lexical(self, terms: Sequence[str], *, limit: int) -> list[tuple[int, float]]:
        """Return (sequence number, BM25 score) of live chunks, best first."""
        with self._database.reading() as connection:
            unfinished = connection.execute(f"SELECT 1 FROM indexes WHERE {_INACTIVE}").fetchone()  # noqa: S608
            # What a rebuild has made so far is never searched, and takes no place of what is.
            within = "SELECT seq FROM live" if unfinished else None
            return lexical_index.search(connection, terms, limit=limit, within=within)

    def chunks(self, seqs: Sequence[int]) -> dict[int, Chunk]:
        """Return the live chunks with these numbers; numbers that are gone are left out."""
        found: dict[int, Chunk] = {}
        for at in range(0, len(seqs), _MANY):
            some = seqs[at : at + _MANY]
            marks = ",".join("?" * len(some))
            rows = self._database.rows(
                f'SELECT seq, id, source, text, start, "end", heading FROM live WHERE seq IN ({marks})',  # noqa: S608
                some,
            )
            found.update({as_int(row[0]): _chunk(row[1:]) for row in rows})
        return found

    def count_chunks(self) -> int:
        """Return the number of live chunks."""
        return as_int(self._database.rows("SELECT count(*) FROM live")[0][0])

    def neighbours(self, chunk_id: str, *, before: int, after: int) -> list[Chunk]:
        """Return a chunk with those before and after it in its document, in order; nothing if it is gone."""
        rows = self._database.rows(
            # A document's chunks are numbered without a gap: they are written in one commit.
            """
            SELECT near.id, near.source, near.text, near.start, near."end", near.heading
            FROM live AS found JOIN chunks AS near ON near.seq BETWEEN found.seq - ? AND found.seq + ?
                AND near.source = found.source AND near.index_id = found.index_id
            WHERE found.id = ? ORDER BY near.seq
            """,
            (before, after, chunk_id),
        )
        return [_chunk(row) for row in rows]

    def vectors(self, *, after: int = 0, limit: int | None = None) -> StoredVectors:
        """Return the vectors of the live chunks whose number is greater than `after`, in order of the numbers."""
        rows = self._database.rows(
            "SELECT seq, vector FROM live WHERE seq > ? ORDER BY seq LIMIT ?", (after, -1 if limit is None else limit)
        )
        if not rows:
            return StoredVectors(np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)  # type: ignore[misc]
        return StoredVectors(np.array([row[0] for row in rows], np.int64), matrix.astype(np.float32, copy=False))

    def problems(self) -> list[str]:
        """Check the file itself; return a sentence for each thing that is wrong."""
        found = [
            f"The catalog is damaged: {row[0]}." for row in self._database.rows("PRAGMA quick_check") if row[0] != "ok"
        ]
        (row,) = self._database.rows("SELECT count(*) FROM chunks")
        with self._database.reading() as connection:
            in_lexical = lexical_index.count(connection)
        if row[0] != in_lexical:
            found.append(f"The catalog holds {row[0]} chunks, the lexical index {in_lexical}.")
        return found


def _chunk(row: Row) -> Chunk:
    return Chunk(*row)  # type: ignore[arg-type]


def _insert_chunks(connection: sqlite3.Connection, index_id: int, chunks: Sequence[IndexedChunk]) -> None:
    for dimensions in dict.fromkeys(len(indexed.vector) for indexed in chunks):
        _check_dimensions(connection, index_id, dimensions)
    lexical_rows = []
    for indexed in chunks:
        chunk, vector = indexed.chunk, indexed.vector.astype("<f4")
        cursor = connection.execute(
            'INSERT INTO chunks (index_id, source, id, text, start, "end", heading, vector) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (index_id, chunk.source, chunk.id, chunk.text, chunk.start, chunk.end, chunk.heading, vector.tobytes()),
        )
        lexical_rows.append((as_int(cursor.lastrowid), indexed.terms, indexed.context_terms))
    lexical_index.add(connection, lexical_rows)


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
    seqs = [as_int(row[0]) for row in connection.execute("SELECT seq FROM chunks WHERE source = ?", (source,))]
    lexical_index.delete(connection, seqs)
    connection.execute("INSERT INTO dead SELECT seq, index_id FROM chunks WHERE source = ?", (source,))
    connection.execute("DELETE FROM chunks WHERE source = ?", (source,))


def _drop_inactive(connection: sqlite3.Connection) -> None:
    theirs = f"index_id IS NOT {_ACTIVE}"
    connection.execute(f"DELETE FROM lexical WHERE rowid IN (SELECT seq FROM chunks WHERE {theirs})")  # noqa: S608
    connection.execute(f"DELETE FROM chunks WHERE {theirs}")  # noqa: S608
    connection.execute(f"DELETE FROM dead WHERE {theirs}")  # noqa: S608
    connection.execute(f"DELETE FROM indexes WHERE {_INACTIVE}")  # noqa: S608


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
