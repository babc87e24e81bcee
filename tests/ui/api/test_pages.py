"""The API's pages: the OpenAPI document, the page to try it out, the types of problems. None asks another host."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fakes import ScriptedAssistant
from ui.problems import Problem

ClientOf = Callable[..., TestClient]


@pytest.fixture
def client(client_of: ClientOf) -> TestClient:
    return client_of(ScriptedAssistant({}))


def test_the_page_loads_nothing_from_elsewhere_and_runs_only_our_scripts(client: TestClient) -> None:
    first, second = client.get("/api/docs"), client.get("/api/docs")
    policy = first.headers["content-security-policy"]
    assert policy != second.headers["content-security-policy"]
    (nonce,) = re.findall(r"script-src 'self' 'nonce-([\w-]{22})'", policy)
    assert f'<script nonce="{nonce}">' in first.text
    for address in re.findall(r'(?:src|href|url)(?:=|: )"([^"]*)"', first.text):
        assert address == "data:," or client.get(f"/api/{address}").status_code == 200, address
    assert not re.search(r"(?:https?:)?//", first.text)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("swagger-ui-bundle.js", "text/javascript; charset=utf-8"), ("swagger-ui.css", "text/css; charset=utf-8")],
)
def test_its_files_are_ours(client: TestClient, name: str, kind: str) -> None:
    response = client.get(f"/api/docs/{name}")
    assert (response.status_code, response.headers["content-type"]) == (200, kind)
    assert "swagger" in response.text


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..", "%2e%2e/core.py", "x.js"])
def test_no_other_file_is(client: TestClient, name: str) -> None:
    assert client.get(f"/api/docs/{name}").status_code == 404


def test_problem_types_have_a_page_in_the_language_of_the_reader(client: TestClient) -> None:
    response = client.get("/problems", headers={"accept-language": "ar"})
    assert '<html lang="ar" dir="rtl">' in response.text
    assert [f"/problems/{slug}" for slug in re.findall(r"<code>/problems/([a-z-]+)</code>", response.text)] == [
        problem.type for problem in Problem
    ]
    one = client.get("/problems/rate-limited", headers={"accept-language": "ja"})
    assert "要求が多すぎます" in one.text
    assert one.text.count("<dt ") == 1
    assert client.get("/problems/unheard-of").status_code == 404


# -- The OpenAPI document ----------------------------------------------------------------------------------------------


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    document = client.get("/api/v1/openapi.json").json()
    assert document == client.get("/api/openapi.json").json()
    assert isinstance(document, dict)
    return document


def test_only_versioned_paths_are_documented(document: dict[str, Any]) -> None:
    assert {path for path in document["paths"] if not path.startswith(("/api/v1/", "/v1/"))} == set()
    assert {"/api/v1/ask", "/api/v1/search", "/api/v1/feedback", "/api/v1/health", "/api/v1/documents"} <= set(
        document["paths"]
    )


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_has_a_summary_and_every_problem_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert operation["tags"], name
        if name.partition(" ")[2].startswith("/v1/"):
            continue  # OpenAI's errors have a shape of their own
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                content = response["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (name, status)
                assert content["example"]["status"] == int(status), (name, status)


def test_what_reads_a_body_documents_how_it_is_refused(document: dict[str, Any]) -> None:
    for path in ("ask", "search", "feedback"):
        responses = set(document["paths"][f"/api/v1/{path}"]["post"]["responses"])
        assert responses >= {"401", "403", "408", "413", "415", "422", "429", "500", "503"}


def test_keys_are_described_and_health_needs_none(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["security"] == [{"key": []}, {}]
    open_to_all = {name for name, operation in operations(document).items() if operation.get("security") == []}
    assert open_to_all == {"GET /api/v1/health", "GET /api/v1/health/live", "GET /api/v1/health/ready"}


def test_examples_of_questions_are_taken_as_they_stand(client_of: ClientOf, document: dict[str, Any]) -> None:
    examples = document["components"]["schemas"]["AskBody"]["examples"]
    assert len(examples) == 2
    for example in examples:
        assistant = ScriptedAssistant({})
        client_of(assistant).post("/api/v1/ask", json=example)
        assert [question for question, _ in assistant.asked] == [example["question"]]
