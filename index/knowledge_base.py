"""`KnowledgeBase`: the one object `rag/` talks to. It searches, and hands out documents."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.analysis import analyse
from index.catalog import Catalog, DocumentRecord, IndexIdentity, Revision
from index.dense_search import DenseSearch
from index.documents import Chunk, Document, ScoredChunk
from index.embedding import BUNDLED_MODEL, Embedder
from index.errors import FootnoteError, IndexMismatchError, StoreError
from index.filters import EVERYTHING, DocumentFilter
from index.lexical_index import LexicalIndex
from index.lexical_sync import is_behind, lexical_problems, open_lexical_index, sync_lexical_index
from index.selection import Selections
from index.settings import ChunkingSettings
from index.vector_store import VectorStore, open_vector_store

log = logging.getLogger(__name__)

CATALOG_FILE = "catalog.sqlite3"
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
                What the lexical index lacks cannot be scanned: without `maintain` it is added here.
        """
        self._catalog = catalog
        self._embedder = embedder
        self._chroma_url = chroma_url
        self._maintain = maintain
        self._dense = DenseSearch(catalog)
        self._lexical: tuple[int, LexicalIndex] | None = None
        self._selections = Selections(catalog)
        self._kept: _Overview | None = None
        self._records: tuple[Revision, list[DocumentRecord]] | None = None
        self._is_up_to_date = False
        self._sync_lock = threading.Lock()
        self._closing = threading.Event()
        self._follower: threading.Thread | None = None
        self._index_id = catalog.revision.index_id
        self._store: VectorStore | None = self._open_store()
        if not maintain:
            self._catch_up()

    def _open_store(self) -> VectorStore | None:
        if not self._maintain and self._chroma_url is None and self._catalog.count_chunks() <= SCAN_UP_TO:
            return None
        return open_vector_store(self._catalog, url=self._chroma_url, repair=self._maintain)

    def search_dense(self, query: str, *, limit: int, within: DocumentFilter = EVERYTHING) -> list[ScoredChunk]:
        """Return the chunks whose vectors are nearest to the query's, best first; the score is cosine similarity.

        Args:
            query: A question or some words.
            limit: How many at most.
            within: Which documents may be found.

        Raises:
            IndexMismatchError: If another process has rebuilt the index with another embedding model.
        """
        vector = self._embedder.embed_questions([query])[0]
        if not vector.any():
            return []
        revision = self._catalog.revision
        self._check_model(revision)
        selection = self._selections.of(within, revision=revision)
        found = self._dense.search(vector, store=self._store, revision=revision, limit=limit, selection=selection)
        return self._scored(found, "dense", limit)

    def _check_model(self, revision: Revision) -> None:
        if revision.index_id == self._index_id:
            return
        identity = self._catalog.identity
        if identity is not None and identity.embedding != self._embedder.name:
            raise IndexMismatchError(
                f"The index in '{self._catalog.path.parent}' has been rebuilt with the embedding model "
                f"{identity.embedding!r}, but {self._embedder.name!r} is in use here. Set that model and start again."
            )
        self._index_id = revision.index_id

    def search_lexical(self, query: str, *, limit: int, within: DocumentFilter = EVERYTHING) -> list[ScoredChunk]:
        """Return the chunks that share terms with the query, best first.

        The score is BM25 divided by what all terms of the query weigh: the share of the query's information that a
        chunk holds, mostly between 0 and 1. So it can be compared between queries and added to other scores, which
        BM25 cannot, and it is small where only common words meet.

        Args:
            query: A question or some words.
            limit: How many at most.
            within: Which documents may be found.
        """
        revision = self._catalog.revision
        if revision.index_id is None:
            return []
        selection = self._selections.of(within, revision=revision)
        condition = selection.condition if selection else None
        dead = self._catalog.lexical_dead.dead_count(revision.index_id)
        terms, lexical = analyse(query), self._lexical_index(revision.index_id)
        try:
            found = lexical.search(terms, limit=limit + dead, within=condition)
            information = lexical.information(terms) if found else 1.0
        except StoreError as error:  # dense search goes on; the next start or ingest makes it anew
            log.warning("%s", error)
            return []
        return self._scored([(seq, score / information) for seq, score in found], "lexical", limit)

    def _lexical_index(self, index_id: int) -> LexicalIndex:
        """The lexical index of the catalog's present index, which another process may have rebuilt."""
        if self._lexical is None or self._lexical[0] != index_id:
            self._lexical = (index_id, open_lexical_index(self._catalog, index_id=index_id))
        return self._lexical[1]

    def _catch_up(self) -> None:
        """Add to the lexical index what a killed ingest left out, unless another process is at it or may not write."""
        index_id = self._index_id
        if index_id is None or not is_behind(self._catalog, self._lexical_index(index_id), index_id=index_id):
            return
        try:
            sync_lexical_index(self._catalog, self._lexical_index(index_id), index_id=index_id)
        except StoreError as error:
            log.warning("Not all documents are searched lexically: %s", error)

    def _scored(self, found: list[tuple[int, float]], searcher: str, limit: int) -> list[ScoredChunk]:
        chunks = self._catalog.chunks([seq for seq, _ in found])  # the catalog decides what exists
        return [ScoredChunk(chunks[seq], score, (searcher,)) for seq, score in found if seq in chunks][:limit]

    def token_ids(self, chunks: Sequence[Chunk], *, model: str = BUNDLED_MODEL) -> list[NDArray[np.uint32] | None]:
        """Return the ids of each chunk's subwords in a model, in order; `None` where none are stored."""
        stored = self._catalog.token_ids([chunk.id for chunk in chunks], model=model)
        return [stored.get(chunk.id) for chunk in chunks]

    def surroundings(self, chunk: Chunk, *, before: int, after: int) -> list[Chunk]:
        """Return a chunk with those before and after it in its document, in order of the text."""
        return self._catalog.neighbours(chunk.id, before=before, after=after)

    def get_document(self, source: str) -> Document | None:
        """Return a document as it is searched, or `None`."""
        return self._catalog.get_document(source)

    def languages(self) -> Mapping[str, str]:
        """Return the language of every document that is searched, by source."""
        return self._overview().languages

    def has_any(self, within: DocumentFilter) -> bool:
        """Return whether any document that is searched passes a filter."""
        selection = self._selections.of(within, revision=self._catalog.revision)
        return bool(self.languages() if selection is None else selection.sources)

    @property
    def revision(self) -> Revision:
        """What changes whenever a document does; for whoever keeps what was made from the documents."""
        return self._catalog.revision

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
        """Return the state of every document, by source; read again only when the catalog has changed."""
        revision = self._catalog.revision
        kept = self._records
        if kept is None or kept[0] != revision:
            kept = self._records = (revision, self._catalog.documents())
        return list(kept[1])

    def sync(self) -> int:
        """Bring the lexical index and, with `maintain`, Chroma up to the catalog.

        Returns:
            How many chunks were copied to Chroma.

        Raises:
            StoreError: If one of them cannot be written.
        """
        with self._sync_lock:
            self._sync_lexical()
            if not self._maintain:
                return 0
            if self._store is None or self._store.index_id != self._catalog.revision.index_id:
                self._reopen()
            if self._store is None or not self._store.is_owner:
                return 0
            return self._store.sync()

    def _sync_lexical(self) -> None:
        index_id = self._catalog.revision.index_id
        if index_id is None:
            return
        lexical = self._lexical_index(index_id)
        self._is_up_to_date = sync_lexical_index(self._catalog, lexical, index_id=index_id)

    def follow(self) -> None:
        """Keep all up to the catalog in the background, also when another process ingests, until `close`."""
        if self._follower is None:
            self._follower = threading.Thread(target=self._follow, name="chroma-sync", daemon=True)
            self._follower.start()

    def _follow(self) -> None:
        seen = None
        while True:
            revision = self._catalog.revision
            if revision != seen or not self._is_up_to_date:
                try:
                    self.sync()
                    seen = revision
                except FootnoteError as error:  # searching goes on with what there is; the next round tries again
                    log.warning("The indexes could not be brought up to date: %s", error)
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

    def checks(self) -> dict[str, str]:
        """Look quickly whether questions can be answered; each part is `ok`, or a sentence says what is wrong.

        `index` is the catalog, `model` the embedding model that the index was made with; `chroma` is `scanned` where
        Chroma is not searched (`has_store`). Nothing is compared, as `problems` does.
        """
        found = {"index": "ok", "model": "ok", "chroma": "ok" if self._store else "scanned"}
        try:
            self._check_model(self._catalog.revision)
        except IndexMismatchError as error:
            found["model"] = str(error)
        except StoreError as error:
            found["index"] = str(error)
        try:
            if (store := self._store) is not None:
                store.check()
        except StoreError as error:
            found["chroma"] = str(error)
        return found

    def problems(self) -> list[str]:
        """Compare catalog, lexical index and Chroma; return a sentence for each thing that is wrong."""
        found = self._catalog.problems()
        index_id = self._catalog.revision.index_id
        if index_id is not None:
            found += lexical_problems(self._catalog, self._lexical_index(index_id), index_id=index_id)
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
