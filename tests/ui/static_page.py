"""A bare page beside `ui/static/`, for tests of its JavaScript modules without Gradio or a server of ours."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parents[2] / "ui" / "static"

# Stricter than the real page's: nothing inline, and no text ever becomes markup or script.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; require-trusted-types-for 'script'"
PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Conversations</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/page.css">
<link rel="stylesheet" href="/static/sidebar.css">
</head>
<body>
<main><h1>Page</h1><nav id="place" aria-label="Conversations"></nav><p id="outside">Outside</p></main>
</body>
</html>
"""


@dataclass
class StaticPage:
    """A bare page, and what went wrong on it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Uncaught exceptions, browser dialogs, and what the content security policy refused."""


async def _page(request: Request) -> HTMLResponse:
    language = request.query_params.get("language", "en")
    direction = "rtl" if language in {"ar", "fa", "he"} else "ltr"
    html = PAGE.format(language=language, direction=direction)
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})


def static_page_app() -> Starlette:
    """An app with the bare page at `/?language=ar` and `ui/static/` at `/static/`."""
    return Starlette(routes=[Route("/", _page), Mount("/static", StaticFiles(directory=STATIC))])


def open_static_page(context: BrowserContext, url: str, *, language: str = "en") -> StaticPage:
    """Open the bare page in a new tab."""
    opened = StaticPage(context.new_page())

    def refuse(dialog: object) -> None:
        opened.errors.append(f"A dialog opened: {dialog}")

    opened.page.on("dialog", refuse)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("console", lambda message: opened.errors.append(message.text) if message.type == "error" else None)
    opened.page.goto(f"{url}/?language={language}")
    return opened
