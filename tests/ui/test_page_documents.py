"""The list of documents on the real page, over a real index: adding, finding, reading again, removing."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import OpenedPage
from tests.ui.test_chat import ask
from ui.build import build_ingest, open_app
from ui.messages import language_name, messages_for
from ui.settings import Settings

pytestmark = pytest.mark.browser

BrowserPage = Callable[..., OpenedPage]
ServeHome = Callable[..., str]

LAHTI = "# Lahti\n\nLahti is a city in Finland. Its highest ski jumping hill was built in 1972.\n"
OSAKA = "# Osaka\n\nOsaka is a city in Japan. Its castle was finished in the year 1597.\n"
# A text in each language, a question that it answers, and words of the quote.
TEXTS = {
    "en": (LAHTI, "When was the highest ski jumping hill of Lahti built?", "1972"),
    "fi": (
        "# Turun linna\n\nTurun linna on Suomen suurin linna. Sen rakentaminen alkoi vuonna 1280 Aurajoen suulla.\n",
        "Milloin Turun linnan rakentaminen alkoi?",
        "1280",
    ),
    "ar": (
        "# مكتبة الإسكندرية\n\nافتتحت مكتبة الإسكندرية الجديدة في عام 2002. تقع المكتبة على شاطئ البحر المتوسط.\n",
        "متى افتتحت مكتبة الإسكندرية الجديدة؟",
        "2002",
    ),
    "ja": (
        "# 姫路城\n\n姫路城は兵庫県姫路市にある城です。大天守は1609年に完成しました。\n",
        "姫路城の大天守はいつ完成しましたか。",
        "1609",
    ),
}
# Gradio drops what file systems forbid of a name; what is left must not become markup either.
HOSTILE_NAME = "<img src=x onerror=alert(1)>&quot;'.md"
HOSTILE_TITLE = "<img src=x onerror=alert(1)>\"'&{title}<b>"
ENGLISH = messages_for("en")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Gradio puts what is sent to it."""
    folder = tmp_path / "gradio"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def apps() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve_home(
    home: Path,
    cache: Path,  # noqa: ARG001 - set before Gradio is asked where it is
    apps: ExitStack,  # closed after the server, which is asked for next, has ended
    serve_app: Callable[..., str],
) -> ServeHome:
    """Serve the page over the real assistant and the test's own home: `serve_home(uploads="off")`."""

    def serve(**settings: Any) -> str:
        return serve_app(apps.enter_context(open_app(Settings.model_construct(home=home, **settings))))

    return serve


def ingest(home: Path, texts: Mapping[str, str]) -> None:
    """Index files that lie beside the home, as the command line does."""
    folder = home.parent / "articles"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    catalog, ingest = build_ingest(Settings.model_construct(home=home))
    try:
        assert ingest.run([folder]).failed == ()
    finally:
        catalog.close()


