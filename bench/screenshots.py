"""Makes the pictures of the README: `make screenshots`.

The page is the real one, served by `footnote serve` over the starter articles, without a chat model.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from ui.build import SEEDS

FOLDER = Path(__file__).with_suffix("")
# The page is not worth a slow first load of the README.
LARGEST = 250_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who looks at the page, on what, and what they ask."""

    name: str
    question: str
    locale: str = "en-US"
    width: int = 1280
    height: int = 860
    dark: bool = False
    scale: float = 1
    """Pixels of the picture for one of the page."""
    click: bool = True
    """Whether to open the document behind the first footnote."""
    documents: bool = False
    """Whether to show the list of documents instead of the answer."""


SHOTS = (
    Shot("chat-light", "What was Dejima?"),
    Shot("chat-dark", "Who developed the Type 2 plug?", dark=True),
    Shot("chat-phone", "Was war Dejima?", locale="de-DE", width=390, height=844, scale=1.5, click=False),
    Shot("chat-arabic", "ما الذي وقعته NRW Invest و JETRO؟", locale="ar"),
    Shot("documents", "What was Dejima?", click=False, documents=True),
)


def main() -> None:
    """Make all pictures; end with an error if a question gets no footnote or a picture is too large."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        for shot in SHOTS:
            picture = FOLDER / f"{shot.name}.png"
            _take(shot, browser, url, picture)
            size = picture.stat().st_size
            print(f"{picture.relative_to(FOLDER.parents[1])}  {size // 1000} kB")
            if size > LARGEST:
                sys.exit(f"{picture.name} has {size} bytes, more than {LARGEST}: make it smaller.")
        browser.close()


def _take(shot: Shot, browser: Browser, url: str, picture: Path) -> None:
    context = browser.new_context(
        locale=shot.locale,
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=shot.scale,
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    _ask(page, shot.question)
    page.locator("a[data-footnote='1']").wait_for()
    if shot.click:
        page.locator("a[data-footnote='1']").click()
        page.locator(".panel mark.quoted").first.wait_for()
    if shot.documents:
        page.locator("#masthead .count").click()
        page.locator("#documents-list tbody tr").first.wait_for()
    page.screenshot(path=picture)
    context.close()


def _ask(page: Page, question: str) -> None:
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    page.locator("#latest .answer[aria-busy='false']").wait_for()
    page.locator("#ask").wait_for()


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Index the starter articles in a folder and serve them until the block ends; gives the address."""
    footnote = Path(sys.executable).with_name("footnote")
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    shutil.copytree(SEEDS, folder / "seeds")
    subprocess.run([footnote, "ingest", "seeds"], cwd=folder, env=settings, check=True, stdout=subprocess.DEVNULL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [footnote, "serve", "--port", str(port)], cwd=folder, env=settings, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        if server.stdout is None or "ready" not in server.stdout.readline():
            sys.exit("The page could not be served.")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    main()
