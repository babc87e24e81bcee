"""Joins the chat page, the API and the other ways in in one ASGI app.

Around every request, from outside to inside: `Observed` numbers, logs and measures it; `Security` refuses what pages of
other sites ask for; `Access` asks for the key or the login; `PageDocument` makes Gradio's document ours.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from rag.examples import Example
from ui.access import Access, RateLimits
from ui.accounts import Accounts
from ui.answering import Answering
from ui.conversation import ChatAssistant
from ui.exposure import Hosts
from ui.feedback import FeedbackStore
from ui.keys import KeyStore
from ui.library import Library
from ui.login import Login
from ui.metrics import Metrics
from ui.observation import Observed
from ui.page_document import PageDocument
from ui.security import Security
from ui.static_files import StaticFiles
from ui.tracing import Tracing

_STATIC = Path(__file__).with_name("static")
# The requests that last as long as a page is shown.
_LASTING = re.compile(r"/gradio_api/heartbeat/.*")


class Mounted(Protocol):
    """An ASGI app with work of its own between requests: `ui.slack.events.SlackEvents`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

    def start(self) -> None:
        """Begin; an event loop is running."""

    async def close(self) -> None:
        """End what was begun."""


class Application:
    """The whole ASGI app, and what tells whether it is still answering."""

    def __init__(self, app: ASGIApp, *, answering: Answering) -> None:
        """Join them.

        Args:
            app: Serves the requests.
            answering: Has the answers that are on their way, those too that no request waits for.
        """
        self.app = app
        self._answering = answering
        self._requests = 0

    @property
    def is_answering(self) -> bool:
        """Whether anything is on its way that ends by itself; open pages do not count."""
        return self._requests > 0 or self._answering.running > 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _LASTING.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        self._requests += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._requests -= 1


def create_app(
    assistant: ChatAssistant,
    *,
    library: Library,
    feedback: FeedbackStore,
    examples: Callable[[str], Sequence[Example]] = lambda _: (),
    accounts: Accounts | None = None,
    keys: KeyStore | None = None,
    rate_limit: str = "off",
    origins: Collection[str] = (),
    hosts: Hosts | None = None,
    public_url: str | None = None,
    page: bool = True,
    tracing: Tracing | None = None,
    slack: Callable[[Answering], Mounted] | None = None,
) -> Application:
    """Build the whole app: the chat page at `/`, the API under `/api` and `/v1`.

    Args:
        assistant: Answers the questions of the page.
        library: The documents, as readers may change them.
        feedback: Where readers' opinions of answers go.
        examples: Questions offered to a reader of a language while a conversation is empty.
        accounts: Who may log in; without it, everybody who reaches the server may read.
        keys: The keys of programs; as soon as there is one, the API asks for one.
        rate_limit: How often a key may ask, such as `600/minute`, or `off`.
        origins: Other sites whose pages may call the API.
        hosts: Under which names the server is asked; under any, if omitted.
        public_url: Where readers reach the page, for links to it.
        page: Whether there is a page at all; without it, Gradio is not imported.
        tracing: Opens spans for requests and answers.
        slack: Makes what serves `/slack/events`.
    """
    # Both libraries read these when they are imported, which is why the imports come after.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from ui.api.app import create_api
    from ui.mcp_server import mcp_app, mcp_installed

    metrics = Metrics(assistant)
    watches = (metrics.watch, *((tracing.watch,) if tracing else ()))
    answering = Answering(assistant, watches=watches)
    api = create_api(answering, library=library, feedback=feedback, public_url=public_url)
    api.router.routes.append(Route("/metrics", endpoint=metrics.endpoint))
    if mcp_installed():
        api.router.routes.append(Route("/mcp", endpoint=mcp_app(answering, public_url=public_url, has_page=page)))
    events = slack(answering) if slack else None
    if events is not None:
        api.router.routes.append(Route("/slack/events", endpoint=events))
    if page:
        from ui.chat.page import create_chat, mount

        async def build() -> None:
            chat = create_chat(assistant, library=library, feedback=feedback, examples=examples, watches=watches)
            mount(api, chat, largest_upload=int(library.max_megabytes * 1024 * 1024) if library.writable else None)

        # Gradio makes locks while it builds a page, and for each an event loop that it never closes, unless one is
        # running.
        with ThreadPoolExecutor(max_workers=1) as builder:
            builder.submit(asyncio.run, build()).result()
    else:
        api.router.routes.append(Route("/", endpoint=_signpost))
    if events is not None:
        api.router.lifespan_context = _with_mounted(api.router.lifespan_context, events)
    static = StaticFiles(_STATIC)
    served = PageDocument(api, static=static)
    login = Login(served, accounts, static=static) if accounts else None
    access = Access(served, keys=keys, login=login, limits=RateLimits(rate_limit))
    secure = Security(access, origins=origins, hosts=hosts)
    return Application(Observed(secure, metrics=metrics, tracing=tracing), answering=answering)


def _with_mounted(lifespan: Lifespan[Any], mounted: Mounted) -> Lifespan[Any]:
    """Begin and end something together with an app; Gradio wraps the app's own lifespan in the same way."""

    @asynccontextmanager
    async def both(app: Any) -> AsyncIterator[Mapping[str, Any] | None]:
        async with lifespan(app) as state:
            mounted.start()
            try:
                yield state
            finally:
                await mounted.close()

    return both  # type: ignore[return-value]  # the alias has one shape for each kind of state


async def _signpost(request: Request) -> JSONResponse:  # noqa: ARG001 - the shape of a Starlette endpoint
    """Say what is here where there is no page."""
    return JSONResponse({"name": "Footnote", "documentation": "/api/docs", "health": "/api/health"})
