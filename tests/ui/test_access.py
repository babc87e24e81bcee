"""Who gets in: keys, scopes, the login, how often; and that nothing of the real app answers without."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from index.embedding import StaticEmbedder
from tests.fakes import ScriptedAssistant
from tests.ui.gradio_page import STATIC
from tests.ui.route_table import concrete_routes
from ui.access import WRONG_KEY_SECONDS, WRONG_KEYS, Access, RateLimits
from ui.accounts import Accounts
from ui.build import build_library
from ui.feedback import FeedbackStore
from ui.keys import EVERY_SCOPE, SECONDS_KNOWN, KeyStore
from ui.keys import Scope as KeyScope
from ui.login import Login
from ui.security import Security
from ui.server import Application, create_app
from ui.settings import Settings

PASSWORD = "correct horse"  # noqa: S105
READ = frozenset({KeyScope.READ})
NO_KEY = "fn_aaaaaaaa_" + "A" * 43


@dataclass
class Clock:
    """A time that passes when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> KeyStore:
    return KeyStore(tmp_path, clock=clock)


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    # As small as Argon2 allows: what it costs is not what is tested here.
    return Accounts(f"anna:{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)}")


async def who(request: Request) -> JSONResponse:
    caller = getattr(request.state, "caller", None)
    return JSONResponse({"name": caller.name, "may": sorted(caller.scopes)} if caller else None)


INNER = Starlette(routes=[Route("/{path:path}", who, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])])
ANYBODY = {"name": "anonymous", "may": ["read", "write"]}


@pytest.fixture
def open_client(keys: KeyStore, clock: Clock) -> TestClient:
    """A server with no login, and no key as long as none is made."""
    return TestClient(Security(Access(INNER, keys=keys, limits=RateLimits("2/minute"), clock=clock)))


@pytest.fixture
def login_client(keys: KeyStore, accounts: Accounts, clock: Clock) -> TestClient:
    """A server with a login."""
    access = Access(INNER, keys=keys, login=Login(INNER, accounts, static=STATIC), clock=clock)
    return TestClient(Security(access), follow_redirects=False)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def log_in(client: TestClient) -> None:
    assert client.post("/login", data={"name": "anna", "password": PASSWORD}).status_code == 303


# Who calls


@pytest.mark.parametrize("headers", [{}, bearer("sk-none"), bearer(NO_KEY)], ids=["none", "another's", "no key"])
def test_without_keys_and_login_anybody_may_do_all_as_often_as_they_like(
    open_client: TestClient, headers: dict[str, str]
) -> None:
    for method, path in (("POST", "/api/ask"), ("DELETE", "/api/v1/documents/x"), ("GET", "/v1/models"), ("GET", "/")):
        response = open_client.request(method, path, headers=headers)
        assert (response.status_code, response.json()) == (200, ANYBODY)
        assert "ratelimit" not in response.headers


def test_the_first_key_closes_a_running_server_within_a_second(
    open_client: TestClient, keys: KeyStore, clock: Clock
) -> None:
    assert open_client.get("/api/search").status_code == 200
    _, text = KeyStore(keys.path.parent).create("ci", scopes=READ)  # as `footnote keys` does
    clock.now += SECONDS_KNOWN
    assert open_client.get("/api/search").status_code == 401
    assert open_client.get("/api/search", headers=bearer(text)).json() == {"name": "ci", "may": ["read"]}
    KeyStore(keys.path.parent).revoke("ci")
    clock.now += SECONDS_KNOWN
    assert open_client.get("/api/search", headers=bearer(text)).status_code == 401
    assert open_client.get("/api/search").status_code == 401


