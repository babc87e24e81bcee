"""What every response tells the browser it may do, and which requests other sites may not make in its name."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.exposure import Hosts
from ui.problems import Problem, problem_response

# For all but the page itself: what is not a page of ours loads, runs and shows nothing.
STRICT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites learn nothing. `no-referrer` would hide the origin of our own forms from `_comes_from_here`, too.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

SHARED_PATHS = re.compile(r"/(?:api|v1)(?:/|$)")
"""What pages of other sites may call, if their origins are allowed: the API, never the page's own calls."""
KEY_PATHS = re.compile(r"/(?:api|v1|mcp|metrics)(?:/|$)")
"""What is called with a key; the page is not."""
SIGNED_PATHS = frozenset({"/slack/events"})
"""What its sender signs; who answers it looks, and it does not matter by which name the server was found."""
OPEN_PATHS = re.compile(r"/api(?:/v1)?/health(?:/(?:live|ready))?|/problems(?:/[a-z-]+)?")
"""What is answered to everybody and by any name: how the server is, and what its refusals mean."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER_ORIGIN = "Pages of other sites may call the API only if FOOTNOTE_CORS_ORIGINS names their origin."
_OTHER_NAME = (
    "This server asks nobody who they are, so it answers only under its own name, which {!r} is not. Set "
    "FOOTNOTE_PUBLIC_URL to the address people use, or a login."
)


def page_policy(nonce: str) -> str:
    """Give the policy of the page: its own scripts run, those in the document only if they carry `nonce`."""
    return "; ".join(
        (
            "default-src 'self'",
            # No 'unsafe-eval', which Gradio's HTML component asks for: see static/templates.js.
            f"script-src 'self' 'nonce-{nonce}'",
            # Gradio's components set style attributes.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def form_policy() -> str:
    """Give the policy of a page of ours that has a form and runs no script."""
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Security:
    """Adds `SECURITY_HEADERS` and a policy to every response, and refuses what other sites ask for.

    A response that brings its own `Content-Security-Policy` keeps it. What is streamed is not buffered.

    Args:
        app: What is served.
        origins: Other sites whose pages may call the API, such as `https://intranet.example`; never with a cookie.
        hosts: Under which names the server is asked; under any, if omitted. See `ui.exposure.Hosts`.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str] = (), hosts: Hosts | None = None) -> None:
        self.app = app
        self.origins = frozenset(origins)
        self.hosts = hosts
        self._shared = _shared_with(app, self.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        answer = self._answer(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("Content-Security-Policy", STRICT_POLICY)
                if answer is not self._shared:
                    _close_to_other_sites(headers)
            await send(message)

        await answer(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> ASGIApp:
        headers, path = Headers(scope=scope), scope["path"]
        if not self._is_asked_by_its_name(path, headers):
            return problem_response(Problem.OTHER_SITE, scope=scope, detail=_OTHER_NAME.format(headers["host"][:100]))
        if SHARED_PATHS.match(path) and headers.get("origin") in self.origins:
            return self._shared
        if has_bearer(headers) and KEY_PATHS.match(path):
            # A browser would have asked first, and been told no; who does not ask is refused all the same.
            allowed = not comes_from_elsewhere(headers)
        else:
            allowed = _comes_from_here(scope["method"], headers)
        if allowed and not (_is_preflight(scope["method"], headers) and comes_from_elsewhere(headers)):
            return self.app
        detail = _OTHER_ORIGIN if SHARED_PATHS.match(path) and comes_from_elsewhere(headers) else ""
        return problem_response(Problem.OTHER_SITE, scope=scope, detail=detail)

    def _is_asked_by_its_name(self, path: str, headers: Headers) -> bool:
        if self.hosts is None or path in SIGNED_PATHS or OPEN_PATHS.fullmatch(path):
            return True
        if "host" not in headers:  # every browser names one
            return True
        return self.hosts.allow(headers["host"])


def _close_to_other_sites(headers: MutableHeaders) -> None:
    """Take back what Gradio allows the pages of all other sites, as soon as its server has a name."""
    for name in {name for name in headers if name.lower().startswith("access-control-")}:
        del headers[name]


def _shared_with(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),  # a key is the only secret there is, and no browser sends it by itself
        expose_headers=("Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-ID"),
    )


def has_bearer(headers: Headers) -> bool:
    """Whether a request brings a key, which no browser adds by itself to what another site asks for."""
    return headers.get("authorization", "").lower().startswith("bearer ")


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site makes a request, as far as its `Origin` tells."""
    return "origin" in headers and _host(headers["origin"]) != headers.get("host", "").lower()


def _is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks whether another site may ask for something."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def _comes_from_here(method: str, headers: Headers) -> bool:
    """Whether a request that changes something comes from a page of this server, or from no browser at all.

    Browsers name the page in `Sec-Fetch-Site` where the connection is safe, else in `Origin`.
    """
    if method in _READING:
        return True
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] in ("same-origin", "none")
    return not comes_from_elsewhere(headers)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
