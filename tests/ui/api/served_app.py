"""The whole app without its page, served in a thread, and assistants whose answers do not end by themselves."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from index.embedding import StaticEmbedder
from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Event, PassagesFound, Token, Turn
from tests.fakes import ScriptedAssistant
from ui.build import build_library
from ui.conversation import ChatAssistant
from ui.feedback import FeedbackStore
from ui.keys import KeyStore
from ui.server import create_app
from ui.settings import Settings


class WaitingAssistant(ScriptedAssistant):
    """Begins every answer, and goes on for as long as somebody listens."""

    def __init__(self) -> None:
        super().__init__({})
        self.begun = threading.Event()
        self.closed = threading.Event()

    def stream(
        self,
        question: str,  # noqa: ARG002 - as the assistant is called
        *,
        history: Sequence[Turn] = (),  # noqa: ARG002
        within: DocumentFilter = EVERYTHING,  # noqa: ARG002
        interface: str | None = None,  # noqa: ARG002
        explain: bool = False,  # noqa: ARG002
    ) -> Iterator[Event]:
        """Stream one word, and then nothing."""
        try:
            yield PassagesFound(())
            yield Token("Well")
            while not self.closed.wait(0.01):
                self.begun.set()
                yield Token("")
        finally:
            self.closed.set()


def app_over(
    assistant: ChatAssistant,
    *,
    home: Path,
    bundled: StaticEmbedder | None = None,
    keys: KeyStore | None = None,
    public_url: str | None = None,
) -> ASGIApp:
    """Build the app over an assistant, without the page; its documents and feedback are in the home."""
    settings = Settings.model_construct(home=home)
    return create_app(
        assistant,
        library=build_library(settings, embedder=bundled, bundled=bundled),
        feedback=FeedbackStore(home),
        keys=keys,
        public_url=public_url,
        page=False,
    )


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an app until the block ends; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    failed = threading.Event()
    started = threading.Event()
    startup = server.startup

    async def announced(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = announced  # type: ignore[method-assign]  # tells when it listens, without looking again and again

    def run() -> None:
        try:
            server.run()
        finally:
            failed.set()
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(30)
    assert not failed.is_set()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