@pytest.mark.parametrize("path", ["/api", "/api/ask", "/api/v1/ask", "/v1/models", "/v1", "/mcp", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_programs_need_a_key(open_client: TestClient, keys: KeyStore, method: str, path: str) -> None:
    keys.create("ci", scopes=READ)
    missing = open_client.request(method, path)
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, "Bearer")
    wrong = open_client.request(method, path, headers=bearer(NO_KEY))
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
        {"authorization": ""},
        {"x-api-key": "{key}"},
        {"cookie": "footnote-session={key}"},
        {"authorization": "{key}"},
        {"authorization": "Bearer {key} {key}"},
        {"authorization": "Bearer {key}x"},
    ],
)
def test_a_key_is_sent_as_a_bearer_and_in_no_other_way(
    open_client: TestClient, keys: KeyStore, headers: dict[str, str]
) -> None:
    _, text = keys.create("ci", scopes=READ)
    sent = {name: value.format(key=text) for name, value in headers.items()}
    assert open_client.get("/api/ask", headers=sent).status_code == 401
    assert open_client.get(f"/api/ask?key={text}").status_code == 401
    for way in (f"bearer {text}", f"BEARER  {text}"):
        assert open_client.get("/api/ask", headers={"authorization": way}).status_code == 200


def test_a_refusal_is_a_problem_in_the_callers_language(open_client: TestClient, keys: KeyStore) -> None:
    keys.create("ci", scopes=READ)
    for language in ("en", "fi", "ar", "ja"):
        response = open_client.get("/api/ask", headers={"accept-language": language})
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["content-language"] == language
        assert response.json()["type"] == "/problems/key-missing"
    spoken = open_client.get("/v1/models", headers=bearer(NO_KEY)).json()
    assert spoken["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/v1/health", "/api/health/live", "/api/v1/health/ready", "/problems/key-missing"]
)
def test_everybody_may_ask_how_the_server_is(
    open_client: TestClient, login_client: TestClient, keys: KeyStore, path: str
) -> None:
    keys.create("ci", scopes=READ)
    assert [client.get(path).status_code for client in (open_client, login_client)] == [200, 200]


@pytest.mark.parametrize("path", ["/api/health/x", "/api/health/live/x", "/api/healthy", "/api/health/../ask"])
def test_nothing_hides_behind_the_name_of_health(
    open_client: TestClient, login_client: TestClient, keys: KeyStore, path: str
) -> None:
    keys.create("ci", scopes=READ)
    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    assert asked(open_client.app, scope) == asked(login_client.app, scope) == 401


def asked(app: ASGIApp, scope: Scope) -> int:
    """The status of a request whose path no client has tidied up."""
    statuses: list[int] = []

    async def run() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])

        await app(scope, receive, send)

    asyncio.run(run())
    return statuses[0]


# What a key may do


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/documents"),
        ("POST", "/api/v1/documents"),
        ("POST", "/api/v1/documents/url"),
        ("PUT", "/api/documents/x"),
        ("DELETE", "/api/v1/documents/x"),
    ],
)
def test_changing_documents_takes_the_scope_write(
    open_client: TestClient, keys: KeyStore, method: str, path: str
) -> None:
    _, reads = keys.create("reader", scopes=READ)
    _, writes = keys.create("writer", scopes=EVERY_SCOPE)
    refused = open_client.request(method, path, headers=bearer(reads))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope-missing")
    assert (refused.json()["scope"], refused.json()["detail"]) == ("write", "Use a key that may also write.")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="write"'
    assert open_client.request(method, path, headers=bearer(writes)).json()["may"] == ["read", "write"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/documents"),
        ("GET", "/api/documents/x/text"),
        ("POST", "/api/v1/ask"),
        ("POST", "/api/search"),
        ("POST", "/api/feedback"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/mcp"),
        ("GET", "/metrics"),
    ],
)
def test_all_else_takes_the_scope_read(open_client: TestClient, keys: KeyStore, method: str, path: str) -> None:
    _, reads = keys.create("reader", scopes=READ)
    _, none = keys.create("nobody", scopes=frozenset())
    assert open_client.request(method, path, headers=bearer(reads)).json() == {"name": "reader", "may": ["read"]}
    assert open_client.request(method, path, headers=bearer(none)).status_code == 403


