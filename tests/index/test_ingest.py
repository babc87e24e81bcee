"""Ingest: what becomes of every file, what stays searchable when something goes wrong, and what a kill leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from index.catalog import Catalog
from index.embedding import StaticEmbedder, Vectors
from index.errors import EmbeddingError, IndexMismatchError, LoadError, StoreError
from index.fetching import FetchedPage
from index.ingest import Ingest, IngestReport, Outcome, State
from index.knowledge_base import KnowledgeBase
from index.lexical_sync import lexical_problems, open_lexical_index
from index.removal import remove_documents
from index.settings import ChunkingSettings, LoadingSettings
from index.vector_store import open_vector_store
from tests.builders import find_lexically, make_document

FOOTNOTE = Path(sys.executable).parent / "footnote"


class RecordingEmbedder:
    """The bundled model under a name of its own; it keeps what it embedded, and can be told to do something first."""

    def __init__(self, bundled: StaticEmbedder, *, name: str | None = None) -> None:
        self._bundled = bundled
        self._name = name or bundled.name
        self.passages: list[str] = []
        self.before: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        return self._name

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.before()
        self.passages += texts
        return self._bundled.embed_passages(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return self._bundled.embed_questions(texts)


def refuse_after(embedder: RecordingEmbedder, count: int) -> None:
    """Let the embedder answer so many more times, then fail."""
    left = count

    def before() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise EmbeddingError("The endpoint does not answer.")

    embedder.before = before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that holds the home and a folder of two documents."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lahti.txt").write_text("Lahti is a city in Finland.", encoding="utf-8")
    (docs / "osaka.md").write_text("# Osaka\n\nOsaka is a city in Japan.", encoding="utf-8")
    return tmp_path


@pytest.fixture
def catalog(root: Path) -> Iterator[Catalog]:
    catalog = Catalog(root / ".footnote" / "catalog.sqlite3")
    yield catalog
    catalog.close()


@pytest.fixture
def embedder(bundled: StaticEmbedder) -> RecordingEmbedder:
    return RecordingEmbedder(bundled)


@pytest.fixture
def ingest(root: Path, catalog: Catalog, embedder: RecordingEmbedder) -> Ingest:
    return Ingest(catalog, embedder, root=root)


def states(report: IngestReport) -> dict[str, str]:
    assert len({outcome.source for outcome in report.outcomes}) == len(report.outcomes)
    return {outcome.source: str(outcome.state) for outcome in report.outcomes}


def indexed(catalog: Catalog) -> dict[str, str]:
    return {record.source: record.state for record in catalog.documents()}


def texts(catalog: Catalog, terms: Sequence[str]) -> list[str]:
    seqs = find_lexically(catalog, terms)
    chunks = catalog.chunks(seqs)
    return [chunks[seq].text for seq in seqs]


# -- Outcomes ----------------------------------------------------------------------------------------------------------


def test_new_files_are_indexed_in_order_of_their_names(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    seen: list[Outcome] = []
    report = ingest.run([root / "docs"], progress=seen.append)
    assert report.outcomes == (
        Outcome("docs/lahti.txt", State.INDEXED, chunks=1),
        Outcome("docs/osaka.md", State.INDEXED, chunks=1),
    )
    assert tuple(seen) == report.outcomes
    assert [report.count(state) for state in State] == [2, 0, 0, 0, 0]
    assert report.failed == ()
    document = catalog.get_document("docs/osaka.md")
    assert document is not None
    assert (document.title, document.language, document.text) == (
        "Osaka",
        "en",
        "# Osaka\n\nOsaka is a city in Japan.",
    )


def test_unchanged_files_are_neither_parsed_nor_embedded_again(
    root: Path, catalog: Catalog, ingest: Ingest, embedder: RecordingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.run([root / "docs"])
    revision, embedded = catalog.revision, list(embedder.passages)

    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("index.ingest.load_file", parsed)
    report = ingest.run([root / "docs"])
    assert states(report) == {"docs/lahti.txt": "unchanged", "docs/osaka.md": "unchanged"}
    assert [outcome.chunks for outcome in report.outcomes] == [1, 1]
    assert catalog.revision == revision
    assert embedder.passages == embedded


def test_a_file_that_was_only_touched_is_unchanged(root: Path, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    os.utime(root / "docs" / "lahti.txt", (0, 0))
    assert states(ingest.run([root / "docs"]))["docs/lahti.txt"] == "unchanged"


def test_a_changed_file_replaces_its_former_version(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    (root / "docs" / "lahti.txt").write_text("Lahti lies at the lake Vesijärvi.", encoding="utf-8")
    assert states(ingest.run([root / "docs"])) == {"docs/lahti.txt": "changed", "docs/osaka.md": "unchanged"}
    assert texts(catalog, ["lahti"]) == ["Lahti lies at the lake Vesijärvi."]
    assert texts(catalog, ["finland"]) == []


def test_an_encoding_other_than_utf8_is_mentioned(root: Path, ingest: Ingest) -> None:
    (root / "docs" / "alt.txt").write_text("\ufeffSchöne Grüße aus Düsseldorf.", encoding="utf-16-le")
    outcome = ingest.run([root / "docs" / "alt.txt"]).outcomes[0]
    assert outcome == Outcome("docs/alt.txt", State.INDEXED, "read as utf-16-le, not UTF-8", 1)


def test_a_file_that_fails_is_listed_and_the_others_are_indexed(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    (root / "docs" / "a.txt").write_bytes(b"\x00\x01\x02")
    report = ingest.run([root / "docs"])
    assert states(report) == {"docs/a.txt": "failed", "docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}
    reason = report.failed[0].reason
    assert reason.startswith("'docs/a.txt' is not a text file, byte 0 is NUL")
    record = catalog.documents()[0]
    assert (record.source, record.state, record.reason, record.chunks) == ("docs/a.txt", "failed", reason, 0)


def test_a_file_that_failed_is_indexed_once_it_is_mended(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    path = root / "docs" / "a.txt"
    path.write_bytes(b"\x00")
    ingest.run([path])
    path.write_text("Now it is text.", encoding="utf-8")
    assert states(ingest.run([path])) == {"docs/a.txt": "indexed"}
    assert indexed(catalog) == {"docs/a.txt": "indexed"}
    assert catalog.documents()[0].reason is None


def test_a_changed_file_that_breaks_keeps_answering_in_its_old_version(
    root: Path, catalog: Catalog, ingest: Ingest
) -> None:
    ingest.run([root / "docs"])
    path = root / "docs" / "lahti.txt"
    before = path.read_bytes()
    path.write_bytes(b"broken \x00")
    report = ingest.run([root / "docs"])
    assert states(report) == {"docs/lahti.txt": "failed", "docs/osaka.md": "unchanged"}
    record = catalog.documents()[0]
    assert (record.state, record.reason, record.chunks) == ("failed", report.failed[0].reason, 1)
    assert texts(catalog, ["lahti"]) == ["Lahti is a city in Finland."]

    path.write_bytes(before)
    assert states(ingest.run([root / "docs"])) == {"docs/lahti.txt": "unchanged", "docs/osaka.md": "unchanged"}
    record = catalog.documents()[0]
    assert (record.state, record.reason, record.chunks) == ("indexed", None, 1)


@pytest.mark.parametrize("text", ["", " \n\t\n", "---\n---\n"], ids=["nothing", "white-space", "a-rule"])
def test_a_file_without_text_fails(root: Path, ingest: Ingest, text: str) -> None:
    (root / "docs" / "blank.md").write_text(text, encoding="utf-8")
    report = ingest.run([root / "docs" / "blank.md"])
    assert states(report) == {"docs/blank.md": "failed"}
    assert "'docs/blank.md'" in report.failed[0].reason


def test_a_file_that_is_too_large_names_the_setting(root: Path, catalog: Catalog, embedder: RecordingEmbedder) -> None:
    (root / "docs" / "big.txt").write_text("x" * 1025, encoding="utf-8")
    small = Ingest(catalog, embedder, root=root, loading=LoadingSettings(max_bytes=1024))
    report = small.run([root / "docs"])
    assert states(report)["docs/big.txt"] == "failed"
    assert "'docs/big.txt' has 0.0 MiB, more than the limit" in report.failed[0].reason
    assert "FOOTNOTE_MAX_FILE_MB" in report.failed[0].reason


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_fails_and_the_others_are_indexed(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    (Path(os.fsdecode(os.fsencode(root / "docs") + b"/bad\xff.txt"))).write_text("A text.", encoding="utf-8")
    report = ingest.run([root / "docs"])
    assert [str(outcome.state) for outcome in report.outcomes] == ["failed", "indexed", "indexed"]
    assert report.failed[0].reason == "The name of 'docs/bad\\udcff.txt' is not valid UTF-8: rename the file."
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


def test_missing_and_empty_paths_fail_and_the_others_are_indexed(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    (root / "empty").mkdir()
    (root / "empty" / "photo.png").write_bytes(b"\x89PNG")
    report = ingest.run([root / "nowhere", root / "empty", root / "docs"])
    assert [(outcome.source, str(outcome.state)) for outcome in report.outcomes] == [
        (str(root / "nowhere"), "failed"),
        (str(root / "empty"), "failed"),
        ("docs/lahti.txt", "indexed"),
        ("docs/osaka.md", "indexed"),
    ]
    assert [outcome.reason for outcome in report.failed] == [
        f"{str(root / 'nowhere')!r} does not exist: check the name.",
        f"'{root / 'empty'}' has no documents of a known type (.md, .txt, .html).",
    ]
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


# -- Removal -----------------------------------------------------------------------------------------------------------


def test_a_vanished_file_stays_without_prune(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    (root / "docs" / "lahti.txt").unlink()
    assert states(ingest.run([root / "docs"])) == {"docs/osaka.md": "unchanged"}
    assert texts(catalog, ["lahti"]) == ["Lahti is a city in Finland."]


def test_prune_removes_a_vanished_file_and_all_that_was_found_by_it(
    root: Path, catalog: Catalog, ingest: Ingest
) -> None:
    ingest.run([root / "docs"])
    (root / "docs" / "lahti.txt").unlink()
    report = ingest.run([root / "docs"], prune=True)
    assert states(report) == {"docs/osaka.md": "unchanged", "docs/lahti.txt": "removed"}
    assert indexed(catalog) == {"docs/osaka.md": "indexed"}
    assert texts(catalog, ["lahti"]) == []
    assert states(ingest.run([root / "docs"], prune=True)) == {"docs/osaka.md": "unchanged"}


def test_prune_removes_a_vanished_file_once_however_often_its_folder_is_named(root: Path, ingest: Ingest) -> None:
    (root / "docs" / "fi").mkdir()
    (root / "docs" / "fi" / "a.txt").write_text("Yksi lause.", encoding="utf-8")
    (root / "docs" / "fi" / "b.txt").write_text("Toinen lause.", encoding="utf-8")
    ingest.run([root / "docs"])
    (root / "docs" / "fi" / "a.txt").unlink()
    report = ingest.run([root / "docs", root / "docs" / "fi", root / "docs"], prune=True)
    assert states(report) == {
        "docs/fi/b.txt": "unchanged",
        "docs/lahti.txt": "unchanged",
        "docs/osaka.md": "unchanged",
        "docs/fi/a.txt": "removed",
    }


def test_prune_does_not_reach_beyond_the_folders_that_are_named(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    for name in ("docs2", "other"):
        (root / name).mkdir()
        (root / name / "a.txt").write_text(f"A text of {name}.", encoding="utf-8")
    ingest.run([root / "docs", root / "docs2", root / "other"])
    (root / "docs2" / "a.txt").unlink()
    (root / "other" / "a.txt").unlink()
    assert ingest.run([root / "docs"], prune=True).count(State.REMOVED) == 0
    assert set(indexed(catalog)) == {"docs/lahti.txt", "docs/osaka.md", "docs2/a.txt", "other/a.txt"}


@pytest.mark.parametrize("folder_stays", [True, False], ids=["empty", "missing"])
def test_prune_removes_nothing_below_a_folder_without_documents(
    root: Path, catalog: Catalog, ingest: Ingest, folder_stays: bool
) -> None:
    ingest.run([root / "docs"])
    for file in (root / "docs").iterdir():
        file.unlink()
    if not folder_stays:
        (root / "docs").rmdir()
    report = ingest.run([root / "docs"], prune=True)
    assert [str(outcome.state) for outcome in report.outcomes] == ["failed"]
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


def test_prune_removes_a_single_file_that_is_named_and_gone(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    (root / "docs" / "lahti.txt").unlink()
    assert [outcome.state for outcome in ingest.run([root / "docs" / "lahti.txt"]).outcomes] == [State.FAILED]
    report = ingest.run([root / "docs" / "lahti.txt"], prune=True)
    assert report.outcomes == (Outcome("docs/lahti.txt", State.REMOVED),)
    assert indexed(catalog) == {"docs/osaka.md": "indexed"}


def test_prune_keeps_a_single_file_whose_folder_is_gone(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    (root / "docs").rename(root / "elsewhere")
    report = ingest.run([root / "docs" / "lahti.txt"], prune=True)
    assert [outcome.state for outcome in report.outcomes] == [State.FAILED]
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


def test_prune_removes_what_failed_and_is_gone(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    (root / "docs" / "a.txt").write_bytes(b"\x00")
    ingest.run([root / "docs"])
    (root / "docs" / "a.txt").unlink()
    assert states(ingest.run([root / "docs"], prune=True))["docs/a.txt"] == "removed"
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


def test_prune_keeps_pages_of_the_web(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    url = "https://example.org/lahti"
    ingest.run_documents([make_document("Lahti has a harbour.", source=url)])
    assert states(ingest.run([root], prune=True)) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed", url: "indexed"}


def test_documents_are_removed_by_name_and_their_files_stay(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    seen: list[Outcome] = []
    report = remove_documents(catalog, ["docs/lahti.txt", "lahti.txt", "docs/lahti.txt"], progress=seen.append)
    assert report.outcomes == (
        Outcome("docs/lahti.txt", State.REMOVED),
        Outcome("lahti.txt", State.FAILED, "There is no document 'lahti.txt': `footnote documents` lists the names."),
        Outcome(
            "docs/lahti.txt",
            State.FAILED,
            "There is no document 'docs/lahti.txt': `footnote documents` lists the names.",
        ),
    )
    assert tuple(seen) == report.outcomes
    assert lexical_problems(catalog, open_lexical_index(catalog, index_id=1), index_id=1) == []
    assert open_lexical_index(catalog, index_id=1).search(["finland"], limit=10) == []
    assert indexed(catalog) == {"docs/osaka.md": "indexed"}
    assert (root / "docs" / "lahti.txt").is_file()


def test_documents_of_another_model_can_be_removed(root: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    Ingest(catalog, RecordingEmbedder(bundled, name="a model that is gone"), root=root).run([root / "docs"])
    assert remove_documents(catalog, ["docs/lahti.txt"]).count(State.REMOVED) == 1


def test_nothing_can_be_removed_from_an_empty_home(catalog: Catalog) -> None:
    assert [outcome.state for outcome in remove_documents(catalog, ["a"]).outcomes] == [State.FAILED]


def test_nothing_is_removed_while_an_ingest_runs(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    with (
        FileLock(root / ".footnote" / "ingest.lock"),
        pytest.raises(StoreError, match=r"Another ingest is running in '.*\.footnote'\. Wait"),
    ):
        remove_documents(catalog, ["docs/lahti.txt"])
    assert indexed(catalog) == {"docs/lahti.txt": "indexed", "docs/osaka.md": "indexed"}


# -- Pages of the web, and documents read again ------------------------------------------------------------------------


def test_a_page_goes_through_its_states_under_one_address(
    root: Path, catalog: Catalog, embedder: RecordingEmbedder
) -> None:
    pages = {"https://example.org/lahti": b"Lahti has a harbour."}

    def fetch(url: str, *, max_bytes: int) -> FetchedPage:
        if url not in pages:
            raise LoadError(f"{url!r} answered 404 Not Found: check the address.")
        return FetchedPage(url, pages[url][:max_bytes], ".txt")

    ingest = Ingest(catalog, embedder, root=root, fetch=fetch)
    url, other = "https://example.org/lahti", "https://example.org/nosuch"
    assert ingest.add_page("https://EXAMPLE.org/lahti#harbour") == Outcome(url, State.INDEXED, chunks=1)
    assert ingest.add_page(url) == ingest.reread(url) == Outcome(url, State.UNCHANGED, chunks=1)
    pages[url] = b"Lahti has a big harbour."
    assert ingest.reread(url) == Outcome(url, State.CHANGED, chunks=1)
    former = pages.pop(url)
    reason = f"{url!r} answered 404 Not Found: check the address."
    assert ingest.add_page(url) == Outcome(url, State.FAILED, reason)
    (record,) = catalog.documents()
    assert (record.source, record.state, record.reason, record.chunks) == (url, "failed", reason, 1)
    assert texts(catalog, ["harbour"]) == ["Lahti has a big harbour."]
    pages[url] = former
    assert ingest.add_page(url).state is State.UNCHANGED
    assert indexed(catalog) == {url: "indexed"}
    assert ingest.add_page(other).state is State.FAILED
    assert ingest.add_page("nosuch").state is State.FAILED
    assert indexed(catalog) == {url: "indexed"}


@pytest.mark.parametrize("is_there", [True, False], ids=["fetched", "gone"])
def test_a_page_that_is_removed_while_it_is_read_again_stays_removed(
    root: Path, catalog: Catalog, embedder: RecordingEmbedder, is_there: bool
) -> None:
    url = "https://example.org/"

    def fetch(url: str, *, max_bytes: int) -> FetchedPage:
        if indexed(catalog):
            assert remove_documents(catalog, [url]).count(State.REMOVED) == 1
            if not is_there:
                raise LoadError(f"{url!r} answered 404 Not Found: check the address.")
        return FetchedPage(url, b"Lahti has a harbour."[:max_bytes], ".txt")

    ingest = Ingest(catalog, embedder, root=root, fetch=fetch)
    assert ingest.add_page(url).state is State.INDEXED
    reason = f"There is no document {url!r}: `footnote documents` lists the names."
    assert ingest.reread(url) == Outcome(url, State.FAILED, reason)
    assert indexed(catalog) == {}
    assert texts(catalog, ["harbour"]) == []
    assert ingest.add_page(url).state is State.INDEXED


def test_a_page_is_fetched_before_others_have_to_wait(
    root: Path, catalog: Catalog, embedder: RecordingEmbedder
) -> None:
    def fetch(url: str, *, max_bytes: int) -> FetchedPage:
        assert Ingest(catalog, embedder, root=root).run([root / "docs"]).count(State.INDEXED) == 2
        return FetchedPage(url, b"Lahti has a harbour."[:max_bytes], ".txt")

    assert Ingest(catalog, embedder, root=root, fetch=fetch).add_page("https://example.org/").state is State.INDEXED


def test_a_file_is_read_again(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    path = root / "docs" / "lahti.txt"
    assert ingest.reread("docs/lahti.txt") == Outcome("docs/lahti.txt", State.UNCHANGED, chunks=1)
    path.write_text("Lahti has changed.", encoding="utf-8")
    assert ingest.reread("docs/lahti.txt") == Outcome("docs/lahti.txt", State.CHANGED, chunks=1)
    path.unlink()
    reason = "'docs/lahti.txt' does not exist: check the name."
    assert ingest.reread("docs/lahti.txt") == Outcome("docs/lahti.txt", State.FAILED, reason)
    assert indexed(catalog) == {"docs/lahti.txt": "failed", "docs/osaka.md": "indexed"}
    assert texts(catalog, ["lahti"]) == ["Lahti has changed."]
    assert ingest.reread("lahti.txt").reason == (
        "There is no document 'lahti.txt': `footnote documents` lists the names."
    )


def test_an_ingest_can_wait_for_another(root: Path, catalog: Catalog, embedder: RecordingEmbedder) -> None:
    with FileLock(root / ".footnote" / "ingest.lock", thread_local=False) as lock:
        timer = threading.Timer(0.2, lock.release)
        timer.start()
        report = Ingest(catalog, embedder, root=root, wait=60).run([root / "docs"])
        timer.join()
    assert report.count(State.INDEXED) == 2


# -- Names -------------------------------------------------------------------------------------------------------------


def test_a_file_named_twice_or_through_nested_folders_is_read_once(
    root: Path, ingest: Ingest, embedder: RecordingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "docs" / "fi").mkdir()
    (root / "docs" / "fi" / "a.txt").write_text("Yksi lause.", encoding="utf-8")
    (root / "link").symlink_to(root / "docs", target_is_directory=True)
    monkeypatch.chdir(root)
    nested = root / "docs" / "fi"
    paths = [nested / "a.txt", root / "docs", Path("docs"), nested, nested / ".." / "lahti.txt", root / "link"]
    assert states(ingest.run(paths)) == {
        "docs/fi/a.txt": "indexed",
        "docs/lahti.txt": "indexed",
        "docs/osaka.md": "indexed",
    }
    assert len(embedder.passages) == 3


def test_sources_are_relative_to_the_root_and_absolute_outside(
    root: Path, catalog: Catalog, embedder: RecordingEmbedder
) -> None:
    inner = Ingest(catalog, embedder, root=root / "docs")
    outside = root / "outside.txt"
    outside.write_text("It lies outside.", encoding="utf-8")
    assert inner.source_of(root / "docs" / "lahti.txt") == "lahti.txt"
    assert inner.source_of(outside) == outside.resolve().as_posix()
    assert states(inner.run([root / "docs", outside])) == {
        "lahti.txt": "indexed",
        "osaka.md": "indexed",
        outside.resolve().as_posix(): "indexed",
    }
    assert inner.run([root / "docs"], prune=True).count(State.REMOVED) == 0


def test_equal_names_in_two_folders_are_two_documents(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / "same.txt").write_text("The very same words.", encoding="utf-8")
    ingest.run([root / "a", root / "b"])
    assert indexed(catalog) == {"a/same.txt": "indexed", "b/same.txt": "indexed"}
    assert texts(catalog, ["very"]) == ["The very same words."] * 2
    assert len({chunk.id for chunk in catalog.chunks([1, 2]).values()}) == 2


# -- What can go wrong as a whole --------------------------------------------------------------------------------------


def test_another_model_is_refused_and_nothing_changes(root: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    Ingest(catalog, bundled, root=root).run([root / "docs"])
    revision = catalog.revision
    other = Ingest(catalog, RecordingEmbedder(bundled, name="other"), root=root)
    with pytest.raises(IndexMismatchError, match=rf"'{bundled.name}', but 'other' is set.*--rebuild"):
        other.run([root / "docs"])
    assert catalog.revision == revision


def test_another_chunking_is_refused(root: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    Ingest(catalog, bundled, root=root).run([root / "docs"])
    with pytest.raises(IndexMismatchError, match="made with the chunking 'sentences-v1-400-600'"):
        Ingest(catalog, bundled, root=root, chunking=ChunkingSettings(target_length=100)).run([root / "docs"])


def test_an_index_without_chunks_takes_any_model(root: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    Ingest(catalog, bundled, root=root).run([root / "nowhere"])
    report = Ingest(catalog, RecordingEmbedder(bundled, name="other"), root=root).run([root / "docs"])
    assert report.count(State.INDEXED) == 2
    assert catalog.identity is not None
    assert catalog.identity.embedding == "other"


def test_a_second_ingest_at_once_is_refused(root: Path, ingest: Ingest) -> None:
    with FileLock(root / ".footnote" / "ingest.lock"):
        with pytest.raises(StoreError, match=r"Another ingest is running in '.*\.footnote'\. Wait"):
            ingest.run([root / "docs"])
        with pytest.raises(StoreError, match="Another ingest is running"):
            ingest.rebuild()
    assert ingest.run([root / "docs"]).count(State.INDEXED) == 2


def test_a_failing_model_leaves_what_was_done(
    root: Path, catalog: Catalog, ingest: Ingest, embedder: RecordingEmbedder
) -> None:
    refuse_after(embedder, 1)
    with pytest.raises(EmbeddingError, match="does not answer"):
        ingest.run([root / "docs"])
    assert indexed(catalog) == {"docs/lahti.txt": "indexed"}
    embedder.before = lambda: None
    assert states(ingest.run([root / "docs"])) == {"docs/lahti.txt": "unchanged", "docs/osaka.md": "indexed"}
    assert catalog.problems() == []


# -- Documents that are no files ---------------------------------------------------------------------------------------


def test_documents_are_treated_as_files_are(root: Path, catalog: Catalog, ingest: Ingest) -> None:
    ingest.run([root / "docs"])
    seen: list[Outcome] = []
    former = catalog.get_document("docs/lahti.txt")
    assert former is not None
    documents = [
        make_document("Nara has deer.", source="nara"),
        former,
        make_document("Osaka is large.", source="docs/osaka.md"),
        make_document(" \n", source="blank"),
        make_document("Nara has many deer.", source="nara"),
        make_document("Nara has many deer.", source="nara"),
    ]
    report = ingest.run_documents(iter(documents), progress=seen.append)
    assert [(outcome.source, str(outcome.state), outcome.chunks) for outcome in report.outcomes] == [
        ("nara", "indexed", 1),
        ("docs/lahti.txt", "unchanged", 1),
        ("docs/osaka.md", "changed", 1),
        ("blank", "failed", 0),
        ("nara", "changed", 1),
        ("nara", "unchanged", 1),
    ]
    assert tuple(seen) == report.outcomes
    assert report.failed[0].reason == "'blank' has no text to index."
    assert indexed(catalog) == {
        "blank": "failed",
        "docs/lahti.txt": "indexed",
        "docs/osaka.md": "indexed",
        "nara": "indexed",
    }
    assert texts(catalog, ["deer"]) == ["Nara has many deer."]
    assert texts(catalog, ["japan"]) == []


def test_a_document_that_failed_and_is_again_as_it_was_is_indexed(catalog: Catalog, ingest: Ingest) -> None:
    good, bad = make_document("Nara has deer.", source="nara"), make_document(" ", source="nara")
    report = ingest.run_documents([good, bad, good])
    assert [str(outcome.state) for outcome in report.outcomes] == ["indexed", "failed", "unchanged"]
    assert indexed(catalog) == {"nara": "indexed"}
    assert texts(catalog, ["deer"]) == ["Nara has deer."]


def test_what_is_ingested_is_found_lexically_within_seconds_and_at_the_end(
    catalog: Catalog, ingest: Ingest, bundled: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.runs._SYNC_SECONDS", 0.0)
    ingest.run_documents([make_document("Nara has deer.", source="0")])
    found: list[int] = []
    with KnowledgeBase(Catalog(catalog.path), bundled) as reader:

        def look(_: Outcome) -> None:
            found.append(len(reader.search_lexical("deer", limit=9)))

        documents = [make_document(f"Nara has {n} deer.", source=str(n)) for n in (1, 2, 3)]
        ingest.run_documents(documents, progress=look)
        assert found == [1, 2, 3]  # before each one is added
        assert len(reader.search_lexical("deer", limit=9)) == 4
        assert reader.problems() == []


def test_token_ids_are_stored_with_the_chunks(
    root: Path, catalog: Catalog, embedder: RecordingEmbedder, bundled: StaticEmbedder
) -> None:
    Ingest(catalog, embedder, root=root, token_ids=bundled).run([root / "docs" / "lahti.txt"])
    Ingest(catalog, embedder, root=root).run([root / "docs" / "osaka.md"])
    with KnowledgeBase(Catalog(catalog.path), embedder) as reader:
        chunks = [reader.search_dense(city, limit=1)[0].chunk for city in ("Lahti", "Osaka")]
        of_lahti, of_osaka = reader.token_ids(chunks)
        assert of_lahti is not None
        assert of_lahti.dtype == np.uint32
        assert of_lahti.tolist() == bundled.token_ids([chunks[0].text])[0].tolist()
        assert of_osaka is None
        assert reader.token_ids(chunks, model="other") == [None, None]
    Ingest(catalog, RecordingEmbedder(bundled, name="other"), root=root, token_ids=bundled).rebuild()
    assert len(catalog.token_ids([chunk.id for chunk in chunks], model=bundled.name)) == 2


def test_a_rebuild_has_its_lexical_index_ready_and_sweeps_the_former_one(
    root: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    Ingest(catalog, bundled, root=root).run([root / "docs"])
    home = root / ".footnote"
    assert [path.name.split("-v")[0] for path in home.glob("lexical-*")] == ["lexical-1"]
    Ingest(catalog, RecordingEmbedder(bundled, name="other"), root=root).rebuild()
    assert [path.name.split("-v")[0] for path in home.glob("lexical-*")] == ["lexical-2"]
    lexical = open_lexical_index(catalog, index_id=2)
    assert [seq for seq, _ in lexical.search(["lahti"], limit=2)] == [3]


# -- Rebuild -----------------------------------------------------------------------------------------------------------


def test_a_rebuild_swaps_in_one_commit_and_the_old_index_answers_until_then(
    root: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    Ingest(catalog, bundled, root=root).run([root / "docs"])
    (root / "docs" / "lahti.txt").unlink()  # a rebuild reads the stored texts
    former = {int(seq) for seq in catalog.vectors().seqs}
    reader = KnowledgeBase(Catalog(catalog.path), bundled)
    other = RecordingEmbedder(bundled, name="other")
    answers: list[tuple[list[str], list[str], set[int]]] = []

    def look() -> None:
        answers.append(
            (
                [found.chunk.source for found in reader.search_lexical("city", limit=2)],
                [found.chunk.source for found in reader.search_dense("a city in Finland", limit=2)],
                {int(seq) for seq in catalog.vectors().seqs},
            )
        )

    other.before = look
    report = Ingest(catalog, other, root=root).rebuild(progress=lambda _: look())
    assert states(report) == {"docs/lahti.txt": "changed", "docs/osaka.md": "changed"}
    both = ["docs/lahti.txt", "docs/osaka.md"]
    assert answers == [(both, both, former)] * 4
    assert {int(seq) for seq in catalog.vectors().seqs}.isdisjoint(former)
    assert catalog.identity is not None
    assert catalog.identity.embedding == "other"
    assert len(texts(catalog, ["city"])) == 2
    assert catalog.problems() == []
    with pytest.raises(IndexMismatchError, match=r"rebuilt with the embedding model 'other'.*start again"):
        reader.search_dense("a city in Finland", limit=2)
    assert [found.chunk.source for found in reader.search_lexical("city", limit=2)] == both
    reader.close()


def test_a_rebuild_that_fails_half_way_leaves_the_old_index(
    root: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    ingest = Ingest(catalog, bundled, root=root)
    ingest.run([root / "docs"])
    former = {int(seq) for seq in catalog.vectors().seqs}
    other = RecordingEmbedder(bundled, name="other")
    refuse_after(other, 1)
    with pytest.raises(EmbeddingError):
        Ingest(catalog, other, root=root).rebuild()
    assert {int(seq) for seq in catalog.vectors().seqs} == former
    assert find_lexically(catalog, ["lahti"])[0] in former
    assert [seq in former for seq in find_lexically(catalog, ["city"])] == [True, True]
    assert catalog.identity is not None
    assert catalog.identity.embedding == bundled.name
    assert catalog.problems() == []
    assert states(ingest.run([root / "docs"])) == {"docs/lahti.txt": "unchanged", "docs/osaka.md": "unchanged"}
    assert [seq in former for seq in find_lexically(catalog, ["city"])] == [True, True]
    other.before = lambda: None
    assert Ingest(catalog, other, root=root).rebuild().count(State.CHANGED) == 2
    assert catalog.problems() == []


def test_a_rebuild_keeps_failed_documents_failed(root: Path, catalog: Catalog, bundled: StaticEmbedder) -> None:
    ingest = Ingest(catalog, bundled, root=root)
    ingest.run([root / "docs"])
    (root / "docs" / "lahti.txt").write_bytes(b"\x00")
    (root / "docs" / "never.txt").write_bytes(b"\x00")
    ingest.run([root / "docs"])
    report = Ingest(catalog, RecordingEmbedder(bundled, name="other"), root=root).rebuild()
    assert states(report) == {"docs/lahti.txt": "changed", "docs/osaka.md": "changed"}
    assert indexed(catalog) == {"docs/lahti.txt": "failed", "docs/never.txt": "failed", "docs/osaka.md": "indexed"}
    assert texts(catalog, ["lahti"]) == ["Lahti is a city in Finland."]


def test_a_model_that_changed_its_dimensions_under_the_same_name_is_noticed(
    root: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    class Shorter(RecordingEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vectors:
            return np.ones((len(texts), 7), np.float32)

    Ingest(catalog, bundled, root=root).run([root / "docs" / "lahti.txt"])
    with pytest.raises(IndexMismatchError, match="gives 7 dimensions, the index holds 192"):
        Ingest(catalog, Shorter(bundled), root=root).run([root / "docs"])
    assert indexed(catalog) == {"docs/lahti.txt": "indexed"}


# -- kill -9 -----------------------------------------------------------------------------------------------------------

FILES = 300


@pytest.fixture(scope="module")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "docs"
    folder.mkdir()
    for n in range(FILES):
        body = " ".join(f"Sentence {m} of article {n} speaks of thing {(n * 31 + m) % 977}." for m in range(8))
        (folder / f"{n:03}.md").write_text(f"# Article {n}\n\n{body}\n", encoding="utf-8")
    return folder


def ingest_process(home: Path, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [FOOTNOTE, "--home", home, "ingest", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def check_everything_is_there_once(home: Path) -> None:
    catalog = Catalog(home / "catalog.sqlite3")
    try:
        records = catalog.documents()
        assert [Path(record.source).name for record in records] == [f"{n:03}.md" for n in range(FILES)]
        assert {record.state for record in records} == {"indexed"}
        assert catalog.problems() == []
        assert lexical_problems(catalog, open_lexical_index(catalog, index_id=1), index_id=1) == []
        seqs = [int(seq) for seq in catalog.vectors().seqs]
        assert len(seqs) == sum(record.chunks for record in records)
        store = open_vector_store(catalog)
        assert store is not None
        try:
            held = store._collection.get(include=["embeddings"])
            assert sorted(int(seq) for seq in held["ids"]) == seqs
            vectors = dict(zip((int(seq) for seq in held["ids"]), held["embeddings"], strict=True))
            assert np.allclose([vectors[seq] for seq in seqs], catalog.vectors().vectors, atol=1e-6)
            assert store.problems() == []
        finally:
            store.close()
    finally:
        catalog.close()


@pytest.mark.slow
@pytest.mark.timeout(120)
# In the middle of the files, and (last) while the chunks are copied to Chroma, after the report.
@pytest.mark.parametrize("lines", [1, 77, 299, 301])
def test_after_a_kill_the_next_run_completes_and_everything_is_there_once(
    tmp_path: Path, many_files: Path, lines: int
) -> None:
    home = tmp_path / "home"
    process = ingest_process(home, many_files)
    assert process.stdout is not None
    for _ in range(lines):
        assert process.stdout.readline()
    if lines > FILES:
        deadline = time.monotonic() + 10
        while not (home / "chroma.open").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.1)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    again = ingest_process(home, many_files)
    stdout, stderr = again.communicate(timeout=60)
    assert again.returncode == 0, stderr
    done = [line for line in stdout.splitlines() if line.startswith("indexed ")]
    assert len(done) <= FILES - min(lines, FILES) + 1  # what was acknowledged is not done again
    check_everything_is_there_once(home)
