"""How sure scores are, by kinship: where the slopes, intercepts, weights and thresholds in `rag/settings.py` come from.

    python -m bench.calibration FOLDER [--every N]

FOLDER holds parallel passages and questions in BEIR layout, as for `bench.xquad`. Each question is asked in its own
language, in one other, the others taking turns, and of a collection in which each passage is there in one language
only. For each kinship of question and text it fits, and prints as they stand in the settings,

    the odds that a found chunk is right to its score (`RetrievalSettings.slope` and `intercept`)
    which sentence of the passages holds the answer (`QuoteWeights`)
    whether the quotes hold it, when the passage is there and when it is not (`AnswerWeights`)

and then for some thresholds how many questions are refused although their passage is there, and how many are answered
although it is not. It reads the articles with odd numbers, so that those with even ones can be measured with what it
gave.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from bench.fitting import KINSHIPS, Matrix, by_kinship, fit_choice, fit_odds
from bench.xquad import LANGUAGES, NO_KINSHIP, Data, Query, build, find, without_passage
from index.documents import ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.abstention import answerability, others_odds
from rag.extractive import choose_quotes
from rag.kinship import ByKinship, Kinship, kinship
from rag.quote_scores import Reading, read_passages
from rag.quote_units import Quote
from rag.retrieval import build_passages
from rag.settings import AnswerWeights, QuoteWeights, QuotingSettings, RetrievalSettings

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
# Chunks of one question that the fit looks at: the best ones, right or wrong, as only they can be mistaken.
_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of one collection."""

    query: Query
    language: str
    """That of the passage that answers, and of the gold answers."""
    reading: Reading
    without: Reading
    """The same as if the passage were not there."""


def unit_measures(asked: Asked) -> Matrix:
    """Return the measures of `QuoteWeights` for each unit, by kinship."""
    reading = asked.reading
    columns = (reading.distinctive, reading.nearby, reading.passage_odds, reading.offers, np.ones(len(reading.units)))
    kinships = [kinship(asked.query.language, unit.passage.language) for unit in reading.units]
    return by_kinship(np.stack(columns, axis=1), kinships)


def answer_measures(reading: Reading, best: int) -> list[float]:
    """Return the measures of `AnswerWeights` for the best unit."""
    one = (reading.passage_odds[best], others_odds(reading, best), reading.nearby[best], reading.covered[best])
    return [*map(float, one), reading.anywhere, 1.0]


def holds_answer(asked: Asked, shares: Matrix) -> bool:
    """Return whether the question's quotes hold a gold answer, if it is answered."""
    quotes = [
        Quote(unit.passage, unit.start, unit.end, float(share))
        for unit, share in zip(asked.reading.units, shares, strict=True)
    ]
    quotes.sort(key=lambda quote: -quote.score)
    chosen = choose_quotes(quotes, language=asked.query.language, settings=QuotingSettings())
    return any(answer in quote.text for quote in chosen for answer in asked.query.answers[asked.language])


def fit_quotes(questions: Sequence[Asked]) -> QuoteWeights:
    """Fit which unit holds the answer, where one does."""
    choices = []
    for asked in questions:
        answers = asked.query.answers[asked.language]
        texts = (
            unit.passage.text[unit.start - unit.passage.start : unit.end - unit.passage.start]
            for unit in asked.reading.units
        )
        right = np.array([any(answer in text for answer in answers) for text in texts])
        if right.any():
            choices.append((unit_measures(asked), right))
    weights = fit_choice(choices).reshape(len(KINSHIPS), -1).T
    weights[-1] -= weights[-1, 0]  # only differences between kinships count
    distinctive, nearby, passage_odds, offers, kinship_ = (ByKinship(*row) for row in weights.tolist())
    return QuoteWeights(distinctive, nearby, passage_odds, offers, kinship_)


def fit_answers(questions: Sequence[Asked], weights: QuoteWeights) -> AnswerWeights:
    """Fit whether quotes hold the answer, half of the cases being questions without their passage."""
    rows, kinships, right = [], [], []
    for asked in questions:
        for reading in (asked.reading, asked.without):
            shares = reading.shares(weights, language=asked.query.language)
            best = int(shares.argmax())
            rows.append(answer_measures(reading, best))
            kinships.append(kinship(asked.query.language, reading.units[best].passage.language))
            right.append(reading is asked.reading and holds_answer(asked, shares))
    fitted = fit_odds(by_kinship(np.array(rows), kinships), np.array(right)).reshape(len(KINSHIPS), -1).T
    return AnswerWeights(*(ByKinship(*row) for row in fitted.tolist()))


