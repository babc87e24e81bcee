import os
import time
from pathlib import Path

import pytest

from index.errors import LoadError
from index.loading import content_hash, find_files, is_url, load_bytes, load_file
from index.settings import LoadingSettings

SETTINGS = LoadingSettings()


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def failure(path: Path, *, settings: LoadingSettings = SETTINGS) -> str:
    with pytest.raises(LoadError) as caught:
        load_file(path, source=path.name, settings=settings)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(path.name) in message
    return message


# ---------------------------------------------------------------- which files


def test_files_of_a_folder_are_found_recursively_in_sorted_order(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.MD", "a/b/c.html", "c.markdown", "d.text", "e.HTM", "f.xhtml", "ä.md"]
    for name in [*names, "x.pdf", "README", ".hidden.md", ".git/a.md", "a/.b/c.txt"]:
        write(tmp_path, name, "text")
    assert find_files(tmp_path) == sorted(tmp_path / name for name in names)


def test_file_named_directly_is_found_whatever_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, ".notes", "text")
    assert find_files(path) == [path]


def test_folder_is_entered_once_even_if_links_lead_back(tmp_path: Path) -> None:
    path = write(tmp_path, "a/b.md", "text")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "z").symlink_to(tmp_path / "a", target_is_directory=True)
    assert find_files(tmp_path) == [path]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="nowhere' does not exist: check the name"):
        find_files(tmp_path / "nowhere")


def test_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(LoadError, match="may not be read"):
        find_files(tmp_path)


# ---------------------------------------------------------------- text and Markdown


def test_plain_text_is_loaded_with_its_first_line_as_title(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "\ufeffLahden seutu\r\n\r\nValtuuskunta saapui Lahteen.\rHe olivat täällä.\n")
    document = load_file(path, source="docs/a.txt", settings=SETTINGS)
    assert document.text == "Lahden seutu\n\nValtuuskunta saapui Lahteen.\nHe olivat täällä.\n"
    assert (document.source, document.title, document.language) == ("docs/a.txt", "Lahden seutu", "fi")
    assert (document.date, document.metadata) == (None, {})
    assert document.content_hash == content_hash(path, settings=SETTINGS)


def test_front_matter_is_read_and_left_out_of_the_text(tmp_path: Path) -> None:
    front = (
        'title: "Wasser: ein Überblick"\nlanguage: de-DE\ndate: 2018-05-03\nlicence: CC0-1.0\ndraft: no\ntags: [a, b]\n'
    )
    more = "author:\n  name: Anna Berg\nversion: 1.10\nempty:\n"
    document = load_file(
        write(tmp_path, "a.md", f"---\n{front}{more}---\n\n# Heading\nText.\n"), source="a.md", settings=SETTINGS
    )
    assert document.text == "\n# Heading\nText.\n"
    assert (document.title, document.language, document.date) == ("Wasser: ein Überblick", "de", "2018-05-03")
    assert document.metadata == {
        "licence": "CC0-1.0",
        "draft": "no",
        "tags": "a, b",
        "author.name": "Anna Berg",
        "version": "1.10",
    }


@pytest.mark.parametrize(
    ("stated", "language"),
    [("no", "no"), ("nb", "no"), ("ja_JP", "ja"), ("zh-TW", "zh-Hant"), ("Klingon", "en"), ("''", "en")],
)
def test_language_of_the_front_matter_is_used_if_it_is_one(tmp_path: Path, stated: str, language: str) -> None:
    path = write(tmp_path, "a.md", f"---\nlanguage: {stated}\n---\nThis is a text that is written in English.\n")
    assert load_file(path, source="a.md", settings=SETTINGS).language == language


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("2018-05-03", "2018-05-03"),
        ("20180503", "2018-05-03"),
        ("2018-05-03T10:00:00Z", "2018-05-03T10:00:00+00:00"),
        ("2018-05-03 10:00", "2018-05-03T10:00:00"),
        ("2018-05", "2018-05"),
        ("2018", "2018"),
        ("3. Mai 2018", None),
        ("2018-13-45", None),
    ],
)
def test_date_is_iso_8601_or_left_to_the_metadata(tmp_path: Path, stated: str, date: str | None) -> None:
    path = write(tmp_path, "a.md", f"---\ndate: {stated}\n---\nText.\n")
    document = load_file(path, source="a.md", settings=SETTINGS)
    assert document.date == date
    assert document.metadata == ({} if date else {"date": stated})


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Some words.\n\n## The *real* [title](http://x.org) #\n", "The real title"),
        ("Title\n=====\n\nText.", "Title"),
        ("**Bold first line**\n\nText.", "Bold first line"),
        ("```\n# no heading\n```\n" + "long " * 40, "the-stem"),
        ("long " * 40, "the-stem"),
    ],
)
def test_title_falls_back_to_heading_then_line_then_name(tmp_path: Path, text: str, title: str) -> None:
    path = write(tmp_path, "the-stem.md", text)
    assert load_file(path, source="x", settings=SETTINGS).title == title


