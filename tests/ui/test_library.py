"""The library: what readers may do with documents, and what a crash, a full disk or a second reader leaves."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from index.catalog import Catalog
from index.embedding import StaticEmbedder, Vectors
from index.errors import EmbeddingError, LoadError
from index.fetching import FetchedPage
from index.ingest import Ingest, Outcome, State
from index.knowledge_base import open_catalog
from index.settings import LoadingSettings
from tests.builders import find_lexically
from ui.build import build_library
from ui.library import Library
from ui.settings import Settings
from ui.uploads import clean_name

LAHTI = "Lahti is a city in Finland."
OSAKA = "Osaka is a city in Japan."


class FailingEmbedder:
    """The bundled model, until something happens."""

    def __init__(self, bundled: StaticEmbedder) -> None:
        self._bundled = bundled
        self.before: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        return self._bundled.name

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.before()
        return self._bundled.embed_passages(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return self._bundled.embed_questions(texts)


class ScriptedWeb:
    """Gives prepared texts for addresses; fails for all others."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.before: Callable[[], object] = lambda: None

    def __call__(self, url: str, *, max_bytes: int) -> FetchedPage:
        self.before()
        if url not in self.pages:
            raise LoadError(f"{url!r} answered 404 Not Found: check the address.")
        return FetchedPage(url, self.pages[url].encode()[:max_bytes], ".txt")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def embedder(bundled: StaticEmbedder) -> FailingEmbedder:
    return FailingEmbedder(bundled)


@pytest.fixture
def web() -> ScriptedWeb:
    return ScriptedWeb()


Make = Callable[..., Library]


@pytest.fixture
def make(home: Path, embedder: FailingEmbedder, web: ScriptedWeb) -> Make:
    """Make a library of the home, as `build_library` does."""

    def make(*, writable: bool = True, max_bytes: int = 10_000, wait: float = 10) -> Library:
        loading = LoadingSettings(max_bytes=max_bytes)

        def ingest_into(catalog: Catalog) -> Ingest:
            return Ingest(catalog, embedder, root=home.parent, loading=loading, fetch=web, wait=wait)

        return Library(home, ingest_into=ingest_into, loading=loading, writable=writable, wait=wait)

    return make


@pytest.fixture
def library(make: Make) -> Library:
    return make()


@pytest.fixture
def add(library: Library, tmp_path: Path) -> Callable[..., Outcome]:
    """Upload one file."""

    def add(name: str, content: str | bytes = LAHTI, *, to: Library = library) -> Outcome:
        path = tmp_path / f"upload-{threading.get_ident()}"  # the name that a browser gave is not the path's
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (outcome,) = to.add_files([(path, name)])
        return outcome

    return add


def stored(home: Path) -> dict[str, str]:
    """Every file in the folder of uploads, hidden ones included."""
    folder = home / "uploads"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} if folder.is_dir() else {}


def indexed(home: Path) -> dict[str, str]:
    catalog = open_catalog(home)
    try:
        assert catalog.problems() == []
        return {record.source: record.state for record in catalog.documents()}
    finally:
        catalog.close()


def texts(home: Path, term: str) -> list[str]:
    catalog = open_catalog(home)
    try:
        seqs = find_lexically(catalog, [term])
        chunks = catalog.chunks(seqs)
        return [chunks[seq].text for seq in seqs]
    finally:
        catalog.close()


# -- Adding files ------------------------------------------------------------------------------------------------------


def test_an_upload_is_stored_and_indexed(home: Path, add: Callable[..., Outcome]) -> None:
    assert add("lahti.txt") == Outcome("home/uploads/lahti.txt", State.INDEXED, chunks=1)
    assert stored(home) == {"lahti.txt": LAHTI}
    assert indexed(home) == {"home/uploads/lahti.txt": "indexed"}
    assert texts(home, "lahti") == [LAHTI]


