from itertools import takewhile

import pytest

from rag.attempts import LEAST_CONTEXT_TOKENS, Attempts
from rag.errors import ChatModelError, ConnectionLostError, ContextTooSmallError, EmptyAnswerError

TOO_SMALL, EMPTY, LOST = ContextTooSmallError("too small"), EmptyAnswerError("empty"), ConnectionLostError("lost")


def test_context_is_halved_from_what_was_sent_as_long_as_something_would_be_left_out() -> None:
    attempts = Attempts(budget=16_000, reconnections=0)
    budgets = []
    while attempts.has_another(TOO_SMALL, sent=min(9000, attempts.budget)):
        budgets.append(attempts.budget)
    assert budgets == [4500, 2250, 1125]
    assert budgets[-1] // 2 < LEAST_CONTEXT_TOKENS


@pytest.mark.parametrize("budget", [0, 4096], ids=["nothing can be left out", "the question alone is longer"])
def test_prompt_that_would_be_the_same_is_not_sent_again(budget: int) -> None:
    assert not Attempts(budget=budget, reconnections=0).has_another(TOO_SMALL, sent=9000)


def test_empty_answer_is_tried_once_with_less() -> None:
    attempts = Attempts(budget=16_000, reconnections=0)
    assert attempts.has_another(EMPTY, sent=8000)
    assert attempts.budget == 4000
    assert not attempts.has_another(EMPTY, sent=4000)
    assert attempts.has_another(TOO_SMALL, sent=4000)


def test_lost_connection_is_tried_as_often_as_set_after_growing_pauses() -> None:
    attempts = Attempts(budget=4096, reconnections=3)
    tries = takewhile(bool, (attempts.has_another(LOST, sent=100) for _ in range(10)))
    assert [attempts.pause for _ in tries] == [0.5, 1.0, 2.0]
    assert attempts.budget == 4096


def test_nobody_waits_before_sending_less() -> None:
    attempts = Attempts(budget=4096, reconnections=1)
    attempts.has_another(LOST, sent=3000)
    assert attempts.has_another(TOO_SMALL, sent=3000)
    assert attempts.pause == 0


def test_other_failures_are_not_tried_again() -> None:
    assert not Attempts(budget=4096, reconnections=2).has_another(ChatModelError("refused"), sent=3000)
