"""A run over documents: one at a time in a home, what became of each, and the lexical index that follows."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from filelock import FileLock, Timeout

from index.catalog import Catalog
from index.errors import StoreError
from index.lexical_sync import open_lexical_index, sync_lexical_index

# How soon what is ingested is found lexically. A commit takes 20 to 80 ms, however small it is.
_SYNC_SECONDS = 2.0
# How long the end of a run waits for another process that brings the lexical index up to date.
_SYNC_WAIT = 60.0


class State(StrEnum):
    """What became of one document in one run."""

    INDEXED = "indexed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One document's result.

    `reason` says why it failed, or what was noticed about it. A failure is `transient` if the document is not to blame
    for it, so that the same may succeed later.
    """

    source: str
    state: State
    reason: str = ""
    chunks: int = 0
    transient: bool = False


@dataclass(frozen=True, slots=True)
class IngestReport:
    """All results of one run, in the order they were reached."""

    outcomes: tuple[Outcome, ...]

    def count(self, state: State) -> int:
        """Return how many documents ended in a state."""
        return sum(outcome.state is state for outcome in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The failures."""
        return tuple(outcome for outcome in self.outcomes if outcome.state is State.FAILED)


Progress = Callable[[Outcome], None]


@contextmanager
def exclusive(catalog: Catalog, *, wait: float = 0) -> Iterator[None]:
    """Let no other run change this home until the block ends.

    Args:
        catalog: The home's catalog.
        wait: Seconds to wait for another run to end.

    Raises:
        StoreError: If another one goes on, or the lock cannot be made.
    """
    home = catalog.path.parent
    lock = FileLock(home / "ingest.lock", is_singleton=False)
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise StoreError(f"Another ingest is running in '{home}'. Wait until it ends, then try again.") from error
    except OSError as error:
        raise StoreError(
            f"'{home}' cannot be written ({error.strerror or error}). Check the disk's free space and your rights."
        ) from error
    try:
        yield
    finally:
        lock.release()


def complete(outcomes: Iterable[Outcome], catalog: Catalog, *, index_id: int, progress: Progress) -> IngestReport:
    """Let each document be done, and the lexical index follow, also if one ends the run."""
    done: list[Outcome] = []
    lexical = open_lexical_index(catalog, index_id=index_id)
    synced = time.monotonic()
    try:
        for outcome in outcomes:
            done.append(outcome)
            progress(outcome)
            if time.monotonic() - synced > _SYNC_SECONDS:
                sync_lexical_index(catalog, lexical, index_id=index_id)
                synced = time.monotonic()
    finally:
        sync_lexical_index(catalog, lexical, index_id=index_id, wait=_SYNC_WAIT)
    return IngestReport(tuple(done))


def unknown_document(source: str) -> Outcome:
    """The outcome for a name that no document has."""
    return Outcome(source, State.FAILED, f"There is no document {source!r}: `footnote documents` lists the names.")
