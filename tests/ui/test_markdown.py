"""An answer as Markdown: footnotes and emphasis are Markdown, and all else reads as the plain text it was."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from rag.answers import Answer, Citation, Problem, Statement
from rag.prompts import phrases
from tests.fakes import make_citation, make_passage
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.markdown import answer_markdown
from ui.messages import english, messages_for

GERMAN = make_passage(
    "Mehr als 620\njapanische Unternehmen.", title="NRW und Japan", language="de", document="seeds/de/nrw.md"
)
ANSWER = Answer(
    "Kuinka monta?",
    "fi",
    "Yli 620 [1].\n\nNiin on [1][2].",
    True,
    citations=(
        make_citation("Mehr als 620\njapanische Unternehmen.", passage=GERMAN),
        make_citation("620", passage=GERMAN, number=2),
    ),
    passages=(GERMAN,),
    emphasis=((4, 7),),
)


def rendered(markdown: str) -> Reader:
    """What a program makes of Markdown that lets HTML pass, and has tables."""
    return Reader(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


def as_answer(text: str) -> Answer:
    return replace(ANSWER, text=text, citations=(), emphasis=())


def test_footnotes_stand_below_the_text() -> None:
    assert answer_markdown(ANSWER, messages=english()) == (
        "Yli **620** [^1].\n\nNiin on [^1][^2].\n\n"
        "[^1]: “Mehr als 620 japanische Unternehmen.” — NRW und Japan, German (seeds/de/nrw.md)\n"
        "[^2]: “620” — NRW und Japan, German (seeds/de/nrw.md)\n"
    )


def test_languages_are_named_for_the_reader_and_one_that_is_not_known_is_left_out() -> None:
    assert "— NRW und Japan, saksa (seeds/de/nrw.md)" in answer_markdown(ANSWER, messages=messages_for("fi"))
    unknown = replace(ANSWER, citations=(replace(ANSWER.citations[0], language="und"),))
    assert "— NRW und Japan (seeds/de/nrw.md)" in answer_markdown(unknown, messages=english())


def test_titles_lead_to_their_place_if_there_is_an_address() -> None:
    def link(citation: Citation) -> str:
        return f"https://a.example/?document={citation.document}&start={citation.start} (x)<y>"

    markdown = answer_markdown(replace(ANSWER, citations=ANSWER.citations[1:]), messages=english(), link=link)
    assert (
        "— [NRW und Japan](https://a.example/?document=seeds/de/nrw.md&start=109%20%28x%29%3Cy%3E), German" in markdown
    )


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "/relative", " https://a.example"])
def test_an_address_that_is_not_of_the_web_is_left_out(address: str) -> None:
    markdown = answer_markdown(ANSWER, messages=english(), link=lambda _: address)
    assert markdown == answer_markdown(ANSWER, messages=english())


def test_an_answer_that_was_not_found_is_its_sentence() -> None:
    assert answer_markdown(Answer("?", "en", "Not in your documents [1].", False), messages=english()) == (
        "Not in your documents \\[1\\].\n"
    )


def test_what_is_to_be_doubted_is_said() -> None:
    answer = Answer(
        "?",
        "en",
        "Yes *so*. No.",
        True,
        model="test-model",
        notice="The model broke off.",
        statements=(Statement(0, 9), Statement(10, 13, problem=Problem.UNCITED)),
    )
    supported = phrases("en").supported.format(supported=1, total=2)
    assert answer_markdown(answer, messages=english()) == (
        f"Yes \\*so\\*. No.\n\n*The model broke off.*\n\n*{supported}*\n\n- {phrases('en').unsupported}: No.\n"
    )


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("One\ntwo", "One  \ntwo"),
        ("One\n\n\n two ", "One\n\ntwo"),
        ("# One\n- two\n+ three", "\\# One  \n\\- two  \n\\+ three"),
        ("1. four\n2) five\n> six", "1\\. four  \n2\\) five  \n\\> six"),
        ("One\n===\ntwo\n---\n: three", "One  \n\\===  \ntwo  \n\\---  \n\\: three"),
        ("* a\n    code\n\ttab", "\\* a  \ncode  \ntab"),
        ("2 - 1 = 1. See #3: 5 + 5.", "2 - 1 = 1. See #3: 5 + 5."),
        ("a_b `c` ~~d~~ <e>", "a\\_b \\`c\\` \\~\\~d\\~\\~ \\<e\\>"),
        ("[f](g) ![h](i) \\ | $5 {x}", "\\[f\\](g) !\\[h\\](i) \\\\ \\| \\$5 \\{x\\}"),
        ("&lt;b&gt; & &copy;", "\\&lt;b\\&gt; \\& \\&copy;"),
        ("See https://a.example/b_c?d=[1].", "See `https://a.example/b_c?d=[1]`."),
        ("Or www.b.example, a@b.example!", "Or `www.b.example`, `a@b.example`!"),
        ("詳しくはhttps://a.example/bを見て", "詳しくは`https://a.example/b`を見て"),
        ("a\x00b\u202ec\rd\u2028# e", "abcd  \n\\# e"),
    ],
)  # fmt: skip
def test_what_reads_as_markdown_is_escaped(text: str, markdown: str) -> None:
    assert answer_markdown(as_answer(text), messages=english()) == f"{markdown}\n"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("[1]: https://evil.example", "[^1]\\: `https://evil.example`"),
        ("[1](javascript:x)", "[^1]\\(javascript:x)"),
        ("[1][x]", "[^1]\\[x\\]"),
        ("row [9], `a[1]` [2]", "row \\[9\\], \\`a\\[1\\]\\` [^2]"),
    ],
)
def test_only_marks_with_a_citation_become_footnotes_and_nothing_joins_them(text: str, markdown: str) -> None:
    answer = replace(ANSWER, text=text, emphasis=())
    assert answer_markdown(answer, messages=english()).partition("\n")[0] == markdown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_becomes_markup(payload: str) -> None:
    text = f"{payload}\n{payload}\n\n{payload} x[1] {payload}\n\n[1]{payload}\n\n    {payload}"
    citations = (replace(ANSWER.citations[0], title=payload, document=payload, quote=payload),)
    doubted = (Statement(0, len(payload), problem=Problem.UNCITED),)
    answer = Answer("?", "en", text, True, citations, (GERMAN,), "model", payload, statements=doubted)
    markdown = answer_markdown(answer, messages=english())
    read = rendered(markdown)
    assert set(read.tags) <= {"p", "br", "em", "code", "ul", "li"}
    assert all(not attributes for _, attributes in read.elements)
    # Footnotes are all that is left of brackets, and no address stands where a program would make a link of it.
    without_code = re.sub(r"`[^`]*`", "", re.sub(r"\\.", "", markdown))
    assert set(re.findall(r"\[[^\]]*\]:?", without_code)) == {"[^1]", "[^1]:"}
    assert not re.search(r"://|www\.|\S@\S", without_code)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_text_reads_as_it_was(payload: str) -> None:
    read = rendered(answer_markdown(as_answer(payload), messages=english())).text
    expected = re.sub("[\x00\x1b\u202e\u202c]", "", payload)
    assert read.split() == expected.split()
