"""What one search takes, by the size of the collection, where its time goes, and how far that is from the floor.

    python -m bench.speed DATA [--chunks N,...] [--questions N] [--homes FOLDER]

DATA is the folder whose `train` holds parallel sentences (`bench/collection.py`). A home of each size is made in FOLDER
(`FOLDER/N`), or used as it is if it is there. It is opened as a server opens it, in a process that has one core, and
searched by `rag.retrieval.search_steps` with default settings, after some questions that are not counted. Floors, for
the same questions in the same process: an exact scan of the same vectors, Chroma alone and the lexical index alone.
`cpu` is time of the processor, which other programs on the machine lengthen less.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import index.knowledge_base
import rag.retrieval
from bench.collection import Collection, Question, read_collection
from bench.measuring import Spread, Stopwatch, in_new_process, nearest, spread
from index.analysis import analyse
from index.catalog import Catalog
from index.documents import Document
from index.embedding import StaticEmbedder
from index.ingest import Ingest, Outcome
from index.knowledge_base import CATALOG_FILE, KnowledgeBase, open_catalog, open_knowledge_base
from index.lexical_index import LexicalIndex
from index.lexical_sync import open_lexical_index
from index.settings import ChunkingSettings
from index.vector_store import VectorStore
from rag.late_interaction import TextTokens
from rag.settings import RetrievalSettings
from ui.settings import limit_threads

WARM_UP = 200
TOP_K = 10

# Function by function, each without those below it that it calls; all else is "rest".
STAGES = (
    (StaticEmbedder, "embed_questions", "embed the question"),
    (index.knowledge_base, "analyse", "analyse the question"),
    (LexicalIndex, "search", "lexical index"),
    (VectorStore, "search", "Chroma"),
    (Catalog, "chunks", "read the chunks"),
    (KnowledgeBase, "search_dense", "dense leg, rest"),
    (KnowledgeBase, "search_lexical", "lexical leg, rest"),
    (rag.retrieval, "fuse", "fusion"),
    (Catalog, "token_ids", "read the token ids"),
    (TextTokens, "phrase_coverage", "late interaction"),
    (TextTokens, "vectors", "vectors for folding"),
    (rag.retrieval, "fold", "folding"),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds a question by the clock, and median milliseconds of processor time."""

    wall: Spread
    processor: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured in one home."""

    chunks: int
    documents: int
    search: Times
    floors: dict[str, Times]
    stages: dict[str, tuple[float, float]]
    """Mean milliseconds a question, by the clock and of the processor."""


def build(home: Path, collection: Collection, *, chunks: int) -> None:
    """Ingest documents until there are that many chunks."""
    made = 0

    def enough(documents: Iterator[Document]) -> Iterator[Document]:
        for document in documents:
            yield document
            if made >= chunks:
                return

    def count(outcome: Outcome) -> None:
        nonlocal made
        made += outcome.chunks

    catalog, embedder = open_catalog(home, create=True), StaticEmbedder()
    ingest = Ingest(catalog, embedder, root=home, token_ids=embedder)
    ingest.run_documents(enough(collection.documents()), progress=count)
    catalog.close()


def measure(home: Path, questions: Sequence[Question]) -> Measured:
    """Search a home with all questions; the first ones only warm up."""
    embedder = StaticEmbedder()
    settings = RetrievalSettings()
    counted = questions[WARM_UP:]
    with open_knowledge_base(home, embedder, chunking=ChunkingSettings(), maintain=True) as knowledge_base:
        knowledge_base.sync()

        def ask(question: Question) -> None:
            rag.retrieval.search_steps(
                knowledge_base,
                question.text,
                language=question.language,
                top_k=TOP_K,
                token_embedder=embedder,
                settings=settings,
            )

        times(ask, questions[:WARM_UP])
        search = times(ask, counted)
        by_clock, of_processor = (staged(ask, counted, clock) for clock in (time.perf_counter, time.process_time))
        chunks, documents = knowledge_base.count_chunks(), len(knowledge_base.languages())
    return Measured(
        chunks=chunks,
        documents=documents,
        search=search,
        floors=floors(home, questions, embedder=embedder, depth=settings.candidates),
        stages={name: (mean, of_processor[name]) for name, mean in by_clock.items()},
    )


def floors(home: Path, questions: Sequence[Question], *, embedder: StaticEmbedder, depth: int) -> dict[str, Times]:
    """Time what no search can be quicker than, with questions that are embedded and analysed already."""
    catalog = open_catalog(home)
    stored, index_id = catalog.vectors(), catalog.revision.index_id
    asked = list(embedder.embed_questions([question.text for question in questions]))
    terms = [analyse(question.text) for question in questions]
    lexical = open_lexical_index(catalog, index_id=index_id or 0)
    chroma, close = _chroma(home / "chroma", f"footnote-{catalog.home_id}-{index_id}")
    found = {}
    for name, subjects, call in (
        ("exact scan", asked, partial(nearest, stored.vectors, limit=depth)),
        ("Chroma alone", asked, lambda vector: chroma(vector, depth)),
        ("lexical index alone", terms, partial(lexical.search, limit=depth)),
    ):
        times(call, subjects[:WARM_UP])
        found[name] = times(call, subjects[WARM_UP:])
    close()
    catalog.close()
    return found


def _chroma(folder: Path, name: str) -> tuple[Callable[[NDArray[np.float32], int], object], Callable[[], None]]:
    import chromadb
    from chromadb.config import Settings

    client: Any = chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    collection = client.get_collection(name, embedding_function=None)

    def query(vector: NDArray[np.float32], limit: int) -> object:
        return collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])

    return query, client.close


def times(call: Callable[[Any], object], subjects: Sequence[Any]) -> Times:
    """Time a call for each subject."""
    wall, processor = [], []
    for subject in subjects:
        started, used = time.perf_counter(), time.process_time()
        call(subject)
        processor.append(1000 * (time.process_time() - used))
        wall.append(1000 * (time.perf_counter() - started))
    return Times(spread(wall), spread(processor).p50)


def staged(
    ask: Callable[[Question], None], questions: Sequence[Question], clock: Callable[[], float]
) -> dict[str, float]:
    """Return the mean milliseconds of each stage of a search."""
    stopwatch = Stopwatch(clock)
    with stopwatch.watching(STAGES):
        for question in questions:
            with stopwatch.stage("rest"):
                ask(question)
    return {name: 1000 * seconds / len(questions) for name, seconds in stopwatch.seconds.items()}


def show(measured: Measured) -> None:
    """Print what was measured in one home."""
    print(f"\n{measured.chunks:,} chunks of {measured.documents:,} documents")
    print(f"  {'':<24}{'p50 ms':>9}{'p95 ms':>9}{'cpu ms':>9}{'search is':>13}")
    for name, taken in {"search": measured.search, **measured.floors}.items():
        ratio = measured.search.wall.p50 / taken.wall.p50
        print(
            f"  {name:<24}{taken.wall.p50:>9.2f}{taken.wall.p95:>9.2f}{taken.processor:>9.2f}"
            + (f"{ratio:>10.1f} x" if name != "search" else "")
        )
    whole = sum(used for _, used in measured.stages.values())
    print(f"  {'where the time goes':<24}{'mean ms':>9}{'cpu ms':>9}{'share':>9}")
    for name, (mean, used) in sorted(measured.stages.items(), key=lambda stage: -stage[1][1]):
        print(f"  {name:<24}{mean:>9.2f}{used:>9.2f}{used / whole:>9.0%}")


def main() -> None:
    """Print a table for each size, and how the time grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--chunks", default="10000,100000", help="sizes, separated by commas")
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--homes", type=Path, help="where homes are kept; without it they are deleted")
    options = parser.parse_args()
    limit_threads()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # and all processes started here
    collection = read_collection(options.data / "train", questions=options.questions + WARM_UP)
    asked = len({question.language for question in collection.questions})
    print(f"{options.questions} questions in {asked} languages, load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        homes = options.homes or Path(temporary)
        results = []
        for chunks in sorted(int(size) for size in options.chunks.split(",")):
            home = homes / str(chunks)
            if not (home / CATALOG_FILE).exists():
                build(home, collection, chunks=chunks)
            results.append(in_new_process(measure, home, collection.questions))
            show(results[-1])
    least, most = results[0], results[-1]
    print(f"\nfrom {least.chunks:,} to {most.chunks:,} chunks")
    print(f"  p50 x {most.search.wall.p50 / least.search.wall.p50:.2f}")
    print(f"  p95 x {most.search.wall.p95 / least.search.wall.p95:.2f}")


if __name__ == "__main__":
    main()
