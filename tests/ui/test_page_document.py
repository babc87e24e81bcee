"""The document of the page: whose language it speaks, what is left of Gradio's, and what a browser makes of it."""

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from lxml import html
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.ui.conftest import OpenedPage
from tests.ui.gradio_page import STATIC, build_page
from ui.messages import all_messages, messages_for
from ui.page_document import LANGUAGE_COOKIE, PageDocument, Reader, messages_json, own_document, reader_messages
from ui.security import Security

LANGUAGES = ("en", "fi", "ar", "ja", "de", "zh")


@pytest.fixture(scope="module")
def page() -> ASGIApp:
    return build_page()


@pytest.fixture(scope="module")
def original(page: ASGIApp) -> str:
    """What Gradio serves."""
    return TestClient(page).get("/").text


@pytest.fixture(scope="module")
def client(page: ASGIApp) -> TestClient:
    return TestClient(Security(PageDocument(page, static=STATIC)))


def parsed(document: str) -> html.HtmlElement:
    return html.document_fromstring(document)


def rewritten(original: str, language: str = "en", *, chose_language: bool = False, name: str | None = None) -> str:
    reader = Reader(messages_for(language), chose_language=chose_language, name=name)
    return own_document(original, reader=reader, nonce="NONCE", static=STATIC)


def answering(response: Response) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    return app


# What is relied on in Gradio's template: a new Gradio that differs fails here, not on the page.


def test_gradios_template_is_the_one_that_the_edits_are_made_for(original: str) -> None:
    assert len(re.findall(r"<html\b[^>]*\slang=\"en\"", original)) == 1
    assert (original.count("<head>"), original.count("<body")) == (1, 1)
    assert "<title" not in original
    # Six elements, and none in a value: what is written into them is escaped by Gradio.
    assert len(re.findall(r"<script\b", original)) == 6
    assert original.count("iframeResizer.contentWindow") == 1
    assert len(re.findall(r"<meta\s+(?:property|name)=\"(?:og|twitter):", original)) == 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_document_says_its_language_and_direction(original: str, language: str) -> None:
    root = parsed(rewritten(original, language))
    assert root.get("lang") == language
    assert root.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert root.get("style")  # Gradio's own attributes stay
    assert [title.text for title in root.iter("title")] == ["Footnote"]


def test_every_script_carries_the_nonce(original: str) -> None:
    scripts = list(parsed(rewritten(original, "fi", chose_language=True)).iter("script"))
    assert len(scripts) == 5 + len(STATIC.names(".js")) + 2
    assert {script.get("nonce") for script in scripts} == {"NONCE"}


def test_document_names_no_other_host(original: str) -> None:
    document = rewritten(original)
    # Gradio's configuration has addresses in its examples for programs; nothing fetches them.
    elements = re.sub(r"(?s)(<script\b[^>]*>).*?</script>", r"\1", document)
    assert "//" not in elements
    assert not re.search(r"og:|twitter:|preconnect|iframeResizer\.contentWindow", document)


def test_gradios_configuration_is_not_changed_by_a_letter(original: str) -> None:
    start = original.index("window.gradio_config")
    end = original.index("</script>", start)
    assert original[start:end] in rewritten(original)


def test_values_in_the_configuration_cannot_bring_a_script(client: TestClient) -> None:
    hostile = "</script><script>alert(1)</script>"
    assert hostile not in client.get("/", params={"view": hostile}, headers={"x-gradio-user": hostile}).text


def test_our_stylesheets_come_after_what_gradio_adds_to_the_head(original: str) -> None:
    body = parsed(rewritten(original)).find("body")
    assert [link.get("href") for link in body.iter("link")] == [STATIC.address(name) for name in STATIC.names(".css")]


