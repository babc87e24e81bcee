"""Requests that are too large or too slow are refused, whatever they say about themselves."""

import json

import anyio
import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from tests.fakes import ScriptedAssistant
from tests.ui.api.asgi_call import Call
from tests.ui.api.conftest import ApiOver
from ui.api.body_limits import JSON_LIMIT, BodyLimit, BodyLimits
from ui.api.refusals import answer_with_problems

LARGE = b" " * (JSON_LIMIT.size // 4 + 1)


def test_a_body_that_says_it_is_too_large_is_not_read(api_over: ApiOver) -> None:
    call = Call("/api/v1/ask", [b""], headers=[("content-length", "9" * 30), ("accept-language", "fi")])
    anyio.run(call.run, api_over(ScriptedAssistant({})))
    assert call.status == 413
    assert json.loads(call.body) == {
        "type": "/problems/too-large",
        "title": "Pyyntö on liian suuri",
        "status": 413,
        "detail": "At most 1048576 bytes are taken here.",
        "instance": "/api/v1/ask",
    }
    assert (b"connection", b"close") in call.sent[0]["headers"]


def test_a_body_that_says_nothing_is_counted(api_over: ApiOver) -> None:
    call = Call("/api/v1/feedback", [LARGE] * 5)
    anyio.run(call.run, api_over(ScriptedAssistant({})))
    assert (call.status, json.loads(call.body)["type"]) == (413, "/problems/too-large")


def test_errors_of_openai_s_paths_have_their_shape(api_over: ApiOver) -> None:
    call = Call("/v1/chat/completions", [LARGE] * 5)
    anyio.run(call.run, api_over(ScriptedAssistant({})))
    assert (call.status, json.loads(call.body)["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("pieces", [[], [b"{", b'"a"']], ids=["nothing", "part"])
def test_a_body_that_does_not_come_is_not_waited_for(pieces: list[bytes]) -> None:
    app = FastAPI()
    answer_with_problems(app)
    app.add_middleware(BodyLimits, limit_of=lambda _: BodyLimit(size=100, seconds=0.05))

    @app.post("/api/v1/thing")
    async def thing(body: dict[str, int]) -> None:
        raise AssertionError(f"{body} never came.")

    call = Call("/api/v1/thing", pieces, complete=False)
    anyio.run(call.run, app)
    assert (call.status, json.loads(call.body)["type"]) == (408, "/problems/timeout")
    assert (b"connection", b"close") in call.sent[0]["headers"]


async def _reads(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    await Response(body)(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "mebibytes", "status"),
    [
        ("/api/v1/documents/x", 17, 200),
        ("/api/documents", 17, 200),
        ("/gradio_api/upload", 17, 200),
        ("/gradio_api/uploads", 17, 413),
        ("/gradio_api/queue/join", 17, 413),
        ("/gradio_api/queue/join", 15, 200),  # the longest conversation that a browser keeps
        ("/login", 17, 413),
        ("/v1/documents", 2, 413),
        ("/slack/events", 2, 413),
    ],
)
def test_everything_but_files_is_limited(api_over: ApiOver, path: str, mebibytes: int, status: int) -> None:
    app = api_over(ScriptedAssistant({}))
    app.router.routes.insert(0, Mount("/", app=_reads))
    call = Call(path, [b" " * 1024 * 1024] * mebibytes)
    anyio.run(call.run, app)
    assert call.status == status


def test_what_nobody_limits_is_left_alone() -> None:
    call = Call("/gradio_api/upload", [LARGE] * 5)
    anyio.run(call.run, BodyLimits(_reads, limit_of=lambda _: None))
    assert (call.status, len(call.body)) == (200, 5 * len(LARGE))
