"""The JSON that scripts read, exactly."""

import json
import re
from dataclasses import replace

import pytest

from index.catalog import DocumentRecord
from index.documents import Chunk, ScoredChunk
from rag.answers import Answer, Problem, Statement
from rag.evaluation import METRICS, Evaluation, Pair
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.fakes import make_citation, make_passage
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.messages import english
from ui.render import answer_html, sources_html
from ui.schemas import (
    answer_dict,
    answer_from_dict,
    documents_dict,
    evaluation_dict,
    kept_answer_dict,
    search_dict,
)

PASSAGE = make_passage("Lahti on kaupunki. Se on Suomessa.", title="Lahti", language="fi", document="lahti.md")
RECORD = DocumentRecord(
    "lahti.md", "indexed", None, "Lahti", "fi", "2017-02-17", "abc", chunks=3, changed_at="2026-01-01T00:00:00+00:00"
)


def test_an_answer_has_the_promised_shape() -> None:
    citation = make_citation("Se on Suomessa.", passage=PASSAGE)
    answer = Answer(
        "Wo liegt Lahti?",
        "de",
        "„Se on Suomessa.“ [1]",
        True,
        (citation,),
        (PASSAGE,),
        timings={"total": 0.5},
        statements=(Statement(0, 21, (1,)), Statement(22, 30, (), Problem.FACT_MISSING, ("7",))),
        emphasis=((1, 3),),
        confidence=0.87654,
        answer_language="de",
        standalone_question="Wo liegt die Stadt Lahti?",
    )
    shape = answer_dict(answer)
    assert shape == {
        "question": "Wo liegt Lahti?",
        "language": "de",
        "answer": "„Se on Suomessa.“ [1]",
        "answered": True,
        "citations": [
            {
                "number": 1,
                "document": "lahti.md",
                "title": "Lahti",
                "language": "fi",
                "quote": "Se on Suomessa.",
                "start": 119,
                "end": 134,
                "chunk": "chunk-1",
            }
        ],
        "passages": [
            {
                "number": 1,
                "document": "lahti.md",
                "title": "Lahti",
                "language": "fi",
                "heading": "",
                "text": "Lahti on kaupunki. Se on Suomessa.",
                "start": 100,
                "end": 134,
                "score": 1.0,
            }
        ],
        "model": None,
        "notice": "",
        "timings": {"total": 0.5},
        "statements": [
            {"start": 0, "end": 21, "supported": True, "citations": [1], "problem": None, "missing": []},
            {
                "start": 22,
                "end": 30,
                "supported": False,
                "citations": [],
                "problem": "fact_missing",
                "missing": ["7"],
            },
        ],
        "emphasis": [{"start": 1, "end": 3}],
        "confidence": 0.8765,
        "answer_language": "de",
        "standalone_question": "Wo liegt die Stadt Lahti?",
    }
    assert json.loads(json.dumps(shape)) == shape
    promised = ["question", "language", "answer", "answered", "citations", "timings"]
    assert [key for key in shape if key in promised] == promised
    assert list(shape["citations"][0]) == ["number", "document", "title", "language", "quote", "start", "end", "chunk"]


def test_no_answer_has_the_same_shape() -> None:
    shape = answer_dict(Answer("?", "en", "Not in your documents.", False))
    assert shape == {
        "question": "?",
        "language": "en",
        "answer": "Not in your documents.",
        "answered": False,
        "citations": [],
        "passages": [],
        "model": None,
        "notice": "",
        "timings": {},
        "statements": [],
        "emphasis": [],
        "confidence": None,
        "answer_language": None,
        "standalone_question": "",
    }


