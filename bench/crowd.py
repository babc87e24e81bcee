"""Many readers at once, who speak Gradio's queue protocol as the page does, for `bench/page.py`.

Each keeps a conversation of its own: it sends a question, follows the stream to its end, asks for what could be asked
next, as the page does, and sends the next question at once. That is harder than readers, who read.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

API = "/gradio_api/queue"
# Nobody waits longer for an answer.
SECONDS_TO_WAIT = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the crowd and what came of it; times in milliseconds from sending it."""

    reader: int
    question: str
    first: float
    """To the message that holds the first text of the answer."""
    done: float
    """To the message that ends it."""
    kept: dict[str, Any]
    """What the browser is given to keep: the conversation's name, the exchange."""


@dataclass(slots=True)
class Heard:
    """What a crowd heard, and each failure as a sentence."""

    asked: list[Asked] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Event:
    """One of the page's events: its number, and what it takes and gives."""

    number: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What a reader needs to know of the page: two events, and the parts in them."""

    answer: Event
    suggest: Event
    values: dict[int, Any]
    """What each part holds when the page is opened."""
    question: int
    latest: int
    kept: int


def read_plan(config: dict[str, Any]) -> PagePlan:
    """Find the events and parts in what Gradio serves as `/config`."""
    events = {
        one["api_name"]: Event(one["id"], tuple(one["inputs"]), tuple(one["outputs"])) for one in config["dependencies"]
    }
    parts = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    return PagePlan(
        answer=events["answer"],
        suggest=events["suggest"],
        values={one["id"]: one["props"].get("value") for one in config["components"] if one["type"] != "state"},
        question=parts["question"],
        latest=parts["latest"],
        kept=parts["kept"],
    )


async def ask_at_once(url: str, conversations: Sequence[Sequence[str]]) -> Heard:
    """Let one reader ask the questions of each conversation, all readers at once."""
    heard = Heard()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=SECONDS_TO_WAIT, limits=limits) as client:
        plan = read_plan((await client.get("/config")).raise_for_status().json())
        async with asyncio.TaskGroup() as readers:
            for reader, questions in enumerate(conversations):
                readers.create_task(_converse(client, plan, reader, questions, heard))
    return heard


async def _converse(
    client: httpx.AsyncClient, plan: PagePlan, reader: int, questions: Sequence[str], heard: Heard
) -> None:
    session = uuid4().hex
    for question in questions:
        try:
            heard.asked.append(await _ask(client, plan, session, reader, question))
            async for _ in _messages(client, plan, plan.suggest, session):
                pass
        except (httpx.HTTPError, RuntimeError) as error:
            heard.failures.append(f"Reader {reader}, {question!r}: {error!r}")
            return


async def _ask(client: httpx.AsyncClient, plan: PagePlan, session: str, reader: int, question: str) -> Asked:
    latest, kept = plan.answer.outputs.index(plan.latest), plan.answer.outputs.index(plan.kept)
    started, first, done, keeps = time.perf_counter(), 0.0, 0.0, None
    async for message in _messages(client, plan, plan.answer, session, question=question):
        passed = 1000 * (time.perf_counter() - started)
        data = message["output"]["data"]
        if not first and "answer-text" in str(data[latest]):
            first = passed
        if message["msg"] == "process_completed":
            done, keeps = passed, data[kept]
    if not first or not isinstance(keeps, dict):
        raise RuntimeError("The stream ended without an answer.")
    return Asked(reader, question, first, done, keeps)


async def _messages(
    client: httpx.AsyncClient, plan: PagePlan, event: Event, session: str, *, question: str = ""
) -> AsyncIterator[dict[str, Any]]:
    """Send an event and yield the messages that carry values for its outputs.

    Raises:
        RuntimeError: If the server refuses or fails.
        httpx.HTTPError: If it cannot be reached.
    """
    values = {**plan.values, plan.question: question}
    call = {
        "data": [values.get(part) for part in event.inputs],
        "fn_index": event.number,
        "session_hash": session,
        "trigger_id": plan.question,
        "event_data": None,
    }
    (await client.post(f"{API}/join", json=call)).raise_for_status()
    async with client.stream("GET", f"{API}/data", params={"session_hash": session}) as stream:
        async for line in stream.raise_for_status().aiter_lines():
            if not line.startswith("data: "):
                continue
            message = json.loads(line.removeprefix("data: "))
            if message["msg"] == "unexpected_error" or message.get("success") is False:
                raise RuntimeError(f"Gradio says: {line[:200]}")
            if message["msg"] in ("process_generating", "process_completed"):
                yield message
