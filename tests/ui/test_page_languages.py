"""The page in the reader's language, and text of several directions on it, in real headless Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.types import ASGIApp

from rag.answers import Answer
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import ask
from tests.ui.test_page_reading import box_of
from ui.messages import all_messages, messages_for

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

QUESTION = "ماذا وقعت NRW Invest؟"
QUOTE = "NRW.INVEST und JETRO unterzeichneten eine Vereinbarung."
PASSAGE = make_passage(QUOTE, title="Die Delegation (2018)", language="de", heading="Tokio, Fukushima")
MIXED = Answer(
    QUESTION,
    "ar",
    "وقعت NRW.INVEST [1] اتفاقية مع JETRO [2] في عام 2018 [3] بطوكيو.\n\n"
    "NRW.INVEST und JETRO unterzeichneten eine Vereinbarung [1].",
    True,
    (
        make_citation("NRW.INVEST", passage=PASSAGE, number=1),
        make_citation("JETRO", passage=PASSAGE, number=2),
        make_citation("eine Vereinbarung", passage=PASSAGE, number=3),
    ),
    (PASSAGE,),
)


@pytest.fixture
def address(serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(ScriptedAssistant({QUESTION: MIXED})))


def expect_language(page: Page, code: str) -> None:
    """Wait until our own sentences and those of Gradio's parts are in a language."""
    messages = messages_for(code)
    expect(page.locator("html")).to_have_attribute("dir", messages.direction)
    expect(page.locator("#welcome .title")).to_have_text(messages.title)
    expect(page.locator("#question textarea")).to_have_attribute("placeholder", messages.placeholder)
    expect(page.locator("#ask")).to_have_text(messages.ask)
    expect(page.locator("#filters-button")).to_have_text(messages.filters)
    expect(page.locator(".masthead .count")).to_have_text(messages.documents.format(count=2))
    expect(page.locator("#sidebar")).to_contain_text(messages.new_conversation)
    expect(page.locator("html")).to_have_attribute("lang", code)


@pytest.mark.parametrize("language", sorted(all_messages()))
def test_page_speaks_every_language(address: str, browser_page: BrowserPage, language: str) -> None:
    opened = browser_page(address, locale=language)
    expect_language(opened.page, language)
    assert opened.errors == []


@pytest.mark.parametrize(("locale", "language"), [("zh-TW", "zh"), ("pt-BR", "pt"), ("nb-NO", "en"), ("xx", "en")])
def test_variant_is_read_as_its_language_and_an_unknown_one_as_english(
    address: str, browser_page: BrowserPage, locale: str, language: str
) -> None:
    expect_language(browser_page(address, locale=locale).page, language)


def test_language_that_is_chosen_stays_whatever_the_browser_asks_for(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="fi-FI").page
    expect_language(page, "fi")
    choice = page.locator("#language")
    expect(choice).to_have_value("fi")
    expect(choice.locator("option")).to_have_count(len(all_messages()))
    for language in ("ar", "ja"):
        with page.expect_navigation():
            choice.select_option(language)
        expect_language(page, language)
        expect(choice).to_have_value(language)
    page.reload()
    expect_language(page, "ja")
    # Sentences that the server makes follow as well.
    page.locator("#filters-button").click()
    page.locator("#filter-since :is(input, textarea)").fill("2018-99")
    page.locator("#question textarea").fill("?")
    page.locator("#question textarea").press("Enter")
    expect(page.locator("#remark")).to_have_text(messages_for("ja").not_a_date.format(value="2018-99"))


# -- From right to left ------------------------------------------------------------------------------------------------


def centre(part: Locator) -> float:
    """Where the middle of a part is, from the left."""
    box = box_of(part)
    return box["x"] + box["width"] / 2


def word_box(paragraph: Locator, word: str) -> dict[str, float]:
    """Where a word of a paragraph is painted."""
    box = paragraph.evaluate(
        """(paragraph, word) => {
          const texts = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
          while (texts.nextNode()) {
            const at = texts.currentNode.data.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(texts.currentNode, at);
            range.setEnd(texts.currentNode, at + word.length);
            const { left, right, top, bottom } = range.getBoundingClientRect();
            return { left, right, top, bottom };
          }
          return null;
        }""",
        word,
    )
    assert box is not None, word
    return dict(box)


