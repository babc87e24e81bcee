"""What responses tell browsers, and which requests are refused because another site makes them."""

import re

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

from ui.exposure import own_hosts
from ui.security import SECURITY_HEADERS, STRICT_POLICY, Security, form_policy, page_policy

OURS = "http://127.0.0.1:7860"
FRIEND = "https://intranet.example"
EVIL = "https://evil.example"
KEY = {"authorization": "Bearer fn_x"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, x-stainless-os"}


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/api/{path}", methods=["GET", "POST", "DELETE", "OPTIONS"])
    @app.api_route("/v1/{path}", methods=["GET", "POST", "OPTIONS"])
    @app.api_route("/gradio_api/{path}", methods=["GET", "POST", "OPTIONS"])
    def generous(path: str) -> PlainTextResponse:
        """Lets everybody in, as Gradio does."""
        headers = {"Access-Control-Allow-Origin": EVIL, "Access-Control-Allow-Credentials": "true"}
        return PlainTextResponse(path, headers=headers)

    @app.api_route("/thing", methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
    def thing() -> PlainTextResponse:
        return PlainTextResponse("done", headers={"X-Frame-Options": "ALLOWALL"})

    @app.get("/own")
    def own() -> PlainTextResponse:
        return PlainTextResponse("own", headers={"Content-Security-Policy": "default-src 'self'"})

    @app.get("/events")
    def events() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n", "data: 2\n\n"]), media_type="text/event-stream")

    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(Security(app), base_url=OURS)


@pytest.fixture
def shared(app: FastAPI) -> TestClient:
    """The same, and one other site may call the API."""
    return TestClient(Security(app, origins=[FRIEND]), base_url=OURS)


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
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "/problems/other-site"
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


# Pages of other sites that call the API


@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:8080", "https://intranet.example.evil.example"])
@pytest.mark.parametrize(
    ("path", "readable"), [("/api/ask", "without a key"), ("/v1/models", "without a key"), ("/gradio_api/x", "always")]
)
def test_no_other_site_is_told_that_it_may_call(shared: TestClient, path: str, readable: str, origin: str) -> None:
    """Browsers keep what is read from the site, as long as no header of the response says otherwise."""
    requests = {
        "preflight": shared.options(path, headers={"origin": origin, **PREFLIGHT}),
        "read": shared.get(path, headers={"origin": origin}),
        "read with a key": shared.get(path, headers={"origin": origin, **KEY}),
        "changed": shared.post(path, headers={"origin": origin}),
        "changed with a key": shared.post(path, headers={"origin": origin, **KEY}),
    }
    told = {name for response in requests.values() for name in response.headers if name.startswith("access-control-")}
    assert told == set()
    assert {request: response.status_code for request, response in requests.items()} == {
        "preflight": 403,
        "read": 200,
        "read with a key": 200 if readable == "always" else 403,
        "changed": 403,
        "changed with a key": 403,
    }


def test_a_site_that_may_call_is_told_so(shared: TestClient) -> None:
    for path in ("/api/ask", "/v1/chat"):
        response = shared.options(path, headers={"origin": FRIEND, **PREFLIGHT})
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert response.headers["access-control-allow-headers"] == PREFLIGHT["access-control-request-headers"]
        assert "access-control-allow-credentials" not in response.headers
    answer = shared.post("/api/ask", headers={"origin": FRIEND, "sec-fetch-site": "cross-site", **KEY})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, FRIEND)
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["content-security-policy"] == STRICT_POLICY


def test_a_site_that_may_call_the_api_may_not_use_the_page(shared: TestClient) -> None:
    headers = {"origin": FRIEND, "sec-fetch-site": "cross-site"}
    assert shared.post("/gradio_api/x", headers=headers).status_code == 403
    assert shared.post("/gradio_api/x", headers={**headers, **KEY}).status_code == 403
    assert shared.options("/gradio_api/x", headers={"origin": FRIEND, **PREFLIGHT}).status_code == 403
    assert shared.post("/apiary", headers=headers).status_code == 403


def test_a_refused_site_learns_which_setting_would_let_it_in(client: TestClient) -> None:
    response = client.post("/api/ask", headers={"origin": EVIL, **KEY})
    assert response.json()["detail"] == (
        "Pages of other sites may call the API only if FOOTNOTE_CORS_ORIGINS names their origin."
    )


def test_a_key_is_believed_whatever_a_program_says_of_sites(client: TestClient) -> None:
    assert client.post("/api/ask", headers={"sec-fetch-site": "cross-site", **KEY}).status_code == 200
    assert client.post("/api/ask", headers={"origin": OURS, **KEY}).status_code == 200
    assert client.post("/api/ask", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/gradio_api/x", headers={"sec-fetch-site": "cross-site", **KEY}).status_code == 403


# Names that lead here


def test_a_server_for_everybody_answers_under_its_own_names_only(app: FastAPI) -> None:
    guarded = Security(app, hosts=own_hosts("127.0.0.1", "https://footnote.example"))
    client = TestClient(guarded, base_url=OURS)
    for host in ("127.0.0.1:7860", "localhost", "[::1]:7860", "footnote.example"):
        assert client.get("/thing", headers={"host": host}).status_code == 200
    for path in ("/thing", "/api/ask"):
        response = client.get(path, headers={"host": "rebound.example:7860"})
        assert (response.status_code, response.headers["content-security-policy"]) == (403, STRICT_POLICY)
        assert response.json()["detail"] == (
            "This server asks nobody who they are, so it answers only under its own name, which "
            "'rebound.example:7860' is not. Set FOOTNOTE_PUBLIC_URL to the address people use, or a login."
        )
    assert client.get("/api/health/live", headers={"host": "10.1.2.3:7860"}).status_code == 404  # asked, and not there
    assert TestClient(Security(app)).get("/thing", headers={"host": "rebound.example"}).status_code == 200


def test_slack_may_find_a_server_by_any_name(app: FastAPI) -> None:
    app.post("/slack/events")(lambda: "signed")
    client = TestClient(Security(app, hosts=own_hosts("127.0.0.1", None)), base_url="https://tunnel.example")
    assert [client.post(path).status_code for path in ("/slack/events", "/thing")] == [200, 403]
