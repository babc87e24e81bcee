"""Hostile documents, models, addresses and sites against the served page, in a real headless Chromium."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, Response, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from index.catalog import DocumentRecord
from index.documents import Document
from rag.answers import Answer, Problem, Statement
from rag.examples import Example
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.conftest import OpenedPage
from tests.ui.hostile_html import PAYLOADS
from tests.ui.test_chat import ask
from ui.security import SECURITY_HEADERS

pytestmark = pytest.mark.browser

ServeApp = Callable[..., str]
PageApp = Callable[..., ASGIApp]
BrowserPage = Callable[..., OpenedPage]

# What the templates of Gradio's HTML component, or of a framework like it, would evaluate or replace.
TEMPLATES = (
    "{{constructor}}",
    "{{value}}",
    "${value}",
    "${alert(1)}",
    "`${alert(1)}`",
    "@children",
    "{#if true}{@html '<b>'}{/if}",
    "<%= 1 %>",
    "\\u003cb\\u003e",
)
ATTACKS = (*PAYLOADS, *TEMPLATES)
# One line each, of what a browser shows as it is: a NUL is replaced, whatever it stands in.
LINES = tuple(" ".join(attack.split()) for attack in ATTACKS if "\x00" not in attack)
EVERYTHING = "\n\n".join(LINES)
LINE = " ".join(LINES)
QUESTION = "What do the documents say?"

# Every element and attribute that is ours; Gradio's own parts have more, and none of them shows a text of others.
PLACES = (
    "#welcome, #earlier, #latest, #suggestions, .panel, #outcomes, #documents-list, #sidebar, #footnote-tip, dialog"
)
ELEMENTS = (
    "a article aside bdi blockquote br button caption code dd details div dl dt em footer form h1 h2 h3 h4 h5 h6 "
    "header input label li mark nav ol option p path pre q section select span strong summary sup svg table tbody "
    "td textarea th thead time tr ul"
)
ATTRIBUTES = (
    "id class dir lang title href role tabindex hidden type value placeholder autocomplete autofocus maxlength "
    "rows open scope datetime popover popovertarget style rel target start viewbox d method"
)
# Of the elements in those places: what is not ours, and where a link leads that is none.
STRANGERS = """([places, elements, attributes]) => {
  const strangers = [];
  for (const place of document.querySelectorAll(places)) {
    for (const element of place.querySelectorAll("*")) {
      const tag = element.tagName.toLowerCase();
      if (!elements.split(" ").includes(tag)) strangers.push(element.outerHTML.slice(0, 200));
      for (const { name, value } of element.attributes) {
        const isOurs = attributes.split(" ").includes(name.toLowerCase()) || /^(data-|aria-)[a-z-]+$/.test(name);
        if (!isOurs) strangers.push(`${tag} ${name}=${value.slice(0, 100)}`);
        if (name === "style" && /url|expression|inset/i.test(value)) strangers.push(`style ${value}`);
      }
      if (element.href && !/^https?:$/.test(element.protocol ?? "http:")) strangers.push(element.href);
    }
  }
  return strangers;
}"""


class HostileAssistant(ScriptedAssistant):
    """Whatever it can say is an attack."""

    def documents(self) -> list[DocumentRecord]:
        """Give a record for each attack, which is its title, its name, its language, its date and its failure."""
        return [
            DocumentRecord(
                source, "indexed", source, source, source, source, None, chunks=1, changed_at="2026-01-01T00:00:00Z"
            )
            for source in self.sources
        ]

    def has_any(self, within: object) -> bool:  # noqa: ARG002
        """Let every filter pass."""
        return True


def hostile_answer() -> Answer:
    """An answer in which everything that comes from documents or a model is an attack."""
    passage = make_passage(
        EVERYTHING, title=EVERYTHING, heading=EVERYTHING, document=EVERYTHING, language=LINE, start=0
    )
    text = f"{EVERYTHING} [1]"
    candidate = Candidate(EVERYTHING, 0, 9, EVERYTHING, Place(1, 1.0), None, Place(1, 0.5), Fate.SHOWN, passage=1)
    return Answer(
        QUESTION,
        "en",
        text,
        True,
        (make_citation(EVERYTHING, passage=passage),),
        (passage,),
        model=LINE,
        notice=EVERYTHING,
        statements=(Statement(0, len(LINES[0]), problem=Problem.FACT_MISSING, missing=LINES),),
        standalone_question=LINE,
        explanation=Explanation(LINE, LINE, 0.5, (candidate,), {}),
    )


@pytest.fixture
def assistant() -> HostileAssistant:
    article = Document(
        EVERYTHING,
        EVERYTHING,
        LINE,
        EVERYTHING,
        content_hash="0" * 64,
        date=LINE,
        metadata={"url": "javascript:alert(1)//https://evil.example/"},
    )
    answer = hostile_answer()
    return HostileAssistant(
        {QUESTION: answer, LINE: replace(answer, question=LINE)},
        sources=[EVERYTHING, *LINES],
        texts={EVERYTHING: article},
        suggestions=LINES,
        translations={EVERYTHING: EVERYTHING},
    )


@pytest.fixture
def address(assistant: HostileAssistant, serve_app: ServeApp, page_app: PageApp) -> str:
    return serve_app(page_app(assistant, examples=[Example(line, line, line) for line in LINES]))


def assert_harmless(opened: OpenedPage, *, errors: Sequence[str] = ()) -> None:
    """Check that nothing ran, nothing was refused because it never was tried, and nothing is there but our elements."""
    assert opened.page.evaluate(STRANGERS, [PLACES, ELEMENTS, ATTRIBUTES]) == []
    assert (opened.dialogs, opened.errors, opened.foreign_requests) == ([], list(errors), [])


def assert_shown(page: Page, place: str) -> None:
    """Check that every attack can be read in a place, as it was written."""
    text = " ".join((page.locator(place).first.text_content() or "").split())
    assert [line for line in LINES if line not in text] == []


# -- What documents and models say -------------------------------------------------------------------------------------


def test_welcome_shows_hostile_examples_as_text(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    expect(opened.page.locator("#welcome .example")).to_have_count(len(LINES))
    assert opened.page.locator("#welcome .example .text").all_text_contents() == list(LINES)
    assert_harmless(opened)


@pytest.mark.parametrize("pause", [0.0, 0.01], ids=["whole", "streamed"])
def test_hostile_answer_is_text_wherever_it_comes(
    address: str, assistant: HostileAssistant, browser_page: BrowserPage, pause: float
) -> None:
    assistant.pause = pause
    opened = browser_page(address)
    page = opened.page
    ask(page, LINE)
    expect(page.locator("#suggestions button")).to_have_count(len(LINES))
    assert page.locator("#suggestions button").all_text_contents() == list(LINES)
    page.locator(".why summary").click()
    for place in (".turn .question", ".answer-text", ".answer .notice", ".source .title", ".source mark", ".why dd"):
        assert_shown(page, place)
    page.locator("a[data-footnote]").hover()
    expect(page.locator("#footnote-tip")).to_be_visible()
    assert_shown(page, "#footnote-tip strong")
    page.locator("a[data-footnote]").press("Enter")
    expect(page.locator(".panel mark.quoted").first).to_be_visible()
    page.get_by_role("button", name="Translate the quote").click()
    expect(page.locator(".panel .translation")).to_be_visible()
    for place in (".panel .title", ".panel .translation"):
        assert_shown(page, place)
    assert page.locator(".panel a[href]").count() == 0  # the address of its page is none
    assert_harmless(opened)


def test_hostile_names_in_the_list_of_documents_and_the_filters_are_text(
    address: str, browser_page: BrowserPage
) -> None:
    opened = browser_page(address)
    page = opened.page
    page.locator("#filters-button").click()
    page.locator("#filter-documents input").click()
    expect(page.locator("#filter-documents ul li").first).to_be_visible()
    page.locator("#filter-documents ul li").first.click()
    page.locator("#filter-since textarea, #filter-since input").fill("<b>{{1+1")
    ask_refused = page.locator("#remark .failed")
    page.locator("#question textarea").fill(QUESTION)
    page.locator("#question textarea").press("Enter")
    expect(ask_refused).to_have_text("“<b>{{1+1” is not a date. Write 2018, 2018-05 or 2018-05-31.")
    assert page.locator("#remark b").count() == 0
    page.locator(".masthead .count").click()
    expect(page.locator("#documents tbody tr").first).to_be_visible()
    assert_shown(page, "#documents tbody tr")  # the first document is called by all attacks together
    page.locator("#documents input[type=search]").fill("<svg><ANIMATE")
    expect(page.locator("#documents tbody tr")).to_have_count(2)  # the one that holds all, and the one of that name
    page.locator("[data-action=remove]").first.click()
    assert_shown(page, "dialog h2")
    page.keyboard.press("Escape")
    assert_harmless(opened)


def test_uploads_with_hostile_names_and_texts_are_text(address: str, browser_page: BrowserPage) -> None:
    opened = browser_page(address)
    page = opened.page
    page.locator(".masthead .count").click()
    files: Any = [
        {"name": f"{line.replace('/', '⁄')}.md", "mimeType": "text/markdown", "buffer": f"# {line}\n\n{line}".encode()}
        for line in LINES
    ]
    page.locator("#add-files input[type=file]").set_input_files(files)
    outcomes = page.locator("#outcomes li")
    expect(outcomes).to_have_count(len(LINES))
    expect(page.locator("#outcomes [data-state=waiting], #outcomes [data-state=reading]")).to_have_count(0)
    assert_harmless(opened)


# -- What comes back from a browser, and what stands in an address -----------------------------------------------------


def hostile(value: Any) -> Any:
    """The same JSON with an attack in the place of every text that has a space, a mark or markup in it."""
    if isinstance(value, dict):
        return {name: hostile(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner) for inner in value]
    return EVERYTHING if isinstance(value, str) and not value.isalnum() else value


@pytest.mark.parametrize("tampered", [False, True], ids=["as kept", "tampered with"])
def test_kept_conversation_is_text_when_it_is_opened_again(
    address: str, assistant: HostileAssistant, browser_page: BrowserPage, tampered: bool
) -> None:
    opened = browser_page(address)
    page = opened.page
    answer = hostile_answer()
    # What names no language is not read back at all.
    passages = tuple(replace(passage, language="de") for passage in answer.passages)
    citations = tuple(replace(citation, language="de") for citation in answer.citations)
    assistant.answers = {LINE: replace(answer, question=LINE, passages=passages, citations=citations)}
    ask(page, LINE)
    page.get_by_role("button", name="Bad answer").click()
    page.locator("form.comment textarea").fill(LINE)
    page.locator("form.comment button").click()
    expect(page.locator(".conversation")).to_have_count(1)
    if tampered:
        kept: dict[str, str] = page.evaluate("({ ...localStorage })")
        for key, text in kept.items():
            changed = json.dumps(hostile(json.loads(text))) if text.startswith("{") else LINE
            page.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, changed])
    page.reload()
    page.locator("#question textarea").wait_for()
    expect(page.locator("#sidebar .conversation-new")).to_be_visible()
    if not tampered:
        expect(page.locator("#latest .question")).to_be_visible()
        assert_shown(page, "#latest .question")
        assert_shown(page, ".answer-text")
        page.locator(".conversation-open").click()
        expect(page.locator("#latest .question")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#welcome .title")).to_be_visible()
    assert_harmless(opened)


@pytest.mark.parametrize("document", [EVERYTHING, LINE, "javascript:alert(1)", "../../etc/passwd"])
def test_hostile_link_to_a_document_does_nothing(address: str, browser_page: BrowserPage, document: str) -> None:
    query = {"document": document, "start": LINE[:200], "end": "1e9", "view": "<b>", "lang": LINE[:200]}
    opened = browser_page(f"{address}/?{urlencode(query)}")
    opened.url = address
    expect(opened.page.locator(".panel")).to_be_visible()
    expect(opened.page.locator(".panel-body")).to_have_attribute("aria-busy", "false")
    assert "root:" not in (opened.page.locator(".panel").text_content() or "")
    assert_harmless(opened)


# -- What goes over the network ----------------------------------------------------------------------------------------


def test_whole_session_asks_no_other_host_and_every_response_is_guarded(
    address: str, browser_page: BrowserPage, tmp_path: Path
) -> None:
    opened = browser_page(address)
    page = opened.page
    unguarded: list[str] = []
    answered: list[str] = []

    def on_response(response: Response) -> None:
        answered.append(response.url)
        expected = {name.lower(): value for name, value in SECURITY_HEADERS.items()}
        found = {name: response.headers.get(name) for name in expected}
        if found != expected or "content-security-policy" not in response.headers:
            unguarded.append(response.url)

    page.on("response", on_response)
    page.reload()
    page.locator("#welcome .title").wait_for()
    ask(page, QUESTION)
    page.locator("a[data-footnote]").press("Enter")
    expect(page.locator(".panel mark.quoted").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#filters-button").click()
    expect(page.locator("#filters")).to_be_visible()
    page.locator(".masthead .count").click()
    expect(page.locator("#documents tbody tr").first).to_be_visible()
    (tmp_path / "note.md").write_text("Lahti is a city.", encoding="utf-8")
    page.locator("#add-files input[type=file]").set_input_files(tmp_path / "note.md")
    expect(page.locator("#outcomes [data-state=indexed]")).to_have_count(1)
    assert unguarded == []
    kinds = ("/", "/static/", "/assets/", "/gradio_api/queue/join", "/gradio_api/upload")
    paths = [url.removeprefix(address) for url in answered if url.startswith(address)]
    assert [kind for kind in kinds if not any(path.startswith(kind) for path in paths)] == []
    assert (opened.foreign_requests, opened.dialogs, opened.errors) == ([], [], [])


def test_policy_of_the_page_runs_nothing_inline_and_compiles_nothing(address: str) -> None:
    response = httpx.get(f"{address}/", headers={"accept": "text/html"})
    directives = {
        name: values.split()
        for name, _, values in (part.partition(" ") for part in response.headers["content-security-policy"].split("; "))
    }
    scripts = directives["script-src"]
    assert [value for value in scripts if "unsafe" in value or "*" in value or "http" in value] == []
    nonce = next(value for value in scripts if value.startswith("'nonce-")).removeprefix("'nonce-").removesuffix("'")
    assert response.text.count("<script") == response.text.count(f'nonce="{nonce}"')
    assert httpx.get(f"{address}/").headers["content-security-policy"] != response.headers["content-security-policy"]


# -- Other sites, and requests that no page of ours makes --------------------------------------------------------------

FORGED = ("/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/component_server", "/logout", "/")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["another-site", "another-port"])
def test_page_of_another_site_cannot_post(
    address: str, assistant: HostileAssistant, serve_app: ServeApp, browser_page: BrowserPage, host: str
) -> None:
    forms = "".join(f'<form method="post" action="{address}{path}"><button>Win</button></form>' for path in FORGED)
    other = serve_app(Starlette(routes=[Route("/", lambda _: HTMLResponse(forms))])).replace("127.0.0.1", host)
    page = browser_page(address).page
    for at in range(len(FORGED)):
        page.goto(other)
        with page.expect_navigation() as refused:
            page.get_by_role("button", name="Win").nth(at).click()
        assert refused.value.status == 403
    page.goto(other)
    joined = f"{address}/gradio_api/queue/join"
    sent = page.evaluate(
        "url => fetch(url, { method: 'POST', body: '{}' }).then(() => 'read', () => 'refused')", joined
    )
    assert (sent, assistant.asked) == ("refused", [])


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client


def add_raw(client: httpx.Client, files: Sequence[tuple[str, bytes]]) -> str:
    """Upload files and have them added without the page, as any program could; gives what the page would be told."""
    sent = client.post("/gradio_api/upload", files=[("files", (name, data)) for name, data in files])
    assert sent.status_code == 200
    config = client.get("/config").json()
    (place,) = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "add-files"]
    (event,) = [one["id"] for one in config["dependencies"] if [place, "upload"] in [list(at) for at in one["targets"]]]
    paths = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in sent.json()]
    asked = {"data": [paths], "fn_index": event, "session_hash": "a" * 10, "trigger_id": place}
    assert client.post("/gradio_api/queue/join", json=asked).status_code == 200
    told = ""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "a" * 10}) as events:
        for line in events.iter_lines():
            told += line
            if '"process_completed"' in line:
                break
    return told


def test_files_of_other_types_sent_past_the_page_are_refused(client: httpx.Client, tmp_path: Path) -> None:
    told = add_raw(client, [("evil.exe", b"MZ\x90\x00"), ("evil.svg", b"<svg onload=alert(1)>"), ("a.md", b"Lahti.")])
    assert "Traceback" not in told
    assert [path.name for path in (tmp_path / ".footnote").glob("uploads/evil*")] == []


def test_upload_that_is_too_large_is_refused_before_it_is_stored(client: httpx.Client) -> None:
    # 20 MB is the default of FOOTNOTE_MAX_FILE_MB.
    sent = client.post("/gradio_api/upload", files={"files": ("large.md", b"a" * (20 * 1024 * 1024 + 1))})
    assert sent.status_code == 413


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "../../../../etc/passwd"])
def test_gradios_file_routes_give_nothing_of_the_machine(client: httpx.Client, path: str) -> None:
    for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/"):
        response = client.get(f"{route}{path}")
        assert response.status_code in (403, 404)
        assert "root:" not in response.text
