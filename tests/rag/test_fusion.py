import pytest

from index.documents import Chunk, ScoredChunk
from rag.fusion import RRF_K, reciprocal_rank_fusion


def found(identity: str, *, score: float = 1.0, searcher: str = "dense") -> ScoredChunk:
    return ScoredChunk(Chunk(identity, "a.txt", identity, 0, 1), score, (searcher,))


def ranking(identities: str, *, searcher: str = "dense") -> list[ScoredChunk]:
    return [found(identity, searcher=searcher) for identity in identities]


def order(fused: list[ScoredChunk]) -> str:
    return "".join(result.chunk.id for result in fused)


def test_scores_are_the_sums_of_reciprocal_ranks_counted_from_1() -> None:
    fused = reciprocal_rank_fusion([ranking("ab"), ranking("ba")])
    assert order(fused) == "ab"
    expected = 1 / (RRF_K + 1) + 1 / (RRF_K + 2)
    assert [result.score for result in fused] == pytest.approx([expected, expected])


def test_found_by_two_searchers_goes_before_found_by_one_on_a_better_place() -> None:
    assert order(reciprocal_rank_fusion([ranking("abc"), ranking("c")])) == "cab"


def test_only_the_order_of_a_ranking_counts() -> None:
    low = [found("a", score=-5.0), found("b", score=-6.0)]
    assert order(reciprocal_rank_fusion([low, ranking("c")], weights=[1.0, 0.99])) == "acb"


def test_weight_decides_between_equal_places() -> None:
    assert order(reciprocal_rank_fusion([ranking("a"), ranking("b")], weights=[0.4, 0.6])) == "ba"


def test_weight_of_zero_adds_nothing_but_keeps_what_was_found() -> None:
    fused = reciprocal_rank_fusion([ranking("a"), ranking("ba")], weights=[1.0, 0.0])
    assert [(result.chunk.id, result.score) for result in fused] == [("a", 1 / (RRF_K + 1)), ("b", 0.0)]


@pytest.mark.parametrize("rankings", [["cba"], ["c", "b", "a"], ["bc", "cb", "a"]])
def test_ties_are_broken_by_id_whatever_the_order_of_the_searchers(rankings: list[str]) -> None:
    one = reciprocal_rank_fusion([ranking(identities) for identities in rankings])
    other = reciprocal_rank_fusion([ranking(identities) for identities in reversed(rankings)])
    assert order(one) == order(other)


def test_searchers_of_a_chunk_are_kept_in_the_order_of_the_rankings() -> None:
    fused = reciprocal_rank_fusion([ranking("ab"), ranking("bc", searcher="lexical")])
    assert {result.chunk.id: result.searchers for result in fused} == {
        "a": ("dense",),
        "b": ("dense", "lexical"),
        "c": ("lexical",),
    }


@pytest.mark.parametrize("rankings", [[], [[]], [[], []]])
def test_nothing_found_gives_nothing(rankings: list[list[ScoredChunk]]) -> None:
    assert reciprocal_rank_fusion(rankings) == []


def test_numbers_of_weights_and_rankings_must_agree() -> None:
    with pytest.raises(ValueError, match=r"^Got 1 weights for 2 rankings\.$"):
        reciprocal_rank_fusion([ranking("a"), ranking("b")], weights=[1.0])
