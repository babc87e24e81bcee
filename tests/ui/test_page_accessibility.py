"""The page for those who use no mouse, see little or nothing, or have a small screen: in a real headless Chromium."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from index.documents import Document
from rag.answers import Answer, Problem, Statement
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.gradio_page import STATIC
from tests.ui.test_chat import ask, finished
from ui.accounts import Accounts
from ui.examples import STARTERS
from ui.login import Login
from ui.messages import messages_for
from ui.security import Security

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# Everything axe-core looks for, also what it leaves out unless asked: targets large enough for a finger.
FIND = "axe.run(document, {rules: {'target-size': {enabled: true}}, resultTypes: ['violations']})"

# For each language of the reader: a question, a sentence that a document supports, and one that none does.
ASKED = {
    "en": ("How many Japanese companies are there?", "There are more than 620 of them [1].", "All are large."),
    "fi": ("Kuinka monta japanilaista yritystä siellä on?", "Niitä on yli 620 [1].", "Kaikki ovat suuria."),
    "ar": ("كم عدد الشركات اليابانية هناك؟", "يوجد هناك أكثر من 620 شركة [1].", "وكلها كبيرة."),
    "ja": ("日本企業は何社ありますか。", "620社以上あります [1]。", "どれも大企業です。"),
}
NEXT = "Kuka johti valtuuskuntaa?"
QUOTE = "Mehr als 620 japanische Unternehmen sind im bevölkerungsreichsten Land der Bundesrepublik ansässig."
PASSAGE = make_passage(QUOTE, title="Nordrhein-Westfalen und Japan", language="de", heading="Investor", start=0)
ARTICLE = Document(PASSAGE.document, PASSAGE.title, "de", QUOTE, content_hash="0" * 64, date="2026-11-20")
CANDIDATE = Candidate(
    PASSAGE.document, 0, len(QUOTE), QUOTE, Place(1, 0.5), Place(2, 3.2), Place(1, 0.8), Fate.SHOWN, passage=1
)

FOCUSED = """() => {
  const ring = (element) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/, 0\\)$|transparent/.test(outlineColor);
  };
  const at = document.activeElement;
  const { width, height } = at.getBoundingClientRect();
  return {
    name: (at.ariaLabel || at.labels?.[0]?.textContent || at.textContent || at.placeholder).trim(),
    visible: at === document.body || (ring(at) && width > 0 && height > 0),
  };
}"""
# What reaches beyond the edges of the window, unless it is hidden or scrolls in a box of its own.
BEYOND_THE_EDGES = """() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  const isBeyond = (element) => {
    const { left, right, width } = element.getBoundingClientRect();
    return width > 1 && (left < -1 || right > clientWidth + 1) && !element.closest(".hidden, .visually-hidden, thead");
  };
  const beyond = [...document.querySelectorAll("#frame *, dialog *")].filter(isBeyond).map((one) => one.outerHTML);
  const scrolls = Math.max(scrollWidth, document.body.scrollWidth) > clientWidth ? ["The page scrolls."] : [];
  return [...scrolls, ...beyond.slice(0, 3)];
}"""
# Where a press of one finger, 24 pixels wide around the middle of a target, meets something else.
MISSED = """(least) => {
  const kinds = "#frame :is(a[href], button, select, textarea, summary), dialog button";
  const drawer = document.querySelector("[data-sidebar-open] #sidebar");
  return [...document.querySelectorAll(kinds)].filter((target) => {
    target.scrollIntoView({ block: "center" });
    const { left, top, width, height } = target.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const isThere = (x, y) => target.contains(document.elementFromPoint(x, y));
    if (!target.checkVisibility() || !isThere(x, y)) return false; // it is hidden, or scrolled away
    if (drawer && !drawer.contains(target)) return false;
    const reach = least / 2 - 1;
    return ![[x - reach, y], [x + reach, y], [x, y - reach], [x, y + reach]].every(([x, y]) => isThere(x, y));
  }).map((target) => `${target.outerHTML.slice(0, 120)} ${JSON.stringify(target.getBoundingClientRect())}`);
}"""


def answer_in(language: str) -> Answer:
    """An answer with all that can stand in one: a footnote, a doubtful sentence, a date in bold, its explanation."""
    question, supported, invented = ASKED[language]
    text = f"{supported} {invented}"
    bold = text.index("620")
    return Answer(
        question,
        language,
        text,
        True,
        (make_citation(QUOTE, passage=PASSAGE),),
        (PASSAGE,),
        model="test-model",
        timings={"retrieval": 0.02, "model": 1.5},
        statements=(
            Statement(0, len(supported), (1,)),
            Statement(len(supported) + 1, len(text), problem=Problem.UNCITED),
        ),
        emphasis=((bold, bold + 3),),
        explanation=Explanation("Japanese companies", "Japan", 0.5, (CANDIDATE,) * 14, {}),
    )


@pytest.fixture
def assistant() -> ScriptedAssistant:
    answers: dict[str, Any] = {ASKED[language][0]: answer_in(language) for language in ASKED}
    answers[NEXT] = Answer(NEXT, "fi", "Asiakirjoissa ei kerrota sitä.", False, (), (PASSAGE,))
    return ScriptedAssistant(
        answers,
        texts={ARTICLE.source: ARTICLE},
        suggestions=[NEXT],
        translations={QUOTE: "Over 620."},
        sources=[ARTICLE.source, "notes/muistio.md"],
    )


@pytest.fixture
def address(assistant: ScriptedAssistant, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(assistant, examples=STARTERS))


def tour(page: Page, language: str) -> Iterator[str]:
    """Open everything there is on the page, one after the other; yield the name of each view while it is open."""
    messages = messages_for(language)
    expect(page.locator("#welcome .title")).to_be_visible()
    expect(page.locator(".skip")).to_be_attached()
    yield "welcome"
    page.locator("#filters-button").click()
    expect(page.locator("#filters")).to_be_visible()
    yield "filters"
    page.locator("#filters-button").click()
    ask(page, ASKED[language][0])
    expect(page.locator("#suggestions button")).to_be_visible()
    yield "answer"
    page.locator(".why summary").click()
    page.get_by_role("button", name=messages.good_answer).click()
    expect(page.locator("form.comment")).to_be_visible()
    yield "explanation and comment"
    page.locator("a[data-footnote]").first.click()
    expect(page.locator(".panel mark.quoted")).to_be_focused()
    yield "panel"
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    if not page.locator("#sidebar").is_visible():
        page.get_by_role("button", name=messages.menu, exact=True).click()
        expect(page.locator(".conversation")).to_be_visible()
        yield "drawer"
        page.keyboard.press("Escape")
        expect(page.locator("#sidebar")).to_be_hidden()
    page.locator(".masthead .count").click()
    expect(page.locator("#documents table")).to_be_visible()
    yield "documents"
    page.locator("[data-action=remove]").first.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    yield "question before removing"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Slash")
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "shortcuts"
    page.keyboard.press("Escape")


def issues(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, each with what it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)  # as the browser's own tools do, past the page's policy
    return [
        f"{found['impact']} {found['id']}: {node['html'][:200]} {node['failureSummary']}"
        for found in page.evaluate(FIND)["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("en", 1280, False), ("fi", 1280, True), ("ar", 360, True), ("ja", 360, False), ("ar", 1280, False)],
)
def test_axe_finds_nothing_in_any_view(
    address: str, browser_page: BrowserPage, language: str, width: int, dark: bool
) -> None:
    page = browser_page(address, locale=language, width=width, height=800, dark=dark).page
    assert {view: found for view in tour(page, language) if (found := issues(page))} == {}


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("fi", True), ("ar", False), ("ja", True)])
def test_axe_finds_nothing_on_the_login_page(serve_app: ServeApp, browser: Browser, language: str, dark: bool) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    url = serve_app(Security(Login(PlainTextResponse("in"), Accounts(f"anna:{cheap.hash('right')}"), static=STATIC)))
    context = browser.new_context(locale=language, color_scheme="dark" if dark else "light")
    try:
        page = context.new_page()
        page.goto(url)
        assert issues(page) == []
        page.keyboard.type("anna")  # the name has the focus
        page.keyboard.press("Tab")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text(messages_for(language).login_failed)
        assert issues(page) == []
    finally:
        context.close()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_view_has_one_main_part_and_one_first_heading(
    address: str, browser_page: BrowserPage, language: str
) -> None:
    page = browser_page(address, locale=language, height=800).page
    counted = {
        view: (page.get_by_role("main").count(), page.get_by_role("heading", level=1).count())
        for view in tour(page, language)
        if view not in ("question before removing", "shortcuts")  # behind a dialog there is nothing
    }
    assert set(counted.values()) == {(1, 1)}, counted


# -- Small screens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "width", "height"),
    [("en", 360, 640), ("fi", 360, 640), ("ar", 360, 640), ("ja", 360, 640), ("fi", 640, 430)],
    ids=["en", "fi", "ar", "ja", "fi-zoomed-to-200-percent"],
)
def test_nothing_scrolls_sideways(
    address: str, browser_page: BrowserPage, language: str, width: int, height: int
) -> None:
    page = browser_page(address, locale=language, width=width, height=height).page
    assert {view: beyond for view in tour(page, language) if (beyond := page.evaluate(BEYOND_THE_EDGES))} == {}


def test_page_zoomed_to_200_percent_answers_in_sight(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="en", width=640, height=430).page
    ask(page, ASKED["en"][0])
    for shown in ("#latest .question", ".answer-text", "#question textarea", "#ask"):
        expect(page.locator(shown)).to_be_in_viewport()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_fingers_meet_what_they_aim_at(address: str, browser_page: BrowserPage, language: str) -> None:
    page = browser_page(address, locale=language, width=360, height=740).page
    assert {view: missed for view in tour(page, language) if (missed := page.evaluate(MISSED, 24))} == {}


def test_main_buttons_are_44_pixels_high_on_a_phone(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="en", width=360, height=740).page
    main = (
        ".masthead .menu, .masthead .count, #ask, #filters-button, .example, .action, .suggestions button, .panel-head "
        "button, .conversation-open, .conversation-new, .settings .plain, #add-page, td > button, dialog button"
    )
    heights: dict[str, float] = {}
    for _ in tour(page, "en"):
        for button in page.locator(main).all():
            if button.is_visible() and (box := button.bounding_box()):
                heights[button.evaluate("one => one.ariaLabel || one.textContent.trim()")] = round(box["height"], 1)
    assert {name: height for name, height in heights.items() if height < 44} == {}
    assert {"Ask", "Menu", "Filters", "New conversation", "Good answer", "Close", "Add the page"} <= set(heights)


# -- The keyboard ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keyboard:
    """Somebody at a page who has no mouse, and wants to see at each stop where they are."""

    page: Page

    def stop(self) -> str:
        """The name of what has the focus, which must be seen."""
        focused = self.page.evaluate(FOCUSED)
        assert focused["visible"], focused
        return str(focused["name"])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Press a key until the focus is there."""
        passed = []
        for _ in range(40):
            if target.evaluate("one => one === document.activeElement"):
                self.stop()
                return
            self.press(key)
            passed.append(self.stop())
        raise AssertionError(f"The focus never came to {target}: {passed}")


