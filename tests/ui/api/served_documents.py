"""The documents' part of the API over a real home, with a web of prepared pages and a model that can be held up."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.catalog import Catalog, DocumentRecord
from index.documents import Document
from index.embedding import StaticEmbedder, Vectors
from index.errors import LoadError
from index.fetching import Fetch, FetchedPage
from index.ingest import Ingest
from index.knowledge_base import open_catalog
from index.settings import LoadingSettings
from tests.fakes import ScriptedAssistant
from ui.answering import Answering
from ui.api.documents import documents_router
from ui.api.refusals import answer_with_problems
from ui.keys import Caller
from ui.keys import Scope as KeyScope
from ui.library import Library

DOCUMENTS = "/api/v1/documents"
MAX_BYTES = 4000


class HomeAssistant(ScriptedAssistant):
    """Knows the documents of a home, and answers nothing."""

    def __init__(self, home: Path) -> None:
        super().__init__({})
        self._home = home

    def documents(self) -> list[DocumentRecord]:
        """Give what the catalog has."""
        with self._catalog() as catalog:
            return catalog.documents()

    def get_document(self, source: str) -> Document | None:
        """Give the version that is searched."""
        with self._catalog() as catalog:
            return catalog.get_document(source)

    @contextmanager
    def _catalog(self) -> Iterator[Catalog]:
        catalog = open_catalog(self._home, create=True)
        try:
            yield catalog
        finally:
            catalog.close()


class HeldEmbedder:
    """The bundled model, which calls `before` for each document."""

    def __init__(self, bundled: StaticEmbedder) -> None:
        self._bundled = bundled
        self.before: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The bundled model's."""
        return self._bundled.name

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Do so, when nothing is in the way."""
        self.before()
        return self._bundled.embed_passages(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Do so."""
        return self._bundled.embed_questions(texts)


class Held:
    """Holds up whoever calls `wait`, and tells when somebody does."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def wait(self) -> None:
        """Tell, and wait."""
        self.reached.set()
        assert self.go_on.wait(timeout=30)


@dataclass
class Web:
    """Gives prepared texts for addresses, fails for all others."""

    pages: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    def __call__(self, url: str, *, max_bytes: int) -> FetchedPage:
        """Give the page, if there is one; call `before` first."""
        self.before()
        if url not in self.pages:
            raise LoadError(f"{url!r} answered 404 Not Found: check the address.")
        return FetchedPage(url, self.pages[url].encode()[:max_bytes], ".txt")


class As:
    """Puts a caller into the state of each request, as `ui.access` does; who that is stands in a header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        names = [value.decode() for name, value in scope.get("headers", ()) if name == b"x-test-caller"]
        if names:
            scope = {**scope, "state": {**scope.get("state", {}), "caller": Caller(names[0], frozenset(KeyScope))}}
        await self.app(scope, receive, send)


@dataclass
class Served:
    """A home, and the API over it."""

    home: Path
    embedder: HeldEmbedder
    web: Web = field(default_factory=Web)

    def library(self, *, writable: bool = True, fetch: Fetch | None = None, wait: float = 10) -> Library:
        """The documents, fetched from the prepared web unless told otherwise."""

        def ingest_into(catalog: Catalog) -> Ingest:
            return Ingest(
                catalog, self.embedder, root=self.home.parent, loading=loading, fetch=fetch or self.web, wait=wait
            )

        loading = LoadingSettings(max_bytes=MAX_BYTES)
        return Library(self.home, ingest_into=ingest_into, loading=loading, writable=writable, wait=wait)

    def app(self, *, answering: Answering | None = None, **how: Any) -> ASGIApp:
        """Build the documents' part of the API, as after a restart; `how` is about the library."""
        library = self.library(**how)
        answering = answering or Answering(HomeAssistant(self.home))
        app = FastAPI()
        answer_with_problems(app)
        app.include_router(documents_router(answering, library=library, home=self.home), prefix="/api/v1")
        return As(app)

    def client(self, **how: Any) -> TestClient:
        """A client of a new app; use it in a `with` block to have one event loop."""
        return TestClient(self.app(**how))

    def left_over(self) -> list[str]:
        """What is in the folder of files that are being received."""
        folder = self.home / "incoming"
        return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []

    def stored(self) -> list[str]:
        """The names of all uploads, hidden ones included."""
        folder = self.home / "uploads"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def sources(self) -> list[str]:
        """All documents."""
        return [record.source for record in HomeAssistant(self.home).documents()]


BOUNDARY = "b0und4ry"
FORM_HEADERS = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*files: tuple[str, bytes], name: str = "files", whole: bool = True) -> bytes:
    """A form as a browser writes it, byte for byte; cut off before its last boundary if it is not whole."""
    parts = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for filename, content in files
    )
    return parts + (f"--{BOUNDARY}--\r\n".encode() if whole else b"")


async def post(app: ASGIApp, receive: Callable[[], Awaitable[Message]], **headers: str) -> tuple[int, bytes]:
    """Post a form whose pieces come from `receive`; return status and body of the response."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    all_headers = {**FORM_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": DOCUMENTS, "raw_path": DOCUMENTS.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
        "server": ("test", 80), "client": ("test", 1), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def pieces(*bodies: bytes, then: Message | None = None) -> Callable[[], Awaitable[Message]]:
    """Receive a body in pieces; the last one ends it, unless something else comes `then`."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]
    if then is None:
        messages[-1]["more_body"] = False
    else:
        messages.append(then)

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()  # nothing comes any more
        return messages.pop(0)

    return receive
