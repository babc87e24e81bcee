"""How sure scores are, by kinship: where the slopes, intercepts and thresholds in `rag/settings.py` come from.

    python -m bench.calibration FOLDER [--every N]

FOLDER holds parallel passages and questions in BEIR layout, as for `bench.xquad`. For each kinship of question and
passage it fits the odds that a found chunk is right to its score (`RetrievalSettings.slope` and `intercept`), prints
the median score of the best sentence that holds the answer (`QuotingSettings.typical`), and for some thresholds how
many questions get quotes when their passage is there, and how many when it is not. It reads the articles with odd
numbers, so that those with even ones can be measured with what it gave, and asks each question in its own language and
in one other, the others taking turns.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bench.xquad import LANGUAGES, NO_KINSHIP, Data, Query, build
from index.documents import ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.extractive import find_quotes
from rag.kinship import ByKinship, kinship
from rag.retrieval import build_passages, search
from rag.settings import QuotingSettings, RetrievalSettings

THRESHOLDS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
# Chunks of one question that the fit looks at: the best ones, right or wrong, as only they can be mistaken.
_LOOKED_AT = 3
_UNDIVIDED = QuotingSettings(typical=ByKinship(same_language=1, same_script=1, other_script=1))


@dataclass(slots=True)
class Scores:
    """What is collected for one kinship."""

    chunks: list[tuple[float, bool]] = field(default_factory=list)
    """Score and whether it is of the right passage."""
    sentences: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    """Of the best sentence, with the shipped settings."""
    best_without: list[float] = field(default_factory=list)
    """The same as if the passage were not there."""


def fit(scores: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Fit the log odds of being right as slope times score plus intercept, by Newton's method."""
    values = np.array([score for score, _ in scores])
    right = np.array([is_right for _, is_right in scores], float)
    design = np.stack([values, np.ones_like(values)], axis=1)
    line = np.zeros(2)
    for _ in range(50):
        sure = 1 / (1 + np.exp(-design @ line))
        curvature = (design * (sure * (1 - sure))[:, None]).T @ design + 1e-6 * np.eye(2)
        line += np.linalg.solve(curvature, design.T @ (right - sure))
    return float(line[0]), float(line[1])


class Collector:
    """Searches as a user's question would, with and without the right passage, and keeps the scores."""

    def __init__(self, embedder: StaticEmbedder) -> None:
        self._embedder = embedder

    def collect(self, base: KnowledgeBase, query: Query, language: str, scores: Scores) -> None:
        """Ask one question of one collection."""
        right = f"{query.passage}.md"
        # `NO_KINSHIP` makes the confidence a function of the bare score, whose log odds are that score plus 1.
        raw = self._found(base, query, NO_KINSHIP)
        scores.chunks += [(_log_odds(found.score) - 1, found.chunk.source == right) for found in raw[:_LOOKED_AT]]
        found_right = [found for found in raw if found.chunk.source == right]
        if found_right:
            passages = build_passages(base, found_right[:1], settings=NO_KINSHIP)
            quotes = find_quotes(
                query.text,
                [replace(passage, score=0.0) for passage in passages],
                language=query.language,
                embedder=self._embedder,
                settings=_UNDIVIDED,
            )
            holding = [quote for quote in quotes if any(answer in quote.text for answer in query.answers[language])]
            scores.sentences += [quote.score for quote in holding[:1]]
        ranked = self._found(base, query, RetrievalSettings())
        scores.best.append(self._best(base, query, ranked))
        without = [scored for scored in ranked if scored.chunk.source != right]
        scores.best_without.append(self._best(base, query, without))

    def _found(self, base: KnowledgeBase, query: Query, settings: RetrievalSettings) -> list[ScoredChunk]:
        return search(
            base, query.text, language=query.language, top_k=60, token_embedder=self._embedder, settings=settings
        )

    def _best(self, base: KnowledgeBase, query: Query, ranked: Sequence[ScoredChunk]) -> float:
        passages = build_passages(base, ranked, settings=RetrievalSettings())
        quotes = find_quotes(
            query.text, passages, language=query.language, embedder=self._embedder, settings=QuotingSettings()
        )
        return quotes[0].score if quotes else 0.0


def _is_odd(query: Query) -> bool:
    return int(query.passage.partition("_")[0]) % 2 == 1


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=20, help="take every Nth question of each language")
    options = parser.parse_args()
    languages = LANGUAGES
    data = Data(options.folder, languages)
    collector = Collector(embedder := StaticEmbedder())
    collected: dict[str, Scores] = defaultdict(Scores)
    with tempfile.TemporaryDirectory() as homes:
        bases = {}
        for language in languages:
            passages = {number: (language, text) for number, text in data.passages[language].items()}
            bases[language] = build(Path(homes) / language, passages, embedder)
        for at, asked in enumerate(languages):
            queries = [query for query in data.queries[asked][:: options.every] if _is_odd(query)]
            for turn, query in enumerate(queries):
                other = languages[(at + 1 + turn % (len(languages) - 1)) % len(languages)]
                for answered in (asked, other):
                    collector.collect(bases[answered], query, answered, collected[str(kinship(asked, answered))])
    print(f"{'kinship':<16}{'n':>5}{'slope':>8}{'intercept':>11}{'answering sentence':>20}")
    for near, scores in collected.items():
        slope, intercept = fit(scores.chunks)
        sentence = statistics.median(scores.sentences)
        print(f"{near:<16}{len(scores.best):>5}{slope:>8.2f}{intercept:>11.2f}{sentence:>20.2f}")
    print(f"\n{'quotes, right / false':<24}" + "".join(f"{threshold:>12.2f}" for threshold in THRESHOLDS))
    for near, scores in collected.items():
        shares = [
            tuple(statistics.mean(best > threshold for best in kept) for kept in (scores.best, scores.best_without))
            for threshold in THRESHOLDS
        ]
        print(f"{near:<24}" + "".join(f"{right:>7.2f}/{false:.2f}" for right, false in shares))


if __name__ == "__main__":
    main()
