"""Conversations in localStorage, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.ui.static_page import StaticPage, open_static_page

pytestmark = pytest.mark.browser

OPEN_STORE = """async () => {
  window.texts = await import("/static/conversation_text.js");
  window.modules = await import("/static/conversation_store.js");
  window.store = new modules.ConversationStore();
  window.exchange = (question, markdown = "") => ({ id: "e", question, markdown, answer: null });
}"""
KEY = "footnote.conversation."


@pytest.fixture
def address(static_page_address: str) -> str:
    return static_page_address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page with an empty store in `store`."""
    opened = opened_store(context, address)
    yield opened.page
    assert opened.errors == []


def opened_store(context: BrowserContext, address: str) -> StaticPage:
    opened = open_static_page(context, address)
    opened.page.evaluate(OPEN_STORE)
    return opened


def save(page: Page, conversation: str, *questions: str, at: str = "2026-03-01T10:00:00.000Z") -> None:
    page.clock.set_fixed_time(at)
    page.evaluate("([id, asked]) => store.save(id, asked.map(q => exchange(q)))", [conversation, list(questions)])


def stored(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
    return found


def titles(page: Page) -> list[str]:
    found: list[str] = page.evaluate("store.list().map(({ title }) => title)")
    return found


def ids(page: Page, expression: str = "store.list()") -> list[str]:
    found: list[str] = page.evaluate(f"{expression}.map(({{ id }}) => id)")
    return found


def test_a_conversation_is_read_back_as_it_was_saved_after_a_reload(page: Page) -> None:
    page.clock.set_fixed_time("2026-03-01T10:00:00.000Z")
    exchange = {
        "id": "e1",
        "question": "Kuka rakensi majakan?",
        "markdown": "Anna.[^1]",
        "answer": {"passages": [{"text": "灯台"}]},
        "rating": "good",
        "comment": "Kiitos",
    }
    page.evaluate("exchange => store.save('c1', [exchange])", exchange)
    page.reload()
    page.evaluate(OPEN_STORE)
    assert page.evaluate("store.get('c1')") == {
        "version": 1,
        "id": "c1",
        "title": "Kuka rakensi majakan?",
        "created": "2026-03-01T10:00:00.000Z",
        "updated": "2026-03-01T10:00:00.000Z",
        "exchanges": [exchange],
    }
    assert page.evaluate("store.isPersistent") is True


def test_what_was_not_rated_is_kept_without_rating(page: Page) -> None:
    page.evaluate("store.save('c1', [{ id: 'e', question: 'Q', markdown: 'M', answer: 7, surplus: 1 }])")
    expected = {"id": "e", "question": "Q", "markdown": "M", "answer": 7, "rating": None, "comment": ""}
    assert page.evaluate("store.get('c1').exchanges") == [expected]


def test_an_unknown_conversation_is_null(page: Page) -> None:
    assert page.evaluate("store.get('nobody')") is None


def test_the_list_has_the_newest_first(page: Page) -> None:
    save(page, "b", "Second", at="2026-03-02T10:00:00.000Z")
    save(page, "c", "Third", at="2026-03-03T10:00:00.000Z")
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    assert page.evaluate("store.list()") == [
        {"id": "c", "title": "Third", "updated": "2026-03-03T10:00:00.000Z"},
        {"id": "b", "title": "Second", "updated": "2026-03-02T10:00:00.000Z"},
        {"id": "a", "title": "First", "updated": "2026-03-01T10:00:00.000Z"},
    ]


def test_saving_writes_nothing_but_that_conversations_key(page: Page) -> None:
    save(page, "a", "First")
    before = stored(page)
    save(page, "b", "Second")
    after = stored(page)
    assert set(after) == {f"{KEY}a", f"{KEY}b"}
    assert after[f"{KEY}a"] == before[f"{KEY}a"]


def test_a_further_question_makes_a_conversation_the_newest_and_keeps_when_it_began(page: Page) -> None:
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    save(page, "b", "Second", at="2026-03-02T10:00:00.000Z")
    save(page, "a", "First", "And then?", at="2026-03-03T10:00:00.000Z")
    assert ids(page) == ["a", "b"]
    kept = page.evaluate("store.get('a')")
    assert (kept["created"], kept["updated"]) == ("2026-03-01T10:00:00.000Z", "2026-03-03T10:00:00.000Z")


def test_saving_the_same_again_changes_nothing(page: Page) -> None:
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    before = stored(page)
    page.evaluate("window.changes = []; store.onChange((id) => changes.push(id))")
    save(page, "a", "First", at="2026-03-02T10:00:00.000Z")
    assert stored(page) == before
    assert page.evaluate("changes") == []


def test_a_rating_does_not_move_a_conversation(page: Page) -> None:
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    save(page, "b", "Second", at="2026-03-02T10:00:00.000Z")
    page.evaluate("store.save('a', [{ ...store.get('a').exchanges[0], rating: 'good', comment: 'Thanks' }])")
    assert ids(page) == ["b", "a"]
    assert page.evaluate("store.get('a').exchanges.map(({ rating, comment }) => [rating, comment])") == [
        ["good", "Thanks"]
    ]


SOUND = {
    "version": 1,
    "id": "broken",
    "title": "T",
    "created": "2026-03-01T10:00:00.000Z",
    "updated": "2026-03-01T10:00:00.000Z",
    "exchanges": [],
}


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        json.dumps(SOUND | {"version": 2}),
        json.dumps(SOUND | {"id": "other"}),
        json.dumps(SOUND | {"title": {"toString": 1}}),
        json.dumps(SOUND | {"updated": "yesterday"}),
        json.dumps(SOUND | {"updated": "2026-99-01T10:00:00.000Z"}),
        json.dumps(SOUND | {"exchanges": {}}),
        json.dumps(SOUND | {"exchanges": [None]}),
        json.dumps(SOUND | {"exchanges": [{"question": "Q"}]}),
    ],
)
def test_what_cannot_be_read_is_left_out_and_not_deleted(page: Page, broken: str) -> None:
    save(page, "sound", "First")
    page.evaluate("([key, value]) => localStorage.setItem(key, value)", [f"{KEY}broken", broken])
    assert ids(page) == ["sound"]
    assert ids(page, "store.search('')") == ["sound"]
    assert page.evaluate("store.get('broken')") is None
    assert stored(page)[f"{KEY}broken"] == broken


