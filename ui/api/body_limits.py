"""How large a request may be, and how long it may take to arrive."""

from collections.abc import Callable
from typing import NamedTuple

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.problems import Problem, problem_response


class BodyLimit(NamedTuple):
    """What the body of one request may be."""

    size: int
    """Bytes at most."""
    seconds: float
    """Until all of it has come, counted from when it is first read."""


JSON_LIMIT = BodyLimit(size=1024 * 1024, seconds=30)
"""For what programs send, other than files."""
PAGE_LIMIT = BodyLimit(size=16 * 1024 * 1024, seconds=60)
"""For what the page sends, other than files: a conversation that a browser kept may be 15 MiB, 5 Mi UTF-16 units of
three bytes each in UTF-8."""

_DIGITS = 18  # of a length: more is too large in any case, and Python refuses to read thousands
CLOSING = {"Connection": "close"}
"""Of a response to a request that was not read to its end."""


class BodyLimits:
    """Refuses requests that are larger or slower than they may be."""

    def __init__(self, app: ASGIApp, *, limit_of: Callable[[Scope], BodyLimit | None]) -> None:
        """Wrap an app.

        Args:
            app: What reads the requests.
            limit_of: The limit for a request; `None` if somebody else takes care of it.
        """
        self.app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        limit = self._limit_of(scope) if scope["type"] == "http" else None
        if limit is None:
            await self.app(scope, receive, send)
        elif announced_size(scope) > limit.size:
            await problem_response(Problem.TOO_LARGE, scope=scope, detail=_too_large(limit), headers=CLOSING)(
                scope, receive, send
            )
        else:
            await self.app(scope, _Body(receive, limit).receive, send)


class _Body:
    """The body of one request on its way in."""

    def __init__(self, receive: Receive, limit: BodyLimit) -> None:
        self._receive = receive
        self._limit = limit
        self._size = 0
        self._is_complete = False
        self._deadline: float | None = None

    async def receive(self) -> Message:
        """Receive the next piece.

        Raises:
            HTTPException: If the body is too large or too slow.
        """
        if self._is_complete:  # only a disconnect can follow
            return await self._receive()
        if self._deadline is None:
            self._deadline = anyio.current_time() + self._limit.seconds
        with anyio.move_on_at(self._deadline) as waiting:
            message = await self._receive()
        if waiting.cancelled_caught:
            raise HTTPException(Problem.TIMEOUT.status, headers=CLOSING)
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._size > self._limit.size:
            raise HTTPException(Problem.TOO_LARGE.status, detail=_too_large(self._limit), headers=CLOSING)
        return message


def announced_size(scope: Scope) -> int:
    """Return how many bytes a request says it has, 0 if it does not say."""
    stated = Headers(scope=scope).get("content-length", "")[:_DIGITS]
    return int(stated) if stated.isascii() and stated.isdigit() else 0


def _too_large(limit: BodyLimit) -> str:
    return f"At most {limit.size} bytes are taken here."
