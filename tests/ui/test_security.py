"""What responses tell browsers, and which requests are refused because another site makes them."""

import re

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

from ui.security import SECURITY_HEADERS, STRICT_POLICY, Security, form_policy, page_policy


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.api_route("/thing", methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
    def thing() -> PlainTextResponse:
        return PlainTextResponse("done", headers={"X-Frame-Options": "ALLOWALL"})

    @app.get("/own")
    def own() -> PlainTextResponse:
        return PlainTextResponse("own", headers={"Content-Security-Policy": "default-src 'self'"})

    @app.get("/events")
    def events() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n", "data: 2\n\n"]), media_type="text/event-stream")

    return TestClient(Security(app), base_url="http://127.0.0.1:7860")


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values.split() for name, _, values in (part.partition(" ") for part in policy.split("; "))}


@pytest.mark.parametrize("path", ["/thing", "/events", "/no-such-page"])
def test_every_response_has_the_headers_and_a_policy_without_scripts(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert headers["content-security-policy"] == STRICT_POLICY


def test_a_response_may_bring_a_policy_of_its_own(client: TestClient) -> None:
    assert client.get("/own").headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize("policy", [page_policy("abc"), form_policy(), STRICT_POLICY], ids=["page", "form", "rest"])
def test_no_policy_allows_another_host_or_a_frame_around_it(policy: str) -> None:
    assert not re.search(r"https?:|\*|blob:|filesystem:", policy)
    assert directives(policy)["frame-ancestors"] == ["'none'"]
    assert directives(policy)["default-src"] in (["'self'"], ["'none'"])


def test_page_policy_runs_no_script_but_files_of_ours_and_those_with_the_nonce() -> None:
    found = directives(page_policy("abc"))
    assert found["script-src"] == ["'self'", "'nonce-abc'"]
    assert found["object-src"] == found["frame-src"] == ["'none'"]
    assert found["form-action"] == found["base-uri"] == found["worker-src"] == found["manifest-src"] == ["'self'"]


def test_form_policy_runs_no_script_at_all() -> None:
    found = directives(form_policy())
    assert "script-src" not in found
    assert found["default-src"] == ["'none'"]
    assert found["form-action"] == ["'self'"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:7860"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "null"},
        {"origin": "http://[broken"},
        {"origin": ""},
    ],
)
def test_other_sites_change_nothing(client: TestClient, method: str, headers: dict[str, str]) -> None:
    response = client.request(method, "/thing", headers=headers)
    assert response.status_code == 403
    assert response.json() == {"error": "This request comes from a page of another site."}
    assert response.headers["content-security-policy"] == STRICT_POLICY


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:7860"},
        {"sec-fetch-site": "same-origin", "origin": "https://footnote.example"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:7860"},
        {"origin": "http://FOOTNOTE.example", "host": "footnote.EXAMPLE"},
    ],
    ids=["a program", "our page", "behind a proxy", "typed", "an older connection", "capitals"],
)
def test_our_page_and_programs_may_change_things(client: TestClient, method: str, headers: dict[str, str]) -> None:
    assert client.request(method, "/thing", headers=headers).status_code == 200


def test_reading_is_left_to_the_browsers_own_rules(client: TestClient) -> None:
    response = client.get("/thing", headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"})
    assert (response.status_code, response.headers["cross-origin-resource-policy"]) == (200, "same-origin")
    assert "access-control-allow-origin" not in response.headers
