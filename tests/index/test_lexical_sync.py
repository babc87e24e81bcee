"""The lexical index follows the catalog: after any kill, beside any reader, from any damage."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from index.catalog import Catalog, IndexIdentity
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from index.lexical_index import LexicalIndex
from index.lexical_sync import (
    is_behind,
    lexical_problems,
    open_lexical_index,
    sweep_lexical_indexes,
    sync_lexical_index,
)
from tests.builders import index_document, make_catalog, make_document

TEXTS = ["Batteries store energy.", "Lahti lies at a lake.", "The fox sleeps in the forest."]


@pytest.fixture
def catalog(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[Catalog]:
    documents = [make_document(text, source=f"{n}.txt", title=f"Number {n}") for n, text in enumerate(TEXTS, start=1)]
    catalog = make_catalog(tmp_path, documents, bundled)
    yield catalog
    catalog.close()


@pytest.fixture
def lexical(catalog: Catalog) -> LexicalIndex:
    return open_lexical_index(catalog, index_id=1)


def found(lexical: LexicalIndex, *terms: str) -> list[int]:
    return [seq for seq, _ in lexical.search(terms, limit=10)]


def sync(catalog: Catalog) -> None:
    """Sync as another process would, which knows nothing yet."""
    assert sync_lexical_index(catalog, open_lexical_index(catalog, index_id=1), index_id=1)


def test_texts_titles_and_headings_are_found(catalog: Catalog, lexical: LexicalIndex, bundled: StaticEmbedder) -> None:
    assert found(lexical, "fox") == [3]
    assert found(lexical, "2") == [2]
    index_document(catalog, make_document("# Kyoto\n\nIt is old.", source="k.md", title="Nara"), bundled)
    assert found(lexical, "kyoto")[0] == 4
    assert 4 in found(lexical, "nara")


def test_what_was_deleted_is_taken_out_and_nothing_else_is_touched(
    catalog: Catalog, lexical: LexicalIndex, caplog: pytest.LogCaptureFixture
) -> None:
    catalog.remove_document("2.txt")
    assert found(lexical, "lahti") == [2]  # the catalog knows better
    assert catalog.lexical_dead.dead(1) == [2]
    assert lexical_problems(catalog, lexical, index_id=1) == []
    sync(catalog)
    assert found(lexical, "lahti") == []
    assert (lexical.count(), catalog.lexical_dead.dead(1)) == (2, [])
    assert lexical_problems(catalog, lexical, index_id=1) == []
    assert caplog.messages == []


def test_the_last_chunk_may_be_deleted_and_others_follow(
    catalog: Catalog, lexical: LexicalIndex, bundled: StaticEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    catalog.remove_document("3.txt")
    sync(catalog)
    assert lexical.last_seq() == 2
    index_document(catalog, make_document("A fox again.", source="4.txt"), bundled)
    assert found(lexical, "fox") == [4]
    assert lexical_problems(catalog, lexical, index_id=1) == []
    assert caplog.messages == []


def test_when_nothing_is_new_nothing_is_written(catalog: Catalog, lexical: LexicalIndex) -> None:
    before = (lexical.folder / "meta.json").stat()
    sync(catalog)
    after = (lexical.folder / "meta.json").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_deleted_folder_is_made_anew(
    catalog: Catalog, lexical: LexicalIndex, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(lexical.folder)
    assert found(lexical, "fox") == []
    assert is_behind(catalog, lexical, index_id=1)
    sync(catalog)
    assert found(lexical, "fox") == [3]
    assert caplog.messages == []


def test_opening_for_a_question_adds_what_is_missing(
    catalog: Catalog, lexical: LexicalIndex, bundled: StaticEmbedder
) -> None:
    shutil.rmtree(lexical.folder)
    with KnowledgeBase(Catalog(catalog.path), bundled) as knowledge_base:
        assert [scored.chunk.source for scored in knowledge_base.search_lexical("fox", limit=5)] == ["3.txt"]
        assert knowledge_base.problems() == []


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        (".managed.json", "cut"),
        *((suffix, how) for suffix in ("meta.json", ".term", ".fast") for how in ("cut", "gone")),
    ],
)
def test_a_damaged_folder_is_made_anew(
    catalog: Catalog, lexical: LexicalIndex, suffix: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    (damaged,) = [path for path in lexical.folder.iterdir() if path.name.endswith(suffix)][:1]
    if how == "gone":
        damaged.unlink()
    else:
        damaged.write_bytes(damaged.read_bytes()[:10])
    sync(catalog)
    again = open_lexical_index(catalog, index_id=1)
    assert found(again, "fox") == [3]
    assert lexical_problems(catalog, again, index_id=1) == []
    assert caplog.messages == [f"The lexical index '{lexical.folder}' was damaged; building it anew from the catalog."]


def test_an_index_that_lost_a_chunk_is_noticed_and_made_anew(
    catalog: Catalog, lexical: LexicalIndex, caplog: pytest.LogCaptureFixture
) -> None:
    with lexical.writing() as writer:
        writer.delete([1])
        writer.commit()
    assert lexical_problems(catalog, lexical, index_id=1) == ["The catalog holds 3 chunks, the lexical index 2."]
    sync(catalog)
    assert found(lexical, "batteries") == [1]
    assert lexical_problems(catalog, lexical, index_id=1) == []
    assert caplog.messages == [f"The lexical index '{lexical.folder}' lacked chunks; building it anew."]


def test_while_another_process_is_at_it_what_there_is_is_searched(
    tmp_path: Path, catalog: Catalog, lexical: LexicalIndex, bundled: StaticEmbedder
) -> None:
    shutil.rmtree(lexical.folder)
    with FileLock(tmp_path / "lexical.lock"):
        assert not sync_lexical_index(catalog, lexical, index_id=1)
        with KnowledgeBase(Catalog(catalog.path), bundled) as knowledge_base:
            assert knowledge_base.search_lexical("fox", limit=5) == []
            assert knowledge_base.problems() == ["The catalog holds 3 chunks, the lexical index 0."]
    assert sync_lexical_index(catalog, lexical, index_id=1)


def test_a_damaged_index_leaves_dense_search(
    catalog: Catalog, lexical: LexicalIndex, bundled: StaticEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    with KnowledgeBase(Catalog(catalog.path), bundled) as knowledge_base:
        (lexical.folder / "meta.json").write_bytes(b"{")
        assert knowledge_base.search_lexical("fox", limit=5) == []
        assert knowledge_base.search_dense("fox", limit=1)[0].chunk.source == "3.txt"
        assert caplog.messages[0].startswith(f"The lexical index '{lexical.folder}' cannot be used")
        knowledge_base.sync()
        assert [scored.chunk.source for scored in knowledge_base.search_lexical("fox", limit=5)] == ["3.txt"]


def test_another_analysis_has_another_folder_and_former_ones_are_swept(
    tmp_path: Path, catalog: Catalog, lexical: LexicalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.lexical_sync.ANALYSIS_VERSION", 999)
    newer = open_lexical_index(catalog, index_id=1)
    assert newer.folder == tmp_path / "lexical-1-v999"
    assert sync_lexical_index(catalog, newer, index_id=1)
    assert found(lexical, "fox") == found(newer, "fox") == [3]
    sweep_lexical_indexes(catalog, keep=newer)
    assert sorted(path.name for path in tmp_path.glob("lexical-*")) == ["lexical-1-v999"]


def test_another_index_has_another_folder(catalog: Catalog, bundled: StaticEmbedder) -> None:
    catalog.activate_index(catalog.start_index(IndexIdentity(bundled.name, "other")))
    lexical = open_lexical_index(catalog, index_id=2)
    assert not is_behind(catalog, lexical, index_id=2)
    assert sync_lexical_index(catalog, lexical, index_id=2)
    assert lexical.count() == 0


# -- Other processes ---------------------------------------------------------------------------------------------------

# Ingests for ever: new documents, new versions of them, removals; the lexical index follows at every breath.
_WRITER = """
    import sys
    from pathlib import Path
    import index.runs
    from index.catalog import Catalog
    from index.documents import Document
    from index.embedding import StaticEmbedder
    from index.ingest import Ingest

    index.runs._SYNC_SECONDS = 0.0
    home = Path(sys.argv[1])
    catalog = Catalog(home / "catalog.sqlite3")
    ingest = Ingest(catalog, StaticEmbedder(), root=home)

    def documents():
        for n in range(int(sys.argv[2]), 1_000_000):
            for name, version in ((f"new{n}", 0), (f"new{n // 2}", n), (f"both{n % 7}", n)):
                text = f"Document {name} speaks of word{name} in version{version}."
                yield Document(f"{name}.txt", name, "en", text, f"{name}-{version}")
            if n % 5 == 4:
                catalog.remove_document(f"new{n - 3}.txt")

    ingest.run_documents(documents(), progress=lambda outcome: print(outcome.source, flush=True))
