"""The login: without one, nothing of the app is answered but the login page, our static files and health.

Gradio has a login of its own. It leaves addresses open (running streams, cancelling and resetting events, the theme)
and knows nothing of the other ways into the same server, shows nothing where no scripts run, sends its cookie to frames
of other sites (`SameSite=None`), keeps sessions until the server ends and counts no attempts. Hence this one, in front
of everything.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, quote

import anyio
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.accounts import LONGEST_NAME, Accounts, Attempts
from ui.login_page import LoginState, login_html
from ui.page_document import reader_messages
from ui.security import form_policy
from ui.static_files import StaticFiles

SESSION_COOKIE = "footnote-session"
# A week's work without being asked again; a server that is started anew asks again.
SESSION_SECONDS = 7 * 24 * 3600
# Far more than people know a password; each holds less than a kilobyte.
MOST_SESSIONS = 10_000
# A person mistypes a password a few times; several people may share an address.
ATTEMPTS_BY_NAME = 5
ATTEMPTS_BY_ADDRESS = 20
ATTEMPT_SECONDS = 300
# A name, a password and where to go on to, each percent-encoded.
LONGEST_FORM = 16_384
SECONDS_FOR_A_FORM = 30

OPEN_PATHS = frozenset({"/api/health"})
"""What is answered without a login, beside the login page and static files."""


class Sessions:
    """Who is logged in, by a token that cannot be guessed. Kept in memory: the end of the server ends them all."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._sessions: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def begin(self, name: str) -> str:
        """Log `name` in and give the new token."""
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (name, self.clock() + SESSION_SECONDS)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def name(self, token: str) -> str | None:
        """Name who is logged in with `token`, or give `None` if nobody is."""
        name, ends = self._sessions.get(token, (None, 0.0))
        if name is not None and ends <= self.clock():
            self.end(token)
            return None
        return name

    def end(self, token: str) -> None:
        """Log out."""
        self._sessions.pop(token, None)


class Login:
    """Lets only those through to an app who are logged in; `scope["state"]["user"]` has their name.

    Args:
        app: What is protected.
        accounts: Who may log in.
        static: What the app serves without a login: the stylesheets of the login page are there.
        clock: Gives the time in seconds; only differences matter.
    """

    def __init__(
        self, app: ASGIApp, accounts: Accounts, *, static: StaticFiles, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self.accounts = accounts
        self.static = static
        self.sessions = Sessions(clock=clock)
        self._by_name = Attempts(allowed=ATTEMPTS_BY_NAME, seconds=ATTEMPT_SECONDS, clock=clock)
        self._by_address = Attempts(allowed=ATTEMPTS_BY_ADDRESS, seconds=ATTEMPT_SECONDS, clock=clock)
        # Each check takes 64 MiB for a moment, and anybody can ask for many.
        self._one_check_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(Request(scope, receive), send)
        else:  # nothing here speaks over WebSockets
            await send({"type": "websocket.close", "code": 1008})

    def user_of(self, request: HTTPConnection) -> str | None:
        """Name who makes a request, or give `None` if nobody is logged in with its cookie."""
        return self.sessions.name(request.cookies.get(SESSION_COOKIE, ""))

    async def _serve(self, request: Request, send: Send) -> None:
        scope = request.scope
        path = scope["path"]
        user = self.user_of(request)
        answer: ASGIApp
        if path == "/login":
            answer = await self._log_in(request, user)
        elif path == "/logout":
            answer = self._log_out(request)
        elif user is not None:
            scope = {**scope, "state": {**scope.get("state", {}), "user": user}}
            answer = self.app
        elif path in OPEN_PATHS or self.static.response(path, request.headers) is not None:
            answer = self.app
        elif path == "/" and request.method in ("GET", "HEAD"):
            answer = RedirectResponse(f"login?destination={quote(request.url.query, safe='')}", status_code=303)
        else:
            answer = JSONResponse({"error": "Log in first."}, status_code=401)
        await answer(scope, request.receive, send)

    async def _log_in(self, request: Request, user: str | None) -> Response:
        if request.method == "POST":
            return await self._enter(request, await _form(request))
        if request.method not in ("GET", "HEAD"):
            return _not_allowed("GET, POST")
        destination = request.query_params.get("destination", "")
        if user is not None:
            return _onward(destination)
        state = LoginState.LOGGED_OUT if "out" in request.query_params else LoginState.ASKED
        return self._page(state, request, destination=destination)

    async def _enter(self, request: Request, form: dict[str, str]) -> Response:
        if not form:  # nothing was tried, and the rest of it may still be coming
            page = self._page(LoginState.FAILED, request)
            page.headers["Connection"] = "close"
            return page
        name, destination = form.get("name", ""), form.get("destination", "")
        refusal = await self._refusal(name, form.get("password", ""), address=network_of(request.scope))
        if refusal is not None:
            return self._page(refusal, request, name=name, destination=destination)
        response = _onward(destination)
        response.set_cookie(
            SESSION_COOKIE,
            self.sessions.begin(name),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def _refusal(self, name: str, password: str, *, address: str) -> LoginState | None:
        """Say why somebody is not let in, or give `None` if the password is right."""
        keys = ((self._by_name, f"{address} {name[:LONGEST_NAME]}"), (self._by_address, address))
        if any(attempts.exhausted(key) for attempts, key in keys):
            return LoginState.LIMITED
        for attempts, key in keys:  # before the check, or many at once would all be let through to it
            attempts.failed(key)
        async with self._one_check_at_a_time:
            right = await asyncio.to_thread(self.accounts.verify, name, password)
        if not right:
            return LoginState.FAILED
        for attempts, key in keys:
            attempts.succeeded(key)
        return None

    def _log_out(self, request: Request) -> Response:
        if request.method != "POST":  # or any link, or a picture's address, could log the reader out
            return _not_allowed("POST")
        self.sessions.end(request.cookies.get(SESSION_COOKIE, ""))
        response = RedirectResponse("login?out", status_code=303)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
        return response

    def _page(self, state: LoginState, request: Request, *, name: str = "", destination: str = "") -> Response:
        messages = reader_messages(request.cookies, request.headers.get("accept-language", ""))
        page = login_html(state, messages=messages, static=self.static, name=name, destination=destination)
        headers = {"Content-Security-Policy": form_policy(), "Cache-Control": "no-store"}
        if state is LoginState.LIMITED:
            headers["Retry-After"] = str(ATTEMPT_SECONDS)
        return HTMLResponse(page, status_code=state.status, headers=headers)


def _onward(destination: str) -> Response:
    """Go on to the page; `destination` is only ever the query of its address."""
    return RedirectResponse(f"./?{destination}" if destination else "./", status_code=303)


def _not_allowed(methods: str) -> Response:
    return JSONResponse({"error": f"Use {methods}."}, status_code=405, headers={"Allow": methods})


async def _form(request: Request) -> dict[str, str]:
    """Read the fields of a form; none if it is too long, too slow or no form."""
    body = bytearray()
    try:
        with anyio.fail_after(SECONDS_FOR_A_FORM):
            async for part in request.stream():
                body.extend(part)
                if len(body) > LONGEST_FORM:
                    return {}
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=10, keep_blank_values=True))
    except (ClientDisconnect, TimeoutError, ValueError):
        return {}


def network_of(scope: Scope) -> str:
    """Name the network that a request comes from: of an IPv6 address the half that its holder cannot choose."""
    host, _ = scope.get("client") or ("", 0)
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(host)
