"""Files that are being received: in the home until they are done with, and swept up after a crash."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import StoreError

FOLDER = "incoming"
"""The folder's name, in the home."""

_LOCK = "lock"
# Making a folder, and deleting what a crash has left, takes milliseconds.
_PATIENCE = 10.0


class IncomingFolder:
    """A folder for the files of one request. Everything in it goes with `close`; after a crash, with the next one."""

    def __init__(self, home: Path) -> None:
        """Make it, and sweep up what belongs to nobody any more.

        Raises:
            StoreError: If the home cannot be written.
        """
        self.path = home / FOLDER / uuid.uuid4().hex
        # It dies with this process, which tells others that the folder can go.
        self._lock = _lock_in(self.path)
        with _errors_named():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _swept(home):
                self.path.mkdir()
                self._lock.acquire(timeout=0)

    def close(self) -> None:
        """Delete it; what cannot be deleted now is swept up later."""
        with suppress(OSError):
            for file in self.path.iterdir():
                if file.name != _LOCK:
                    file.unlink(missing_ok=True)
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep_up(home: Path) -> None:
    """Delete what a crash has left of files that were being received; a server does so when it starts.

    Raises:
        StoreError: If the home cannot be written.
    """
    if (home / FOLDER).is_dir():
        with _errors_named(), _swept(home):
            pass


@contextmanager
def _swept(home: Path) -> Iterator[None]:
    """Delete folders that belong to nobody; until the block ends, nobody takes a new one for such a one."""
    with FileLock(home / f"{FOLDER}.lock", is_singleton=False).acquire(timeout=_PATIENCE):
        for folder in (home / FOLDER).iterdir():
            _sweep(folder)
        yield


def _lock_in(folder: Path) -> FileLock:
    return FileLock(folder / _LOCK, is_singleton=False, thread_local=False)


def _sweep(folder: Path) -> None:
    """Delete a folder, unless whoever made it still lives."""
    lock = _lock_in(folder)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):  # it is in use, or has just gone
        return
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except (OSError, Timeout) as error:
        raise StoreError(
            f"Files cannot be received on the server ({getattr(error, 'strerror', None) or error}): its disk may be"
            " full, or the folder of the index may not be written to."
        ) from error
