"""`KnowledgeBase`: the one object `rag/` talks to. It searches, and hands out documents."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.analysis import analyse
from index.catalog import Catalog, DocumentRecord, IndexIdentity, Revision
from index.documents import Chunk, Document, ScoredChunk
from index.embedding import Embedder
from index.errors import FootnoteError, IndexMismatchError, StoreError
from index.exact_search import ExactSearch
from index.settings import ChunkingSettings
from index.vector_store import VectorStore, open_vector_store

log = logging.getLogger(__name__)

CATALOG_FILE = "catalog.sqlite3"
# Chroma may still hold deleted chunks: as many more are asked for. Beyond this number a scan is faster.
_MOST_DEAD = 1000
# Up to this number of chunks a scan takes less time than importing Chroma, so a single question does without it.
SCAN_UP_TO = 20_000
# How soon a server notices what another process ingested; until copied, it is found by scanning.
_FOLLOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Overview:
    revision: Revision
    languages: Mapping[str, str]
    chunks: int


class KnowledgeBase:
    """The documents of one home, searchable. Use as a context manager, or call `close`."""

    def __init__(
        self, catalog: Catalog, embedder: Embedder, *, chroma_url: str | None = None, maintain: bool = False
    ) -> None:
        """Open the index; `open_knowledge_base` is the usual way.

        Args:
            catalog: The home's catalog; closed together with this.
            embedder: What questions are embedded with; must be what the index was made with.
            chroma_url: Address of a Chroma server, `None` for the embedded one.
            maintain: Whether to repair Chroma and copy new chunks to it (`sync`), as a server or an ingest does. A
                single question need not: what Chroma lacks is scanned, and all of an index of up to `SCAN_UP_TO`.
        """
        self._catalog = catalog
        self._embedder = embedder
        self._chroma_url = chroma_url
        self._maintain = maintain
        self._exact = ExactSearch(catalog)
        self._kept: _Overview | None = None
        self._sync_lock = threading.Lock()
        self._closing = threading.Event()
        self._follower: threading.Thread | None = None
        self._index_id = catalog.revision.index_id
        self._store: VectorStore | None = self._open_store()

    def _open_store(self) -> VectorStore | None:
        if not self._maintain and self._chroma_url is None and self._catalog.count_chunks() <= SCAN_UP_TO:
            return None
        return open_vector_store(self._catalog, url=self._chroma_url, repair=self._maintain)

    def search_dense(self, query: str, *, limit: int) -> list[ScoredChunk]:
        """Return the chunks whose vectors are nearest to the query's, best first; the score is cosine similarity.

        Raises:
            IndexMismatchError: If another process has rebuilt the index with another embedding model.
        """
        vector = self._embedder.embed_questions([query])[0]
        if not vector.any():
            return []
        self._check_model()
        copied, found = self._search_store(vector, limit)
        found += self._exact.search(vector, after=copied, limit=limit)
        return self._scored(sorted(found, key=lambda pair: (-pair[1], pair[0])), "dense", limit)

    def _search_store(self, vector: NDArray[np.float32], limit: int) -> tuple[int, list[tuple[int, float]]]:
        """Search Chroma; return also up to which number that covers the chunks. All others are to be scanned."""
        store, index_id = self._store, self._catalog.revision.index_id
        if store is None or store.index_id != index_id:
            return 0, []
        dead = self._catalog.copies.dead_count(store.index_id)
        if dead > _MOST_DEAD:
            return 0, []
        copied = self._catalog.copies.synced(store.index_id)
        try:
            return copied, store.search(vector, limit=limit + dead)
        except StoreError as error:
            if store is self._store:  # else it was closed because the index was rebuilt
                log.warning("Chroma is not searched: %s", error)
            return 0, []

    def _check_model(self) -> None:
        index_id = self._catalog.revision.index_id
        if index_id == self._index_id:
            return
        identity = self._catalog.identity
        if identity is not None and identity.embedding != self._embedder.name:
            raise IndexMismatchError(
                f"The index in '{self._catalog.path.parent}' has been rebuilt with the embedding model "
                f"{identity.embedding!r}, but {self._embedder.name!r} is in use here. Set that model and start again."
            )
        self._index_id = index_id

    def search_lexical(self, query: str, *, limit: int) -> list[ScoredChunk]:
        """Return the chunks that share terms with the query, best first; the score is BM25."""
        return self._scored(self._catalog.search_lexical(analyse(query), limit=limit), "lexical", limit)

    def _scored(self, found: list[tuple[int, float]], searcher: str, limit: int) -> list[ScoredChunk]:
        chunks = self._catalog.chunks([seq for seq, _ in found])  # the catalog decides what exists
        scored = {seq: ScoredChunk(chunks[seq], score, (searcher,)) for seq, score in reversed(found) if seq in chunks}
        return list(reversed(scored.values()))[:limit]

    def surroundings(self, chunk: Chunk, *, before: int, after: int) -> list[Chunk]:
        """Return a chunk with those before and after it in its document, in order of the text."""
        return self._catalog.neighbours(chunk.id, before=before, after=after)

    def get_document(self, source: str) -> Document | None:
        """Return a document as it is searched, or `None`."""
        return self._catalog.get_document(source)

    def languages(self) -> Mapping[str, str]:
        """Return the language of every document that is searched, by source."""
        return self._overview().languages

    def count_chunks(self) -> int:
        """Return how many chunks are searched."""
        return self._overview().chunks

    def _overview(self) -> _Overview:
        """What each search asks about the whole index; read again only when the catalog has changed."""
        revision = self._catalog.revision
        if self._kept is None or self._kept.revision != revision:
            self._kept = _Overview(revision, self._catalog.languages(), self._catalog.count_chunks())
        return self._kept

    def documents(self) -> list[DocumentRecord]:
        """Return the state of every document, by source."""
        return self._catalog.documents()

    def sync(self) -> int:
        """Copy what is new in the catalog to Chroma; return how many chunks were. Does nothing without `maintain`."""
        if not self._maintain:
            return 0
        with self._sync_lock:
            if self._store is None or self._store.index_id != self._catalog.revision.index_id:
                self._reopen()
            if self._store is None or not self._store.is_owner:
                return 0
            return self._store.sync()

    def follow(self) -> None:
        """Keep Chroma up to the catalog in the background, also when another process ingests, until `close`."""
        if self._follower is None:
            self._follower = threading.Thread(target=self._follow, name="chroma-sync", daemon=True)
            self._follower.start()

    def _follow(self) -> None:
        seen = None
        while True:
            revision = self._catalog.revision
            if revision != seen:
                try:
                    self.sync()
                    seen = revision
                except FootnoteError as error:  # searching goes on by scanning; the next round tries again
                    log.warning("Chroma could not be brought up to date: %s", error)
            if self._closing.wait(_FOLLOW_SECONDS):
                return

    @property
    def has_store(self) -> bool:
        """Whether this process searches Chroma; else it scans: another one has it open, or a scan is quicker."""
        return self._store is not None

    def _reopen(self) -> None:
        former, self._store = self._store, None
        if former is not None:
            former.close()
        self._store = self._open_store()

    def problems(self) -> list[str]:
        """Compare catalog, lexical index and Chroma; return a sentence for each thing that is wrong."""
        found = self._catalog.problems()
        if self._store is not None:
            found += self._store.problems()
        return found

    def close(self) -> None:
        """Release files, lock and connections."""
        self._closing.set()
        if self._follower is not None:
            self._follower.join()
        with self._sync_lock:
            if self._store is not None:
                self._store.close()
                self._store = None
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_catalog(home: Path, *, create: bool = False) -> Catalog:
    """Open a home's catalog.

    Raises:
        StoreError: If there is none and `create` is false, or it cannot be used.
    """
    path = home / CATALOG_FILE
    if not create and not path.exists():
        raise StoreError(f"Nothing is indexed in '{home}' yet. Run: footnote ingest FOLDER")
    return Catalog(path)


def open_knowledge_base(
    home: Path, embedder: Embedder, *, chunking: ChunkingSettings, chroma_url: str | None = None, maintain: bool = False
) -> KnowledgeBase:
    """Open what was ingested into a home.

    Raises:
        StoreError: If nothing was, or it cannot be used.
        IndexMismatchError: If it was made with another embedding model or chunking.
    """
    catalog = open_catalog(home)
    try:
        catalog.require(IndexIdentity(embedder.name, chunking.name))
        return KnowledgeBase(catalog, embedder, chroma_url=chroma_url, maintain=maintain)
    except BaseException:
        catalog.close()
        raise