def test_an_ingest_of_the_folder_finds_uploads_unchanged(
    home: Path, bundled: StaticEmbedder, add: Callable[..., Outcome]
) -> None:
    add("lahti.md", f"---\ntitle: Lahti\n---\n{LAHTI}")
    catalog = open_catalog(home)
    try:
        report = Ingest(catalog, bundled, root=home.parent).run([home / "uploads"])
    finally:
        catalog.close()
    assert report.outcomes == (Outcome("home/uploads/lahti.md", State.UNCHANGED, chunks=1),)


def test_each_file_has_its_outcome_as_soon_as_it_is_done(home: Path, library: Library, tmp_path: Path) -> None:
    files = [(tmp_path / str(number), f"{number}.txt") for number in range(3)]
    for path, _ in files:
        path.write_text(f"Text number {path.name}.", encoding="utf-8")
    files[1][0].write_bytes(b"%PDF-1.7")
    outcomes = library.add_files(files)
    assert next(outcomes).state is State.INDEXED
    assert list(stored(home)) == ["0.txt"]
    assert [(outcome.source, outcome.state) for outcome in outcomes] == [
        ("1.txt", State.FAILED),
        ("home/uploads/2.txt", State.INDEXED),
    ]


@pytest.mark.parametrize("name", ["lahti.txt", "other.txt"])
def test_the_same_bytes_are_stored_once(home: Path, add: Callable[..., Outcome], name: str) -> None:
    add("lahti.txt")
    reason = "" if name == "lahti.txt" else "already there as 'lahti.txt'"
    assert add(name) == Outcome("home/uploads/lahti.txt", State.UNCHANGED, reason, chunks=1)
    assert stored(home) == {"lahti.txt": LAHTI}


def test_another_document_of_the_same_name_is_kept_beside(home: Path, add: Callable[..., Outcome]) -> None:
    add("a.txt", LAHTI)
    assert add("a.txt", OSAKA) == Outcome(
        "home/uploads/a (2).txt", State.INDEXED, "kept as 'a (2).txt', beside another document named 'a.txt'", 1
    )
    third = add("a.txt", "\ufeffSchöne Grüße aus Düsseldorf.".encode("utf-16-le"))
    assert third.reason == ("kept as 'a (3).txt', beside another document named 'a.txt'; read as utf-16-le, not UTF-8")
    assert add("a.txt", OSAKA).state is State.UNCHANGED
    assert set(indexed(home)) == {f"home/uploads/{name}" for name in ("a.txt", "a (2).txt", "a (3).txt")}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"%PDF-1.7", "'a.pdf' is of an unknown type '.pdf'"),
        ("a.txt", b"%PDF-1.7", "'a.txt' looks like a PDF"),
        ("a.txt", b"", "'a.txt' is empty"),
        ("a.txt", b"x" * 10_001, "'a.txt' has 0.0 MiB, more than the limit of 0.00953674 MiB"),
        ("a.md", b"---\na: b: c\n---\nText", "'a.md': front matter, line 2"),
        ("a.html", b"<html></html>", "'a.html' has no article text"),
        ("a", b"Text.", "'a' is of an unknown type ''"),
    ],
)
def test_a_file_that_fails_is_told_once_and_leaves_nothing(
    home: Path, add: Callable[..., Outcome], name: str, content: bytes, reason: str
) -> None:
    outcome = add(name, content)
    assert (outcome.source, outcome.state) == (name, State.FAILED)
    assert outcome.reason.startswith(reason)
    assert stored(home) == {}
    assert not (home / "catalog.sqlite3").exists()


def test_a_file_of_nothing_but_rules_is_told_and_leaves_nothing(home: Path, add: Callable[..., Outcome]) -> None:
    assert add("a.md", "***\n") == Outcome("a.md", State.FAILED, "'home/uploads/a.md' has no text to index.")
    assert (stored(home), indexed(home)) == ({}, {})


