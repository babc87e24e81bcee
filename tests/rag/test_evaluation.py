"""Evaluation: the metrics by hand, which searches are run, and how passages are ranked."""

import sys
from math import log2
from pathlib import Path

import pytest

from index.documents import Chunk, ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from rag.errors import EvaluationError
from rag.evaluation import DEPTH, METRICS, Pair, Trial, evaluate, percentile, plan, ranked_passages
from rag.question_sets import Question, QuestionSet

ENGLISH, GERMAN = (DocumentFilter(languages=frozenset((language,))) for language in ("en", "de"))


def chunk(source: str, *, start: int = 0) -> Chunk:
    return Chunk(f"{source}-{start}", source, "Text.", start, start + 5)


def ranking(*sources: str) -> list[ScoredChunk]:
    return [ScoredChunk(chunk(source), 1.0) for source in sources]


class PreparedSearch:
    """Answers each query with a prepared ranking, and keeps what it was asked."""

    def __init__(self, found: dict[str, list[ScoredChunk]]) -> None:
        self.found = found
        self.asked: list[tuple[str, DocumentFilter]] = []

    def __call__(self, query: str, within: DocumentFilter) -> list[ScoredChunk]:
        self.asked.append((query, within))
        return self.found[query]


def test_the_metrics_are_those_computed_by_hand() -> None:
    trials = [
        Trial(Question("q1", "two right ones, second and third", "en", {}), {"a": 1, "b": 1, "x": 0}),
        Trial(Question("q2", "right at once", "en", {}), {"c": 2}),
        Trial(Question("q3", "the better one second", "en", {}), {"a": 1, "b": 2}),
        Trial(Question("q4", "nothing found", "en", {}), {"a": 1}),
    ]
    search = PreparedSearch(
        {
            "two right ones, second and third": ranking("x", "a", "b"),
            "right at once": ranking("c", "a"),
            "the better one second": ranking("a", "b"),
            "nothing found": [],
        }
    )
    found = evaluate(trials, search)
    ndcg = [(1 / log2(3) + 1 / log2(4)) / (1 + 1 / log2(3)), 1, (1 + 2 / log2(3)) / (2 + 1 / log2(3)), 0]
    expected = {
        "ndcg@10": sum(ndcg) / 4,
        "recall@1": (0 + 1 + 0.5 + 0) / 4,
        "recall@5": (1 + 1 + 1 + 0) / 4,
        "recall@10": (1 + 1 + 1 + 0) / 4,
        "recall@100": (1 + 1 + 1 + 0) / 4,
        "mrr@10": (0.5 + 1 + 1 + 0) / 4,
        "success@1": (0 + 1 + 1 + 0) / 4,
    }
    assert dict(found.overall) == pytest.approx(expected)
    assert list(found.overall) == list(METRICS)
    assert (found.pairs, found.same_language, found.across_languages) == ({}, None, None)


def test_metrics_end_where_their_names_say() -> None:
    others = [f"other-{n}" for n in range(120)]
    places = {0: "at-1", 4: "at-5", 5: "at-6", 9: "at-10", 10: "at-11", 99: "at-100"}
    for place, name in places.items():
        others.insert(place, name)
    trials = [Trial(Question(name, name, "en", {}), {name: 1}) for name in [*places.values(), "other-110"]]
    search = PreparedSearch({trial.question.text: ranking(*others) for trial in trials})
    scores = evaluate(trials, search).overall
    assert {metric: round(scores[metric] * 7, 9) for metric in METRICS if metric.startswith(("recall", "success"))} == {
        "recall@1": 1,
        "recall@5": 2,
        "recall@10": 4,
        "recall@100": 6,
        "success@1": 1,
    }
    assert scores["mrr@10"] == pytest.approx((1 + 1 / 5 + 1 / 6 + 1 / 10) / 7)
    assert scores["ndcg@10"] == pytest.approx((1 + 1 / log2(6) + 1 / log2(7) + 1 / log2(11)) / 7)


def test_more_questions_than_one_batch_are_all_counted() -> None:
    trials = [Trial(Question(str(n), str(n), "en", {}), {"right": 1}) for n in range(1201)]
    search = PreparedSearch({str(n): ranking("right" if n % 4 == 0 else "wrong") for n in range(1201)})
    steps: list[None] = []
    found = evaluate(trials, search, progress=lambda: steps.append(None))
    assert found.overall["success@1"] == pytest.approx(301 / 1201)
    assert len(steps) == 1201