def write(folder: Path, name: str, content: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def show_documents(page: Page) -> None:
    page.locator("#masthead .count").click()
    expect(page.locator("#documents h1")).to_be_focused()


def show_chat(page: Page) -> None:
    page.locator("#documents .back").click()
    expect(page.locator("#question textarea")).to_be_focused()


def choose(page: Page, *paths: Path) -> None:
    page.locator("#add-files input[type=file]").set_input_files(list(paths))


def drop(page: Page, *paths: Path) -> None:
    """Drag files from outside over the place for them and let go."""
    files = [(path.name, path.read_bytes().decode("latin-1")) for path in paths]
    data = page.evaluate_handle(
        """(files) => {
          const data = new DataTransfer();
          for (const [name, text] of files)
            data.items.add(new File([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], name));
          return data;
        }""",
        files,
    )
    page.locator("#add-files .upload-container").dispatch_event("drop", {"dataTransfer": data})


def outcome(page: Page, name: str) -> Locator:
    return page.locator("#outcomes li", has=page.get_by_text(name, exact=True))


def row(page: Page, title: str) -> Locator:
    return page.locator("#documents-list tbody tr", has=page.locator(".name", has_text=title))


def titles(page: Page) -> Locator:
    return page.locator("#documents-list tbody .name")


def expect_state(place: Locator, state: str) -> None:
    expect(place.locator(".state")).to_contain_text(state)


def uploads(home: Path) -> dict[str, bytes]:
    """Every file in the folder of uploads, hidden ones included."""
    folder = home / "uploads"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


# -- Adding ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TEXTS)
def test_files_are_added_at_once_and_questions_answered_from_them(
    serve_home: ServeHome, browser_page: BrowserPage, tmp_path: Path, language: str
) -> None:
    text, question, expected = TEXTS[language]
    title, messages = text.splitlines()[0].removeprefix("# "), messages_for(language)
    good = write(tmp_path / "in", f"{title}.md", text)
    broken = write(tmp_path / "in", "broken.txt", b"\x81\xfe\xff\x00\x01abc")
    hostile = write(tmp_path / "in", HOSTILE_NAME, OSAKA)
    opened = browser_page(serve_home(), locale=language)
    page = opened.page
    count = page.locator("#masthead .count")
    expect(count).to_have_text(messages.documents.format(count=0))
    show_documents(page)
    expect(page.locator("#documents-list .notice")).to_have_text(messages.no_documents)
    (drop if language in ("en", "ar") else choose)(page, good, broken, hostile)
    expect_state(outcome(page, f"{title}.md"), messages.state_indexed)
    expect_state(outcome(page, "broken.txt"), messages.state_failed)
    expect(outcome(page, "broken.txt").locator(".reason")).to_contain_text("is not a text file, byte 3 is NUL")
    expect(page.locator("#outcomes .name")).to_have_text(
        [f"{title}.md", "broken.txt", "img src=x onerror=alert(1)&quot;'.md"]
    )
    expect(page.locator("#outcomes [data-state=indexed]")).to_have_count(2)
    expect(count).to_have_text(messages.documents.format(count=2))
    expect(row(page, title).locator(".file")).to_have_text(f"home/uploads/{title}.md")
    expect(row(page, title).locator("td")).to_have_text(
        [
            language_name(language, shown_in=language),
            "1",
            "",
            f"✓ {messages.state_indexed}",
            f"{messages.reindex}{messages.remove}",
        ]
    )
    show_chat(page)
    ask(page, question)
    expect(page.locator("#latest .answer-text")).to_contain_text(expected)
    page.locator("#latest a[data-footnote='1']").click()
    expect(page.locator(".panel mark.quoted")).to_contain_text(expected)
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


def test_files_of_another_type_or_too_large_are_refused_by_name_and_the_others_are_added(
    serve_home: ServeHome, browser_page: BrowserPage, home: Path, tmp_path: Path
) -> None:
    messages = messages_for("ar")
    program = write(tmp_path / "in", "program.EXE", b"MZ")
    large = write(tmp_path / "in", "large.txt", b"a" * (1024 * 1024 + 1))
    good = write(tmp_path / "in", "lahti.MD", LAHTI)
    opened = browser_page(serve_home(max_file_mb=1), locale="ar")
    page = opened.page
    show_documents(page)
    refused = page.locator(".outcomes.refused")
    for add in (choose, drop):
        add(page, program, good, large)
        expect(refused.locator(".name")).to_have_text(["program.EXE", "large.txt"])
        expect(refused.locator(".state")).to_have_text([f"✗ {messages.state_failed}"] * 2)
        expect(refused.locator(".reason").first).to_contain_text("TXT")
        state = messages.state_indexed if add is choose else messages.state_unchanged
        expect_state(outcome(page, "lahti.MD"), state)
        add(page, program)
        expect(refused.locator(".name")).to_have_text(["program.EXE"])
        expect(page.locator("#add-files button")).to_have_attribute("aria-label", messages.drop_files)
    for part in (page.locator("#documents h1"), page.locator("#documents .lead"), refused.locator("li")):
        expect(part).to_have_css("direction", "rtl")
    choose(page, good)
    expect(refused.locator(".name")).to_have_count(0)
    expect(page.locator(".toast-body")).to_have_count(0)  # which would be Gradio's, in English
    assert list(uploads(home)) == ["lahti.MD"]
    assert (opened.errors, opened.dialogs) == ([], [])


def test_same_file_again_is_unchanged_and_another_of_its_name_is_kept_beside(
    serve_home: ServeHome, browser_page: BrowserPage, home: Path, tmp_path: Path
) -> None:
    first, second = write(tmp_path / "in", "lahti.md", LAHTI), write(tmp_path / "other", "lahti.md", OSAKA)
    page = browser_page(serve_home()).page
    show_documents(page)
    choose(page, first)
    expect_state(outcome(page, "lahti.md"), ENGLISH.state_indexed)
    choose(page, first)
    expect_state(outcome(page, "lahti.md"), ENGLISH.state_unchanged)
    choose(page, second)
    expect(outcome(page, "lahti.md").locator(".reason")).to_have_text(
        "kept as 'lahti (2).md', beside another document named 'lahti.md'"
    )
    expect(titles(page)).to_have_text(["Osaka", "Lahti"])
    assert uploads(home) == {"lahti.md": LAHTI.encode(), "lahti (2).md": OSAKA.encode()}


def test_page_of_a_private_address_is_refused_with_a_sentence(serve_home: ServeHome, browser_page: BrowserPage) -> None:
    page = browser_page(serve_home()).page
    show_documents(page)
    box = page.locator("#page-address").locator("textarea, input")
    for address in (
        "http://127.0.0.1:7860/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
    ):
        box.fill(address)
        box.press("Enter")
        expect_state(outcome(page, address), ENGLISH.state_failed)
        expect(page.locator("#outcomes .reason")).to_contain_text(
            "its host is not a public one: save the page as a file"
        )
        expect(box).to_have_value("")
    box.fill("file:///etc/passwd")
    page.get_by_role("button", name=ENGLISH.add_page).click()
    expect_state(outcome(page, "file:///etc/passwd"), ENGLISH.state_failed)
    expect(titles(page)).to_have_count(0)


# -- The list ----------------------------------------------------------------------------------------------------------


def test_list_is_searched_in_any_case_and_script(home: Path, serve_home: ServeHome, browser_page: BrowserPage) -> None:
    texts = {f"{language}.md": text for language, (text, *_) in TEXTS.items()}
    ingest(home, texts | {"dated.md": "---\ntitle: Istanbul\ndate: 2018-05-31\n---\nA city in Türkiye.\n"})
    page = browser_page(serve_home()).page
    show_documents(page)
    expect(titles(page)).to_have_count(5)
    expect(row(page, "Istanbul").locator("time")).to_have_attribute("datetime", "2018-05-31")
    search = page.locator("#documents-list input[type=search]")
    for typed, found in {
        "LAHTI": "Lahti",
        "turun LINNA": "Turun linna",
        "مكتبة": "مكتبة الإسكندرية",
        "姫路": "姫路城",
        "ｊａｐａｎＥＳＥ": "姫路城",  # the language's name, in full-width letters
        "ARTICLES/DATED": "Istanbul",
    }.items():
        search.fill(typed)
        expect(titles(page)).to_have_text([found])
    search.fill("<b>nowhere</b>")
    expect(page.locator("#documents-list .notice")).to_have_text(ENGLISH.none_found)
    search.fill("")
    expect(titles(page)).to_have_count(5)


def test_more_documents_than_fit_are_shown_when_asked_for(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage
) -> None:
    ingest(home, {f"{number:02}.md": f"# Town {number}\n\nTown {number} lies by a lake.\n" for number in range(53)})
    page = browser_page(serve_home()).page
    show_documents(page)
    expect(titles(page)).to_have_count(50)
    page.get_by_role("button", name=ENGLISH.show_more).click()
    expect(titles(page)).to_have_count(53)
    expect(page.get_by_role("button", name=ENGLISH.show_more)).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ar", 360)], ids=["desktop", "phone-in-arabic"])
def test_document_is_opened_from_the_list(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage, language: str, width: int
) -> None:
    text = TEXTS[language][0]
    title = text.splitlines()[0].removeprefix("# ")
    ingest(home, {"a.md": text})
    page = browser_page(serve_home(), locale=language, width=width, height=740).page
    show_documents(page)
    opener = page.get_by_role("button", name=title).first
    opener.click()
    expect(page.locator(".panel .text")).to_contain_text(text.splitlines()[2])
    expect(page.locator(".panel mark.quoted")).to_have_count(0)
    assert page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [width, width]
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    expect(opener).to_be_focused()


def test_document_is_indexed_again_from_its_file(home: Path, serve_home: ServeHome, browser_page: BrowserPage) -> None:
    ingest(home, {"lahti.md": LAHTI})
    page = browser_page(serve_home()).page
    show_documents(page)
    again = page.get_by_role("button", name=f"{ENGLISH.reindex}: Lahti")
    again.click()
    expect_state(outcome(page, "articles/lahti.md"), ENGLISH.state_unchanged)
    (home.parent / "articles" / "lahti.md").write_text(LAHTI.replace("# Lahti", "# Lahti tänään"), encoding="utf-8")
    again.click()
    expect_state(outcome(page, "articles/lahti.md"), ENGLISH.state_changed)
    expect(titles(page)).to_have_text(["Lahti tänään"])
    (home.parent / "articles" / "lahti.md").unlink()
    page.get_by_role("button", name=f"{ENGLISH.reindex}: Lahti tänään").click()
    expect_state(outcome(page, "articles/lahti.md"), ENGLISH.state_failed)
    expect(row(page, "Lahti tänään").locator(".state")).to_contain_text(ENGLISH.state_failed)
    show_chat(page)
    ask(page, TEXTS["en"][1])
    expect(page.locator("#latest .answer-text")).to_contain_text("1972")  # from the version that is kept


def test_upload_is_removed_after_a_question_from_list_answers_and_disk(
    serve_home: ServeHome, browser_page: BrowserPage, home: Path, cache: Path, tmp_path: Path
) -> None:
    language = "fi"
    messages, (text, question, expected) = messages_for(language), TEXTS[language]
    text = text.replace("# ", "# $& ", 1)  # which JavaScript replaces when it is replaced with
    title = text.splitlines()[0].removeprefix("# ")
    page = browser_page(serve_home(), locale=language).page
    show_documents(page)
    choose(page, write(tmp_path / "in", "a.md", text), write(tmp_path / "in", "osaka.md", OSAKA))
    expect(titles(page)).to_have_count(2)
    remove = page.get_by_role("button", name=f"{messages.remove}: {title}")
    dialog = page.get_by_role("alertdialog")
    remove.click()
    expect(dialog.get_by_role("heading")).to_have_text(messages.remove_question.format(title=title))
    expect(dialog.locator("p")).to_have_text(messages.remove_upload)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(remove).to_be_focused()
    assert set(uploads(home)) == {"a.md", "osaka.md"}
    remove.click()
    dialog.get_by_role("button", name=messages.remove).click()
    expect_state(outcome(page, "home/uploads/a.md"), messages.state_removed)
    expect(titles(page)).to_have_text(["Osaka"])
    expect(page.locator("#masthead .count")).to_have_text(messages.documents.format(count=1))
    assert set(uploads(home)) == {"osaka.md"}
    assert [path for path in cache.rglob("*.md") if path.name == "a.md"] == []
    show_chat(page)
    ask(page, question)
    expect(page.locator("#latest .turn")).not_to_contain_text(expected)


def test_file_that_was_not_uploaded_stays_when_its_document_is_removed(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage
) -> None:
    ingest(home, {"lahti.md": LAHTI})
    page = browser_page(serve_home()).page
    show_documents(page)
    page.get_by_role("button", name=f"{ENGLISH.remove}: Lahti").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.locator("p")).to_have_text(ENGLISH.remove_kept)
    dialog.get_by_role("button", name=ENGLISH.remove).click()
    expect(page.locator("#documents-list .notice")).to_have_text(ENGLISH.no_documents)
    assert (home.parent / "articles" / "lahti.md").read_text(encoding="utf-8") == LAHTI


