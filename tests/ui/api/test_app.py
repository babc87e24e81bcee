"""The HTTP side of the whole app: health, what protects every response, and what the page must not offer."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from index.catalog import Catalog
from index.ingest import Ingest
from index.settings import LoadingSettings
from tests.fakes import ScriptedAssistant
from ui.feedback import FeedbackStore
from ui.library import Library
from ui.messages import english
from ui.security import SECURITY_HEADERS, STRICT_POLICY
from ui.server import create_app


def no_ingest(_: Catalog) -> Ingest:
    raise AssertionError("Nothing is to be indexed.")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """The whole app, where readers may not change the documents."""
    home: Path = tmp_path_factory.mktemp("home")
    library = Library(home, ingest_into=no_ingest, loading=LoadingSettings(), writable=False)
    assistant = ScriptedAssistant({}, sources=("a.md", "b.md", "c.md"))
    return TestClient(create_app(assistant, library=library, feedback=FeedbackStore(home)))


@pytest.mark.parametrize("path", ["/api/health", "/api/v1/health"])
def test_health_counts_the_documents(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()["documents"]) == (200, 3)


@pytest.mark.parametrize("path", ["/api", "/api/v1/none", "/api/v1/ask/more"])
def test_what_the_api_lacks_is_not_looked_for_on_the_page(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept-language": "fi"})
    assert (response.status_code, response.json()["title"]) == (404, "Ei löytynyt")
    assert response.headers["content-type"] == "application/problem+json"


def test_the_page_about_the_api_runs_under_its_own_policy(client: TestClient) -> None:
    response = client.get("/api/docs")
    assert (response.status_code, "swagger-ui" in response.text) == (200, True)
    assert "'nonce-" in response.headers["content-security-policy"]
    assert client.get("/problems").headers["content-security-policy"] == STRICT_POLICY


@pytest.mark.parametrize("path", ["/api/health", "/", "/config", "/theme.css", "/static/page.css", "/no-such-page"])
def test_every_response_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert (headers["content-security-policy"] == STRICT_POLICY) is (path != "/")


def test_page_at_the_root_is_ours(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert english().introduction in response.text
    assert "'nonce-" in response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_documentation_that_loads_from_elsewhere_is_off(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_page_has_no_public_endpoints(client: TestClient) -> None:
    described = client.get("/gradio_api/info").json()
    assert described == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_upload_is_refused_where_documents_may_not_be_added(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", files={"files": b"two bytes or more"}).status_code == 413


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict"])
def test_what_the_page_sends_is_limited_too(client: TestClient, path: str) -> None:
    pieces = (b" " * 1024 * 1024 for _ in range(17))  # without a Content-Length
    assert client.post(path, content=pieces, headers={"content-type": "application/json"}).status_code == 413


def test_another_site_cannot_upload(client: TestClient) -> None:
    headers = {"origin": "https://evil.example"}
    assert client.post("/gradio_api/upload", files={"files": b"x"}, headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/static/", "/static/../server.py", "/static/%2e%2e/server.py", "/static/page.py"])
def test_static_folder_has_no_list_and_no_way_out(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 403, 404)


def test_icon_is_ours(client: TestClient) -> None:
    assert client.get("/static/favicon.svg").headers["content-type"] == "image/svg+xml"
    assert '<link rel="icon" href="static/' in client.get("/").text
