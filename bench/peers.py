"""Retrieval beside what people would pick instead, in the same run, on a question set like XQuAD.

    pip install -e ".[bench]"
    python -m bench.peers FOLDER [--every N] [--languages en,de,...] [--peers footnote,langchain,...]

FOLDER is laid out as `bench.xquad` wants it. Each language's passages are a collection of their own. Every Nth question
of each language is asked twice: in the collection of its own language, and in that of another one, the others taking
turns, so that every pair of languages counts about the same. The peers are set up as their own documentation does it:

    footnote    as installed: files ingested, `Assistant.search`, which also has to detect the question's language
    langchain   passages split at 1,000 characters, 200 of them shared; Chroma with all-MiniLM-L6-v2; `BM25Retriever`;
                `EnsembleRetriever` of both with equal weights
    bm25s       `tokenize` and `BM25` without arguments
    txtai       `Embeddings(hybrid=True)` with all-MiniLM-L6-v2

A peer that splits passages is asked for 20 chunks, and a passage stands where its best chunk does. Each peer has a
process of its own with one thread; a question is timed from its text to the passages, after one that is not counted.
Most of the run is MiniLM embedding all passages, once for langchain and once for txtai.
"""

import argparse
import math
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.peer_searches import PEERS, TOP, Peer
from bench.xquad import Data, Query

WARM_UP = "Where is the Rhine?"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and where its passage was found."""

    language: str
    answered: str
    """Language of the passages."""
    rank: int | None
    """From 1; `None` if the passage is not among the first `TOP`."""
    seconds: float
    cpu_seconds: float
    """Of all threads: what a busy machine changes least."""


def missing(peer: Peer) -> list[str]:
    """Return the peer's packages that are not installed."""

    def is_missing(package: str) -> bool:
        try:
            version(package)
        except PackageNotFoundError:
            return True
        return False

    return [package for package in peer.packages if is_missing(package)]


def plan(queries: Mapping[str, Sequence[Query]], *, every: int) -> Iterator[tuple[Query, str]]:
    """Pair every Nth question of each language with the language of the passages that it is asked of, twice."""
    languages = list(queries)
    for at, language in enumerate(languages):
        others = languages[at + 1 :] + languages[:at]
        for turn, query in enumerate(queries[language][::every]):
            yield query, language
            if others:
                yield query, others[turn % len(others)]


def rank(found: Iterable[str], right: str) -> int | None:
    """Return the rank of a passage among the first `TOP` different ones."""
    passages = list(dict.fromkeys(found))[:TOP]
    return passages.index(right) + 1 if right in passages else None


def measure(name: str, folder: Path, languages: Sequence[str], every: int) -> dict[str, list[Asked]]:
    """Index and ask everything with one peer; runs in a process of its own."""
    data = Data(folder, languages)
    queries = {language: data.queries[language] for language in languages}
    rows: dict[str, list[Asked]] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for row, searches in PEERS[name].build(Path(home), data.passages).items():
            for search in searches.values():
                search(WARM_UP)
            rows[row] = []
            for query, answered in plan(queries, every=every):
                started, cpu_started = time.perf_counter(), time.process_time()
                found = searches[answered](query.text)
                seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
                rows[row].append(Asked(query.language, answered, rank(found, query.passage), seconds, cpu_seconds))
    return rows


def ndcg(asked: Sequence[Asked]) -> float:
    """Mean nDCG@10 of questions with one right passage each; NaN if there are none."""
    gains = [1 / math.log2(one.rank + 1) if one.rank else 0.0 for one in asked]
    return statistics.mean(gains) if gains else math.nan


def recall(asked: Sequence[Asked], *, at: int) -> float:
    """Share of questions whose passage is among the first ones; NaN if there are none."""
    return statistics.mean(one.rank is not None and one.rank <= at for one in asked) if asked else math.nan


def percentile(figures: Iterable[float], percent: int) -> float:
    """Return the smallest figure that at least that percentage of them does not exceed."""
    in_order = sorted(figures)
    return in_order[max(math.ceil(len(in_order) * percent / 100) - 1, 0)]


def show(row: str, asked: Sequence[Asked]) -> None:
    """Print one row of the first table."""
    cells = ""
    for part in (_same(asked), _across(asked)):
        cells += f"{ndcg(part):>10.3f}{recall(part, at=1):>7.3f}{recall(part, at=TOP):>7.3f}"
    wall, cpu = [1000 * one.seconds for one in asked], [1000 * one.cpu_seconds for one in asked]
    print(
        f"{row:<20}{cells}{percentile(wall, 50):>10.2f}{percentile(wall, 95):>8.2f}{percentile(cpu, 50):>9.2f}",
        flush=True,
    )


def show_languages(rows: Mapping[str, Sequence[Asked]], languages: Sequence[str]) -> None:
    """Print nDCG@10 by the question's language, same and across."""
    for title, part in (("same language", _same), ("across, by question", _across)):
        print(f"\n{title:<20}" + "".join(f"{language:>7}" for language in languages))
        for row, asked in rows.items():
            figures = (ndcg([one for one in part(asked) if one.language == language]) for language in languages)
            print(f"{row:<20}" + "".join(f"{figure:>7.3f}" for figure in figures))
    print()


def _same(asked: Sequence[Asked]) -> list[Asked]:
    return [one for one in asked if one.language == one.answered]


def _across(asked: Sequence[Asked]) -> list[Asked]:
    return [one for one in asked if one.language != one.answered]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10, help="take every Nth question of each language")
    parser.add_argument("--languages", default="en,de,ru,zh,ar,hi,th,es,el,tr,ro,vi")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"some of {', '.join(PEERS)}")
    options = parser.parse_args()
    names, languages = options.peers.split(","), options.languages.split(",")
    if unknown := set(names) - set(PEERS):
        parser.error(f"There is no peer {min(unknown)!r}; there are {', '.join(PEERS)}.")
    os.environ.update(ONE_THREAD)
    rows: dict[str, list[Asked]] = {}
    packages: set[str] = set()
    failed = False
    print(f"{'':<20}{'same language':>24}{'across languages':>24}{'ms a question':>27}")
    print(
        f"{'':<20}" + 2 * f"{'nDCG@10':>10}{'R@1':>7}{'R@10':>7}" + f"{'p50':>10}{'p95':>8}{'CPU p50':>9}", flush=True
    )
    for name in names:
        if lacking := missing(PEERS[name]):
            print(f"{name} is left out; it needs: pip install {' '.join(lacking)}", flush=True)
            continue
        with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as process:
            future = process.submit(measure, name, options.folder, languages, options.every)
            failure = future.exception()
        if failure:
            failed = True
            print(f"{name} failed: {failure!r}", flush=True)
            continue
        for row, asked in future.result().items():
            show(row, asked)
            rows[row] = asked
        packages.update(PEERS[name].packages)
    if rows:
        show_languages(rows, languages)
    print(", ".join(f"{package} {version(package)}" for package in sorted(packages)))
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
