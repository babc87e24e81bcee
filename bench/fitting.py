"""Logistic regressions by Newton's method, with weights of their own for each kinship, for `bench.calibration`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.kinship import Kinship

Matrix = NDArray[np.float64]

KINSHIPS = tuple(Kinship)
# Keeps weights small that hardly matter, so that nothing is divided by next to nothing.
_RIDGE = 0.05
_STEPS = 60


def fit_odds(measures: Matrix, right: NDArray[np.bool_]) -> Matrix:
    """Fit the log odds of being right as a weighted sum, by Newton's method.

    Args:
        measures: One row a case; for an intercept one column of ones.
        right: One value a case.
    """
    weights = np.zeros(measures.shape[1])
    ridge = _RIDGE * np.eye(len(weights))
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-measures @ weights))
        curvature = (measures * (sure * (1 - sure))[:, None]).T @ measures + ridge
        weights += np.linalg.solve(curvature, measures.T @ (right - sure) - _RIDGE * weights)
    return weights


def fit_choice(choices: Sequence[tuple[Matrix, NDArray[np.bool_]]]) -> Matrix:
    """Fit weights with which the right ones of several stand out: a conditional logit (McFadden 1974).

    Args:
        choices: For each, one row of measures for each thing to choose from, and which are right: at least one.
    """
    weights = np.zeros(choices[0][0].shape[1])
    for _ in range(_STEPS):
        slope, curvature = -_RIDGE * weights, _RIDGE * np.eye(len(weights))
        for measures, right in choices:
            shares, right_shares = softmax(measures @ weights), softmax(measures[right] @ weights)
            spread = measures - shares @ measures
            slope += right_shares @ measures[right] - shares @ measures
            curvature += (spread * shares[:, None]).T @ spread
        weights += np.linalg.solve(curvature, slope)
    return weights


def softmax(odds: Matrix) -> Matrix:
    """Return shares of 1 in proportion to the powers of e."""
    powers = np.exp(odds - odds.max())
    shares: Matrix = powers / powers.sum()
    return shares


def by_kinship(measures: Matrix, kinships: Sequence[Kinship]) -> Matrix:
    """Give each kinship columns of its own: the measures in those of the row's kinship, 0 in the others."""
    member = np.array([[each is near for near in KINSHIPS] for each in kinships], float)
    return (member[:, :, None] * measures[:, None, :]).reshape(len(measures), -1)
