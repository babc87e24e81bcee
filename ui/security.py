"""What every response tells the browser it may do, and which requests other sites may not make in its name."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


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
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("Content-Security-Policy", STRICT_POLICY)
            await send(message)

        app = self.app if _comes_from_here(scope) else _refuse
        await app(scope, receive, send_with_headers)


def _comes_from_here(scope: Scope) -> bool:
    """Whether a request that changes something comes from a page of this server, or from no browser at all.

    Browsers name the page in `Sec-Fetch-Site` where the connection is safe, else in `Origin`.
    """
    headers = Headers(scope=scope)
    if scope["method"] in _READING:
        return True
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] in ("same-origin", "none")
    return "origin" not in headers or _host(headers["origin"]) == headers.get("host", "").lower()


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = JSONResponse({"error": "This request comes from a page of another site."}, status_code=403)
    await refusal(scope, receive, send)
