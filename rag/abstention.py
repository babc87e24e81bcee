"""How likely the passages answer a question: below a threshold the answer is that the documents do not.

A logistic regression (Platt 1999) over what the best sentence shows: that its passage is right and the others are not,
and that the question's words stand together, in one place and not only here and there. What the measures mean differs
with the kinship of the two languages, so each kinship has its own weights. `python -m bench.calibration` fits them.
"""

import math
import re

import numpy as np

from index.analysis import name_keys
from index.function_words import is_function_word
from index.scripts import UNSPACED_SCRIPTS, main_script
from rag.answers import Passage
from rag.kinship import ByKinship
from rag.quote_scores import Reading
from rag.settings import AnswerWeights
from rag.shared_words import content_terms

# The log odds of the other passages if there are none: what they are in the middle of XQuAD's questions.
_TYPICAL_ODDS = -1.0
_WORD = re.compile(r"[^\W\d_]{2,}")


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


def is_beside_the_point(question: str, passage: Passage) -> bool:
    """Whether a question is one word, or only words of grammar, and the passage does not hold it.

    "Hi", "When?" and "²³½" are as near to any text as to any other, which measures take for an answer. A single name is
    a question if the passage has it, in whatever script.

    Args:
        question: As it was asked.
        passage: What answers it best.
    """
    if main_script(question) in UNSPACED_SCRIPTS:  # where a word of a few letters says as much as three elsewhere
        return False
    words = _WORD.findall(question)
    if len(words) > 1 and not all(map(is_function_word, words)):
        return False
    around = f"{passage.title}\n{passage.heading}\n{passage.text}"
    return not content_terms(question) & content_terms(around) and not name_keys(question) & name_keys(around)
