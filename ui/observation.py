"""The outermost layer of the server: request ids, the access log, what is measured, an answer to mistakes of our own.

What only this layer knows reaches the rest by `scope["state"]`: `request_id`, and `context`, which `in_request` uses.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from enum import Enum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import quote

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.answering import close_stream
from ui.logs import ACCESS_LOG, SERVER_LOG, request_id_of_this

if TYPE_CHECKING:
    from ui.metrics import Metrics

REQUEST_ID = b"x-request-id"

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# What is asked for again and again, or comes with every page: seen in the log only if it fails, or at DEBUG.
_ROUTINE = re.compile(
    r"/(?:metrics|api/(?:v1/)?health|static|assets|gradio_api/heartbeat|favicon\.ico|manifest\.json|theme\.css)\b.*"
)
_LONGEST_PATH = 500
# What answers before a router is asked, or without one.
_KNOWN_PATHS = ("/", "/login", "/logout", "/static", "/metrics", "/mcp", "/slack/events")
_PREFIX = re.compile(r"(?:/[a-z0-9_-]{1,20}){0,3}")
# What nginx writes for a request whose client left before anything was answered.
_NOT_ANSWERED = 499
# Who asks without a key and without having logged in.
_NOBODY = "anonymous"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

T = TypeVar("T")


class _End(Enum):
    END = "no further step"


_END: Final = _End.END

server_log = logging.getLogger(SERVER_LOG)
access_log = logging.getLogger(ACCESS_LOG)
log = logging.getLogger(__name__)


class RequestSpans(Protocol):
    """Traces requests: `ui.tracing.Tracing`."""

    def request(self, scope: Scope) -> AbstractContextManager["RequestSpan"]:
        """Open a span that holds whatever happens inside of the block."""
        ...


class RequestSpan(Protocol):
    """The span of one request."""

    def ended(self, *, route: str, status: int) -> None:
        """Say what became of the request."""
        ...


class Observed:
    """Watches every request from its first to its last byte. Nothing is buffered."""

    def __init__(self, app: ASGIApp, *, metrics: "Metrics | None" = None, tracing: RequestSpans | None = None) -> None:
        """Put it around everything else.

        Args:
            app: Answers the requests.
            metrics: Counts them.
            tracing: Opens a span for each.
        """
        self.app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            tracing = None if _ROUTINE.fullmatch(scope["path"]) else self._tracing
            await _Request(scope, receive, send, self._metrics).serve(self.app, tracing)
        else:
            await self.app(scope, receive, _announcing(send) if scope["type"] == "lifespan" else send)


def _announcing(send: Send) -> Send:
    """Say in the log when the server starts and when it has ended."""

    async def announce(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            server_log.info("Footnote %s starts.", version("footnote"))
        elif message["type"] == "lifespan.shutdown.complete":
            server_log.info("Footnote has ended.")
        await send(message)

    return announce


class _Request:
    """One request and what is known of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, metrics: "Metrics | None") -> None:
        self._scope = scope
        self._receive_from = receive
        self._send_to = send
        self._metrics = metrics
        given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"")
        self._id = given.decode("ascii") if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = self._id
        self._status = 0
        self._sent = 0
        self._complete = False
        self._gone = False

    async def serve(self, app: ASGIApp, tracing: RequestSpans | None) -> None:
        """Hand the request on, and say what became of it."""
        token = request_id_of_this.set(self._id)
        began = time.perf_counter()
        if self._metrics is not None:
            self._metrics.request_began()
        try:
            with tracing.request(self._scope) if tracing is not None else nullcontext() as span:
                # For what belongs to this request and runs elsewhere, see `in_request`.
                self._scope["state"]["context"] = copy_context()
                try:
                    await self._answered(app)
                finally:
                    self._status = self._status or _NOT_ANSWERED
                    if span is not None:
                        span.ended(route=route_of(self._scope), status=self._status)
        finally:
            self._ended(time.perf_counter() - began)
            request_id_of_this.reset(token)

    async def _answered(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._receive, self._send)
        except ClientDisconnect:
            self._gone = True
            if self._status >= 500:  # Starlette's answer to whatever it does not know, which nobody got
                self._status = _NOT_ANSWERED
        except Exception:
            log.exception("%s %s failed", self._method, self._path)
            if self._status:
                return  # uvicorn closes the connection of a response that is not complete
            from ui.problems import Problem, problem_response

            response = problem_response(Problem.FAILED, scope=self._scope)
            await response(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        message = await self._receive_from()
        if message["type"] == "http.disconnect" and not self._complete:
            self._gone = True
        return message

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = [item for item in message.get("headers", ()) if item[0].lower() != REQUEST_ID]
            message = {**message, "headers": [*headers, (REQUEST_ID, self._id.encode("ascii"))]}
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        await self._send_to(message)

    def _ended(self, seconds: float) -> None:
        route = route_of(self._scope)
        if self._metrics is not None:
            self._metrics.request_ended(self._method, route, self._status, seconds)
        routine = self._status < 400 and _ROUTINE.fullmatch(self._scope["path"]) is not None
        level = logging.DEBUG if routine else logging.INFO
        if not access_log.isEnabledFor(level):
            return
        milliseconds = round(1000 * seconds, 1)
        caller = str(getattr(self._scope["state"].get("caller"), "name", "")) or _NOBODY
        access_log.log(
            level,
            "%s %s %d in %s ms, %d bytes%s%s",
            self._method,
            self._path,
            self._status,
            milliseconds,
            self._sent,
            "" if caller == _NOBODY else f", for {caller}",
            ", the client went away" if self._gone else "",
            extra={
                "method": self._method,
                "path": self._path,
                "route": route,
                "status": self._status,
                "milliseconds": milliseconds,
                "bytes": self._sent,
                "caller": caller,
                "client_gone": self._gone,
            },
        )

    @property
    def _method(self) -> str:
        method: str = self._scope["method"]
        return method if method in _METHODS else "OTHER"

    @property
    def _path(self) -> str:
        """The path as it stands in addresses: no blank and no control character could be taken for the line's own."""
        return quote(self._scope["path"], safe="/:@!$&'()*+,;=~", errors="replace")[:_LONGEST_PATH]


def in_request(steps: Iterator[T], scope: Mapping[str, Any]) -> Iterator[T]:
    """Take the steps of a generator as a part of the request that has asked for them: its id in the log, its trace.

    Gradio runs what its events ask for in threads that know nothing of the request.

    Args:
        steps: Closed in the end, if it is a generator.
        scope: The request's; one that was not observed changes nothing.
    """
    observed = scope.get("state", {}).get("context")
    context = observed.copy() if isinstance(observed, Context) else copy_context()
    try:
        while (step := context.run(next, steps, _END)) is not _END:
            yield step
    finally:
        context.run(close_stream, steps)


def route_of(scope: Scope) -> str:
    """Return the pattern of the path that a request was answered for, such as `/api/documents/{source}`.

    There are only as many as there are routes, whatever paths strangers ask for.

    Args:
        scope: The request's, after it was answered: routers write the route into it.
    """
    path: str = scope["path"]
    pattern = getattr(scope.get("route"), "path_format", None)
    if isinstance(pattern, str):
        # The route of a router that is included elsewhere does not know the prefix it has there.
        values = scope.get("path_params", {})
        own = re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), pattern)
        prefix = path.removesuffix(own) if path.endswith(own) else ""
        return (prefix if _PREFIX.fullmatch(prefix) else "") + pattern
    return next((known for known in _KNOWN_PATHS if path == known or path.startswith(known + "/")), "other")
