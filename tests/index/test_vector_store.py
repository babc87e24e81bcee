import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from index.catalog import Catalog, IndexIdentity
from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.vector_store import VectorStore, open_vector_store
from tests.builders import index_document, make_catalog, make_document

SENTENCES = [f"Sentence number {n} is about {topic}." for n, topic in enumerate(["Lahti", "Osaka", "waste", "health"])]


@pytest.fixture
def catalog(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[Catalog]:
    documents = [make_document(text, source=f"{n}.txt") for n, text in enumerate(SENTENCES)]
    catalog = make_catalog(tmp_path, documents, bundled)
    yield catalog
    catalog.close()


@pytest.fixture
def store(catalog: Catalog) -> Iterator[VectorStore]:
    store = opened(catalog)
    yield store
    store.close()


def opened(catalog: Catalog) -> VectorStore:
    store = open_vector_store(catalog, repair=True)
    assert store is not None
    return store


def found(store: VectorStore, embedder: StaticEmbedder, query: str) -> list[int]:
    return [seq for seq, _ in store.search(embedder.embed_questions([query])[0], limit=10)]


def test_a_new_collection_is_filled_from_the_catalog(store: VectorStore, bundled: StaticEmbedder) -> None:
    assert store.sync() == 4
    assert store.sync() == 0
    assert found(store, bundled, "Osaka")[0] == 2
    assert store.problems() == []


def test_distance_becomes_similarity(store: VectorStore, bundled: StaticEmbedder) -> None:
    store.sync()
    (nearest, *_) = store.search(bundled.embed_passages([SENTENCES[2]])[0], limit=1)
    assert nearest[0] == 3
    assert nearest[1] == pytest.approx(1.0, abs=1e-5)


def test_changes_and_removals_follow(store: VectorStore, catalog: Catalog, bundled: StaticEmbedder) -> None:
    store.sync()
    index_document(catalog, make_document("Now about Kyoto.", source="0.txt"), bundled)
    catalog.remove_document("1.txt")
    assert store.sync() == 1
    assert sorted(found(store, bundled, "Kyoto")) == [3, 4, 5]
    assert catalog.copies.dead(store.index_id) == []


def test_copies_survive_closing_and_opening(catalog: Catalog, bundled: StaticEmbedder) -> None:
    store = opened(catalog)
    store.sync()
    store.close()
    store = opened(catalog)
    assert store.sync() == 0
    assert len(found(store, bundled, "Lahti")) == 4
    store.close()


def test_chunks_missing_from_chroma_are_copied_again(catalog: Catalog, bundled: StaticEmbedder) -> None:
    store = opened(catalog)
    store.sync()
    store._collection.delete(ids=["2", "3"])
    assert store.problems() == ["The catalog has copied 4 chunks to Chroma, which holds 2."]
    store.close()
    store = opened(catalog)
    store.sync()
    assert sorted(found(store, bundled, "Lahti")) == [1, 2, 3, 4]
    assert store.problems() == []
    store.close()


def test_chunks_unknown_to_the_catalog_are_taken_out(catalog: Catalog, bundled: StaticEmbedder) -> None:
    store = opened(catalog)
    store.sync()
    store._collection.upsert(ids=["99"], embeddings=bundled.embed_passages(["A stray."]))
    store.close()
    store = opened(catalog)
    assert sorted(found(store, bundled, "stray")) == [1, 2, 3, 4]
    store.close()


def test_a_deleted_folder_is_rebuilt(tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    import shutil

    store = opened(catalog)
    store.sync()
    store.close()
    shutil.rmtree(tmp_path / "chroma")
    store = opened(catalog)
    assert store.sync() == 4
    assert len(found(store, bundled, "Lahti")) == 4
    store.close()


def test_an_index_broken_by_a_crash_is_rebuilt(tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    store = opened(catalog)
    store.sync()
    store.close()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"torn")
    (tmp_path / "chroma.open").touch()  # what a killed process leaves
    assert open_vector_store(catalog) is None  # a single question does without
    store = opened(catalog)
    store.sync()
    assert len(found(store, bundled, "Lahti")) == 4
    store.close()
    assert not (tmp_path / "chroma.open").exists()


def test_a_second_process_does_without_the_folder(tmp_path: Path, catalog: Catalog) -> None:
    with FileLock(tmp_path / "chroma.lock"):
        assert open_vector_store(catalog, repair=True) is None
    store = open_vector_store(catalog, repair=True)
    assert store is not None
    store.close()


def test_a_rebuilt_index_gets_a_collection_of_its_own(catalog: Catalog) -> None:
    store = opened(catalog)
    store.sync()
    former = store._collection.name
    catalog.activate_index(catalog.start_index(IndexIdentity("other", "other")))
    assert store.sync() == 0  # the old collection takes nothing of the new index
    store.close()
    store = opened(catalog)
    names = [collection.name for collection in store._client.list_collections()]
    assert names == [store._collection.name]
    assert names != [former]
    store.close()


def test_before_the_first_document_there_is_nothing_to_open(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    assert open_vector_store(catalog, repair=True) is None
    catalog.close()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://"])
def test_an_address_that_is_none_is_refused(catalog: Catalog, url: str) -> None:
    with pytest.raises(StoreError, match="FOOTNOTE_CHROMA_URL"):
        open_vector_store(catalog, url=url)


def test_a_server_that_is_not_there_is_named(catalog: Catalog) -> None:
    with pytest.raises(StoreError, match=r"No Chroma server answers at 'http://127\.0\.0\.1:9'"):
        open_vector_store(catalog, url="http://127.0.0.1:9")


@pytest.mark.slow
def test_a_chroma_server_serves_like_the_folder(tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "run", "--path", tmp_path / "server", "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        store = None
        for _ in range(100):
            try:
                store = open_vector_store(catalog, url=url, repair=True)
                break
            except StoreError:
                time.sleep(0.2)
        assert store is not None
        assert store.sync() == 4
        assert found(store, bundled, "Osaka")[0] == 2
        store.check()
        server.terminate()
        server.wait(10)
        index_document(catalog, make_document("Nagoya is in Japan.", source="later.txt"), bundled)
        for call in (store.check, store.sync, partial(found, store, bundled, "Osaka")):
            with pytest.raises(StoreError, match=r"^Chroma did not .*'footnote doctor' tells more\.$"):
                call()
        store.close()
        assert not (tmp_path / "chroma").exists()
    finally:
        server.terminate()
        server.wait(10)


# Writes documents and copies them to Chroma as fast as it can, and says how many the catalog has acknowledged.
_WRITER = """
    import sys
    from pathlib import Path
    from index.catalog import Catalog
    from index.embedding import StaticEmbedder
    from index.vector_store import open_vector_store
    from tests.builders import index_document, make_document

    embedder = StaticEmbedder()
    catalog = Catalog(Path(sys.argv[1]) / "catalog.sqlite3")
    store = open_vector_store(catalog, repair=True)
    store.sync()
    for n in range(100_000):
        text = f"Document {n} has one sentence about thing {n * 7919 % 1000}."
        index_document(catalog, make_document(text, source=f"w{n}.txt"), embedder)
        print(n, flush=True)
        if n % 5 == 0:
            store.sync()
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [40, 130, 333])
def test_nothing_is_lost_when_the_writer_is_killed(tmp_path: Path, catalog: Catalog, lines: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WRITER), str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert writer.stdout is not None
    acknowledged = -1
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged >= lines:
            os.kill(writer.pid, signal.SIGKILL)
            break
    writer.stdout.close()
    writer.wait()
    held = {record.source for record in catalog.documents()}
    assert {f"w{n}.txt" for n in range(acknowledged + 1)} <= held
    assert (tmp_path / "chroma.open").exists()
    store = opened(catalog)
    store.sync()
    assert store.problems() == []
    assert catalog.problems() == []
    seqs = [int(seq) for seq in catalog.vectors().seqs]
    for seq, vector in zip(seqs, catalog.vectors().vectors, strict=True):
        best = store.search(vector, limit=3)
        assert best[0][1] == pytest.approx(1.0, abs=1e-4), seq
    store.close()
