"""BM25 search over analysed terms, by tantivy: a folder that is derived from the catalog (see `lexical_sync`).

Chunks are addressed by their sequence number in the catalog. tantivy's BM25 has k1 = 1.2 and b = 0.75 (Robertson &
Zaragoza 2009). It looks only at chunks that can still get among the best (block-max WAND, Ding & Suel 2011), which is
why it is here: SQLite's FTS5 scores every chunk that holds any term.
"""

import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import StoreError

if TYPE_CHECKING:
    import tantivy

# What stands around a chunk (title, headings) says what it is about, but is shared by all chunks of a document.
CONTEXT_WEIGHT = 0.4
# A pasted page is not a question: more terms than this cost time and find nothing new.
MAX_QUERY_TERMS = 128
# Equal chunks get equal scores but for the order in which they were added up, and are then sorted by number.
_DECIMALS = 4
# So many equal ones are looked at when not all of them are wanted.
_MOST_EQUAL = 1000
# A text's terms of one thread's segment, in bytes: 20,000 chunks. With 15 MB, the least, indexing takes twice the time.
_WRITER_MEMORY = 64_000_000
# Words that very many chunks hold tell little and take most of the time: of a large index only rarer ones are looked up
# if the query has any. At a million chunks a search took 1.1 ms instead of 2.3, its slowest twentieth 2.2 and not 5.8.
_FREQUENT_SHARE = 0.02
_FREQUENT_FROM = 1000
_TERMS = "terms"


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """One chunk, as it is put in."""

    seq: int
    terms: Sequence[str]
    """Of its text."""
    context_terms: Sequence[str]
    """Of the title and headings it stands under."""
    source: str
    language: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What chunks must be of to be found: documents in one of these languages, or with one of these sources."""

    field: str
    """`language` or `source`."""
    values: Sequence[str]


class LexicalWriter:
    """Changes an index; visible once committed. Made by `LexicalIndex.writing`."""

    def __init__(self, writer: "tantivy.IndexWriter") -> None:
        self._writer = writer

    def add(self, entries: Iterable[LexicalEntry]) -> None:
        """Add chunks that are not in it."""
        import tantivy

        for entry in entries:
            document = tantivy.Document()
            document.add_unsigned("seq", entry.seq)
            document.add_text("body", " ".join(entry.terms))
            document.add_text("context", " ".join(entry.context_terms))
            document.add_text("source", entry.source)
            document.add_text("language", entry.language)
            self._writer.add_document(document)

    def delete(self, seqs: Iterable[int]) -> None:
        """Delete chunks by number; those that are not in it are left out."""
        from tantivy import Query

        # tantivy 0.27 deletes nothing by a term that is a number, without a word.
        self._writer.delete_documents_by_query(Query.term_set_query(_schema(), "seq", list(seqs)))

    def commit(self) -> None:
        """Make all changes lasting and visible, together."""
        self._writer.commit()


class LexicalIndex:
    """One folder, for any number of reading threads and processes and one writer. What is not there finds nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._searcher: tantivy.Searcher | None = None
        self._seen: tuple[int, int] | None = None

    def search(self, terms: Sequence[str], *, limit: int, within: Condition | None = None) -> list[tuple[int, float]]:
        """Return (sequence number, BM25 score) of the chunks that hold any of the terms, best first.

        Args:
            terms: What `analysis` made of the query.
            limit: How many at most.
            within: Which chunks may be found; all, if omitted.

        Raises:
            StoreError: If the folder is damaged.
        """
        wanted = list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]
        searcher = self._current()
        if not wanted or searcher is None or (within is not None and not within.values):
            return []
        asked = limit + 1
        with self._errors_named():
            query = _query(_telling(searcher, wanted), within)
            while True:
                hits = searcher.search(query, asked, count=False).hits
                # Which of several equal chunks come last is chance, unless all of them are looked at.
                if (
                    len(hits) < asked
                    or hits[limit - 1][0] - hits[-1][0] > 10**-_DECIMALS
                    or asked > _MOST_EQUAL + limit
                ):
                    break
                asked *= 2
            seqs = searcher.fast_field_values("seq", [address for _, address in hits]) if hits else []
        found = [(int(seq or 0), round(float(score), _DECIMALS)) for seq, (score, _) in zip(seqs, hits, strict=True)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def information(self, terms: Sequence[str]) -> float:
        """Return what the terms weigh together: the sum of their inverse document frequencies, as BM25 counts them.

        A term that is nowhere weighs a little more than one that a single chunk holds.

        Raises:
            StoreError: If the folder is damaged.
        """
        searcher = self._current()
        if searcher is None:
            return 0.0
        wanted = list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]
        with self._errors_named():
            holding = [searcher.doc_freq("body", term) for term in wanted]
            chunks = _chunks(searcher)
        return sum(math.log1p((chunks - count + 0.5) / (count + 0.5)) for count in holding)

    def last_seq(self) -> int:
        """Return the greatest number in it, 0 if it is empty. Numbers grow, so all before it have been added.

        Raises:
            StoreError: If the folder is damaged.
        """
        import tantivy

        searcher = self._current()
        if searcher is None:
            return 0
        with self._errors_named():
            hits = searcher.search(tantivy.Query.all_query(), 1, count=False, order_by_field="seq").hits
        return int(hits[0][0]) if hits else 0

    def count(self) -> int:
        """Return the number of chunks in it."""
        searcher = self._current()
        return 0 if searcher is None else searcher.num_docs

    @contextmanager
    def writing(self) -> Iterator[LexicalWriter]:
        """Open it for changes, creating the folder if it is not there. One at a time: the caller holds a lock.

        Raises:
            StoreError: If it cannot be written.
        """
        with self._errors_named():
            self.folder.mkdir(parents=True, exist_ok=True)
            # One thread: the analysis before it is slower than it is, and it runs on a shared machine.
            writer = _opened(self.folder, create=True).writer(_WRITER_MEMORY, num_threads=1)
            try:
                # A kill in the middle of a commit leaves files whose names the next commit wants.
                writer.garbage_collect_files()
                yield LexicalWriter(writer)
            finally:
                writer.wait_merging_threads()  # ends its threads; what was not committed is dropped

    def _current(self) -> "tantivy.Searcher | None":
        """A view of the last commit, whoever made it."""
        try:
            status = (self.folder / "meta.json").stat()
        except OSError:  # not made yet, or deleted
            with self._lock:
                self._index = self._searcher = self._seen = None
            return None
        seen = (status.st_mtime_ns, status.st_ino)
        with self._lock:
            if seen != self._seen:
                with self._errors_named():
                    if self._index is None:
                        self._index = _opened(self.folder, create=False)
                    self._index.reload()
                    self._searcher = self._index.searcher()
                self._seen = seen
            return self._searcher

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError) as error:  # tantivy raises ValueError for everything
            raise StoreError(
                f"The lexical index '{self.folder}' cannot be used ({error}). Check the disk's free space and your "
                "rights there, or delete that folder: the next question fills it again."
            ) from error


