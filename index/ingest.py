"""Folder to index: load, chunk, embed and store each document; skip what is unchanged, report what failed.

Each document is written in one commit, so a run that is killed leaves every document either as it was or as it is now,
and the next run goes on from there. The lexical index follows every other second, so that readers find what is new.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, DocumentRecord, IndexedChunk, IndexIdentity
from index.chunking import chunk_document
from index.documents import Document
from index.embedding import Embedder
from index.errors import LoadError, StoreError
from index.lexical_sync import open_lexical_index, sweep_lexical_indexes
from index.loading import content_hash, find_files, is_url, load_file
from index.runs import IngestReport, Outcome, Progress, State, complete, exclusive, unknown_document
from index.settings import ChunkingSettings, LoadingSettings

if TYPE_CHECKING:
    from index.fetching import Fetch

__all__ = ["Ingest", "IngestReport", "Outcome", "Progress", "State", "TokenIds"]

# Chunks embedded at once: bounds the memory of a long document, and is enough for a GPU.
_EMBED_BATCH = 512


class TokenIds(Protocol):
    """Cuts texts into the subwords of a model, whose ids are kept for whoever compares texts word by word."""

    @property
    def name(self) -> str:
        """The model's name; ids of different models do not mix."""
        ...

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of each text's subwords."""
        ...


