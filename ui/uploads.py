"""Uploaded files on disk: under safe names, each there whole or not at all, and gone for good once removed."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePath

from filelock import FileLock, Timeout

from index.errors import StoreError
from index.loading import SUFFIXES

FOLDER = "uploads"
"""The folder's name, in the home."""

# Bytes in UTF-8; file systems take 255, and a number or an ending may be added.
_LONGEST_NAME = 200
# Windows takes none of these in a name, and ends a name at a colon.
_RESERVED = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
# Without them, words of Persian and of Indian languages are spelt wrongly.
_JOINERS = "\u200c\u200d"
# Endings of hidden files: one that is being written, and one whose document is being removed.
_PART = ".part"
_REMOVED = ".removed"


def clean_name(given: str) -> str:
    """Return a name under which a file can be stored and shown, near to the one a browser gave.

    The last part of a path, in NFC, of any script; without control characters, marks that turn words around, full stops
    at its start, and what Windows refuses. Never empty, at most 200 bytes.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    shown = " ".join("".join(filter(_is_shown, last)).split())
    stem, dot, suffix = _RESERVED.sub("_", shown).rstrip(". ").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem, suffix = stem.strip(". "), f"{dot}{suffix.strip()}"
    suffix = suffix if len(suffix.encode()) <= _LONGEST_NAME // 2 else ""
    stem = stem.encode()[: _LONGEST_NAME - len(suffix.encode()) - 1].decode(errors="ignore").strip(f". {_JOINERS}")
    name = f"{stem or 'document'}{suffix}"
    return f"_{name}" if _DEVICES.match(name) else name


def _is_shown(character: str) -> bool:
    return character in _JOINERS or character.isspace() or unicodedata.category(character)[0] != "C"


def numbered(name: str) -> Iterator[str]:
    """Yield a name, then the same with a number: `a.md`, `a (2).md`, `a (3).md` and so on."""
    yield name
    path = PurePath(name)
    yield from (f"{path.stem} ({number}){path.suffix}" for number in count(2))


class Uploads:
    """The folder of uploads in a home.

    Whoever changes it holds `exclusive`. Every method that touches the disk raises `StoreError` if it cannot.
    """

    def __init__(self, home: Path) -> None:
        """Name the folder; nothing is made yet."""
        self._home = home.resolve()
        self.folder = self._home / FOLDER

    def source_of(self, name: str) -> str:
        """Return `Document.source` of an upload, as ingest names a file in the home."""
        return f"{self._home.name}/{FOLDER}/{name}"

    def name_of(self, source: str) -> str | None:
        """Return the file name of an upload, `None` if the source is none."""
        folder, _, name = source.rpartition("/")
        is_one = folder == f"{self._home.name}/{FOLDER}" and name == PurePath(name).name and not name.startswith(".")
        return name if is_one and name else None

    def path_of(self, name: str) -> Path:
        """Return where an upload lies."""
        return self.folder / name

    @contextmanager
    def exclusive(self, *, wait: float) -> Iterator[None]:
        """Let no other thread or process change the folder until the block ends; wait some seconds for it."""
        lock = FileLock(self._home / "uploads.lock", is_singleton=False)
        with _errors_named(self._home):
            self._home.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=wait)
            except Timeout as error:
                raise StoreError("Other documents are being added just now. Try again in a minute.") from error
        try:
            yield
        finally:
            lock.release()

    def names(self) -> list[str]:
        """Return the names of the files that are documents, sorted."""
        with _errors_named(self.folder):
            files = list(self.folder.iterdir()) if self.folder.is_dir() else []
            return sorted(
                file.name
                for file in files
                if not file.name.startswith(".") and file.suffix.lower() in SUFFIXES and file.is_file()
            )

    def holds(self, name: str, content_hash: str) -> bool:
        """Whether there is a file of this name and content."""
        try:
            with self.path_of(name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == content_hash
        except OSError:
            return False

    def store(self, name: str, data: bytes) -> None:
        """Store a file; it survives a power cut, and until it is whole there is none of its name."""
        part = self.path_of(f".{name}{_PART}")
        with _errors_named(self.path_of(name)):
            self.folder.mkdir(exist_ok=True)
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(self.path_of(name))
            except OSError:
                part.unlink(missing_ok=True)
                raise
            self._sync_folder()

    def hide(self, name: str) -> None:
        """Take a file from view, before its document is removed; `forget` or `show` come after."""
        with _errors_named(self.path_of(name)):
            if self.path_of(name).exists():
                self.path_of(name).replace(self._hidden(name))
                self._sync_folder()

    def show(self, name: str) -> None:
        """Undo `hide`."""
        with _errors_named(self.path_of(name)):
            if self._hidden(name).exists():
                self._hidden(name).replace(self.path_of(name))

    def forget(self, name: str) -> None:
        """Delete a file that is hidden."""
        with _errors_named(self.path_of(name)):
            self._hidden(name).unlink(missing_ok=True)

    def hidden(self) -> list[str]:
        """Return the names of the files that are hidden: a removal was cut off."""
        with _errors_named(self.folder):
            return sorted(file.name[1 : -len(_REMOVED)] for file in self.folder.glob(f".*{_REMOVED}"))

    def sweep(self) -> None:
        """Delete what a crash has left of files that were never whole."""
        with _errors_named(self.folder):
            for part in self.folder.glob(f".*{_PART}"):
                part.unlink()

    def _hidden(self, name: str) -> Path:
        return self.path_of(f".{name}{_REMOVED}")

    def _sync_folder(self) -> None:
        """Make a new name durable; Windows does so by itself and opens no folders."""
        if os.name != "nt":
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path.name!r} cannot be written on the server ({error.strerror or error}): its disk may be full, or the"
            " folder of the index may not be written to."
        ) from error
