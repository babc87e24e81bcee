"""Chroma's HNSW settings: which share of the nearest vectors it finds, at which price.

    python -m bench.hnsw DATA [--chunks N] [--settings M:EF_CONSTRUCTION:SYNC_THRESHOLD ...] [--ef-search EF ...]

DATA is the folder whose `train` holds parallel sentences (`bench/collection.py`). Chroma is filled and searched as
`index/vector_store.py` does. Columns:

    insert/s     chunks a second of processor time, and `wall/s` by the clock
    disk, memory MiB of the folder; MiB that opening and searching add to a process
    open s       opening and the first question
    recall@10    against exact search, of the nearest 10 and of all that a search asks for (`recall@60`)
    ids, search  milliseconds of a question, ids alone and as a search asks: median, 95th percentile, and the median
                 of processor time
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.collection import read_collection
from bench.measuring import in_new_process, nearest, recall, spread
from index.chunking import chunk_document
from index.documents import Chunk
from index.embedding import StaticEmbedder
from index.settings import ChunkingSettings
from rag.settings import RetrievalSettings
from ui.settings import limit_threads

SETTINGS = ("16:100:1000", "32:100:1000", "48:100:1000", "48:200:1000", "48:100:10000")
EF_SEARCH = (100, 150, 200, 300)
QUESTIONS = 1000
NEAREST = 10
_BATCH = 1000
_NAME = "chunks"


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling a collection took."""

    chunks: int
    processor_seconds: float
    seconds: float
    mebibytes: float


def prepare(data: Path, folder: Path, chunks: int) -> None:
    """Write texts and vectors of that many chunks, vectors of questions and their exact neighbours."""
    collection = read_collection(data / "train", questions=QUESTIONS)
    embedder = StaticEmbedder()
    pieces = (
        chunk for document in collection.documents() for chunk in chunk_document(document, settings=ChunkingSettings())
    )
    made: list[Chunk] = list(islice(pieces, chunks))
    vectors = embedder.embed_passages([chunk.text for chunk in made])
    questions = embedder.embed_questions([question.text for question in collection.questions])
    depth = RetrievalSettings().candidates
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "questions.npy", questions)
    np.save(folder / "exact.npy", np.array([nearest(vectors, question, limit=depth) for question in questions]))
    (folder / "chunks.json").write_text(json.dumps([[c.text, c.source, c.start, c.end, c.id] for c in made]))


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))


def fill(folder: Path, target: Path, hnsw: dict[str, object]) -> Filled:
    """Make a collection of the prepared chunks."""
    vectors = np.load(folder / "vectors.npy")
    chunks = json.loads((folder / "chunks.json").read_text())
    client = _client(target)
    collection = client.create_collection(_NAME, embedding_function=None, configuration={"hnsw": hnsw})
    started, processor_started = time.perf_counter(), time.process_time()
    for at in range(0, len(chunks), _BATCH):
        some = chunks[at : at + _BATCH]
        collection.upsert(
            ids=[str(at + offset) for offset in range(len(some))],
            embeddings=vectors[at : at + _BATCH],
            documents=[text for text, *_ in some],
            metadatas=[
                {"source": source, "start": start, "end": end, "heading": "", "chunk": chunk}
                for _, source, start, end, chunk in some
            ],
        )
    passed, used = time.perf_counter() - started, time.process_time() - processor_started
    client.close()
    size = sum(path.stat().st_blocks * 512 for path in target.rglob("*") if path.is_file())
    return Filled(len(chunks), used, passed, size / 2**20)


def ask(folder: Path, target: Path, ef_search: int) -> str:
    """Search with a collection's index opened anew; return the columns from memory on."""
    questions = np.load(folder / "questions.npy")
    exact = np.load(folder / "exact.npy").tolist()
    client = _client(target)
    client.get_collection(_NAME, embedding_function=None).modify(configuration={"hnsw": {"ef_search": ef_search}})
    client.close()  # it is read when the index is loaded
    memory, started = _resident(), time.perf_counter()
    client = _client(target)
    collection = client.get_collection(_NAME, embedding_function=None)
    collection.query(query_embeddings=questions[:1], n_results=NEAREST)
    opened = time.perf_counter() - started

    def timed(**options: Any) -> tuple[list[list[int]], str]:
        found, wall, processor = [], [], []
        for question in questions:
            asked, used = time.perf_counter(), time.process_time()
            answer = collection.query(query_embeddings=question[np.newaxis], **options)
            processor.append(1000 * (time.process_time() - used))
            wall.append(1000 * (time.perf_counter() - asked))
            found.append([int(number) for number in answer["ids"][0]])
        return found, f"{spread(wall).p50:7.2f}{spread(wall).p95:7.2f}{spread(processor).p50:7.2f}"

    first, ids_only = timed(n_results=NEAREST, include=[])
    found, as_searched = timed(n_results=len(exact[0]), include=["distances"])
    memory = _resident() - memory
    client.close()
    return (
        f"{memory:8.0f}{opened:8.2f}{recall(first, exact, at=NEAREST):11.4f}"
        f"{recall(found, exact, at=len(exact[0])):11.4f}{ids_only}{as_searched}"
    )


def _resident() -> float:
    """MiB of memory this process holds."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def show(folder: Path, settings: Sequence[str], ef_search: Sequence[int]) -> None:
    """Print the table."""
    depth = RetrievalSettings().candidates
    print(
        f"{'M':>4}{'ef_constr':>10}{'sync':>7}{'insert/s':>10}{'wall/s':>8}{'disk':>7}{'ef_search':>11}{'memory':>8}"
        f"{'open s':>8}{'recall@10':>11}{f'recall@{depth}':>11}"
        f"{'ids':>7}{'p95':>7}{'cpu':>7}{'search':>7}{'p95':>7}{'cpu':>7}"
    )
    for number, setting in enumerate(settings):
        neighbours, construction, sync = map(int, setting.split(":"))
        target = folder / f"chroma-{number}"
        hnsw = {
            "space": "cosine",
            "max_neighbors": neighbours,
            "ef_construction": construction,
            "sync_threshold": sync,
        }
        filled: Filled = in_new_process(fill, folder, target, hnsw)
        for at in ef_search:
            asked = in_new_process(ask, folder, target, at)
            print(
                f"{neighbours:>4}{construction:>10}{sync:>7}{filled.chunks / filled.processor_seconds:>10.0f}"
                f"{filled.chunks / filled.seconds:>8.0f}{filled.mebibytes:>7.0f}{at:>11}{asked}",
                flush=True,
            )


def main() -> None:
    """Print one line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--settings", nargs="+", default=SETTINGS)
    parser.add_argument("--ef-search", nargs="+", type=int, default=EF_SEARCH)
    options = parser.parse_args()
    limit_threads()
    with tempfile.TemporaryDirectory() as folder:
        in_new_process(prepare, options.data, Path(folder), options.chunks)
        print(f"{options.chunks} chunks, {QUESTIONS} questions, load {os.getloadavg()[0]:.1f}")
        show(Path(folder), options.settings, options.ef_search)


if __name__ == "__main__":
    main()
