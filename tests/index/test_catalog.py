import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, IndexedChunk, IndexIdentity
from index.documents import Chunk
from index.embedding import StaticEmbedder
from index.errors import IndexMismatchError, StoreError
from tests.builders import index_document, make_catalog, make_document

TEXT = "The first sentence is about Lahti. The second one is about Osaka."


@pytest.fixture
def catalog(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[Catalog]:
    catalog = make_catalog(tmp_path, [make_document(TEXT)], bundled)
    yield catalog
    catalog.close()


def test_a_document_comes_back_as_it_was(catalog: Catalog) -> None:
    assert catalog.get_document("a.txt") == make_document(TEXT)
    (record,) = catalog.documents()
    assert (record.source, record.state, record.chunks, record.reason) == ("a.txt", "indexed", 1, None)


def test_everything_survives_closing_and_opening(tmp_path: Path, catalog: Catalog) -> None:
    before = (catalog.documents(), catalog.identity, catalog.revision, catalog.home_id)
    catalog.close()
    again = Catalog(tmp_path / "catalog.sqlite3")
    assert (again.documents(), again.identity, again.revision, again.home_id) == before
    again.close()


def test_a_new_version_replaces_the_old_one_everywhere(catalog: Catalog, bundled: StaticEmbedder) -> None:
    (old,) = catalog.vectors().seqs
    index_document(catalog, make_document("Only Kyoto now."), bundled)
    (new,) = catalog.vectors().seqs
    assert new > old
    assert catalog.chunks([int(old)]) == {}
    assert catalog.chunks([int(new)])[int(new)].text == "Only Kyoto now."
    assert catalog.search_lexical(["lahti"], limit=5) == []
    assert [seq for seq, _ in catalog.search_lexical(["kyoto"], limit=5)] == [new]
    assert catalog.copies.dead(1) == [old]


def test_a_failed_document_keeps_answering_from_its_last_good_version(catalog: Catalog) -> None:
    catalog.record_failure("a.txt", "It is broken.")
    (record,) = catalog.documents()
    assert (record.state, record.reason, record.chunks) == ("failed", "It is broken.", 1)
    assert catalog.get_document("a.txt") == make_document(TEXT)
    catalog.clear_failure("a.txt")
    assert catalog.documents()[0].state == "indexed"


def test_a_document_that_never_loaded_is_listed_with_its_reason(catalog: Catalog) -> None:
    catalog.record_failure("b.txt", "It is empty.")
    record = catalog.documents()[1]
    assert (record.source, record.state, record.reason, record.chunks) == ("b.txt", "failed", "It is empty.", 0)
    assert catalog.get_document("b.txt") is None


def test_a_removed_document_leaves_nothing_but_a_note_for_chroma(catalog: Catalog) -> None:
    seqs = [int(seq) for seq in catalog.vectors().seqs]
    catalog.remove_document("a.txt")
    assert catalog.documents() == []
    assert len(catalog.vectors().seqs) == 0
    assert catalog.search_lexical(["lahti"], limit=5) == []
    assert catalog.copies.dead(1) == seqs
    assert catalog.problems() == []


def test_the_revision_changes_with_what_can_be_found_and_only_then(catalog: Catalog, bundled: StaticEmbedder) -> None:
    before = catalog.revision
    catalog.copies.set_synced(1, 1)
    assert catalog.revision == before
    index_document(catalog, make_document("Another.", source="b.txt"), bundled)
    assert catalog.revision != before


def test_a_commit_of_another_connection_is_seen_at_once(
    tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    other = Catalog(tmp_path / "catalog.sqlite3")
    index_document(other, make_document("Another.", source="b.txt"), bundled)
    other.close()
    assert [record.source for record in catalog.documents()] == ["a.txt", "b.txt"]


def test_a_write_that_fails_half_way_leaves_the_old_version(catalog: Catalog) -> None:
    good = IndexedChunk(Chunk("x-1", "a.txt", "New", 0, 3), np.ones(192, np.float32), ["new"], [])
    wrong = IndexedChunk(Chunk("x-2", "a.txt", "New", 0, 3), np.ones(7, np.float32), ["new"], [])
    with pytest.raises(IndexMismatchError, match="7 dimensions, the index holds 192"):
        catalog.replace_document(make_document("New"), [good, wrong])
    assert catalog.get_document("a.txt") == make_document(TEXT)
    assert catalog.search_lexical(["new"], limit=5) == []
    assert catalog.problems() == []


def test_another_model_or_chunking_is_refused_with_the_cure(catalog: Catalog) -> None:
    identity = catalog.identity
    assert identity is not None
    catalog.require(identity)
    with pytest.raises(IndexMismatchError, match=r"'other'.*footnote ingest --rebuild") as caught:
        catalog.require(IndexIdentity("other", identity.chunking))
    assert "made with the chunking" not in str(caught.value)


def test_an_index_being_built_is_not_searched_until_activated(catalog: Catalog, bundled: StaticEmbedder) -> None:
    index_id = catalog.start_index(IndexIdentity("other", "other"))
    vector = bundled.embed_passages(["Entirely different."])[0]
    catalog.add_to_index(index_id, [IndexedChunk(Chunk("y-1", "a.txt", "Different", 0, 9), vector, ["different"], [])])
    assert catalog.chunks([2]) == {}
    assert list(catalog.vectors().seqs) == [1]
    catalog.activate_index(index_id)
    assert list(catalog.vectors().seqs) == [2]
    assert catalog.search_lexical(["lahti"], limit=5) == []
    assert catalog.identity == IndexIdentity("other", "other")


def test_an_unfinished_index_is_dropped(catalog: Catalog, bundled: StaticEmbedder) -> None:
    index_id = catalog.start_index(IndexIdentity("other", "other"))
    vector = bundled.embed_passages(["Different."])[0]
    catalog.add_to_index(index_id, [IndexedChunk(Chunk("y-1", "a.txt", "Different", 0, 9), vector, ["different"], [])])
    catalog.drop_unfinished()
    assert catalog.search_lexical(["different"], limit=5) == []
    assert list(catalog.vectors().seqs) == [1]
    assert catalog.problems() == []


def test_neighbours_stay_in_the_document(catalog: Catalog, bundled: StaticEmbedder) -> None:
    text = "\n\n".join(f"Paragraph number {n} says something of its own, at some length. " * 5 for n in range(5))
    index_document(catalog, make_document(text, source="b.txt"), bundled)
    chunks = [catalog.chunks([int(seq)])[int(seq)] for seq in catalog.vectors().seqs if seq > 1]
    assert len(chunks) >= 5
    assert catalog.neighbours(chunks[0].id, before=2, after=1) == chunks[:2]
    assert catalog.neighbours(chunks[2].id, before=1, after=1) == chunks[1:4]
    assert catalog.neighbours("gone-1", before=1, after=1) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match=r"catalog\.sqlite3' is not a usable catalog"):
        Catalog(path)


def test_a_newer_version_is_refused_and_left_alone(tmp_path: Path, catalog: Catalog) -> None:
    catalog.close()
    path = tmp_path / "catalog.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="has version 99, this program reads version 1"):
        Catalog(path)


def test_a_lexical_index_that_lost_a_row_is_noticed(tmp_path: Path, catalog: Catalog) -> None:
    connection = sqlite3.connect(tmp_path / "catalog.sqlite3")
    connection.execute("DELETE FROM lexical WHERE rowid = 1")
    connection.commit()
    connection.close()
    assert catalog.problems() == ["The catalog holds 1 chunks, the lexical index 0."]
