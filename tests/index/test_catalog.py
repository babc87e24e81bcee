import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, IndexedChunk, IndexIdentity
from index.documents import Chunk, Document
from index.embedding import StaticEmbedder
from index.errors import IndexMismatchError, StoreError
from index.filters import DocumentFilter
from index.ingest import Ingest
from index.knowledge_base import open_knowledge_base
from index.settings import ChunkingSettings
from tests.builders import find_lexically, index_document, make_catalog, make_document

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
    assert catalog.copies.dead(1) == [old]
    assert find_lexically(catalog, ["lahti"]) == []
    assert find_lexically(catalog, ["kyoto"]) == [new]


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
    assert catalog.copies.dead(1) == catalog.lexical_dead.dead(1) == seqs
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
    good = IndexedChunk(Chunk("x-1", "a.txt", "New", 0, 3), np.ones(192, np.float32))
    wrong = IndexedChunk(Chunk("x-2", "a.txt", "New", 0, 3), np.ones(7, np.float32))
    with pytest.raises(IndexMismatchError, match="7 dimensions, the index holds 192"):
        catalog.replace_document(make_document("New"), [good, wrong])
    assert catalog.get_document("a.txt") == make_document(TEXT)
    assert find_lexically(catalog, ["new"]) == []
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
    catalog.add_to_index(index_id, [IndexedChunk(Chunk("y-1", "a.txt", "Different", 0, 9), vector)])
    assert catalog.chunks([2]) == {}
    assert list(catalog.vectors().seqs) == [1]
    catalog.activate_index(index_id)
    assert list(catalog.vectors().seqs) == [2]
    assert find_lexically(catalog, ["lahti"]) == []
    assert find_lexically(catalog, ["different"]) == [2]
    assert catalog.identity == IndexIdentity("other", "other")


def test_an_unfinished_index_is_dropped(catalog: Catalog, bundled: StaticEmbedder) -> None:
    index_id = catalog.start_index(IndexIdentity("other", "other"))
    vector = bundled.embed_passages(["Different."])[0]
    catalog.add_to_index(index_id, [IndexedChunk(Chunk("y-1", "a.txt", "Different", 0, 9), vector)])
    catalog.drop_unfinished()
    assert find_lexically(catalog, ["different"]) == []
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
    with pytest.raises(StoreError, match="has version 99, this program reads versions 1 and 2"):
        Catalog(path)


