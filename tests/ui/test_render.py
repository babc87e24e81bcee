"""Rendering: exact HTML, quotes marked to the character, and nothing hostile gets through."""

from dataclasses import replace
from typing import Literal
from urllib.parse import parse_qs

import pytest

from rag.answers import Answer, Citation, Passage, Problem, Statement
from rag.examples import Example
from rag.prompts import phrases
from tests.fakes import make_citation, make_passage
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.messages import all_messages, english, messages_for
from ui.render import (
    actions_html,
    answer_html,
    marked_text_html,
    masthead_html,
    partial_answer_html,
    sentence_html,
    sources_html,
    suggestions_html,
    translation_html,
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

HOSTILE = (*PAYLOADS, "</blockquote></section><h1>fake</h1>", "</mark><mark id='turn-1-quote-1'>fake quote</mark>")
TAGS = {"a", "article", "blockquote", "br", "button", "div", "h1", "h2", "h3", "h4", "header", "li", "mark", "p"} | {
    "section", "span", "strong", "sup", "ul",
}  # fmt: skip
ATTRIBUTES = {"aria-busy", "aria-label", "aria-pressed", "class", "data-action", "data-document"} | {
    "data-end", "data-ends", "data-exchange", "data-footnote", "data-footnotes", "data-mark", "data-markdown",
    "data-question", "data-quote", "data-start", "data-title", "dir", "href", "id", "lang", "role", "tabindex", "title",
    "type",
}  # fmt: skip


def test_mark_becomes_superscript_link_to_its_quote() -> None:
    assert answer_html(FINNISH_ANSWER, anchor="turn-1", messages=english()) == (
        '<div class="answer-text" lang="fi"><p dir="auto">Yli 620<sup class="footnote"><a id="turn-1-mark-1" '
        'href="?document=seeds%2Fde%2Fnrw.md&amp;start=100&amp;end=135" data-document="seeds/de/nrw.md" '
        'data-start="100" data-end="135" data-quote="Mehr als 620 japanische Unternehmen" data-footnote="1" '
        'data-title="Nordrhein-Westfalen und Japan" aria-label="Footnote 1: Nordrhein-Westfalen und Japan">1</a></sup>.'
        "</p></div>"
    )


@pytest.mark.parametrize(
    "document", ["a b&c=d#e?f.md", "索引/ä.md", "https://example.org/?a=1&b=2", "../../x", '"><b>']
)
def test_address_of_a_place_brings_it_back(document: str) -> None:
    passage = make_passage("One two.", start=7, document=document)
    answer = replace(FINNISH_ANSWER, citations=(make_citation("two", passage=passage),), passages=(passage,))
    marks, titles = (
        Reader(html).values("href")
        for html in (answer_html(answer, messages=english()), sources_html(answer, messages=english()))
    )
    place = {"document": [document], "start": ["11"], "end": ["14"]}
    assert [parse_qs(address.removeprefix("?")) for address in (*marks, titles[1])] == [place, place]
    assert marks[0].startswith("?")


@pytest.mark.parametrize("code", ["`row[1]`", "```\nrow[1]\n```", "https://a.example/?row[1]=2"])
def test_brackets_in_code_and_addresses_are_no_footnote(code: str) -> None:
    shown = code.replace("\n", "<br>")
    html = answer_html(replace(FINNISH_ANSWER, text=f"{code}\n\nYli 620 [1]."), anchor="t", messages=english())
    assert html.startswith(f'<div class="answer-text" lang="fi"><p dir="auto">{shown}</p><p dir="auto">Yli 620<sup')
    assert html.count("<sup") == 1
    streamed = partial_answer_html(f"{code}\nYli 620 [1].", citation_count=1)
    assert streamed.startswith(f'<div class="answer-text"><p dir="auto">{shown}<br>Yli 620<sup')
    assert streamed.count("<sup") == 1


def test_code_that_goes_on_over_paragraphs_and_statements_stays_code() -> None:
    text = "```\na[1]\n\nb[1]\n```\nYli 620 [1]."
    statements = (Statement(text.index("b[1]"), text.index("b[1]") + 4, problem=Problem.UNCITED),)
    html = answer_html(replace(FINNISH_ANSWER, text=text, statements=statements), anchor="t", messages=english())
    assert ">b[1]</span>" in html
    assert html.count("<sup") == 1


def test_footnote_is_announced_in_the_language_of_the_page() -> None:
    html = answer_html(FINNISH_ANSWER, messages=messages_for("ja"))
    assert Reader(html).values("aria-label") == ["脚注1：Nordrhein-Westfalen und Japan"]


def test_paragraphs_and_line_breaks_are_kept() -> None:
    answer = replace(FINNISH_ANSWER, text="Yksi.\nKaksi.\n\n \n\nKolme.", citations=())
    assert answer_html(answer, messages=english()) == (
        '<div class="answer-text" lang="fi"><p dir="auto">Yksi.<br>Kaksi.</p><p dir="auto">Kolme.</p></div>'
    )


def test_a_quote_over_several_lines_is_handed_on_to_the_character() -> None:
    quote = "Ensimmäinen\nrivi\n\nja <toinen>"
    passage = make_passage(f"{quote}.", title="Two\nlines")
    answer = replace(FINNISH_ANSWER, citations=(make_citation(quote, passage=passage),), passages=(passage,))
    read = Reader(answer_html(answer, messages=english()))
    assert (read.values("data-quote"), read.values("data-title")) == ([quote], ["Two\nlines"])
    assert Reader(sources_html(answer, messages=english())).values("data-quote") == [quote]


def test_only_the_first_of_equal_marks_carries_the_id() -> None:
    html = answer_html(replace(FINNISH_ANSWER, text="A [1]. B [1]."), anchor="t", messages=english())
    assert html.count('id="t-mark-1"') == 1
    assert html.count('data-footnote="1"') == 2


def test_neighbouring_marks_are_separate_links() -> None:
    second = make_citation("NRW", passage=GERMAN, number=2)
    html = answer_html(replace(FINNISH_ANSWER, text="A [1][2].", citations=(QUOTE, second)), messages=english())
    assert Reader(html).text == "A12."
    assert html.count("<sup") == 2


@pytest.mark.parametrize("text", ["See [7].", "In [2020].", "a[0]", "[x] [] [1", "[-1]"])
def test_number_in_brackets_without_citation_stays_text(text: str) -> None:
    answer = replace(FINNISH_ANSWER, text=text, citations=())
    assert (
        answer_html(answer, messages=english()) == f'<div class="answer-text" lang="fi"><p dir="auto">{text}</p></div>'
    )


def test_notice_follows_the_answer() -> None:
    html = answer_html(replace(FINNISH_ANSWER, text="Ei.", notice="Malli <ei> vastannut."), messages=english())
    assert html.endswith('</div><p class="notice" dir="auto">Malli &lt;ei&gt; vastannut.</p>')


def test_partial_text_shows_the_marks_whose_citations_are_known() -> None:
    assert partial_answer_html("Yli 620 [2] ja [9]. <b>", citation_count=2) == (
        '<div class="answer-text"><p dir="auto">Yli 620<sup class="footnote"><span>2</span></sup> ja [9]. '
        "&lt;b&gt;</p></div>"
    )


def test_an_unsupported_statement_is_marked_and_counted() -> None:
    text = "Yli 620 [1]. Ja 900 <b> muuta."
    statements = (Statement(0, 12, (1,)), Statement(13, len(text), (), Problem.FACT_MISSING, ("900",)))
    html = answer_html(replace(FINNISH_ANSWER, text=text, statements=statements, model="m"), messages=english())
    said = phrases("fi")
    assert f'<span class="unsupported" title="{said.unsupported}">Ja 900 &lt;b&gt; muuta.</span></p>' in html
    assert html.count("unsupported") == 1
    assert html.endswith(f'<p class="notice" dir="auto">{said.supported.format(supported=1, total=2)}</p>')


def test_what_was_asked_for_is_bold() -> None:
    answer = replace(FINNISH_ANSWER, text="Sanotaan:\n\n„Yli 620“ [1]", emphasis=((16, 19),))
    assert '<p dir="auto">„Yli <strong>620</strong>“<sup' in answer_html(answer, messages=english())


def test_spans_outside_of_the_text_change_nothing() -> None:
    answer = replace(FINNISH_ANSWER, emphasis=((2, 99), (5, 5)))
    assert answer_html(answer, messages=english()) == answer_html(FINNISH_ANSWER, messages=english())


def test_source_shows_number_title_language_heading_and_marked_passage() -> None:
    assert sources_html(FINNISH_ANSWER, anchor="turn-1", messages=messages_for("fi")) == (
        '<h3 class="label">Lähteet</h3><section class="source"><header><div class="numbers">'
        '<a class="number" href="#turn-1-mark-1" data-mark="1" aria-label="Takaisin vastauksen alaviitteeseen 1">1</a>'
        '</div><div class="origin"><h4 class="title" lang="de" dir="auto" title="seeds/de/nrw.md">'
        '<a href="?document=seeds%2Fde%2Fnrw.md&amp;start=100&amp;end=135" data-document="seeds/de/nrw.md" '
        'data-start="100" data-end="135" data-quote="Mehr als 620 japanische Unternehmen">'
        'Nordrhein-Westfalen und Japan</a></h4><p class="place"><span class="language">saksa</span> · '
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
    html = sources_html(replace(FINNISH_ANSWER, citations=citations, passages=(other, GERMAN)), messages=english())
    assert html.count("<section") == 2
    assert html.index("Nordrhein-Westfalen und Japan") < html.index("Other")
    assert Reader(html).marked == ["620", "NRW", "Second"]


def test_passage_that_is_not_cited_is_not_a_source() -> None:
    other = make_passage("Unrelated.", number=1)
    assert "Unrelated" not in sources_html(replace(FINNISH_ANSWER, passages=(other, GERMAN)), messages=english())


def test_nearest_passages_are_offered_without_marks_when_nothing_was_found() -> None:
    passages = tuple(make_passage(f"Text {number}.", number=number) for number in range(1, 6))
    answer = Answer("q", "en", "Not in the documents.", answered=False, passages=passages)
    html = sources_html(answer, messages=english())
    assert html.startswith(
        '<h3 class="label">Nearest passages</h3><p class="hint">They do not answer the question; they only come '
        'closest to it.</p><section class="source nearest"><header><div class="origin">'
    )
    assert html.count('<section class="source nearest">') == 3
    assert Reader(html).values("data-quote") == ["Text 1.", "Text 2.", "Text 3."]  # each opens its document there
    assert "<mark" not in html
    assert 'class="number' not in html


@pytest.mark.parametrize("answered", [True, False])
def test_nothing_is_shown_beside_an_answer_without_passages(answered: bool) -> None:
    assert sources_html(Answer("q", "en", "Hello.", answered=answered), messages=english()) == ""


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
    assert (read.marked, read.text) == ([quote], text)


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
    said, sources = answer_html(answer, anchor="turn-1", messages=english()), sources_html(answer, messages=english())
    for shown in (
        turn_html(payload, answer=said, sources=sources, messages=english()),
        turn_html(
            payload,
            answer=partial_answer_html(payload, citation_count=1),
            sources=sources_html(nearest, messages=english()),
            messages=english(),
        ),
    ):
        read = Reader(shown)
        read.assert_only(TAGS, ATTRIBUTES)
        places = {"?document=", "#answer-mark-1"}
        assert {value[: value.find("=") + 1] or value for value in read.values("href")} <= places
        assert set(read.values("data-document")) | set(read.values("data-quote")) <= {payload, passage.text}
        assert payload in read.text
    assert Reader(sources).marked == [payload]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_around_answers_stays_text(payload: str) -> None:
    for shown in (
        actions_html(payload, exchange_id=payload, rating=payload, can_repeat=True, messages=english()),
        suggestions_html([payload], messages=english()),
        translation_html(payload, payload, messages=english()),
        sentence_html(payload, kind="failed"),
        welcome_html(1, [Example(payload, payload, payload)], messages=english()),
    ):
        read = Reader(shown)
        read.assert_only(TAGS, ATTRIBUTES)
        held = (*(value for name in ("data-exchange", "data-question") for value in read.values(name)), read.text)
        assert payload in "".join(held)


@pytest.mark.parametrize("language", sorted(all_messages()))
def test_what_surrounds_answers_is_well_formed_in_every_language(language: str) -> None:
    messages = messages_for(language)
    for shown in (
        masthead_html(3, messages=messages),
        welcome_html(3, [Example("fi", "Kuka?", "a.md")], messages=messages),
        actions_html("*A*", exchange_id="x", rating="", can_repeat=True, messages=messages),
        suggestions_html(["Kuka?"], messages=messages),
        translation_html("Kuka?", "誰？", messages=messages),
        turn_html("Kuka?", answer="A", messages=messages),
    ):
        read = Reader(shown)
        read.assert_only(TAGS, ATTRIBUTES)
        assert set(read.values("dir")) <= {messages.direction, "auto"}


def test_turn_puts_the_question_above_the_answer_and_its_sources() -> None:
    assert turn_html(
        "Kuka & miksi?", answer="A", actions="C", sources="S", why="W", busy=True, messages=messages_for("ar")
    ) == (
        '<article class="turn" dir="rtl"><h2 class="question" dir="auto">Kuka &amp; miksi?</h2><div class="said">'
        '<div class="answer" aria-busy="true">A</div>C</div>'
        '<section class="sources" aria-label="المصادر">S</section>W</article>'
    )


def action(name: str, label: str, attributes: str = "") -> str:
    return (
        f'<button type="button" class="action {name}" data-action="{name}" title="{label}"{attributes}>'
        f'<span class="hidden">{label}</span></button>'
    )


@pytest.mark.parametrize(("rating", "good", "bad"), [("", "false", "false"), ("good", "true", "false")])
def test_an_answer_can_be_copied_rated_and_the_last_one_asked_again(rating: str, good: str, bad: str) -> None:
    html = actions_html('Yli "620".', exchange_id="ab1", rating=rating, can_repeat=True, messages=english())
    assert html == (
        '<div class="actions" role="group" data-exchange="ab1">'
        + action("copy", "Copy with footnotes", ' data-markdown="Yli &quot;620&quot;."')
        + action("good", "Good answer", f' aria-pressed="{good}"')
        + action("bad", "Bad answer", f' aria-pressed="{bad}"')
        + action("repeat", "Answer again")
        + action("edit", "Edit the question")
        + "</div>"
    )


@pytest.mark.parametrize(
    ("markdown", "can_repeat", "actions"),
    [
        ("A.", True, ["copy", "good", "bad", "repeat", "edit"]),
        ("A.", False, ["copy", "good", "bad"]),
        ("", True, ["repeat", "edit"]),
        ("", False, []),
    ],
)
def test_what_can_be_done_depends_on_what_is_there(markdown: str, can_repeat: bool, actions: list[str]) -> None:
    html = actions_html(markdown, exchange_id="x", rating="bad", can_repeat=can_repeat, messages=english())
    assert Reader(html).values("data-action") == actions
    assert Reader(html).values("aria-pressed") == (["false", "true"] if markdown else [])


def test_suggestions_are_questions_to_press() -> None:
    assert suggestions_html(["Kuka & miksi?", "誰ですか？"], messages=messages_for("fi")) == (
        '<section class="suggestions" dir="ltr"><h3 class="label">Voisit kysyä myös</h3><ul>'
        '<li><button type="button" data-question="Kuka &amp; miksi?" dir="auto">Kuka &amp; miksi?</button></li>'
        '<li><button type="button" data-question="誰ですか？" dir="auto">誰ですか？</button></li></ul></section>'
    )


def test_a_translation_stands_below_its_quote_and_is_named_as_one() -> None:
    assert translation_html("Mehr als <620>", "Yli <620>", messages=messages_for("fi")) == (
        '<p class="label">Alkuperäinen</p><blockquote dir="auto">Mehr als &lt;620&gt;</blockquote>'
        '<p class="label">Kielimallin kääntämä</p>'
        '<blockquote class="translation" lang="fi" dir="auto">Yli &lt;620&gt;</blockquote>'
    )


def test_no_suggestions_show_nothing() -> None:
    assert suggestions_html([], messages=english()) == ""


def test_failure_is_announced() -> None:
    assert sentence_html("No <answer>.", kind="failed") == (
        '<p class="failed" role="alert" dir="auto">No &lt;answer&gt;.</p>'
    )


@pytest.mark.parametrize("kind", ["notice", "waiting"])
def test_other_sentences_are_not(kind: Literal["notice", "waiting"]) -> None:
    assert sentence_html("A & b.", kind=kind) == f'<p class="{kind}" dir="auto">A &amp; b.</p>'


def test_masthead_leads_to_the_conversations_and_to_the_documents() -> None:
    assert masthead_html(3, messages=messages_for("ar")) == (
        '<header class="masthead" dir="rtl"><button type="button" class="menu" data-action="menu" '
        'aria-label="القائمة" title="القائمة"></button><span class="name">Footnote</span>'
        '<button type="button" class="count" data-action="documents">المستندات: 3</button></header>'
    )


def test_welcome_offers_each_example_in_its_own_language() -> None:
    html = welcome_html(1, [Example("fi", "Kuka <b>?", "a.md")], messages=english())
    assert html == (
        '<div class="welcome" dir="ltr"><h1 class="title">Ask your documents</h1><p class="lead">Ask in any language. '
        'Every footnote in an answer leads to the exact words it rests on.</p><h2 class="label">For example</h2>'
        '<ul class="examples"><li><button type="button" class="example" data-question="Kuka &lt;b&gt;?">'
        '<span class="language">Finnish</span><span class="text" lang="fi" dir="auto">Kuka &lt;b&gt;?</span>'
        "</button></li></ul></div>"
    )


def test_welcome_without_documents_offers_no_questions() -> None:
    assert welcome_html(0, [Example("fi", "Kuka?", "a.md")], messages=english()) == (
        '<div class="welcome" dir="ltr"><h1 class="title">Ask your documents</h1>'
        '<p class="lead">No documents are indexed yet.</p></div>'
    )
