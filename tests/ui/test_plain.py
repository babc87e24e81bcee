"""Plain text: readable, and never in command of the terminal."""

import unicodedata
from dataclasses import replace

import pytest

from index.catalog import DocumentRecord
from index.documents import Chunk, ScoredChunk
from rag.answers import Answer, Problem, Statement
from rag.evaluation import METRICS, Evaluation, Pair
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.fakes import make_citation, make_passage
from ui.plain import (
    documents_plain,
    evaluation_plain,
    explanation_plain,
    one_line,
    printable,
    remarks_plain,
    search_plain,
)

# Clears the screen, sets the window's title, rings, goes back, turns letters around; with the eight-bit forms of these.
HOSTILE = "a\x1b[2J\x1b]0;owned\x07\x08\r\x9b31m\x85\x7f\u202eb\u2066\x00c"
PASSAGE = make_passage("Se on Suomessa. Muuta.", title="Lahti", language="fi", document="lahti.md")
RECORD = DocumentRecord("lahti.md", "indexed", None, "Lahti", "fi", None, "abc", chunks=3, changed_at="T")


def hostile_characters(text: str) -> list[str]:
    return [
        character
        for character in text
        if character != "\n"
        and (unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in ("RLO", "LRI"))
    ]


def test_what_is_said_of_an_answer_is_where_its_footnotes_point() -> None:
    citation = make_citation("Se on Suomessa.", passage=PASSAGE)
    answer = Answer("?", "en", "Your documents say:\n\n“Se on Suomessa.” [1]", True, (citation,), (PASSAGE,))
    assert remarks_plain(answer) == "[1] Lahti (fi) lahti.md, characters 100–115"


def test_what_is_said_of_an_answer_begins_with_its_notice() -> None:
    answer = Answer("?", "en", "Text.", True, notice="The model did not answer.")
    assert remarks_plain(answer) == "The model did not answer."


def test_nothing_is_said_of_an_answer_without_footnotes_notice_and_passages() -> None:
    assert remarks_plain(Answer("?", "en", "Not there.", False)) == ""


def test_unsupported_statements_of_a_model_are_named() -> None:
    text = "It is in Finland [1]. It has\n900 towers."
    statements = (Statement(0, 21, (1,)), Statement(22, len(text), (), Problem.FACT_MISSING, ("900",)))
    citation = make_citation("Se on Suomessa.", passage=PASSAGE)
    answer = Answer("?", "en", text, True, (citation,), (PASSAGE,), model="m", statements=statements)
    assert remarks_plain(answer) == (
        "1 of 2 statements are supported by your documents.\n- not supported by your documents: It has 900 towers.\n\n"
        "[1] Lahti (fi) lahti.md, characters 100–115"
    )
    assert "statements" not in remarks_plain(replace(answer, model=None))  # quotes are what they quote


def test_an_explanation_says_what_became_of_each_candidate() -> None:
    candidates = [
        Candidate("a.md", 0, 9, "Se\non.", Place(2, 0.5), None, Place(1, 0.75), Fate.SHOWN, passage=3),
        Candidate("b.md", 0, 4, "Sama", None, Place(1, 0.25), Place(2, 0.5), Fate.SAME, same_as="a.md#char=0,9"),
        Candidate("c.md", 5, 9, "Muu", Place(3, 0.2), None, None, Fate.OUTRANKED),
    ]
    explanation = Explanation(
        "Wo liegt\nLahti?", "Wo liegt Lahti? Was?", 0.75, tuple(candidates * 8), {"dense": 0.0014, "total": 0.02}
    )
    lines = explanation_plain(explanation, {"retrieval": 0.02}).splitlines()
    assert lines[:10] == [
        "Searched for: Wo liegt Lahti?",
        "and, as 75% of the score: Wo liegt Lahti? Was?",
        "",
        "ranked    dense       lexical     became",
        "1. 0.75   2. 0.50     -           passage 3",
        "          a.md, characters 0–9: Se on.",
        "2. 0.50   -           1. 0.25     left out, says the same as a.md#char=0,9",
        "          b.md, characters 0–4: Sama",
        "-         3. 0.20     -           left out before ranking, enough were found more often or nearer",
        "          c.md, characters 5–9: Muu",
    ]
    assert lines[-4:] == [
        "… and 4 more; --json has all of them.",
        "",
        "Search: dense 1 ms, total 20 ms",
        "All: retrieval 20 ms",
    ]


def test_without_an_answer_the_three_nearest_passages_are_offered() -> None:
    passages = tuple(replace(PASSAGE, number=n, text=f"Passage {n}.\nMore.") for n in range(1, 5))
    shown = remarks_plain(Answer("?", "en", "Not there.", False, passages=passages))
    assert shown.splitlines()[1:] == [
        line for n in (1, 2, 3) for line in ("- Lahti (fi) lahti.md", f"  Passage {n}. More.")
    ]


