"""The outermost layer: request ids, the access log, mistakes of ours, and what streams through."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import StoreError
from tests.fakes import ScriptedAssistant
from ui.logs import request_id_of_this
from ui.observation import Observed, in_request, route_of

log = logging.getLogger("ui.test")


class Caller:
    """Asks an app as a server does, and keeps what it answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.sent: list[Message] = []
        self.leaves = asyncio.Event()
        self.on_sent: Callable[[], None] = lambda: None

    async def ask(self, path: str = "/", *, method: str = "GET", headers: dict[str, str] | None = None) -> Scope:
        """Ask, and give the scope back, as the app leaves it."""
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"question=secret",
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 7860),
        }
        body_sent = False

        async def receive() -> Message:
            nonlocal body_sent
            if not body_sent:
                body_sent = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.leaves.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.sent.append(message)
            self.on_sent()

        await self.app(scope, receive, send)
        return scope

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def caller(endpoint: Callable[[Request], Awaitable[Response]], path: str = "/{rest:path}") -> Caller:
    """Somebody who asks an observed app with one route."""
    return Caller(Observed(Starlette(routes=[Route(path, endpoint, methods=["GET", "POST"])])))


async def hello(_: Request) -> Response:
    """Answer at once."""
    return PlainTextResponse("Hello")


@pytest.fixture
def access(caplog: pytest.LogCaptureFixture) -> Callable[[], logging.LogRecord]:
    """The one line of the access log."""
    caplog.set_level(logging.INFO)

    def only() -> logging.LogRecord:
        (record,) = [record for record in caplog.records if record.name == "footnote.access"]
        return record

    return only


class TestRequestId:
    """Who asked what, from the caller's own log to ours."""

    @pytest.mark.parametrize("given", ["a", "01HZX-9_f.2", "x" * 64], ids=["short", "signs", "longest"])
    def test_a_given_one_is_kept(self, given: str) -> None:
        asking = caller(hello)
        scope = asyncio.run(asking.ask(headers={"X-Request-ID": given}))
        assert (asking.headers["x-request-id"], scope["state"]["request_id"]) == (given, given)

    @pytest.mark.parametrize(
        "given", ["", "x" * 65, "a b", "a\nb", "ä", '"'], ids=["empty", "long", "blank", "line", "letter", "quote"]
    )
    def test_any_other_is_replaced(self, given: str) -> None:
        asking = caller(hello)
        asyncio.run(asking.ask(headers={"X-Request-ID": given}))
        made = asking.headers["x-request-id"]
        assert (len(made), made.isalnum(), made == given) == (16, True, False)

    def test_every_request_has_its_own(self) -> None:
        first, second = caller(hello), caller(hello)
        asyncio.run(first.ask())
        asyncio.run(second.ask())
        assert first.headers["x-request-id"] != second.headers["x-request-id"]

    def test_the_app_cannot_send_a_second_one(self) -> None:
        async def own(_: Request) -> Response:
            return PlainTextResponse("Hello", headers={"X-Request-ID": "other"})

        asking = caller(own)
        asyncio.run(asking.ask(headers={"X-Request-ID": "mine"}))
        assert [value for name, value in asking.sent[0]["headers"] if name.lower() == b"x-request-id"] == [b"mine"]

    def test_it_is_known_in_threads_and_forgotten_afterwards(self) -> None:
        seen: list[str] = []

        async def in_thread(_: Request) -> Response:
            await to_thread.run_sync(lambda: seen.append(request_id_of_this.get()))
            return PlainTextResponse("Hello")

        asyncio.run(caller(in_thread).ask(headers={"X-Request-ID": "abc"}))
        assert (seen, request_id_of_this.get()) == (["abc"], "")

    def test_it_is_known_wherever_the_steps_of_a_request_are_taken(self) -> None:
        closed: list[str] = []

        def steps() -> Iterator[str]:
            try:
                while True:
                    yield request_id_of_this.get()
            finally:
                closed.append(request_id_of_this.get())

        scope = asyncio.run(caller(hello).ask(headers={"X-Request-ID": "abc"}))
        taken = in_request(steps(), scope)
        assert [next(taken), next(taken)] == ["abc", "abc"]
        taken.close()  # type: ignore[attr-defined]  # it is a generator
        assert closed == ["abc"]
        assert list(in_request(iter(("of a request that was not observed",)), {})) == [
            "of a request that was not observed"
        ]