def test_a_model_that_fails_leaves_nothing(home: Path, embedder: FailingEmbedder, add: Callable[..., Outcome]) -> None:
    def refuse() -> None:
        raise EmbeddingError("The endpoint does not answer.")

    add("osaka.txt", OSAKA)
    embedder.before = refuse
    assert add("lahti.txt") == Outcome("lahti.txt", State.FAILED, "The endpoint does not answer.", transient=True)
    assert stored(home) == {"osaka.txt": OSAKA}
    assert indexed(home) == {"home/uploads/osaka.txt": "indexed"}


def test_a_file_that_is_gone_can_be_uploaded_again(home: Path, add: Callable[..., Outcome]) -> None:
    add("lahti.txt")
    (home / "uploads" / "lahti.txt").unlink()
    assert add("lahti.txt", OSAKA).source == "home/uploads/lahti (2).txt"  # what is indexed stays what it is
    assert add("lahti.txt") == Outcome("home/uploads/lahti.txt", State.UNCHANGED, chunks=1)
    assert stored(home) == {"lahti.txt": LAHTI, "lahti (2).txt": OSAKA}


def test_a_document_whose_file_is_gone_outlives_an_upload_of_it_that_fails(
    home: Path, make: Make, add: Callable[..., Outcome]
) -> None:
    source = add("lahti.txt").source
    (home / "uploads" / "lahti.txt").unlink()
    with FileLock(home / "ingest.lock"):
        assert add("lahti.txt", to=make(wait=0.1)).state is State.FAILED
    assert make().catch_up() == []
    assert (stored(home), indexed(home)) == ({"lahti.txt": LAHTI}, {source: "indexed"})


# -- Names -------------------------------------------------------------------------------------------------------------

HOSTILE_NAMES = {
    "../../etc/passwd.md": "passwd.md",
    "/etc/cron.d/a.md": "a.md",
    "C:\\fakepath\\a.md": "a.md",
    "..\\..\\a.md": "a.md",
    "a/../..": "document",
    ".bashrc.md": "bashrc.md",
    "...md": "document.md",
    ".md": "document.md",
    "a\x00b\r\n\x1b[31mc.md": "ab [31mc.md",
    "\u202egnp.exe\u202c\u2066.md": "gnp.exe.md",
    "<img src=x onerror=alert(1)>.md": "_img src=x onerror=alert(1)_.md",
    'a"b|c?d*e:f.md': "a_b_c_d_e_f.md",
    "CON.md": "_CON.md",
    "com1.txt": "_com1.txt",
    "a.md.": "a.md",
    "  a  \u3000 b .md ": "a b.md",
    "x" * 500 + ".md": "x" * 196 + ".md",
    "漢" * 500 + ".md": "漢" * 65 + ".md",
    "a." + "m" * 500: "a",
    "e\u0301té\ud800.md": "été.md",
    "": "document",
    "\ufeff\u200b\u00ad.txt": "document.txt",
    "-rf.md": "-rf.md",
    "$(reboot)`id`;'.md": "$(reboot)`id`;'.md",
    "%2e%2e%2fa.md": "%2e%2e%2fa.md",
}


@pytest.mark.parametrize(("given", "name"), HOSTILE_NAMES.items())
def test_hostile_names_become_plain_ones(given: str, name: str) -> None:
    assert clean_name(given) == name
    assert clean_name(name) == name


@pytest.mark.parametrize("given", HOSTILE_NAMES)
def test_no_name_leads_out_of_the_folder_of_uploads(home: Path, add: Callable[..., Outcome], given: str) -> None:
    before = {path for path in home.parent.rglob("*") if home not in path.parents}
    outcome = add(given)
    files = list((home / "uploads").iterdir()) if (home / "uploads").is_dir() else []
    assert [f"home/uploads/{file.name}" for file in files] == (
        [] if outcome.state is State.FAILED else [outcome.source]
    )
    after = {path for path in home.parent.rglob("*") if home not in path.parents}
    assert {path.name for path in after - before} <= {"home", f"upload-{threading.get_ident()}"}


