"""Uploads on their way in: each file of a multipart form goes to the disk as it comes, within limits."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import CapacityLimiter, to_thread
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from index.errors import StoreError
from ui.api.body_limits import CLOSING, announced_size
from ui.api.refusals import RefusalError
from ui.problems import Problem

if TYPE_CHECKING:  # the library has it for type checkers alone
    from python_multipart.multipart import MultipartCallbacks

MOST_FILES = 100
"""In one request: more are better sent in several, of which each says what became of its files."""
MOST_FULL_FILES = 10
"""How many files of the largest size one request may be as large as."""

# Names and headers of parts, and the boundaries between them.
_PART_BYTES = 8192
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may send."""

    file_bytes: int
    """Of each file."""
    field: str = "files"
    """The name of the field they are sent in."""
    files: int = MOST_FILES
    silence: float = 30.0
    """Seconds that may pass without a byte."""
    seconds: float = 30 * 60.0
    """Until all of it has come: 20 MiB over the slowest connections."""

    @property
    def body_bytes(self) -> int:
        """Of the whole form."""
        return self.file_bytes * MOST_FULL_FILES + self.files * _PART_BYTES


@dataclass(slots=True)
class ReceivedFile:
    """A file as it was sent."""

    name: str
    """As its sender calls it: not to be trusted."""
    path: Path
    """Where its bytes are."""
    size: int = 0
    hashed: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            StoreError: If they cannot be written.
        """
        try:
            with self.path.open("ab") as file:
                file.write(data)
        except OSError as error:
            raise StoreError(f"The upload cannot be stored on the server ({error.strerror or error}).") from error
        self.hashed.update(data)


async def receive_files(
    request: Request, folder: Path, *, limits: Limits, limiter: CapacityLimiter
) -> list[ReceivedFile]:
    """Read a multipart form to its end; what was received of a form that is refused is left in the folder.

    Args:
        request: Brings the form.
        folder: Where the files go, under names of ours.
        limits: How much is too much.
        limiter: Bounds how many threads write at once.

    Raises:
        RefusalError: If the form is too large, cut off, or no form with files.
        StoreError: If the disk takes no more.
        ClientDisconnect: If the sender goes away.
    """
    if announced_size(request.scope) > limits.body_bytes:
        raise _form_too_large(limits)
    _, options = parse_options_header(request.headers["content-type"])
    form = _Form(folder, limits)
    with _errors_named():
        parser = MultipartParser(options.get(b"boundary", b""), form.callbacks())
    received = 0
    async for chunk in body(request, limits):
        received += len(chunk)
        if received > limits.body_bytes:
            raise _form_too_large(limits)
        with _errors_named():
            parser.write(chunk)
        if form.arrived:
            await to_thread.run_sync(partial(_write, tuple(form.arrived)), limiter=limiter)
            form.arrived.clear()
    if not form.is_whole:
        raise RefusalError(Problem.INVALID, "The form is cut off: its last boundary is missing. Send it again.")
    if not form.files:
        raise RefusalError(Problem.INVALID, f"The form has no file: send one or more in the field {limits.field!r}.")
    return form.files


async def body(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """Yield the body of a request in pieces.

    Raises:
        RefusalError: If it takes too long.
        ClientDisconnect: If the sender goes away.
    """
    pieces = request.stream()
    latest = anyio.current_time() + limits.seconds
    while True:
        piece: bytes | None = None
        with anyio.move_on_at(min(latest, anyio.current_time() + limits.silence)) as waiting:
            piece = await anext(pieces, None)
        if waiting.cancelled_caught:
            raise RefusalError(Problem.TIMEOUT, headers=CLOSING)
        if piece is None:
            return
        yield piece


class _Form:
    """What the parser has found so far."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.files: list[ReceivedFile] = []
        self.arrived: list[tuple[ReceivedFile, bytes]] = []
        self.is_whole = False
        self._folder, self._limits = folder, limits
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_file,
            "on_part_data": self._add_data,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begin_file(self) -> None:
        _, options = parse_options_header(self._disposition)
        name, limits = _decoded(options.get(b"name", b"")), self._limits
        if name != limits.field or b"filename" not in options:
            raise RefusalError(
                Problem.INVALID,
                f"The form has a field {name[:100]!r} that is not expected: send files, each with its file name, in"
                f" the field {limits.field!r}.",
            )
        if len(self.files) == limits.files:
            raise _too_large(f"The form has more than {limits.files} files: send them in several requests.")
        file = ReceivedFile(_decoded(options[b"filename"]), self._folder / str(len(self.files)))
        self.files.append(file)
        self.arrived.append((file, b""))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        file, limits = self.files[-1], self._limits
        file.size += end - start
        if file.size > limits.file_bytes:
            raise _too_large(
                f"{file.name[:200]!r} has more than the limit of {limits.file_bytes / _MIB:g} MiB: split it, or raise"
                " FOOTNOTE_MAX_FILE_MB on the server."
            )
        self.arrived.append((file, data[start:end]))

    def _end(self) -> None:
        self.is_whole = True


def _write(arrived: tuple[tuple[ReceivedFile, bytes], ...]) -> None:
    for file, data in arrived:
        file.write(data)


def _form_too_large(limits: Limits) -> RefusalError:
    megabytes = limits.file_bytes * MOST_FULL_FILES / _MIB
    return _too_large(f"The form has more than the limit of {megabytes:g} MiB: send its files in several requests.")


def _too_large(detail: str) -> RefusalError:
    return RefusalError(Problem.TOO_LARGE, detail, headers=CLOSING)


def _decoded(name: bytes) -> str:
    """A name in UTF-8, as nearly all clients send it; else somehow, because its file may be fine."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise RefusalError(
            Problem.INVALID, "The body is no multipart form: send it as multipart/form-data with its boundary."
        ) from error
