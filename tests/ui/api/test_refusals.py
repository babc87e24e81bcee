"""Every error of the API is a problem in the caller's language, and tells nothing that is for the log."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from tests.fakes import ScriptedAssistant

ClientOf = Callable[..., TestClient]


@pytest.fixture
def client(client_of: ClientOf) -> TestClient:
    return client_of(ScriptedAssistant({"Rikki?": RuntimeError("a mistake in /secret/place")}))


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/asks", "/api/v2/ask", "/api/ask/"])
def test_what_is_not_there_is_a_problem(client: TestClient, path: str) -> None:
    response = client.post(path, json={"question": "x"}, headers={"accept-language": "fi"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "/problems/not-found",
        "title": "Ei löytynyt",
        "status": 404,
        "detail": "Tässä osoitteessa ei ole mitään.",
        "instance": path,
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/ask", "POST"),
        ("DELETE", "/api/search", "POST"),
        ("POST", "/api/v1/health", "GET, HEAD"),
        ("PUT", "/api/v1/feedback", "POST"),
        ("OPTIONS", "/api/v1/ask", "POST"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path, headers={"accept-language": "ar"})
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert (response.json()["type"], response.json()["title"]) == ("/problems/method", "الطريقة غير مسموح بها")


def test_errors_under_openai_s_paths_have_their_shape(client: TestClient) -> None:
    response = client.get("/v1/embeddings")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("content", "kind", "status", "detail"),
    [
        (b'{"question": ', "application/json", 422, "body: It is not valid JSON at character 13."),
        (b'{"question": "\xff"}', "application/json", 422, "There was an error parsing the body"),
        (b"[" * 100_000, "application/json; charset=utf-8", 422, "There was an error parsing the body"),
        (b"[]", "application/json", 422, "body: It is no JSON object."),
        (b"null", "application/json", 422, "body: It is no JSON object."),
        (b"", "application/json", 422, "body: Field required."),
        (
            b'{"question": "x"}',
            "text/plain",
            415,
            "The body is not sent as JSON. Send it with 'Content-Type: application/json'.",
        ),
        (
            b"question=x",
            "application/x-www-form-urlencoded",
            415,
            "The body is not sent as JSON. Send it with 'Content-Type: application/json'.",
        ),
    ],
    ids=["cut", "bytes", "deep", "list", "null", "empty", "text", "form"],
)
def test_a_body_that_is_no_json_is_refused(
    client: TestClient, content: bytes, kind: str, status: int, detail: str
) -> None:
    response = client.post("/api/v1/ask", content=content, headers={"content-type": kind})
    assert (response.status_code, response.json()["detail"]) == (status, detail)
    assert response.headers["content-type"] == "application/problem+json"


def test_a_mistake_of_ours_is_logged_with_its_place_and_told_without(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/api/v1/ask", json={"question": "Rikki?"}, headers={"accept-language": "ja"})
    assert response.status_code == 500
    assert response.json() == {
        "type": "/problems/failed",
        "title": "問題が発生しました",
        "status": 500,
        "detail": "サーバーで実行できませんでした。理由はサーバーのログにあります。もう一度お試しください。",
        "instance": "/api/v1/ask",
    }
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info is not None
    assert "Rikki?" not in record.getMessage()


def test_no_value_that_was_sent_is_repeated(client: TestClient) -> None:
    response = client.post("/api/v1/ask", json={"question": ["my secret question"], "top secret": 1})
    assert response.status_code == 422
    assert "my secret" not in response.text


def test_many_errors_are_cut(client: TestClient) -> None:
    response = client.post("/api/v1/ask", json={"question": "x", **{f"field{n}": 1 for n in range(40)}})
    assert len(response.json()["errors"]) == 10


@pytest.mark.parametrize(
    ("path", "pointer"), [("/api/v1/ask", "/filter"), ("/api/v1/search", "/filter"), ("/api/v1/feedback", "")]
)
def test_a_flood_of_fields_is_one_error(client: TestClient, path: str, pointer: str) -> None:
    flood = {f"field{n}": 1 for n in range(51)}
    body = {"question": "x", "filter": flood} if path.endswith("ask") else {"query": "x", "filter": flood}
    response = client.post(path, json=body if pointer else flood)
    assert response.status_code == 422
    assert response.json()["errors"] == [{"in": "body", "pointer": pointer, "detail": "It has more than 50 fields"}]