@pytest.mark.parametrize(
    "name",
    [
        "Jyväskylä.md",
        "东京 2021.txt",
        "東京オリンピック.md",
        "القاهرة.md",
        "नमस्ते.txt",
        "می‌خواهم.md",
        "Łódź – plan.html",
        "🏔.md",
    ],
)
def test_names_of_any_script_stay(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)
    assert clean_name(unicodedata.normalize("NFD", name)) == unicodedata.normalize("NFC", name)


# -- Pages of the web --------------------------------------------------------------------------------------------------


def test_a_page_is_indexed_under_its_address(home: Path, library: Library, web: ScriptedWeb) -> None:
    web.pages["https://example.org/lahti"] = LAHTI
    url = "https://example.org/lahti"
    assert library.add_page("HTTPS://example.org/lahti#top") == Outcome(url, State.INDEXED, chunks=1)
    assert library.add_page(url) == Outcome(url, State.UNCHANGED, chunks=1)
    web.pages[url] = OSAKA
    assert library.add_page(url) == Outcome(url, State.CHANGED, chunks=1)
    assert (indexed(home), stored(home)) == ({url: "indexed"}, {})
    assert (texts(home, "lahti"), texts(home, "osaka")) == ([], [OSAKA])


@pytest.mark.parametrize("url", ["https://example.org/nosuch", "example.org", "file:///etc/passwd"])
def test_a_page_that_fails_is_told_once_and_leaves_nothing(home: Path, library: Library, url: str) -> None:
    outcome = library.add_page(url)
    assert (outcome.source, outcome.state) == (url, State.FAILED)
    assert outcome.reason.startswith(repr(url))
    assert indexed(home) == {}


# -- Reading again -----------------------------------------------------------------------------------------------------


def test_documents_are_read_again(home: Path, library: Library, web: ScriptedWeb, add: Callable[..., Outcome]) -> None:
    url = "https://example.org/"
    web.pages[url] = LAHTI
    library.add_page(url)
    source = add("a.txt", "An old text.").source
    assert library.reindex(url) == Outcome(url, State.UNCHANGED, chunks=1)
    assert library.reindex(source) == Outcome(source, State.UNCHANGED, chunks=1)
    web.pages[url] = OSAKA
    (home / "uploads" / "a.txt").write_text("A new text.", encoding="utf-8")
    assert library.reindex(url) == Outcome(url, State.CHANGED, chunks=1)
    assert library.reindex(source) == Outcome(source, State.CHANGED, chunks=1)
    assert (texts(home, "osaka"), texts(home, "new")) == ([OSAKA], ["A new text."])


def test_what_cannot_be_read_again_stays_in_its_old_version(
    home: Path, library: Library, web: ScriptedWeb, add: Callable[..., Outcome]
) -> None:
    url = "https://example.org/"
    web.pages[url] = OSAKA
    library.add_page(url)
    source = add("lahti.txt").source
    web.pages.clear()
    (home / "uploads" / "lahti.txt").rename(home / "elsewhere")
    outcomes = [library.reindex(url), library.reindex(source)]
    assert [outcome.reason for outcome in outcomes] == [
        f"{url!r} answered 404 Not Found: check the address.",
        f"{source!r} does not exist: check the name.",
    ]
    assert indexed(home) == {url: "failed", source: "failed"}
    assert (texts(home, "osaka"), texts(home, "lahti")) == ([OSAKA], [LAHTI])
    web.pages[url] = OSAKA
    (home / "elsewhere").rename(home / "uploads" / "lahti.txt")
    assert [library.reindex(url).state, library.reindex(source).state] == [State.UNCHANGED] * 2
    assert indexed(home) == {url: "indexed", source: "indexed"}


