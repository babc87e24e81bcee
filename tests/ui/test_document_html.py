"""The panel: a readable article of the document, the quoted characters marked exactly, and nothing hostile in it."""

from pathlib import Path

import pytest

from index.documents import Document
from index.loading import load_file
from index.settings import LoadingSettings
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.document_html import document_html, missing_document_html, web_address, written_date
from ui.document_window import LARGEST
from ui.messages import english, messages_for

TAGS = {"a", "article", "bdi", "blockquote", "br", "button", "code", "div", "em", "h2", "h3", "h4", "h5", "h6"} | {
    "header", "hr", "li", "mark", "p", "pre", "s", "span", "strong", "table", "td", "th", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"class", "data-action", "data-from", "data-quote", "data-to", "dir", "href", "id", "lang", "rel"} | {
    "scope", "tabindex", "target", "title", "type",
}  # fmt: skip
SEEDS = sorted(Path("seeds").rglob("*.md"))


def make_document(
    text: str,
    *,
    source: str = "articles/a.md",
    title: str = "A title",
    language: str = "en",
    date: str | None = None,
    **metadata: str,
) -> Document:
    return Document(source, title, language, text, "hash", date=date, metadata=metadata)


def render(text: str, quote: str = "", *, after: int = 0) -> str:
    """The article of a text alone, without the panel's head, with the first `quote` marked."""
    start = text.index(quote, after) if quote else None
    end = None if start is None else start + len(quote)
    html = document_html(make_document(text), start=start, end=end, messages=english())
    return html.partition('<div class="text" lang="en">')[2].removesuffix("</div></article>")


def marked(html: str) -> str:
    return "".join(Reader(html).marked)


def test_head_says_what_the_document_is_and_where_the_place_is_in_it() -> None:
    text = "# Lahti\n\n## Historia\n\nVanha.\n\n## **Nyky**aika\n\nSe on Suomessa.\n\n## Muuta\n"
    document = make_document(
        text,
        source="seeds/fi/lahti.md",
        title="Lahti",
        language="fi",
        date="2018-05-31",
        url="https://a.example/?b=1&c",
    )
    start = text.index("Se on")
    html = document_html(document, start=start, end=start + 5, messages=messages_for("de"))
    assert html.startswith(
        '<article class="document" dir="ltr"><header><h2 class="title" lang="fi" dir="auto">Lahti</h2>'
        f'<p class="facts"><span>Finnisch</span> · <span>{messages_for("de").dated.format(date="31. Mai 2018")}</span>'
        '</p><p class="place" lang="fi"><bdi>Lahti</bdi> › <bdi>Nykyaika</bdi></p>'
        '<p class="file"><bdi>seeds/fi/lahti.md</bdi></p>'
        '<p><a class="original" href="https://a.example/?b=1&amp;c" title="https://a.example/?b=1&amp;c" '
        f'target="_blank" rel="noopener noreferrer nofollow">{messages_for("de").original_page}</a></p></header>'
        '<div class="text" lang="fi">'
    )


def test_head_without_date_address_headings_and_language_has_only_title_and_file() -> None:
    html = document_html(make_document("Text.", language="und"), start=None, end=None, messages=english())
    assert html == (
        '<article class="document" dir="ltr"><header><h2 class="title" lang="und" dir="auto">A title</h2>'
        '<p class="file"><bdi>articles/a.md</bdi></p></header>'
        '<div class="text" lang="und"><p dir="auto">Text.</p></div></article>'
    )


def test_the_panel_reads_as_the_page_does_and_the_document_as_it_is_written() -> None:
    html = document_html(make_document("Text."), start=None, end=None, messages=messages_for("ar"))
    assert html.startswith('<article class="document" dir="rtl"><header><h2 class="title" lang="en" dir="auto">')
    assert '<div class="text" lang="en"><p dir="auto">Text.</p></div>' in html


