"""The login: who gets in, how it looks in every language, and that nothing answers without it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from lxml import html
from playwright.sync_api import Browser
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tests.ui.api.asgi_call import Call
from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.ui.gradio_page import STATIC, build_page
from tests.ui.route_table import concrete_routes
from ui.accounts import Accounts
from ui.login import (
    ATTEMPT_SECONDS,
    ATTEMPTS_BY_ADDRESS,
    ATTEMPTS_BY_NAME,
    LONGEST_FORM,
    SESSION_COOKIE,
    SESSION_SECONDS,
    Login,
)
from ui.messages import all_messages, messages_for
from ui.page_document import LANGUAGE_COOKIE, PageDocument
from ui.security import Security

PASSWORD = "correct horse"  # noqa: S105
WRONG = "wrong"
# As small as Argon2 allows: what it costs is not what is tested here.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LANGUAGES = ("en", "fi", "ar", "ja", "de", "zh")


@dataclass
class Clock:
    """A time that passes when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    hashed = CHEAP.hash(PASSWORD)
    return Accounts(f"anna:{hashed} yrjö:{hashed}\n李雷:{hashed}")


@pytest.fixture(scope="module")
def gradio_page() -> FastAPI:
    return build_page()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(accounts: Accounts, clock: Clock) -> ASGIApp:
    """A small app behind the login that tells who asks."""
    inner = FastAPI()

    @inner.api_route("/{path:path}", methods=["GET", "POST"])
    def whoami(path: str, request: Request) -> dict[str, str]:
        return {"path": path, "user": getattr(request.state, "user", "nobody")}

    return Security(Login(inner, accounts, static=STATIC, clock=clock))


@pytest.fixture
def client(app: ASGIApp) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def log_in(client: TestClient, name: str = "anna", password: str = PASSWORD, **fields: str) -> int:
    response = client.post("/login", data={"name": name, "password": password, **fields})
    return response.status_code


def parsed(document: str) -> html.HtmlElement:
    return html.document_fromstring(document)


# Getting in and out


@pytest.mark.parametrize("name", ["anna", "yrjö", "yrjo\u0308", "李雷"])
def test_right_password_opens_everything_for_its_owner(client: TestClient, name: str) -> None:
    response = client.post("/login", data={"name": name, "password": PASSWORD})
    assert (response.status_code, response.headers["location"]) == (303, "./")
    assert client.get("/api/anything").json()["path"] == "api/anything"
    assert client.get("/").json()["user"] == name


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "wrong"),
        ("anna", ""),
        ("anna", PASSWORD + " "),
        ("anna", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("", ""),
        ("anna\0", PASSWORD),
        ("ANNA", PASSWORD),
        ("anna", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
        ("anna", "x" * 10_000),
        ("anna", "x" * 1_000_000),
    ],
)
def test_anything_else_does_not(client: TestClient, name: str, password: str) -> None:
    assert log_in(client, name, password) == 403
    assert SESSION_COOKIE not in client.cookies
    assert client.get("/api/anything").status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"name=%ff%fe&password=%00", b"{", b"&" * 1000, b"name=anna&" * 1000]
)
def test_what_is_no_form_is_refused_without_an_error(client: TestClient, body: bytes) -> None:
    assert client.post("/login", content=body).status_code == 403