@pytest.mark.parametrize("is_there", [True, False], ids=["fetched", "gone"])
def test_a_page_that_is_removed_while_it_is_fetched_again_stays_removed(
    home: Path, library: Library, web: ScriptedWeb, is_there: bool
) -> None:
    url = "https://example.org/"
    web.pages[url] = LAHTI
    library.add_page(url)
    if is_there:
        web.pages[url] = OSAKA
    else:
        web.pages.clear()
    removed: list[Outcome] = []
    web.before = lambda: removed.append(library.remove(url))
    reason = f"There is no document {url!r}: `footnote documents` lists the names."
    assert library.reindex(url) == Outcome(url, State.FAILED, reason)
    assert removed == [Outcome(url, State.REMOVED)]
    assert (indexed(home), texts(home, "osaka")) == ({}, [])


def test_an_upload_that_is_removed_while_it_is_read_again_stays_removed(
    home: Path, library: Library, make: Make, embedder: FailingEmbedder, add: Callable[..., Outcome]
) -> None:
    source = add("lahti.txt").source
    (home / "uploads" / "lahti.txt").write_text(OSAKA, encoding="utf-8")
    removed: list[Outcome] = []
    removing = threading.Thread(target=lambda: removed.append(make(wait=60).remove(source)))
    embedder.before = removing.start
    assert library.reindex(source) == Outcome(source, State.CHANGED, chunks=1)
    removing.join()
    assert removed == [Outcome(source, State.REMOVED)]
    assert (indexed(home), stored(home)) == ({}, {})


def test_an_upload_is_not_read_again_while_its_file_is_hidden(
    home: Path, make: Make, add: Callable[..., Outcome]
) -> None:
    source = add("lahti.txt").source
    file, hidden = home / "uploads" / "lahti.txt", home / "uploads" / ".lahti.txt.removed"
    with FileLock(home / "uploads.lock"):  # as a removal does, which waits for an ingest and may give up
        file.rename(hidden)
        assert make(wait=0.1).reindex(source).transient
        hidden.rename(file)
    assert indexed(home) == {source: "indexed"}


# -- Removing ----------------------------------------------------------------------------------------------------------


def test_an_upload_is_removed_with_its_file(home: Path, library: Library, add: Callable[..., Outcome]) -> None:
    source = add("lahti.txt").source
    add("osaka.txt", OSAKA)
    assert library.is_upload(source)
    assert library.remove(source) == Outcome(source, State.REMOVED)
    assert stored(home) == {"osaka.txt": OSAKA}
    assert indexed(home) == {"home/uploads/osaka.txt": "indexed"}
    assert texts(home, "lahti") == []
    assert library.catch_up() == []
    assert add("lahti.txt").state is State.INDEXED


def test_files_that_were_not_uploaded_stay(
    home: Path, library: Library, web: ScriptedWeb, bundled: StaticEmbedder, add: Callable[..., Outcome]
) -> None:
    add("osaka.txt", OSAKA)
    web.pages["https://example.org/"] = "Nara has deer."
    library.add_page("https://example.org/")
    file = home.parent / "lahti.txt"
    file.write_text(LAHTI, encoding="utf-8")
    catalog = open_catalog(home)
    try:
        Ingest(catalog, bundled, root=home.parent).run([file])
    finally:
        catalog.close()
    for source in ("lahti.txt", "https://example.org/"):
        assert not library.is_upload(source)
        assert library.remove(source) == Outcome(source, State.REMOVED)
    assert file.read_text(encoding="utf-8") == LAHTI
    assert indexed(home) == {"home/uploads/osaka.txt": "indexed"}


@pytest.mark.parametrize(
    "source",
    [
        *(
            "nosuch.txt",
            "",
            "..",
            "home/uploads/nosuch.txt",
            "home/uploads/",
            "home/uploads/..",
            "home/catalog.sqlite3",
        ),
        *("home/uploads/../catalog.sqlite3", "home/uploads/.lahti.txt.removed", "/etc/passwd", "home/uploads/a/b.txt"),
    ],
)
def test_only_documents_are_read_again_or_removed(
    home: Path, library: Library, add: Callable[..., Outcome], source: str
) -> None:
    add("lahti.txt")
    files = {path for path in home.rglob("*") if path.suffix in (".txt", ".sqlite3", ".lock")}
    reason = f"There is no document {source!r}: `footnote documents` lists the names."
    assert library.remove(source) == library.reindex(source) == Outcome(source, State.FAILED, reason)
    assert {path for path in home.rglob("*") if path.suffix in (".txt", ".sqlite3", ".lock")} >= files
    assert stored(home) == {"lahti.txt": LAHTI}