@pytest.mark.parametrize(
    ("iso_date", "language", "written"),
    [
        ("2018-05-31", "en", "May 31, 2018"),
        ("2018-05-31", "fi", "31. toukokuuta 2018"),
        ("2018-05-31", "ja", "2018年5月31日"),
        ("2018-05-31", "ar", "31 مايو 2018"),
        ("2018-05-31T10:00:00+02:00", "de", "31. Mai 2018"),
        ("2018-05", "en", "2018-05"),
        ("2018", "de", "2018"),
        ("2018-02-31", "en", "2018-02-31"),
        ("soon", "en", "soon"),
    ],
)
def test_dates_are_written_as_the_reader_does_and_partial_ones_as_they_are(
    iso_date: str, language: str, written: str
) -> None:
    assert written_date(iso_date, language=language) == written


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One\n\n###### Six\n", '<h3 dir="auto">One</h3><h6 dir="auto">Six</h6>'),
        ("Title\n=====\n\nText", '<h3 dir="auto">Title</h3><p dir="auto">Text</p>'),
        ("One\ntwo\n\nthree", '<p dir="auto">One\ntwo</p><p dir="auto">three</p>'),
        (
            "- one\n* two\n\n1. three",
            '<ul dir="auto"><li dir="auto">one</li><li dir="auto">two</li>'
            '<li class="numbered" dir="auto">1. three</li></ul>',
        ),
        (
            "| a | b |\n|---|---|\n| 1 | 2 |",
            '<div class="table"><table><tr><th scope="col" dir="auto">a</th><th scope="col" dir="auto">b</th></tr>'
            '<tr><td dir="auto">1</td><td dir="auto">2</td></tr></table></div>',
        ),
        (
            "| a |\n\n| b |",
            '<div class="table"><table><tr><td dir="auto">a</td></tr></table></div>'
            '<div class="table"><table><tr><td dir="auto">b</td></tr></table></div>',
        ),
        ("> said\n> so", '<blockquote dir="auto">said\nso</blockquote>'),
        ("```py\na = **b**\n```", '<pre dir="auto"><code>a = **b**</code></pre>'),
        ("one\n\n***\n\ntwo", '<p dir="auto">one</p><hr><p dir="auto">two</p>'),
        (
            "A **b** _c_ `d` ~~e~~.",
            '<p dir="auto">A <strong>b</strong> <em>c</em> <code>d</code> <s>e</s>.</p>',
        ),
        ("one  \ntwo<br>three\\\nfour", '<p dir="auto">one<br>\ntwo<br>three<br>\nfour</p>'),
    ],
)
def test_markdown_becomes_elements(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("***a*** __b__ *c*", "a b c"),
        ('a\\*b\\* [x](https://a.example "t") ![y](z) <https://b.example>', "a*b* x y https://b.example"),
        (
            "2 * 3 * 4, snake_case_name, f(*args, **kwargs), a < b",
            "2 * 3 * 4, snake_case_name, f(*args, **kwargs), a < b",
        ),
        ("`**x** <b>` ``a`b``", "**x** <b> a`b"),
        ("[**b** `[c](d)`](e) [^1]", "b [c](d) [^1]"),
        ("- [x] done", "done"),
        ("**「引用」**は", "「引用」は"),
        ("**open\n\nnext**", "**opennext**"),
    ],
)
def test_markup_is_hidden_and_what_only_looks_like_it_is_not(text: str, read: str) -> None:
    assert Reader(render(text)).text == read


def test_a_quote_over_several_blocks_is_marked_in_each_and_the_first_piece_can_be_found() -> None:
    text = "# Head\n\nOne *two* three.\n\n- four\n- five\n"
    assert render(text, "*two* three.\n\n- fo") == (
        '<h3 dir="auto">Head</h3><p dir="auto">One <mark class="quoted" id="quoted" tabindex="-1"><em>two</em> three.'
        '</mark></p><ul dir="auto"><li dir="auto"><mark class="quoted">fo</mark>ur</li><li dir="auto">five</li></ul>'
    )


