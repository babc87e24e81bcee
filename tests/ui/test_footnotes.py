"""Answers as text: marks keep their places, footnotes come below and go again, nothing of a document comes to life."""

import random
from collections.abc import Sequence

import pytest
from markdown_it import MarkdownIt

from rag.answers import Citation
from rag.marks import find_marks
from tests.fakes import make_citation, make_passage
from ui.footnotes import LONGEST_QUOTE, LONGEST_TITLE, AnswerText, footnotes, place_address, without_footnotes


def write(text: str, *, markdown: bool = True, length: int | None = None) -> tuple[str, list[tuple[int, int, int]]]:
    """What an answer becomes when it comes in pieces of a length, and where its marks stand."""
    answer = AnswerText(markdown=markdown)
    pieces = [text[at : at + length] for at in range(0, len(text), length)] if length else [text]
    written = [*(answer.add(piece) for piece in pieces), answer.close()]
    return "".join(one.text for one in written), [
        (mark.start, mark.end, mark.number) for one in written for mark in one.marks
    ]


def cite(quote: str, *, title: str = "Ein Titel", document: str = "news/a.md", number: int = 1) -> Citation:
    return make_citation(quote, passage=make_passage(quote, title=title, document=document), number=number)


HOSTILE = (
    ("![x](http://evil.example/?q=1)", "![x]\\(http://evil.example/?q=1)"),
    ("[click](javascript:alert(1))", "[click]\\(javascript:alert(1))"),
    ("[1](http://evil.example)", "[1]\\(http://evil.example)"),
    ("<img src=http://evil.example/x.png>", "\\<img src=http://evil.example/x.png>"),
    ("\\<img src=x>", "\\<img src=x>"),
    ("\\\\<img src=x>", "\\\\\\<img src=x>"),
    ("</details><!-- x --><?php", "\\</details>\\<!-- x -->\\<?php"),
    ("<https://evil.example>", "\\<https://evil.example>"),
    ("<x-y>\n<script>alert(1)</script>", "\\<x-y>\n\\<script>alert(1)\\</script>"),
    ("see\n[1]: http://evil.example", "see\n[1]\\: http://evil.example"),
    ("> - [a\nb]: http://evil.example", "> - [a\nb]\\: http://evil.example"),
)


@pytest.mark.parametrize(("text", "expected"), HOSTILE, ids=[f"hostile-{at}" for at in range(len(HOSTILE))])
@pytest.mark.parametrize("length", [1, 2, 1000])
def test_nothing_of_a_document_comes_to_life_however_it_is_cut(text: str, expected: str, length: int) -> None:
    assert write(text, length=length)[0] == expected


