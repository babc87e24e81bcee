"""Conversations on the real page: kept in the browser, switched, exported, rated, and never mixed."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.types import ASGIApp

from rag.answers import Answer, Turn
from tests.fakes import ScriptedAssistant, make_citation
from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import (
    ANSWERS,
    ARTICLE,
    COMPANIES,
    FOLLOW_UP,
    LED,
    QUESTION,
    UNANSWERABLE,
    ask,
)
from tests.ui.test_page_documents import LAHTI, ingest, served_by_a_process
from ui import cli
from ui.conversation import exchange_html
from ui.feedback import FeedbackStore
from ui.messages import messages_for

pytestmark = pytest.mark.browser

BrowserPage = Callable[..., OpenedPage]

ENGLISH = messages_for("en")
COMMENT = "Väärä luku <img src=x onerror=alert(1)>"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>javascript:alert(1)\u202e\u0000'
ARABIC = "كم عدد الشركات اليابانية؟"
JAPANESE = "日本企業は何社ありますか。"
ENGLISH_QUESTION = "How many Japanese companies are there?"
QUESTIONS = {"en": ENGLISH_QUESTION, "fi": QUESTION, "ar": ARABIC, "ja": JAPANESE}


def answer_to(question: str, language: str) -> Answer:
    return replace(ANSWERS_FOUND[QUESTION], question=question, language=language)


ANSWERS_FOUND = {question: answer for question, answer in ANSWERS.items() if isinstance(answer, Answer)}
ALL_ANSWERS = ANSWERS | {question: answer_to(question, language) for language, question in QUESTIONS.items()}


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant(dict(ALL_ANSWERS), texts={ARTICLE.source: ARTICLE})


@pytest.fixture
def address(assistant: ScriptedAssistant, serve_app: Callable[[ASGIApp], str], page_app: Callable[..., ASGIApp]) -> str:
    return serve_app(page_app(assistant))


def stored(page: Page) -> list[dict[str, Any]]:
    """The conversations that the browser keeps, oldest first."""
    texts = page.evaluate(
        "Object.keys(localStorage).filter((key) => key.startsWith('footnote.conversation.'))"
        ".map((key) => localStorage[key])"
    )
    return sorted((json.loads(text) for text in texts), key=lambda conversation: str(conversation["created"]))


def wait_until(page: Page, condition: str) -> None:
    """Wait for a condition: Playwright's own way evaluates it in the page, whose policy forbids that."""
    deadline = time.monotonic() + 20
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(100)


def kept_questions(page: Page) -> list[list[str]]:
    return [[exchange["question"] for exchange in conversation["exchanges"]] for conversation in stored(page)]


def openers(page: Page) -> Locator:
    return page.locator("#sidebar .conversation-open")


def open_conversation(page: Page, title: str) -> None:
    page.locator("#sidebar .conversation-open", has_text=title).click()


def expect_shown(page: Page, *questions: str) -> None:
    expect(page.locator(".turn .question")).to_have_text(list(questions))


def begin(page: Page) -> None:
    page.get_by_role("button", name=ENGLISH.new_conversation).click()
    expect(page.locator(".turn")).to_have_count(0)


def choose(page: Page, title: str, action: str) -> None:
    """Choose something in the menu of a conversation."""
    page.locator("#sidebar .conversation", has_text=title).locator(".conversation-actions").click()
    page.get_by_role("menuitem", name=action).click()


def reload(page: Page) -> None:
    page.reload()
    page.locator("#question textarea").wait_for()