def test_keys_of_others_are_left_alone(page: Page) -> None:
    page.evaluate("localStorage.setItem('theme', 'dark')")
    save(page, "a", "First")
    page.evaluate("store.remove('a')")
    assert stored(page) == {"theme": "dark"}


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  Kuka\n rakensi\tmajakan? ", "Kuka rakensi majakan?"),
        ("a" * 80, "a" * 80),
        ("When was it built? " * 6, "When was it built? When was it built? When was it built? When was it built…"),
        ("Was ist eine " + "Donau" * 30, "Was ist eine " + ("Donau" * 30)[:66] + "…"),
        ("灯台はいつ再建されましたか。" * 10, "灯台はいつ再建されましたか。" * 5 + "灯台はいつ再建され…"),
        ("👩‍👩‍👧‍👦" * 20, "👩‍👩‍👧‍👦" * 7 + "…"),
        ("<b>bold</b> & [link](x)", "<b>bold</b> & [link](x)"),
        ("a\u202egnirts\u202c b\u2066c\u2069", "agnirts bc"),
        ("\ud800a\x00\x1b[31mb", "a [31mb"),
        ("\u200b\u200d\u2060", ""),
        ("", ""),
    ],
    ids=["spaces", "fits", "en", "de", "ja", "emoji", "html", "bidi", "no-text", "invisible", "empty"],
)
def test_the_title_is_the_first_question_cut_between_words(page: Page, question: str, title: str) -> None:
    page.evaluate("json => store.save('a', [exchange(JSON.parse(json))])", json.dumps(question))
    assert titles(page) == [title]


