import numpy as np
import pytest

from bench.fitting import KINSHIPS, by_kinship, fit_choice, fit_odds, softmax


def test_odds_are_fitted_to_the_share_that_is_right() -> None:
    measures = np.array([[0.0, 1.0]] * 400 + [[1.0, 1.0]] * 400)
    right = np.array([True] * 100 + [False] * 300 + [True] * 300 + [False] * 100)
    slope, intercept = fit_odds(measures, right)
    assert intercept == pytest.approx(-np.log(3), abs=0.01)
    assert slope == pytest.approx(2 * np.log(3), abs=0.02)


def test_a_choice_is_fitted_to_how_often_each_is_right() -> None:
    measures = np.array([[1.0], [0.0]])
    choices = [(measures, np.array([True, False]))] * 300 + [(measures, np.array([False, True]))] * 100
    assert fit_choice(choices) == pytest.approx([np.log(3)], abs=0.01)


def test_several_right_ones_are_as_good_as_one() -> None:
    three = np.array([[1.0], [1.0], [0.0]])
    choices = [(three, np.array([True, True, False]))] * 300 + [(three, np.array([False, False, True]))] * 100
    assert fit_choice(choices) == pytest.approx([np.log(1.5)], abs=0.01)


def test_a_measure_without_effect_gets_no_weight() -> None:
    measures = np.array([[1.0, 7.0], [0.0, 7.0]])
    choices = [(measures, np.array([True, False]))] * 3 + [(measures, np.array([False, True]))]
    assert fit_choice(choices)[1] == pytest.approx(0)


def test_each_kinship_has_columns_of_its_own() -> None:
    measures = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert by_kinship(measures, [KINSHIPS[2], KINSHIPS[0]]).tolist() == [[0, 0, 0, 0, 1, 2], [3, 4, 0, 0, 0, 0]]


def test_shares_of_great_odds_are_finite() -> None:
    assert softmax(np.array([1000.0, 1000.0, -1000.0])).tolist() == [0.5, 0.5, 0]
