"""Confidence: odds by kinship, brought to 0 to 1."""

import math

import pytest

from rag.confidence import confidence
from rag.kinship import ByKinship
from rag.settings import RetrievalSettings

SETTINGS = RetrievalSettings(slope=ByKinship(4.0, 5.0, 6.0), intercept=ByKinship(-1.0, -2.0, -3.0), own_language=0.5)


@pytest.mark.parametrize(
    ("question", "text", "odds"),
    [
        pytest.param("de", "de", 4.0 * 0.75 - 1.0 + 0.5, id="same-language"),
        pytest.param("zh", "zh-Hant", 4.0 * 0.75 - 1.0 + 0.5, id="same-language-other-script"),
        pytest.param("de", "fi", 5.0 * 0.75 - 2.0, id="same-script"),
        pytest.param("ar", "fa", 5.0 * 0.75 - 2.0, id="same-script-arabic"),
        pytest.param("ja", "de", 6.0 * 0.75 - 3.0, id="other-script"),
    ],
)
def test_log_odds_are_a_line_of_the_kinship(question: str, text: str, odds: float) -> None:
    sure = confidence(0.75, question=question, text=text, settings=SETTINGS)
    assert math.log(sure / (1 - sure)) == pytest.approx(odds)


@pytest.mark.parametrize("text", ["en", "fi", "ja", "und"])
def test_a_higher_score_is_surer_and_none_is_beyond_0_and_1(text: str) -> None:
    scores = [at / 10 for at in range(25)]  # full coverage, cosine and all words shared give 2.4
    sure = [confidence(score, question="en", text=text, settings=RetrievalSettings()) for score in scores]
    assert sure == sorted(set(sure))
    assert 0 < sure[0] < 0.1
    assert 0.9 < sure[-1] <= 1


def test_of_texts_with_equal_scores_the_one_further_away_is_surer() -> None:
    own, near, far = (
        confidence(0.6, question="en", text=text, settings=RetrievalSettings()) for text in ("en", "fi", "ja")
    )
    assert own < near < far