def test_empty_front_matter_states_nothing(tmp_path: Path) -> None:
    document = load_file(write(tmp_path, "a.md", "---\n---\nText here."), source="a.md", settings=SETTINGS)
    assert (document.text, document.metadata) == ("Text here.", {})


def test_three_hyphens_in_plain_text_are_text(tmp_path: Path) -> None:
    document = load_file(write(tmp_path, "a.txt", "---\na: b\n"), source="a.txt", settings=SETTINGS)
    assert document.text == "---\na: b\n"


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("---\ntitle: a\nText without an end\n", "'a.md': the front matter that line 1 opens is never closed"),
        ("---\ntitle: a: b\n---\nText", "'a.md': front matter, line 2: mapping values are not allowed here"),
        ("---\ntitle: a\nname: [x\n---\nText", "'a.md': front matter, line 4: expected ',' or ']'"),
        (
            "---\ntitle: a\n\tname: x\n---\nText",
            "'a.md': front matter, line 3: found character '\\t' that cannot start",
        ),
        ("---\nA rule, then text.\n---\nText", "'a.md': the front matter is no list of `key: value` lines"),
        ("---\n- a\n- b\n---\nText", "'a.md': the front matter is no list of `key: value` lines"),
        ("---\na: *x\n---\nText", "'a.md': front matter, line 2: found undefined alias"),
        ("---\n" + "[" * 50_000 + "\n---\nText", "'a.md': front matter: too deeply nested"),
        ("---\na: " + "x" * 70_000 + "\n---\nText", "'a.md': the front matter has 70004 characters"),
        ("---\na: \x07\n---\n" + "Text " * 40, "'a.md': front matter: unacceptable character"),
    ],
)
def test_broken_front_matter_is_an_error_that_names_the_line(tmp_path: Path, front: str, message: str) -> None:
    assert failure(write(tmp_path, "a.md", front)).startswith(message)


def test_yaml_bombs_and_tags_do_nothing(tmp_path: Path) -> None:
    levels = "\n".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    bomb = (
        f"---\na: &a [lol, lol]\n{levels}\nm: &m {{k: v}}\nn:\n  <<: [*m, *m]\nt: !!python/name:os.system x\n---\nText."
    )
    started = time.monotonic()
    document = load_file(write(tmp_path, "a.md", bomb), source="a.md", settings=SETTINGS)
    assert time.monotonic() - started < 5
    assert document.metadata["a"] == "lol, lol"
    assert sum(map(len, document.metadata.values())) < 100


# ---------------------------------------------------------------- encodings

