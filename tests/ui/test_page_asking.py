"""Asking in real headless Chromium: again, otherwise, onwards, from some of the documents, and why."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.types import ASGIApp

from index.catalog import DocumentRecord
from index.documents import Document
from index.filters import EVERYTHING, DocumentFacts, DocumentFilter
from rag.answers import Answer, Turn
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.builders import make_document
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import ask, finished
from ui.examples import STARTERS
from ui.messages import language_name, messages_for

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

LOCALES = ("en", "fi", "ar", "ja")

FIRST = "Where is Lahti?"
SECOND = "ومن يديرها؟"
THIRD = "それはいつでしたか。"
SUGGESTED = ("Kuka sitä johtaa?", "<b>Who</b> & why?")
PLACE = make_passage("Lahti lies in Finland, some way north of Helsinki.", title="Lahti", document="lahti.txt", start=0)
ANSWERS: Mapping[str, Answer] = {
    FIRST: Answer(FIRST, "en", "In Finland [1].", True, (make_citation("in Finland", passage=PLACE),), (PLACE,)),
    SECOND: Answer(SECOND, "ar", "يديرها مجلس المدينة منذ سنوات.", True),
    THIRD: Answer(THIRD, "ja", "昨年のことです。", True),
    SUGGESTED[1]: Answer(SUGGESTED[1], "en", "Nobody knows who or why.", True),
}
AFTER_FIRST = Turn(FIRST, "In Finland [1].")


class Shelf(ScriptedAssistant):
    """A scripted assistant with documents in several languages, of which some bear a date."""

    def __init__(self, answers: Mapping[str, Answer], *, texts: Mapping[str, Document] | None = None) -> None:
        super().__init__(answers, texts=texts)
        self.records = [
            _record("lahti.txt", "Lahti", "en", None),
            _record("wood.md", "Wood & waste", "fi", "2021-05-01"),
            _record("会議.md", "会議の記録", "ja", "2019-03"),
        ]

    def documents(self) -> list[DocumentRecord]:
        """Give the records."""
        return self.records

    def has_any(self, within: DocumentFilter) -> bool:
        """Tell whether one of them passes."""
        return any(within.passes(DocumentFacts(one.source, one.language, one.date)) for one in self.records)


def _record(source: str, title: str, language: str, date: str | None) -> DocumentRecord:
    return DocumentRecord(
        source, "indexed", None, title, language, date, None, chunks=3, changed_at="2026-01-01T00:00:00Z"
    )


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant(dict(ANSWERS))


@pytest.fixture
def address(assistant: ScriptedAssistant, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(assistant))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(ANSWERS, texts={"lahti.txt": make_document(PLACE.text, source="lahti.txt", title="Lahti")})


@pytest.fixture
def shelf_address(shelf: Shelf, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(shelf))


def question_box(page: Page) -> Locator:
    return page.locator("#question textarea")


def start(page: Page, question: str) -> None:
    """Send a question, and do not wait for its answer."""
    question_box(page).fill(question)
    question_box(page).press("Enter")


def questions_of(assistant: ScriptedAssistant) -> Sequence[str]:
    return [question for question, _ in assistant.asked]


# -- Again and otherwise -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_asking_again_replaces_the_last_answer(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage, locale: str
) -> None:
    again = messages_for(locale).regenerate
    page = browser_page(address, locale=locale).page
    ask(page, FIRST)
    ask(page, SECOND)
    assistant.answers = {**ANSWERS, SECOND: Answer(SECOND, "ar", "لا أحد يعرف.", True)}
    question_box(page).fill("Typed meanwhile")
    button = page.get_by_role("button", name=again)  # only the last answer has one
    button.dblclick()
    expect(page.locator("#latest .answer-text")).to_have_text("لا أحد يعرف.")
    finished(page, SECOND)
    expect(page.locator(".turn .question")).to_have_text([FIRST, SECOND])
    expect(question_box(page)).to_have_value("Typed meanwhile")
    ask(page, THIRD)
    assert assistant.asked == [
        (FIRST, ()),
        (SECOND, (AFTER_FIRST,)),
        (SECOND, (AFTER_FIRST,)),
        (THIRD, (AFTER_FIRST, Turn(SECOND, "لا أحد يعرف."))),
    ]


@pytest.mark.parametrize("locale", ["fi", "ja"])
def test_last_question_can_be_edited_or_left_as_it_was(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    page = browser_page(address, locale=locale).page
    remark, box = page.locator("#remark"), question_box(page)
    edit = page.get_by_role("button", name=messages.edit)
    cancel = page.get_by_role("button", name=messages.cancel, exact=True)
    ask(page, FIRST)
    ask(page, SECOND)
    edit.click()
    expect(box).to_have_value(SECOND)
    expect(box).to_be_focused()
    expect(remark).to_have_text(messages.editing)
    cancel.click()
    expect(box).to_have_value("")
    expect(remark).to_have_text("")
    expect(cancel).to_be_hidden()
    expect(page.locator(".turn .question")).to_have_text([FIRST, SECOND])
    edit.click()
    expect(box).to_have_value(SECOND)
    box.fill(THIRD)
    box.press("Enter")
    finished(page, THIRD)
    expect(page.locator(".turn .question")).to_have_text([FIRST, THIRD])
    expect(remark).to_have_text("")
    expect(cancel).to_be_hidden()
    expect(box).to_have_value("")
    assert assistant.asked == [(FIRST, ()), (SECOND, (AFTER_FIRST,)), (THIRD, (AFTER_FIRST,))]


def test_first_question_can_be_edited_and_sent_unchanged(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    page = browser_page(address).page
    ask(page, FIRST)
    page.get_by_role("button", name="Edit the question").click()
    expect(question_box(page)).to_have_value(FIRST)
    assistant.answers = {**ANSWERS, FIRST: Answer(FIRST, "en", "Still in Finland.", True)}
    page.get_by_role("button", name="Ask", exact=True).dblclick()
    expect(page.locator(".answer-text")).to_have_text(["Still in Finland."])
    finished(page, FIRST)
    assert assistant.asked == [(FIRST, ()), (FIRST, ())]


def test_button_pressed_twice_asks_once(address: str, assistant: ScriptedAssistant, browser_page: BrowserPage) -> None:
    assistant.pause = 0.2
    page = browser_page(address).page
    question_box(page).fill(FIRST)
    page.get_by_role("button", name="Ask", exact=True).dblclick()
    finished(page, FIRST)
    assert questions_of(assistant) == [FIRST]
    expect(page.locator(".turn")).to_have_count(1)


def test_escape_stops_an_answer_which_can_be_asked_for_again(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage
) -> None:
    assistant.pause = 0.4
    page = browser_page(address, locale="fi").page
    start(page, SECOND)
    expect(page.locator(".answer-text")).to_contain_text("يديرها")
    page.keyboard.press("Escape")
    expect(page.locator(".answer .notice")).to_have_text(messages_for("fi").stopped)
    expect(page.locator(".answer-text")).not_to_contain_text("سنوات")
    # There is nothing to copy or to rate.
    expect(page.locator(".actions button")).to_have_text([messages_for("fi").regenerate, messages_for("fi").edit])
    assistant.pause = 0.0
    page.get_by_role("button", name=messages_for("fi").regenerate).click()
    expect(page.locator(".answer-text")).to_have_text("يديرها مجلس المدينة منذ سنوات.")
    expect(page.locator(".answer .notice")).to_have_count(0)
    assert assistant.asked == [(SECOND, ()), (SECOND, ())]


# -- Questions that are offered ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_examples_stand_beside_the_names_of_their_languages(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage, locale: str
) -> None:
    assistant = ScriptedAssistant({one.text: Answer(one.text, one.language, "Yes.", True) for one in STARTERS})
    page = browser_page(serve_app(page_app(assistant, examples=STARTERS)), locale=locale).page
    offered = page.locator("#welcome .example")
    expect(offered.locator(".language")).to_have_text(
        [language_name(one.language, shown_in=locale) for one in STARTERS]
    )
    expect(offered.locator(".text")).to_have_text([one.text for one in STARTERS])
    expect(page.locator("#welcome .label")).to_have_text(messages_for(locale).examples)
    offered.nth(4).dblclick()
    finished(page, STARTERS[4].text)
    expect(offered).to_have_count(0)
    assert assistant.asked == [(STARTERS[4].text, ())]


@pytest.mark.parametrize("locale", LOCALES)
def test_suggestions_come_after_an_answer_and_go_with_the_next_question(
    address: str, assistant: ScriptedAssistant, browser_page: BrowserPage, locale: str
) -> None:
    assistant.suggestions = SUGGESTED
    page = browser_page(address, locale=locale, width=390 if locale in ("fi", "ja") else 1280).page
    offered = page.locator("#suggestions button")
    ask(page, FIRST)
    expect(offered).to_have_text(SUGGESTED)
    expect(page.locator("#suggestions .label")).to_have_text(messages_for(locale).suggestions)
    assistant.pause, assistant.suggestions = 0.5, SUGGESTED[:1]
    offered.nth(1).dblclick()
    expect(page.locator("#latest .question")).to_have_text(SUGGESTED[1])
    expect(offered).to_have_count(0)
    expect(page.locator("#latest .answer")).to_have_attribute("aria-busy", "true")
    finished(page, SUGGESTED[1])
    expect(offered).to_have_text(SUGGESTED[:1])
    assert assistant.asked == [(FIRST, ()), (SUGGESTED[1], (AFTER_FIRST,))]
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]


# -- Some of the documents ---------------------------------------------------------------------------------------------


def choose(page: Page, field: str, option: str) -> None:
    """Choose one more value of a Gradio drop-down."""
    box = page.locator(f"#{field} input")
    box.focus()
    options = page.locator("li[role='option']")
    options.filter(has_text=option).click()
    box.blur()
    expect(options).to_have_count(0)


def write_date(page: Page, field: str, value: str) -> None:
    page.locator(f"#{field} :is(input, textarea)").fill(value)


@pytest.mark.parametrize("locale", LOCALES)
def test_question_is_answered_from_the_documents_that_are_chosen(
    shelf_address: str, shelf: Shelf, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    page = browser_page(shelf_address, locale=locale).page
    button = page.locator("#filters-button")
    expect(button).to_have_text(messages.filters)
    button.click()
    choose(page, "filter-documents", "Wood & waste")
    expect(button).to_have_text(messages.filters_on.format(count=1))
    choose(page, "filter-documents", "会議の記録")
    choose(page, "filter-languages", language_name("fi", shown_in=locale))
    write_date(page, "filter-since", "2020")
    expect(button).to_have_text(messages.filters_on.format(count=4))
    for label in (messages.filter_documents, messages.filter_languages, messages.since, messages.until):
        expect(page.locator("#filters")).to_contain_text(label)
    button.click()
    expect(page.locator("#filters")).to_be_hidden()
    expect(button).to_have_text(messages.filters_on.format(count=4))
    ask(page, FIRST)
    chosen = frozenset({"wood.md", "会議.md"})
    assert shelf.filters == [DocumentFilter(documents=chosen, languages=frozenset({"fi"}), since="2020")]
    # None passes: nothing is asked, and it is said why.
    button.click()
    write_date(page, "filter-since", "2022-01")
    ask(page, SECOND)
    expect(page.locator("#latest").get_by_role("alert")).to_have_text(messages.none_passes)
    assert questions_of(shelf) == [FIRST]
    expect(page.locator("#filters")).to_be_hidden()  # with the question
    button.click()
    page.get_by_role("button", name=messages.clear_filters).click()
    expect(button).to_have_text(messages.filters)
    ask(page, THIRD)
    assert shelf.filters[1:] == [EVERYTHING]


@pytest.mark.parametrize("locale", ["fi", "ar"])
def test_date_that_is_none_is_said_to_be_and_nothing_is_asked(
    shelf_address: str, shelf: Shelf, browser_page: BrowserPage, locale: str
) -> None:
    messages = messages_for(locale)
    page = browser_page(shelf_address, locale=locale, width=390, height=844).page
    remark = page.locator("#remark").get_by_role("alert")
    page.locator("#filters-button").click()
    for value in ("<b>1.5.</b>", "2018-13", "31.12.2018"):
        write_date(page, "filter-until", value)
        start(page, FIRST)
        expect(remark).to_have_text(messages.not_a_date.format(value=value[:10]), use_inner_text=False)
        expect(question_box(page)).to_have_value(FIRST)
    expect(page.locator(".turn")).to_have_count(0)
    assert shelf.asked == []
    # The two are taken in the order of time.
    write_date(page, "filter-until", "2018-12-31")
    write_date(page, "filter-since", "2021")
    expect(page.locator("#filters-button")).to_have_text(messages.filters_on.format(count=2))
    ask(page, FIRST)
    expect(remark).to_have_count(0)
    assert shelf.filters == [DocumentFilter(since="2018-12-31", until="2021")]
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_document_that_is_read_can_be_asked_alone(shelf_address: str, shelf: Shelf, browser_page: BrowserPage) -> None:
    page = browser_page(shelf_address, locale="fi").page
    ask(page, FIRST)
    page.locator("a[data-footnote='1']").click()
    expect(page.locator(".panel mark.quoted")).to_have_text(["in Finland"])
    page.get_by_role("button", name=messages_for("fi").only_this).click()
    expect(page.locator(".panel")).to_be_hidden()
    expect(page.locator("#filters-button")).to_have_text(messages_for("fi").filters_on.format(count=1))
    expect(page.locator("#filter-documents")).to_contain_text("Lahti")
    ask(page, THIRD)
    assert shelf.filters == [EVERYTHING, DocumentFilter(documents=frozenset({"lahti.txt"}))]


# -- Why this answer ---------------------------------------------------------------------------------------------------

CANDIDATES = (
    Candidate(
        "lahti.txt", 0, 9, "Lahti lies in Finland", Place(1, 0.8125), Place(2, 0.5), Place(1, 0.75), Fate.SHOWN, 1
    ),
    Candidate("notes/会議.md", 0, 9, "<b>会議</b>の記録", Place(3, 0.25), None, Place(2, 0.5), Fate.SURPLUS),
    Candidate("wood.md", 0, 9, "خشب من Lahti", None, Place(1, 1.0), None, Fate.OUTRANKED),
)
EXPLAINED = Answer(
    FIRST,
    "en",
    "In Finland [1].",
    True,
    ANSWERS[FIRST].citations,
    (PLACE,),
    timings={"rewriting": 0.25, "retrieval": 0.0126, "model": 1.5},
    explanation=Explanation("Where is the city of Lahti?", "Lahti? Where?", 0.5, CANDIDATES, {"dense": 0.01}),
)


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("fi", 390), ("ar", 390), ("ja", 1280)])
def test_why_an_answer_is_as_it_is_can_be_looked_up(
    serve_app: ServeApp, page_app: PageApp, browser_page: BrowserPage, locale: str, width: int
) -> None:
    messages = messages_for(locale)
    opened = browser_page(serve_app(page_app(ScriptedAssistant({FIRST: EXPLAINED}))), locale=locale, width=width)
    page, why = opened.page, opened.page.locator("details.why")
    ask(page, FIRST)
    expect(why.locator("table")).to_be_hidden()
    why.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(why.locator("summary")).to_have_text(messages.why)
    expect(why.locator("caption")).to_have_text(messages.candidates.format(count=3))
    terms = [messages.searched_for, messages.searched_in_context]
    expect(why.locator(".searched dt")).to_have_text(terms)
    expect(why.locator(".searched dd")).to_have_text(["Where is the city of Lahti?", "Lahti? Where?"])
    expect(why.locator("tbody .file")).to_have_text(["lahti.txt", "会議.md", "wood.md"])
    expect(why.locator(".preview")).to_have_text([one.text for one in CANDIDATES])
    fates = [messages.shown.format(number=1), messages.surplus, messages.outranked]
    expect(why.locator("td:last-child")).to_have_text(fates)
    expect(why.locator(".times dt")).to_have_text(
        [messages.step_rewriting, messages.step_retrieval, messages.step_model]
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])