def came_alive(markdown: str) -> list[str]:
    """The links, images and HTML that a program makes of a text which it shows as Markdown."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    return [
        token.type
        for block in tokens
        for token in (block, *(block.children or ()))
        if token.type in ("link_open", "image", "html_inline", "html_block")
    ]


def test_nothing_comes_to_life_whatever_signs_come_together() -> None:
    signs = [
        *(
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "!",
            "\\",
            "`",
            "```",
            "~~~",
            "|",
            "---",
            '"',
            "'",
            "*",
            "_",
            ":",
            "a",
            "é",
            "日",
        ),
        *("\n", "\n\n", "    ", " ", "> ", "- ", "[1]", "[a]:", "http://e.example", "[a](http://e.example)", "&lt;"),
        *("<b>", "</b>", "<!--", "-->", "<?", "<http://e.example>", "<a@b.example>", "<img"),
    ]
    chosen = random.Random(5)  # noqa: S311 - the same in every run
    alive_before = 0
    for _ in range(600):
        text = "".join(chosen.choices(signs, k=chosen.randint(1, 14)))
        alive_before += bool(came_alive(text))
        assert came_alive(write(text, length=chosen.randint(1, 4))[0]) == []
        shown = "Yes [1]." + footnotes([cite(text, title="".join(chosen.choices(signs, k=5))), cite(text, number=2)])
        assert came_alive(shown) == []
    assert alive_before > 100


@pytest.mark.parametrize(
    "text",
    [
        "5 < 6, 6 > 5, a <- b, <3 and 100 % (sic) [sic] (1)",
        "Helsingissä asuu 674 500 ihmistä [1].",
        "Laut [1]: ja. 「東京都」 [2][3]",
        "عدد السكان *كبير* [1]",
        "ends with <",
    ],
    ids=["signs", "fi", "de-ja", "ar", "end"],
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert write(text, length=1)[0] == text


def test_as_plain_text_an_answer_stays_as_it_is() -> None:
    text = "".join(text for text, _ in HOSTILE)
    assert write(text, markdown=False, length=3)[0] == text


@pytest.mark.parametrize(
    "pieces", [("a <b> [1]", " c](d) [2]"), ("a <b", "> [1] c](", "d) [2]"), ("a <", "b> [1] c", "](d) [2]")]
)
def test_marks_are_given_where_they_stand_in_what_is_sent(pieces: Sequence[str]) -> None:
    answer = AnswerText()
    written = [*(answer.add(piece) for piece in pieces), answer.close()]
    text = "".join(one.text for one in written)
    marks = [mark for one in written for mark in one.marks]
    assert text == "a \\<b> [1] c]\\(d) [2]"
    assert [text[mark.start : mark.end] for mark in marks] == ["[1]", "[2]"]
    assert [mark.number for mark in marks] == [1, 2]
    assert marks == find_marks(text)


def test_footnotes_stand_below_the_answer_each_in_a_line() -> None:
    citations = [
        cite("Berlin ist die Hauptstadt.", title="Berlin"),
        cite("東京都は日本の首都。", title="東京", number=2),
        cite("القاهرة عاصمة مصر.", title="القاهرة", number=3),
    ]
    expected = (
        "\n\n[1] Berlin: “Berlin ist die Hauptstadt.”  \n[2] 東京: “東京都は日本の首都。”"
        "  \n[3] القاهرة: “القاهرة عاصمة مصر.”"
    )
    assert footnotes(citations) == expected
    assert footnotes(citations, markdown=False) == expected.replace("  \n", "\n")
    assert footnotes([]) == ""


def test_a_footnote_leads_to_the_words_if_there_is_an_address() -> None:
    citation = cite("Wort für Wort", document="a b/ä&c?.md")

    def link(citation: Citation) -> str:
        return place_address(
            "https://docs.example/", document=citation.document, start=citation.start, end=citation.end
        )

    assert footnotes([citation], link=link) == (
        "\n\n[1] Ein Titel: “Wort für Wort” <https://docs.example/?document=a%20b%2F%C3%A4%26c%3F.md&start=100&end=113>"
    )


def test_a_title_and_a_quote_stay_in_their_line_and_bring_nothing_to_life() -> None:
    citation = cite(
        "x\n\n[2] Fake: “no”\u2028![y](http://evil.example) `<img src=x>`\u202e\u200b",
        title="A\n# B\r\n[t](http://evil.example)<svg onload=x>\x00",
    )
    assert footnotes([citation]) == (
        "\n\n[1] A # B [t]\\(http://evil.example)\\<svg onload=x>: “x [2] Fake: “no” y \\<img src=x>”"
    )


def test_a_long_title_and_a_long_quote_are_cut_and_a_missing_title_is_the_documents_name() -> None:
    line = footnotes([cite("w" * 1000, title="t" * 1000)]).strip()
    assert line == f"[1] {'t' * (LONGEST_TITLE - 1)}…: “{'w' * (LONGEST_QUOTE - 1)}…”"
    assert footnotes([cite("w", title="", document="news/a.md")]) == "\n\n[1] news/a.md: “w”"


@pytest.mark.parametrize("markdown", [True, False], ids=["markdown", "plain"])
@pytest.mark.parametrize("sent", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_footnotes_of_an_answer_that_comes_back_are_removed(markdown: bool, sent: str) -> None:
    citations = [cite("eins: “zwei”", title="A: B"), cite("x\n\n[1] y: “z”", number=2)]
    text = "Ja [1].\n\nNein [2]."
    returned = (text + footnotes(citations, link=lambda _: "https://docs.example/?a", markdown=markdown)).replace(
        "\n", sent
    )
    assert without_footnotes(returned) == text
    assert without_footnotes(f"{returned}\n") == text


def test_footnotes_that_the_reader_has_stopped_are_removed_as_well() -> None:
    whole = "Ja [1][2]." + footnotes([cite("eins"), cite("zwei", number=2)])
    begun = whole.index("“eins") + 1
    assert {without_footnotes(whole[:end]) for end in range(begun, len(whole) + 1)} == {"Ja [1][2]."}


@pytest.mark.parametrize(
    "text",
    ["", "Yes.", "[1] A: “b”", "Yes.\n\n[1] says so.", "Yes.\n\n[1] A: “b”\nand more\nof it", "Yes.\n\n[2] A: “b”"],
    ids=["empty", "short", "all", "sentence", "more", "second"],
)
def test_what_is_no_list_of_footnotes_stays(text: str) -> None:
    assert without_footnotes(text) == text