class TestAccessLog:
    """One line for each request."""

    def test_it_says_who_asked_for_what_and_how_it_went(self, access: Callable[[], logging.LogRecord]) -> None:
        async def known(request: Request) -> Response:
            request.scope["state"]["caller"] = SimpleNamespace(name="Aïsha")
            return PlainTextResponse("Hello", status_code=201)

        asyncio.run(caller(known, "/things/{name}").ask("/things/a b", method="POST"))
        record = access()
        assert record.getMessage().startswith("POST /things/a%20b 201 in ")
        assert record.getMessage().endswith(" ms, 5 bytes, for Aïsha")
        assert {name: record.__dict__[name] for name in ("method", "path", "route", "status", "bytes", "caller")} == {
            "method": "POST",
            "path": "/things/a%20b",
            "route": "/things/{name}",
            "status": 201,
            "bytes": 5,
            "caller": "Aïsha",
        }
        assert record.__dict__["milliseconds"] >= 0
        assert record.__dict__["client_gone"] is False

    def test_nobody_is_named_who_is_nobody_and_no_query_is_shown(self, access: Callable[[], logging.LogRecord]) -> None:
        asyncio.run(caller(hello).ask("/a"))
        assert access().getMessage().endswith(" bytes")
        assert "secret" not in access().getMessage()

    def test_a_path_cannot_write_lines_of_its_own(self, access: Callable[[], logging.LogRecord]) -> None:
        asyncio.run(caller(hello).ask("/a\nGET /b 200\x1b[2J" + "x" * 1000))
        path = access().__dict__["path"]
        assert path.startswith("/a%0AGET%20/b%20200%1B%5B2Jxxx")
        assert len(path) == 500

    @pytest.mark.parametrize(
        "path", ["/metrics", "/api/health", "/api/v1/health/ready", "/static/page.css", "/assets/a.js"]
    )
    def test_what_is_asked_for_all_the_time_is_seen_only_by_those_who_look_closer(
        self, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        asyncio.run(caller(hello).ask(path))
        assert [record.levelname for record in caplog.records if record.name == "footnote.access"] == ["DEBUG"]

    def test_but_not_if_it_fails(self, access: Callable[[], logging.LogRecord]) -> None:
        async def not_ready(_: Request) -> Response:
            return PlainTextResponse("", status_code=503)

        asyncio.run(caller(not_ready).ask("/api/health/ready"))
        assert (access().levelname, access().__dict__["status"]) == ("INFO", 503)

    def test_a_client_that_leaves_is_told_of(self, access: Callable[[], logging.LogRecord]) -> None:
        async def endless(_: Request) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                while True:
                    yield b"x"
                    await asyncio.sleep(0.001)

            return StreamingResponse(pieces())

        async def leave() -> None:
            asking = caller(endless)
            asking.on_sent = lambda: asking.leaves.set() if len(asking.sent) == 3 else None
            asking.app = older(asking.app)
            await asking.ask()

        asyncio.run(leave())
        assert access().getMessage().endswith(", the client went away")
        assert (access().__dict__["status"], access().__dict__["client_gone"]) == (200, True)

    def test_a_client_that_leaves_before_an_answer_is_no_mistake_of_ours(
        self, access: Callable[[], logging.LogRecord], caplog: pytest.LogCaptureFixture
    ) -> None:
        async def reads(_: Request) -> Response:
            raise ClientDisconnect

        asyncio.run(caller(reads).ask())
        assert (access().__dict__["status"], access().__dict__["client_gone"]) == (499, True)
        assert [record.levelname for record in caplog.records if record.name.startswith("ui.")] == []

    def test_a_client_that_leaves_after_the_answer_is_not_gone(self, access: Callable[[], logging.LogRecord]) -> None:
        async def lingers(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await PlainTextResponse("Hello")(scope, receive, send)
            asking.leaves.set()
            assert (await receive())["type"] == "http.disconnect"

        async def ask() -> None:
            await asking.ask()

        asking = Caller(Observed(lingers))
        asyncio.run(ask())
        assert access().__dict__["client_gone"] is False


def older(app: ASGIApp) -> ASGIApp:
    """The app, told of clients that leave as servers before version 2.4 of ASGI tell it."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        scope["asgi"]["spec_version"] = "2.3"
        await app(scope, receive, send)

    return asked


class TestStreams:
    """Nothing is held back."""

    def test_each_piece_goes_out_before_the_next_is_made(self) -> None:
        sent_when_made: list[int] = []

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                sent_when_made.append(len(asking.sent))
                yield b"x"

        async def streamed(_: Request) -> Response:
            return StreamingResponse(pieces())

        asking = caller(streamed)
        asyncio.run(asking.ask())
        assert sent_when_made == [1, 2, 3]
        assert asking.body == b"xxx"


class TestMistakes:
    """What nobody below has caught."""

    def test_it_is_answered_with_a_problem_and_logged_once(self, caplog: pytest.LogCaptureFixture) -> None:
        async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise ValueError("of the documents")

        asking = Caller(Observed(broken))
        asyncio.run(asking.ask("/api/ask", headers={"X-Request-ID": "abc", "Accept-Language": "fi"}))
        assert (asking.status, asking.headers["content-type"]) == (500, "application/problem+json")
        problem = json.loads(asking.body)
        assert (problem["type"], problem["status"], problem["request_id"]) == ("/problems/failed", 500, "abc")
        assert "of the documents" not in asking.body.decode()
        (record,) = [record for record in caplog.records if record.exc_info]
        assert (record.name, record.levelname, record.getMessage()) == (
            "ui.observation",
            "ERROR",
            "GET /api/ask failed",
        )

    def test_an_answer_that_has_begun_is_not_begun_again(
        self, caplog: pytest.LogCaptureFixture, access: Callable[[], logging.LogRecord]
    ) -> None:
        async def breaks(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"Hel", "more_body": True})
            raise ValueError

        asking = Caller(Observed(breaks))
        asyncio.run(asking.ask())
        assert [message["type"] for message in asking.sent] == ["http.response.start", "http.response.body"]
        assert access().__dict__["status"] == 200
        assert len([record for record in caplog.records if record.exc_info]) == 1

    def test_a_request_that_is_cut_off_is_logged_and_stays_cut_off(
        self, access: Callable[[], logging.LogRecord]
    ) -> None:
        async def waits(_: Request) -> Response:
            started.set()
            await asyncio.sleep(60)
            return PlainTextResponse("")

        async def cut_off() -> None:
            task = asyncio.create_task(caller(waits).ask())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        started = asyncio.Event()
        asyncio.run(cut_off())
        assert access().__dict__["status"] == 499


class TestRoutes:
    """Patterns, of which there are few."""

    @pytest.mark.parametrize(
        ("path", "pattern"),
        [
            ("/api/v1/ask", "/api/v1/ask"),
            ("/api/ask", "/api/ask"),
            ("/api/documents/seeds/en/a.md/text", "/api/documents/{source}/text"),
            ("/api/v1/documents/文書.md/text", "/api/v1/documents/{source}/text"),
            ("/unknown/1", "other"),
            ("/unknown/", "other"),
            ("/static/page.css", "/static"),
            ("/", "/"),
        ],
    )
    def test_a_path_has_that_of_its_route_with_the_prefix_of_its_router(self, path: str, pattern: str) -> None:
        router = APIRouter(prefix="/documents")

        @router.get("/{source:path}/text")
        async def text(source: str) -> str:
            return source

        plain = APIRouter()

        @plain.get("/ask")
        async def ask() -> str:
            return ""

        api = FastAPI()
        for prefix in ("/api", "/api/v1"):
            api.include_router(router, prefix=prefix)
            api.include_router(plain, prefix=prefix)
        api.mount("/", Starlette(routes=[Route("/gradio/{name}", hello)]))
        asking = Caller(Observed(api))
        assert route_of(asyncio.run(asking.ask(path))) == pattern

    def test_what_is_mounted_has_its_own(self) -> None:
        api = FastAPI()
        api.mount("/", Starlette(routes=[Route("/gradio/{name}", hello)]))
        assert route_of(asyncio.run(Caller(Observed(api)).ask("/gradio/x"))) == "/gradio/{name}"


def test_start_and_end_of_a_server_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def live() -> None:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> MutableMapping[str, Any]:
            return next(messages)

        async def send(message: Message) -> None:
            sent.append(message["type"])

        await Observed(Starlette())({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    sent: list[str] = []
    asyncio.run(live())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    said = [record.getMessage() for record in caplog.records if record.name == "footnote"]
    assert (said[0].startswith("Footnote "), said[0].endswith(" starts."), said[1:]) == (
        True,
        True,
        ["Footnote has ended."],
    )


def test_what_the_page_asks_for_is_logged_under_the_request_that_asked(
    page_app: Callable[..., ASGIApp], serve_app: Callable[[ASGIApp], str], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "ui.conversation":
                seen.append(request_id_of_this.get())

    handler = Listening()
    logging.getLogger().addHandler(handler)
    try:
        address = serve_app(page_app(ScriptedAssistant({"Kuka?": StoreError("The disk is gone.")})))
        with httpx.Client(base_url=address, timeout=20) as client:
            config = client.get("/config").json()
            kinds = {part["id"]: part["type"] for part in config["components"]}
            (asks,) = [event for event in config["dependencies"] if event["api_name"] == "answer"]
            data = ["Kuka?", *(None for _ in asks["inputs"][1:])]
            assert kinds[asks["inputs"][0]] == "textbox"
            joined = {"data": data, "fn_index": asks["id"], "session_hash": "s", "trigger_id": asks["targets"][0][0]}
            client.post("/gradio_api/queue/join", json=joined, headers={"X-Request-ID": "asked-here"})
            with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "s"}) as events:
                assert any('"process_completed"' in line for line in events.iter_lines())
    finally:
        logging.getLogger().removeHandler(handler)
    assert seen == ["asked-here"]
    assert "No answer to <5 characters>: The disk is gone." in caplog.messages