def _chunks(searcher: "tantivy.Searcher") -> int:
    """How many chunks BM25 counts: deleted ones, too, until tantivy merges them away. Each has one language."""
    return sum(count for _, count in searcher.terms_with_prefix("language", ""))


def _telling(searcher: "tantivy.Searcher", terms: Sequence[str]) -> Sequence[str]:
    """The terms that not too many chunks hold; all, if nothing holds any of these."""
    most = max(_FREQUENT_SHARE * _chunks(searcher), _FREQUENT_FROM)
    holding = {term: searcher.doc_freq("body", term) + searcher.doc_freq("context", term) for term in terms}
    rarer = [term for term in terms if holding[term] <= most]
    return rarer if any(holding[term] for term in rarer) else terms


def _query(terms: Sequence[str], within: Condition | None) -> "tantivy.Query":
    from tantivy import Occur, Query

    schema = _schema()
    body = [Query.term_query(schema, "body", term, "freq") for term in terms]
    context = [Query.boost_query(Query.term_query(schema, "context", term, "freq"), CONTEXT_WEIGHT) for term in terms]
    any_term = Query.boolean_query([(Occur.Should, term) for term in (*body, *context)])
    if within is None:
        return any_term
    allowed = Query.const_score_query(Query.term_set_query(schema, within.field, list(within.values)), 0.0)
    return Query.boolean_query([(Occur.Must, any_term), (Occur.Must, allowed)])


def _opened(folder: Path, *, create: bool) -> "tantivy.Index":
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder)) if create else tantivy.Index.open(str(folder))
    index.config_reader("manual")
    # Terms come ready from `analysis`; tantivy shall only cut at the spaces between them.
    index.register_tokenizer(_TERMS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


@cache
def _schema() -> "tantivy.Schema":
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("seq", indexed=True, fast=True)
    builder.add_text_field("body", tokenizer_name=_TERMS, index_option="freq")
    builder.add_text_field("context", tokenizer_name=_TERMS, index_option="freq")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    return builder.build()
