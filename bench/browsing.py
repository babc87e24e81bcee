"""A page as its readers meet it, in real Chromium: opening it, and from the press of a key to an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from bench.echo_page import ECHO

WARM_UP = 3
"""So many questions are asked twice and counted once: Gradio and the page settle in the first ones."""

# Follows one question in the page, from the press of a key to the text that its reader sees.
_WATCH = """
(() => {
  let marks = {}, look = () => {};
  const mark = (name) => (marks[name] ??= performance.now());
  document.addEventListener("keydown", (event) => event.key === "Enter" && mark("entered"), true);
  const { fetch } = window;
  window.fetch = (resource, ...more) => {
    if (String(resource?.url ?? resource).includes("/queue/join")) mark("sent");
    return fetch(resource, ...more);
  };
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function (...options) {
    const chunk = await read.apply(this, options);
    const { value } = chunk;
    const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value ?? "");
    if (text.includes('"msg"')) mark("begun");
    if (text.includes("MARKER")) mark("received");
    return chunk;
  };
  const watch = new MutationObserver(() => look());
  window.watchAnswer = (question) => {
    marks = {};
    watch.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    window.watched = new Promise((end) => {
      look = () => {
        if (IS_SHOWN) mark("shown");
        if (!marks.shown || !IS_DONE) return;
        mark("done");
        watch.disconnect();
        end(marks);
      };
    });
  };
})();
"""
_USABLE = """() => new Promise((usable) => {
  const look = () => (IS_USABLE ? usable(performance.now()) : requestAnimationFrame(look));
  look();
})"""
_FIRST_PAINT = """() => new Promise((painted) => {
  const look = () => {
    const [entry] = performance.getEntriesByName("first-contentful-paint");
    entry ? painted(entry.startTime) : setTimeout(look, 10);
  };
  look();
})"""
Marks = dict[str, float]
"""When each thing happened in the page, in milliseconds since it was opened."""


@dataclass(frozen=True, slots=True)
class Site:
    """A page to measure: its address, and expressions in JavaScript that tell how far it has come."""

    url: str
    box: str
    """Selects the box for questions."""
    usable: str
    marker: str
    """What the first message with text of an answer holds."""
    shown: str
    """Whether text of the answer to `question` is seen."""
    done: str
    begin_again: str = ""
    """Selects the button for a new conversation; without one, questions follow each other."""

    def watch(self) -> str:
        """Give the script that follows a question; it runs before those of the page."""
        return (
            _WATCH.replace("MARKER", self.marker).replace("IS_SHOWN", self.shown).replace("IS_DONE", f"({self.done})")
        )


def footnote_site(url: str) -> Site:
    """Describe our page."""
    return Site(
        url,
        box="#question textarea",
        usable="document.querySelector('#question textarea') && document.querySelector('#welcome .title')"
        " && !document.getElementById('opening')",
        marker="answer-text",
        shown="document.querySelector('#latest .answer-text')?.textContent.trim()",
        done="document.querySelector('#latest .answer[aria-busy=false]')",
        begin_again=".conversation-new",
    )


def echo_site(url: str) -> Site:
    """Describe the bare page of Gradio's."""
    return Site(
        url,
        box="textarea",
        usable="document.querySelector('textarea')?.offsetParent",
        marker=ECHO,
        shown=f"[...document.querySelectorAll('.bot')].at(-1)?.textContent.includes({ECHO!r} + question)",
        done="true",
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """One opening of a page, in milliseconds."""

    painted: float
    usable: float


def visits(browser: Browser, sites: Sequence[Site], *, count: int) -> dict[tuple[str, bool], list[Visit]]:
    """Open each page that often, in turns, with an empty browser cache and with a full one."""
    found: dict[tuple[str, bool], list[Visit]] = {(site.url, full): [] for site in sites for full in (False, True)}
    known = {site.url: browser.new_context(locale="en-US") for site in sites}
    for site in sites:
        _visit(known[site.url], site)  # warms the server and fills the cache
    for _ in range(count):
        for site in sites:
            stranger = browser.new_context(locale="en-US")
            found[site.url, False].append(_visit(stranger, site))
            stranger.close()
            found[site.url, True].append(_visit(known[site.url], site))
    for context in known.values():
        context.close()
    return found


def _visit(context: BrowserContext, site: Site) -> Visit:
    page = context.new_page()
    page.goto(site.url, wait_until="commit")
    usable = page.evaluate(_USABLE.replace("IS_USABLE", site.usable))
    visit = Visit(page.evaluate(_FIRST_PAINT), usable)
    page.close()
    return visit


def answers(browser: Browser, site: Site, questions: Sequence[str]) -> list[Marks]:
    """Ask in one page; the first `WARM_UP` questions come twice and are counted once."""
    context = browser.new_context(locale="en-US")
    context.add_init_script(site.watch())
    page = context.new_page()
    page.goto(site.url, wait_until="commit")
    page.evaluate(_USABLE.replace("IS_USABLE", site.usable))
    found: list[Marks] = []
    for question in (*questions[:WARM_UP], *questions):
        if site.begin_again and found:
            page.locator(site.begin_again).click()
            page.locator("#welcome .title").wait_for()
        found.append(_answer(page, site, question))
    context.close()
    return found[WARM_UP:]


def _answer(page: Page, site: Site, question: str) -> Marks:
    box = page.locator(site.box)
    box.fill(question)
    page.wait_for_timeout(300)  # what was going on before has come to rest
    page.evaluate("(question) => watchAnswer(question)", question)
    box.press("Enter")
    marks: Marks = page.evaluate("() => watched")
    page.wait_for_timeout(500)  # for the questions to go on with
    return marks
