"""Why an answer is as it is: what was searched for, what was found, how long it took."""

from dataclasses import replace

import pytest

from rag.answers import Answer
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.explanation_html import CANDIDATES_SHOWN, explanation_html, preview
from ui.messages import english, messages_for

TAGS = {"bdi", "caption", "dd", "details", "div", "dl", "dt", "h4", "p", "span", "summary", "table", "tbody", "td"} | {
    "th", "thead", "tr",
}  # fmt: skip
ATTRIBUTES = {"class", "data-label", "dir", "role", "scope", "title"}

SHOWN = Candidate("seeds/fi/lahti.md", 0, 9, "Se on\nSuomessa.", Place(2, 0.512), None, Place(1, 0.754), Fate.SHOWN, 3)
SAME = Candidate("b.md", 0, 4, "Sama", None, Place(1, 12.25), Place(2, 0.5), Fate.SAME, same_as="x")
ANSWER = Answer(
    "Wo?",
    "de",
    "Da.",
    True,
    timings={"rewriting": 0.0004, "retrieval": 0.0126, "model": 1.5, "unheard-of": 1.0, "total": 2.5},
    explanation=Explanation("Wo liegt Lahti?", "Wo? Was?", 0.75, (SHOWN, SAME), {"dense": 0.1}),
)


def explained(*candidates: Candidate) -> Answer:
    assert ANSWER.explanation is not None
    return replace(ANSWER, explanation=replace(ANSWER.explanation, candidates=candidates))


def test_all_that_led_to_an_answer_is_told() -> None:
    assert explanation_html(ANSWER, messages=english()) == (
        '<details class="why" dir="ltr"><summary>Why this answer</summary><dl class="searched"><dt>Searched for</dt>'
        '<dd dir="auto">Wo liegt Lahti?</dd><dt>Searched for as well, because of the questions before</dt>'
        '<dd dir="auto">Wo? Was?</dd></dl><div class="scroll"><table role="table">'
        "<caption>Places looked at: 2</caption>"
        '<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Document</th>'
        '<th scope="col" role="columnheader">By meaning</th><th scope="col" role="columnheader">By words</th>'
        '<th scope="col" role="columnheader">Certainty</th>'
        '<th scope="col" role="columnheader">What became of it</th></tr></thead><tbody role="rowgroup">'
        '<tr role="row"><th scope="row" role="rowheader" data-label="Document">'
        '<span class="file" title="seeds/fi/lahti.md"><bdi>lahti.md</bdi></span>'
        '<span class="preview" dir="auto">Se on Suomessa.</span></th><td role="cell" data-label="By meaning">2 (0.51)'
        '</td><td role="cell" data-label="By words">–</td><td role="cell" data-label="Certainty">75%</td>'
        '<td role="cell" data-label="What became of it">In passage 3</td></tr>'
        '<tr role="row"><th scope="row" role="rowheader" data-label="Document">'
        '<span class="file" title="b.md"><bdi>b.md</bdi></span><span class="preview" dir="auto">Sama</span></th>'
        '<td role="cell" data-label="By meaning">–</td><td role="cell" data-label="By words">1 (12.25)</td>'
        '<td role="cell" data-label="Certainty">50%</td>'
        '<td role="cell" data-label="What became of it">Says the same as a better one</td></tr></tbody></table></div>'
        '<h4 class="label">Times</h4><dl class="times"><dt>Understanding the question</dt><dd>0 ms</dd>'
        "<dt>Searching</dt><dd>13 ms</dd><dt>Writing</dt><dd>1,500 ms</dd></dl></details>"
    )


def test_an_answer_without_explanation_shows_nothing() -> None:
    assert explanation_html(replace(ANSWER, explanation=None), messages=english()) == ""


def test_a_question_that_was_searched_as_asked_is_not_repeated() -> None:
    plain = Answer("Wo?", "de", "Da.", True, explanation=Explanation("Wo?", "", 0.0, (), {}))
    assert explanation_html(plain, messages=english()) == (
        '<details class="why" dir="ltr"><summary>Why this answer</summary></details>'
    )


@pytest.mark.parametrize(
    ("fate", "said"),
    [(Fate.SURPLUS, "Enough better ones were found"), (Fate.OUTRANKED, "Not looked at more closely")],
)
def test_what_became_of_a_candidate_is_a_sentence(fate: Fate, said: str) -> None:
    html = explanation_html(explained(replace(SHOWN, fate=fate, passage=None, ranked=None)), messages=english())
    assert f'<td role="cell" data-label="Certainty">–</td><td role="cell" data-label="What became of it">{said}' in html


def test_of_many_candidates_the_first_are_shown_and_the_others_counted() -> None:
    html = explanation_html(explained(*[SHOWN] * (CANDIDATES_SHOWN + 5)), messages=english())
    assert html.count("<tr") == 1 + CANDIDATES_SHOWN
    assert "Places looked at: 17" in html
    assert '<p class="hint">And 5 more</p>' in html
    assert "hint" not in explanation_html(explained(*[SHOWN] * CANDIDATES_SHOWN), messages=english())


def test_numbers_are_written_as_the_reader_does() -> None:
    text = Reader(explanation_html(ANSWER, messages=messages_for("de"))).text
    assert "2 (0,51)" in text
    assert "75\u00a0%" in text
    assert "1.500\u00a0ms" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One\n two.", "One two."),
        ("x" * 160, "x" * 160),
        ("x" * 161, "x" * 159 + "…"),
        ("word " * 32 + "end", "word " * 30 + "word…"),
        ("あ" * 100 + " " + "い" * 200, "あ" * 100 + "…"),
        ("あ" * 20 + " " + "い" * 200, "あ" * 20 + " " + "い" * 138 + "…"),
        ("a" + " " * 10_000 + "b", "a…"),
    ],
)
def test_a_preview_is_short_and_ends_with_a_word(text: str, shown: str) -> None:
    assert preview(text) == shown
    assert len(shown) <= 160


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_in_an_explanation_becomes_an_element(payload: str) -> None:
    candidate = replace(SHOWN, document=payload, text=payload, same_as=payload)
    answer = replace(
        explained(candidate, replace(candidate, document=f"{payload}/")),
        timings={payload: 1.0},
        explanation=Explanation(payload, payload, 0.5, (candidate,), {payload: 1.0}),
    )
    reader = Reader(explanation_html(answer, messages=english()))
    reader.assert_only(TAGS, ATTRIBUTES)
    assert reader.values("title") == [payload]
