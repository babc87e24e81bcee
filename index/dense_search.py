"""Nearest vectors: from Chroma what it holds, by scanning what it lacks, under a filter by whichever is quicker.

A filter is never handed to Chroma, whose `where` makes a query of 88,000 vectors 60 times as slow.
"""

import logging
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, Revision
from index.chunk_reader import StoredVectors
from index.errors import StoreError
from index.exact_search import ExactSearch, nearest
from index.selection import Selection
from index.vector_store import VectorStore

log = logging.getLogger(__name__)

# Chroma may still hold deleted chunks: as many more are asked for. Beyond this number a scan is faster.
_MOST_DEAD = 1000
# Under a filter that many pass, so many times as many as wanted are asked for at first, four times more each next time.
_OVERFETCH = 4
# More than this Chroma finds slower than a scan does.
_MOST_FETCHED = 2000
# Vectors read at once where all that pass a filter are scanned.
_SCAN_BATCH = 10_000
# Filters whose vectors are kept in memory, 15 MB at most each.
_KEPT_FILTERS = 4

Found = list[tuple[int, float]]
"""Sequence numbers and cosine similarities, best first."""


class DenseSearch:
    """Searches the vectors of one home."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._exact = ExactSearch(catalog)
        self._lock = threading.Lock()
        self._selected: OrderedDict[tuple[Revision, frozenset[str]], StoredVectors] = OrderedDict()

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        store: VectorStore | None,
        revision: Revision,
        limit: int,
        selection: Selection | None = None,
    ) -> Found:
        """Return the chunks nearest to a query's vector. Deleted ones may still be among them.

        Args:
            vector: Of length 1.
            store: Chroma, if it is open.
            revision: The state of the catalog.
            limit: How many at least, if there are as many.
            selection: What may be found; all, if omitted.
        """
        if selection is None:
            return self._nearest(vector, store, revision, limit)[0]
        if selection.seqs is not None:
            return self._among_few(vector, selection, selection.seqs, revision, limit)
        return self._among_many(vector, store, selection, revision, limit)

    def _nearest(
        self, vector: NDArray[np.float32], store: VectorStore | None, revision: Revision, limit: int
    ) -> tuple[Found, bool]:
        """Also whether that is all there is."""
        copied, found, complete = self._search_store(vector, store, revision, limit)
        scanned = self._exact.search(vector, after=copied, limit=limit, revision=revision)
        # While chunks are being copied, some are found in both places.
        merged = sorted(dict(found + scanned).items(), key=lambda pair: (-pair[1], pair[0]))
        return merged, complete and len(scanned) < limit

    def _search_store(
        self, vector: NDArray[np.float32], store: VectorStore | None, revision: Revision, limit: int
    ) -> tuple[int, Found, bool]:
        """Search Chroma; also up to which number that covers the chunks (all others are to be scanned), and if all."""
        if store is None or store.index_id != revision.index_id:
            return 0, [], True
        dead = self._catalog.copies.dead_count(store.index_id)
        if dead > _MOST_DEAD:
            return 0, [], True
        copied = self._catalog.copies.synced(store.index_id)
        try:
            found = store.search(vector, limit=limit + dead)
        except StoreError as error:
            # Not when it was closed because the index was rebuilt.
            if self._catalog.revision.index_id == store.index_id:
                log.warning("Chroma is not searched: %s", error)
            return 0, [], True
        return copied, found, len(found) < limit + dead

    def _among_few(
        self,
        vector: NDArray[np.float32],
        selection: Selection,
        seqs: NDArray[np.int64],
        revision: Revision,
        limit: int,
    ) -> Found:
        if self._exact.holds(after=0):
            return self._exact.search(vector, limit=limit, only=seqs, revision=revision)
        key = (revision, selection.sources)
        with self._lock:
            stored = self._selected.get(key)
            if stored is None:
                stored = self._selected[key] = self._catalog.vectors_of(seqs.tolist())
                if len(self._selected) > _KEPT_FILTERS:
                    self._selected.popitem(last=False)
        return nearest(vector, stored, limit=limit)

    def _among_many(
        self,
        vector: NDArray[np.float32],
        store: VectorStore | None,
        selection: Selection,
        revision: Revision,
        limit: int,
    ) -> Found:
        asked = _OVERFETCH * limit
        while True:
            found, complete = self._nearest(vector, store, revision, asked)
            if not complete:
                found = found[:asked]  # after these, some from one of the two places may be missing
            sources = self._catalog.sources([seq for seq, _ in found])
            kept = [pair for pair in found if sources.get(pair[0]) in selection.sources]
            if complete or len(kept) >= limit:
                return kept
            asked *= 4
            if asked > _MOST_FETCHED:
                return self._scanned(vector, selection, limit)

    def _scanned(self, vector: NDArray[np.float32], selection: Selection, limit: int) -> Found:
        """Read all vectors that pass: slow, and seldom needed."""
        seqs, best = self._catalog.seqs(sorted(selection.sources)), Found()
        for at in range(0, len(seqs), _SCAN_BATCH):
            best += nearest(vector, self._catalog.vectors_of(seqs[at : at + _SCAN_BATCH]), limit=limit)
            best = sorted(best, key=lambda pair: (-pair[1], pair[0]))[:limit]
        return best
