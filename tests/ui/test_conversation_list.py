"""The list of conversations and the dialogs, in a real browser."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.ui.static_page import STATIC, open_static_page

pytestmark = pytest.mark.browser

LOCALES = STATIC.parent / "locales"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
MOUNT = """async (messages) => {
  const { ConversationStore } = await import("/static/conversation_store.js");
  const { mountConversationList } = await import("/static/conversation_list.js");
  window.dialogs = await import("/static/dialogs.js");
  window.store = new ConversationStore();
  window.calls = [];
  window.list = mountConversationList(document.querySelector("#place"), {
    store,
    messages,
    onOpen: (id) => calls.push(["open", id]),
    onNew: () => calls.push(["new"]),
    onRemove: (id) => calls.push(["remove", id]),
  });
  window.save = (id, question, markdown = "An answer.") =>
    store.save(id, [{ id: "e", question, markdown, answer: null }]);
  document.addEventListener("keydown", (event) => event.key === "Escape" && calls.push(["escape"]));
}"""


@pytest.fixture
def address(static_page_address: str) -> str:
    return static_page_address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 900, "height": 700}, reduced_motion="reduce", timezone_id="UTC", locale="en-US"
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page with an empty list; the calls it makes are in `calls`."""
    opened = open_static_page(context, address)
    mount(opened.page)
    yield opened.page
    assert opened.errors == []


def mount(page: Page) -> None:
    page.clock.set_fixed_time(NOW)
    page.evaluate(MOUNT, messages("en"))


def messages(language: str) -> dict[str, str]:
    def read(code: str) -> dict[str, str]:
        path = LOCALES / f"{code}.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    return read("en") | read(language)


def save(page: Page, conversation: str, question: str, *, days_ago: int = 0) -> None:
    page.clock.set_fixed_time(NOW - timedelta(days=days_ago))
    page.evaluate("([id, question]) => save(id, question)", [conversation, question])
    page.clock.set_fixed_time(NOW)


def save_three(page: Page) -> None:
    """The newest is `a`, the oldest `c`."""
    for days_ago, (conversation, question) in enumerate(
        {"a": "Who built it?", "b": "Kuka rakensi?", "c": "متى؟"}.items()
    ):
        save(page, conversation, question, days_ago=days_ago)


def titles(page: Page) -> Locator:
    return page.locator(".conversation-title")


def opener(page: Page, title: str) -> Locator:
    return page.locator(".conversation-open", has_text=title)


def dots(page: Page, title: str) -> Locator:
    return page.get_by_role("button", name=f"More: \u2068{title}\u2069", exact=True)


