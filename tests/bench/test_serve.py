import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.serve import load_row, places
from bench.serve_load import Connection, Load, SlowReaders, closed_loop, quarters, resident, slope, steadily
from bench.serve_model import WORDS, words_of

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[str]:
    """A server that answers every request on a connection; gives its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                stated = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                await answer(await reader.readexactly(int(stated[0].split()[1]) if stated else 0), writer)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


async def echo(body: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def refuse(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nslow")


def test_every_client_keeps_asking_until_the_time_is_over() -> None:
    async def main() -> Load:
        async with served(echo) as url:
            return await closed_loop(url, "/", [b"{}", b"[]"], clients=3, seconds=0.1)

    load = asyncio.run(main())
    assert load.failures == []
    assert len(load.milliseconds) > 3
    assert load.per_second == len(load.milliseconds) / 0.1


def test_answer_that_is_no_answer_is_a_failure() -> None:
    async def main() -> tuple[Load, Load]:
        async with served(refuse) as url:
            return (
                await closed_loop(url, "/ask", [b"{}"], clients=1, seconds=-0.99),
                await steadily(url, "/health", every=1, seconds=0.5),
            )

    load, health = asyncio.run(main())
    assert set(load.failures) == {"/ask: 429 b'slow'"}
    assert health.failures == ["/health: 429 b'slow'"]


def test_body_arrives_as_it_was_sent() -> None:
    async def main() -> tuple[int, bytes]:
        async with served(echo) as url:
            connection = await Connection.open(url)
            first = await connection.ask("/", "ä茶".encode())
            assert await connection.ask("/") == (200, b"")
            connection.abort()
            return first

    assert asyncio.run(main()) == (200, "ä茶".encode())


def test_slow_readers_read_on_until_they_go_and_tell_who_was_refused() -> None:
    gone = asyncio.Event()

    async def main() -> SlowReaders:
        refused = iter((False, True))

        async def stream(_: bytes, writer: asyncio.StreamWriter) -> None:
            if next(refused):
                await refuse(b"", writer)
                return
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000)
            try:
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.01)
            except OSError:
                gone.set()
                raise

        async with served(stream) as url:
            readers = SlowReaders(url, "/ask", [b"{}"])
            await readers.come(2)
            while not (readers.received and readers.refused):
                await asyncio.sleep(0.01)
            await readers.go()
            await asyncio.wait_for(gone.wait(), 20)
            return readers

    readers = asyncio.run(main())
    assert readers.refused == ["/ask: b'HTTP/1.1 429'"]
    assert readers.received < 1000


@pytest.mark.parametrize(
    ("samples", "expected"), [([(0, 5), (1, 7), (2, 9)], 2.0), ([(0, 5), (5, 5)], 0.0), ([(3, 5)], 0.0)]
)
def test_slope_is_what_is_added_in_a_unit_of_time(samples: list[tuple[float, float]], expected: float) -> None:
    assert slope(samples) == expected


def test_quarters_are_means() -> None:
    assert list(quarters([(number, number) for number in range(8)])) == [0.5, 2.5, 4.5, 6.5]
    assert list(quarters([(0, 3.0)])) == [3.0] * 4


def test_memory_of_this_process_is_some() -> None:
    whole, share = resident(os.getpid())
    assert 10 < share <= whole


def test_row_compares_answers_a_second() -> None:
    ours, bare = Load([1.0, 2.0, 30.0], seconds=1.0), Load([1.0] * 6, seconds=1.0)
    assert load_row("`/x`", 16, ours, bare) == "| `/x` | 16 | 3 | 2, 30, 30 | 6 | 1, 1, 1 | 0.50 |"
    assert load_row("echo", 1, None, bare) == "| echo | 1 | | | 6 | 1, 1, 1 | |"


def test_places_are_what_was_found() -> None:
    answer = json.dumps({"results": [{"document": "a.md", "start": 1, "end": 3, "url": "x"}]}).encode()
    assert places(answer) == [("a.md", 1, 3)]


def test_slow_model_quotes_the_first_passage() -> None:
    prompt = (
        '<passages>\n<passage number="1" title="T">\nTea is green.\n</passage>\n<passage number="2">\nNo.\n</passage>'
    )
    assert words_of(prompt)[:5] == ["Tea", "is", "green.", "[1].", "Tea"]
    assert len(words_of(prompt)) == WORDS