LETTERS = {
    "cp1252": "Die größte Wirtschaftsdelegation fährt nach Köln – „für die Außenwirtschaft ist das schön“, sagte "
    "Müller. Außerdem gab es Kaffee für 3 € und Gespräche über Elektromobilität in Düsseldorf.",
    "latin-1": "Le président a déclaré que la situation était très préoccupante à l'été. Les élèves reçoivent une aide "
    "près de l'école française, où ça se passe très bien.",
    "cp1250": "Delegacja przyjechała do Łodzi w środę. Żółty autobus zawiózł gości do lasu, gdzie śpiewały ptaki.",
    "cp1251": "Делегация прибыла в Токио во вторник. Министр подписал соглашение о сотрудничестве.",
    "koi8-r": "Делегация прибыла в Токио во вторник. Министр подписал соглашение о сотрудничестве.",
    "cp1253": "Η αντιπροσωπεία έφτασε στο Τόκιο την Τρίτη. Ο υπουργός υπέγραψε τη συμφωνία συνεργασίας.",
    "cp1255": "המשלחת הגיעה לטוקיו ביום שלישי. השר חתם על הסכם שיתוף הפעולה והחברות החלו לעבוד יחד.",
    "cp1256": "وصل الوفد إلى طوكيو يوم الثلاثاء. وقع الوزير اتفاقية التعاون وبدأت الشركات العمل المشترك.",
    "shift_jis": "代表団は火曜日に東京に到着しました。大臣は協力協定に署名し、企業は共同プロジェクトを開始しました。",
    "euc_jp": "代表団は火曜日に東京に到着しました。大臣は協力協定に署名し、企業は共同プロジェクトを開始しました。",
    "gb18030": "代表团星期二抵达东京。部长签署了合作协议，企业开始了联合项目。参加者约三十人，其中包括科学家。",
    "big5": "代表團星期二抵達東京。部長簽署了合作協議，企業開始了聯合項目。參加者約三十人，其中包括科學家。",
    "euc_kr": "대표단은 화요일에 도쿄에 도착했습니다. 장관은 협력 협정에 서명했고 기업들은 사업을 시작했습니다.",
    "tis-620": "คณะผู้แทนเดินทางถึงโตเกียวในวันอังคาร รัฐมนตรีลงนามในข้อตกลงความร่วมมือ",
}


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("encoding", LETTERS)
def test_old_encoding_is_recognised_and_recorded(tmp_path: Path, encoding: str, repeats: int) -> None:
    text = "\n".join([LETTERS[encoding]] * repeats)
    document = load_file(write(tmp_path, "a.txt", text.encode(encoding)), source="a.txt", settings=SETTINGS)
    assert document.text == text
    assert document.metadata["encoding"] not in ("", "utf-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_mark_names_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "a.txt", "\ufeff代表団 Überblick".encode(encoding))
    document = load_file(path, source="a.txt", settings=SETTINGS)
    assert (document.text, document.metadata) == ("代表団 Überblick", {"encoding": encoding})


def test_unicode_is_not_normalised(tmp_path: Path) -> None:
    text = "ﬁ e\u0301 é が か\u3099 ①"
    assert load_file(write(tmp_path, "a.txt", text), source="a.txt", settings=SETTINGS).text == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Die größte Delegation fährt nach Köln. ".encode() * 20 + b"\xe4 kaputt", "byte 860 is 0xe4"),
        ("日本語の文章です。".encode() * 10 + b"\xff\xfe", "byte 270 is 0xff"),
        ("Ein Text über Köln".encode() + b" \xff\xfe \xc3(", "byte 21 is 0xff"),
        (b"Hello \xff\xfe world \x80\x81", "byte 6 is 0xff"),
        (b"plain text with one stray byte \xff in it", "byte 31 is 0xff"),
        (bytes(range(0x80, 0x100)) * 4, "byte 0 is 0x80"),
        (b"\xff\xfeA\x00\x00\xd8B\x00", "starts with the mark of UTF-16-LE, but byte 2 is not valid"),
    ],
    ids=["broken-german", "broken-japanese", "broken-short", "stray-bytes", "stray-byte", "garbage", "broken-utf-16"],
)
def test_bytes_in_no_certain_encoding_are_an_error(tmp_path: Path, data: bytes, message: str) -> None:
    text = failure(write(tmp_path, "a.txt", data))
    assert message in text
    assert text.endswith("as UTF-8.")