@pytest.mark.parametrize("locale", ["ar", "he"])
def test_page_is_mirrored_for_those_who_read_from_right_to_left(
    address: str, browser_page: BrowserPage, locale: str
) -> None:
    page = browser_page(address, locale=locale).page
    ask(page, QUESTION)
    page.locator("a[data-footnote='1']").first.click()
    expect(page.locator(".panel")).to_be_visible()
    columns = [page.locator(".panel"), page.locator("#middle"), page.locator("#sidebar")]
    assert [centre(column) for column in columns] == sorted(centre(column) for column in columns)
    assert box_of(columns[0])["x"] == 0
    assert box_of(columns[2])["x"] + box_of(columns[2])["width"] == 1280
    assert centre(page.locator("#ask")) < centre(page.locator("#question textarea"))
    assert centre(page.locator(".masthead .count")) < centre(page.locator(".masthead .name"))
    assert centre(page.locator(".masthead .name")) < centre(page.locator(".masthead .menu"))
    assert centre(page.locator(".panel .close")) < centre(page.locator(".panel-head .label"))
    source, number = page.locator(".source .title").first, page.locator(".source .number").first
    assert centre(source) < centre(number)
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


@pytest.mark.parametrize("width", [1280, 390])
def test_latin_names_and_footnotes_keep_their_place_in_an_arabic_sentence(
    address: str, browser_page: BrowserPage, width: int
) -> None:
    page = browser_page(address, locale="ar", width=width).page
    ask(page, QUESTION)
    arabic, german = page.locator(".answer-text p").all()
    assert [part.evaluate("p => getComputedStyle(p).direction") for part in (arabic, german)] == ["rtl", "ltr"]
    # Read from the right: each word, its footnote, the next word. A line break may come before a word only.
    marks = [box_of(mark) for mark in arabic.locator("a[data-footnote]").all()]
    words = [word_box(arabic, word) for word in ("NRW.INVEST", "JETRO", "2018")]
    following = [word_box(arabic, word) for word in ("اتفاقية", "في", "بطوكيو")]
    for word, mark, after in zip(words, marks, following, strict=True):
        gap = word["left"] - (mark["x"] + mark["width"])
        assert -1 <= gap <= 8
        assert mark["y"] < word["bottom"]
        assert mark["y"] + mark["height"] > word["top"]
        if after["top"] < word["bottom"]:  # on the same line
            assert after["right"] <= mark["x"] + 1
    # The German sentence reads from the left, its footnote at its end on the right.
    last, mark = word_box(german, "Vereinbarung"), box_of(german.locator("a[data-footnote]"))
    assert -1 <= mark["x"] - last["right"] <= 8
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_quote_and_title_in_german_read_from_the_left_on_an_arabic_page(
    address: str, browser_page: BrowserPage
) -> None:
    page = browser_page(address, locale="ar").page
    ask(page, QUESTION)
    source = page.locator(".source")
    quote, title = source.locator("blockquote"), source.locator(".title a")
    expect(quote).to_have_attribute("lang", "de")
    assert word_box(quote, "NRW.INVEST")["left"] < word_box(quote, "JETRO")["left"]
    # The bracket of the title is on its right, as in German; the title itself stands beside its number.
    assert word_box(title, "Die")["left"] < word_box(title, "(2018)")["left"]
    assert word_box(title, ")")["left"] > word_box(title, "2018")["left"]
    # A Finnish page keeps its own order, and shows the Arabic question from the right.
    other = browser_page(address, locale="fi").page
    ask(other, QUESTION)
    question = other.locator(".turn .question")
    assert question.evaluate("h => getComputedStyle(h).direction") == "rtl"
    assert word_box(question, "ماذا")["left"] > word_box(question, "NRW")["right"]
    assert other.locator(".turn").evaluate("turn => getComputedStyle(turn).direction") == "ltr"
