"""Joins the chat page and the API in one ASGI app, and serves it."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from index.errors import SettingsError
from rag.examples import Example
from ui.accounts import Accounts
from ui.answering import Answering
from ui.conversation import ChatAssistant
from ui.feedback import FeedbackStore
from ui.library import Library
from ui.login import Login
from ui.page_document import PageDocument
from ui.security import Security
from ui.static_files import StaticFiles

_STATIC = Path(__file__).with_name("static")

# An open page keeps a connection open for as long as it is shown: do not wait for readers to leave.
SECONDS_TO_FINISH = 1
# What a browser on this machine reaches when a server listens on every address.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never bound


def create_app(
    assistant: ChatAssistant,
    *,
    library: Library,
    feedback: FeedbackStore,
    examples: Callable[[str], Sequence[Example]] = lambda _: (),
    accounts: Accounts | None = None,
) -> ASGIApp:
    """Build the whole app: the chat page at `/`, the API under `/api`.

    Args:
        assistant: Answers the questions of the page.
        library: The documents, as readers may change them.
        feedback: Where readers' opinions of answers go.
        examples: Questions offered to a reader of a language while a conversation is empty.
        accounts: Who may log in; without it, everybody who reaches the server may read.
    """
    # Both libraries read these when they are imported, which is why the imports come after.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from ui.api.app import create_api
    from ui.chat.page import create_chat, mount

    async def build() -> ASGIApp:
        app = create_api(Answering(assistant))
        page = create_chat(assistant, library=library, feedback=feedback, examples=examples)
        mount(app, page, largest_upload=int(library.max_megabytes * 1024 * 1024) if library.writable else None)
        static = StaticFiles(_STATIC)
        served: ASGIApp = PageDocument(app, static=static)
        return Security(Login(served, accounts, static=static) if accounts else served)

    # Gradio makes locks while it builds a page, and for each an event loop that it never closes, unless one is running.
    with ThreadPoolExecutor(max_workers=1) as builder:
        return builder.submit(asyncio.run, build()).result()


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve until Ctrl+C, and say on standard output where, once connections are accepted.

    Args:
        app: What `create_app` built.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.

    Raises:
        SettingsError: If nothing can listen there.
    """
    listener = _listen(host, port)
    server = _AnnouncedServer(
        uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH, server_header=False
        )
    )
    # uvicorn ends in good order on Ctrl+C, then raises it again for its caller.
    with listener, contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


class _AnnouncedServer(uvicorn.Server):
    """Says when it listens, and ends without a word about the pages that are still open."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in (sockets or ()) if self.started else ():
            sys.stdout.write(f"Footnote is ready: {_address(listener)} (Ctrl+C stops it)\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log = logging.getLogger("uvicorn.error")
        log.addFilter(_is_no_cut_connection)
        try:
            await super().shutdown(sockets=sockets)
        finally:
            log.removeFilter(_is_no_cut_connection)


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
