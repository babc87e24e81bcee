"""Chunks as the catalog's file holds them: by number or document, with vectors, token ids or neighbours."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.database import Database, Row, as_int
from index.documents import Chunk
from index.embedding import Vectors

# Stays below SQLite's limit of variables in one statement.
_MANY = 500

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class LexicalText:
    """What the lexical index is made from, of one chunk."""

    seq: int
    text: str
    context: str
    """The title and headings it stands under."""
    source: str
    language: str


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """Chunks' sequence numbers (n,) and vectors (n, dimensions), in the order of the numbers."""

    seqs: NDArray[np.int64]
    vectors: Vectors


class ChunkReader:
    """What can be asked about chunks. Live ones, which are searched, are those of the active index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def chunks(self, seqs: Sequence[int]) -> dict[int, Chunk]:
        """Return the live chunks with these numbers; numbers that are gone are left out."""
        found: dict[int, Chunk] = {}
        for some in _slices(seqs):
            rows = self._database.rows(
                f'SELECT seq, id, source, text, start, "end", heading FROM live WHERE seq IN ({_marks(some)})',  # noqa: S608
                some,
            )
            found.update({as_int(row[0]): _chunk(row[1:]) for row in rows})
        return found

    def sources(self, seqs: Sequence[int]) -> dict[int, str]:
        """Return which document each of the live chunks with these numbers is of."""
        found: dict[int, str] = {}
        for some in _slices(seqs):
            rows = self._database.rows(f"SELECT seq, source FROM live WHERE seq IN ({_marks(some)})", some)  # noqa: S608
            found.update({as_int(seq): str(source) for seq, source in rows})
        return found

    def seqs(self, sources: Iterable[str], *, limit: int | None = None) -> list[int]:
        """Return the numbers of the documents' live chunks in order; of too many, any `limit` of them."""
        rows = self._database.rows(
            "SELECT live.seq FROM json_each(?) AS wanted CROSS JOIN live ON live.source = wanted.value LIMIT ?",
            (json.dumps(list(sources)), -1 if limit is None else limit),
        )
        return sorted(as_int(row[0]) for row in rows)

    def token_ids(self, chunk_ids: Sequence[str], *, model: str) -> dict[str, NDArray[np.uint32]]:
        """Return the subword ids of the live chunks with these ids; those without ids of this model are left out."""
        found: dict[str, NDArray[np.uint32]] = {}
        for some in _slices(chunk_ids):
            rows = self._database.rows(
                "SELECT chunks.id, chunks.tokens FROM chunks JOIN active ON chunks.index_id = active.id "  # noqa: S608
                "JOIN indexes ON indexes.id = active.id WHERE chunks.tokens IS NOT NULL "
                f"AND indexes.tokens_of = ? AND chunks.seq > indexes.tokens_after AND chunks.id IN ({_marks(some)})",
                (model, *some),
            )
            found.update({str(row[0]): np.frombuffer(row[1], "<u4") for row in rows})  # type: ignore[call-overload]
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
        return _stored_vectors(rows)

    def vectors_of(self, seqs: Sequence[int]) -> StoredVectors:
        """Return the vectors of the live chunks with these numbers, in order of the numbers."""
        rows = [
            row
            for some in _slices(sorted(seqs))
            for row in self._database.rows(
                f"SELECT seq, vector FROM live WHERE seq IN ({_marks(some)}) ORDER BY seq",  # noqa: S608
                some,
            )
        ]
        return _stored_vectors(rows)

    def lexical_texts(self, index_id: int, *, after: int, limit: int) -> list[LexicalText]:
        """Return what the lexical index needs of an index's chunks numbered above `after`, in order of the numbers."""
        # Each document is looked up once: to find one, SQLite reads the whole text of each that it compares.
        rows = self._database.rows(
            """
            WITH batch AS MATERIALIZED (
                SELECT seq, text, heading, source FROM chunks WHERE index_id = ? AND seq > ? ORDER BY seq LIMIT ?
            ), titled AS MATERIALIZED (
                SELECT source, title, language FROM documents WHERE source IN (SELECT source FROM batch)
            )
            SELECT seq, text, title || ' ' || heading, source, language
            FROM batch JOIN titled USING (source) ORDER BY seq
            """,
            (index_id, after, limit),
        )
        return [LexicalText(*row) for row in rows]  # type: ignore[arg-type]

    def count_up_to(self, index_id: int, seq: int) -> tuple[int, int]:
        """Return how many chunks of an index there are up to a number, and how many above it."""
        (row,) = self._database.rows(
            "SELECT (SELECT count(*) FROM chunks WHERE index_id = ?1 AND seq <= ?2), "
            "(SELECT count(*) FROM chunks WHERE index_id = ?1 AND seq > ?2)",
            (index_id, seq),
        )
        return as_int(row[0]), as_int(row[1])

    def last_seq(self, index_id: int) -> int:
        """Return the greatest number of an index's chunks, 0 if it has none."""
        (row,) = self._database.rows("SELECT coalesce(max(seq), 0) FROM chunks WHERE index_id = ?", (index_id,))
        return as_int(row[0])


def _slices(values: Sequence[_Value]) -> Iterable[Sequence[_Value]]:
    return (values[at : at + _MANY] for at in range(0, len(values), _MANY))


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _stored_vectors(rows: Sequence[Row]) -> StoredVectors:
    if not rows:
        return StoredVectors(np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
    matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)  # type: ignore[misc]
    return StoredVectors(np.array([row[0] for row in rows], np.int64), matrix.astype(np.float32, copy=False))


def _chunk(row: Row) -> Chunk:
    return Chunk(*row)  # type: ignore[arg-type]
