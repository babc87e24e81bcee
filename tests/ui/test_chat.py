"""The chat page in a real headless Chromium: what a reader sees, clicks and must never run into."""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from starlette.types import ASGIApp

from index.documents import Document
from rag.answers import Answer, Turn
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.test_render import HOSTILE
from ui.conversation import TurnsBegun
from ui.examples import STARTERS
from ui.messages import messages_for

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

QUESTION = "Kuinka monta japanilaista yritystä Nordrhein-Westfalenissa toimii?"
FOLLOW_UP = "Kuka johti valtuuskuntaa?"
UNANSWERABLE = "Mitä valtuuskunta söi aamiaiseksi?"
COMPANIES = "Mehr als 620 japanische Unternehmen sind im bevölkerungsreichsten Land der Bundesrepublik ansässig."
LEADER = "An der Spitze der Gruppe stand Landeswirtschaftsminister Andreas Pinkwart."
GERMAN = make_passage(
    f"Unter den Ländern nimmt Japan einen der vordersten Plätze ein: {COMPANIES}",
    number=2,
    title="Nordrhein-Westfalen und Japan",
    language="de",
    heading="Investor von Gewicht",
)
LED = make_passage(LEADER, number=1, title="Nordrhein-Westfalen und Japan", language="de", start=900)
ARTICLE = Document(
    GERMAN.document, GERMAN.title, "de", f"{GERMAN.text:<900}{LEADER}", content_hash="0" * 64, date="2026-11-20"
)
ANSWERS: dict[str, Answer | Exception] = {
    QUESTION: Answer(
        QUESTION,
        "fi",
        "Nordrhein-Westfalenissa toimii yli 620 japanilaista yritystä [1].",
        True,
        (make_citation(COMPANIES, passage=GERMAN),),
        (LED, GERMAN),
    ),
    FOLLOW_UP: Answer(
        FOLLOW_UP,
        "fi",
        "Valtuuskuntaa johti talousministeri Andreas Pinkwart [1].",
        True,
        (make_citation("Andreas Pinkwart", passage=LED),),
        (LED, GERMAN),
    ),
    UNANSWERABLE: Answer(UNANSWERABLE, "fi", "Asiakirjoissa ei kerrota sitä.", False, (), (LED, GERMAN)),
}


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant(ANSWERS, texts={ARTICLE.source: ARTICLE})


@pytest.fixture
def address(assistant: ScriptedAssistant, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(assistant))


def ask(page: Page, question: str) -> None:
    """Type a question, send it with Enter, and wait for the end of its answer."""
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    finished(page, question)


def finished(page: Page, question: str) -> None:
    turn = page.locator("#latest .turn", has=page.get_by_role("heading", name=question, exact=True))
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#ask")).to_be_visible()