def test_an_explanation_has_the_promised_shape() -> None:
    candidate = Candidate("lahti.md", 3, 9, "Se on.", Place(2, 0.5), None, Place(1, 0.75), Fate.SHOWN, passage=1)
    same = Candidate("b.md", 0, 4, "Sama", None, Place(1, 0.25), Place(2, 0.5), Fate.SAME, same_as="lahti.md#char=3,9")
    explanation = Explanation("Wo?", "Wo? Was?", 0.75, (candidate, same), {"dense": 0.001, "total": 0.002})
    assert answer_dict(Answer("?", "de", "Da.", True, explanation=explanation))["explanation"] == {
        "standalone_question": "Wo?",
        "in_context": "Wo? Was?",
        "context_share": 0.75,
        "candidates": [
            {
                "document": "lahti.md",
                "start": 3,
                "end": 9,
                "text": "Se on.",
                "dense": {"rank": 2, "score": 0.5},
                "lexical": None,
                "ranked": {"rank": 1, "score": 0.75},
                "fate": "shown",
                "passage": 1,
                "same_as": None,
            },
            {
                "document": "b.md",
                "start": 0,
                "end": 4,
                "text": "Sama",
                "dense": None,
                "lexical": {"rank": 1, "score": 0.25},
                "ranked": {"rank": 2, "score": 0.5},
                "fate": "same",
                "passage": None,
                "same_as": "lahti.md#char=3,9",
            },
        ],
        "seconds": {"dense": 0.001, "total": 0.002},
    }


def test_search_results_have_the_promised_shape() -> None:
    found = ScoredChunk(Chunk("c-1", "lahti.md", "Se on Suomessa.", 19, 34), 0.123456, ("dense", "lexical"))
    assert search_dict("Lahti", [found], [RECORD]) == {
        "query": "Lahti",
        "results": [
            {
                "document": "lahti.md",
                "title": "Lahti",
                "language": "fi",
                "text": "Se on Suomessa.",
                "start": 19,
                "end": 34,
                "score": 0.1235,
                "searchers": ["dense", "lexical"],
                "versions": [],
            }
        ],
    }


def test_a_search_result_names_its_versions_that_still_exist() -> None:
    versions = (Chunk("c-2", "lahti.en.md", "It is in Finland.", 20, 37), Chunk("c-3", "gone.md", "Gone.", 0, 5))
    found = ScoredChunk(Chunk("c-1", "lahti.md", "Se on Suomessa.", 19, 34), 0.5, ("dense",), versions)
    english = replace(RECORD, source="lahti.en.md", title="Lahti (city)", language="en")
    (result,) = search_dict("Lahti", [found], [RECORD, english])["results"]
    assert result["versions"] == [
        {"document": "lahti.en.md", "title": "Lahti (city)", "language": "en", "start": 20, "end": 37}
    ]


def test_a_result_whose_document_was_removed_meanwhile_is_left_out() -> None:
    found = ScoredChunk(Chunk("c-1", "gone.md", "Text.", 0, 5), 0.5, ("dense",))
    assert search_dict("x", [found], [RECORD]) == {"query": "x", "results": []}


def test_documents_have_their_state_and_reason() -> None:
    failed = DocumentRecord("b.txt", "failed", "It is empty.", "b.txt", "und", None, None, chunks=0, changed_at="T")
    assert documents_dict([RECORD, failed]) == {
        "documents": [
            {
                "document": "lahti.md",
                "title": "Lahti",
                "language": "fi",
                "date": "2017-02-17",
                "state": "indexed",
                "reason": None,
                "chunks": 3,
                "changed_at": "2026-01-01T00:00:00+00:00",
            },
            {
                "document": "b.txt",
                "title": "b.txt",
                "language": "und",
                "date": None,
                "state": "failed",
                "reason": "It is empty.",
                "chunks": 0,
                "changed_at": "T",
            },
        ]
    }


def test_an_evaluation_has_the_promised_shape() -> None:
    low, high = (dict.fromkeys(METRICS, value) for value in (0.123456, 1.0))
    pairs = {Pair("de", "en"): low, Pair("en", "en"): high}
    assert evaluation_dict(Evaluation(low, pairs, high, None, {"p50": 4.25, "p95": 9.0})) == {
        "overall": {
            "ndcg@10": 0.1235,
            "recall@1": 0.1235,
            "recall@5": 0.1235,
            "recall@10": 0.1235,
            "recall@100": 0.1235,
            "mrr@10": 0.1235,
            "success@1": 0.1235,
        },
        "same_language": dict.fromkeys(METRICS, 1.0),
        "across_languages": None,
        "pairs": {"de-en": dict.fromkeys(METRICS, 0.1235), "en-en": dict.fromkeys(METRICS, 1.0)},
        "latency_ms": {"p50": 4.25, "p95": 9.0},
    }