# -- Rights and limits -------------------------------------------------------------------------------------------------


def test_nothing_changes_where_uploads_are_off(home: Path, make: Make, add: Callable[..., Outcome]) -> None:
    source = add("lahti.txt").source
    closed = make(writable=False)
    outcomes = [add("osaka.txt", OSAKA, to=closed), closed.add_page("https://example.org/")]
    outcomes += [closed.reindex(source), closed.remove(source)]
    assert [outcome.state for outcome in outcomes] == [State.FAILED] * 4
    assert {outcome.reason for outcome in outcomes} == {
        "Documents cannot be changed here: whoever runs this server has switched that off (FOOTNOTE_UPLOADS)."
    }
    assert stored(home) == {"lahti.txt": LAHTI}
    assert closed.is_upload(source)


def test_the_limits_are_told(make: Make) -> None:
    library = make(max_bytes=20 * 1024 * 1024)
    assert library.suffixes == (".htm", ".html", ".markdown", ".md", ".text", ".txt", ".xhtml")
    assert (library.max_megabytes, library.writable) == (20, True)


@pytest.mark.parametrize(("uploads", "writable"), [("on", True), ("off", False)])
def test_the_library_is_built_from_the_settings(
    home: Path, bundled: StaticEmbedder, add: Callable[..., Outcome], uploads: str, writable: bool
) -> None:
    settings = Settings.model_construct(home=home, uploads=uploads, max_file_mb=3)
    library = build_library(settings, embedder=bundled, bundled=bundled)
    assert (library.writable, library.max_megabytes) == (writable, 3)
    assert add("lahti.txt", to=library).state is (State.INDEXED if writable else State.FAILED)


# -- Others, and the disk ----------------------------------------------------------------------------------------------


def test_an_ingest_that_runs_elsewhere_is_told(home: Path, make: Make, add: Callable[..., Outcome]) -> None:
    source = add("lahti.txt").source
    impatient = make(wait=0.1)
    with FileLock(home / "ingest.lock"):
        outcomes = [add("osaka.txt", OSAKA, to=impatient), impatient.remove(source), impatient.reindex(source)]
    assert {outcome.reason for outcome in outcomes} == {
        "Another ingest is running in 'home'. Wait until it ends, then try again."
    }
    assert [outcome.transient for outcome in outcomes] == [True] * 3
    with FileLock(home / "uploads.lock"):
        outcome = add("osaka.txt", OSAKA, to=impatient)
    assert outcome == Outcome(
        "osaka.txt", State.FAILED, "Other documents are being added just now. Try again in a minute.", transient=True
    )
    assert stored(home) == {"lahti.txt": LAHTI}
    assert indexed(home) == {source: "indexed"}


def test_a_short_ingest_elsewhere_is_waited_for(home: Path, add: Callable[..., Outcome]) -> None:
    home.mkdir()
    with FileLock(home / "ingest.lock", thread_local=False) as lock:
        timer = threading.Timer(0.3, lock.release)
        timer.start()
        assert add("lahti.txt").state is State.INDEXED
        timer.join()


