"""What the server refuses, and why: RFC 9457 problem details in the caller's language.

Under `/v1/`, where OpenAI's protocol is spoken, an error has the shape of OpenAI's instead.
"""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from ui.messages import Messages, preferred_messages

PROBLEM_TYPE = "application/problem+json"


class Problem(StrEnum):
    """A kind of problem. Its value is the last part of its `type`, and stays."""

    status: int

    def __new__(cls, slug: str, status: int) -> Self:
        """Make a member with its HTTP status."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.status = status
        return member

    KEY_MISSING = "key-missing", 401
    KEY_INVALID = "key-invalid", 401
    SCOPE_MISSING = "scope-missing", 403
    OTHER_SITE = "other-site", 403
    UPLOADS_OFF = "uploads-off", 403
    NOT_FOUND = "not-found", 404
    METHOD = "method", 405
    TIMEOUT = "timeout", 408
    CONFLICT = "conflict", 409
    TOO_LARGE = "too-large", 413
    MEDIA_TYPE = "media-type", 415
    INVALID = "invalid", 422
    RATE_LIMITED = "rate-limited", 429
    FAILED = "failed", 500
    UNAVAILABLE = "unavailable", 503

    @property
    def type(self) -> str:
        """The reference that names it."""
        return f"/problems/{self.value}"

    def title_in(self, messages: Messages) -> str:
        """What has happened, in a language."""
        return str(getattr(messages, f"problem_{self.name.lower()}"))

    def advice_in(self, messages: Messages) -> str:
        """What to do about it, in a language, if nothing more exact is known."""
        return str(getattr(messages, f"problem_{self.name.lower()}_advice"))


def problem_with_status(status: int) -> Problem:
    """Give the kind of problem that a status stands for; a status that has none counts as the nearest that has."""
    kinds = {problem.status: problem for problem in reversed(Problem)}
    return kinds.get(status) or (Problem.INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else Problem.FAILED)


def problem_dict(
    problem: Problem, *, scope: Scope, detail: str = "", extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the members of a problem.

    Args:
        problem: What kind it is.
        scope: The request's: whose language, address and id it is.
        detail: What exactly happened, in a sentence; without it, what to do about problems of the kind.
        extra: Further members.
    """
    messages, request_id = _messages(scope), scope.get("state", {}).get("request_id")
    return {
        "type": problem.type,
        "title": problem.title_in(messages),
        "status": problem.status,
        "detail": detail or problem.advice_in(messages),
        "instance": quote(scope["path"], safe="/:@!$&'()*+,;="),
        **({"request_id": request_id} if request_id else {}),
        **(extra or {}),
    }


def problem_response(
    problem: Problem,
    *,
    scope: Scope,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """Build the response to a request that is refused or failed; the arguments are those of `problem_dict`."""
    speaks_openai = scope["path"].startswith("/v1/")
    shape = _openai_error if speaks_openai else problem_dict
    return JSONResponse(
        shape(problem, scope=scope, detail=detail, extra=extra),
        status_code=problem.status,
        headers={
            "Cache-Control": "no-store",
            "Content-Language": _messages(scope).language,
            "Vary": "Accept-Language",
            **(headers or {}),
        },
        media_type="application/json" if speaks_openai else PROBLEM_TYPE,
    )


def _openai_error(
    problem: Problem, *, scope: Scope, detail: str = "", extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    described = problem_dict(problem, scope=scope, detail=detail)
    codes = {Problem.KEY_MISSING: "invalid_api_key", Problem.KEY_INVALID: "invalid_api_key"}
    kind = "server_error" if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return {
        "error": {
            "message": f"{described['title']}: {described['detail']}",
            "type": "rate_limit_error" if problem is Problem.RATE_LIMITED else kind,
            "param": None,
            "code": codes.get(problem, problem.value.replace("-", "_")),
            **(extra or {}),
        }
    }


def _messages(scope: Scope) -> Messages:
    return preferred_messages(Headers(scope=scope).get("accept-language", ""))