@pytest.mark.parametrize("pieces", [[], [b"name=anna&", b"password="]], ids=["nothing", "part"])
def test_a_form_that_does_not_come_is_not_waited_for(
    app: ASGIApp, pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        with anyio.fail_after(20):
            await call.run(app)

    monkeypatch.setattr("ui.login.SECONDS_FOR_A_FORM", 0.05)
    call = Call("/login", pieces, complete=False)
    anyio.run(run)
    assert call.status == 403
    assert (b"connection", b"close") in call.sent[0]["headers"]


def test_a_form_that_is_too_long_is_not_read_on(app: ASGIApp) -> None:
    call = Call("/login", [b"name=" + b"x" * LONGEST_FORM, b"the rest"])
    anyio.run(call.run, app)
    assert call.status == 403
    assert (b"connection", b"close") in call.sent[0]["headers"]


def test_what_is_no_form_is_no_attempt(client: TestClient) -> None:
    assert {client.post("/login", content=b"").status_code for _ in range(ATTEMPTS_BY_ADDRESS + 1)} == {403}
    assert log_in(client) == 303


def test_session_cookie_stays_away_from_scripts_and_other_sites(app: ASGIApp) -> None:
    for address, secure in (("http://127.0.0.1:7860", False), ("https://footnote.example", True)):
        client = TestClient(app, base_url=address, follow_redirects=False)
        header = client.post("/login", data={"name": "anna", "password": PASSWORD}).headers["set-cookie"]
        parts = {part.strip().lower() for part in header.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", f"max-age={SESSION_SECONDS}"} <= parts
        assert ("secure" in parts) is secure


def test_each_login_has_a_token_of_its_own(client: TestClient) -> None:
    tokens = set()
    for _ in range(3):
        client.cookies.clear()
        log_in(client)
        tokens.add(client.cookies[SESSION_COOKIE])
    assert {len(token) for token in tokens} == {43}
    assert len(tokens) == 3


def test_session_ends_after_its_time(client: TestClient, clock: Clock) -> None:
    log_in(client)
    token = client.cookies[SESSION_COOKIE]
    clock.now = SESSION_SECONDS - 1
    assert client.get("/x", headers={"cookie": f"{SESSION_COOKIE}={token}"}).status_code == 200
    clock.now = SESSION_SECONDS
    assert client.get("/x", headers={"cookie": f"{SESSION_COOKIE}={token}"}).status_code == 401


def test_logging_out_ends_the_session_and_not_only_the_cookie(client: TestClient) -> None:
    log_in(client)
    token = client.cookies[SESSION_COOKIE]
    response = client.post("/logout")
    assert (response.status_code, response.headers["location"]) == (303, "login?out")
    assert SESSION_COOKIE not in client.cookies
    assert client.get("/x", headers={"cookie": f"{SESSION_COOKIE}={token}"}).status_code == 401
    assert messages_for("en").logged_out in client.get("/login?out").text


def test_a_link_cannot_log_the_reader_out(client: TestClient) -> None:
    log_in(client)
    assert (client.get("/logout").status_code, client.get("/logout").headers["allow"]) == (405, "POST")
    assert client.get("/x").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_other_sites_log_nobody_in_or_out(client: TestClient, path: str) -> None:
    data = {"name": "anna", "password": PASSWORD}
    assert client.post(path, data=data, headers={"origin": "https://evil.example"}).status_code == 403
    assert SESSION_COOKIE not in client.cookies


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "../..", "%00", "é"])
def test_a_guessed_token_opens_nothing(client: TestClient, token: str) -> None:
    cookie = f"{SESSION_COOKIE}={token}".encode()
    assert client.get("/x", headers={b"cookie": cookie}).status_code == 401


# Where to


def test_a_link_to_a_document_survives_the_login(client: TestClient) -> None:
    response = client.get("/?document=a%26b.md&start=3")
    assert response.status_code == 303
    page = client.get(f"/{response.headers['location']}")
    destination = parsed(page.text).find(".//input[@name='destination']").get("value")
    assert destination == "document=a%26b.md&start=3"
    after = client.post("/login", data={"name": "anna", "password": PASSWORD, "destination": destination})
    assert after.headers["location"] == "./?document=a%26b.md&start=3"