def test_search_results_are_ranked_from_one() -> None:
    found = ScoredChunk(Chunk("c-1", "lahti.md", "Se on\nSuomessa.", 19, 34), 0.876, ("dense", "lexical"))
    assert search_plain([found], [RECORD]) == (
        "1. Lahti  0.88 (dense, lexical)\n   lahti.md#char=19,34\n   Se on Suomessa."
    )
    assert search_plain([], [RECORD]) == "Nothing was found."


def test_a_search_result_names_its_versions() -> None:
    versions = tuple(Chunk(name, name, "Text.", 0, 5) for name in ("lahti.de.md", "gone.md", "untitled.md"))
    found = ScoredChunk(Chunk("c-1", "lahti.md", "Se on Suomessa.", 19, 34), 0.876, ("dense",), versions)
    german = replace(RECORD, source="lahti.de.md", title="Lahti,\ndie Stadt", language="de")
    untitled = replace(RECORD, source="untitled.md", title="", language="en")
    assert search_plain([found], [RECORD, german, untitled]).splitlines()[-1] == (
        "   also in: Lahti, die Stadt (de), untitled.md (en)"
    )


def test_a_long_result_is_cut() -> None:
    found = ScoredChunk(Chunk("c-1", "lahti.md", "word " * 100, 0, 500), 0.5, ("dense",))
    last = search_plain([found], [RECORD]).splitlines()[-1]
    assert last == "   " + ("word " * 40).rstrip()[:199].rstrip() + "…"


def test_documents_are_one_line_each() -> None:
    failed = replace(RECORD, source="b\nb.txt", state="failed", reason="It is\nempty.", chunks=0, language="und")
    assert documents_plain([RECORD, failed]).splitlines() == [
        "indexed  fi           3  lahti.md  Lahti",
        "failed   und          0  b b.txt  It is empty.",
    ]
    assert documents_plain([]) == "No documents. Run: footnote ingest FOLDER"


def test_an_evaluation_is_a_table_of_means_and_one_of_pairs() -> None:
    low, high = (dict.fromkeys(METRICS, value) for value in (0.25, 1.0))
    pairs = {Pair("de", "en"): low, Pair("en", "en"): high, Pair("de", "de"): high}
    shown = evaluation_plain(Evaluation({**low, "ndcg@10": 0.5}, pairs, high, low, {"p50": 4.25, "p95": 9.0}))
    assert shown.splitlines() == [
        "                     ndcg@10    recall@1    recall@5   recall@10  recall@100      mrr@10   success@1",
        "overall                0.500       0.250       0.250       0.250       0.250       0.250       0.250",
        "same language          1.000       1.000       1.000       1.000       1.000       1.000       1.000",
        "across languages       0.250       0.250       0.250       0.250       0.250       0.250       0.250",
        "",
        "ndcg@10 by language of questions (rows) and of passages (columns)",
        "         de     en",
        "de    1.000  0.250",
        "en        -  1.000",
        "",
        "one search: p50 4.2 ms, p95 9.0 ms",
    ]
    plain = evaluation_plain(Evaluation(low, {}, None, None, {"p50": 4.25, "p95": 9.0}))
    assert plain.splitlines()[1:] == [shown.splitlines()[1].replace("0.500", "0.250"), *shown.splitlines()[-2:]]


def test_a_hostile_document_does_not_reach_the_terminal() -> None:
    passage = replace(PASSAGE, text=HOSTILE, title=HOSTILE, document=HOSTILE)
    citation = make_citation(HOSTILE, passage=passage)
    record = replace(RECORD, source=HOSTILE, title=HOSTILE)
    chunk = Chunk("c", HOSTILE, HOSTILE, 0, len(HOSTILE))
    found = ScoredChunk(chunk, 1.0, ("dense",), (chunk,))
    shown = [
        printable(HOSTILE),
        remarks_plain(Answer("?", "en", f"{HOSTILE} [1]", True, (citation,), (passage,), notice=HOSTILE)),
        remarks_plain(Answer("?", "en", HOSTILE, False, passages=(passage,))),
        search_plain([found], [record]),
        search_plain([found], []),
        documents_plain([record, replace(record, state="failed", reason=HOSTILE)]),
    ]
    assert [hostile_characters(text) for text in shown] == [[]] * 6


@pytest.mark.parametrize(
    "text",
    ["Überraschung\n\tÄÖ", "می‌خواهم", "क्‍ष", "안녕", "ภาษาไทย", "👩‍👩‍👧", "\u200fשלום", "①  “quoted” — ok"],
    ids=["tab", "zwnj", "zwj", "ko", "th", "emoji", "rlm", "signs"],
)
def test_what_writing_needs_is_kept(text: str) -> None:
    assert printable(text) == text


def test_controls_are_left_out_and_the_rest_stays() -> None:
    assert printable(HOSTILE) == "a[2J]0;owned31mbc"
    assert printable("half \ud800 character") == "half  character"
    assert one_line(" a\n\n b\tc ") == "a b c"
