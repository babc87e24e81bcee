"""Listens, serves an app, and ends in good order.

Told to end, by SIGTERM or Ctrl+C, a server accepts no connection any more; then it finishes what is being answered;
then it closes what is left open, such as pages that are shown; then the app ends what it has begun beside its requests.
"""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from index.errors import SettingsError
from ui.logs import SERVER_LOG

log = logging.getLogger(SERVER_LOG)

SECONDS_TO_ANSWER = 30
"""How long a server that is told to end finishes what is being answered: a chat model may take half a minute."""
# What shells expect of a program that was interrupted.
INTERRUPTED = 130
# An open page keeps a connection open for as long as it is shown: do not wait for readers to leave.
SECONDS_TO_FINISH = 1
_GLANCE_SECONDS = 0.05

# What of the line and headers of a request is kept until they are complete. Cookies and keys need far less.
_LARGEST_HEAD = 32 * 1024
SECONDS_FOR_A_HEAD = 30
"""How long a connection may take for them. The body has limits of its own (`ui.api.body_limits`)."""
# So long a thread that searches may keep the event loop waiting; Python's own 5 ms, once for each thread at work, add
# up to tenths of a second.
_SWITCH_SECONDS = 0.0005
# How many objects come before Python looks for unreachable ones among the young, the middle-aged and the old. With its
# own 700, 10 and 10 the old ones of a busy server are gone through every few seconds, for up to a third of a second.
_COLLECTED_AFTER = (5000, 20, 10)
# Files that a process may open beside connections: indexes, databases, documents.
_OWN_FILES = 200
# Proxies on the same machine may say for whom they ask, so that attempts are counted by the right address.
OWN_PROXIES = "127.0.0.1,::1"
# What a browser on this machine reaches when a server listens on every address.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never bound


def serve(
    app: ASGIApp,
    *,
    is_answering: Callable[[], bool] = lambda: False,
    host: str = "127.0.0.1",
    port: int = 7860,
    forwarded_allow_ips: str = OWN_PROXIES,
) -> None:
    """Serve until Ctrl+C or SIGTERM, and say on standard output where, once connections are accepted.

    Then no connection is accepted any more, and what is being answered is finished within `SECONDS_TO_ANSWER`; a second
    Ctrl+C ends the process at once.

    Args:
        app: What is served.
        is_answering: Tells whether anything is on its way that ends by itself; connections do not.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        forwarded_allow_ips: Addresses or networks of proxies that are believed when they say for whom they ask,
            separated by commas; `*` for all.

    Raises:
        SettingsError: If nothing can listen there.
    """
    _keep_pauses_short()
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=_Connection,  # whatever else is installed: it has a limit for the head of a request
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        limit_concurrency=_most_connections(),
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        forwarded_allow_ips=forwarded_allow_ips,
    )
    server = _Server(config, is_answering=is_answering)
    with listener:
        server.run(sockets=[listener])


def _keep_pauses_short() -> None:
    """Let nothing stop the whole process for long: neither a thread that computes nor the garbage collector."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # modules, models, the app: all of this stays until the process ends
    gc.set_threshold(*_COLLECTED_AFTER)


def _most_connections() -> int | None:
    """How many connections there may be at once: with more, no file could be opened any more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if files == resource.RLIM_INFINITY else max(files - _OWN_FILES, 50)


class _Connection(H11Protocol):
    """Closes where the next request does not come in time; uvicorn would wait for it for ever, once it has begun."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._too_late = self.loop.call_later(SECONDS_FOR_A_HEAD, self._close_if_idle)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._too_late.cancel()
        if not self.transport.is_closing():
            self._too_late = self.loop.call_later(SECONDS_FOR_A_HEAD, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        self._too_late.cancel()
        super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Server(uvicorn.Server):
    """Says when it listens, and finishes what it is answering before it ends."""

    def __init__(self, config: uvicorn.Config, *, is_answering: Callable[[], bool]) -> None:
        super().__init__(config)
        self._is_answering = is_answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in (sockets or ()) if self.started else ():
            sys.stdout.write(f"Footnote is ready: {_address(listener)} (Ctrl+C stops it)\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn calls it
        # uvicorn's own would raise the signal again in the end, as if the server had been killed.
        if self.should_exit and sig == signal.SIGINT:
            with suppress(OSError):
                os.write(2, b"Stopped. What was finished is kept.\n")  # it may come in the middle of another line
            os._exit(INTERRUPTED)  # whatever is being written is written in a way that a crash does not harm
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):  # those that wait for another request are closed
            connection.shutdown()
        finished = await self._finish_answers()
        uvicorn_log = logging.getLogger("uvicorn.error")
        uvicorn_log.addFilter(_is_no_cut_connection)
        try:
            await super().shutdown(sockets=sockets)
        finally:
            uvicorn_log.removeFilter(_is_no_cut_connection)
        if not finished:
            log.warning("What was not answered within %s seconds was cut off.", SECONDS_TO_ANSWER)
            os._exit(0)  # Python would go on waiting for their threads

    async def _finish_answers(self) -> bool:
        """Wait for what is being answered; tell whether it is finished."""
        if self._is_answering():
            log.info("Finishing what is being answered. Ctrl+C again ends at once.")
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while (answers := self._is_answering()) and time.monotonic() < deadline:
            await asyncio.sleep(_GLANCE_SECONDS)
        return not answers


def _is_no_cut_connection(record: logging.LogRecord) -> bool:
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and not str(record.msg).startswith("Cancel %s running task(s)")


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = _LOOPBACK.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # on Windows this option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(_refusal(error, host, port)) from error
    return listener


def _refusal(error: OSError | OverflowError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port!r} on {host!r} is already in use. Stop what uses it, or choose another with --port."
    if isinstance(error, OverflowError) or error.errno == errno.EACCES:
        return f"Port {port!r} cannot be used: {error}. Choose one from 1024 to 65535 with --port."
    return f"Cannot listen on host {host!r}, port {port!r}: {error}. Choose another with --host or --port."