def test_our_modules_run_before_gradios(original: str) -> None:
    modules = [
        script.get("src") for script in parsed(rewritten(original)).iter("script") if script.get("type") == "module"
    ]
    assert modules[:-1] == [STATIC.address(name) for name in STATIC.names(".js")]
    assert modules[-1].startswith("./assets/index-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_find_every_sentence_as_json(original: str, language: str) -> None:
    found = parsed(rewritten(original, language, name="anna")).get_element_by_id("footnote-messages")
    messages = json.loads(found.text)
    assert messages["ask"] == messages_for(language).ask
    assert (messages["language"], messages["direction"]) == (language, "rtl" if language == "ar" else "ltr")
    assert messages["user"] == "anna"
    names = {choice["code"]: choice["name"] for choice in messages["languages"]}
    assert list(names) == sorted(all_messages())
    assert {code: names[code] for code in ("fi", "ar", "ja") if code in names} == {
        code: name for code, name in (("fi", "suomi"), ("ar", "العربية"), ("ja", "日本語")) if code in all_messages()
    }


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--<script>", "\u2028\"'&"])
def test_a_hostile_name_stays_inside_the_json(name: str) -> None:
    text = messages_json(Reader(messages_for("en"), name=name))
    assert "<" not in text
    assert json.loads(text)["user"] == name


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [
        ("", "fi-FI,fi;q=0.9", "fi"),
        ("ar", "fi-FI", "ar"),
        ("xx", "ja", "ja"),
        ("../../en", "de", "de"),
        ("'\"><script>", "", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(cookie: str, header: str, language: str) -> None:
    assert reader_messages({LANGUAGE_COOKIE: cookie} if cookie else {}, header).language == language


def test_only_a_chosen_language_becomes_the_browsers(original: str) -> None:
    assert "Object.defineProperties(navigator" not in rewritten(original, "fi")
    assert 'value: "fi"' in rewritten(original, "fi", chose_language=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_the_page_says_what_it_needs(original: str, language: str) -> None:
    notice = parsed(rewritten(original, language)).find(".//noscript")
    assert notice.text_content() == messages_for(language).needs_scripts


# Over HTTP


def test_each_response_has_a_fresh_nonce_and_its_policy_names_it(client: TestClient) -> None:
    nonces = set()
    for _ in range(3):
        response = client.get("/")
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', response.text))
        assert f"'nonce-{nonce}'" in response.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


def test_document_is_compressed_and_asked_for_anew(client: TestClient) -> None:
    headers = client.get("/", headers={"accept-encoding": "gzip, br"}).headers
    assert headers["content-encoding"] == "gzip"
    assert headers["cache-control"] == "no-cache, private"
    assert headers["vary"] == "Accept-Encoding, Accept-Language, Cookie"
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_the_language_cookie_decides_over_http(client: TestClient) -> None:
    response = client.get("/", headers={"accept-language": "fi", "cookie": f"{LANGUAGE_COOKIE}=ar"})
    assert 'lang="ar" dir="rtl"' in response.text


def test_gradios_hashed_files_are_kept_for_good(client: TestClient) -> None:
    asset = re.search(r"\./(assets/index-[\w-]+\.js)", client.get("/").text)
    assert asset is not None
    assert client.get(f"/{asset[1]}").headers["cache-control"] == "public, max-age=31536000, immutable"
    missing = client.get("/assets/none-12345678.js")
    assert (missing.status_code, "cache-control" in missing.headers) == (404, False)


@pytest.mark.parametrize(
    "response",
    [
        HTMLResponse('<html lang="en"><head></head><body><script>1</script></body>', status_code=500),
        PlainTextResponse("<head><script></script>"),
    ],
    ids=["an error", "no HTML"],
)
def test_what_is_no_document_passes_unchanged(response: Response) -> None:
    client = TestClient(PageDocument(answering(response), static=STATIC))
    assert client.get("/").content == response.body


def test_other_responses_stream_part_by_part() -> None:
    sent: list[bytes] = []

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        assert sent == [b"one"]
        yield b"two"

    async def observed(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            sent.extend(part for part in [message.get("body", b"")] if part)
            await send(message)

        stream = StreamingResponse(parts(), media_type="text/html")
        await PageDocument(answering(stream), static=STATIC)(scope, receive, note)

    assert TestClient(observed).get("/gradio_api/queue/data").content == b"onetwo"


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["en-US", "fi-FI", "ar", "ja-JP"])
def test_page_works_under_its_policy(
    page: ASGIApp,
    serve_app: Callable[[ASGIApp], str],
    browser_page: Callable[..., OpenedPage],
    tmp_path: Path,
    locale: str,
) -> None:
    opened = browser_page(serve_app(Security(PageDocument(page, static=STATIC))), locale=locale)
    view = opened.page
    assert view.evaluate("document.title") == "Footnote"
    assert view.evaluate("document.documentElement.lang") == locale[:2]
    view.locator("#opening").wait_for(state="detached")
    view.locator("#question textarea").fill("four")
    view.keyboard.press("Enter")
    view.locator("#answer .done").wait_for()
    assert view.locator("#answer .done").inner_text() == "${1 + 1} `4` \\n {{value}}"
    assert view.locator("#shown").inner_text() == "here"
    upload = tmp_path / "notes.txt"
    upload.write_text("text", encoding="utf-8")
    view.locator("#file input[type=file]").set_input_files(upload)
    view.get_by_text("notes.txt", exact=True).first.wait_for()
    view.locator("#name p").wait_for()
    view.locator("#choice input").click()
    view.get_by_role("option", name="two").click()
    assert view.context.cookies() == []
    assert opened.errors == []
    assert opened.foreign_requests == []


@pytest.mark.browser
def test_gradio_follows_the_language_chosen_on_the_page(
    page: ASGIApp, serve_app: Callable[[ASGIApp], str], browser_page: Callable[..., OpenedPage]
) -> None:
    opened = browser_page(serve_app(Security(PageDocument(page, static=STATIC))), locale="en-US")
    texts = opened.page.locator("#file").inner_text()
    opened.page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": "ja", "url": opened.url}])
    opened.page.reload()
    opened.page.locator("#question textarea").wait_for()
    assert opened.page.evaluate("[navigator.language, ...navigator.languages]") == ["ja", "ja"]
    assert re.search(r"[ぁ-ん]", opened.page.locator("#file").inner_text())
    assert not re.search(r"[ぁ-ん]", texts)
    assert opened.errors == []


@pytest.mark.browser
def test_a_script_without_the_nonce_does_not_run(
    page: ASGIApp, serve_app: Callable[[ASGIApp], str], browser_page: Callable[..., OpenedPage]
) -> None:
    opened = browser_page(serve_app(Security(PageDocument(page, static=STATIC))))
    # Later, because what Playwright itself calls may compile whatever the policy says.
    opened.page.evaluate("""() => new Promise((done) => setTimeout(() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = 'inline'";
        document.body.append(script);
        const button = document.createElement("button");
        button.setAttribute("onclick", "window.ran = 'handler'");
        document.body.append(button);
        button.click();
        try { Function("window.ran = 'compiled'")(); } catch {}
        try { (0, eval)("window.ran = 'eval'"); } catch {}
        try { setTimeout("window.ran = 'timer'"); } catch {}
        setTimeout(done, 50);
    }))""")
    assert opened.page.evaluate("window.ran") is None
    assert len(opened.errors) >= 3  # what throws is not in the console


def test_reader_gets_own_labels_also_under_english_because_gradio_knows_few_languages() -> None:
    labels = json.dumps({"en": {"ask": "Ask"}, "cs": {"ask": "Zeptat se </script>"}})
    document = f'<html lang="en"><head></head><body>{{"a": 1, "i18n_translations":{labels}, "b": {{}}}}</body>'
    given = own_document(document, reader=Reader(messages_for("cs")), nonce="n", static=STATIC)
    own = '{"ask": "Zeptat se \\u003c/script>"}'
    assert f'{{"a": 1, "i18n_translations":{{"en": {own}, "cs": {own}}}, "b": {{}}}}' in given
