import math

import pytest

from bench.lexical import Collection, cut, ndcg

TEXTS = [["red", "fox"], ["red", "red", "hen"], ["blue", "hen", "hen"], ["grey", "goose"]]


def test_a_weight_is_that_of_bm25() -> None:
    collection = Collection.of([["red", "fox"], ["blue", "hen"]], [0, 1])
    assert collection.weights[collection.rows["fox"]].tolist() == pytest.approx([math.log(2), 0])


def test_the_passage_with_the_rarer_terms_comes_first() -> None:
    collection = Collection.of(TEXTS, [0, 1, 2, 3])
    assert [collection.rank(["red", "fox"], passage) for passage in range(4)] == [1, 2, None, None]


def test_a_passage_scores_by_its_best_chunk() -> None:
    collection = Collection.of(TEXTS, [0, 1, 1, 2])
    assert collection.rank(["blue"], 1) == 1
    assert collection.rank(["goose"], 2) == 1


def test_unknown_terms_find_nothing() -> None:
    assert Collection.of(TEXTS, [0, 1, 2, 3]).rank(["wolf"], 0) is None


def test_postings_are_the_texts_that_hold_each_term() -> None:
    assert Collection.of(TEXTS, [0, 1, 2, 3]).postings(["red", "hen", "fox", "wolf"]) == 5


@pytest.mark.parametrize(("rank", "expected"), [(1, 1.0), (3, 0.5), (11, 0.0), (None, 0.0)])
def test_ndcg_of_one_right_passage(rank: int | None, expected: float) -> None:
    assert ndcg(rank) == pytest.approx(expected)


def test_passages_are_cut_as_documents_are() -> None:
    sentences = ["The first sentence of a passage says something of some length, as they do. " * 2 for _ in range(6)]
    text = "".join(sentences).strip()
    chunks = cut(text, "en")
    assert len(chunks) > 1
    assert all(chunk in text for chunk in chunks)