def test_finnish_question_shows_a_footnote_that_leads_to_the_german_quote(
    address: str, browser_page: BrowserPage
) -> None:
    opened = browser_page(address, locale="fi-FI", height=400)
    page = opened.page
    ask(page, QUESTION)
    expect(page.locator(".answer-text")).to_have_text("Nordrhein-Westfalenissa toimii yli 620 japanilaista yritystä1.")
    source = page.locator(".source")
    expect(source.locator(".title")).to_have_text("Nordrhein-Westfalen und Japan")
    expect(source.locator(".place")).to_have_text("saksa · Investor von Gewicht")
    expect(source.locator("blockquote")).to_have_attribute("lang", "de")
    quote = source.locator("mark")
    expect(quote).to_have_text(COMPANIES)
    expect(quote).not_to_have_class("emphasised")
    page.get_by_role("link", name="Alaviite 1: Nordrhein-Westfalen und Japan").click()
    expect(quote).to_have_class("emphasised")
    words = page.locator(".panel mark.quoted")
    expect(words).to_have_text(COMPANIES)
    expect(words).to_be_focused()
    expect(words).to_be_in_viewport()
    expect(page.locator(".panel .text")).to_contain_text(LEADER)
    assert urlsplit(page.url).query == ""
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_footnote_works_with_the_keyboard_and_its_quote_leads_back(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    link = page.locator("a[data-footnote='1']")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel mark.quoted")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    expect(link).to_be_focused()
    back = page.get_by_role("link", name="Back to footnote 1 in the answer")
    back.focus()
    page.keyboard.press("Enter")
    expect(link).to_be_focused()


def test_follow_up_passes_the_history_and_earlier_footnotes_still_work(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    ask(page, FOLLOW_UP)
    answered = "Nordrhein-Westfalenissa toimii yli 620 japanilaista yritystä [1]."
    assert assistant.asked == [(QUESTION, ()), (FOLLOW_UP, (Turn(QUESTION, answered),))]
    expect(page.locator(".turn .question")).to_have_text([QUESTION, FOLLOW_UP])
    page.locator("a[data-footnote]").first.click()
    expect(page.locator("mark.emphasised")).to_have_text([COMPANIES])
    expect(page.locator(".panel mark.quoted")).to_have_text([COMPANIES])
    page.locator("a[data-footnote]").last.click()
    expect(page.locator("mark.emphasised")).to_have_text(["Andreas Pinkwart"])
    expect(page.locator(".panel mark.quoted")).to_have_text(["Andreas Pinkwart"])


def test_two_readers_do_not_share_a_conversation(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    ask(browser_page(address).page, QUESTION)
    other = browser_page(address).page
    ask(other, FOLLOW_UP)
    assert assistant.asked[-1] == (FOLLOW_UP, ())
    expect(other.locator(".turn")).to_have_count(1)


def test_new_conversation_forgets_the_old_one(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, FOLLOW_UP)
    assert assistant.asked[-1] == (FOLLOW_UP, ())


def test_example_is_asked_by_a_click(serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage) -> None:
    question = STARTERS[1].text
    answer = Answer(question, "ja", "教育と技術です。", True)
    page = browser_page(serve_app(page_app(ScriptedAssistant({question: answer}), examples=STARTERS))).page
    page.get_by_role("button", name=question).click()
    finished(page, question)
    expect(page.locator(".answer-text")).to_have_text("教育と技術です。")
    expect(page.locator("#welcome .example")).to_have_count(0)


def test_stopped_answer_keeps_its_beginning_and_the_next_question_is_answered(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    assistant.pause = 0.5
    page = browser_page(address).page
    page.locator("#question textarea").fill(QUESTION)
    page.locator("#question textarea").press("Enter")
    expect(page.locator(".answer-text")).to_contain_text("toimii")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".answer .notice")).to_have_text("Stopped.")
    expect(page.locator(".answer-text")).to_contain_text("Nordrhein-Westfalenissa toimii")
    assistant.pause = 0.0
    expect(page.locator("#ask")).to_be_visible()
    ask(page, FOLLOW_UP)
    assert assistant.asked[-1] == (FOLLOW_UP, ())
    expect(page.locator(".turn .question")).to_have_text([QUESTION, FOLLOW_UP])


def test_new_conversation_cuts_off_the_answer_that_still_streams(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    assistant.pause = 0.3
    page = browser_page(address).page
    page.locator("#question textarea").fill(QUESTION)
    page.locator("#question textarea").press("Enter")
    expect(page.locator(".answer-text")).to_contain_text("toimii")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#ask")).to_be_visible()
    page.wait_for_timeout(6 * 1000 * assistant.pause)  # the rest of the answer would have come by then
    expect(page.locator(".turn")).to_have_count(0)
    assistant.pause = 0.0
    ask(page, FOLLOW_UP)
    assert assistant.asked[-1] == (FOLLOW_UP, ())


def test_question_sent_while_an_answer_streams_waits_in_the_box(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    assistant.pause = 0.3
    page = browser_page(address).page
    box = page.locator("#question textarea")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".answer-text")).to_contain_text("Nordrhein")
    box.fill(FOLLOW_UP)
    box.press("Enter")
    finished(page, QUESTION)
    expect(box).to_have_value(FOLLOW_UP)
    assert [question for question, _ in assistant.asked] == [QUESTION]
    box.press("Enter")
    finished(page, FOLLOW_UP)
    assert [question for question, _ in assistant.asked] == [QUESTION, FOLLOW_UP]


def test_stop_does_not_wait_for_a_model_that_is_silent(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    assistant.pause = 8.0
    page = browser_page(address).page
    page.locator("#question textarea").fill(QUESTION)
    page.locator("#question textarea").press("Enter")
    expect(page.locator(".sources .waiting")).to_have_text("Passages found: 2")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".answer .notice")).to_have_text("Stopped.", timeout=6000)
    assistant.pause = 0.0
    ask(page, FOLLOW_UP)
    page.wait_for_timeout(8000)  # by then the silent model has spoken, to nobody
    expect(page.locator(".turn .question")).to_have_text([QUESTION, FOLLOW_UP])
    expect(page.locator("#latest .answer-text")).to_contain_text("Andreas Pinkwart")


def test_empty_question_is_not_asked(address: str, assistant: ScriptedAssistant, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    page.locator("#question textarea").fill("   ")
    with page.expect_response(lambda response: "/queue/join" in response.url):  # else the next text may be sent with it
        page.locator("#question textarea").press("Enter")
    ask(page, QUESTION)
    assert [question for question, _ in assistant.asked] == [QUESTION]


@pytest.fixture
def unconnected(assistant: ScriptedAssistant, page_app: PageApp, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's handlers, to be called in an order that a browser keeps to only on a busy machine."""
    pages: list[Any] = []
    monkeypatch.setattr("ui.chat.asking.Asking.connect", lambda part, **_: pages.append(part))
    page_app(assistant)  # which builds the page where Gradio leaves no event loops behind
    return pages[0]


def test_two_events_that_found_the_conversation_idle_ask_once(unconnected: Any, assistant: ScriptedAssistant) -> None:
    begun, event = TurnsBegun(), SimpleNamespace(target=None)
    request = SimpleNamespace(headers={}, cookies={}, request=None)
    streams = [unconnected.answer(QUESTION, (), "", begun, {}, False, [], [], "", "", event, request) for _ in range(2)]
    assert [len(list(stream)) > 1 for stream in streams] == [True, False]
    assert [question for question, _ in assistant.asked] == [QUESTION]


def test_welcome_that_comes_after_the_first_question_is_not_shown(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    # On a busy machine the greeting in the reader's language may arrive this late.
    page.locator("#welcome").evaluate("welcome => welcome.insertAdjacentHTML('beforeend', '<i>Hello</i>')")
    expect(page.locator("#welcome i")).to_be_attached()
    expect(page.locator("#welcome i")).to_be_hidden()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()


def test_nearest_passages_look_different_from_citations(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="fi-FI").page
    ask(page, UNANSWERABLE)
    expect(page.locator(".sources .label")).to_have_text("Lähimmät tekstikohdat")
    expect(page.locator(".source.nearest")).to_have_count(2)
    expect(page.locator("mark")).to_have_count(0)
    expect(page.locator("a[data-footnote]")).to_have_count(0)


def test_error_shows_one_plain_sentence_in_the_language_of_the_reader(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = ScriptedAssistant({QUESTION: RuntimeError("secret of /etc/passwd")})
    opened = browser_page(serve_app(page_app(assistant)), locale="fi-FI")
    with caplog.at_level(logging.ERROR):
        ask(opened.page, QUESTION)
    expect(opened.page.get_by_role("alert")).to_have_text(messages_for("fi").failed)
    expect(opened.page.locator(".turn")).not_to_contain_text("secret")
    expect(opened.page.locator(".toast-body")).to_have_count(0)
    assert "secret of /etc/passwd" in caplog.text
    assert "secret" not in opened.page.content()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_hostile_documents_and_answers_do_nothing(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage, streamed: bool
) -> None:
    everything = "\n\n".join(HOSTILE).replace("\0", "")  # which browsers drop
    passage = make_passage(everything, title=everything, heading=everything, document=everything)
    citation = make_citation(everything, passage=passage)
    answer = Answer(QUESTION, "en", f"{everything} [1]", True, (citation,), (passage,), notice=everything)
    assistant = ScriptedAssistant({QUESTION: answer, everything.replace("\n\n", " "): answer})
    assistant.pause = 0.02 if streamed else 0.0
    opened = browser_page(serve_app(page_app(assistant)))
    opened.page.evaluate("window.alert = (text) => { window.hacked = text; }")
    ask(opened.page, QUESTION)
    opened.page.locator("a[data-footnote]").click()
    expect(opened.page.locator(".turn mark")).to_have_class("emphasised")
    expect(opened.page.locator(".turn mark")).to_have_text(everything, use_inner_text=False)
    opened.page.keyboard.press("Escape")
    ask(opened.page, everything.replace("\n\n", " "))
    assert opened.page.evaluate("window.hacked") is None
    assert (
        opened.page.locator(".turn :is(script, img, iframe, svg, style, form, object, [onerror], [onload])").count()
        == 0
    )
    assert (opened.dialogs, opened.errors, opened.foreign_requests) == ([], [], [])


def test_policy_refuses_what_would_leave_the_machine(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    assert opened.errors == []
    fetched = opened.page.evaluate("fetch('https://evil.example/').then(() => 'sent', () => 'refused')")
    loaded = opened.page.evaluate(
        """new Promise((resolve) => {
          const image = new Image();
          image.onload = () => resolve("loaded");
          image.onerror = () => resolve("refused");
          image.src = "https://evil.example/x.png";
        })"""
    )
    assert (fetched, loaded) == ("refused", "refused")
    refusals = "\n".join(opened.errors)
    assert "Connecting to 'https://evil.example/' violates" in refusals
    assert "Loading the image 'https://evil.example/x.png' violates" in refusals


@pytest.mark.parametrize("locale", ["en-US", "fi-FI", "ar"])
def test_phone_has_no_horizontal_scrolling(address: str, browser_page: BrowserPage, locale: str) -> None:
    page = browser_page(address, locale=locale, width=360, height=740).page
    width = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    assert page.evaluate(width) == [360, 360]
    ask(page, QUESTION)
    assert page.evaluate(width) == [360, 360]
    answer, sources = page.locator(".answer").bounding_box(), page.locator(".turn .sources").bounding_box()
    assert answer is not None
    assert sources is not None
    assert sources["y"] >= answer["y"] + answer["height"]
    box = page.locator("#question textarea").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740


def test_wide_screen_shows_the_sources_beside_the_answer(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    answer, sources = page.locator(".answer").bounding_box(), page.locator(".turn .sources").bounding_box()
    assert answer is not None
    assert sources is not None
    assert sources["x"] >= answer["x"] + answer["width"]
    assert sources["y"] == answer["y"]


@pytest.mark.parametrize(("locale", "direction"), [("ar-EG", "rtl"), ("ja-JP", "ltr")])
def test_page_speaks_and_is_laid_out_in_the_language_of_the_reader(
    address: str, browser_page: BrowserPage, locale: str, direction: str
) -> None:
    language = locale[:2]
    page = browser_page(address, locale=locale).page
    expect(page.get_by_role("heading", name=messages_for(language).title)).to_be_visible()
    expect(page.locator("#question textarea")).to_have_attribute("placeholder", messages_for(language).placeholder)
    expect(page.get_by_role("button", name=messages_for(language).ask, exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", direction)


def test_dark_page_follows_the_system(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, dark=True).page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 27)"
