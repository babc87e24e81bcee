"""Turns what goes wrong in the API into problem details, and describes them for the OpenAPI document."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import FilterError, FootnoteError
from index.log_content import described
from rag.errors import QuestionError
from ui.api.connections import ClientGoneError
from ui.feedback import FeedbackError
from ui.messages import english
from ui.problems import PROBLEM_TYPE, Problem, problem_response, problem_with_status

log = logging.getLogger(__name__)

PROBLEM_SCHEMA = "Problem"
"""What the shape of a problem is called in the OpenAPI document."""

_CLIENT_GONE = 499  # nobody reads it, but logs tell it from an answer; the number is nginx's
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_MOST_ERRORS = 10
# What pydantic says in words of Python.
_SAID = {
    "model_attributes_type": "It is no JSON object",
    "string_unicode": "It holds half a character, which no text has",
}
_NOT_JSON = "The body is not sent as JSON. Send it with 'Content-Type: application/json'."
_WITH_KEY = (Problem.KEY_MISSING, Problem.SCOPE_MISSING, Problem.RATE_LIMITED)
_WITH_BODY = (Problem.TIMEOUT, Problem.TOO_LARGE, Problem.MEDIA_TYPE, Problem.INVALID)


class RefusalError(Exception):
    """A request is refused, with a reason for who sent it."""

    def __init__(self, problem: Problem, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        """Say why; the headers are those of the response."""
        super().__init__(detail)
        self.problem, self.detail, self.headers = problem, detail, headers


def documented(*problems: Problem, has_body: bool = False, needs_key: bool = True) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may answer with, for its `responses`; those of all routes are added.

    Args:
        problems: The route's own.
        has_body: Whether the route reads a body, which may be too large, too slow or not as it must be.
        needs_key: Whether it asks for a key, and counts how often one is used.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for problem in (*problems, *(_WITH_BODY if has_body else ()), *(_WITH_KEY if needs_key else ()), Problem.FAILED):
        described[problem.status] = {
            "description": HTTPStatus(problem.status).phrase,
            "content": {
                PROBLEM_TYPE: {
                    "schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"},
                    "example": _example(problem),
                }
            },
        }
    return described


def _example(problem: Problem) -> dict[str, Any]:
    return {
        "type": problem.type,
        "title": problem.title_in(english()),
        "status": problem.status,
        "detail": problem.advice_in(english()),
        "instance": "/api/v1/…",
        "request_id": "b4e2f1c09d7a4a7e",
    }


def answer_with_problems(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""
    app.add_exception_handler(RefusalError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(FootnoteError, _on_ours)
    app.add_exception_handler(ClientGoneError, _on_client_gone)
    app.add_exception_handler(ClientDisconnect, _on_client_gone)
    app.add_middleware(_Unexpected)


def add_ends(app: FastAPI, prefixes: Sequence[str]) -> None:
    """Answer everything below some paths that no route of an app, as it is now, takes.

    The page is mounted at the root later, and would take it.
    """
    routes = list(app.router.routes)

    async def nothing_here(request: Request) -> Response:
        scope = {key: value for key, value in request.scope.items() if key not in ("path_params", "endpoint", "route")}
        allowed = [
            method
            for method in _METHODS
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
        ]
        if allowed:
            return problem_response(Problem.METHOD, scope=request.scope, headers={"Allow": ", ".join(allowed)})
        return problem_response(Problem.NOT_FOUND, scope=request.scope)

    for prefix in prefixes:
        for path in (prefix, prefix + "/{rest:path}"):
            app.add_api_route(path, nothing_here, methods=[*_METHODS, "OPTIONS"], include_in_schema=False)


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = error.errors()
    if errors and tuple(errors[0]["loc"]) == ("body",) and not _is_json(request) and await request.body():
        return problem_response(Problem.MEDIA_TYPE, scope=request.scope, detail=_NOT_JSON)
    shown = [_described(entry) for entry in errors[:_MOST_ERRORS]]
    detail = " ".join(f"{entry['pointer'] or entry['in']}: {entry['detail']}." for entry in shown)
    return problem_response(Problem.INVALID, scope=request.scope, detail=detail, extra={"errors": shown})


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _described(entry: dict[str, Any]) -> dict[str, str]:
    """One thing that is wrong with a request; its value is not repeated, which may be a question."""
    place, *path = [str(part) for part in entry["loc"]]
    if entry["type"] == "json_invalid":
        return {"in": place, "pointer": "", "detail": f"It is not valid JSON at character {path[0]}"}
    said = _SAID.get(entry["type"]) or str(entry["msg"]).rstrip(".")
    return {"in": place, "pointer": _pointer(path), "detail": said}


def _pointer(path: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return problem_response(error.problem, scope=request.scope, detail=error.detail, headers=error.headers)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    problem = problem_with_status(error.status_code)
    # Starlette and FastAPI give the name of the status where they have nothing to say.
    is_said = error.detail != HTTPStatus(error.status_code).phrase and problem is not Problem.FAILED
    return problem_response(
        problem, scope=request.scope, detail=error.detail if is_said else "", headers=error.headers or {}
    )


async def _on_ours(request: Request, error: Exception) -> Response:
    if isinstance(error, QuestionError | FilterError | FeedbackError):
        return problem_response(Problem.INVALID, scope=request.scope, detail=str(error))
    log.error("A request could not be served: %s", described(error))
    return problem_response(Problem.UNAVAILABLE, scope=request.scope)


async def _on_client_gone(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_GONE)


class _Unexpected:
    """Logs what nobody expected, and tells the caller no more than that."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def watched_send(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception:
            if has_started or scope["type"] != "http":
                raise
            log.exception("A request could not be served.")
            await problem_response(Problem.FAILED, scope=scope)(scope, receive, send)