def test_readers_who_add_at_once_all_get_their_documents(home: Path, make: Make, add: Callable[..., Outcome]) -> None:
    """Two libraries, four threads: some bytes are the same, some names are."""
    outcomes: list[Outcome] = []

    def read(library: Library, reader: int) -> None:
        for number in range(5):
            outcomes.append(add("same name.txt", f"Reader {reader} wrote text {number}.", to=library))
            outcomes.append(add(f"{reader}-{number}.txt", f"Everybody has text {number}.", to=library))

    libraries = [make(wait=60), make(wait=60)]
    threads = [threading.Thread(target=read, args=(libraries[reader % 2], reader)) for reader in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = [outcome.state for outcome in outcomes]
    assert (states.count(State.INDEXED), states.count(State.UNCHANGED)) == (25, 15)
    assert len(stored(home)) == len(set(stored(home).values())) == 25
    assert indexed(home) == {f"home/uploads/{name}": "indexed" for name in stored(home)}
    assert make().catch_up() == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_nothing(
    home: Path, add: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os if call == "fsync" else Path, call, full)
        outcome = add("lahti.txt")
    assert outcome == Outcome(
        "lahti.txt",
        State.FAILED,
        "'lahti.txt' cannot be written on the server (No space left on device): its disk may be full, or the folder of"
        " the index may not be written to.",
        transient=True,
    )
    assert stored(home) == {}
    assert indexed(home) == {}
    assert add("lahti.txt").state is State.INDEXED


def test_a_disk_that_fills_up_while_a_document_is_indexed_leaves_nothing(
    home: Path, library: Library, add: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite is told that the file may not grow: it says that the disk is full, as it does on a full disk."""
    add("osaka.txt", OSAKA)

    def open_full(path: Path, *, create: bool = False) -> Catalog:
        catalog = open_catalog(path, create=create)
        (pages,) = catalog._database.rows("PRAGMA page_count")
        catalog._database.rows(f"PRAGMA max_page_count = {pages[0]}")
        return catalog

    with monkeypatch.context() as patch:
        patch.setattr("ui.library.open_catalog", open_full)
        outcome = add("lahti.txt", "\n\n".join(f"Sentence {number} of a long text." for number in range(300)))
    assert outcome.state is State.FAILED
    assert "database or disk is full. Check the disk's free space" in outcome.reason
    assert outcome.transient
    assert str(home.parent) not in outcome.reason
    assert stored(home) == {"osaka.txt": OSAKA}
    assert indexed(home) == {"home/uploads/osaka.txt": "indexed"}
    assert library.catch_up() == []


def test_a_home_that_cannot_be_written_is_told(make: Make, home: Path, add: Callable[..., Outcome]) -> None:
    home.write_text("A file where the folder of the index belongs.", encoding="utf-8")
    outcomes = [add("lahti.txt"), make().add_page("https://example.org/"), *make().catch_up()]
    assert [outcome.state for outcome in outcomes] == [State.FAILED] * 2
    assert all(outcome.reason.endswith(".") for outcome in outcomes)
    assert make().remove("lahti.txt").state is State.FAILED


# -- kill -9 -----------------------------------------------------------------------------------------------------------

_PROCESS = """
    import os, signal, sys
    from pathlib import Path
    from index.catalog import Catalog
    from index.embedding import StaticEmbedder
    from index.ingest import Ingest
    from index.settings import LoadingSettings
    from ui.library import Library

    home, kill_at, command, *arguments = sys.argv[1:]
    home = Path(home)

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    if kill_at == "embedding":
        StaticEmbedder.embed_passages = die
    elif kill_at == "writing":
        os.fsync = die
    elif kill_at == "removing":
        Catalog.remove_document = die
    elif kill_at == "forgetting":
        from ui.uploads import Uploads
        Uploads.forget = die

    library = Library(
        home,
        ingest_into=lambda catalog: Ingest(catalog, StaticEmbedder(), root=home.parent),
        loading=LoadingSettings(),
        writable=True,
    )
    if command == "add":
        for outcome in library.add_files([(Path(path), Path(path).name) for path in arguments]):
            print(outcome.source, outcome.state, flush=True)
    else:
        print(library.remove(*arguments))
"""


def start(home: Path, kill_at: str, command: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_PROCESS), home, kill_at, command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )


def kill(home: Path, kill_at: str, command: str, *arguments: str | Path) -> None:
    with start(home, kill_at, command, *arguments) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_an_upload_that_was_stored_and_not_indexed_is_indexed_at_the_next_start(
    home: Path, library: Library, tmp_path: Path, add: Callable[..., Outcome]
) -> None:
    kill(home, "embedding", "add", write(tmp_path / "given", "lahti.txt", LAHTI))
    assert (stored(home), indexed(home)) == ({"lahti.txt": LAHTI}, {})
    assert library.catch_up() == [Outcome("home/uploads/lahti.txt", State.INDEXED, chunks=1)]
    assert library.catch_up() == []
    assert add("lahti.txt").state is State.UNCHANGED


def test_an_upload_that_was_not_stored_whole_leaves_nothing(home: Path, library: Library, tmp_path: Path) -> None:
    kill(home, "writing", "add", write(tmp_path / "given", "lahti.txt", LAHTI))
    assert list(stored(home)) == [".lahti.txt.part"]
    assert library.catch_up() == []
    assert (stored(home), indexed(home)) == ({}, {})


def test_an_upload_that_was_stored_and_not_indexed_can_be_uploaded_again(
    home: Path, tmp_path: Path, add: Callable[..., Outcome]
) -> None:
    kill(home, "embedding", "add", write(tmp_path / "given", "lahti.txt", LAHTI))
    assert add("lahti.txt") == Outcome("home/uploads/lahti.txt", State.INDEXED, chunks=1)
    assert stored(home) == {"lahti.txt": LAHTI}


@pytest.mark.parametrize("kill_at", ["removing", "forgetting"])
def test_a_removal_that_was_cut_off_is_finished_at_the_next_start(
    home: Path, library: Library, add: Callable[..., Outcome], kill_at: str
) -> None:
    source = add("lahti.txt").source
    kill(home, kill_at, "remove", source)
    assert stored(home) == {".lahti.txt.removed": LAHTI}
    expected = [Outcome(source, State.REMOVED)] if kill_at == "removing" else []
    assert library.catch_up() == expected
    assert (stored(home), indexed(home)) == ({}, {})
    assert library.catch_up() == []


def test_a_document_uploaded_after_a_removal_was_cut_off_stays(
    home: Path, library: Library, add: Callable[..., Outcome]
) -> None:
    source = add("lahti.txt").source
    kill(home, "removing", "remove", source)
    assert add("lahti.txt") == Outcome(source, State.UNCHANGED, chunks=1)
    assert library.catch_up() == []
    assert (stored(home), indexed(home)) == ({"lahti.txt": LAHTI}, {source: "indexed"})


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_after_any_kill_every_stored_file_is_indexed_and_every_acknowledged_one_is_there(
    home: Path, library: Library, tmp_path: Path
) -> None:
    files = [write(tmp_path / "given", f"{number:02}.txt", f"Text number {number} of many.") for number in range(20)]
    chance = random.Random(1)  # noqa: S311 - where to kill
    for _ in range(3):
        acknowledged: set[str] = set()
        with start(home, "", "add", *files) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 15)):
                acknowledged.add(process.stdout.readline().split()[0])
            threading.Event().wait(chance.random() / 20)
            process.kill()
            process.communicate()
        library.catch_up()
        there = stored(home)
        assert indexed(home) == {f"home/uploads/{name}": "indexed" for name in there}
        assert acknowledged <= set(indexed(home))
        assert all(there[name] == (tmp_path / "given" / name).read_text(encoding="utf-8") for name in there)
        for source in chance.sample(sorted(indexed(home)), k=len(there) // 2):
            assert library.remove(source).state is State.REMOVED
    states = {outcome.state for outcome in library.add_files([(file, file.name) for file in files])}
    assert states <= {State.INDEXED, State.UNCHANGED}
    assert {hashlib.sha256(text.encode()).hexdigest() for text in stored(home).values()} == {
        hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