def test_each_language_of_passages_is_searched_on_its_own() -> None:
    questions = (
        Question("q-en", "high?", "en", {"p-en": 1, "p-de": 1, "p-fi": 0}),
        Question("q-de", "hoch?", "de", {"p-de": 1, "p-unknown": 1}),
    )
    languages = {"p-en": "en", "p-de": "de", "p-fi": "fi"}
    question_set = QuestionSet(Path("corpus.jsonl"), 3, questions)
    assert plan(question_set, languages=languages, by_language_pair=True) == [
        Trial(questions[0], {"p-de": 1}, GERMAN, Pair("en", "de")),
        Trial(questions[1], {"p-de": 1}, GERMAN, Pair("de", "de")),
        Trial(questions[0], {"p-en": 1}, ENGLISH, Pair("en", "en")),
    ]
    assert plan(question_set, languages=languages, by_language_pair=False) == [
        Trial(questions[0], questions[0].relevance, EVERYTHING, None),
        Trial(questions[1], questions[1].relevance, EVERYTHING, None),
    ]


def test_both_scripts_of_chinese_are_one_language_as_for_a_filter() -> None:
    question = Question("q", "?", "zh-Hant", {"one": 1, "two": 1})
    question_set = QuestionSet(Path("corpus.jsonl"), 2, (question,))
    assert plan(question_set, languages={"one": "zh", "two": "zh-Hant"}, by_language_pair=True) == [
        Trial(question, {"one": 1, "two": 1}, DocumentFilter(languages=frozenset(("zh",))), Pair("zh", "zh"))
    ]


def test_the_mean_of_pairs_weighs_each_pair_the_same() -> None:
    pairs = [Pair("en", "en"), Pair("en", "en"), Pair("en", "en"), Pair("en", "de"), Pair("de", "de")]
    trials = [Trial(Question(str(n), str(n), "en", {}), {"right": 1}, pair=pair) for n, pair in enumerate(pairs)]
    search = PreparedSearch({str(n): ranking("right" if n in (0, 1, 4) else "wrong") for n in range(5)})
    found = evaluate(trials, search)
    assert {str(pair): scores["success@1"] for pair, scores in found.pairs.items()} == {
        "de-de": 1,
        "en-de": 0,
        "en-en": pytest.approx(2 / 3),
    }
    assert found.overall["success@1"] == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert found.same_language is not None
    assert found.across_languages is not None
    assert found.same_language["success@1"] == pytest.approx((1 + 2 / 3) / 2)
    assert found.across_languages["success@1"] == 0


def test_the_first_search_is_run_once_more_to_be_warm() -> None:
    search = PreparedSearch({"one": ranking("a"), "two": ranking("a")})
    trials = [Trial(Question(text, text, "en", {}), {"a": 1}, ENGLISH) for text in ("one", "two")]
    latency = evaluate(trials, search).latency_ms
    assert search.asked == [("one", ENGLISH), ("one", ENGLISH), ("two", ENGLISH)]
    assert list(latency) == ["p50", "p95"]
    assert 0 <= latency["p50"] <= latency["p95"] < 1000


def test_a_passage_ranks_where_its_best_chunk_does_and_versions_behind_their_result() -> None:
    first = ScoredChunk(chunk("a", start=7), 0.9, versions=(chunk("c"), chunk("d")))
    found = [first, ScoredChunk(chunk("b"), 0.8), ScoredChunk(chunk("a"), 0.7), ScoredChunk(chunk("c"), 0.6)]
    assert ranked_passages(found) == ["a", "c", "d", "b"]
    assert ranked_passages(ranking(*map(str, range(300)))) == [str(n) for n in range(DEPTH)]


@pytest.mark.parametrize(("count", "half", "most"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (100, 50, 95)])
def test_a_percentile_is_a_value_that_was_measured(count: int, half: int, most: int) -> None:
    values = [float(n) for n in range(count, 0, -1)]
    assert (percentile(values, 50), percentile(values, 95)) == (half, most)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(EvaluationError, match=r"pip install 'footnote\[eval\]'"):
        evaluate([], PreparedSearch({}))