OTHER = make_passage("Tokyo is a city.", number=3, title="Tokyo", document="tokyo.md", start=0)
UNUSED = make_passage("Not cited.", number=2, document="c.md")
KEPT = Answer(
    "Wo liegt Lahti?",
    "de",
    "„Se on Suomessa.“ [1]\n\nTokyo [2] [3].",
    True,
    citations=(
        make_citation("Se on Suomessa.", passage=PASSAGE),
        make_citation("Tokyo", passage=OTHER, number=2),
        make_citation("Lahti on", passage=PASSAGE, number=3),
    ),
    passages=(PASSAGE, UNUSED, OTHER),
    model="test-model",
    notice="Gekürzt.",
    timings={"total": 0.5},
    statements=(Statement(0, 21, (1,)), Statement(23, 37, (2, 3), Problem.FACT_MISSING, ("7",))),
    emphasis=((1, 3),),
    confidence=0.5,
    answer_language="de",
    standalone_question="Wo liegt die Stadt Lahti?",
    explanation=Explanation("Wo?", "", 0.0, (), {}),
)
UNANSWERED = Answer(
    "?", "ja", "見つかりません。", False, passages=tuple(replace(OTHER, number=number) for number in range(1, 6))
)


def changed(answer: Answer, *path: str | int, to: object) -> object:
    """The shape of an answer after it went to a browser and back, where somebody changed a value of it."""
    shape = json.loads(json.dumps(kept_answer_dict(answer)))
    inner = shape
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return shape


@pytest.mark.parametrize(
    "answer", [KEPT, UNANSWERED, Answer("?", "en", "No.", False)], ids=["quoted", "nearest", "bare"]
)
def test_a_kept_answer_is_shown_as_before(answer: Answer) -> None:
    restored = answer_from_dict(json.loads(json.dumps(kept_answer_dict(answer))))
    assert answer_html(restored, messages=english()) == answer_html(answer, messages=english())
    assert sources_html(restored, messages=english()) == sources_html(answer, messages=english())
    assert kept_answer_dict(restored) == kept_answer_dict(answer)


def test_a_kept_answer_has_only_what_is_shown_of_it() -> None:
    kept = kept_answer_dict(KEPT)
    assert [passage["number"] for passage in kept["passages"]] == [1, 3]
    assert "explanation" not in kept
    assert [passage["number"] for passage in kept_answer_dict(UNANSWERED)["passages"]] == [1, 2, 3]


