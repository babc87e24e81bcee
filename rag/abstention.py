"""How likely the passages answer a question: below a threshold the answer is that the documents do not.

A logistic regression (Platt 1999) over what the best sentence shows: that its passage is right and the others are not,
and that the question's words stand together, in one place and not only here and there. What the measures mean differs
with the kinship of the two languages, so each kinship has its own weights. `python -m bench.calibration` fits them.
"""

import math

import numpy as np

from rag.kinship import ByKinship
from rag.quote_scores import Reading
from rag.settings import AnswerWeights

# The log odds of the other passages if there are none: what they are in the middle of XQuAD's questions.
_TYPICAL_ODDS = -1.0


def answerability(reading: Reading, best: int, *, language: str, weights: AnswerWeights) -> float:
    """Return the probability, from 0 to 1, that quotes from the passages answer the question.

    Args:
        reading: The passages' units and their measures.
        best: Which unit answers best.
        language: The question's language.
        weights: What each measure counts.
    """
    text = reading.units[best].passage.language

    def counts(weight: ByKinship) -> float:
        return weight.of(language, text)

    odds = (
        counts(weights.passage_odds) * reading.passage_odds[best]
        + counts(weights.others_odds) * others_odds(reading, best)
        + counts(weights.nearby) * reading.nearby[best]
        + counts(weights.covered) * reading.covered[best]
        + counts(weights.anywhere) * reading.anywhere
        + counts(weights.intercept)
    )
    return 1 / (1 + math.exp(-odds))


def others_odds(reading: Reading, best: int) -> float:
    """Return the mean of the log odds that the passages are right in which the best unit does not stand."""
    odds_of = {unit.passage.number: odds for unit, odds in zip(reading.units, reading.passage_odds, strict=True)}
    del odds_of[reading.units[best].passage.number]
    return float(np.mean(list(odds_of.values()))) if odds_of else _TYPICAL_ODDS
