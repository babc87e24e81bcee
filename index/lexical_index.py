"""BM25 search over analysed terms: an FTS5 table inside the catalog's file, so both change in one transaction.

Rows are addressed by the chunk's sequence number in the catalog. BM25 has k1 = 1.2 and b = 0.75 (fixed by FTS5;
Robertson & Zaragoza 2009).
"""

import sqlite3
from collections.abc import Iterable, Sequence

# What stands around a chunk (title, headings) says what it is about, but is shared by all chunks of a document.
CONTEXT_WEIGHT = 0.4
# A pasted page is not a question: more terms than this cost time and find nothing new.
MAX_QUERY_TERMS = 128

# Terms come ready from `analysis`; FTS5 shall only cut at the spaces between them, so letters, numbers, marks,
# punctuation and symbols of all scripts count as parts of a token.
_SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS lexical USING fts5(
    body, context,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co S* P*'"
)
"""


def create(connection: sqlite3.Connection) -> None:
    """Create the table if it is not there."""
    connection.execute(_SCHEMA)


def add(connection: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[str], Sequence[str]]]) -> None:
    """Add chunks, each as (sequence number, terms of its text, terms of its title and headings)."""
    connection.executemany(
        "INSERT INTO lexical (rowid, body, context) VALUES (?, ?, ?)",
        ((seq, " ".join(body), " ".join(context)) for seq, body, context in rows),
    )


def delete(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Delete chunks by sequence number."""
    connection.executemany("DELETE FROM lexical WHERE rowid = ?", ((seq,) for seq in seqs))


def search(
    connection: sqlite3.Connection, terms: Sequence[str], *, limit: int, within: str | None = None
) -> list[tuple[int, float]]:
    """Return (sequence number, BM25 score) of the chunks that hold any of the terms, best first.

    Args:
        connection: The catalog's.
        terms: What `analysis` made of the query.
        limit: How many at most.
        within: A SELECT statement that gives the only sequence numbers that may be found.
    """
    wanted = list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]
    if not wanted:
        return []
    query = " OR ".join('"' + term.replace('"', '""') + '"' for term in wanted)
    only = f"AND rowid IN ({within})" if within else ""
    rows = connection.execute(
        # FTS5 gives better matches smaller numbers.
        f"SELECT rowid, -bm25(lexical, 1.0, ?) AS score FROM lexical WHERE lexical MATCH ? {only} "  # noqa: S608
        "ORDER BY score DESC, rowid LIMIT ?",
        (CONTEXT_WEIGHT, query, limit),
    )
    return [(int(seq), float(score)) for seq, score in rows]


def count(connection: sqlite3.Connection) -> int:
    """Return the number of chunks in the table."""
    return int(connection.execute("SELECT count(*) FROM lexical").fetchone()[0])