def test_a_whole_answer_comes_back_whole() -> None:
    restored = answer_from_dict(answer_dict(KEPT))
    passages = tuple(replace(passage, chunk="", confidence=0.0) for passage in KEPT.passages)
    assert restored == replace(KEPT, passages=passages, explanation=None)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("question",), None, "answer.question is not a text of at most 100000 characters."),
        (("question",), "x" * 100_001, "answer.question is not a text of at most 100000 characters."),
        (("question",), "half a \ud800 character", "answer.question is not a text of at most 100000 characters."),
        (("language",), '"><script>', "answer.language is not a language code."),
        (("language",), "", "answer.language is not a language code."),
        (("language",), "x" * 36, "answer.language is not a language code."),
        (("answer",), ["a"], "answer.answer is not a text of at most 100000 characters."),
        (("answered",), 1, "answer.answered is neither true nor false."),
        (("answered",), "true", "answer.answered is neither true nor false."),
        (("citations",), {}, "answer.citations is not a list of at most 200 entries."),
        (("citations", 1), 7, "answer.citations.2 is not an object."),
        (("citations", 0, "number"), 0, "answer.citations.1.number is not a whole number from 1 to 200."),
        (("citations", 0, "number"), True, "answer.citations.1.number is not a whole number from 1 to 200."),
        (("citations", 0, "number"), 1.0, "answer.citations.1.number is not a whole number from 1 to 200."),
        (("citations", 0, "number"), 2, "Two of the citations have the same number."),
        (("citations", 0, "quote"), "Se on Ruotsissa", "answer.citations.1.quote is in none of the passages."),
        (("citations", 0, "quote"), "", "answer.citations.1.quote is in none of the passages."),
        (("citations", 0, "document"), "b.md", "answer.citations.1.quote is in none of the passages."),
        (("citations", 0, "start"), 118, "answer.citations.1.quote is in none of the passages."),
        (("citations", 0, "end"), 3, "answer.citations.1.end is not a whole number from 119 to 1000000000."),
        (("passages",), [{}] * 201, "answer.passages is not a list of at most 200 entries."),
        (("passages",), [], "answer.citations.1.quote is in none of the passages."),
        (("passages", 1, "number"), 1, "Two of the passages have the same number."),
        (("passages", 0, "text"), "Lahti", "answer.passages.1.end is not where its text ends."),
        (("passages", 0, "start"), -1, "answer.passages.1.start is not a whole number from 0 to 1000000000."),
        (("passages", 0, "start"), "0", "answer.passages.1.start is not a whole number from 0 to 1000000000."),
        (("passages", 0, "score"), float("nan"), "answer.passages.1.score is not a number from -1e+09 to 1e+09."),
        (("passages", 0, "title"), None, "answer.passages.1.title is not a text of at most 4000 characters."),
        (("model",), {}, "answer.model is not a text of at most 4000 characters."),
        (("timings",), [], "answer.timings is not an object."),
        (("timings",), {"total": "soon"}, "answer.timings.total is not a number from 0 to 1e+06."),
        (("timings",), {"total": float("inf")}, "answer.timings.total is not a number from 0 to 1e+06."),
        (("timings",), dict.fromkeys(map(str, range(201)), 1), "answer.timings has more than 200 fields."),
        (("statements", 0, "end"), 38, "answer.statements.1.end is not a whole number from 0 to 37."),
        (("statements", 1, "citations"), [4], "answer.statements.2.citations names a citation that is not there."),
        (
            ("statements", 1, "citations"),
            [True],
            "answer.statements.2.citations.1 is not a whole number from 1 to 200.",
        ),
        (("statements", 1, "problem"), "bored", "answer.statements.2.problem is none that there is."),
        (("statements", 1, "missing"), [7], "answer.statements.2.missing.1 is not a text of at most 4000 characters."),
        (("emphasis", 0, "start"), 38, "answer.emphasis.1.start is not a whole number from 0 to 37."),
        (("confidence",), 1.5, "answer.confidence is not a number from 0 to 1."),
        (("confidence",), "1", "answer.confidence is not a number from 0 to 1."),
        (("answer_language",), "no language", "answer.answer_language is not a language code."),
        (("standalone_question",), 7, "answer.standalone_question is not a text of at most 100000 characters."),
    ],
)
def test_an_answer_that_was_changed_is_refused(path: tuple[str | int, ...], value: object, problem: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(problem) + "$"):
        answer_from_dict(changed(KEPT, *path, to=value))


@pytest.mark.parametrize("value", [None, 7, "answer", [], {}, [KEPT.text]])
def test_what_is_no_answer_at_all_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^answer"):
        answer_from_dict(value)


@pytest.mark.parametrize("key", sorted(answer_dict(Answer("?", "en", "No.", False))))
def test_an_answer_without_one_of_its_fields_is_refused_or_complete(key: str) -> None:
    shape = kept_answer_dict(KEPT)
    del shape[key]
    if key in ("model", "confidence", "answer_language"):  # they may be null
        assert answer_from_dict(shape).text == KEPT.text
    else:
        with pytest.raises(ValueError, match=f"answer.{key} "):
            answer_from_dict(shape)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_answer_with_hostile_texts_is_shown_without_harm(payload: str) -> None:
    passage = replace(PASSAGE, text=payload, end=PASSAGE.start + len(payload), title=payload, heading=payload)
    citation = make_citation(payload, passage=replace(passage, document=payload))
    answer = replace(
        KEPT,
        text=f"{payload} [1]",
        citations=(citation,),
        passages=(replace(passage, document=payload),),
        statements=(),
        emphasis=(),
        notice=payload,
    )
    restored = answer_from_dict(json.loads(json.dumps(kept_answer_dict(answer))))
    html = answer_html(restored, messages=english()) + sources_html(restored, messages=english())
    tags = {"a", "blockquote", "br", "button", "div", "h3", "h4", "header", "mark", "p", "section", "span", "sup"}
    assert set(Reader(html).tags) <= tags
