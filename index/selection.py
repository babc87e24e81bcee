"""Filters resolved to the documents and chunks that pass them."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, Revision
from index.filters import EVERYTHING, DocumentFilter
from index.lexical_index import Condition

# Up to so many chunks, their vectors are compared one by one: 4 ms and 15 MB, after 60 ms to read them. Of more, enough
# are among the nearest of all chunks.
FEW = 20_000
# Filters remembered; a person uses one or two at a time, several people use some more.
_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Selection:
    """What passes a filter."""

    sources: frozenset[str]
    seqs: NDArray[np.int64] | None
    """The numbers of its chunks, in order; `None` if there are more than `FEW`."""
    condition: Condition
    """The same for the lexical index."""


class Selections:
    """Resolves filters; remembers the last ones until the catalog changes."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Revision, DocumentFilter], Selection | None] = OrderedDict()

    def of(self, within: DocumentFilter, *, revision: Revision) -> Selection | None:
        """Return what passes a filter in this state of the catalog, `None` if everything does."""
        if within == EVERYTHING:
            return None
        key = (revision, within)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._resolved(within)
                if len(self._kept) > _REMEMBERED:
                    self._kept.popitem(last=False)
            return self._kept[key]

    def _resolved(self, within: DocumentFilter) -> Selection | None:
        documents = self._catalog.document_facts()
        passing = [document for document in documents if within.passes(document)]
        if len(passing) == len(documents):
            return None
        sources = frozenset(document.source for document in passing)
        seqs = self._catalog.seqs(sorted(sources), limit=FEW + 1)
        if within == DocumentFilter(languages=within.languages):
            # One term a language is quicker than one a document.
            condition = Condition("language", sorted({document.language for document in passing}))
        else:
            condition = Condition("source", sorted(sources))
        return Selection(sources, np.array(seqs, np.int64) if len(seqs) <= FEW else None, condition)