class Ingest:
    """The write path of one home."""

    def __init__(
        self,
        catalog: Catalog,
        embedder: Embedder,
        *,
        root: Path,
        chunking: ChunkingSettings | None = None,
        loading: LoadingSettings | None = None,
        token_ids: TokenIds | None = None,
        fetch: "Fetch | None" = None,
        wait: float = 0,
    ) -> None:
        """Wire it up.

        Args:
            catalog: Where documents go.
            embedder: What the index is made with.
            root: Folder that sources are named relative to, if they lie in it.
            chunking: How documents are cut.
            loading: Which files are read.
            token_ids: Whose subword ids are stored with each chunk; none are, if omitted.
            fetch: How pages of the web are had; from the public network, if omitted.
            wait: Seconds to wait for another ingest that runs in this home.
        """
        self._catalog = catalog
        self._embedder = embedder
        self._root = root.resolve()
        self._chunking = chunking or ChunkingSettings()
        self._loading = loading or LoadingSettings()
        self._token_ids = token_ids
        self._fetch = fetch
        self._wait = wait
        self._tokens_of = token_ids.name if token_ids else None
        self._identity = IndexIdentity(embedder.name, self._chunking.name)

    def run(self, paths: Sequence[Path], *, prune: bool = False, progress: Progress = lambda _: None) -> IngestReport:
        """Bring the index up to the files under `paths`.

        A file or folder that is missing, unreadable or empty is a failure in the report; the others are not concerned.

        Args:
            paths: Files and folders.
            prune: Whether to remove documents that came from under `paths` and whose files are gone. Nothing is
                removed below a folder that is missing or empty: that is more often a disk not mounted than a wish.
                A file that is named itself is removed if the folder it was in is still there.
            progress: Called after each document.

        Raises:
            IndexMismatchError: If the index was made with another embedding model or chunking.
            EmbeddingError: If the embedding model stops answering; what was indexed before stays.
            StoreError: If another ingest runs in this home.
        """
        return self._run(self._outcomes(paths, prune=prune), progress)

    def run_documents(self, documents: Iterable[Document], *, progress: Progress = lambda _: None) -> IngestReport:
        """Bring the index up to documents that do not come from files, just as `run` does with files.

        A document whose `content_hash` is that of the indexed one is unchanged. None is removed.

        Args:
            documents: Each with a `source` of its own; a later one of the same source replaces the earlier.
            progress: Called after each document.

        Raises:
            IndexMismatchError: If the index was made with another embedding model or chunking.
            EmbeddingError: If the embedding model stops answering; what was indexed before stays.
            StoreError: If another ingest runs in this home.
        """
        return self._run(self._document_outcomes(documents), progress)

    def add_page(self, url: str, *, again: bool = False) -> Outcome:
        """Fetch a page of the web and bring the index up to it. Its address is the document's source.

        A page that cannot be fetched is a failure. If it was indexed before, that version stays and the catalog says
        why it is not newer; else nothing is kept of it.

        Args:
            url: Where the page is.
            again: Whether it is only read again, so that it stays removed if somebody removes it meanwhile.

        Raises:
            IndexMismatchError: If the index was made with another embedding model or chunking.
            EmbeddingError: If the embedding model does not answer.
            StoreError: If another ingest runs in this home.
        """
        from index.fetching import load_page, normalise_url

        try:
            source = normalise_url(url)
        except LoadError as error:
            return Outcome(url, State.FAILED, str(error))
        try:
            page = load_page(source, settings=self._loading, fetch=self._fetch)  # a slow server keeps no run waiting
        except LoadError as error:
            outcomes = self._page_failure(source, str(error))
        else:
            outcomes = self._document_outcomes([page])
        return self._run(self._if_known(source, outcomes) if again else outcomes).outcomes[0]

    def reread(self, source: str) -> Outcome:
        """Read an indexed document again, from its file or from the web; one that fails stays in its old version.

        Raises:
            IndexMismatchError: If the index was made with another embedding model or chunking.
            EmbeddingError: If the embedding model does not answer.
            StoreError: If another ingest runs in this home.
        """
        if self._record(source) is None:
            return unknown_document(source)
        if is_url(source):
            return self.add_page(source, again=True)
        return self._run(self._reread_outcomes(source)).outcomes[0]

    def rebuild(self, *, progress: Progress = lambda _: None) -> IngestReport:
        """Chunk and embed all documents anew with this embedder and chunking.

        The new index is made beside the old one and takes its place in one commit at the end; until then, and if it
        fails, the old one answers.
        """
        with exclusive(self._catalog, wait=self._wait):
            self._catalog.drop_unfinished()
            index_id = self._catalog.start_index(self._identity)
            report = complete(self._rebuilt_outcomes(index_id), self._catalog, index_id=index_id, progress=progress)
            self._catalog.activate_index(index_id)
            self._sweep()
        return report

    def _run(self, outcomes: Iterator[Outcome], progress: Progress = lambda _: None) -> IngestReport:
        with exclusive(self._catalog, wait=self._wait):
            self._ensure_index()
            index_id = self._catalog.revision.index_id
            if index_id is None:
                raise StoreError(f"No index is active in '{self._catalog.path.parent}'.")
            report = complete(outcomes, self._catalog, index_id=index_id, progress=progress)
            self._sweep()
        return report

    def _sweep(self) -> None:
        index_id = self._catalog.revision.index_id
        if index_id is not None:
            sweep_lexical_indexes(self._catalog, keep=open_lexical_index(self._catalog, index_id=index_id))

    def _ensure_index(self) -> None:
        self._catalog.drop_unfinished()
        if self._catalog.identity != self._identity and not any(record.chunks for record in self._catalog.documents()):
            self._catalog.activate_index(self._catalog.start_index(self._identity))  # nothing would be lost
        self._catalog.require(self._identity)

    # -- One run -------------------------------------------------------------------------------------------------------

    def _outcomes(self, paths: Sequence[Path], *, prune: bool) -> Iterator[Outcome]:
        known = {record.source: record for record in self._catalog.documents()}
        seen: set[str] = set()
        for path in paths:
            try:
                files = find_files(path)
            except LoadError as error:
                yield from self._path_failure(path, str(error), known, prune=prune)
                continue
            for file in files:
                source = self.source_of(file)
                if source in seen:
                    continue
                seen.add(source)
                if _is_utf8(source):
                    yield self._file_outcome(file, source, known.get(source))
                else:
                    yield Outcome(source, State.FAILED, f"The name of {source!r} is not valid UTF-8: rename the file.")
            if not files:
                yield Outcome(str(path), State.FAILED, f"'{path}' has no documents of a known type (.md, .txt, .html).")
            elif prune and path.is_dir():
                yield from self._pruned(path, known, seen)

    def _document_outcomes(self, documents: Iterable[Document]) -> Iterator[Outcome]:
        known = {
            record.source: (record.content_hash, record.state, record.chunks) for record in self._catalog.documents()
        }
        for document in documents:
            source = document.source
            content, state, chunks = known.get(source, (None, "", 0))
            if content == document.content_hash:
                if state == "failed":
                    self._catalog.clear_failure(source)
                outcome = Outcome(source, State.UNCHANGED, chunks=chunks)
            else:
                outcome = self._stored(document, is_known=content is not None)
            if outcome.state is State.FAILED:
                known[source] = (content, "failed", chunks)
            else:
                known[source] = (document.content_hash, "indexed", outcome.chunks)
            yield outcome

    def _page_failure(self, source: str, reason: str) -> Iterator[Outcome]:
        if self._catalog.get_document(source) is not None:
            self._catalog.record_failure(source, reason)
        yield Outcome(source, State.FAILED, reason)

    def _if_known(self, source: str, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        if self._record(source) is None:
            yield unknown_document(source)
        else:
            yield from outcomes

    def _record(self, source: str) -> DocumentRecord | None:
        return next((record for record in self._catalog.documents() if record.source == source), None)

    def _reread_outcomes(self, source: str) -> Iterator[Outcome]:
        record = self._record(source)
        yield self._file_outcome(self._root / source, source, record) if record else unknown_document(source)

    def _rebuilt_outcomes(self, index_id: int) -> Iterator[Outcome]:
        for record in self._catalog.documents():
            document = self._catalog.get_document(record.source)
            if document is not None:
                chunks = self._prepared(document)
                self._catalog.add_to_index(index_id, chunks, tokens_of=self._tokens_of)
                yield Outcome(document.source, State.CHANGED, chunks=len(chunks))

    def _path_failure(
        self, path: Path, reason: str, known: dict[str, DocumentRecord], *, prune: bool
    ) -> Iterator[Outcome]:
        source = self.source_of(path)
        if prune and source in known and not path.exists() and path.parent.is_dir():
            del known[source]
            self._catalog.remove_document(source)
            yield Outcome(source, State.REMOVED)
        else:
            yield Outcome(str(path), State.FAILED, reason)

    def _pruned(self, folder: Path, known: dict[str, DocumentRecord], seen: set[str]) -> Iterator[Outcome]:
        inside = folder.resolve()
        for source in sorted(set(known) - seen):
            if is_url(source):
                continue
            file = self._root / source
            if file.is_relative_to(inside) and not file.exists():
                del known[source]
                self._catalog.remove_document(source)
                yield Outcome(source, State.REMOVED)

    def _file_outcome(self, file: Path, source: str, record: DocumentRecord | None) -> Outcome:
        try:
            if record is not None and record.content_hash == content_hash(file, source=source, settings=self._loading):
                if record.state == "failed":
                    self._catalog.clear_failure(source)
                return Outcome(source, State.UNCHANGED, chunks=record.chunks)
            document = load_file(file, source=source, settings=self._loading)
        except LoadError as error:
            self._catalog.record_failure(source, str(error))
            return Outcome(source, State.FAILED, str(error))
        return self._stored(document, is_known=record is not None and bool(record.content_hash))

    def _stored(self, document: Document, *, is_known: bool) -> Outcome:
        try:
            chunks = self._prepared(document)
        except LoadError as error:
            self._catalog.record_failure(document.source, str(error))
            return Outcome(document.source, State.FAILED, str(error))
        self._catalog.replace_document(document, chunks, tokens_of=self._tokens_of)
        encoding = document.metadata.get("encoding")
        return Outcome(
            document.source,
            State.CHANGED if is_known else State.INDEXED,
            reason=f"read as {encoding}, not UTF-8" if encoding else "",
            chunks=len(chunks),
        )

    def source_of(self, path: Path) -> str:
        """Name a file: relative to the root if it lies in it, else absolute; `/` on every system."""
        resolved = path.resolve()
        if resolved.is_relative_to(self._root):
            return resolved.relative_to(self._root).as_posix()
        return resolved.as_posix()

    def _prepared(self, document: Document) -> list[IndexedChunk]:
        chunks = chunk_document(document, settings=self._chunking)
        if not chunks:
            raise LoadError(f"'{document.source}' has no text to index.")
        texts = [chunk.text for chunk in chunks]
        vectors = [
            vector
            for at in range(0, len(texts), _EMBED_BATCH)
            for vector in self._embedder.embed_passages(texts[at : at + _EMBED_BATCH])
        ]
        tokens = self._token_ids.token_ids(texts) if self._token_ids else [None] * len(texts)
        return [IndexedChunk(chunk, vector, ids) for chunk, vector, ids in zip(chunks, vectors, tokens, strict=True)]


def _is_utf8(name: str) -> bool:
    """Whether a file's name can be stored and shown: a file system may hold bytes that are no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
