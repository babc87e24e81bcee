"""Serving: one line when ready, a clear refusal when the port is taken, a quiet end."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from index.errors import SettingsError
from ui.server import serve

PROGRAM = """
import sys
from pathlib import Path
from ui.build import open_app
from ui.server import serve
from ui.settings import Settings
with open_app(Settings.model_construct(home=Path(sys.argv[1]))) as app:
    serve(app, port=0)
"""


async def no_app(scope: object, receive: object, send: object) -> None:
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