# -- A home made before the lexical index had a folder of its own ------------------------------------------------------

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE indexes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, embedding TEXT NOT NULL, chunking TEXT NOT NULL,
    dimensions INTEGER, synced INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE documents (
    source TEXT PRIMARY KEY, title TEXT, language TEXT, date TEXT, metadata TEXT, text TEXT, content_hash TEXT,
    state TEXT NOT NULL CHECK (state IN ('indexed', 'failed')), reason TEXT, changed_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE chunks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, index_id INTEGER NOT NULL REFERENCES indexes (id), source TEXT NOT NULL,
    id TEXT NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL,
    vector BLOB NOT NULL, UNIQUE (index_id, id)
);
CREATE INDEX chunks_by_source ON chunks (source, index_id);
CREATE TABLE dead (seq INTEGER PRIMARY KEY, index_id INTEGER NOT NULL);
CREATE VIEW active AS SELECT value AS id FROM meta WHERE key = 'active_index';
CREATE VIEW live AS SELECT chunks.* FROM chunks JOIN active ON chunks.index_id = active.id;
CREATE VIRTUAL TABLE lexical USING fts5(
    body, context, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co S* P*'"
);
INSERT INTO meta VALUES ('schema_version', 1), ('home_id', '0123456789ab'), ('commits', 2), ('active_index', 1);
INSERT INTO indexes VALUES (1, 'footnote-static-v1', 'sentences-v1-400-600', 192, 0);
INSERT INTO documents VALUES (
    'a.txt', 'A title', 'en', '2018-05', '{"tags": "Lahti, ski"}', 'Lahti is a city.', 'aa', 'indexed', NULL, '2026'
);
INSERT INTO documents VALUES ('b.txt', 'B', 'en', NULL, '{}', 'Osaka is large.', 'bb', 'failed', 'Broken.', '2026');
INSERT INTO lexical (rowid, body, context) VALUES (1, 'lahti is a city', 'a title'), (2, 'osaka is large', 'b');
INSERT INTO dead VALUES (7, 1);
"""


@pytest.fixture
def version_1(tmp_path: Path, bundled: StaticEmbedder) -> Path:
    path = tmp_path / "catalog.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(_VERSION_1)
    for seq, (source, text) in enumerate([("a.txt", "Lahti is a city."), ("b.txt", "Osaka is large.")], start=1):
        vector = bundled.embed_passages([text])[0].astype("<f4").tobytes()
        connection.execute(
            "INSERT INTO chunks VALUES (?, 1, ?, ?, ?, 0, ?, '', ?)",
            (seq, source, f"{source}-1", text, len(text), vector),
        )
    connection.commit()
    connection.close()
    return path


def test_a_home_of_version_1_is_searched_and_written_as_before(version_1: Path, bundled: StaticEmbedder) -> None:
    with open_knowledge_base(version_1.parent, bundled, chunking=ChunkingSettings()) as knowledge_base:
        for search in (knowledge_base.search_dense, knowledge_base.search_lexical):
            assert [scored.chunk.source for scored in search("Lahti", limit=1)] == ["a.txt"]
        assert [record.state for record in knowledge_base.documents()] == ["indexed", "failed"]
        (found,) = knowledge_base.search_lexical(
            "ski Osaka city", limit=5, within=DocumentFilter(tags=frozenset(("SKI",)))
        )
        assert found.chunk.text == "Lahti is a city."
        assert knowledge_base.token_ids([found.chunk]) == [None]
        assert knowledge_base.problems() == []
    catalog = Catalog(version_1)
    assert (catalog.home_id, catalog.copies.dead(1), catalog.revision.commits) == ("0123456789ab", [7], 3)
    report = Ingest(catalog, bundled, root=version_1.parent, token_ids=bundled).run_documents(
        [
            make_document("Osaka is larger.", source="b.txt"),
            Document("a.txt", "A title", "en", "Lahti is a city.", "aa"),
        ]
    )
    assert [str(outcome.state) for outcome in report.outcomes] == ["changed", "unchanged"]
    assert find_lexically(catalog, ["larger"]) == [3]
    assert find_lexically(catalog, ["osaka"]) == [3]
    assert list(catalog.token_ids(["a.txt-1", catalog.chunks([3])[3].id], model=bundled.name)) == [
        catalog.chunks([3])[3].id
    ]
    assert catalog.problems() == []
    catalog.close()


def test_a_migration_that_fails_leaves_version_1(version_1: Path) -> None:
    connection = sqlite3.connect(version_1)
    connection.execute("CREATE TABLE lexical_dead (in_the_way)")
    connection.commit()
    with pytest.raises(StoreError, match="lexical_dead already exists"):
        Catalog(version_1)
    assert connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM lexical").fetchone() == (2,)
    connection.execute("DROP TABLE lexical_dead")
    connection.commit()
    connection.close()
    catalog = Catalog(version_1)
    assert catalog.count_chunks() == 2
    catalog.close()


# -- Token ids ---------------------------------------------------------------------------------------------------------


def indexed_chunk(number: int, tokens: list[int] | None, *, source: str = "a.txt") -> IndexedChunk:
    ids = None if tokens is None else np.array(tokens, np.uint32)
    return IndexedChunk(Chunk(f"{source}-{number}", source, "New", 0, 3), np.ones(192, np.float32), ids)


def test_token_ids_are_kept_for_the_model_they_are_of(catalog: Catalog) -> None:
    chunks = [indexed_chunk(1, [1, 4_000_000_000]), indexed_chunk(2, []), indexed_chunk(3, None)]
    catalog.replace_document(make_document("New"), chunks, tokens_of="model")
    ids = ["a.txt-3", "a.txt-2", "a.txt-1", "gone"]
    kept = {name: found.tolist() for name, found in catalog.token_ids(ids, model="model").items()}
    assert kept == {"a.txt-1": [1, 4_000_000_000], "a.txt-2": []}
    assert catalog.token_ids(ids, model="other") == {}


def test_token_ids_of_another_model_count_for_nothing(catalog: Catalog) -> None:
    catalog.replace_document(make_document("New"), [indexed_chunk(1, [1])], tokens_of="model")
    catalog.replace_document(make_document("New", source="b"), [indexed_chunk(1, [2], source="b")], tokens_of="newer")
    assert catalog.token_ids(["a.txt-1", "b-1"], model="model") == {}
    assert [ids.tolist() for ids in catalog.token_ids(["a.txt-1", "b-1"], model="newer").values()] == [[2]]
    catalog.replace_document(make_document("Newer"), [indexed_chunk(2, [3])], tokens_of="newer")
    assert sorted(catalog.token_ids(["a.txt-2", "b-1"], model="newer")) == ["a.txt-2", "b-1"]
