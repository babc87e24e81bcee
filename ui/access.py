"""Who may do what: keys for programs, the login for people, and how often they may ask.

| path | who |
|---|---|
| `/api/health…`, `/problems…` | everybody |
| `/api`, `/v1`, `/mcp`, `/metrics` | whoever has a key or is logged in, as soon as there is a key or a login |
| `/slack/events` | Slack, which signs what it sends |
| everything else: the page | whoever is logged in, if there is a login |
"""

import logging
import math
import re
import time
from collections.abc import Callable, Mapping

from anyio import to_thread
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Request

from index.errors import StoreError
from ui.accounts import Attempts
from ui.keys import ANYBODY, EVERY_SCOPE, Caller, Key, KeyStore, Scope
from ui.login import Login, network_of
from ui.problems import Problem, problem_response
from ui.security import KEY_PATHS, OPEN_PATHS, SIGNED_PATHS, comes_from_elsewhere

log = logging.getLogger(__name__)

_DOCUMENTS = re.compile(r"/api(?:/v1)?/documents(?:/|$)")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# Nobody guesses 256 bits: this many failures are a program with an old key, which shall not fill the log.
WRONG_KEYS = 20
WRONG_KEY_SECONDS = 300


class RateLimits:
    """How often each caller may ask: a number in any stretch of so long a time, kept in memory.

    Args:
        setting: Such as `600/minute`, or `off`.
    """

    def __init__(self, setting: str) -> None:
        self._limit: RateLimitItem | None = None
        if setting != "off":
            self._limit = parse(setting)
            self._window = MovingWindowRateLimiter(MemoryStorage())

    def ask(self, who: str) -> tuple[bool, Mapping[str, str]]:
        """Count a request; tell whether it is within the limit, and what its response says about that.

        The headers are those of the IETF's draft `ratelimit-headers`: what is allowed (`q` in `w` seconds), what is
        left of it (`r`), and after how many seconds (`t`) there is more.
        """
        if self._limit is None:
            return True, {}
        allowed = self._window.hit(self._limit, who)
        stats = self._window.get_window_stats(self._limit, who)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        headers = {
            "RateLimit-Policy": f'"key";q={self._limit.amount};w={self._limit.get_expiry()}',
            "RateLimit": f'"key";r={max(0, stats.remaining)};t={seconds}',
        }
        return allowed, headers if allowed else {**headers, "Retry-After": str(seconds)}


class Access:
    """Lets a request through with its `Caller` in `scope["state"]["caller"]`, or says what it lacks.

    Args:
        app: What is protected. It asks nobody who they are.
        keys: The keys of programs.
        login: The login of people, around the same app.
        limits: How often a key or a reader may call; anybody, where neither is asked for, as often as they like.
        clock: Gives the time in seconds; only differences matter.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: KeyStore | None = None,
        login: Login | None = None,
        limits: RateLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.keys = keys
        self.login = login
        self._limits = limits or RateLimits("off")
        self._wrong_keys = Attempts(allowed=WRONG_KEYS, seconds=WRONG_KEY_SECONDS, clock=clock)

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":  # nothing here speaks over WebSockets
            await send({"type": "websocket.close", "code": 1008})
        elif KEY_PATHS.match(scope["path"]) and not OPEN_PATHS.fullmatch(scope["path"]):
            await self._serve_api(scope, receive, send)
        else:
            _introduce(ANYBODY, scope)
            is_page = scope["path"] not in SIGNED_PATHS and not OPEN_PATHS.fullmatch(scope["path"])
            await (self.login if self.login and is_page else self.app)(scope, receive, send)

    async def _serve_api(self, scope: Request, receive: Receive, send: Send) -> None:
        try:
            found = self._identify(scope)
        except StoreError as error:
            log.error("Nobody can be let in: %s", error)
            found = problem_response(Problem.UNAVAILABLE, scope=scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        caller, key, who = found
        needed = _scope_needed(scope)
        if needed not in caller.scopes:
            refusal = problem_response(
                Problem.SCOPE_MISSING,
                scope=scope,
                extra={"scope": needed.value},
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed.value}"'},
            )
            await refusal(scope, receive, send)
            return
        allowed, headers = self._limits.ask(who) if who else (True, {})
        _introduce(caller, scope)
        app = self.app if allowed else problem_response(Problem.RATE_LIMITED, scope=scope)
        await app(scope, receive, _with_headers(send, headers))
        if key is not None:
            await self._note_use(key)

    def _identify(self, scope: Request) -> tuple[Caller, Key | None, str] | Response:
        """Say who calls, with which key, and under which name requests are counted; or what is wrong with it."""
        asks_for_key = self.keys is not None and self.keys.asks_for_a_key()
        if not asks_for_key and self.login is None:
            return ANYBODY, None, ""
        headers = Headers(scope=scope)
        kind, _, text = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            key = self.keys.verify(text.strip()) if self.keys else None
            return (key.caller, key, f"key {key.id}") if key else self._wrong_key(scope)
        user = (
            None if self.login is None or comes_from_elsewhere(headers) else self.login.user_of(HTTPConnection(scope))
        )
        if user is not None:
            return Caller(user, EVERY_SCOPE), None, f"reader {user}"
        return problem_response(Problem.KEY_MISSING, scope=scope, headers={"WWW-Authenticate": "Bearer"})

    def _wrong_key(self, scope: Request) -> Response:
        network = network_of(scope)
        if self._wrong_keys.exhausted(network):
            return problem_response(Problem.RATE_LIMITED, scope=scope, headers={"Retry-After": str(WRONG_KEY_SECONDS)})
        self._wrong_keys.failed(network)
        log.warning("A request from %s had a key that is none or was revoked.", network or "an unknown address")
        return problem_response(
            Problem.KEY_INVALID, scope=scope, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )

    async def _note_use(self, key: Key) -> None:
        if self.keys is None or not self.keys.is_use_to_be_noted(key):
            return
        try:
            await to_thread.run_sync(self.keys.note_use, key)
        except StoreError as error:
            log.warning("The use of the key %s cannot be noted: %s", key.id, error)


def _scope_needed(scope: Request) -> Scope:
    changes = scope["method"] not in _READING and _DOCUMENTS.match(scope["path"])
    return Scope.WRITE if changes else Scope.READ


def _introduce(caller: Caller, scope: Request) -> None:
    """Tell everybody inside and outside who calls: the state is one object for each request."""
    scope.setdefault("state", {})["caller"] = caller


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    if not headers:
        return send

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
