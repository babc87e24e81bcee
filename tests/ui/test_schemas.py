"""The JSON that scripts read, exactly."""

import json
from dataclasses import replace

from index.catalog import DocumentRecord
from index.documents import Chunk, ScoredChunk
from rag.answers import Answer, Problem, Statement
from rag.evaluation import METRICS, Evaluation, Pair
from rag.explanation import Candidate, Explanation, Fate, Place
from tests.fakes import make_citation, make_passage
from ui.schemas import answer_dict, documents_dict, evaluation_dict, search_dict

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
