"""Problem details: one shape, in the caller's language; under `/v1/` the shape of OpenAI's errors."""

import json
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Scope

from ui.messages import all_messages
from ui.problems import Problem, problem_dict, problem_response, problem_with_status


def scope_of(path: str, *, accept_language: str = "", request_id: str | None = None) -> Scope:
    state = {} if request_id is None else {"request_id": request_id}
    return {
        "type": "http",
        "path": path,
        "state": state,
        "headers": [(b"accept-language", accept_language.encode())] if accept_language else [],
    }


def body(response: Response) -> Any:
    return json.loads(bytes(response.body))


def test_a_problem_says_what_happened_to_which_request_in_the_language_of_the_caller() -> None:
    scope = scope_of("/api/v1/documents/ä b", accept_language="fi-FI, en;q=0.5", request_id="abc-1")
    response = problem_response(Problem.KEY_MISSING, scope=scope, headers={"WWW-Authenticate": "Bearer"})
    assert body(response) == {
        "type": "/problems/key-missing",
        "title": "API-avain puuttuu",
        "status": 401,
        "detail": "Lähetä avain otsakkeessa ”Authorization: Bearer …” tai kirjaudu sisään.",
        "instance": "/api/v1/documents/%C3%A4%20b",
        "request_id": "abc-1",
    }
    assert response.status_code == 401
    headers = response.headers
    assert headers["content-type"] == "application/problem+json"
    assert (headers["content-language"], headers["vary"], headers["cache-control"]) == (
        "fi",
        "Accept-Language",
        "no-store",
    )
    assert headers["www-authenticate"] == "Bearer"


def test_a_detail_of_the_case_takes_the_place_of_the_general_advice() -> None:
    described = problem_dict(Problem.INVALID, scope=scope_of("/api/v1/ask"), detail="It is 'x'.", extra={"errors": []})
    assert described == {
        "type": "/problems/invalid",
        "title": "The request is not valid",
        "status": 422,
        "detail": "It is 'x'.",
        "instance": "/api/v1/ask",
        "errors": [],
    }


@pytest.mark.parametrize("problem", list(Problem), ids=[problem.value for problem in Problem])
def test_every_problem_has_words_in_every_language(problem: Problem) -> None:
    for messages in all_messages().values():
        assert problem.title_in(messages) == getattr(messages, f"problem_{problem.name.lower()}")
        assert problem.advice_in(messages) == getattr(messages, f"problem_{problem.name.lower()}_advice")


def test_types_and_statuses_stay() -> None:
    assert {problem.type: problem.status for problem in Problem} == {
        "/problems/key-missing": 401,
        "/problems/key-invalid": 401,
        "/problems/scope-missing": 403,
        "/problems/other-site": 403,
        "/problems/uploads-off": 403,
        "/problems/not-found": 404,
        "/problems/method": 405,
        "/problems/timeout": 408,
        "/problems/conflict": 409,
        "/problems/too-large": 413,
        "/problems/media-type": 415,
        "/problems/invalid": 422,
        "/problems/rate-limited": 429,
        "/problems/failed": 500,
        "/problems/unavailable": 503,
    }


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, Problem.KEY_MISSING),
        (403, Problem.SCOPE_MISSING),
        (404, Problem.NOT_FOUND),
        (400, Problem.INVALID),
        (418, Problem.INVALID),
        (500, Problem.FAILED),
        (502, Problem.FAILED),
        (503, Problem.UNAVAILABLE),
    ],
)
def test_a_status_without_a_problem_of_its_own_counts_as_the_nearest(status: int, problem: Problem) -> None:
    assert problem_with_status(status) is problem


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (Problem.KEY_MISSING, "invalid_request_error", "invalid_api_key"),
        (Problem.KEY_INVALID, "invalid_request_error", "invalid_api_key"),
        (Problem.NOT_FOUND, "invalid_request_error", "not_found"),
        (Problem.RATE_LIMITED, "rate_limit_error", "rate_limited"),
        (Problem.FAILED, "server_error", "failed"),
    ],
)
def test_errors_have_the_shape_of_openai_under_its_paths(problem: Problem, kind: str, code: str) -> None:
    response = problem_response(problem, scope=scope_of("/v1/models", accept_language="ja"), detail="That is why.")
    assert body(response) == {
        "error": {
            "message": f"{problem.title_in(all_messages()['ja'])}: That is why.",
            "type": kind,
            "param": None,
            "code": code,
        }
    }
    assert response.headers["content-type"] == "application/json"
    assert response.status_code == problem.status