# People


def test_who_is_logged_in_may_use_the_api(login_client: TestClient) -> None:
    assert login_client.get("/api/ask").status_code == 401
    log_in(login_client)
    for method, path in (("GET", "/api/ask"), ("DELETE", "/api/documents/x"), ("GET", "/v1/models"), ("GET", "/mcp")):
        assert login_client.request(method, path).json() == {"name": "anna", "may": ["read", "write"]}


def test_a_session_is_no_use_to_pages_of_other_sites(keys: KeyStore, accounts: Accounts) -> None:
    access = Access(INNER, keys=keys, login=Login(INNER, accounts, static=STATIC))
    app = Security(access, origins=["https://friend.example"])
    client = TestClient(app, base_url="https://footnote.example", follow_redirects=False)
    log_in(client)
    assert client.get("/api/ask").status_code == 200
    assert client.post("/api/ask", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/api/ask", headers={"origin": "https://friend.example"}).status_code == 401
    assert client.get("/api/ask", headers={"origin": "https://evil.example"}).status_code == 401
    _, text = keys.create("friend", scopes=READ)
    friend = client.get("/api/ask", headers={"origin": "https://friend.example", **bearer(text)})
    assert (friend.status_code, friend.json()["name"]) == (200, "friend")


def test_a_login_alone_closes_the_api_to_programs(login_client: TestClient) -> None:
    assert login_client.get("/api/ask", headers=bearer(NO_KEY)).status_code == 401
    assert login_client.get("/api/ask").headers["www-authenticate"] == "Bearer"


def test_a_key_opens_the_api_and_not_the_page(login_client: TestClient, keys: KeyStore) -> None:
    _, text = keys.create("ci", scopes=EVERY_SCOPE)
    assert login_client.get("/api/ask", headers=bearer(text)).status_code == 200
    assert login_client.get("/gradio_api/x", headers=bearer(text)).status_code == 401
    assert login_client.get("/", headers=bearer(text)).status_code == 303


def test_a_wrong_key_does_not_fall_back_to_the_session(login_client: TestClient) -> None:
    log_in(login_client)
    assert login_client.get("/api/ask", headers=bearer(NO_KEY)).status_code == 401


def test_keys_without_a_login_leave_the_page_to_who_reaches_it(open_client: TestClient, keys: KeyStore) -> None:
    keys.create("ci", scopes=READ)
    assert open_client.get("/").json() == ANYBODY
    assert open_client.post("/gradio_api/queue/join").json() == ANYBODY


def test_slack_is_checked_by_its_signature_alone(
    open_client: TestClient, login_client: TestClient, keys: KeyStore
) -> None:
    keys.create("ci", scopes=READ)
    for client in (open_client, login_client):
        assert client.post("/slack/events").json() == ANYBODY
    assert login_client.post("/slack/other").status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/ask", "/slack/events"])
def test_nothing_speaks_over_websockets(open_client: TestClient, path: str) -> None:
    with (
        pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)),
        open_client.websocket_connect(path),
    ):
        pass


# How often


def test_a_key_that_asks_too_often_is_told_when_to_come_back(open_client: TestClient, keys: KeyStore) -> None:
    _, one = keys.create("one", scopes=READ)
    _, two = keys.create("two", scopes=READ)
    said = [open_client.get("/api/ask", headers=bearer(one)) for _ in range(3)]
    assert [response.status_code for response in said] == [200, 200, 429]
    assert {response.headers["ratelimit-policy"] for response in said} == {'"key";q=2;w=60'}
    left = [re.fullmatch(r'"key";r=(\d+);t=(\d+)', response.headers["ratelimit"]) for response in said]
    assert [found[1] for found in left if found] == ["1", "0", "0"]
    assert 1 <= int(said[2].headers["retry-after"]) <= 60
    assert "retry-after" not in said[1].headers
    assert said[2].json()["type"] == "/problems/rate-limited"
    assert open_client.get("/api/ask", headers=bearer(two)).status_code == 200
    assert open_client.get("/api/health", headers=bearer(one)).status_code == 200
    assert open_client.get("/", headers=bearer(one)).status_code == 200


