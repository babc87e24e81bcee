"""The whole path: starter articles, the real assistant, the served page and a real headless Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.types import ASGIApp

from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.answers import Answer
from rag.assistant import Assistant
from rag.prompts import phrases
from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import ask
from ui.messages import messages_for
from ui.render import NEAREST_SHOWN

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

FINNISH = "Mikä sähköauto on StreetScooter?"
JAPANESE = "新幹線は何ヘルツの電気で走りますか。"
ARABIC = "متى دشن الملك محمد السادس المحطة الأولى؟"
OFF_TOPIC = "サッカーのワールドカップで優勝したのはどこですか。"


@pytest.fixture
def assistant(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(seeds_knowledge_base, embedder=bundled)


@pytest.fixture
def address(assistant: Assistant, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(assistant))


def check_footnotes(page: Page, answer: Answer, base: KnowledgeBase) -> None:
    """Click each footnote and compare what is marked then with the characters of the document."""
    links = page.locator("#latest a[data-footnote]")
    expect(links).to_have_text([str(citation.number) for citation in answer.citations])
    for position, citation in enumerate(answer.citations):
        document = base.get_document(citation.document)
        assert document is not None
        links.nth(position).click()
        marked = page.locator("#latest mark.emphasised")
        expect(marked).to_have_count(1)
        assert marked.text_content() == document.text[citation.start : citation.end] == citation.quote
        opened = page.locator(".panel mark.quoted")
        expect(opened.first).to_be_in_viewport()
        expect(page.locator(".panel .title")).to_have_text(document.title)
        expect(source_of(page, position, answer).locator("h4.title")).to_have_text(document.title)
        expect(source_of(page, position, answer).locator("blockquote")).to_have_attribute("lang", document.language)


def source_of(page: Page, position: int, answer: Answer) -> Locator:
    """The shown passage of a citation: each passage is shown once, in the order of the footnotes."""
    shown = list(dict.fromkeys(citation.passage for citation in answer.citations))
    return page.locator("#latest .source").nth(shown.index(answer.citations[position].passage))


def test_finnish_question_is_answered_from_the_german_article(
    address: str, assistant: Assistant, seeds_knowledge_base: KnowledgeBase, browser_page: BrowserPage
) -> None:
    answer = assistant.ask(FINNISH)
    assert (answer.language, answer.answered) == ("fi", True)
    assert (answer.citations[0].document, answer.citations[0].language) == ("seeds/de/nrw-delegation-japan.md", "de")
    assert any("StreetScooter" in citation.quote for citation in answer.citations)
    opened = browser_page(address, locale="fi-FI", height=500)
    ask(opened.page, FINNISH)
    expect(opened.page.locator(".answer-text p").first).to_have_text(phrases("fi").quoted)
    expect(opened.page.locator(".answer-text")).to_have_attribute("lang", "fi")
    expect(opened.page.locator(".source .place").first).to_contain_text("saksa")
    check_footnotes(opened.page, answer, seeds_knowledge_base)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_japanese_question_is_answered_from_the_japanese_article(
    address: str, assistant: Assistant, seeds_knowledge_base: KnowledgeBase, browser_page: BrowserPage
) -> None:
    answer = assistant.ask(JAPANESE)
    assert answer.citations[0].document == "seeds/ja/shinkansen-frequency.md"
    opened = browser_page(address, locale="ja-JP")
    ask(opened.page, JAPANESE)
    expect(opened.page.locator(".answer-text p").first).to_have_text(phrases("ja").quoted)
    expect(opened.page.locator("#latest .turn")).to_have_attribute("dir", "ltr")
    check_footnotes(opened.page, answer, seeds_knowledge_base)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_arabic_question_is_answered_from_right_to_left(
    address: str, assistant: Assistant, seeds_knowledge_base: KnowledgeBase, browser_page: BrowserPage
) -> None:
    answer = assistant.ask(ARABIC)
    assert answer.citations[0].document == "seeds/ar/noor-ouarzazate.md"
    opened = browser_page(address, locale="ar-EG")
    page = opened.page
    ask(page, ARABIC)
    expect(page.locator("#latest .turn")).to_have_attribute("dir", "rtl")
    for place in (".answer-text p", ".source blockquote", "h2.question"):
        assert page.locator(f"#latest {place}").first.evaluate("node => getComputedStyle(node).direction") == "rtl"
    expect(page.locator(".answer-text p").first).to_have_text(phrases("ar").quoted)
    check_footnotes(page, answer, seeds_knowledge_base)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_question_that_no_article_answers_is_told_so_in_its_language(
    address: str, assistant: Assistant, browser_page: BrowserPage
) -> None:
    answer = assistant.ask(OFF_TOPIC)
    assert (answer.answered, answer.citations) == (False, ())
    opened = browser_page(address, locale="ja-JP")
    page = opened.page
    ask(page, OFF_TOPIC)
    expect(page.locator(".answer-text")).to_have_text(phrases("ja").not_found)
    expect(page.locator(".sources .label")).to_have_text(messages_for("ja").nearest)
    expect(page.locator(".source.nearest h4.title")).to_have_text(
        [passage.title for passage in answer.passages[:NEAREST_SHOWN]]
    )
    expect(page.locator("a[data-footnote]")).to_have_count(0)
    expect(page.locator("mark")).to_have_count(0)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_conversation_goes_on_in_its_language(address: str, browser_page: BrowserPage) -> None:
    page = browser_page(address, locale="en-US").page
    ask(page, FINNISH)
    ask(page, "StreetScooter?")
    expect(page.locator("#latest .answer-text")).to_have_attribute("lang", "fi")
    expect(page.locator("#latest .answer-text p").first).to_have_text(phrases("fi").quoted)
    expect(page.locator("#latest mark").first).to_contain_text("StreetScooter")