# ---------------------------------------------------------------- what is no document


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive, as .docx"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG image"),
        (b"\xff\xd8\xff\xe0\x00", "a JPEG image"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Word"),
        (b"{\\rtf1 Hello}", "an RTF file"),
        (b"Some text\x00 and more", "byte 9 is NUL"),
        (b"\x01\x02\x03 text " * 20, "full of control characters"),
    ],
    ids=["pdf", "zip", "png", "jpeg", "elf", "doc", "rtf", "nul", "controls"],
)
def test_binary_content_is_named(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    message = failure(write(tmp_path, name, data))
    assert kind in message
    assert message.endswith("convert it to .txt, .md or .html first.")


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.txt", ""), ("a.txt", " \r\n\t"), ("a.md", "---\ntitle: x\n---\n\n"), ("a.txt", "\ufeff")],
    ids=["nothing", "white-space", "front-matter-only", "mark-only"],
)
def test_empty_text_is_an_error(tmp_path: Path, name: str, data: str) -> None:
    assert failure(write(tmp_path, name, data)) == f"'{name}' is empty: write something into it, or delete it."


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.docx"])
def test_unknown_type_is_an_error(tmp_path: Path, name: str) -> None:
    message = failure(write(tmp_path, name, "text"))
    assert f"is of an unknown type {Path(name).suffix!r}" in message
    assert ".htm, .html, .markdown, .md, .text, .txt, .xhtml" in message


def test_bytes_are_loaded_as_a_file_of_that_name_would_be(tmp_path: Path) -> None:
    data = "---\nlanguage: fi\n---\n" + "pitkä " * 40
    document = load_bytes(data.encode(), source="somewhere/else", name="Lahti.MD")
    from_file = load_file(write(tmp_path, "Lahti.MD", data), source="somewhere/else", settings=SETTINGS)
    assert document == from_file
    assert (document.source, document.title, document.language) == ("somewhere/else", "Lahti", "fi")
    with pytest.raises(LoadError, match=r"^'somewhere/else' is of an unknown type '\.pdf'"):
        load_bytes(b"%PDF-1.7", source="somewhere/else", name="a.pdf")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://example.org/a.md", True),
        ("HTTP://example.org", True),
        ("http:/example.org", False),
        ("https", False),
        ("docs/http://a.md", False),
        ("ftp://example.org", False),
        ("", False),
    ],
)
def test_addresses_of_pages_are_told_from_paths(source: str, expected: bool) -> None:
    assert is_url(source) == expected


def test_too_large_file_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "x" * 3_000_000)
    settings = LoadingSettings(max_bytes=2 * 1024 * 1024)
    expected = "'a.txt' has 2.9 MiB, more than the limit of 2 MiB: split it, or raise FOOTNOTE_MAX_FILE_MB."
    assert failure(path, settings=settings) == expected
    with pytest.raises(LoadError, match="FOOTNOTE_MAX_FILE_MB"):
        content_hash(path, settings=settings)


def test_file_of_just_the_largest_size_is_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "x" * 1000)
    assert load_file(path, source="a", settings=LoadingSettings(max_bytes=1000)).text == "x" * 1000


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    assert failure(tmp_path / "a.txt") == "'a.txt' does not exist: check the name."
    (tmp_path / "link.md").symlink_to(tmp_path / "gone.md")
    assert find_files(tmp_path) == [tmp_path / "link.md"]
    assert failure(tmp_path / "link.md") == "'link.md' does not exist: check the name."


def test_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    assert failure(tmp_path / "a.md").startswith("'a.md' is not a file")


def test_pipe_in_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    assert failure(tmp_path / "a.md").startswith("'a.md' is not a file")


def test_file_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.txt", "text")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert failure(path) == "'a.txt' may not be read: give your user the permission to read it."


def test_line_break_in_a_name_does_not_break_the_message(tmp_path: Path) -> None:
    assert "\\n" in failure(write(tmp_path, "a\nb.txt", ""))


# ---------------------------------------------------------------- HTML