@pytest.mark.parametrize(
    "quote",
    [
        "Lahti on",
        "Lahti on kaupunki.",
        "**kaupunki**",
        "石坂産業（株）",
        "لاهتي مدينة",
        "🇫🇮🧑‍🚒",
        "e\u0301",
        "a <b> & \"c\" 'd'",
    ],
)
def test_exactly_the_quoted_characters_are_marked(quote: str) -> None:
    text = f"Lahti\n\nVorher. {quote} Nachher. {quote} Ende."
    html = render(text, quote, after=text.rindex(quote))
    read = quote.replace("**", "")
    assert Reader(html).marked == [read]
    before, _, after = html.partition("<mark")
    assert Reader(before).text == f"LahtiVorher. {read} Nachher. "
    assert after.endswith(" Ende.</p>")


TRICKY = """# A *b* #

One **two `th*ree`** [four](https://x.example "t") \\* five_six <br>
> not a quote

> a quote **of
> two** lines

| a\\|b | **c** |
| ---- | ----- |
| `d`  |       |

- [ ] e
2) f ~~g~~

~~~text
**h**
~~~
***
"""


def test_marks_of_a_quote_are_those_of_its_characters_one_by_one() -> None:
    bare = Reader(render(TRICKY)).text
    alone = []
    for at, character in enumerate(TRICKY):
        shown = Reader(render(TRICKY, character, after=at))
        is_visible = shown.text == bare and shown.marked == [character]
        assert shown.marked in ([], [character], [""])  # nothing is in the mark of a line break
        alone.append(character if is_visible else "")
    assert "".join(alone).replace("\n", "") == bare.replace("\n", "")
    for start in range(0, len(TRICKY), 3):
        for end in range(start + 1, len(TRICKY), 7):
            shown = Reader(render(TRICKY, TRICKY[start:end], after=start))
            if shown.text == bare:
                assert "".join(shown.marked) == "".join(alone[start:end])
            else:  # nothing but markup was quoted, so that is what is seen
                assert not "".join(alone[start:end])
                assert "".join(shown.marked).split() == TRICKY[start:end].replace("\n", "").split()


@pytest.mark.parametrize(
    ("text", "quote", "html"),
    [
        ("a\n\n| b |\n|---|\n| c |", "|---", '<mark class="quoted" id="quoted" tabindex="-1">|---</mark>|'),
        (
            "a [b](https://c.example) d",
            "https",
            '<p dir="auto">a [b](<mark class="quoted" id="quoted" tabindex="-1">https',
        ),
        ("a\n\n***\n\nb", "**", '<p dir="auto"><mark class="quoted" id="quoted" tabindex="-1">**</mark>*</p>'),
    ],
)
def test_a_quote_of_markup_alone_is_seen(text: str, quote: str, html: str) -> None:
    assert html in render(text, quote)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_of_an_article_is_lost_and_its_sentences_are_marked_whole(path: Path) -> None:
    document = load_file(path, source=str(path), settings=LoadingSettings())
    read = Reader(document_html(document, start=None, end=None, window=LARGEST, messages=english())).text
    letters = [character for character in document.text if character.isalnum()]
    assert [character for character in read if character.isalnum()][-len(letters) :] == letters
    for start in range(0, len(document.text) - 300, 311):
        end = start + 300
        html = document_html(document, start=start, end=end, messages=english())
        quoted = [character for character in document.text[start:end] if character.isalnum()]
        assert [character for character in marked(html) if character.isalnum()] == quoted
        assert html.count('id="quoted"') == 1


def test_a_quote_that_moved_is_marked_where_it_is_nearest() -> None:
    text = "Words. " * 3 + "The quote. " + "Words. " * 30 + "The quote. " + "Words. " * 5 + "The quote."
    document, second = make_document(text), text.index("The quote.", 60)
    for start in (second - 8, second + 8, second):
        html = document_html(document, start=start, end=start + 10, expected="The quote.", messages=english())
        before, _, after = html.partition("<mark")
        assert before.count("The quote.") == after.partition("</mark>")[2].count("The quote.") == 1
        assert english().document_changed not in html


