import pytest

from bench.answers import area_under_curve, false_answers


def test_area_is_the_share_of_pairs_in_the_right_order_with_ties_as_half() -> None:
    assert area_under_curve([0.9, 0.8], [0.1, 0.2]) == 1
    assert area_under_curve([0.1, 0.2], [0.9, 0.8]) == 0
    assert area_under_curve([0.5, 0.9], [0.5, 0.6]) == (0.5 + 0 + 1 + 1) / 4


@pytest.mark.parametrize(
    ("abstentions", "share"),
    [(0.0, 0.75), (0.1, 0.5), (0.2, 0.25), (0.25, 0.25), (0.3, 0.0)],
)
def test_false_answers_are_counted_where_that_share_is_refused(abstentions: float, share: float) -> None:
    answerable = [0.1 * place for place in range(10)]
    unanswerable = [-0.5, 0.05, 0.15, 0.25]
    assert false_answers(answerable, unanswerable, abstentions=abstentions) == share


def test_a_tie_with_the_last_one_that_is_answered_is_answered() -> None:
    assert false_answers([0.5, 0.5], [0.5, 0.4], abstentions=0.1) == 0.5
