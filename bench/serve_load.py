"""A small load generator for `bench/serve.py`: raw HTTP/1.1 over asyncio.

A client library would take more of the cores than the server it measures, and neither wrk nor locust comes with Python.
"""

import asyncio
import itertools
import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from bench.peers import percentile

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
SECONDS_TO_WAIT = 60
"""Nobody waits longer for an answer."""


@dataclass(slots=True)
class Load:
    """What some clients saw: milliseconds from sending to the last byte, and each failure as a sentence."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds if self.seconds else 0.0

    def at(self, percent: int) -> float:
        """Milliseconds that so many percent of the answers do not exceed."""
        return percentile(self.milliseconds, percent) if self.milliseconds else float("nan")


class Connection:
    """One connection, kept alive from request to request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def open(cls, url: str, *, receive_buffer: int | None = None) -> Self:
        """Connect; a small receive buffer makes the server feel a slow reader."""
        address = urlsplit(url)
        connected = socket.socket()
        if receive_buffer is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, (address.hostname, address.port))
        limit = receive_buffer or 2**16
        reader, writer = await asyncio.open_connection(sock=connected, limit=limit)
        return cls(reader, writer, address.netloc)

    async def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request and read its answer, which must state its length."""
        self.send(path, body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError(f"{path} answered without a length.")
        return int(head.split(b" ", 2)[1]), await self._reader.readexactly(int(length[1]))

    def send(self, path: str, body: bytes | None = None, *, accept: str = "application/json") -> None:
        """Send a request."""
        method = "GET" if body is None else "POST"
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: {accept}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"{head}\r\n".encode() + (body or b""))

    async def read(self, count: int) -> bytes:
        """Read a few bytes of an answer; none at its end."""
        return await self._reader.read(count)

    def abort(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()


async def closed_loop(url: str, path: str, bodies: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Let so many clients ask, each its next question as soon as it has its answer; the first second is not counted."""
    load, turn = Load(), itertools.count()
    begun = time.perf_counter()
    counted, until = begun + 1, begun + 1 + seconds

    async def ask_on() -> None:
        connection = await Connection.open(url)
        try:
            while (sent := time.perf_counter()) < until:
                status, answer = await asyncio.wait_for(
                    connection.ask(path, bodies[next(turn) % len(bodies)]), SECONDS_TO_WAIT
                )
                received = time.perf_counter()
                if status != 200:
                    load.failures.append(f"{path}: {status} {answer[:200]!r}")
                elif counted <= received <= until:
                    load.milliseconds.append(1000 * (received - sent))
        except (OSError, ValueError, EOFError, TimeoutError) as error:
            load.failures.append(f"{path}: {error!r}")
        finally:
            connection.abort()

    await asyncio.gather(*(ask_on() for _ in range(clients)))
    load.seconds = seconds
    return load


async def steadily(url: str, path: str, *, every: float, seconds: float) -> Load:
    """Ask again and again at a fixed pace, as a monitor does."""
    load, connection = Load(), await Connection.open(url)
    begun = time.perf_counter()
    for number in itertools.count():
        if number * every > seconds:
            break
        await asyncio.sleep(begun + number * every - time.perf_counter())
        sent = time.perf_counter()
        try:
            status, answer = await asyncio.wait_for(connection.ask(path), SECONDS_TO_WAIT)
        except (OSError, ValueError, EOFError, TimeoutError) as error:
            load.failures.append(f"{path}: {error!r}")
            connection = await Connection.open(url)
            continue
        load.milliseconds.append(1000 * (time.perf_counter() - sent))
        if status != 200:
            load.failures.append(f"{path}: {status} {answer[:200]!r}")
    connection.abort()
    load.seconds = time.perf_counter() - begun
    return load


def watch(url: str, path: str, every: float, seconds: float) -> Load:
    """Do the same in a process of its own, so that nothing else that is measured gets into the times."""
    return asyncio.run(steadily(url, path, every=every, seconds=seconds))


class SlowReaders:
    """Clients that ask for a stream and read a few bytes of it a second."""

    def __init__(self, url: str, path: str, bodies: Sequence[bytes]) -> None:
        self._url, self._path, self._bodies = url, path, bodies
        self._connections: list[Connection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.received = 0
        """Bytes that all have read."""
        self.refused: list[str] = []

    async def come(self, count: int, *, every: float = 0) -> None:
        """Let so many connect and ask, one after the other."""
        for number in range(count):
            await asyncio.sleep(every)
            connection = await Connection.open(self._url, receive_buffer=2048)
            connection.send(self._path, self._bodies[number % len(self._bodies)], accept="text/event-stream")
            self._connections.append(connection)
            self._tasks.append(asyncio.create_task(self._read(connection)))

    async def go(self) -> None:
        """Let all go away at once."""
        for connection in self._connections:
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, connection: Connection) -> None:
        head = await connection.read(12)
        if not head.endswith(b"200"):
            self.refused.append(f"{self._path}: {head!r}")
        while some := await connection.read(16):
            self.received += len(some)
            await asyncio.sleep(0.25)


def questions_as_bodies(questions: Sequence[str], *, field_name: str) -> list[bytes]:
    """Write requests that carry a question each."""
    return [json.dumps({field_name: question}).encode() for question in questions]


def resident(process: int) -> tuple[float, float]:
    """Return the memory of a process in MiB: resident, and its share of it (PSS); Linux only."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
    sizes = dict(re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE))
    return int(sizes["Rss"]) / 1024, int(sizes["Pss"]) / 1024


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return how fast something grows, by least squares over (time, value)."""
    count = len(samples)
    mean_time, mean_value = (sum(column) / count for column in zip(*samples, strict=True))
    spread = sum((when - mean_time) ** 2 for when, _ in samples)
    return sum((when - mean_time) * (value - mean_value) for when, value in samples) / spread if spread else 0.0


def quarters(samples: Sequence[tuple[float, float]]) -> Iterator[float]:
    """Return the mean value of each quarter of the samples."""
    size = len(samples) / 4
    for number in range(4):
        part = [
            value for _, value in samples[int(number * size) : max(int((number + 1) * size), int(number * size) + 1)]
        ]
        yield sum(part) / len(part)