def begin_asking(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


# -- Kept --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fi", 360), ("ar", 1280), ("ja", 360)])
def test_conversation_survives_a_reload_and_goes_on(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage, language: str, width: int
) -> None:
    question, messages = QUESTIONS[language], messages_for(language)
    opened = browser_page(address, locale=language, width=width, height=740)
    page = opened.page
    ask(page, question)
    before = page.locator(".turn").first.inner_text()
    reload(page)
    expect_shown(page, question)
    assert page.locator(".turn").first.inner_text() == before
    page.locator("a[data-footnote='1']").click()
    expect(page.locator(".panel mark.quoted")).to_have_text(COMPANIES)
    page.keyboard.press("Escape")
    ask(page, FOLLOW_UP)
    assert assistant.asked[-1] == (FOLLOW_UP, (Turn(question, ANSWERS_FOUND[QUESTION].text),))
    assert kept_questions(page) == [[question, FOLLOW_UP]]
    expect(page.locator(".conversation-title")).to_have_text([question])
    expect(page.get_by_role("button", name=messages.regenerate)).to_have_count(1)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_conversation_survives_a_restart_of_the_server(tmp_path: Path, browser_page: BrowserPage) -> None:
    home, question = tmp_path / "home", "When was the highest ski jumping hill of Lahti built?"
    ingest(home, {"lahti.md": LAHTI})
    with served_by_a_process(home, tmp_path / "gradio") as (url, process):
        page = browser_page(url).page
        ask(page, question)
        process.kill()
        process.wait()
    with served_by_a_process(home, tmp_path / "gradio", port=int(url.rpartition(":")[2])):
        reload(page)
        expect_shown(page, question)
        page.locator("a[data-footnote='1']").click()
        expect(page.locator(".panel mark.quoted")).to_contain_text("1972")
        page.keyboard.press("Escape")
        ask(page, "And where is Lahti?")
        assert kept_questions(page) == [[question, "And where is Lahti?"]]


def test_conversations_are_listed_searched_opened_renamed_and_deleted(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    begin(page)
    ask(page, ARABIC)
    ask(page, FOLLOW_UP)
    expect(page.locator(".conversation-title")).to_have_text([ARABIC, QUESTION])
    expect(openers(page).first).to_have_attribute("aria-current", "true")
    search = page.get_by_role("searchbox", name=ENGLISH.search_conversations)
    search.fill("PINKWART")  # in an answer
    expect(page.locator(".conversation-title")).to_have_text([ARABIC])
    search.fill("اليابانيّة")  # with a sign that only tells how it is spoken
    expect(page.locator(".conversation-title")).to_have_text([ARABIC])
    search.fill("nowhere")
    expect(page.locator(".conversations-empty")).to_have_text(ENGLISH.no_conversation_found)
    search.fill("")
    open_conversation(page, QUESTION)
    expect_shown(page, QUESTION)
    expect(openers(page).nth(1)).to_have_attribute("aria-current", "true")
    choose(page, QUESTION, ENGLISH.rename)
    page.locator(".conversation-name").fill(f"Japan {HOSTILE}")
    page.keyboard.press("Enter")
    expect(openers(page).nth(1)).to_contain_text("Japan <img")
    reload(page)
    expect_shown(page, QUESTION)
    ask(page, FOLLOW_UP)
    expect(openers(page).first).to_contain_text("Japan <img")
    choose(page, "Japan", ENGLISH.delete)
    page.keyboard.press("Escape")
    expect(openers(page)).to_have_count(2)
    choose(page, "Japan", ENGLISH.delete)
    page.get_by_role("alertdialog").get_by_role("button", name=ENGLISH.delete).click()
    expect(page.get_by_role("heading", name=ENGLISH.title)).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    assert kept_questions(page) == [[ARABIC, FOLLOW_UP]]
    reload(page)
    expect(page.get_by_role("heading", name=ENGLISH.title)).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    assert page.evaluate("window.hacked") is None


def test_conversation_is_saved_as_markdown_and_json(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    ask(page, FOLLOW_UP)
    saved = {}
    for action in (ENGLISH.export_markdown, ENGLISH.export_json):
        with page.expect_download() as download:
            choose(page, QUESTION, action)
        saved[download.value.suggested_filename] = Path(download.value.path()).read_text(encoding="utf-8")
    name = QUESTION.removesuffix("?")
    assert list(saved) == [f"{name}.md", f"{name}.json"]
    assert saved[f"{name}.md"] == (
        f"# {QUESTION}\n\n"
        f"## {QUESTION}\n\n"
        "Nordrhein-Westfalenissa toimii yli 620 japanilaista yritystä [^1-1].\n\n"
        f"[^1-1]: “{COMPANIES}” — Nordrhein-Westfalen und Japan, German (articles/a.md)\n\n"
        f"## {FOLLOW_UP}\n\n"
        "Valtuuskuntaa johti talousministeri Andreas Pinkwart [^2-1].\n\n"
        "[^2-1]: “Andreas Pinkwart” — Nordrhein-Westfalen und Japan, German (articles/a.md)\n"
    )
    (conversation,) = stored(page)
    assert json.loads(saved[f"{name}.json"]) == conversation
    assert [exchange["answer"]["answer"] for exchange in conversation["exchanges"]] == [
        ANSWERS_FOUND[QUESTION].text,
        ANSWERS_FOUND[FOLLOW_UP].text,
    ]


# -- Never mixed -------------------------------------------------------------------------------------------------------


def test_switching_while_an_answer_streams_mixes_nothing(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    begin(page)
    assistant.pause = 0.4
    begin_asking(page, FOLLOW_UP)
    expect(page.locator("#latest .answer-text")).to_contain_text("johti")
    open_conversation(page, QUESTION)
    expect_shown(page, QUESTION)
    page.wait_for_timeout(7 * 1000 * assistant.pause)  # the rest of the other answer would have come by then
    expect_shown(page, QUESTION)
    assistant.pause = 0.0
    ask(page, UNANSWERABLE)
    expect_shown(page, QUESTION, UNANSWERABLE)
    assert assistant.asked[-1] == (UNANSWERABLE, (Turn(QUESTION, ANSWERS_FOUND[QUESTION].text),))
    assert kept_questions(page)[0] == [QUESTION, UNANSWERABLE]
    assert kept_questions(page)[1:] in ([], [[FOLLOW_UP]])


def test_two_tabs_have_a_conversation_each_and_one_list(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    other = page.context.new_page()
    other.goto(address)
    expect(other.locator(".conversation-title")).to_have_text([QUESTION])
    expect(other.get_by_role("heading", name=ENGLISH.title)).to_be_visible()
    ask(other, ARABIC)
    expect(page.locator(".conversation-title")).to_have_text([ARABIC, QUESTION])
    ask(page, FOLLOW_UP)
    reload(other)
    expect_shown(other, ARABIC)
    expect_shown(page, QUESTION, FOLLOW_UP)
    assert kept_questions(page) == [[QUESTION, FOLLOW_UP], [ARABIC]]
    choose(page, ARABIC, ENGLISH.delete)
    page.get_by_role("alertdialog").get_by_role("button", name=ENGLISH.delete).click()
    expect(other.locator(".conversation-title")).to_have_text([QUESTION])


# -- What is kept follows what is done ---------------------------------------------------------------------------------


def test_answer_that_is_given_again_and_question_that_is_edited_take_the_place_of_the_old(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    ask(page, FOLLOW_UP)
    again = Answer(FOLLOW_UP, "fi", "Ministeri [1].", True, (make_citation("Andreas Pinkwart", passage=LED),), (LED,))
    assistant.answers = {**assistant.answers, FOLLOW_UP: again}
    page.get_by_role("button", name=ENGLISH.regenerate).click()
    expect(page.locator("#latest .answer-text")).to_have_text("Ministeri1.")
    expect(page.locator("#ask")).to_be_visible()
    assert [one["answer"]["answer"] for one in stored(page)[0]["exchanges"]][1:] == ["Ministeri [1]."]
    page.get_by_role("button", name=ENGLISH.edit).click()
    expect(page.locator("#question textarea")).to_have_value(FOLLOW_UP)
    ask(page, UNANSWERABLE)
    expect_shown(page, QUESTION, UNANSWERABLE)
    assert kept_questions(page) == [[QUESTION, UNANSWERABLE]]
    reload(page)
    expect_shown(page, QUESTION, UNANSWERABLE)


def test_rating_and_comment_are_kept_here_and_on_the_server_and_can_be_withdrawn(
    address: str, browser_page: BrowserPage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, feedback = browser_page(address).page, FeedbackStore(tmp_path / ".footnote")
    ask(page, QUESTION)
    ask(page, FOLLOW_UP)
    earlier, latest = page.locator("#earlier .turn"), page.locator("#latest .turn")
    with page.expect_response(lambda response: "/queue/join" in response.url or "/run/" in response.url):
        earlier.get_by_role("button", name=ENGLISH.bad_answer).click()
    comment = earlier.locator("form.comment")
    comment.locator("textarea").fill(COMMENT)
    comment.get_by_role("button", name=ENGLISH.send).click()
    latest.get_by_role("button", name=ENGLISH.good_answer).click()
    expect(latest.get_by_role("button", name=ENGLISH.good_answer)).to_have_attribute("aria-pressed", "true")
    wait_until(
        page, "Object.values(localStorage).some((text) => text.includes('\"good\"') && text.includes('Väärä luku'))"
    )
    assert {(one.question, one.rating, one.comment, one.channel) for one in feedback.all()} == {
        (QUESTION, "bad", COMMENT, "page"),
        (FOLLOW_UP, "good", "", "page"),
    }
    assert [(one["rating"], one["comment"]) for one in stored(page)[0]["exchanges"]] == [
        ("bad", COMMENT),
        ("good", ""),
    ]
    printed = feedback_printed(tmp_path / ".footnote", capsys)
    assert f"  {QUESTION}\n      comment: {COMMENT}\n" in printed
    reload(page)
    bad = earlier.get_by_role("button", name=ENGLISH.bad_answer)
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(latest.get_by_role("button", name=ENGLISH.good_answer)).to_have_attribute("aria-pressed", "true")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")
    wait_until(page, "!Object.values(localStorage).some((text) => text.includes('Väärä luku'))")
    assert [(one.question, one.rating) for one in feedback.all()] == [(FOLLOW_UP, "good")]
    reload(page)
    expect(bad).to_have_attribute("aria-pressed", "false")


def feedback_printed(home: Path, capsys: pytest.CaptureFixture[str]) -> str:
    argv, sys.argv = sys.argv, ["footnote", "--home", str(home), "feedback"]
    try:
        with pytest.raises(SystemExit):
            cli.main()
    finally:
        sys.argv = argv
    return capsys.readouterr().out


# -- What may be in the browser ----------------------------------------------------------------------------------------

FILL = """() => {
  for (const size of [1_000_000, 10_000, 100])
    for (let number = 0; ; number++) {
      try { localStorage.setItem(`filling ${size} ${number}`, "x".repeat(size)); }
      catch { break; }
    }
}"""


def test_full_browser_says_that_the_conversation_is_not_kept_and_answers_on(
    address: str, browser_page: BrowserPage
) -> None:
    opened = browser_page(address, locale="fi-FI")
    page, messages = opened.page, messages_for("fi")
    ask(page, QUESTION)
    page.evaluate(FILL)
    ask(page, FOLLOW_UP)
    expect(page.locator(".footnote-toast")).to_have_text(messages.storage_full)
    expect_shown(page, QUESTION, FOLLOW_UP)
    assert kept_questions(page) == [[QUESTION]]
    page.evaluate(
        "for (const key of Object.keys(localStorage)) if (key.startsWith('filling')) localStorage.removeItem(key);"
    )
    ask(page, UNANSWERABLE)
    expect_shown(page, QUESTION, FOLLOW_UP, UNANSWERABLE)
    assert opened.errors == []


def test_damaged_entries_of_the_browser_do_no_harm(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    page = opened.page
    ask(page, QUESTION)
    (sound,) = stored(page)
    damaged = {
        "cut": json.dumps(sound)[:-20],
        "empty": "",
        "number": "7",
        "list": "[]",
        "other": json.dumps(sound),  # under another id than it says
        "version": json.dumps(sound | {"id": "version", "version": 99}),
        "times": json.dumps(sound | {"id": "times", "updated": "yesterday"}),
    }
    page.evaluate(
        "(all) => { for (const id in all) localStorage[`footnote.conversation.${id}`] = all[id]; }",
        damaged,
    )
    reload(page)
    expect_shown(page, QUESTION)
    expect(openers(page)).to_have_count(1)
    page.evaluate("sessionStorage.setItem('footnote.current', 'cut')")
    reload(page)
    expect(page.get_by_role("heading", name=ENGLISH.title)).to_be_visible()
    ask(page, FOLLOW_UP)
    expect(openers(page)).to_have_count(2)
    assert page.evaluate("localStorage['footnote.conversation.cut']") == damaged["cut"]
    assert opened.errors == []


def hostile(value: Any) -> Any:
    """The same JSON with a script in the place of every text, except where only certain texts are read at all."""
    if isinstance(value, dict):
        if "end" in value:  # a text that does not fit between its offsets is refused
            value |= {"start": 100, "end": 100 + len(HOSTILE)}
        return {
            name: part if name in ("id", "state", "rating", "language", "created", "updated") else hostile(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return HOSTILE if isinstance(value, str) else value


def test_scripts_in_every_field_of_a_kept_conversation_do_nothing(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    page = opened.page
    ask(page, QUESTION)
    (sound,) = stored(page)
    whole = hostile(sound) | {"id": "whole", "title": HOSTILE}
    broken = {
        "state": {**sound["exchanges"][0], "state": HOSTILE},
        "id": {**sound["exchanges"][0], "id": HOSTILE},
        "rating": {**sound["exchanges"][0], "rating": HOSTILE},
        "language": {**sound["exchanges"][0], "answer": {**sound["exchanges"][0]["answer"], "language": HOSTILE}},
        "nested": {**sound["exchanges"][0], "answer": [[HOSTILE]]},
    }
    entries = {"whole": whole} | {
        f"broken-{name}": sound | {"id": f"broken-{name}", "title": f"broken-{name}", "exchanges": [exchange]}
        for name, exchange in broken.items()
    }
    page.evaluate(
        "(all) => { for (const id in all) localStorage[`footnote.conversation.${id}`] = JSON.stringify(all[id]); }",
        entries,
    )
    reload(page)
    expect(openers(page)).to_have_count(len(entries) + 1)
    page.locator(".conversation-open[data-id=whole]").click()
    expect(page.locator("#latest .question")).to_contain_text("<img src=x")
    page.locator("#latest a[data-document]").first.click()
    expect(page.locator(".panel .text, .panel .notice, .panel .failed").first).to_be_visible()
    page.keyboard.press("Escape")
    for name in broken:
        page.locator(f".conversation-open[data-id=broken-{name}]").click()
        expect(page.locator(f".conversation-open[data-id=broken-{name}]")).to_have_attribute("aria-current", "true")
        expect(page.locator(".toast-body")).to_have_count(0)
    assert page.evaluate("window.hacked") is None
    assert page.locator(":is(.turn, #sidebar, .panel) :is(script, img, iframe, [onerror])").count() == 0
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_what_was_chosen_last_is_shown_however_long_the_one_before_takes(
    address: str, browser_page: BrowserPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = browser_page(address).page
    ask(page, QUESTION)
    begin(page)
    ask(page, UNANSWERABLE)
    reached, go_on = Event(), Event()

    def slowly(*exchange: Any, **how: Any) -> str:
        reached.set()
        assert go_on.wait(30)
        return exchange_html(*exchange, **how)

    monkeypatch.setattr("ui.chat.asking.exchange_html", slowly)
    open_conversation(page, QUESTION)
    assert reached.wait(30)
    page.get_by_role("button", name=ENGLISH.new_conversation).click()
    expect(page.locator("#welcome .title")).to_be_visible()
    with page.expect_response(lambda response: "/run/" in response.url):
        go_on.set()
    page.wait_for_timeout(500)  # by then it has been painted, if at all
    expect_shown(page)
    expect(page.locator("#welcome .title")).to_be_visible()