def test_a_quote_without_offsets_is_found_by_its_characters() -> None:
    html = document_html(make_document("One. Two."), start=None, end=None, expected="Two.", messages=english())
    assert marked(html) == "Two."


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 4, "Gone."), (None, None, "Gone."), (3, 3, None), (5, 3, None), (0, 99, None), (-3, 2, None), (4, None, None)],
)
def test_a_quote_that_is_gone_is_said_to_be_and_nothing_is_marked(
    start: int | None, end: int | None, expected: str | None
) -> None:
    html = document_html(make_document("One. Two."), start=start, end=end, expected=expected, messages=english())
    assert f'<p class="notice" dir="auto">{english().document_changed}</p>' in html
    assert "<mark" not in html
    assert "One. Two." in html


def test_a_quote_in_another_language_can_be_translated_if_there_is_a_model() -> None:
    document = make_document('Se "on".', language="fi")
    offered = (
        '<div class="translate"><button type="button" class="quiet" data-action="translate" '
        'data-quote="&quot;on&quot;">Translate the quote</button></div>'
    )
    assert offered in document_html(document, start=3, end=7, can_translate=True, messages=english())
    assert "translate" not in document_html(document, start=3, end=7, messages=english())
    assert "translate" not in document_html(document, start=None, end=None, can_translate=True, messages=english())
    assert "translate" not in document_html(document, start=3, end=7, can_translate=True, messages=messages_for("fi"))


def test_missing_document_is_said_to_be_gone() -> None:
    assert missing_document_html(messages=english()) == (
        '<p class="notice" dir="auto">This document is no longer in the index.</p>'
    )


LONG = "\n\n".join(f"## Part {number}\n\n" + f"Sentence {number}. " * 20 for number in range(1500))


def buttons(html: str) -> list[tuple[int, int]]:
    reader = Reader(html)
    return [
        (int(first), int(last))
        for first, last in zip(reader.values("data-from"), reader.values("data-to"), strict=True)
    ]


def test_of_a_long_text_a_window_is_shown_that_grows_to_its_ends() -> None:
    document, start = make_document(LONG), LONG.index("Sentence 900.")

    def shown(first: int | None, last: int | None) -> str:
        return document_html(document, start=start, end=start + 13, first=first, last=last, messages=english())

    html = shown(None, None)
    assert marked(html) == "Sentence 900."
    assert '<p class="place" lang="en"><bdi>Part 900</bdi></p>' in html
    assert 19_000 < len(Reader(html).text) < 25_000  # headings lose their marks
    (first, last), (also_first, further) = buttons(html)
    assert 2 * (start - also_first) < 1.1 * 20_000
    assert last - first == 2 * (last - also_first) == further - also_first
    grown = shown(first, last)
    assert marked(grown) == "Sentence 900."
    assert len(Reader(html).text) * 1.5 < len(Reader(grown).text) < len(Reader(html).text) * 2.2
    while english().text_before in grown:
        grown = shown(*buttons(grown)[0])
        assert len(Reader(grown).text) <= LARGEST * 1.1
    assert "Sentence 0." in grown
    assert len(buttons(grown)) == 1


def test_every_part_of_a_long_text_is_reached_by_going_on() -> None:
    document, read, window = make_document(LONG), set[str](), (0, 1)
    while True:
        html = document_html(document, start=None, end=None, first=window[0], last=window[1], messages=english())
        read |= {tag.partition("</h4>")[0] for tag in html.split('<h4 dir="auto">')[1:]}
        after = [span for span in buttons(html) if span[1] > window[1]]
        if not after:
            break
        window = after[-1]
    assert read == {f"Part {number}" for number in range(1500)}


@pytest.mark.parametrize(
    ("first", "last"), [(-5, 10), (10**9, 10**9), (50, 10), (0, 10**9), (-(10**9), -1), (0, 0), (10**12, -(10**12))]
)
def test_any_window_from_a_browser_is_borne(first: int, last: int) -> None:
    html = document_html(make_document(LONG), start=None, end=None, first=first, last=last, messages=english())
    assert 1 < len(Reader(html).text) < LARGEST * 1.1