@pytest.fixture
def keyboard(address: str, browser_page: BrowserPage) -> Keyboard:
    page = browser_page(address, locale="en", height=800).page
    expect(page.locator("#welcome .title")).to_be_visible()
    expect(page.locator(".skip")).to_be_attached()
    return Keyboard(page)


def test_focus_goes_from_the_conversations_to_the_question(keyboard: Keyboard) -> None:
    stops = []
    for _ in range(16):
        keyboard.press("Tab")
        stops.append(keyboard.stop())
    examples = stops[8:13]
    assert stops[:4] == ["Skip to the question", "New conversation", "Search the conversations", "Documents"]
    assert stops[4:8] == ["Keyboard shortcuts", stops[5], "Menu", "Documents: 2"]
    assert stops[5].startswith("Language")
    assert [name.endswith(starter.text) for name, starter in zip(examples, STARTERS, strict=True)] == [True] * 5
    assert stops[13:] == ["Your question", "Filters", "Ask"]


def test_asking_and_reading_need_no_mouse(keyboard: Keyboard, assistant: ScriptedAssistant) -> None:
    page = keyboard.page
    question = page.locator("#question textarea")
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the question")).to_be_in_viewport()
    keyboard.press("Enter")
    expect(question).to_be_focused()
    page.keyboard.type(ASKED["en"][0])
    keyboard.press("Enter")
    finished(page, ASKED["en"][0])
    expect(page.locator("#suggestions button")).to_be_visible()

    footnote = page.locator("a[data-footnote]")
    keyboard.go_to(footnote, "Shift+Tab")
    expect(page.get_by_role("tooltip")).to_contain_text(QUOTE)
    keyboard.press("Enter")
    expect(page.locator(".panel mark.quoted")).to_be_focused()
    keyboard.stop()
    keyboard.go_to(page.get_by_role("button", name="Translate the quote"), "Shift+Tab")
    keyboard.press("Enter")
    expect(page.locator(".translation")).to_have_text("en: Over 620.")
    keyboard.press("Escape")
    expect(footnote).to_be_focused()

    keyboard.go_to(page.get_by_role("button", name="Good answer"))
    keyboard.press("Space")
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    keyboard.go_to(page.locator("form.comment textarea"))
    page.keyboard.type("Found at once.")
    keyboard.press("Tab", "Enter")
    expect(page.locator(".footnote-toast")).to_contain_text("Thank you")
    keyboard.go_to(page.locator(".why summary"), "Tab")
    keyboard.press("Enter")
    expect(page.locator(".why table")).to_be_visible()
    keyboard.go_to(page.get_by_role("button", name=NEXT))
    keyboard.press("Enter")
    finished(page, NEXT)
    assert [asked for asked, _ in assistant.asked] == [ASKED["en"][0], NEXT]