def test_hostile_titles_are_text_in_list_dialog_and_panel(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage
) -> None:
    ingest(home, {"a.md": f"# {HOSTILE_TITLE}\n\nA city in Finland.<script>alert(1)</script>\n"})
    opened = browser_page(serve_home())
    page = opened.page
    show_documents(page)
    title = titles(page).text_content()
    assert title is not None
    assert "onerror=alert(1)" in title
    page.get_by_role("button", name=title, exact=True).click()
    expect(page.locator(".panel .text")).to_contain_text("A city in Finland.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"{ENGLISH.remove}: {title}").click()
    expect(page.get_by_role("alertdialog").get_by_role("heading")).to_have_text(f"Remove “{title}” from the index?")
    page.keyboard.press("Escape")
    assert page.locator(":is(#documents, .panel, dialog) :is(script, img, [onerror])").count() == 0
    assert (opened.errors, opened.dialogs, opened.foreign_requests) == ([], [], [])


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_phone_shows_the_list_without_horizontal_scrolling(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage, language: str
) -> None:
    long = "a" * 120
    ingest(home, {f"{long}.md": f"# {'Abcdefghij' * 12}\n\nA city.\n", "b.md": TEXTS[language][0]})
    page = browser_page(serve_home(), locale=language, width=360, height=740).page
    show_documents(page)
    expect(titles(page)).to_have_count(2)
    assert page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [360, 360]
    overflowing = page.locator("#documents *").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().right > 361 && !one.closest('.hidden'))"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert overflowing == []