def test_a_thai_title_is_cut_between_words(page: Page) -> None:
    save(page, "a", "เมื่อใดที่ประภาคารถูกสร้างขึ้นใหม่และใครเป็นผู้จ่ายเงินค่าก่อสร้างทั้งหมดในปีนั้นและทำไม")
    assert titles(page) == ["เมื่อใดที่ประภาคารถูกสร้างขึ้นใหม่และใครเป็นผู้จ่ายเงินค่าก่อสร้างทั้งหมดในปี…"]


def test_the_title_follows_the_first_question_until_it_is_renamed(page: Page) -> None:
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    save(page, "a", "First, edited", at="2026-03-02T10:00:00.000Z")
    assert titles(page) == ["First, edited"]
    page.clock.set_fixed_time("2026-03-03T10:00:00.000Z")
    page.evaluate("store.rename('a', '  Die\\u202e Leuchttürme\\n ')")
    save(page, "a", "Something else", at="2026-03-04T10:00:00.000Z")
    assert titles(page) == ["Die Leuchttürme"]
    assert page.evaluate("store.get('a').renamed") is True


def test_renaming_does_not_move_a_conversation(page: Page) -> None:
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    save(page, "b", "Second", at="2026-03-02T10:00:00.000Z")
    page.evaluate("store.rename('a', 'Renamed')")
    assert titles(page) == ["Second", "Renamed"]


@pytest.mark.parametrize("name", ["", "  ", "\u200b"])
def test_an_empty_name_keeps_the_old_one(page: Page, name: str) -> None:
    save(page, "a", "First")
    page.evaluate("name => store.rename('a', name)", name)
    assert titles(page) == ["First"]


def test_a_removed_conversation_is_gone(page: Page) -> None:
    save(page, "a", "First")
    save(page, "b", "Second")
    page.evaluate("store.remove('a')")
    assert ids(page) == ["b"]
    assert set(stored(page)) == {f"{KEY}b"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The LIGHTHOUSE burned.", "lighthouse"),
        ("Äänekosken majakka", "AANEKOSKEN"),
        ("Die Straße", "STRASSE"),
        ("Café au lait", "cafe\u0301"),
        ("İSTANBUL'da ışık", "istanbul isik"),
        ("Łódź i Gdańsk", "lodz gdansk"),
        ("Ο ΦΑΡΟΣ", "φάρος"),
        ("Маяк горел ещё", "МАЯК еще"),
        ("ذَهَبَ إلى المنارة", "ذهب الى"),
        ("מִגְדָּל", "מגדל"),
        ("ﾄｳｷｮｳ １９２３", "トウキョウ 1923"),
        ("灯台は東京にある。", "東京"),
        ("등대는 부산에 있다", "부산"),
        ("ประภาคารเก่า", "ภาคาร"),
        ("दीपस्तंभ पुराना है", "पुराना"),
        ("Ngọn hải đăng", "hai dang"),
    ],
    ids=["en", "fi", "de", "fr", "tr", "pl", "el", "ru", "ar", "he", "ja-width", "ja", "ko", "th", "hi", "vi"],
)
def test_a_search_ignores_case_and_accents_in_every_script(page: Page, text: str, wanted: str) -> None:
    save(page, "other", "Nothing of the kind")
    save(page, "wanted", text)
    assert ids(page, f"store.search({json.dumps(wanted)})") == ["wanted"]


