"""How far the searchable copies have followed the catalog. Changes here change nothing that can be found."""

from collections.abc import Iterable

from index.database import Database, as_int


class DeadChunks:
    """For each index: the numbers of deleted chunks that a copy may still hold."""

    def __init__(self, database: Database, *, table: str) -> None:
        self._database = database
        self._table = table

    def dead(self, index_id: int) -> list[int]:
        """Return the numbers of deleted chunks that the copy may still hold, in order."""
        rows = self._database.rows(
            f"SELECT seq FROM {self._table} WHERE index_id = ? ORDER BY seq",  # noqa: S608
            (index_id,),
        )
        return [as_int(row[0]) for row in rows]

    def dead_count(self, index_id: int) -> int:
        """Return how many deleted chunks the copy may still hold."""
        (row,) = self._database.rows(
            f"SELECT count(*) FROM {self._table} WHERE index_id = ?",  # noqa: S608
            (index_id,),
        )
        return as_int(row[0])

    def forget_dead(self, seqs: Iterable[int]) -> None:
        """Note that the copy holds these no more."""
        with self._database.transaction(counted=False) as connection:
            connection.executemany(
                f"DELETE FROM {self._table} WHERE seq = ?",  # noqa: S608
                ((seq,) for seq in seqs),
            )


class CopyLog(DeadChunks):
    """Of the vector store: also up to which number an index's chunks were copied."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, table="dead")

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