def confidences(
    questions: Sequence[Asked], weights: QuoteWeights, answer_weights: AnswerWeights
) -> Iterator[tuple[Kinship, float, float]]:
    """Yield each question's kinship, and how sure its quotes are with the passage and without it."""
    for asked in questions:
        language = asked.query.language
        with_, without = (
            answerability(
                reading,
                int(reading.shares(weights, language=language).argmax()),
                language=language,
                weights=answer_weights,
            )
            for reading in (asked.reading, asked.without)
        )
        yield kinship(language, asked.language), with_, without


class Collector:
    """Asks questions as users would, with and without the right passage, and keeps what the fits need."""

    def __init__(self, embedder: StaticEmbedder) -> None:
        """Begin with nothing asked."""
        self._embedder = embedder
        self.chunks: dict[Kinship, list[tuple[float, bool]]] = defaultdict(list)
        """Bare score, and whether the chunk is of the right passage."""
        self.questions: list[Asked] = []

    def collect(self, base: KnowledgeBase, query: Query, language: str) -> None:
        """Ask one question of one collection, in which `language` is that of the right passage."""
        near = kinship(query.language, language)
        # `NO_KINSHIP` makes the confidence a function of the bare score, whose log odds are that score plus 1.
        raw = find(base, query, embedder=self._embedder, settings=NO_KINSHIP)[:_LOOKED_AT]
        self.chunks[near] += [
            (_log_odds(found.score) - 1, found.chunk.source == f"{query.passage}.md") for found in raw
        ]
        self.read(base, query, language)

    def read(self, base: KnowledgeBase, query: Query, language: str) -> None:
        """The same for the quotes alone."""
        found = find(base, query, embedder=self._embedder, settings=RetrievalSettings())
        reading, without = self._reading(base, query, found), self._reading(base, query, without_passage(found, query))
        if reading.units and without.units:
            self.questions.append(Asked(query, language, reading, without))

    def _reading(self, base: KnowledgeBase, query: Query, found: Sequence[ScoredChunk]) -> Reading:
        passages = build_passages(base, found, settings=RetrievalSettings())
        return read_passages(query.text, passages, language=query.language, embedder=self._embedder)


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def collect(data: Data, *, every: int, embedder: StaticEmbedder) -> Collector:
    """Ask every Nth question about the articles with odd numbers of the three kinds of collection."""
    collector = Collector(embedder)
    with tempfile.TemporaryDirectory() as homes:
        bases = {language: build(Path(homes) / language, data.only(language), embedder) for language in LANGUAGES}
        mixed = data.mixed(LANGUAGES)
        mixed_base = build(Path(homes) / "mixed", mixed, embedder)
        for at, asked in enumerate(LANGUAGES):
            queries = [query for query in data.queries[asked][::every] if query.article % 2]
            for turn, query in enumerate(queries):
                other = LANGUAGES[(at + 1 + turn % (len(LANGUAGES) - 1)) % len(LANGUAGES)]
                collector.collect(bases[asked], query, asked)
                collector.collect(bases[other], query, other)
                collector.read(mixed_base, query, mixed[query.passage][0])
    return collector


def show_weights(name: str, weights: QuoteWeights | AnswerWeights) -> None:
    """Print weights, one row a measure."""
    print(f"\n{name:<16}" + "".join(f"{near:>16}" for near in KINSHIPS))
    for each in fields(weights):
        values: ByKinship = getattr(weights, each.name)
        row = (values.same_language, values.same_script, values.other_script)
        print(f"{each.name:<16}" + "".join(f"{value:>16.2f}" for value in row))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=20, help="take every Nth question of each language")
    options = parser.parse_args()
    collected = collect(Data(options.folder, LANGUAGES), every=options.every, embedder=StaticEmbedder())
    print(f"{'kinship':<16}{'n':>6}{'slope':>8}{'intercept':>11}")
    for near, chunks in collected.chunks.items():
        scores = np.array([[score, 1.0] for score, _ in chunks])
        slope, intercept = fit_odds(scores, np.array([right for _, right in chunks]))
        print(f"{near:<16}{len(chunks) // _LOOKED_AT:>6}{slope:>8.2f}{intercept:>11.2f}")
    weights = fit_quotes(collected.questions)
    answer_weights = fit_answers(collected.questions, weights)
    show_weights("QuoteWeights", weights)
    show_weights("AnswerWeights", answer_weights)
    print(f"\n{'refused / false answers':<24}{'n':>6}" + "".join(f"{threshold:>12.2f}" for threshold in THRESHOLDS))
    sure = list(confidences(collected.questions, weights, answer_weights))
    for near in KINSHIPS:
        pairs = [(answered, without) for each, answered, without in sure if each is near]
        shares = [
            tuple(statistics.mean(one) for one in zip(*((a < t, b >= t) for a, b in pairs), strict=True))
            for t in THRESHOLDS
        ]
        print(f"{near:<24}{len(pairs):>6}" + "".join(f"{refused:>7.2f}/{false:.2f}" for refused, false in shares))


if __name__ == "__main__":
    main()
