"""How far the vector store has followed the catalog. Changes here change nothing that can be found."""

from collections.abc import Iterable

from index.database import Database, as_int


class CopyLog:
    """For each index: up to which number its chunks were copied, and which deleted ones are still to be taken out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def store(self) -> str | None:
        """Which vector store this log is about; `None` before the first."""
        name = self._database.meta("copied_to")
        return None if name is None else str(name)

    def start(self, store: str) -> None:
        """Begin anew with another vector store, which holds nothing yet."""
        with self._database.transaction(counted=False) as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('copied_to', ?)", (store,))
            connection.execute("UPDATE indexes SET synced = 0")

    def synced(self, index_id: int) -> int:
        """Return the greatest number that has been copied, 0 if none or if the index is gone."""
        rows = self._database.rows("SELECT synced FROM indexes WHERE id = ?", (index_id,))
        return as_int(rows[0][0]) if rows else 0

    def set_synced(self, index_id: int, seq: int) -> None:
        """Note that all chunks of an index up to a number have been copied."""
        with self._database.transaction(counted=False) as connection:
            connection.execute("UPDATE indexes SET synced = ? WHERE id = ?", (seq, index_id))

    def copied(self, index_id: int) -> list[int]:
        """Return the numbers of an index's chunks that have been copied and not been deleted since, in order."""
        rows = self._database.rows(
            "SELECT seq FROM chunks WHERE index_id = ? AND seq <= ? ORDER BY seq", (index_id, self.synced(index_id))
        )
        return [as_int(row[0]) for row in rows]

    def dead(self, index_id: int) -> list[int]:
        """Return the numbers of deleted chunks that the vector store may still hold, in order."""
        rows = self._database.rows("SELECT seq FROM dead WHERE index_id = ? ORDER BY seq", (index_id,))
        return [as_int(row[0]) for row in rows]

    def dead_count(self, index_id: int) -> int:
        """Return how many deleted chunks the vector store may still hold."""
        (row,) = self._database.rows("SELECT count(*) FROM dead WHERE index_id = ?", (index_id,))
        return as_int(row[0])

    def forget_dead(self, seqs: Iterable[int]) -> None:
        """Note that the vector store holds these no more."""
        with self._database.transaction(counted=False) as connection:
            connection.executemany("DELETE FROM dead WHERE seq = ?", ((seq,) for seq in seqs))
