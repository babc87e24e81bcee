"""The HTTP API, and the only module that knows FastAPI."""

from collections.abc import Callable

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio starts itself with inline scripts and compiles its templates, hence `unsafe-inline` and `unsafe-eval`. What the
# policy does guarantee: nothing is fetched from, sent to or framed by any other origin.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Api = FastAPI
"""The app that the other ways in are mounted on, named for those who may not know FastAPI."""


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to every HTTP response, without buffering what is streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def create_api(*, document_count: Callable[[], int]) -> Api:
    """Build the API: `GET /api/health`, and the security headers on whatever is mounted later.

    Args:
        document_count: Tells how many documents are indexed; asked for each request.
    """
    # FastAPI's own documentation pages load their scripts from elsewhere.
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)

    @app.get("/api/health")
    def health() -> dict[str, str | int]:
        """Tell that the server answers, and over how many documents."""
        return {"status": "ok", "documents": document_count()}

    return app
