"""What folding brings on parallel passages in BEIR layout, such as XQuAD, and how often it is wrong.

    python -m bench.folding FOLDER [--every N] [--languages en,de,...]

FOLDER is as for `bench.xquad`. Two collections are searched as a user's question would: `parallel`, every passage in
all languages, and `single`, every passage in one of them, where each fold is wrong. A fold of two chunks is

    right    at least half of the span that both cover is covered by both
    partly   at least half of the shorter one is in the other
    wrong    all else: a neighbouring chunk, another passage

where positions are shares of the passage's length, because nothing says which sentences are translations. Found: of the
pairs among the candidates that would be right. The thresholds in `FoldingSettings` were chosen on XQuAD itself.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.xquad import Data, Query, build
from index.documents import Chunk, ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.folding import fold
from rag.kinship import kinship
from rag.retrieval import search_steps
from rag.settings import FoldingSettings, RetrievalSettings

SHOWN = 10
UNFOLDED = FoldingSettings(nearness=math.inf, nearness_other_script=math.inf, least_contained=math.inf, broad=10**6)


@dataclass(slots=True)
class Tally:
    """What is counted over the questions of one collection."""

    folds: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    possible: Counter[str] = field(default_factory=Counter)
    distinct_before: list[int] = field(default_factory=list)
    distinct_after: list[int] = field(default_factory=list)
    own_language: list[bool] = field(default_factory=list)
    """For each result of several versions, one of them in the asker's language: is that the one shown?"""
    top_ten_wrong: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


class Collection:
    """Passages `number.language` and the lengths of their texts."""

    def __init__(self, home: Path, passages: Mapping[str, tuple[str, str]], embedder: StaticEmbedder) -> None:
        self.base: KnowledgeBase = build(home, passages, embedder)
        self.languages = self.base.languages()
        self.lengths = {f"{name}.md": len(text) for name, (_, text) in passages.items()}
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def vectors(self, found: Sequence[ScoredChunk]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of chunks, by id."""
        new = [scored.chunk for scored in found if scored.chunk.id not in self._vectors]
        rows = self._embedder.embed_passages([chunk.text for chunk in new])
        self._vectors.update(zip((chunk.id for chunk in new), rows, strict=True))
        return self._vectors

    def judge(self, one: Chunk, other: Chunk) -> str:
        """Whether it is right that one is a version of the other."""
        if passage(one) != passage(other):
            return "wrong"
        starts, ends = zip(*(self._share(chunk) for chunk in (one, other)), strict=True)
        both = max(0.0, min(ends) - max(starts))
        if both >= 0.5 * (max(ends) - min(starts)):
            return "right"
        return "partly" if both >= 0.5 * min(end - start for start, end in zip(starts, ends, strict=True)) else "wrong"

    def _share(self, chunk: Chunk) -> tuple[float, float]:
        length = self.lengths[chunk.source]
        return chunk.start / length, chunk.end / length


def passage(chunk: Chunk) -> str:
    """The number of its passage, the same in all languages."""
    return chunk.source.partition(".")[0]


def ask(collection: Collection, query: Query, tally: Tally, *, embedder: StaticEmbedder) -> None:
    """Search, fold what was found, and count."""
    settings = replace(RetrievalSettings(), folding=UNFOLDED)
    found = search_steps(
        collection.base,
        query.text,
        language=query.language,
        top_k=settings.candidates,
        token_embedder=embedder,
        settings=settings,
    ).results
    vectors, languages = collection.vectors(found), collection.languages
    start = time.perf_counter()
    folded = fold(found, language=query.language, languages=languages, vectors=vectors, settings=FoldingSettings())
    tally.milliseconds.append(1000 * (time.perf_counter() - start))

    def group(one: Chunk, other: Chunk) -> str:
        return str(kinship(languages[one.source], languages[other.source]))

    wrong = 0
    for place, result in enumerate(folded):
        versions = (result.chunk, *result.versions)
        for one, other in combinations(versions, 2):
            verdict = collection.judge(one, other)
            tally.folds[group(one, other)][verdict] += 1
            wrong += place < SHOWN and verdict == "wrong"
        if len(versions) > 1 and query.language in {languages[chunk.source] for chunk in versions}:
            tally.own_language.append(languages[result.chunk.source] == query.language)
    tally.top_ten_wrong.append(wrong)
    for one, other in combinations((scored.chunk for scored in found), 2):
        if one.source != other.source and collection.judge(one, other) == "right":
            tally.possible[group(one, other)] += 1
    tally.distinct_before.append(len({passage(scored.chunk) for scored in found[:SHOWN]}))
    tally.distinct_after.append(len({passage(scored.chunk) for scored in folded[:SHOWN]}))


def show(name: str, tally: Tally) -> None:
    """Print what was counted."""
    print(f"\n{name}: {len(tally.milliseconds)} questions")
    for near, verdicts in sorted(tally.folds.items()):
        count = verdicts.total()
        found = verdicts["right"] / tally.possible[near] if tally.possible[near] else math.nan
        print(
            f"  {near:<14}{count:>6} folds  right {verdicts['right'] / count:.3f}"
            f"  partly {verdicts['partly'] / count:.3f}  wrong {verdicts['wrong'] / count:.4f}  found {found:.3f}"
        )
    print(
        f"  passages in ten results: {statistics.mean(tally.distinct_before):.2f} before,"
        f" {statistics.mean(tally.distinct_after):.2f} after;"
        f" wrong folds in them: {statistics.mean(tally.top_ten_wrong):.3f}"
    )
    if tally.own_language:
        print(f"  shown in the asker's language where a version is: {statistics.mean(tally.own_language):.3f}")
    times = sorted(tally.milliseconds)
    print(f"  milliseconds: p50 {times[len(times) // 2]:.2f}, p95 {times[int(0.95 * len(times))]:.2f}")


def main() -> None:
    """Print the figures of both collections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=20, help="take every Nth question of each language")
    parser.add_argument("--languages", default="en,de,ru,zh,ar,hi,th,es,el,tr,ro,vi")
    options = parser.parse_args()
    languages = options.languages.split(",")
    data = Data(options.folder, languages)
    embedder = StaticEmbedder()
    numbers = sorted(data.passages[languages[0]])
    everything = {(number, language) for number in numbers for language in languages}
    one_each = {(number, languages[at % len(languages)]) for at, number in enumerate(numbers)}
    with tempfile.TemporaryDirectory() as homes:
        for name, chosen in (("parallel", everything), ("single", one_each)):
            passages = {
                f"{number}.{language}": (language, data.passages[language][number])
                for number, language in sorted(chosen)
            }
            collection = Collection(Path(homes) / name, passages, embedder)
            tally = Tally()
            for offset, language in enumerate(languages):
                for query in data.queries[language][offset :: options.every]:
                    ask(collection, query, tally, embedder=embedder)
            show(name, tally)


if __name__ == "__main__":
    main()
