"""Documents out of the index; the files they came from stay."""

from collections.abc import Iterator, Sequence

from index.catalog import Catalog
from index.runs import IngestReport, Outcome, Progress, State, complete, exclusive, unknown_document


def remove_documents(
    catalog: Catalog, sources: Sequence[str], *, wait: float = 0, progress: Progress = lambda _: None
) -> IngestReport:
    """Remove documents and everything derived from them; a name that no document has is a failure in the report.

    Args:
        catalog: Where they are.
        sources: Their names, as in `Document.source`.
        wait: Seconds to wait for an ingest that runs in this home.
        progress: Called after each document.

    Raises:
        StoreError: If an ingest still runs in this home, or the catalog cannot be written.
    """
    with exclusive(catalog, wait=wait):
        outcomes = _removed(catalog, sources)
        index_id = catalog.revision.index_id
        if index_id is None:  # nothing was ever indexed
            return IngestReport(tuple(outcomes))
        return complete(outcomes, catalog, index_id=index_id, progress=progress)


def _removed(catalog: Catalog, sources: Sequence[str]) -> Iterator[Outcome]:
    known = {record.source for record in catalog.documents()}
    for source in sources:
        if source in known:
            known.remove(source)
            catalog.remove_document(source)
            yield Outcome(source, State.REMOVED)
        else:
            yield unknown_document(source)