@pytest.mark.parametrize(
    "destination",
    [
        "https://evil.example",
        "//evil.example",
        "\\\\evil",
        "/\\evil.example",
        "x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ],
)
def test_login_leads_to_no_other_place(client: TestClient, destination: str) -> None:
    response = client.post("/login", data={"name": "anna", "password": PASSWORD, "destination": destination})
    assert response.headers["location"].startswith("./?")
    assert urlsplit(response.headers["location"]).netloc == ""
    assert "a" not in client.cookies


def test_who_is_logged_in_is_not_asked_again(client: TestClient) -> None:
    log_in(client)
    response = client.get("/login?destination=document%3Da.md")
    assert (response.status_code, response.headers["location"]) == (303, "./?document=a.md")


# How often


def test_after_some_failures_even_the_right_password_waits(client: TestClient, clock: Clock) -> None:
    assert {log_in(client, password=WRONG) for _ in range(ATTEMPTS_BY_NAME)} == {403}
    response = client.post("/login", data={"name": "anna", "password": PASSWORD})
    assert (response.status_code, response.headers["retry-after"]) == (429, str(ATTEMPT_SECONDS))
    assert messages_for("en").login_limited in response.text
    assert log_in(client, "yrjö") == 303  # somebody else at the same address
    clock.now = ATTEMPT_SECONDS
    assert log_in(client) == 303


def test_an_address_that_tries_many_names_waits(client: TestClient) -> None:
    codes = [log_in(client, f"name-{number}", "x") for number in range(ATTEMPTS_BY_ADDRESS + 1)]
    assert codes == [403] * ATTEMPTS_BY_ADDRESS + [429]


def test_a_right_password_forgets_the_failures_before(client: TestClient) -> None:
    for _ in range(3):
        assert {log_in(client, password=WRONG) for _ in range(ATTEMPTS_BY_NAME - 1)} == {403}
        assert log_in(client) == 303


def test_addresses_are_counted_apart(app: ASGIApp) -> None:
    def code(address: str) -> int:
        client = TestClient(app, client=(address, 5000), follow_redirects=False)
        return log_in(client, password=WRONG)

    for _ in range(ATTEMPTS_BY_NAME):
        code("2001:db8:1:2::1")
    # The rest of an IPv6 address is its holder's to choose.
    assert (code("2001:db8:1:2:aaaa::7"), code("2001:db8:1:3::1"), code("192.0.2.1")) == (429, 403, 403)


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_login_page_speaks_the_readers_language(client: TestClient, language: str) -> None:
    messages = messages_for(language)
    page = parsed(client.get("/login", headers={"accept-language": language}).text)
    assert (page.get("lang"), page.get("dir")) == (language, "rtl" if language == "ar" else "ltr")
    assert [label.text for label in page.iter("label")] == [messages.user_name, messages.password]
    assert page.find(".//button").text == messages.log_in
    failed = client.post("/login", data={"name": "x", "password": "y"}, headers={"accept-language": language})
    (alert,) = parsed(failed.text).xpath("//*[@role='alert']")
    assert alert.text == messages.login_failed


def test_login_page_follows_the_language_chosen_on_the_page(client: TestClient) -> None:
    headers = {"accept-language": "fi", "cookie": f"{LANGUAGE_COOKIE}=ja"}
    assert 'lang="ja"' in client.get("/login", headers=headers).text


def test_login_page_runs_no_script_and_is_not_kept(client: TestClient) -> None:
    response = client.get("/login")
    assert "<script" not in response.text
    assert "script-src" not in response.headers["content-security-policy"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", ['"><script>alert(1)</script>', "' onfocus='alert(1)", "</title>", "\u202eevil", "&amp;"]
)
def test_hostile_names_and_destinations_stay_text(client: TestClient, name: str) -> None:
    response = client.post("/login", data={"name": name, "password": "x", "destination": name})
    page = parsed(response.text)
    assert page.find(".//input[@name='name']").get("value") == name
    assert page.find(".//input[@name='destination']").get("value") == name
    assert list(page.iter("script")) == []
    assert PASSWORD not in response.text


def test_the_password_is_never_sent_back(client: TestClient) -> None:
    assert "hunter2" not in client.post("/login", data={"name": "anna", "password": "hunter2"}).text


def test_login_page_works_with_every_stylesheet_it_names(client: TestClient) -> None:
    page = parsed(client.get("/login").text)
    assert {client.get(f"/{link.get('href')}").status_code for link in page.iter("link")} == {200}


# What answers without a login


def test_nothing_of_the_page_answers_without_a_login(accounts: Accounts, gradio_page: FastAPI) -> None:
    app = Security(Login(PageDocument(gradio_page, static=STATIC), accounts, static=STATIC))
    client = TestClient(app, follow_redirects=False)
    routes = set(concrete_routes(list(gradio_page.routes)))
    assert {("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/heartbeat/x"), ("GET", "/theme.css")} <= routes
    answers = {
        (method, path): client.request(method, path).status_code for method, path in routes if path not in ("/login",)
    }
    opened = {route for route, code in answers.items() if code not in (401, 405)}
    assert opened == {("GET", "/"), ("HEAD", "/"), ("GET", "/api/health")}
    assert answers["GET", "/"] == 303
    assert {answers[route] for route in answers if answers[route] == 405} <= {405}
    assert client.get("/logout").status_code == 405


def test_gradio_works_behind_the_login(accounts: Accounts, gradio_page: FastAPI) -> None:
    client = TestClient(Security(Login(PageDocument(gradio_page, static=STATIC), accounts, static=STATIC)))
    document = client.post("/login", data={"name": "anna", "password": PASSWORD})
    found = re.search(r'id="footnote-messages"[^>]*>(.*?)</script>', document.text, re.S)
    assert found is not None
    assert json.loads(found[1])["user"] == "anna"
    assert document.headers["cache-control"] == "no-store"
    assert client.get("/config").status_code == 200


# In a browser


@pytest.fixture
def guarded(accounts: Accounts, gradio_page: FastAPI, serve_app: Callable[[ASGIApp], str]) -> str:
    """The address of a page behind the login."""
    return serve_app(Security(Login(PageDocument(gradio_page, static=STATIC), accounts, static=STATIC)))


@pytest.mark.browser
@pytest.mark.parametrize(("locale", "width"), [("en-US", 1280), ("fi-FI", 360), ("ar", 360), ("ja-JP", 1280)])
def test_reader_logs_in_by_keyboard(browser: Browser, guarded: str, locale: str, width: int) -> None:
    messages, problems = all_messages()[locale[:2]], []
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 740})
    view = context.new_page()
    view.on("console", lambda message: problems.append(message.text) if "403" not in message.text else None)
    view.goto(f"{guarded}/?view=documents")
    assert view.evaluate("document.activeElement.name") == "name"
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    view.keyboard.type("anna")
    view.keyboard.press("Tab")
    view.keyboard.type(WRONG)
    view.keyboard.press("Enter")
    view.get_by_role("alert").wait_for()
    assert view.get_by_role("alert").inner_text() == messages.login_failed
    assert view.evaluate("[document.activeElement.name, document.activeElement.value]") == ["password", ""]
    view.keyboard.type(PASSWORD)
    view.keyboard.press("Enter")
    view.locator("#question textarea").wait_for()
    assert view.url == f"{guarded}/?view=documents"
    assert problems == []
    context.close()


@pytest.mark.browser
def test_forms_work_over_plain_http_from_another_machine(browser: Browser, guarded: str) -> None:
    # There the browser does not say from which site a request comes, and the origin of a form decides.
    rule = "--host-resolver-rules=MAP footnote.test 127.0.0.1"
    elsewhere = browser.browser_type.launch(executable_path=str(CHROMIUM), args=[*CHROMIUM_ARGUMENTS, rule])
    view = elsewhere.new_page()
    view.goto(guarded.replace("127.0.0.1", "footnote.test"))
    view.locator("[name=name]").fill("anna")
    view.locator("[name=password]").fill(PASSWORD)
    view.keyboard.press("Enter")
    view.locator("#question textarea").fill("four")
    view.keyboard.press("Enter")
    view.locator("#answer .done").wait_for()
    elsewhere.close()
