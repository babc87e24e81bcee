"""What the API takes under load: answers a second and their times, memory, slow readers, readers who go away.

    python -m bench.serve DATA [--chunks N] [--seconds S] [--minutes M] [--home FOLDER]

DATA is the folder whose `train` holds parallel sentences (`bench/collection.py`). An index of N chunks is made, or used
as it is if it lies in FOLDER. `footnote serve --no-ui`, with default settings, and a bare FastAPI app that calls the
same assistant without any layer of ours (`bench/serve_peer.py`) are processes of their own, over copies of that index,
asked in turns by this one (`bench/serve_load.py`). Then memory is sampled while 16 clients ask for M minutes. Then 200
clients come within four seconds and read streams at a few bytes a second, while the server's health is asked for every
50 ms by yet another process: once with quotes, once with a chat model that writes two words a second
(`bench/serve_model.py`). In the end all of them go away at once.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from bench.collection import read_collection
from bench.page import PROGRAM, served
from bench.serve_load import (
    Connection,
    Load,
    SlowReaders,
    closed_loop,
    quarters,
    questions_as_bodies,
    resident,
    slope,
    watch,
)
from bench.speed import build
from index.knowledge_base import CATALOG_FILE, open_catalog
from ui.build import sync_vector_store
from ui.settings import Settings, limit_threads

CLIENTS = (1, 16, 64)
SLOW_READERS = 200
SEARCH, ASK, HEALTH = "/api/v1/search", "/api/v1/ask", "/api/health"
QUESTIONS = 600
COMPARED = 30
"""Queries whose results are compared with those of the bare app."""
_HEALTH_EVERY = 0.05
_SECONDS_TO_START = 120
# All 200 have come after four seconds.
_ARRIVAL = 0.02
# The log goes nowhere, but it is written.
_QUIET = ("sh", "-c", 'exec "$@" 2>/dev/null', "sh")


def make_home(home: Path, data: Path, *, chunks: int) -> None:
    """Index documents until there are that many chunks, in the catalog and in Chroma."""
    build(home, read_collection(data / "train", questions=QUESTIONS), chunks=chunks)
    catalog = open_catalog(home)
    try:
        sync_vector_store(Settings.model_construct(home=home), catalog)
    finally:
        catalog.close()


async def until_ready(url: str, path: str) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            connection = await Connection.open(url)
            status, _ = await connection.ask(path)
            connection.abort()
            if status == 200:
                return
        except (OSError, EOFError):
            pass
        if time.monotonic() > deadline:
            sys.exit(f"{url} did not start.")
        await asyncio.sleep(0.2)


async def value(url: str, path: str, body: bytes | None = None) -> bytes:
    """Ask once."""
    connection = await Connection.open(url)
    _, answer = await connection.ask(path, body)
    connection.abort()
    return answer


async def in_progress(url: str) -> float:
    """How many answers the server says are on their way."""
    lines = (await value(url, "/metrics")).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("footnote_answers_in_progress"))


def places(answer: bytes) -> list[tuple[str, int, int]]:
    """Which words a search found."""
    return [(found["document"], found["start"], found["end"]) for found in json.loads(answer)["results"]]


def load_row(name: str, clients: int, ours: Load | None, bare: Load | None) -> str:
    """Render one row of the first table."""
    cells = [name, str(clients)]
    for load in (ours, bare):
        times = ", ".join(f"{load.at(percent):.0f}" for percent in (50, 95, 99)) if load else ""
        cells += [f"{load.per_second:.0f}" if load else "", times]
    cells.append(f"{ours.per_second / bare.per_second:.2f}" if ours and bare and bare.per_second else "")
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


async def throughput(url: str, bare_url: str, questions: Sequence[str], *, seconds: float) -> Iterator[str]:
    """Ask both servers in turns; gives rows, and raises if anything failed or differs."""
    rows: list[str] = []
    failures: list[str] = []
    queries = questions_as_bodies(questions, field_name="query")
    for body in queries[:COMPARED]:
        found, expected = [places(await value(server, SEARCH, body)) for server in (url, bare_url)]
        failures += [f"Not the same results: {body!r}"] * (found != expected)
    for path, bodies in ((SEARCH, queries), (ASK, questions_as_bodies(questions, field_name="question"))):
        for clients in CLIENTS:
            ours = await closed_loop(url, path, bodies, clients=clients, seconds=seconds)
            bare = await closed_loop(bare_url, path, bodies, clients=clients, seconds=seconds)
            rows.append(load_row(f"`{path}`", clients, ours, bare))
            failures += ours.failures + bare.failures
    for clients in CLIENTS:
        echo = await closed_loop(bare_url, "/echo", queries, clients=clients, seconds=seconds / 2)
        rows.append(load_row("FastAPI alone: an echo", clients, None, echo))
        failures += echo.failures
    stop_on(failures)
    return iter(rows)


async def memory(url: str, process: int, questions: Sequence[str], *, minutes: float) -> Iterator[str]:
    """Sample the server's memory while it searches and answers without a pause."""
    searching, asking = (
        asyncio.create_task(closed_loop(url, path, bodies, clients=8, seconds=60 * minutes))
        for path, bodies in (
            (SEARCH, questions_as_bodies(questions, field_name="query")),
            (ASK, questions_as_bodies(questions, field_name="question")),
        )
    )
    begun, samples = time.monotonic(), []
    while not searching.done() or not asking.done():
        samples.append((time.monotonic() - begun, *resident(process)))
        await asyncio.sleep(min(1.0, minutes))
    loads = [searching.result(), asking.result()]
    stop_on([failure for load in loads for failure in load.failures])
    answers = sum(len(load.milliseconds) for load in loads)
    late = samples[len(samples) // 2 :]
    return iter(
        (
            f"| {minutes:g} min of 16 clients: answers, failures | {answers}, 0 |",
            *(
                f"| {name}: mean of each quarter; growth in the second half "
                f"| {', '.join(f'{mean:.0f}' for mean in quarters([(one[0], one[column]) for one in samples]))} MiB; "
                f"{60 * slope([(one[0], one[column]) for one in late]):+.1f} MiB/min |"
                for name, column in (("RSS", 1), ("PSS", 2))
            ),
        )
    )


async def slow_readers(
    url: str, questions: Sequence[str], *, seconds: float, name: str, model_url: str
) -> Iterator[str]:
    """Ask for the server's health while many read slowly, then let them go; raises if anything failed."""
    body = [json.dumps({"question": question, "explain": True}).encode() for question in questions]
    readers = SlowReaders(url, ASK, body)
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as apart:
        loop = asyncio.get_running_loop()
        alone = await loop.run_in_executor(apart, watch, url, HEALTH, _HEALTH_EVERY, 5.0)
        health = loop.run_in_executor(apart, watch, url, HEALTH, _HEALTH_EVERY, seconds)
        await readers.come(SLOW_READERS, every=_ARRIVAL)
        during = await health
    streams = json.loads(await value(model_url, "/counts")) if model_url else {}
    running = await in_progress(url)
    gone = time.perf_counter()
    await readers.go()
    while await in_progress(url) or (model_url and json.loads(await value(model_url, "/counts"))["active"]):
        if time.perf_counter() - gone > 60:
            stop_on([f"{await in_progress(url):.0f} answers go on a minute after everybody has left."])
        await asyncio.sleep(0.02)
    ended = time.perf_counter() - gone
    stop_on([*alone.failures, *during.failures, *readers.refused])
    rows = []
    for when, load in (("before", alone), (f"with {SLOW_READERS} slow readers of {name}", during)):
        times = ", ".join(f"{load.at(percent):.1f}" for percent in (50, 95, 99, 100))
        rows.append(f"| `{HEALTH}` {when}: p50, p95, p99, worst | {times} ms |")
    rows.append(f"| answers on their way when all of them go; until none is | {running:.0f}; {1000 * ended:.0f} ms |")
    if model_url:
        counts = json.loads(await value(model_url, "/counts"))
        rows.append(f"| streams of the chat model then; cut in the middle | {streams['active']}; {counts['cut']} |")
    return iter(rows)


def stop_on(failures: Sequence[str]) -> None:
    """End with an error if there are any."""
    if failures:
        sys.exit("\n".join([f"{len(failures)} failures, the first ones:", *failures[:5]]))


async def measure(home: Path, copy: Path, questions: Sequence[str], *, seconds: float, minutes: float) -> None:
    """Print three tables."""
    queries = questions_as_bodies(questions, field_name="query")
    serve: list[str | Path] = [PROGRAM, "--home", home, "serve", "--no-ui", "--port"]
    with (
        served([*_QUIET, *serve]) as (url, process),
        served([sys.executable, "-m", "bench.serve_peer", copy]) as (bare_url, _),
    ):
        await until_ready(url, HEALTH)
        await until_ready(bare_url, "/ready")
        print(
            "| | clients | Footnote: a second | p50, p95, p99 ms | bare FastAPI: a second | p50, p95, p99 ms | ratio |"
        )
        print("|---|---|---|---|---|---|---|")
        print(*await throughput(url, bare_url, questions, seconds=seconds), sep="\n", flush=True)
        print("\n| memory | |\n|---|---|")
        print(*await memory(url, process, questions, minutes=minutes), sep="\n", flush=True)
        print("\n| slow readers | |\n|---|---|")
        print(
            *await slow_readers(url, questions, seconds=4 * seconds, name="quotes", model_url=""), sep="\n", flush=True
        )
    with ExitStack() as servers:
        model_url, _ = servers.enter_context(served([sys.executable, "-m", "bench.serve_model"]))
        await until_ready(model_url, "/counts")
        model = ("env", f"OPENAI_BASE_URL={model_url}/v1", "FOOTNOTE_MODEL=slow")
        url, _ = servers.enter_context(served([*_QUIET, *model, *serve]))
        await until_ready(url, HEALTH)
        # A server loads some of its models with its first question.
        stop_on((await closed_loop(url, SEARCH, queries, clients=2, seconds=1)).failures)
        rows = await slow_readers(url, questions, seconds=5 * seconds, name="a chat model", model_url=model_url)
        print(*rows, sep="\n", flush=True)


def main() -> None:
    """Print three tables; end with an error if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4, help="how long each number of clients asks")
    parser.add_argument("--minutes", type=float, default=1, help="how long memory is watched")
    parser.add_argument("--home", type=Path, help="where the index is kept; without it it is deleted")
    options = parser.parse_args()
    limit_threads()
    questions = [question.text for question in read_collection(options.data / "train", questions=QUESTIONS).questions]
    with tempfile.TemporaryDirectory() as temporary:
        home = options.home or Path(temporary) / "home"
        if not (home / CATALOG_FILE).exists():
            make_home(home, options.data, chunks=options.chunks)
        copy = Path(temporary) / "copy"
        shutil.copytree(home, copy)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n", flush=True)
        asyncio.run(measure(home, copy, questions, seconds=options.seconds, minutes=options.minutes))


if __name__ == "__main__":
    main()
