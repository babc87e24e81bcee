"""A client that goes away ends the work that was done for it."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Iterator

import anyio
import pytest

from rag.answers import Event, PassagesFound, Token
from tests.fakes import ScriptedAssistant
from tests.ui.api.asgi_call import Call
from tests.ui.api.conftest import ApiOver
from ui.answering import Answering
from ui.api.connections import ClientGoneError, while_connected
from ui.api.event_stream import EventStream, SentEvent

ASKED = json.dumps({"question": "Kuinka kauan?"}).encode()


class Endless(ScriptedAssistant):
    """Never comes to an end by itself."""

    def __init__(self, *, before_first: bool = False) -> None:
        super().__init__({})
        self.before_first = before_first
        self.began = threading.Event()
        self.closed = threading.Event()

    def stream(self, question: str, **_: object) -> Iterator[Event]:
        """Think for ever."""
        self.began.set()
        try:
            if not self.before_first:
                yield PassagesFound(())
                yield Token(question)
            while True:
                time.sleep(0.001)
                yield Token("")
        finally:
            self.closed.set()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("before_first", [True, False], ids=["silent", "begun"])
def test_an_answer_ends_with_the_client_who_waits_for_it(api_over: ApiOver, accept: str, before_first: bool) -> None:
    assistant = Endless(before_first=before_first)
    app = api_over(assistant)

    async def scenario() -> Call:
        call = Call("/api/v1/ask", [ASKED], headers=[("accept", accept)])
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(call.run, app)
                await anyio.to_thread.run_sync(assistant.began.wait)
                if accept == "text/event-stream" and not before_first:
                    await call.chunk_sent.wait()
                assert not assistant.closed.is_set()
                call.leave()
        return call

    call = anyio.run(scenario)
    assert assistant.closed.is_set()
    if accept == "text/event-stream" and not before_first:
        assert call.status == 200
        assert call.body.startswith(b"id: 1\nevent: passages\n")
        assert not any(message.get("more_body") is False for message in call.sent)


def test_an_answer_ends_also_when_asyncio_itself_cancels_who_follows_it() -> None:
    assistant = Endless()

    async def scenario() -> int:
        answering = Answering(assistant)
        following = asyncio.create_task(answering.ask("Kuinka kauan?"))
        while answering.running == 0 or not assistant.began.is_set():
            await asyncio.sleep(0.001)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        return answering.running

    assert asyncio.run(scenario()) == 0
    assert assistant.closed.is_set()


def test_work_is_cancelled_when_the_client_goes() -> None:
    async def scenario() -> list[str]:
        seen, gone = [], anyio.Event()

        async def receive() -> dict[str, str]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def work() -> None:
            gone.set()
            try:
                await anyio.sleep_forever()
            finally:
                seen.append("cancelled")

        with pytest.raises(ClientGoneError):
            await while_connected(receive, work)
        return seen

    assert anyio.run(scenario) == ["cancelled"]


def test_an_error_of_the_work_is_raised_as_it_is() -> None:
    async def scenario() -> None:
        async def receive() -> dict[str, str]:
            await anyio.sleep_forever()
            raise AssertionError

        async def work() -> None:
            raise LookupError("none")

        await while_connected(receive, work)

    with pytest.raises(LookupError, match="none"):
        anyio.run(scenario)


def test_a_silent_stream_shows_that_it_lives() -> None:
    async def scenario() -> Call:
        call = Call("/", [b""])
        seen_sign = anyio.Event()

        async def events() -> AsyncGenerator[SentEvent, None]:
            yield SentEvent("first", {"text": "ä"})
            await seen_sign.wait()
            yield SentEvent("last", {})

        async def wait_for_sign() -> None:
            while b": waiting" not in call.body:
                await anyio.sleep(0.001)
            seen_sign.set()

        stream = EventStream(events(), failed=lambda _: SentEvent("failed", {}), silence=0.01)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(wait_for_sign)
                await call.run(stream)
                call.leave()
        return call

    body = anyio.run(scenario).body
    first, *signs, last, rest = body.split(b"\n\n")
    assert first == 'id: 1\nevent: first\ndata: {"text":"ä"}'.encode()
    assert set(signs) == {b": waiting"}
    assert (last, rest) == (b"id: 2\nevent: last\ndata: {}", b"")


def test_events_whose_first_one_fails_are_no_stream() -> None:
    async def scenario() -> None:
        async def events(count: int) -> AsyncGenerator[SentEvent, None]:
            for number in range(count):
                yield SentEvent(str(number), {})
            raise LookupError("none")

        await Call("/", [b""]).run(EventStream(events(0), failed=lambda _: SentEvent("failed", {})))

    with pytest.raises(LookupError, match="none"):
        anyio.run(scenario)
