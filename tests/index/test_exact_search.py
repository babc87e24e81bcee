from pathlib import Path

import numpy as np
import pytest

from index.chunk_reader import StoredVectors
from index.embedding import StaticEmbedder
from index.exact_search import ExactSearch, nearest
from tests.builders import index_document, make_catalog, make_document


def test_the_nearest_comes_first_and_numbers_below_are_left_out(tmp_path: Path, bundled: StaticEmbedder) -> None:
    texts = ["Batteries store energy.", "The fox sleeps in the forest.", "An accumulator keeps energy."]
    documents = [make_document(text, source=f"{n}.txt") for n, text in enumerate(texts)]
    catalog = make_catalog(tmp_path, documents, bundled)
    search = ExactSearch(catalog)
    vector = bundled.embed_questions(["batteries energy"])[0]
    found = search.search(vector, limit=3)
    assert [seq for seq, _ in found] == [1, 3, 2]
    assert abs(found[0][1] - float(bundled.embed_passages(texts[:1])[0] @ vector)) < 1e-6
    assert [seq for seq, _ in search.search(vector, after=1, limit=3)] == [3, 2]
    assert search.search(vector, after=3, limit=3) == []
    catalog.close()


def test_a_change_of_the_catalog_is_seen(tmp_path: Path, bundled: StaticEmbedder) -> None:
    catalog = make_catalog(tmp_path, [make_document("Batteries store energy.")], bundled)
    search = ExactSearch(catalog)
    vector = bundled.embed_questions(["fox"])[0]
    assert [seq for seq, _ in search.search(vector, limit=5)] == [1]
    index_document(catalog, make_document("The fox sleeps.", source="b.txt"), bundled)
    assert [seq for seq, _ in search.search(vector, limit=5)] == [2, 1]
    catalog.remove_document("a.txt")
    assert [seq for seq, _ in search.search(vector, limit=5)] == [2]
    catalog.close()


def stored(*similarities: float) -> StoredVectors:
    vectors = np.array([[value, 0.0] for value in similarities], np.float32).reshape(-1, 2)
    return StoredVectors(np.arange(10, 10 + len(similarities)), vectors)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 20])
def test_of_equal_ones_the_first_come_first_wherever_the_limit_falls(limit: int) -> None:
    vectors = stored(0.5, 0.25, 0.75, 0.5, 0.25, 0.5, 0.125)
    expected = [(12, 0.75), (10, 0.5), (13, 0.5), (15, 0.5), (11, 0.25), (14, 0.25), (16, 0.125)]
    assert nearest(np.array([1, 0], np.float32), vectors, limit=limit) == expected[:limit]


def test_of_nothing_nothing_is_nearest() -> None:
    assert nearest(np.array([1, 0], np.float32), stored(), limit=3) == []


@pytest.mark.parametrize("only", [[2], [2, 3, 99], [1, 2, 3], [0, 4], []], ids=str)
def test_only_the_numbers_named_are_found(tmp_path: Path, bundled: StaticEmbedder, only: list[int]) -> None:
    texts = [f"Batteries store energy {'again ' * n}." for n in range(9)]
    catalog = make_catalog(tmp_path, [make_document(text, source=f"{n}.txt") for n, text in enumerate(texts)], bundled)
    search, vector = ExactSearch(catalog), bundled.embed_questions(["batteries"])[0]
    whole = search.search(vector, limit=9)
    found = search.search(vector, limit=9, only=np.array(only, np.int64))
    assert [seq for seq, _ in found] == [seq for seq, _ in whole if seq in only]
    assert dict(found) == {seq: pytest.approx(score, abs=1e-6) for seq, score in whole if seq in only}
    catalog.close()