def test_documents_need_no_mouse(keyboard: Keyboard) -> None:
    page = keyboard.page
    keyboard.press("Alt+Shift+D")
    expect(page.get_by_role("heading", name="Documents", level=1)).to_be_focused()
    remove = page.get_by_role("button", name=f"Remove: {ARTICLE.source}")
    keyboard.go_to(remove)
    keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    keyboard.press("Escape")
    expect(remove).to_be_focused()
    keyboard.press("Enter", "Tab", "Enter")
    expect(page.locator("#outcomes .changed")).to_contain_text(ARTICLE.source)
    expect(remove).to_be_focused()  # the fake still lists it
    keyboard.go_to(page.get_by_role("button", name="Back to the conversation"), "Shift+Tab")
    keyboard.press("Enter")
    expect(page.locator("#question textarea")).to_be_focused()


def test_conversations_need_no_mouse(keyboard: Keyboard) -> None:
    page = keyboard.page
    ask(page, ASKED["en"][0])
    menu = page.get_by_role("button", name=re.compile("^More: "))
    keyboard.go_to(menu, "Shift+Tab")
    keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keyboard.press("ArrowDown", "Escape")
    expect(menu).to_be_focused()
    keyboard.press("Enter", "Enter")
    page.keyboard.type("Companies")
    keyboard.press("Enter")
    expect(page.locator(".conversation-open")).to_be_focused()
    expect(page.locator(".conversation-title")).to_have_text("Companies")


