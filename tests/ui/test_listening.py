"""Serving: one line when ready, a clear refusal when the port is taken, a quiet end."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from index.errors import SettingsError
from ui.listening import serve

PROGRAM = """
import sys
from pathlib import Path
from ui.build import open_app
from ui.listening import serve
from ui.settings import Settings
with open_app(Settings.model_construct(home=Path(sys.argv[1]))) as app:
    serve(app, is_answering=lambda: app.is_answering, port=0)
"""
# Answers one question slowly, without the page; the seconds it is given to end come last.
SLOW_PROGRAM = """
import logging
import sys
from pathlib import Path
import ui.listening
from rag.answers import Answer
from tests.fakes import ScriptedAssistant
from ui.build import build_library
from ui.feedback import FeedbackStore
from ui.server import create_app
from ui.settings import Settings
logging.basicConfig(level="INFO", format="%(message)s")
home, text, pause = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
ui.listening.SECONDS_TO_ANSWER = float(sys.argv[4])
answer = Answer(question="Miksi?", language="fi", text=text, answered=True, citations=(), passages=(), model=None)
app = create_app(
    ScriptedAssistant({"Miksi?": answer}, pause=pause),
    library=build_library(Settings.model_construct(home=home)),
    feedback=FeedbackStore(home),
    page=False,
)
assert "gradio" not in sys.modules
ui.listening.serve(app, is_answering=lambda: app.is_answering, port=0)
"""

# Needs two seconds for an answer and gives callers half of one to ask.
IMPATIENT_PROGRAM = """
import asyncio
import ui.listening
from starlette.responses import PlainTextResponse
async def app(scope, receive, send):
    await asyncio.sleep(2 if scope["path"] == "/slow" else 0)
    await PlainTextResponse("done")(scope, receive, send)
ui.listening.SECONDS_FOR_A_HEAD = 0.5
ui.listening.serve(app, port=0)
"""


@contextmanager
def slow_server(
    home: Path, *, text: str, pause: float, within: float = 60
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server in a process of its own, and its address."""
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_PROGRAM, home, text, str(pause), str(within)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        try:
            yield process, found[0]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def impatient() -> Iterator[tuple[str, int]]:
    """Where a server listens that gives nobody much time to ask."""
    with subprocess.Popen([sys.executable, "-c", IMPATIENT_PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://(\S+):(\d+)", process.stdout.readline())
        assert found is not None
        try:
            yield found[1], int(found[2])
        finally:
            process.kill()


@contextmanager
def asked(address: str) -> Iterator[Iterator[str]]:
    """The lines of a streamed answer, once its first words have come."""
    with httpx.stream(
        "POST", f"{address}/api/v1/ask", json={"question": "Miksi?", "stream": True}, timeout=60
    ) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event: ")) == "event: passages"
        yield lines


def until_it_says(process: "subprocess.Popen[str]", sentence: str) -> None:
    assert process.stderr is not None
    assert any(sentence in line for line in process.stderr)


def accepts_connections(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/health").is_success
    except httpx.ConnectError:
        return False


async def no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands where an app is asked for but never called."""


@pytest.mark.slow
def test_ready_line_names_the_address_and_ctrl_c_ends_quietly_while_a_page_is_open(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path / "home"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        start, address, end = line.partition("http://127.0.0.1:")
        assert (start, address) == ("Footnote is ready: ", "http://127.0.0.1:")
        port = end.removesuffix(" (Ctrl+C stops it)\n")
        with (
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health") as health,
            urllib.request.urlopen(f"http://127.0.0.1:{port}/gradio_api/heartbeat/x") as open_page,
        ):
            assert health.status == 200
            assert open_page.status == 200
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stdout) == (0, "")
    assert "Traceback" not in stderr


def test_port_in_use_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as refused:
            serve(no_app, port=port)
    assert str(refused.value) == (
        f"Port {port} on '127.0.0.1' is already in use. Stop what uses it, or choose another with --port."
    )


@pytest.mark.parametrize("port", [-1, 65536])
def test_impossible_port_says_what_to_do(port: int) -> None:
    with pytest.raises(SettingsError, match=rf"^Port {port} cannot be used: .*--port\.$"):
        serve(no_app, port=port)


def test_unknown_host_says_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"^Cannot listen on host 'no\.such\.host\.invalid', port 0: .*--host"):
        serve(no_app, host="no.such.host.invalid", port=0)


# How it ends


@pytest.mark.parametrize("asked_to_end", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl+C"])
def test_an_answer_on_its_way_is_finished_before_the_end(tmp_path: Path, asked_to_end: signal.Signals) -> None:
    text = " ".join(f"sana{number}" for number in range(12))
    with slow_server(tmp_path, text=text, pause=0.1) as (process, address):
        with asked(address) as lines:
            process.send_signal(asked_to_end)
            until_it_says(process, "Finishing what is being answered. Ctrl+C again ends at once.")
            assert not accepts_connections(address)
            events = [line.partition(": ")[2] for line in lines if line.startswith(("event: ", "data: "))]
        stdout, stderr = process.communicate(timeout=30)
    assert events[-2] == "done"
    assert json.loads(events[-1])["answer"] == text
    assert (process.returncode, stdout, "Traceback" in stderr) == (0, "", False)


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with slow_server(tmp_path, text="sana", pause=600) as (process, address), asked(address):
        process.send_signal(signal.SIGINT)
        until_it_says(process, "Finishing what is being answered.")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (130, "Stopped. What was finished is kept.\n")


def test_an_answer_that_takes_too_long_does_not_keep_the_server(tmp_path: Path) -> None:
    with slow_server(tmp_path, text="sana", pause=600, within=0.1) as (process, address), asked(address):
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    assert stderr.endswith("What was not answered within 0.1 seconds was cut off.\n")
    assert "Traceback" not in stderr


# What a connection may be


def test_a_head_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with slow_server(tmp_path, text="sana", pause=0) as (_, address):
        try:
            code = httpx.get(f"{address}/api/health", headers={"X-Long": "x" * 2_000_000}).status_code
        except httpx.TransportError:  # the answer may be lost, because the head is still on its way
            code = 400
        assert code == 400
        assert accepts_connections(address)


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "another"])
@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: " + 600 * b"x"], ids=["silent", "slow"])
def test_who_does_not_ask_in_time_is_disconnected(impatient: tuple[str, int], before: bytes, head: bytes) -> None:
    with socket.create_connection(impatient, timeout=30) as connection:
        connection.sendall(before)
        connection.settimeout(0.05)
        begun, received = time.monotonic(), []
        for number in range(600):
            try:
                connection.sendall(head[number : number + 1])
                received.append(connection.recv(4096))
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not received[-1]:
                break
        else:
            pytest.fail("The server still waits.")
    assert time.monotonic() - begun < 20
    assert b"".join(received).endswith(b"done" if before else b"")


def test_who_has_asked_may_wait_for_the_answer(impatient: tuple[str, int]) -> None:
    host, port = impatient
    with httpx.Client(base_url=f"http://{host}:{port}", timeout=30) as client:
        assert [client.get("/slow").text for _ in range(2)] == ["done", "done"]
