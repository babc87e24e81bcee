from pathlib import Path

from index.embedding import StaticEmbedder
from index.exact_search import ExactSearch
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
