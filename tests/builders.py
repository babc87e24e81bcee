"""Small real objects for tests: documents, catalogs with documents in them, passages."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from index.analysis import analyse
from index.catalog import Catalog, IndexedChunk, IndexIdentity
from index.chunking import chunk_document
from index.documents import Document
from index.embedding import Embedder
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
        document,
        [
            IndexedChunk(chunk, vector, analyse(chunk.text), analyse(f"{document.title} {chunk.heading}"))
            for chunk, vector in zip(chunks, vectors, strict=True)
        ],
    )


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
        chunk=f"{document}-{number}",
    )