# -- Switched off ------------------------------------------------------------------------------------------------------


def test_switched_off_there_is_no_place_to_add_and_no_button(
    home: Path, serve_home: ServeHome, browser_page: BrowserPage
) -> None:
    ingest(home, {"lahti.md": LAHTI})
    page = browser_page(serve_home(uploads="off"), locale="fi-FI").page
    messages = messages_for("fi")
    show_documents(page)
    expect(page.locator("#documents-head .lead")).to_have_text(messages.cannot_add)
    expect(titles(page)).to_have_text(["Lahti"])
    for part in ("#add-files", "#page-address", "#add-page", "[data-action=reindex]", "[data-action=remove]"):
        expect(page.locator(f"#documents {part}")).to_have_count(0)
    expect(page.locator("#documents input[type=file]")).to_have_count(0)
    expect(page.get_by_role("columnheader", name=messages.column_actions)).to_have_count(0)


def test_switched_off_gradios_own_routes_write_and_remove_nothing(
    home: Path, cache: Path, serve_home: ServeHome
) -> None:
    ingest(home, {"lahti.md": LAHTI})
    url = serve_home(uploads="off")
    before = {path: path.read_bytes() for path in home.rglob("*.sqlite3")}
    with httpx.Client(base_url=url, timeout=20) as client:
        config = client.get("/config").json()
        (part,) = [one for one in config["components"] if one["props"].get("elem_id") == "documents-list"]
        assert {one["props"].get("elem_id") for one in config["components"]}.isdisjoint({"add-files", "page-address"})
        sent = client.post("/gradio_api/upload", files={"files": ("osaka.md", OSAKA, "text/markdown")})
        assert sent.status_code == 413
        for function in ("remove_document", "reindex_document"):
            asked = {
                "data": {"document": "articles/lahti.md"},
                "component_id": part["id"],
                "fn_name": function,
                "session_hash": "a" * 10,
            }
            answered = client.post("/gradio_api/component_server", json=asked)
            assert answered.status_code == 200
            assert "whoever runs this server has switched that off" in answered.text
        for function in ("add_files", "add_page", "__class__"):
            asked = {"data": {}, "component_id": part["id"], "fn_name": function, "session_hash": "a" * 10}
            assert client.post("/gradio_api/component_server", json=asked).status_code >= 400
        listed = {"data": {}, "component_id": part["id"], "fn_name": "list_documents", "session_hash": "a" * 10}
        assert "articles/lahti.md" in client.post("/gradio_api/component_server", json=listed).text
    assert uploads(home) == {}
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert {path: path.read_bytes() for path in home.rglob("*.sqlite3")} == before


