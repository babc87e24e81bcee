"""What can go wrong between a client and a server, told from what came back. The tree is drawn in `ui.client`."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from index.errors import FootnoteError
from ui.plain import one_line

LONGEST_WAIT = 60.0
"""Seconds that a server may ask a client to wait before it tries again; asked for more, it gives up at once."""

_LONGEST_TEXT = 1000
# Of these a server says when another try may help.
_LATER = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class ApiError(FootnoteError):
    """The server refused or failed, or was not reached. The message is a sentence for a person."""

    def __init__(
        self, message: str, *, status: int | None = None, title: str = "", detail: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        """The status of the response; `None` without one."""
        self.title, self.detail = title, detail
        """The kind of problem, and what exactly happened, as the server says it."""
        self.request_id = request_id
        """What the server's log calls the request."""
        self.retry_after: float | None = None
        """After how many seconds another try may help, if the server says so."""


class UnreachableError(ApiError):
    """Nothing answered in time, or the connection broke."""


class KeyRefusedError(ApiError):
    """A key is needed, the one given is not known, or it may not do this."""


class NotFoundError(ApiError):
    """There is no such document."""


class InvalidRequestError(ApiError):
    """What was sent cannot be taken: its form, its size, its type."""


class BusyError(ApiError):
    """Too much is asked for, or something that is needed is not there just now: try again later."""


class ServerError(ApiError):
    """The server failed, or what answered is no Footnote server."""


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Return the error that a response stands for."""
    problem = _problem(body)
    title, detail = (_text(problem, name) for name in ("title", "detail"))
    said = f"{title}: {detail}" if title and detail else title or detail
    if not said and status < HTTPStatus.BAD_REQUEST:
        said = "The address given answers otherwise than a Footnote server. Give the address of its page"
    message = f"{said or 'The server gave no reason'} (HTTP {status})."
    error = _kind(status)(
        message, status=status, title=title, detail=detail, request_id=headers.get("x-request-id", "")
    )
    error.retry_after = _retry_after(headers)
    return error


def pause_before_retry(status: int, headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait before the same request is worth another try; `None` if it is not."""
    wait = _retry_after(headers) if status in _LATER else None
    return wait if wait is not None and wait <= LONGEST_WAIT else None


def failed_answer(problem: Mapping[str, Any]) -> ApiError:
    """Return the error of a problem that ended a stream."""
    title, detail = _text(problem, "title"), _text(problem, "detail")
    status = problem.get("status")
    kind = _kind(status) if isinstance(status, int) else ServerError
    return kind(
        detail or title or "The server could not answer.",
        status=status if isinstance(status, int) else None,
        title=title,
        detail=detail,
        request_id=_text(problem, "request_id"),
    )


def no_footnote() -> ServerError:
    """Return the error of a reply that no server of this version gives."""
    return ServerError(
        "What answered is no Footnote server, or one of another version. Check the address, and update both."
    )


def broken_answer() -> UnreachableError:
    """Return the error of a stream that ended too early, or made no sense."""
    return UnreachableError("The answer broke off: the connection to the server was lost. Ask again.")


@contextmanager
def errors_named(address: str) -> Iterator[None]:
    """Turn what goes wrong on the way to a server into `UnreachableError`; `address` is how it is named then."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise UnreachableError(
            f"{address!r} did not answer in time. Try again, or give it a longer timeout."
        ) from error
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise UnreachableError(f"The connection to {address!r} broke: {_reason(error)}. Try again.") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        raise UnreachableError(
            f"{address!r} was not reached: {_reason(error)}. Check the address, and that the server runs."
        ) from error


def _reason(error: Exception) -> str:
    return one_line(str(error))[:_LONGEST_TEXT] or type(error).__name__


def _kind(status: int) -> type[ApiError]:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return KeyRefusedError
        case HTTPStatus.NOT_FOUND:
            return NotFoundError
        case _ if status in _LATER:
            return BusyError
        case _ if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return InvalidRequestError
        case _:
            return ServerError


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return one_line(value)[:_LONGEST_TEXT].rstrip(".") if isinstance(value, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The header `Retry-After` in seconds, which may be a number or a time."""
    given = headers.get("retry-after", "")
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a time zone
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
