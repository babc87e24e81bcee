"""The HTTP side: health, security headers, and what the page must not offer."""

import pytest
from starlette.testclient import TestClient

from tests.fakes import ScriptedAssistant
from ui.api import CONTENT_SECURITY_POLICY, SECURITY_HEADERS, create_api
from ui.server import create_app


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(ScriptedAssistant({}, sources=("a.md", "b.md", "c.md"))))


def test_health_counts_the_documents(client: TestClient) -> None:
    response = client.get("/api/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "documents": 3})


def test_health_counts_anew_each_time() -> None:
    counts = iter((1, 2))
    api = create_api(document_count=lambda: next(counts))
    assert [TestClient(api).get("/api/health").json()["documents"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("path", ["/api/health", "/", "/config", "/theme.css", "/no-such-page"])
def test_every_response_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_policy_names_no_other_origin() -> None:
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_page_is_served_at_the_root(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "Ask your documents" in response.text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_documentation_that_loads_from_elsewhere_is_off(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_page_has_no_public_endpoints(client: TestClient) -> None:
    described = client.get("/gradio_api/info").json()
    assert described == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_upload_is_refused(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", files={"files": b"two bytes or more"}).status_code == 413


def test_favicon_is_ours(client: TestClient) -> None:
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