"""


def start_writer(home: Path, first: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WRITER), str(home), str(first)],
        stdout=subprocess.PIPE,
        pipesize=4096,  # bytes: some hundred lines ahead of its reader it waits
        cwd=Path(__file__).parents[2],
        text=True,
    )


def read_lines(writer: subprocess.Popen[str], count: int) -> None:
    assert writer.stdout is not None
    for _ in range(count):
        assert writer.stdout.readline()


def check_each_is_found_once(home: Path, bundled: StaticEmbedder) -> None:
    with KnowledgeBase(Catalog(home / "catalog.sqlite3"), bundled) as knowledge_base:
        assert knowledge_base.problems() == []
        sources = [record.source for record in knowledge_base.documents()]
        for source in sources:
            name = source.removesuffix(".txt")
            document = knowledge_base.get_document(source)
            assert document is not None
            lexical = [scored.chunk for scored in knowledge_base.search_lexical(f"word{name}", limit=len(sources))]
            exact = [chunk for chunk in lexical if f"word{name} " in chunk.text]
            assert [(chunk.source, chunk.text) for chunk in exact] == [(source, document.text)]
            dense = knowledge_base.search_dense(document.text, limit=len(sources))
            assert sorted(scored.chunk.source for scored in dense) == sources


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_after_kills_at_any_moment_each_document_is_found_once(tmp_path: Path, bundled: StaticEmbedder) -> None:
    Catalog(tmp_path / "catalog.sqlite3").close()
    first = 0
    for lines in (3, 7, 12, 20, 31):
        writer = start_writer(tmp_path, first)
        read_lines(writer, lines)
        time.sleep(0.01 * (lines % 5))
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        first += lines
        check_each_is_found_once(tmp_path, bundled)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_one_process_ingests_while_another_searches(
    tmp_path: Path, bundled: StaticEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    writer = start_writer(tmp_path, 0)
    try:
        read_lines(writer, 3)
        with KnowledgeBase(Catalog(tmp_path / "catalog.sqlite3"), bundled) as knowledge_base:
            seen: list[int] = []
            while len(set(seen)) < 5:  # a writer may commit much later than it says what it did
                read_lines(writer, 3)
                found = [scored.chunk for scored in knowledge_base.search_lexical("wordboth0", limit=1000)]
                assert len(found) == len({chunk.source for chunk in found})
                seen += [_version(chunk.text) for chunk in found if "wordboth0 " in chunk.text]
            assert seen == sorted(seen)
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
    assert caplog.messages == []
    check_each_is_found_once(tmp_path, bundled)


def _version(text: str) -> int:
    return int(text.rpartition("version")[2].rstrip("."))
