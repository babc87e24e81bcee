"""The whole app: what it waits for when it is told to end, and what it leaves alone."""

import subprocess
import sys

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.fakes import ScriptedAssistant
from ui.answering import Answering
from ui.server import Application


async def no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands where an app is asked for but never called."""


@pytest.mark.parametrize(
    ("path", "waited_for"),
    [("/api/ask", True), ("/gradio_api/queue/data", True), ("/mcp", True), ("/gradio_api/heartbeat/x", False)],
)
def test_what_ends_by_itself_is_waited_for_and_open_pages_are_not(path: str, waited_for: bool) -> None:
    seen: list[bool] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(app.is_answering)
        await PlainTextResponse("done")(scope, receive, send)

    app = Application(inner, answering=Answering(ScriptedAssistant({})))
    TestClient(app).get(path)
    assert (seen, app.is_answering) == ([waited_for], False)


def test_an_answer_that_no_request_waits_for_is_finished_too() -> None:
    answering = Answering(ScriptedAssistant({}))
    app = Application(no_app, answering=answering)
    with answering.activity():
        assert app.is_answering
    assert not app.is_answering


def test_gradio_is_left_alone_where_there_is_no_page() -> None:
    program = "import sys, ui.server, ui.build; print([name for name in sys.modules if name.startswith('gradio')])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