def test_file_above_the_limit_is_refused_by_the_server_too(home: Path, cache: Path, serve_home: ServeHome) -> None:
    url = serve_home(max_file_mb=1)
    large = {"files": ("large.md", b"a" * (1024 * 1024 + 1), "text/markdown")}
    assert httpx.post(f"{url}/gradio_api/upload", files=large, timeout=20).status_code == 413
    assert uploads(home) == {}
    assert [path.name for path in cache.rglob("*.md")] == []


# -- A crash -----------------------------------------------------------------------------------------------------------


@contextmanager
def served_by_a_process(home: Path, cache: Path, *, port: int = 0) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run `footnote serve`, on a free port unless one is given; how it ends is the caller's choice."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from ui.cli import main; main()",
        "--home",
        str(home),
        "serve",
        "--port",
        str(port),
    ]
    environment = os.environ | {"GRADIO_TEMP_DIR": str(cache)}
    with subprocess.Popen(command, env=environment) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while True:
                try:
                    httpx.get(f"{address}/api/health")
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            yield address, process
        finally:
            process.kill()


def test_killed_in_the_middle_of_an_upload_the_server_loses_nothing_it_had_confirmed(
    home: Path, cache: Path, serve_home: ServeHome, browser_page: BrowserPage, tmp_path: Path
) -> None:
    contents = {f"{number:02}.md": f"# Town {number}\n\n{LAHTI * 50}" for number in range(40)}
    paths = [write(tmp_path / "in", name, text) for name, text in contents.items()]
    with served_by_a_process(home, cache) as (url, process):
        page = browser_page(url).page
        show_documents(page)
        choose(page, *paths)
        expect(page.locator("#outcomes [data-state=indexed]").nth(2)).to_be_visible()
        process.send_signal(signal.SIGKILL)
        process.wait()
        confirmed = page.locator("#outcomes li", has=page.locator("[data-state=indexed]")).locator(".name")
        names = confirmed.all_text_contents()
    assert 3 <= len(names) < 40
    again = browser_page(serve_home()).page
    whole = {name: text.encode() for name, text in contents.items()}
    kept = uploads(home)
    assert {name: kept[name] for name in names} == {name: whole[name] for name in names}
    assert {name: content for name, content in kept.items() if content != whole[name]} == {}
    show_documents(again)
    expect(again.locator("#documents-list [data-state=indexed]")).to_have_count(len(kept))
    expect(again.locator("#masthead .count")).to_have_text(ENGLISH.documents.format(count=len(kept)))
