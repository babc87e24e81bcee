"""Fusion: sums of scores, whatever the rankings look like. Scores are such that sums are exact in binary."""

from collections.abc import Sequence

import pytest

from index.documents import Chunk, ScoredChunk
from rag.fusion import fuse


def ranking(searcher: str, **scores: float) -> list[ScoredChunk]:
    """What a searcher found: the ids of chunks with their scores, best first."""
    return [ScoredChunk(Chunk(name, "a.txt", name, 0, 1), score, (searcher,)) for name, score in scores.items()]


def dense(**scores: float) -> list[ScoredChunk]:
    return ranking("dense", **scores)


def lexical(**scores: float) -> list[ScoredChunk]:
    return ranking("lexical", **scores)


def scores_of(fused: Sequence[ScoredChunk]) -> list[tuple[str, float]]:
    return [(found.chunk.id, found.score) for found in fused]


def test_a_score_is_the_cosine_plus_the_weighted_lexical_score() -> None:
    fused = fuse(dense(a=0.75, b=0.5), lexical(b=0.5, a=0.125), lexical_weight=1.5, limit=9)
    assert scores_of(fused) == [("b", 1.25), ("a", 0.9375)]


def test_how_good_the_best_is_counts_and_not_only_its_place() -> None:
    fused = fuse(dense(a=0.75, b=0.25, c=0.125), lexical(c=0.25, b=0.125), lexical_weight=1.0, limit=9)
    assert scores_of(fused) == [("a", 0.75), ("b", 0.375), ("c", 0.375)]


def test_found_lexically_only_counts_as_the_last_one_of_a_dense_ranking_that_was_cut() -> None:
    found = dense(a=0.75, b=0.5), lexical(c=0.125, a=0.0625)
    assert scores_of(fuse(*found, lexical_weight=2.0, limit=2)) == [("a", 0.875), ("c", 0.75), ("b", 0.5)]


def test_found_lexically_only_has_no_cosine_if_the_dense_ranking_was_not_cut() -> None:
    found = dense(a=0.75, b=0.5), lexical(c=0.125, a=0.0625)
    assert scores_of(fuse(*found, lexical_weight=2.0, limit=3)) == [("a", 0.875), ("b", 0.5), ("c", 0.25)]


def test_the_last_cosine_may_be_below_zero() -> None:
    fused = fuse(dense(a=0.5, b=-0.25), lexical(c=0.125), lexical_weight=1.0, limit=2)
    assert scores_of(fused) == [("a", 0.5), ("c", -0.125), ("b", -0.25)]


def test_found_densely_only_has_no_lexical_score_also_if_the_lexical_ranking_was_cut() -> None:
    fused = fuse(dense(a=0.5, b=0.25), lexical(c=0.5), lexical_weight=1.0, limit=1)
    assert dict(scores_of(fused)) == {"a": 0.5, "b": 0.25, "c": 0.5}


def test_a_weight_of_zero_adds_nothing_but_keeps_what_was_found() -> None:
    fused = fuse(dense(a=0.5), lexical(b=1.0, a=0.5), lexical_weight=0.0, limit=9)
    assert scores_of(fused) == [("a", 0.5), ("b", 0.0)]


def test_ties_are_broken_by_id_whichever_searcher_found_them() -> None:
    fused = fuse(dense(d=0.5, b=0.5), lexical(c=0.25, a=0.25), lexical_weight=2.0, limit=9)
    assert scores_of(fused) == [("a", 0.5), ("b", 0.5), ("c", 0.5), ("d", 0.5)]


def test_each_chunk_comes_once_and_names_the_searchers_that_found_it_dense_first() -> None:
    fused = fuse(dense(a=0.5, b=0.25), lexical(c=0.5, b=0.5), lexical_weight=1.0, limit=9)
    assert [(found.chunk.id, found.searchers) for found in fused] == [
        ("b", ("dense", "lexical")),
        ("a", ("dense",)),
        ("c", ("lexical",)),
    ]


def test_one_empty_ranking_leaves_the_other_as_it_is() -> None:
    assert fuse(dense(a=0.5, b=0.25), [], lexical_weight=2.0, limit=2) == dense(a=0.5, b=0.25)
    assert fuse([], lexical(a=0.5, b=0.25), lexical_weight=1.0, limit=2) == lexical(a=0.5, b=0.25)


@pytest.mark.parametrize("limit", [1, 60])
def test_two_empty_rankings_give_nothing(limit: int) -> None:
    assert fuse([], [], lexical_weight=1.0, limit=limit) == []
