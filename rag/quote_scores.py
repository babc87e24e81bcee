"""What speaks for a sentence as an answer: measures of every unit of the passages, which settings weigh.

Tokens are compared as in `rag.late_interaction`: each token of the question looks for its best match in a text, and is
seen with its neighbours. What is added is what tells sentences of one search from each other: a word of the question
that all of them hold says nothing about which one answers, so that it counts for less.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answers import Passage
from rag.kinship import ByKinship
from rag.late_interaction import TextTokens, TokenEmbedder
from rag.question_types import asked_for, asks, offers
from rag.quote_units import Unit, quote_units
from rag.settings import QuoteWeights

Values = NDArray[np.float64]

# How well a token of the question is matched where nothing is said about it, and for how many sentences that counts: a
# word is common among few sentences only if all of them hold it, and one sentence alone tells nothing.
_BACKGROUND, _BACKGROUND_UNITS = 0.3, 4
# Scores of a reranker may be 0 and 1; confidence rarely lies beyond these.
_LEAST_SURE, _MOST_SURE = 0.002, 0.998


@dataclass(frozen=True, slots=True)
class Reading:
    """The units of some passages, in order, and what speaks for each; every array has one value a unit."""

    units: tuple[Unit, ...]
    distinctive: Values
    """Share of the question that it covers, from 0 to 1; words that most units hold count little."""
    nearby: Values
    """The same together with the units before and after it and the heading above: what answers often leaves out what
    was named there."""
    passage_odds: Values
    """Log odds that its passage is right."""
    offers: Values
    """1 if it holds what is asked for, such as a date, else 0."""
    asks: Values
    """1 if it is a question itself, else 0."""
    covered: Values
    """Share of the question that it covers together with these; all words count."""
    anywhere: float
    """Share of the question that all units and headings together cover."""

    def shares(self, weights: QuoteWeights, *, language: str) -> Values:
        """Return how likely each unit answers if one of them does: their sum is 1, unless there are none.

        Args:
            weights: What each measure counts.
            language: The question's language.
        """

        def counts(weight: ByKinship) -> Values:
            return np.array([weight.of(language, unit.passage.language) for unit in self.units])

        odds = (
            counts(weights.distinctive) * self.distinctive
            + counts(weights.nearby) * self.nearby
            + counts(weights.passage_odds) * self.passage_odds
            + counts(weights.offers) * self.offers
            + weights.asks * self.asks
            + counts(weights.kinship)
        )
        powers = np.exp(odds - odds.max(initial=-math.inf))
        shares: Values = powers / powers.sum()
        return shares


def read_passages(question: str, passages: Sequence[Passage], *, language: str, embedder: TokenEmbedder) -> Reading:
    """Return the units of passages with what speaks for each as an answer.

    Args:
        question: In any language.
        passages: Where to look.
        language: The question's language.
        embedder: Where token vectors come from.
    """
    units_of = [quote_units(passage) for passage in passages]
    units = tuple(unit for each in units_of for unit in each)
    counts = np.array([len(each) for each in units_of], np.int64)
    asked, *ids = embedder.token_ids(
        [question, *(unit.text for unit in units), *(passage.heading for passage in passages)]
    )
    texts, headings = ids[: len(units)], ids[len(units) :]
    weights = np.linalg.norm(embedder.token_rows(asked), axis=1).astype(np.float64)
    matches = TextTokens(texts, embedder=embedder).phrase_matches(asked)
    above = TextTokens(headings, embedder=embedder).phrase_matches(asked)
    beside = np.maximum(_with_neighbours(matches, counts), np.repeat(above, counts, axis=0))
    common = (matches.sum(axis=0) + _BACKGROUND_UNITS * _BACKGROUND) / (len(units) + _BACKGROUND_UNITS)
    rare = weights * (1 - common)
    kind = asked_for(question, language)
    return Reading(
        units=units,
        distinctive=_share(matches, rare),
        nearby=_share(beside, rare),
        passage_odds=np.repeat(np.array([_log_odds(passage.confidence) for passage in passages]), counts),
        offers=np.array([kind is not None and offers(unit.text, kind) for unit in units], np.float64),
        asks=np.array([asks(unit.text, unit.passage.language) for unit in units], np.float64),
        covered=_share(beside**2, weights),
        anywhere=float(_share(beside.max(axis=0, initial=0)[None] ** 2, weights)[0]),
    )


def _with_neighbours(values: Values, counts: NDArray[np.int64]) -> Values:
    """The greatest value of each unit and the ones before and after it in its passage; `counts` are units a passage."""
    passage = np.repeat(np.arange(len(counts)), counts)
    together = (passage[1:] == passage[:-1])[:, None]
    best = values.copy()
    best[1:] = np.maximum(best[1:], values[:-1] * together)
    best[:-1] = np.maximum(best[:-1], values[1:] * together)
    return best


def _share(values: Values, weights: Values) -> Values:
    """The weighted mean of each row; 0 if nothing weighs."""
    share: Values = values @ weights / max(float(weights.sum()), 1e-9)
    return share


def _log_odds(share: float) -> float:
    share = min(max(share, _LEAST_SURE), _MOST_SURE)
    return math.log(share / (1 - share))
