"""A served app and a real headless Chromium, for tests of the page."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright
from starlette.types import ASGIApp

from index.embedding import StaticEmbedder
from rag.examples import Example
from tests.ui.static_page import static_page_app
from ui.build import build_library
from ui.conversation import ChatAssistant
from ui.feedback import FeedbackStore
from ui.logs import SERVER_LOG
from ui.server import create_app
from ui.settings import Settings

# The shell is Chromium without the pages of its own windows, which take as long as ours.
CHROMIUM = Path(which("chromium-headless-shell") or "/usr/bin/chromium")
# Chromium itself calls home unless told not to; what is left in the log comes from the page.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class OpenedPage:
    """A page in Chromium, and what it did since it was opened."""

    page: Page
    url: str
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Uncaught exceptions, and what the content security policy refused."""

    @property
    def foreign_requests(self) -> list[str]:
        """Addresses outside the server that were asked for, refused ones included."""
        return [url for url in self.requests if not url.startswith((self.url, "data:", "blob:"))]


@pytest.fixture(autouse=True)
def _log_level_of_servers() -> Iterator[None]:
    """What a server says about its log is over when its test is."""
    server_log = logging.getLogger(SERVER_LOG)
    before = server_log.level
    yield
    server_log.setLevel(before)


@pytest.fixture
def serve_app() -> Iterator[Callable[[ASGIApp], str]]:
    """Serve an app on a free port until the test ends; gives its address, such as `http://127.0.0.1:41234`."""
    with ExitStack() as servers:

        def serve(app: ASGIApp) -> str:
            return servers.enter_context(_served(app))

        yield serve


@pytest.fixture(scope="session")
def static_page_address() -> Iterator[str]:
    """The address of the bare page that tests of JavaScript modules use; what it keeps is its browser context's."""
    with _served(static_page_app()) as address:
        yield address


@pytest.fixture
def page_app(tmp_path: Path, bundled: StaticEmbedder) -> Callable[..., ASGIApp]:
    """Build the app over an assistant: `page_app(assistant, examples=..., uploads="off", auth="...")`.

    Documents are added to and feedback is kept in a home of its own, `tmp_path / ".footnote"`.
    """

    def build(
        assistant: ChatAssistant, *, examples: Sequence[Example] = (), uploads: str = "on", home: Path | None = None
    ) -> ASGIApp:
        settings = Settings.model_construct(home=home or tmp_path / ".footnote", uploads=uploads)
        return create_app(
            assistant,
            library=build_library(settings, embedder=bundled, bundled=bundled),
            feedback=FeedbackStore(settings.home),
            examples=lambda _: examples,
        )

    return build


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    expect.set_options(timeout=40_000)  # milliseconds: a busy machine is not a fault of the page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Callable[..., OpenedPage]]:
    """Open a page in a fresh browser context: `browser_page(url, locale="fi-FI", width=360, height=740, dark=True)`."""
    with ExitStack() as contexts:

        def open_page(
            url: str, *, locale: str = "en-US", width: int = 1280, height: int = 860, dark: bool = False
        ) -> OpenedPage:
            context = browser.new_context(
                locale=locale,
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            contexts.callback(context.close)
            opened = OpenedPage(context.new_page(), url)

            def on_dialog(dialog: Dialog) -> None:
                opened.dialogs.append(dialog.message)
                dialog.dismiss()

            def on_request(request: Request) -> None:
                opened.requests.append(request.url)

            def on_console(message: ConsoleMessage) -> None:
                if "Content Security Policy" in message.text:
                    opened.errors.append(message.text)

            opened.page.on("dialog", on_dialog)
            opened.page.on("request", on_request)
            opened.page.on("console", on_console)
            opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
            opened.page.goto(url)
            opened.page.locator("#question textarea").wait_for()
            return opened

        yield open_page


@contextmanager
def _served(app: ASGIApp) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("The server did not start.")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