def test_a_search_looks_into_title_questions_and_answers_for_every_word(page: Page) -> None:
    page.evaluate("""() => {
      store.save("a", [exchange("Who built it?", "Anna built the **tower**."), exchange("When?", "In 1923.")]);
      store.rename("a", "Beacons");
    }""")
    for text in ["beacons", "who built", "when", "tower", "1923 ANNA beacons", "", "   "]:
        assert ids(page, f"store.search({json.dumps(text)})") == ["a"], text
    for text in ["nobody", "anna 1924"]:
        assert ids(page, f"store.search({json.dumps(text)})") == [], text


def test_a_search_sees_what_was_saved_since_the_last(page: Page) -> None:
    save(page, "a", "First")
    assert ids(page, "store.search('tower')") == []
    save(page, "a", "First", "The tower?")
    assert ids(page, "store.search('tower')") == ["a"]


def test_changes_are_told_until_that_is_ended(page: Page) -> None:
    changes = page.evaluate("""() => {
      const changes = [];
      const end = store.onChange((id) => changes.push(id));
      store.save("a", [exchange("First")]);
      store.rename("a", "Renamed");
      store.rename("nobody", "Renamed");
      store.remove("a");
      end();
      store.save("b", [exchange("Second")]);
      return changes;
    }""")
    assert changes == ["a", "a", "a"]


def test_changes_of_another_tab_are_told(page: Page, context: BrowserContext, address: str) -> None:
    page.evaluate("""() => {
      const changes = [];
      window.heard = new Promise((resolve) => {
        store.onChange((id) => changes.push(id) === 2 && resolve(changes));
      });
    }""")
    other = opened_store(context, address).page
    other.evaluate("localStorage.setItem('theme', 'dark'); store.save('a', [exchange('First')])")
    other.evaluate("localStorage.clear()")
    assert page.evaluate("heard") == ["a", None]
    assert ids(page) == []


FILL = """() => {
  let piece = "x".repeat(1 << 20);
  for (let number = 0; piece.length > 0; number++) {
    try { localStorage.setItem(`filling.${number}`, piece); }
    catch { piece = piece.slice(0, piece.length >> 1); }
  }
}"""
SAVE_IN_VAIN = """() => {
  try { store.save("a", [exchange("First"), exchange("Second".repeat(100))]); }
  catch (error) { return [error instanceof modules.StorageFull, error.name]; }
}"""


def test_without_room_saving_says_so_and_what_was_stored_stays(page: Page) -> None:
    save(page, "a", "First")
    before = stored(page)[f"{KEY}a"]
    page.evaluate(FILL)
    page.evaluate("window.changes = []; store.onChange((id) => changes.push(id))")
    assert page.evaluate(SAVE_IN_VAIN) == [True, "StorageFull"]
    assert stored(page)[f"{KEY}a"] == before
    assert page.evaluate("changes") == []
    assert titles(page) == ["First"]


def test_a_full_storage_is_used_when_the_page_is_opened_again(page: Page) -> None:
    save(page, "a", "First")
    page.evaluate(FILL)
    page.reload()
    page.evaluate(OPEN_STORE)
    assert page.evaluate("store.isPersistent") is True
    assert titles(page) == ["First"]
    page.evaluate("store.remove('a')")
    assert titles(page) == []


BLOCKED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
});"""
WITHOUT_ROOM = """Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); };"""


@pytest.mark.parametrize("script", [BLOCKED, WITHOUT_ROOM], ids=["blocked", "without room"])
def test_without_local_storage_conversations_are_held_until_the_page_closes(
    context: BrowserContext, address: str, script: str
) -> None:
    context.add_init_script(script)
    opened = opened_store(context, address)
    page = opened.page
    assert page.evaluate("store.isPersistent") is False
    save(page, "a", "First", at="2026-03-01T10:00:00.000Z")
    save(page, "b", "Second", at="2026-03-02T10:00:00.000Z")
    page.evaluate("store.rename('a', 'Renamed')")
    assert titles(page) == ["Second", "Renamed"]
    page.evaluate("store.remove('b')")
    assert ids(page, "store.search('first')") == ["a"]
    page.reload()
    page.evaluate(OPEN_STORE)
    assert titles(page) == []
    assert opened.errors == []


def test_ids_are_new_without_https(page: Page) -> None:
    page.evaluate("delete Crypto.prototype.randomUUID")
    found = page.evaluate("[modules.newConversationId(), modules.newConversationId()]")
    assert len(set(found)) == 2
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in found)


def test_markdown_has_each_question_above_its_answer_with_footnotes_of_its_own(page: Page) -> None:
    page.evaluate("""() => store.save("a", [
      exchange("Who built *it*\\n# now?", "Anna.[^1] And \\\\[^1] is text.\\n\\n[^1]: Towers: “Anna built it.”\\n"),
      exchange("متى؟", "في 1923.[^1][^2]\\n\\n[^1]: أ\\n[^2]: ب"),
      exchange("Stopped", ""),
    ])""")
    assert (
        page.evaluate("modules.conversationMarkdown(store.get('a'))")
        == """\
