"""Which scores are typical of the bundled model: where the numbers by kinship in `rag/settings.py` come from.

    python -m bench.calibration FOLDER [--every N]

FOLDER holds parallel passages and questions in BEIR layout, as for `bench.xquad`. For each kinship of question and
passage it prints the median score of the right chunk before it is divided (`RetrievalSettings.typical`), that of the
best sentence that holds the answer (`QuotingSettings.typical`), and for some thresholds how many questions get quotes
when their passage is there, and how many when it is not.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.xquad import NO_KINSHIP, PAIRS, Data, Query, build
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.extractive import find_quotes
from rag.kinship import ByKinship, kinship
from rag.retrieval import build_passages, search
from rag.settings import QuotingSettings, RetrievalSettings

THRESHOLDS = (0.9, 1.0, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)
_UNDIVIDED = QuotingSettings(typical=ByKinship(same_language=1, same_script=1, other_script=1))


@dataclass(slots=True)
class Scores:
    """What is collected for one kinship."""

    chunks: list[float] = field(default_factory=list)
    sentences: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    """Of the best sentence, with the shipped settings."""
    best_without: list[float] = field(default_factory=list)
    """The same as if the passage were not there."""


def collect(base: KnowledgeBase, query: Query, language: str, scores: Scores, embedder: StaticEmbedder) -> None:
    """Search as a user's question would, with and without the right passage."""

    def found(settings: RetrievalSettings):  # type: ignore[no-untyped-def]
        return search(base, query.text, language=query.language, top_k=60, token_embedder=embedder, settings=settings)

    right = f"{query.passage}.md"
    raw = [scored for scored in found(NO_KINSHIP) if scored.chunk.source == right]
    if raw:
        scores.chunks.append(raw[0].score)
        passages = [replace(passage, score=0.0) for passage in build_passages(base, raw[:1], settings=NO_KINSHIP)]
        quotes = find_quotes(query.text, passages, language=query.language, embedder=embedder, settings=_UNDIVIDED)
        holding = [quote.score for quote in quotes if any(answer in quote.text for answer in query.answers[language])]
        scores.sentences += holding[:1]
    settings = RetrievalSettings()
    ranked = found(settings)
    for kept, best in (
        (ranked, scores.best),
        ([scored for scored in ranked if scored.chunk.source != right], scores.best_without),
    ):
        passages = build_passages(base, kept, settings=settings)
        quotes = find_quotes(
            query.text, passages, language=query.language, embedder=embedder, settings=QuotingSettings()
        )
        best.append(quotes[0].score if quotes else 0.0)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=40, help="take every Nth question of each language")
    options = parser.parse_args()
    languages = sorted({language for pair in PAIRS for language in pair.split("-")})
    data = Data(options.folder, languages)
    embedder = StaticEmbedder()
    collected: dict[str, Scores] = defaultdict(Scores)
    with tempfile.TemporaryDirectory() as homes:
        bases = {}
        for language in languages:
            passages = {number: (language, text) for number, text in data.passages[language].items()}
            bases[language] = build(Path(homes) / language, passages, embedder)
        for pair in (*(f"{language}-{language}" for language in languages), *PAIRS):
            asked, answered = pair.split("-")
            scores = collected[str(kinship(asked, answered))]
            for query in data.queries[asked][:: options.every]:
                collect(bases[answered], query, answered, scores, embedder)
    print(f"{'kinship':<16}{'n':>5}{'right chunk':>13}{'answering sentence':>20}")
    for near, scores in collected.items():
        chunk, sentence = statistics.median(scores.chunks), statistics.median(scores.sentences)
        print(f"{near:<16}{len(scores.best):>5}{chunk:>13.2f}{sentence:>20.2f}")
    print(f"\n{'quotes, right / false':<24}" + "".join(f"{threshold:>12.2f}" for threshold in THRESHOLDS))
    for near, scores in collected.items():
        shares = [
            tuple(statistics.mean(best > threshold for best in kept) for kept in (scores.best, scores.best_without))
            for threshold in THRESHOLDS
        ]
        print(f"{near:<24}" + "".join(f"{right:>7.2f}/{false:.2f}" for right, false in shares))


if __name__ == "__main__":
    main()
