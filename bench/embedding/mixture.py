"""Batches: which source, which two languages, which rows of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.embedding.corpus import Texts

# Languages with fewer rows than this in a source are not drawn from it.
FEWEST_ROWS = 64
# Longer texts are cut here.
LONGEST_IDS = 48


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a batch: subword ids end to end, where each text starts, and a number that equal texts share."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Shape (batch,)."""
    same: NDArray[np.int64]
    """Shape (batch,)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts and their translations, in the same order."""

    languages: tuple[str, str]
    left: Side
    right: Side


class _Source:
    """The texts of one source, ready to be drawn from."""

    def __init__(self, texts: Mapping[str, Texts], weights: Mapping[str, float], marks: NDArray[np.int64]) -> None:
        self.texts = {language: held for language, held in texts.items() if len(np.unique(held.rows)) >= FEWEST_ROWS}
        self.languages = sorted(self.texts)
        # Two texts of the same subwords have the same sum of their subwords' marks.
        self.same = {
            language: np.add.reduceat(marks[held.ids], held.starts[:-1]) for language, held in self.texts.items()
        }
        self.pairs, self.chances = self._pairs(weights)
        self.common = lru_cache(maxsize=4000)(self._common)

    def _pairs(self, weights: Mapping[str, float]) -> tuple[list[tuple[str, str]], NDArray[np.float64]]:
        rows = 1 + max((int(held.rows.max()) for held in self.texts.values()), default=0)
        holds = np.zeros((rows, len(self.languages)), np.float32)
        twice = np.zeros(len(self.languages))
        for number, language in enumerate(self.languages):
            counts = np.bincount(self.texts[language].rows, minlength=rows)
            holds[:, number] = counts > 0
            twice[number] = (counts > 1).sum()
        shared = (holds.T @ holds).astype(np.float64)
        np.fill_diagonal(shared, twice)
        asking = any(map(_asks, self.languages))
        pairs, chances = [], []
        for first, language_a in enumerate(self.languages):
            for second, language_b in enumerate(self.languages):
                # A question goes with a passage; translations go with each other, each pair once.
                fits = (_asks(language_a) and not _asks(language_b)) if asking else first <= second
                if fits and shared[first, second] >= FEWEST_ROWS:
                    weight = _weight(language_a, weights) * _weight(language_b, weights)
                    pairs.append((language_a, language_b))
                    chances.append(shared[first, second] ** 0.5 * weight)
        return pairs, np.array(chances) / max(sum(chances), 1e-9)

    def _common(self, language_a: str, language_b: str) -> NDArray[np.int32]:
        if language_a == language_b:
            rows, counts = np.unique(self.texts[language_a].rows, return_counts=True)
            return rows[counts > 1]
        return np.intersect1d(self.texts[language_a].rows, self.texts[language_b].rows)

    def draw(self, chosen: np.random.Generator, size: int) -> Batch:
        language_a, language_b = self.pairs[chosen.choice(len(self.pairs), p=self.chances)]
        rows = self.common(language_a, language_b)
        if len(rows) > size:
            rows = chosen.choice(rows, size, replace=False, shuffle=False)
        left = self._texts_of(rows, language_a, chosen)
        right = self._texts_of(rows, language_b, chosen, other_than=left if language_a == language_b else None)
        return Batch((language_a, language_b), self._side(language_a, left), self._side(language_b, right))

    def _texts_of(
        self,
        rows: NDArray[np.int32],
        language: str,
        chosen: np.random.Generator,
        other_than: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        held = self.texts[language].rows
        first = np.searchsorted(held, rows, side="left")
        count = np.searchsorted(held, rows, side="right") - first
        if other_than is not None:
            return first + (other_than - first + 1 + (chosen.random(len(rows)) * (count - 1)).astype(np.int64)) % count
        return first + (chosen.random(len(rows)) * count).astype(np.int64)

    def _side(self, language: str, texts: NDArray[np.int64]) -> Side:
        held = self.texts[language]
        begin = held.starts[texts]
        lengths = np.minimum(held.starts[texts + 1] - begin, LONGEST_IDS)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        at = np.arange(lengths.sum()) - np.repeat(starts - begin, lengths)
        return Side(held.ids[at].astype(np.int64), starts, self.same[language][texts])


def _asks(language: str) -> bool:
    """Tell whether texts labelled so ask for what other texts of their row say."""
    return language.startswith("ask:") or language == "gloss"


def _weight(language: str, weights: Mapping[str, float]) -> float:
    spoken = "en" if language == "gloss" else language.removeprefix("ask:")
    return weights.get(spoken, weights["other"])


class Mixture:
    """All sources, to draw batches from."""

    def __init__(
        self,
        encoded: Mapping[str, Mapping[str, Texts]],
        *,
        sources: Mapping[str, float],
        languages: Mapping[str, float],
        vocabulary: int,
    ) -> None:
        """Prepare the sources.

        Args:
            encoded: Source, language, texts.
            sources: How often each source is drawn, relative to the others; sources not named are not.
            languages: How much each language counts, `other` for those not named. A pair of languages is drawn by the
                product, times the root of the rows it shares.
            vocabulary: How many subwords there are.
        """
        marks = np.random.default_rng(0).integers(1, 2**62, vocabulary)
        prepared = [_Source(encoded[name], languages, marks) for name in encoded if sources.get(name)]
        chances = [sources[name] for name in encoded if sources.get(name)]
        held = [(source, chance) for source, chance in zip(prepared, chances, strict=True) if source.pairs]
        self._sources = [source for source, _ in held]
        self._chances = np.array([chance for _, chance in held]) / sum(chance for _, chance in held)

    def draw(self, *, size: int, seed: int, step: int) -> Batch:
        """Draw up to `size` rows of one source in one pair of languages; the same for the same seed and step."""
        chosen = np.random.default_rng((seed, step))
        return self._sources[chosen.choice(len(self._sources), p=self._chances)].draw(chosen, size)