def choose(page: Page, title: str, action: str) -> None:
    """Choose an action of a conversation's menu."""
    dots(page, title).click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def calls(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate("calls")
    return found


def test_without_conversations_it_says_where_they_will_be(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text(
        "Your conversations will be listed here. They are kept in this browser only."
    )
    expect(page.get_by_role("list")).to_have_count(0)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_conversations_are_listed_the_newest_first_as_soon_as_they_are_saved(page: Page) -> None:
    save_three(page)
    expect(titles(page)).to_have_text(["Who built it?", "Kuka rakensi?", "متى؟"])
    expect(page.get_by_role("status")).to_have_text("")


def test_a_press_opens_a_conversation_and_the_open_one_is_marked(page: Page) -> None:
    save_three(page)
    opener(page, "Kuka rakensi?").click()
    assert calls(page) == [["open", "b"]]
    page.evaluate("list.setCurrent('b')")
    expect(page.locator("[aria-current=true] .conversation-title")).to_have_text(["Kuka rakensi?"])
    save(page, "d", "Another", days_ago=-1)
    expect(page.locator("[aria-current=true] .conversation-title")).to_have_text(["Kuka rakensi?"])
    page.evaluate("list.setCurrent(null)")
    expect(page.locator("[aria-current]")).to_have_count(0)


def test_a_new_conversation_is_asked_for(page: Page) -> None:
    page.get_by_role("button", name="New conversation").click()
    assert calls(page) == [["new"]]


def test_a_conversation_without_a_title_says_so(page: Page) -> None:
    save(page, "a", "\u200b")
    expect(titles(page)).to_have_text(["Without a title"])
    choose(page, "Without a title", "Rename")
    expect(page.get_by_role("textbox", name="Rename")).to_have_value("")


@pytest.mark.parametrize(
    ("language", "dates"),
    [
        ("en", ["12:00 PM", "Jun 10", "May 11, 2025"]),
        ("fi", ["12.00", "10.6.", "11.5.2025"]),
        ("ar", ["12:00 م", "10 يونيو", "11 مايو 2025"]),
        ("ja", ["12:00", "6月10日", "2025年5月11日"]),
    ],
)
def test_dates_are_written_as_the_pages_language_does(page: Page, language: str, dates: list[str]) -> None:
    page.evaluate("language => { document.documentElement.lang = language; }", language)
    for days_ago in (0, 5, 400):
        save(page, f"c{days_ago}", "Q", days_ago=days_ago)
    page.evaluate("list.refresh()")
    shown = [re.sub(r"[\s\u200e\u200f]+", " ", text) for text in page.locator(".conversation time").all_inner_texts()]
    assert shown == dates


def test_a_search_shows_what_it_finds_and_says_where_there_is_nothing(page: Page) -> None:
    save_three(page)
    search = page.get_by_role("searchbox", name="Search the conversations")
    search.fill("KUKA")
    expect(titles(page)).to_have_text(["Kuka rakensi?"])
    search.fill("nobody")
    expect(titles(page)).to_have_count(0)
    search.press("Escape")
    expect(titles(page)).to_have_count(3)
    assert calls(page) == []


def test_enter_keeps_a_new_name(page: Page) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Rename")
    field = page.get_by_role("textbox", name="Rename")
    expect(field).to_be_focused()
    expect(field).to_have_value("Kuka rakensi?")
    field.fill("Majakka")
    field.press("Enter")
    expect(titles(page)).to_have_text(["Who built it?", "Majakka", "متى؟"])
    expect(opener(page, "Majakka")).to_be_focused()
    page.reload()
    mount(page)
    expect(titles(page)).to_have_text(["Who built it?", "Majakka", "متى؟"])
    assert calls(page) == []


@pytest.mark.parametrize(("typed", "key"), [("Majakka", "Escape"), ("", "Enter"), ("   ", "Enter")])
def test_esc_or_nothing_typed_keeps_the_old_name(page: Page, typed: str, key: str) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Rename")
    field = page.get_by_role("textbox", name="Rename")
    field.fill(typed)
    field.press(key)
    expect(titles(page)).to_have_text(["Who built it?", "Kuka rakensi?", "متى؟"])
    expect(opener(page, "Kuka rakensi?")).to_be_focused()
    assert calls(page) == []  # the page's own Esc did not hear it


def test_enter_that_ends_the_input_of_japanese_does_not_end_renaming(page: Page) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Rename")
    field = page.get_by_role("textbox", name="Rename")
    field.fill("とうだい")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(field).to_have_value("とうだい")
    field.fill("灯台")
    field.press("Enter")
    expect(titles(page)).to_have_text(["Who built it?", "灯台", "متى؟"])


def test_a_press_on_another_conversation_keeps_the_name_and_opens_that_one(page: Page) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Rename")
    page.get_by_role("textbox", name="Rename").fill("Majakka")
    opener(page, "Who built it?").click()
    expect(titles(page)).to_have_text(["Who built it?", "Majakka", "متى؟"])
    assert calls(page) == [["open", "a"]]


def test_renaming_is_not_disturbed_by_what_another_tab_saves(page: Page) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Rename")
    field = page.get_by_role("textbox", name="Rename")
    field.fill("Majakka")
    save(page, "d", "Another", days_ago=-1)
    expect(field).to_be_focused()
    field.press("Enter")
    expect(titles(page)).to_have_text(["Another", "Who built it?", "Majakka", "متى؟"])


def test_without_room_for_a_name_it_says_so(page: Page) -> None:
    save_three(page)
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }")
    choose(page, "Kuka rakensi?", "Rename")
    field = page.get_by_role("textbox", name="Rename")
    field.fill("Majakka")
    field.press("Enter")
    expect(page.locator(".footnote-toast")).to_have_text(messages("en")["storage_full"])
    expect(titles(page)).to_have_text(["Who built it?", "Kuka rakensi?", "متى؟"])


def test_the_menu_is_used_with_the_keyboard_alone(page: Page) -> None:
    save_three(page)
    items = page.get_by_role("menuitem")
    dots(page, "Kuka rakensi?").focus()
    page.keyboard.press("Enter")
    expect(dots(page, "Kuka rakensi?")).to_have_attribute("aria-expanded", "true")
    expect(items).to_have_text(["Rename", "Save as Markdown", "Save as JSON", "Delete"])
    for key, position in [("", 0), ("ArrowDown", 1), ("End", 3), ("ArrowDown", 0), ("ArrowUp", 3), ("Home", 0)]:
        if key:
            page.keyboard.press(key)
        expect(items.nth(position)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(dots(page, "Kuka rakensi?")).to_be_focused()
    expect(dots(page, "Kuka rakensi?")).to_have_attribute("aria-expanded", "false")
    assert calls(page) == []


def test_the_menu_closes_by_a_press_beside_it_on_its_button_and_by_tab(page: Page) -> None:
    save_three(page)
    menu = page.get_by_role("menu")
    for pressed in (page.locator("#outside"), dots(page, "Kuka rakensi?")):
        dots(page, "Kuka rakensi?").click()
        expect(menu).to_be_visible()
        pressed.click()
        expect(menu).to_have_count(0)
        expect(dots(page, "Kuka rakensi?")).to_be_focused()
    dots(page, "Kuka rakensi?").click()
    page.keyboard.press("Tab")
    expect(menu).to_have_count(0)
    expect(opener(page, "متى؟")).to_be_focused()


def test_the_menu_stays_open_while_another_tab_saves(page: Page) -> None:
    save_three(page)
    dots(page, "Kuka rakensi?").click()
    save(page, "d", "Another", days_ago=-1)
    expect(page.get_by_role("menu")).to_be_visible()
    expect(titles(page)).to_have_count(3)
    page.keyboard.press("Escape")
    expect(titles(page)).to_have_count(4)
    expect(dots(page, "Kuka rakensi?")).to_be_focused()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_menu_lies_inside_the_window_also_for_the_last_conversation(
    context: BrowserContext, address: str, language: str
) -> None:
    opened = open_static_page(context, address, language=language)
    page = opened.page
    page.set_viewport_size({"width": 360, "height": 500})
    mount(page)
    page.evaluate("document.querySelector('#place').style.inlineSize = '272px'")
    for number in range(12):
        save(page, f"c{number}", f"Question {number:02}", days_ago=number)
    dots(page, "Question 11").click()
    box = page.get_by_role("menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 500
    assert opened.errors == []


def test_deleting_asks_first_and_goes_on_with_the_next_conversation(page: Page) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Delete")
    dialog = page.get_by_role("alertdialog", name="Delete “\u2068Kuka rakensi?\u2069”?")
    expect(dialog).to_have_accessible_description("It cannot be brought back.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Delete").click()
    expect(titles(page)).to_have_text(["Who built it?", "متى؟"])
    expect(opener(page, "متى؟")).to_be_focused()
    assert calls(page) == [["remove", "b"]]


@pytest.mark.parametrize("way", ["Escape", "Enter", "beside"])
def test_a_conversation_is_kept_unless_deleting_is_confirmed(page: Page, way: str) -> None:
    save_three(page)
    choose(page, "Kuka rakensi?", "Delete")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    if way == "beside":
        page.mouse.click(5, 690)
    else:
        page.keyboard.press(way)
    expect(page.locator("dialog")).to_have_count(0)
    expect(titles(page)).to_have_count(3)
    expect(dots(page, "Kuka rakensi?")).to_be_focused()
    assert calls(page) == []


def test_after_the_last_conversation_is_deleted_focus_goes_to_the_search(page: Page) -> None:
    save(page, "a", "Who built it?")
    choose(page, "Who built it?", "Delete")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Your conversations will be listed here.")


@pytest.mark.parametrize(
    ("action", "name", "beginning"),
    [
        ("Save as Markdown", "Kuka rakensi.md", "# Kuka rakensi?\n\n## Kuka rakensi?\n\nAn answer.\n"),
        ("Save as JSON", "Kuka rakensi.json", '{\n  "version": 1,\n  "id": "b",'),
    ],
)
def test_a_conversation_is_saved_as_a_file(page: Page, tmp_path: Path, action: str, name: str, beginning: str) -> None:
    save_three(page)
    with page.expect_download() as download:
        choose(page, "Kuka rakensi?", action)
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_text(encoding="utf-8").startswith(beginning)


def test_of_a_thousand_conversations_a_hundred_are_shown_at_once(page: Page) -> None:
    page.evaluate(
        "for (let number = 0; number < 1000; number++) save(`c${String(number).padStart(4, 0)}`, `Q${number}`)"
    )
    expect(titles(page)).to_have_count(100)
    hundredth = page.evaluate("store.list()[100].title")
    page.get_by_role("button", name="Show more").click()
    expect(titles(page)).to_have_count(200)
    expect(page.locator(".conversation").nth(100).locator(".conversation-open")).to_be_focused()
    expect(titles(page).nth(100)).to_have_text(hundredth)
    page.get_by_role("searchbox").fill("Q777")
    expect(titles(page)).to_have_text(["Q777"])
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize(
    "title",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        '"><svg onload=alert(1)>',
        "{title} {constructor} $& $1",
        "javascript:alert(1)",
        "</button></li></ul><h1>x",
    ],
)
def test_a_hostile_title_is_only_text(page: Page, title: str) -> None:
    save(page, "a", title)
    expect(titles(page)).to_have_text([title])
    assert page.locator("#place :is(img, script, h1), .conversation svg:not(.icon)").count() == 0
    choose(page, title, "Delete")
    expect(page.get_by_role("alertdialog").get_by_role("heading")).to_have_text(f"Delete “\u2068{title}\u2069”?")
    assert page.locator("dialog :is(img, script, svg, h1)").count() == 0
    page.keyboard.press("Escape")
    choose(page, title, "Rename")
    expect(page.get_by_role("textbox", name="Rename")).to_have_value(title)


def test_a_huge_title_stored_by_somebody_else_neither_widens_the_list_nor_turns_it_around(page: Page) -> None:
    page.evaluate("""() => {
      save("a", "Who built it?");
      const key = "footnote.conversation.a";
      const title = "\\u202e" + "evil".repeat(25_000);
      localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), title, renamed: true }));
      document.querySelector("#place").style.inlineSize = "272px";
      list.refresh();
    }""")
    expect(titles(page)).to_have_text(["evil" * 49 + "evi…"])
    sizes = page.evaluate(
        "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('#place'))"
    )
    assert sizes[0] == sizes[1]


def test_focus_stays_on_a_conversation_when_another_is_saved(page: Page) -> None:
    save_three(page)
    dots(page, "Kuka rakensi?").focus()
    save(page, "d", "Another", days_ago=-1)
    expect(titles(page)).to_have_count(4)
    expect(dots(page, "Kuka rakensi?")).to_be_focused()


def test_what_another_tab_saves_and_deletes_is_shown(page: Page, context: BrowserContext, address: str) -> None:
    other = open_static_page(context, address).page
    mount(other)
    save(other, "a", "Who built it?")
    expect(titles(page)).to_have_text(["Who built it?"])
    other.evaluate("store.remove('a')")
    expect(titles(page)).to_have_count(0)


def test_tab_goes_from_the_button_through_the_search_to_each_conversation_and_its_menu(page: Page) -> None:
    save(page, "a", "Who built it?")
    expected = [
        page.get_by_role("button", name="New conversation"),
        page.get_by_role("searchbox"),
        opener(page, "Who built it?"),
        dots(page, "Who built it?"),
    ]
    for place in expected:
        page.keyboard.press("Tab")
        expect(place).to_be_focused()
        expect(place).to_be_visible()


def test_targets_are_44_pixels_high_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    opened = open_static_page(context, address)
    page = opened.page
    mount(page)
    save_three(page)
    dots(page, "Who built it?").click()
    heights = page.evaluate("""() =>
      [...document.querySelectorAll("#place button, .conversation-search")]
        .map((target) => target.getBoundingClientRect().height).filter(Boolean)""")
    assert len(heights) == 12
    assert min(heights) >= 44
    assert opened.errors == []
    context.close()


@pytest.mark.parametrize(("language", "side"), [("en", "left"), ("ar", "right")])
def test_titles_of_either_direction_begin_where_the_list_does(
    context: BrowserContext, address: str, language: str, side: str
) -> None:
    page = open_static_page(context, address, language=language).page
    page.clock.set_fixed_time(NOW)
    page.evaluate(MOUNT, messages(language))
    save_three(page)
    found = page.evaluate(
        "[...document.querySelectorAll('.conversation-title')].map((one) => getComputedStyle(one).textAlign)"
    )
    assert found == [side] * 3
    assert [titles(page).nth(number).get_attribute("dir") for number in range(3)] == ["auto"] * 3


def test_a_toast_is_read_aloud_and_goes_away_unless_it_is_pointed_at(page: Page) -> None:
    page.clock.install(time=NOW)
    toast = page.locator(".footnote-toast")
    page.evaluate("dialogs.showToast('Copied')")
    page.clock.run_for(100)
    expect(page.locator(".footnote-toast [role=status]")).to_have_text("Copied")
    page.evaluate("dialogs.showToast('<b>Copied</b> again')")
    page.clock.run_for(100)
    expect(toast).to_have_count(1)
    expect(toast).to_have_text("<b>Copied</b> again")
    toast.hover()
    page.clock.run_for(60_000)
    expect(toast).to_be_visible()
    page.mouse.move(5, 5)
    page.clock.run_for(7_000)
    expect(toast).to_be_hidden()


def test_a_list_of_shortcuts_is_shown_until_it_is_closed(page: Page) -> None:
    start = page.get_by_role("button", name="New conversation")
    for close in ("Escape", "Enter"):
        start.focus()
        page.evaluate("""() => {
          const rows = [["Ctrl+K", "Go to the question"], ["Esc", "<i>Close</i>"]];
          dialogs.infoDialog({ title: "Keyboard shortcuts", rows, close: "Close" }).then(() => calls.push(["closed"]));
        }""")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(dialog.locator("dt")).to_have_text(["Go to the question", "<i>Close</i>"])
        expect(dialog.locator("kbd")).to_have_text(["Ctrl", "K", "Esc"])
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        page.keyboard.press(close)
        expect(page.locator("dialog")).to_have_count(0)
        expect(start).to_be_focused()
    assert calls(page) == [["closed"], ["closed"]]
