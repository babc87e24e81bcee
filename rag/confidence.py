"""How sure a search is of a chunk: what makes results in different languages comparable.

Scores are the higher the nearer a text's language is to the question's (see `rag.kinship`), so that the right passage
in another script scores less than a wrong one in the question's own language. For each kinship a logistic regression
over questions with known answers tells how sure a score is (Platt 1999); a collection of several languages is ranked by
that. `python -m bench.calibration` fits it.
"""

import math

from rag.kinship import Kinship, kinship
from rag.settings import RetrievalSettings


def confidence(score: float, *, question: str, text: str, settings: RetrievalSettings) -> float:
    """Return how sure it is that a chunk is right, from 0 to 1.

    Args:
        score: The weighted sum of token coverage, cosine and lexical score.
        question: The question's language.
        text: The chunk's language.
        settings: Slopes, intercepts, and what the asker's own language is worth.
    """
    odds = settings.slope.of(question, text) * score + settings.intercept.of(question, text)
    if kinship(question, text) is Kinship.SAME_LANGUAGE:
        odds += settings.own_language
    return 1 / (1 + math.exp(-odds))
