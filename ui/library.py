"""What readers of the page may do with documents: add files and pages, read them again, remove them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from index.catalog import Catalog, DocumentRecord
from index.documents import Document
from index.errors import FootnoteError, LoadError, StoreError
from index.ingest import Ingest, Outcome, State
from index.knowledge_base import open_catalog
from index.loading import SUFFIXES, load_bytes, read_file
from index.removal import remove_documents
from index.settings import LoadingSettings
from ui.uploads import Uploads, clean_name, numbered

# How long a reader waits for another one's document; a usual one takes a tenth of a second.
WAIT_SECONDS = 10.0

_MIB = 1024 * 1024
_SWITCHED_OFF = "Documents cannot be changed here: whoever runs this server has switched that off (FOOTNOTE_UPLOADS)."


class Library:
    """The documents of a home, for readers. What goes wrong with one is its outcome, in a sentence.

    Several threads and processes may use one home at once. Every call opens what it needs and closes it again.
    """

    def __init__(
        self,
        home: Path,
        *,
        ingest_into: Callable[[Catalog], Ingest],
        loading: LoadingSettings,
        writable: bool,
        wait: float = WAIT_SECONDS,
    ) -> None:
        """Wire it up.

        Args:
            home: Where index and uploads are.
            ingest_into: Makes the write path of a catalog.
            loading: Which files are taken.
            writable: Whether anything may be changed.
            wait: Seconds to wait for others that change the home.
        """
        self.writable = writable
        self.suffixes = tuple(sorted(SUFFIXES))
        self.max_megabytes = loading.max_bytes / _MIB
        self._home = home
        self._ingest_into = ingest_into
        self._loading = loading
        self._wait = wait
        self._uploads = Uploads(home)

    def is_upload(self, source: str) -> bool:
        """Whether a document was uploaded: removing it deletes its file."""
        return self._uploads.name_of(source) is not None

    def add_files(self, files: Sequence[tuple[Path, str]]) -> Iterator[Outcome]:
        """Store and index uploaded files, one after the other; yield each one's outcome when it is reached.

        A file that is no document, or cannot be indexed, leaves nothing behind.

        Args:
            files: For each, where its bytes are and the name that the browser gave it, which is not trusted.
        """
        for path, given in files:
            name = clean_name(given)
            yield self._attempt(name, partial(self._add_file, path, name))

    def add_page(self, url: str) -> Outcome:
        """Fetch a page of the web and index it. Its source is its address."""
        return self._attempt(url, lambda: self._add_page(url))

    def reindex(self, source: str) -> Outcome:
        """Read a document again, from its file or from the web; one that fails stays in its old version."""
        return self._attempt(source, lambda: self._reindex(source))

    def remove(self, source: str) -> Outcome:
        """Remove a document from the index; of uploads also the file, other files stay."""
        return self._attempt(source, lambda: self._remove(source))

    def create(self) -> None:
        """Make the index, if there is none yet, so that a server can start without documents.

        Raises:
            FootnoteError: If the home cannot be written, or holds an index of another embedding model.
        """
        with self._catalog(create=True) as catalog:
            if catalog.identity is None:
                self._ingest_into(catalog).run([])

    def catch_up(self) -> list[Outcome]:
        """Finish what a crash has cut off: index uploads that are stored, remove those that were to go.

        A server calls it when it starts, also if readers may change nothing.
        """
        try:
            return self._catch_up()
        except FootnoteError as error:
            return [Outcome(str(self._uploads.folder), State.FAILED, str(error))]

    def _attempt(self, source: str, action: Callable[[], Outcome]) -> Outcome:
        if not self.writable:
            return Outcome(source, State.FAILED, _SWITCHED_OFF)
        try:
            return action()
        except LoadError as error:
            return Outcome(source, State.FAILED, str(error))
        except FootnoteError as error:  # a home that is busy, a full disk, a model that does not answer
            home = self._home.absolute()
            reason = str(error).replace(str(home), home.name)  # readers far away need not know where it is
            return Outcome(source, State.FAILED, reason, transient=True)

    @contextmanager
    def _catalog(self, *, create: bool = False) -> Iterator[Catalog]:
        catalog = open_catalog(self._home, create=create)
        try:
            yield catalog
        finally:
            catalog.close()

    # -- Adding --------------------------------------------------------------------------------------------------------

    def _add_file(self, path: Path, name: str) -> Outcome:
        data = read_file(path, source=name, settings=self._loading)
        document = load_bytes(data, source=name, name=name)  # before anything is stored: most failures show here
        with self._uploads.exclusive(wait=self._wait), self._catalog(create=True) as catalog:
            records = {record.source: record for record in catalog.documents() if self.is_upload(record.source)}
            if (same := self._same(document, records)) is not None:
                return same
            stored = next(free for free in numbered(name) if self._is_free(free, document, records))
            source = self._uploads.source_of(stored)
            is_there = self._uploads.holds(stored, document.content_hash)  # a crash came before it was indexed
            if not is_there:
                self._uploads.store(stored, data)
            is_new = not is_there and source not in records
            outcome = self._indexed(replace(document, source=source), catalog, is_new=is_new)
        if outcome.state is State.FAILED:
            return replace(outcome, source=name)  # there is no such document
        if stored == name:
            return outcome
        beside = f"kept as {stored!r}, beside another document named {name!r}"
        return replace(outcome, reason="; ".join(filter(None, (beside, outcome.reason))))

    def _add_page(self, url: str) -> Outcome:
        with self._catalog(create=True) as catalog:
            return self._ingest_into(catalog).add_page(url)

    def _same(self, document: Document, records: dict[str, DocumentRecord]) -> Outcome | None:
        """The outcome if the same bytes were uploaded before, under whatever name."""
        for record in records.values():
            if record.content_hash != document.content_hash or record.state != "indexed":
                continue
            name = self._uploads.name_of(record.source)
            if name and self._uploads.holds(name, document.content_hash):
                reason = "" if name == document.source else f"already there as {name!r}"
                return Outcome(record.source, State.UNCHANGED, reason, record.chunks)
        return None

    def _is_free(self, name: str, document: Document, records: dict[str, DocumentRecord]) -> bool:
        """Whether a document can have this name: no other one has it, on disk or in the index."""
        record = records.get(self._uploads.source_of(name))
        if record is not None and record.content_hash not in (None, document.content_hash):
            return False
        return not self._uploads.path_of(name).exists() or self._uploads.holds(name, document.content_hash)

    def _indexed(self, document: Document, catalog: Catalog, *, is_new: bool) -> Outcome:
        """Index a document whose file is stored; if that fails, take back what is new."""
        try:
            outcome = self._ingest_into(catalog).run_documents([document]).outcomes[0]
        except FootnoteError:
            if is_new:
                self._take_back(document.source, catalog)
            raise
        if outcome.state is State.FAILED and is_new:
            self._take_back(document.source, catalog)
        return outcome

    # -- Reading again, removing ---------------------------------------------------------------------------------------

    def _reindex(self, source: str) -> Outcome:
        with self._catalog() as catalog:
            ingest = self._ingest_into(catalog)
            if not self.is_upload(source):
                return ingest.reread(source)
            with self._uploads.exclusive(wait=self._wait):  # or its file may be hidden, by a removal that then fails
                return ingest.reread(source)

    def _remove(self, source: str) -> Outcome:
        name = self._uploads.name_of(source)
        with self._catalog() as catalog:
            if name is None:
                return remove_documents(catalog, [source], wait=self._wait).outcomes[0]
            with self._uploads.exclusive(wait=self._wait):
                return self._remove_upload(name, catalog)

    def _remove_upload(self, name: str, catalog: Catalog) -> Outcome:
        """Hide the file, remove the document, delete the file: after a crash in between, `catch_up` goes on."""
        self._uploads.hide(name)
        try:
            outcome = remove_documents(catalog, [self._uploads.source_of(name)], wait=self._wait).outcomes[0]
        except FootnoteError:
            self._uploads.show(name)
            raise
        if outcome.state is State.REMOVED:
            self._uploads.forget(name)
        else:
            self._uploads.show(name)
        return outcome

    def _take_back(self, source: str, catalog: Catalog) -> None:
        """Undo an upload; what cannot be undone now, as on a full disk, is undone by `catch_up`."""
        name = self._uploads.name_of(source)
        if name is not None:
            with suppress(StoreError):
                self._uploads.hide(name)
                if any(record.source == source for record in catalog.documents()):
                    remove_documents(catalog, [source], wait=self._wait)
                self._uploads.forget(name)

    # -- After a crash -------------------------------------------------------------------------------------------------

    def _catch_up(self) -> list[Outcome]:
        if not self._uploads.folder.is_dir():
            return []
        with self._uploads.exclusive(wait=self._wait), self._catalog(create=True) as catalog:
            self._uploads.sweep()
            outcomes = [outcome for name in self._uploads.hidden() for outcome in self._finish_removal(name, catalog)]
            known = {record.source for record in catalog.documents()}
            new = [
                self._uploads.path_of(name)
                for name in self._uploads.names()
                if self._uploads.source_of(name) not in known
            ]
            if new:
                outcomes += self._ingest_into(catalog).run(new).outcomes
            return outcomes

    def _finish_removal(self, name: str, catalog: Catalog) -> list[Outcome]:
        outcomes: tuple[Outcome, ...] = ()
        if not self._uploads.path_of(name).exists():  # else it was uploaded again since
            outcomes = remove_documents(catalog, [self._uploads.source_of(name)], wait=self._wait).outcomes
        self._uploads.forget(name)
        return [outcome for outcome in outcomes if outcome.state is State.REMOVED]  # it may have been removed already