def test_shortcuts_do_what_their_list_says(keyboard: Keyboard) -> None:
    page = keyboard.page
    ask(page, ASKED["en"][0])
    keyboard.press("Control+Slash")
    rows = page.get_by_role("dialog").locator("dl > div")
    listed = {"+".join(row.locator("kbd").all_text_contents()): row.locator("dt").text_content() for row in rows.all()}
    assert listed == {
        "Ctrl+K": "Go to the question",
        "Alt+Shift+N": "New conversation",
        "Alt+Shift+D": "Documents, and back",
        "Esc": "Close what is open; stop an answer",
        "Ctrl+/": "Show this list",
    }
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keyboard.press("Alt+Shift+D")
    expect(page.locator("#documents")).to_be_visible()
    keyboard.press("Alt+Shift+D")
    expect(page.locator("#chat")).to_be_visible()
    keyboard.press("Alt+Shift+D", "Control+K")
    expect(page.locator("#question textarea")).to_be_focused()
    page.locator("a[data-footnote]").press("Enter")
    expect(page.locator(".panel mark.quoted")).to_be_focused()
    keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    keyboard.press("Alt+Shift+N")
    expect(page.locator("#welcome .title")).to_be_visible()


def test_escape_stops_an_answer(keyboard: Keyboard, assistant: ScriptedAssistant) -> None:
    assistant.pause = 0.5
    page = keyboard.page
    page.locator("#question textarea").fill(ASKED["en"][0])
    page.locator("#question textarea").press("Enter")
    expect(page.locator(".answer-text")).to_contain_text("There are")
    keyboard.press("Escape")
    expect(page.locator(".answer .notice")).to_have_text("Stopped.")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_drawer_gives_the_focus_back(address: str, browser_page: BrowserPage, language: str) -> None:
    page = browser_page(address, locale=language, width=360, height=740).page
    menu = page.get_by_role("button", name=messages_for(language).menu, exact=True)
    menu.press("Enter")
    expect(page.locator(".conversation-new")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.press("Enter")
    expect(page.locator(".conversation-new")).to_be_focused()
    page.locator("#question textarea").focus()  # which the drawer would cover
    expect(page.locator("#sidebar")).to_be_hidden()


# -- Motion and sound --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_nothing_moves_for_those_who_asked_for_that(
    address: str, assistant: ScriptedAssistant, browser: Browser, motion: Any
) -> None:
    assistant.pause = 0.5
    context = browser.new_context(locale="en", reduced_motion=motion)
    try:
        page = context.new_page()
        page.goto(address)
        page.locator("#question textarea").fill(ASKED["en"][0])
        page.locator("#question textarea").press("Enter")
        expect(page.locator(".sources .waiting")).to_be_visible()
        moving = page.evaluate("document.getAnimations().map((one) => one.animationName).filter(Boolean)")
        assert moving == (["breathe"] if motion == "no-preference" else [])
    finally:
        context.close()


@pytest.mark.parametrize("language", ["fi", "ar"])
def test_answer_is_read_aloud_once_when_it_is_complete(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage, language: str
) -> None:
    assistant.pause = 0.1
    page = browser_page(address, locale=language).page
    expect(page.locator(".skip")).to_be_attached()
    # A region that comes with its text already in it is not read aloud; what changes inside of one is.
    page.evaluate(
        """() => {
          window.spoken = [];
          new MutationObserver((changes) => {
            for (const { target, addedNodes } of changes) {
              const region = target.parentElement && target.closest?.("[aria-live], [role=status], [role=alert]");
              if (region && addedNodes.length) window.spoken.push([region.lang, region.textContent]);
            }
          }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    question, supported, invented = ASKED[language]
    ask(page, question)
    aloud = f"{supported} {invented}".replace(" [1]", "")
    expect(page.locator("[role=status]", has_text=aloud)).to_have_count(1)
    assert [said for said in page.evaluate("window.spoken") if said[1]] == [[language, aloud]]
