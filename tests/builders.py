"""Small real objects for tests: documents, catalogs with documents in them, passages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from index.catalog import Catalog, IndexedChunk, IndexIdentity
from index.chunking import chunk_document
from index.documents import Document
from index.embedding import Embedder
from index.lexical_sync import lexical_problems, open_lexical_index, sync_lexical_index
from index.settings import ChunkingSettings
from rag.answers import Passage


def make_document(text: str, *, source: str = "a.txt", language: str = "en", title: str = "A title") -> Document:
    """A document as if loaded from these bytes."""
    return Document(source, title, language, text, hashlib.sha256(text.encode()).hexdigest())


def index_document(catalog: Catalog, document: Document, embedder: Embedder) -> None:
    """Write a document the way ingest does."""
    chunks = chunk_document(document, settings=ChunkingSettings())
    vectors = embedder.embed_passages([chunk.text for chunk in chunks])
    catalog.replace_document(
        document, [IndexedChunk(chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
    )
    sync_lexical(catalog)


def sync_lexical(catalog: Catalog) -> None:
    """Bring the lexical index up to the catalog, the way ingest does."""
    index_id = catalog.revision.index_id
    assert index_id is not None
    assert sync_lexical_index(catalog, open_lexical_index(catalog, index_id=index_id), index_id=index_id, wait=10)


def find_lexically(catalog: Catalog, terms: Sequence[str], *, limit: int = 10) -> list[int]:
    """The numbers of the live chunks that the lexical index finds, best first."""
    sync_lexical(catalog)
    index_id = catalog.revision.index_id
    assert index_id is not None
    assert lexical_problems(catalog, open_lexical_index(catalog, index_id=index_id), index_id=index_id) == []
    found = open_lexical_index(catalog, index_id=index_id).search(terms, limit=limit)
    return [seq for seq, _ in found if seq in catalog.chunks([seq])]


def make_catalog(home: Path, documents: Sequence[Document], embedder: Embedder) -> Catalog:
    """A catalog that holds these documents."""
    catalog = Catalog(home / "catalog.sqlite3")
    catalog.activate_index(catalog.start_index(IndexIdentity(embedder.name, ChunkingSettings().name)))
    for document in documents:
        index_document(catalog, document, embedder)
    return catalog


def make_passage(
    text: str, *, number: int = 1, start: int = 0, language: str = "en", document: str = "a.txt"
) -> Passage:
    """A passage that begins at a place of its document."""
    return Passage(
        number=number,
        document=document,
        title="A title",
        language=language,
        text=text,
        start=start,
        end=start + len(text),
        score=1.0,
        confidence=1.0,
        chunk=f"{document}-{number}",
    )


def write_question_set(
    folder: Path,
    *,
    passages: Sequence[Mapping[str, object]],
    questions: Sequence[Mapping[str, object]],
    judged: Sequence[tuple[str, str, int]],
) -> Path:
    """Write a question set in BEIR layout, and return its folder."""
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus.jsonl", passages), ("queries.jsonl", questions)):
        (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in judged)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