def test_readers_are_counted_by_name(keys: KeyStore, accounts: Accounts) -> None:
    login, limits = Login(INNER, accounts, static=STATIC), RateLimits("1/hour")
    client = TestClient(Access(INNER, keys=keys, login=login, limits=limits), follow_redirects=False)
    log_in(client)
    assert [client.get(path).status_code for path in ("/api/ask", "/api/ask", "/gradio_api/x")] == [200, 429, 200]


def test_a_refused_scope_is_not_counted(open_client: TestClient, keys: KeyStore) -> None:
    _, text = keys.create("reader", scopes=READ)
    codes = [open_client.post("/api/documents", headers=bearer(text)).status_code for _ in range(5)]
    assert codes == [403] * 5
    assert open_client.get("/api/ask", headers=bearer(text)).status_code == 200


def test_wrong_keys_are_counted_by_address(keys: KeyStore, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    app = Access(INNER, keys=keys, clock=clock)
    _, text = keys.create("ci", scopes=READ)

    def code(address: str, key: str) -> int:
        return TestClient(app, client=(address, 5000)).get("/api/ask", headers=bearer(key)).status_code

    with caplog.at_level(logging.WARNING, "ui.access"):
        assert [code("192.0.2.1", NO_KEY) for _ in range(WRONG_KEYS + 5)] == [401] * WRONG_KEYS + [429] * 5
    assert len(caplog.records) == WRONG_KEYS
    assert NO_KEY not in caplog.text
    assert code("192.0.2.2", NO_KEY) == 401
    assert code("192.0.2.1", text) == 200  # others behind the same address are not kept out
    waiting = TestClient(app, client=("192.0.2.1", 5000)).get("/api/ask", headers=bearer(NO_KEY))
    assert waiting.headers["retry-after"] == str(WRONG_KEY_SECONDS)
    clock.now += WRONG_KEY_SECONDS
    assert code("192.0.2.1", NO_KEY) == 401


# When the file of the keys fails


def test_keys_that_cannot_be_read_let_nobody_in(
    open_client: TestClient, keys: KeyStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    _, text = keys.create("ci", scopes=READ)
    assert open_client.get("/api/ask", headers=bearer(text)).status_code == 200
    keys.path.write_bytes(b"no database at all")
    clock.now += SECONDS_KNOWN
    assert open_client.get("/api/ask").status_code == 401
    assert open_client.get("/api/ask", headers=bearer(text)).status_code == 503
    assert "holds no usable keys" in caplog.text
    assert open_client.get("/api/health").status_code == 200


def test_use_of_a_key_is_noted(open_client: TestClient, keys: KeyStore) -> None:
    key, text = keys.create("ci", scopes=READ)
    _, unused = keys.create("cd", scopes=READ)
    assert open_client.get("/api/ask", headers=bearer(text)).status_code == 200
    assert [known.last_used_at is not None for known in keys.all()] == [True, False]
    assert key.last_used_at is None
    assert unused not in str(keys.all())


# The real app


class SignedPart:
    """Stands where Slack's events are received: answers all, and keeps whether it runs."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse("signed")(scope, receive, send)

    def start(self) -> None:
        self.steps.append("started")

    async def close(self) -> None:
        self.steps.append("closed")


@pytest.fixture
def build_app(tmp_path: Path, bundled: StaticEmbedder) -> Callable[..., Application]:
    """Build the app as `footnote serve` does, over a scripted assistant."""

    def build(**arguments: object) -> Application:
        create: Callable[..., Application] = create_app
        settings = Settings.model_construct(home=tmp_path)
        library = build_library(settings, embedder=bundled, bundled=bundled)
        return create(ScriptedAssistant({}), library=library, feedback=FeedbackStore(tmp_path), **arguments)

    return build


def routes_of(app: Application) -> set[tuple[str, str]]:
    layer: Any = app
    while not isinstance(layer, Starlette):
        layer = layer.app
    return set(concrete_routes(list(layer.routes)))


WAYS_IN = {
    ("POST", "/api/v1/ask"),
    ("POST", "/api/ask"),
    ("POST", "/api/v1/search"),
    ("GET", "/api/v1/documents"),
    ("POST", "/api/v1/documents"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("POST", "/mcp"),
    ("GET", "/metrics"),
}
FOR_EVERYBODY = {
    *(f"/api{version}/health{part}" for version in ("", "/v1") for part in ("", "/live", "/ready")),
    "/problems",
    "/problems/x",
    "/slack/events",
}


def test_with_a_key_in_the_store_nothing_of_the_api_answers_without_one(
    build_app: Callable[..., Application], keys: KeyStore
) -> None:
    app = build_app(keys=keys, page=False, slack=lambda _: SignedPart())
    _, text = keys.create("ci", scopes=EVERY_SCOPE)
    client, routes = TestClient(app), routes_of(app)
    assert routes >= WAYS_IN
    without = {route: client.request(*route).status_code for route in routes}
    assert {path for (_, path), code in without.items() if code != 401} == {*FOR_EVERYBODY, "/"}
    guessed = {route: client.request(*route, headers=bearer(NO_KEY)).status_code for route in WAYS_IN}
    assert set(guessed.values()) == {401}
    let_in = {route: client.request(*route, headers=bearer(text)).status_code for route in WAYS_IN}
    assert {route for route, code in let_in.items() if code in (401, 403)} == set()


def test_with_a_login_nothing_at_all_answers_without_it(
    build_app: Callable[..., Application], keys: KeyStore, accounts: Accounts
) -> None:
    keys.create("ci", scopes=EVERY_SCOPE)
    app = build_app(keys=keys, accounts=accounts, slack=lambda _: SignedPart())
    client, routes = TestClient(app, follow_redirects=False), routes_of(app)
    assert routes >= WAYS_IN | {("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/heartbeat/x")}
    without = {route: client.request(*route).status_code for route in routes}
    assert {path for (_, path), code in without.items() if code != 401} == {*FOR_EVERYBODY, "/", "/login", "/logout"}
    assert (without["GET", "/"], without["GET", "/logout"]) == (303, 405)


def test_without_the_page_its_address_leads_to_the_api(build_app: Callable[..., Application]) -> None:
    client = TestClient(build_app(page=False))
    assert client.get("/").json() == {"name": "Footnote", "documentation": "/api/docs", "health": "/api/health"}
    assert client.get("/gradio_api/info").status_code == 404


def test_what_is_mounted_begins_and_ends_with_the_server(build_app: Callable[..., Application]) -> None:
    for page in (False, True):
        part = SignedPart()
        with TestClient(build_app(page=page, slack=lambda _, part=part: part)) as client:
            assert (client.post("/slack/events").json(), part.steps) == ("signed", ["started"])
        assert part.steps == ["started", "closed"]


def test_every_response_has_an_id_whoever_gave_it(build_app: Callable[..., Application], keys: KeyStore) -> None:
    keys.create("ci", scopes=READ)
    client = TestClient(build_app(keys=keys, page=False))
    for path, code in (("/api/health", 200), ("/api/ask", 401), ("/nothing", 404)):
        response = client.get(path, headers={"x-request-id": "seen-42"})
        assert (response.status_code, response.headers["x-request-id"]) == (code, "seen-42")
    assert client.get("/api/ask", headers={"x-request-id": "seen-42"}).json()["request_id"] == "seen-42"
    crossed = client.post("/api/ask", headers={"origin": "https://evil.example", "x-request-id": "seen-42"})
    assert (crossed.status_code, crossed.json()["request_id"]) == (403, "seen-42")