PAGE = """<!DOCTYPE html><html lang="{language}"><head><meta charset="{charset}"><title>Titel | Site</title>
<meta property="article:published_time" content="2018-05-03"><meta name="author" content="Anna Berg">
<style>p {{ color: red }}</style></head><body><nav><a href="/">Startseite</a><a href="/x">Mehr</a></nav><article>
<h1>Delegation in Tokio</h1><p>Die Delegation reiste am 3. Mai nach Tokio und traf dort viele Vertreter der Wirtschaft.
</p><h2>Programm</h2><ul><li>Symposium</li><li>Messe</li></ul><table><tr><th>Stadt</th><th>Tag</th></tr><tr>
<td>Osaka</td><td>Montag</td></tr></table><p>Zum Schluss gab es ein Gespräch über die Zusammenarbeit mit der Präfektur
Osaka.</p></article>
<script>var secret = 1;</script><footer>Impressum und Datenschutz</footer></body></html>"""


def test_page_becomes_its_article_with_headings_lists_and_tables(tmp_path: Path) -> None:
    path = write(tmp_path, "a.html", PAGE.format(language="de-DE", charset="utf-8"))
    document = load_file(path, source="a.html", settings=SETTINGS)
    lines = [line.strip() for line in document.text.splitlines() if line.strip()]
    assert lines == [
        "# Delegation in Tokio",
        "Die Delegation reiste am 3. Mai nach Tokio und traf dort viele Vertreter der Wirtschaft.",
        "## Programm",
        "- Symposium",
        "- Messe",
        "| Stadt | Tag |",
        "|---|---|",
        "| Osaka | Montag |",
        "Zum Schluss gab es ein Gespräch über die Zusammenarbeit mit der Präfektur Osaka.",
    ]
    assert (document.title, document.language, document.date) == ("Delegation in Tokio", "de", "2018-05-03")
    assert document.metadata == {"author": "Anna Berg"}


@pytest.mark.parametrize("language", ["", "x-none", "{{ lang }}"])
def test_language_of_a_page_is_detected_if_it_states_none(tmp_path: Path, language: str) -> None:
    path = write(tmp_path, "a.htm", PAGE.format(language=language, charset="utf-8"))
    assert load_file(path, source="a.htm", settings=SETTINGS).language == "de"


@pytest.mark.parametrize(
    ("charset", "encoding", "recorded"),
    [
        ("iso-8859-1", "latin-1", "cp1252"),
        ("windows-1252", "cp1252", "cp1252"),
        ("iso-8859-1", "utf-8", None),
        ("utf-8", "cp1252", "cp1250"),  # the same letters in both
        ("utf-16", "utf-16", "utf-16-le"),
    ],
)
def test_charset_of_a_page_is_believed_where_it_can_be(
    tmp_path: Path, charset: str, encoding: str, recorded: str | None
) -> None:
    path = write(tmp_path, "a.html", PAGE.format(language="de", charset=charset).encode(encoding))
    document = load_file(path, source="a.html", settings=SETTINGS)
    assert "Gespräch über die Zusammenarbeit mit der Präfektur Osaka." in document.text
    assert document.metadata.get("encoding") == recorded


def test_xhtml_with_an_encoding_declaration_is_loaded(tmp_path: Path) -> None:
    page = PAGE.format(language="de", charset="iso-8859-1").replace("<!DOCTYPE html>", "")
    path = write(tmp_path, "a.xhtml", ('<?xml version="1.0" encoding="iso-8859-1"?>\n' + page).encode("latin-1"))
    assert load_file(path, source="a", settings=SETTINGS).title == "Delegation in Tokio"


@pytest.mark.parametrize(
    "html",
    [
        "<html></html>",
        "<html><body><script>var x = 1;</script><style>p{}</style></body></html>",
        "<!-- nothing -->",
        "<",
    ],
)
def test_page_without_article_text_is_an_error(tmp_path: Path, html: str) -> None:
    assert "has no article text" in failure(write(tmp_path, "a.html", html))


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td"])
def test_deeply_nested_page_is_loaded_or_refused(tmp_path: Path, tag: str) -> None:
    opening = f"<{tag}>" * 100_000
    path = write(
        tmp_path, "a.html", f"<html><body>{opening}<p>Some text that is long enough to be found.</p></body></html>"
    )
    try:
        document = load_file(path, source="a.html", settings=SETTINGS)
    except LoadError as error:
        assert "'a.html'" in str(error)  # noqa: PT017
    else:
        assert document.text.strip() == "Some text that is long enough to be found."