# Who built \\*it\\* \\# now?

## Who built \\*it\\* \\# now?

Anna.[^1-1] And \\[^1] is text.

[^1-1]: Towers: “Anna built it.”

## متى؟

في 1923.[^2-1][^2-2]

[^2-1]: أ
[^2-2]: ب

## Stopped
"""
    )


def test_markdown_escapes_markup_in_title_and_questions(page: Page) -> None:
    save(page, "a", "<script>alert(1)</script> ![x](http://evil.example/) `code` [^1] | $x$ a_b ~~c~~ &amp; \\")
    heading = page.evaluate("modules.conversationMarkdown(store.get('a')).split('\\n')[2]")
    assert heading == (
        "## \\<script\\>alert(1)\\</script\\> !\\[x\\](http://evil.example/) \\`code\\` \\[^1\\] "
        "\\| \\$x\\$ a\\_b \\~\\~c\\~\\~ \\&amp; \\\\"
    )


def test_json_is_what_is_stored(page: Page) -> None:
    save(page, "a", "Kuka?")
    text = page.evaluate("modules.conversationJson(store.get('a'))")
    assert json.loads(text) == json.loads(stored(page)[f"{KEY}a"])
    assert text.startswith('{\n  "version": 1,')
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ('Who? <b> a/b\\c: *d*|e"f.md', "Who b a b c d e f.md"),
        ("متى أُعيد بناء المنارة؟.md", "متى أُعيد بناء المنارة؟.md"),
        ("灯台.json", "灯台.json"),
        ("../../etc/passwd.md", "etc passwd.md"),
        ("report\u202efdp.exe.md", "reportfdp.exe.md"),
        ("con.md", "conversation con.md"),
        ("???.md", "conversation.md"),
        (".md", "conversation.md"),
        ("灯" * 200 + ".md", "灯" * 66 + ".md"),
        ("a\x00b\nc.md", "a b c.md"),
    ],
)
def test_file_names_are_those_that_every_system_takes(page: Page, name: str, saved: str) -> None:
    assert page.evaluate("name => texts.fileName(name)", name) == saved


def test_a_file_is_saved_with_its_name_and_text(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.evaluate("modules.download('灯台 1/2.md', 'text/markdown', '# 灯台\\n')")
    assert download.value.suggested_filename == "灯台 1 2.md"
    download.value.save_as(tmp_path / "saved.md")
    assert (tmp_path / "saved.md").read_text(encoding="utf-8") == "# 灯台\n"


def test_a_thousand_long_conversations_are_listed_and_searched(page: Page) -> None:
    found: Any = page.evaluate("""() => {
      const filling = "Anna built the tower. ".repeat(100);
      for (let number = 0; number < 1000; number++) store.save(`c${number}`, [exchange(`Question ${number}`, filling)]);
      store.save("needle", [exchange("Q", `${filling} needle`)]);
      return [store.list().length, store.search("needle").map(({ id }) => id)];
    }""")
    assert found == [1001, ["needle"]]