@pytest.mark.parametrize(
    "text", ["x" * 500_000, "x " * 250_000, "x\n" * 250_000, "\n" * 500_000, "```\n" + "x\n" * 250_000]
)
def test_a_text_without_blocks_is_cut_to_a_window_around_the_quote(text: str) -> None:
    html = document_html(make_document(text), start=250_000, end=250_010, messages=english())
    assert marked(html).strip() == text[250_000:250_010].strip()
    assert len(Reader(html).text) < 30_000
    assert len(buttons(html)) == 2


@pytest.mark.parametrize("fence", ["```", "~~~~", "  ```"])
def test_a_window_that_begins_inside_code_shows_code(fence: str) -> None:
    text = f"Text.\n\n{fence}py\n" + "# no heading\n\n" * 5_000 + f"{fence}\n\n" + "After *it*.\n\n" * 5_000
    start = text.index("# no heading", 50_000)
    html = document_html(make_document(text), start=start, end=start + 12, messages=english())
    assert '<pre dir="auto"><code># no heading' in html
    assert marked(html) == "# no heading"
    assert "<h" not in html.partition("</header>")[2]
    behind = text.index("After", 100_000)
    html = document_html(make_document(text), start=behind, end=behind + 5, messages=english())
    assert "<pre" not in html
    assert '<p dir="auto">After <em>it</em>.</p>' in html


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://a.example",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "https:evil.example",
        "https:///x",
        "https://",
        "https://good.example@evil.example/",
        "https://a.example/\x00x",
        "https://a.example/\u202egpj.exe",
        'https://a.example/"onmouseover="alert(1)',
        "https://a.example/ x",
        "https://a.example\\@evil.example",
        "https://[::1",
        " https://a.example",
        "https://a.example/" + "x" * 2000,
        "articles/https.md",
    ],
)
def test_what_is_no_sound_web_address_is_no_link(address: str) -> None:
    document = make_document("Text.", source=address, url=address)
    assert web_address(document) == ""
    Reader(document_html(document, start=None, end=None, messages=english())).assert_only(
        TAGS - {"a"}, ATTRIBUTES - {"href"}
    )


def test_the_address_is_the_source_or_what_the_document_states() -> None:
    assert web_address(make_document("", source="http://a.example/", url="https://b.example/")) == "http://a.example/"
    assert web_address(make_document("", url="https://例え.example/道?x=1#y")) == "https://例え.example/道?x=1#y"
    assert web_address(make_document("", url="no")) == ""
    document = Document("a.md", "", "en", "", "", metadata={"source": "https://c.example/"})
    assert web_address(document) == "https://c.example/"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_in_a_document_becomes_an_element(payload: str) -> None:
    text = "\n\n".join(
        [
            f"# {payload}",
            payload,
            f"- {payload}",
            f"| {payload} | x |",
            f"> {payload}",
            f"**{payload}**",
            f"[{payload}]({payload})",
            f"```{payload}\n{payload}\n```",
            f"`{payload}`",
            "end",
        ]
    )
    document = make_document(
        text, source=payload, title=payload, language=payload, date=payload, url=payload, source_address=payload
    )
    for start, end in ((None, None), (0, len(text)), (3, len(text) // 2), (len(text) - 3, len(text))):
        html = document_html(document, start=start, end=end, can_translate=True, messages=english())
        reader = Reader(html)
        reader.assert_only(TAGS - {"a"}, ATTRIBUTES)
        assert reader.values("id") == ([] if start is None else ["quoted"])
        assert not [action for action in reader.values("data-action") if action != "translate"]
        assert set(reader.values("class")) <= {
            "document", "title", "facts", "place", "file", "text", "table", "numbered", "quoted", "translate", "quiet",
        }  # fmt: skip
