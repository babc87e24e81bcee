"""Reading an answer in real headless Chromium: footnotes, the document behind them, what can be taken along."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from babel.dates import format_date
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect
from starlette.types import ASGIApp

from index.documents import Document
from rag.answers import Answer, Citation, Passage, Problem, Statement
from rag.prompts import phrases, support_sentence
from tests.builders import make_document
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import ask
from ui.markdown import answer_markdown
from ui.messages import language_name, messages_for

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]
Phone = Callable[[str, str], Page]

LOCALES = ("en", "fi", "ar", "ja")

FILLER = "\n\n".join(f"Absatz {number} steht nur zur Gesellschaft da." for number in range(40))
WOOD = "Seit 2019 verwertet das Werk 30.000 Tonnen Altholz im Jahr & mehr."
ADDRESS = "https://example.org/lahti?a=1&b=2"
PLANT = Document(
    "seeds/de/lahti.md",
    "Das Werk von Lahti",
    "de",
    f"# Das Werk\n\n{FILLER}\n\n## Altholz\n\n{WOOD} Es gehört der Stadt.\n\n{FILLER}",
    content_hash="0" * 64,
    date="2025-11-20",
    metadata={"url": ADDRESS},
)
PARTNER = "埼玉県の石坂産業は2018年から工場と協力している。"
MEETING = Document(
    "notes/会議.md",
    "会議の記録",
    "ja",
    f"{PARTNER}次の会議は春に開かれる。",
    "1" * 64,
    metadata={"url": "javascript:alert(1)"},
)
MOVED = make_document("Nothing of what was once said.", source="notes/moved.txt", title="Moved")


@dataclass(frozen=True, slots=True)
class Script:
    """A question, and its answer in three sentences: two with a footnote each, one that nothing supports."""

    question: str
    sentences: tuple[str, str, str]
    separator: str = " "

    def answer(self, language: str) -> Answer:
        """The answer, as a chat model would have written it."""
        statements, at = [], 0
        for number, sentence in enumerate(self.sentences, start=1):
            found = {"citations": (number,)} if number < 3 else {"problem": Problem.UNCITED}
            statements.append(Statement(at, at + len(sentence), **found))
            at += len(sentence) + len(self.separator)
        (wood, wooden), (partner, met) = cited(PLANT, WOOD, 1), cited(MEETING, PARTNER, 2)
        return Answer(
            self.question,
            language,
            self.separator.join(self.sentences),
            True,
            (wood, partner),
            (wooden, met),
            model="scripted",
            statements=tuple(statements),
        )


SCRIPTS = {
    "en": Script(
        "What does the plant in Lahti do?",
        ("It has recycled wood since 2019 [1].", "Its partner is Ishizaka [2].", "It is the largest in Europe."),
    ),
    "fi": Script(
        "Mitä Lahden laitos tekee?",
        ("Se on kierrättänyt puuta vuodesta 2019 [1].", "Sen kumppani on Ishizaka [2].", "Se on Euroopan suurin."),
    ),
    "ar": Script(
        "ماذا يفعل المصنع في Lahti؟",
        ("يعيد المصنع تدوير الخشب منذ 2019 [1].", "شريكه هو Ishizaka [2].", "وهو الأكبر في أوروبا."),
    ),
    "ja": Script(
        "ラハティの工場は何をしていますか。",
        ("工場は2019年から木材を再生している[1]。", "協力相手は石坂産業である[2]。", "欧州で最大である。"),
        separator="",
    ),
}
LOST = "What became of them?"


def cited(document: Document, quote: str, number: int) -> tuple[Citation, Passage]:
    """A footnote for words of a document, and the passage around them."""
    start = document.text.index(quote)
    passage = make_passage(
        document.text[start : start + len(quote) + 10],
        number=number,
        title=document.title,
        language=document.language,
        start=start,
        document=document.source,
    )
    return make_citation(quote, passage=passage, number=number), passage


def lost_answer() -> Answer:
    """An answer that cites a document which is gone, and one whose words are no longer the same."""
    gone = make_passage("It was here.", number=1, title="Gone", document="notes/gone.txt", start=0)
    moved = make_passage("It is there.", number=2, title="Moved", document=MOVED.source, start=0)
    citations = (
        make_citation("It was here", passage=gone),
        make_citation("It is there", passage=moved, number=2),
    )
    return Answer(LOST, "en", "One is gone [1], one has changed [2].", True, citations, (gone, moved))


def script_assistant(*, translations: dict[str, str] | None = None) -> ScriptedAssistant:
    answers: dict[str, Answer] = {script.question: script.answer(code) for code, script in SCRIPTS.items()}
    return ScriptedAssistant(
        {**answers, LOST: lost_answer()},
        texts={document.source: document for document in (PLANT, MEETING, MOVED)},
        translations=translations,
    )


@pytest.fixture
def address(serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(script_assistant(translations={WOOD: "<b>Wood</b> & more"})))


@pytest.fixture
def phone(browser: Browser) -> Iterator[Phone]:
    """Open a page on a phone with a touch screen: `phone(url, "fi")`."""
    with ExitStack() as contexts:

        def open_page(url: str, locale: str) -> Page:
            context = browser.new_context(
                locale=locale, viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce"
            )
            contexts.callback(context.close)
            page = context.new_page()
            page.goto(url)
            page.locator("#question textarea").wait_for()
            return page

        yield open_page


def box_of(part: Locator) -> FloatRect:
    box = part.bounding_box()
    assert box is not None
    return box


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def allow_clipboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_footnote_that_is_pointed_at_or_focused_says_its_title_and_its_words(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    page = browser_page(address, locale=locale, height=300).page
    ask(page, SCRIPTS[locale].question)
    first, second = page.locator("a[data-footnote='1']"), page.locator("a[data-footnote='2']")
    tip = page.get_by_role("tooltip")
    first.hover()
    expect(tip.locator("strong")).to_have_text(PLANT.title)
    expect(tip.locator("q")).to_have_text(WOOD)
    expect(first).to_have_attribute("aria-describedby", "footnote-tip")
    tip_box = box_of(tip)
    assert 0 <= tip_box["x"] <= 1280 - tip_box["width"]
    page.mouse.wheel(0, 60)
    expect(tip).to_be_hidden()
    second.focus()
    page.keyboard.press("Shift+Tab")
    expect(first).to_be_focused()
    expect(tip.locator("q")).to_have_text(WOOD)
    page.keyboard.press("Tab")
    expect(tip.locator("strong")).to_have_text(MEETING.title)
    expect(tip.locator("q")).to_have_text(PARTNER)
    assert (first.get_attribute("aria-describedby"), second.get_attribute("aria-describedby")) == (None, "footnote-tip")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(second).to_be_focused()
    assert second.get_attribute("aria-describedby") is None
    # One that is out of sight when the keyboard comes to it is scrolled to, and speaks as well.
    page.locator("#middle").evaluate("middle => middle.scrollTo(0, 10000)")
    expect(first).not_to_be_in_viewport()
    page.keyboard.press("Shift+Tab")
    expect(first).to_be_in_viewport()
    page.wait_for_timeout(200)  # by then it has scrolled
    expect(tip.locator("q")).to_have_text(WOOD)
    expect(tip).to_be_visible()


@pytest.mark.parametrize("locale", LOCALES)
def test_panel_shows_the_exact_words_where_they_stand_in_the_document(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    opened = browser_page(address, locale=locale)
    page, panel = opened.page, opened.page.locator(".panel")
    ask(page, SCRIPTS[locale].question)
    page.locator("a[data-footnote='1']").click()
    words = panel.locator("mark.quoted")
    expect(words).to_have_text([WOOD], use_inner_text=False)
    expect(words).to_be_in_viewport()
    expect(words).to_be_focused()
    expect(panel.locator(".text p", has=page.locator("mark"))).to_have_text(f"{WOOD} Es gehört der Stadt.")
    expect(panel.locator(".title")).to_have_text(PLANT.title)
    dated = messages.dated.format(date=format_date(date(2025, 11, 20), format="long", locale=locale))
    expect(panel.locator(".facts span")).to_have_text([language_name("de", shown_in=locale), dated])
    expect(panel.locator(".place bdi")).to_have_text(["Das Werk", "Altholz"])
    expect(panel.locator(".file")).to_have_text(PLANT.source)
    original = panel.get_by_role("link", name=messages.original_page)
    expect(original).to_have_attribute("href", ADDRESS)
    expect(original).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(original).to_have_attribute("target", "_blank")
    beside, shown = box_of(page.locator("#middle")), box_of(panel)
    if messages.direction == "rtl":
        assert (shown["x"], beside["x"]) == (0, shown["width"])
    else:
        assert (shown["x"] + shown["width"], beside["x"] + beside["width"]) == (1280, shown["x"])
    # Another footnote takes its place: a document that names no address on the web.
    page.locator("a[data-footnote='2']").click()
    expect(words).to_have_text([PARTNER])
    expect(panel.locator(".facts span")).to_have_text([language_name("ja", shown_in=locale)])
    expect(panel.locator("a")).to_have_count(0)
    panel.get_by_role("button", name=messages.close).click()
    expect(panel).to_be_hidden()
    expect(page.locator("a[data-footnote='2']")).to_be_focused()
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


@pytest.mark.parametrize("locale", LOCALES)
def test_quote_is_translated_for_readers_of_another_language_and_named_as_a_translation(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    opened = browser_page(address, locale=locale)
    page, panel = opened.page, opened.page.locator(".panel")
    ask(page, SCRIPTS[locale].question)
    page.locator("a[data-footnote='1']").click()
    panel.get_by_role("button", name=messages.translate).click()
    part = panel.locator(".translate")
    expect(part.locator(".label")).to_have_text([messages.original, messages.translation])
    expect(part.locator("blockquote")).to_have_text([WOOD, f"{locale}: <b>Wood</b> & more"], use_inner_text=False)
    expect(part.locator("blockquote.translation")).to_have_attribute("lang", locale)
    expect(panel.locator("mark.quoted")).to_have_text([WOOD])
    # There is no translation of the Japanese one: its readers need none, others are told.
    page.locator("a[data-footnote='2']").click()
    expect(panel.locator("mark.quoted")).to_have_text([PARTNER])
    offer = panel.get_by_role("button", name=messages.translate)
    if locale == "ja":
        expect(offer).to_have_count(0)
    else:
        offer.click()
        expect(panel.get_by_role("alert")).to_have_text(messages.translation_failed)
        expect(panel.locator("mark.quoted")).to_have_text([PARTNER])
    assert (opened.errors, opened.dialogs) == ([], [])


def test_no_translation_is_offered_without_a_chat_model(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage
) -> None:
    page = browser_page(serve_app(page_app(script_assistant()))).page
    ask(page, SCRIPTS["en"].question)
    page.locator("a[data-footnote='1']").click()
    expect(page.locator(".panel mark.quoted")).to_have_text([WOOD])
    expect(page.locator(".translate")).to_have_count(0)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_nothing_supports_is_marked_and_counted_and_all_is_copied_as_markdown(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    messages, script = messages_for(locale), SCRIPTS[locale]
    answer = script.answer(locale)
    page = browser_page(address, locale=locale).page
    allow_clipboard(page)
    ask(page, script.question)
    doubtful = page.locator(".answer .unsupported")
    expect(doubtful).to_have_text([script.sentences[2]])
    expect(doubtful).to_have_attribute("title", phrases(locale).unsupported)
    assert doubtful.evaluate("span => getComputedStyle(span).textDecorationLine") == "underline"
    expect(page.locator(".answer .notice")).to_have_text(support_sentence(answer))
    page.get_by_role("button", name=messages.copy_answer).click()
    expect(page.locator(".footnote-toast")).to_have_text(messages.copied)
    copied = clipboard(page)
    assert copied == answer_markdown(answer, messages=messages)
    assert "[^1]: “Seit 2019 verwertet das Werk" in copied


def test_refused_clipboard_is_said(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="fi").page
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    ask(page, SCRIPTS["fi"].question)
    page.get_by_role("button", name=messages_for("fi").copy_answer).click()
    expect(page.locator(".footnote-toast")).to_have_text(messages_for("fi").copy_failed)


@pytest.mark.parametrize("locale", ["fi", "ar"])
def test_link_to_a_place_opens_it_in_another_browser(address: str, browser_page: BrowserPage, locale: str) -> None:
    messages = messages_for(locale)
    page = browser_page(address, locale=locale).page
    allow_clipboard(page)
    ask(page, SCRIPTS[locale].question)
    page.locator("a[data-footnote='2']").click()
    expect(page.locator(".panel mark.quoted")).to_have_text([PARTNER])
    page.get_by_role("button", name=messages.copy_link).click()
    expect(page.locator(".footnote-toast")).to_have_text(messages.copied)
    link = clipboard(page)
    assert link.startswith(f"{address}/?")
    place = {"document": [MEETING.source], "start": ["0"], "end": [str(len(PARTNER))]}
    assert parse_qs(urlsplit(link).query) == place
    other = browser_page(link, locale=locale).page
    words = other.locator(".panel mark.quoted")
    expect(words).to_have_text([PARTNER])
    expect(words).to_be_in_viewport()
    expect(other.locator(".turn")).to_have_count(0)
    expect(other.get_by_role("heading", name=messages.title)).to_be_attached()
    other.get_by_role("button", name=messages.close).click()
    expect(other.locator(".panel")).to_be_hidden()
    expect(other.locator("#question textarea")).to_be_focused()


def test_footnote_opened_in_a_new_tab_shows_its_words_there(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, SCRIPTS["en"].question)
    with page.context.expect_page() as opening:
        page.locator("a[data-footnote='1']").click(modifiers=["Control"])
    expect(opening.value.locator(".panel mark.quoted")).to_have_text([WOOD])
    expect(page.locator(".panel")).to_be_hidden()


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_document_that_is_gone_or_has_changed_is_said_to_be(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    opened = browser_page(
        f"{address}/?{urlencode({'document': '<b>gone</b>.md', 'start': 1, 'end': 2})}", locale=locale
    )
    page, panel = opened.page, opened.page.locator(".panel-body")
    expect(panel).to_have_text(messages.document_gone)
    ask(page, LOST)
    page.locator("a[data-footnote='2']").click()
    expect(panel.locator(".notice")).to_have_text(messages.document_changed)
    expect(panel.locator(".text")).to_have_text(MOVED.text)
    expect(panel.locator("mark")).to_have_count(0)
    page.locator("a[data-footnote='1']").click()
    expect(panel).to_have_text(messages.document_gone)
    assert (opened.errors, opened.dialogs) == ([], [])


def test_malformed_link_opens_the_document_without_a_mark(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    panel = opened.page.locator(".panel")
    for place in ("start=-1&end=9", "start=9e9&end=%00", "start=999999999&end=1", "start=%3Cb%3E"):
        opened.page.goto(f"{address}/?document={PLANT.source}&{place}")
        expect(panel.locator(".title")).to_have_text(PLANT.title)
        expect(panel.locator("mark")).to_have_count(0)
    assert (opened.errors, opened.dialogs) == ([], [])


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_more_of_a_long_document_leaves_what_is_read_in_its_place(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    text = "\n\n".join(f"Paragraph {number} of a long story: {'and so on, ' * 20}." for number in range(1600))
    document = make_document(text, source="long.txt")
    start = text.index("Paragraph 800 of")
    assistant = ScriptedAssistant({}, texts={document.source: document})
    query = urlencode({"document": document.source, "start": start, "end": start + 13})
    page = browser_page(f"{serve_app(page_app(assistant))}/?{query}", locale=locale).page
    panel = page.locator(".panel")
    expect(panel.locator("mark.quoted")).to_have_text(["Paragraph 800"])
    expect(panel.locator("mark.quoted")).to_be_in_viewport()
    paragraphs = panel.locator(".text p")
    # Five times: what is shown grows at first, then it moves along the document.
    for name, reached in ((messages.text_before, "first"), (messages.text_after, "last")):
        for _ in range(5):
            edge = getattr(paragraphs, reached)
            words = edge.inner_text()[:20]
            button = panel.get_by_role("button", name=name)
            button.scroll_into_view_if_needed()
            before = box_of(edge)["y"]
            button.click()
            expect(edge).not_to_contain_text(words)
            same = paragraphs.filter(has_text=words)
            expect(same).to_be_in_viewport()
            assert abs(box_of(same)["y"] - before) <= 2, (name, words)


@pytest.mark.parametrize("locale", LOCALES)
def test_sheet_of_a_phone_closes_by_its_button_and_by_going_back(address: str, phone: Phone, locale: str) -> None:
    messages = messages_for(locale)
    page = phone(address, locale)
    panel, middle = page.locator(".panel"), page.locator("#middle")
    ask(page, SCRIPTS[locale].question)
    link = page.locator("a[data-footnote='1']")
    for close in (
        lambda: panel.get_by_role("button", name=messages.close).tap(),
        page.go_back,
        lambda: page.keyboard.press("Escape"),
    ):
        link.tap()
        expect(panel.locator("mark.quoted")).to_have_text([WOOD], use_inner_text=False)
        expect(panel.locator("mark.quoted")).to_be_in_viewport()
        sheet = box_of(panel)
        assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 844)
        assert sheet["y"] > 50
        expect(middle).to_have_js_property("inert", True)
        expect(page.get_by_role("tooltip")).to_be_hidden()
        close()
        expect(panel).to_be_hidden()
        expect(middle).to_have_js_property("inert", False)
        expect(link).to_be_focused()
        expect(page.locator(".turn")).to_have_count(1)
        assert page.url == f"{address}/"
    assert page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [390, 390]
