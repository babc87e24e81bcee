import time

import pytest

from rag.foreign_marks import in_parentheses, without_marks
from rag.marks import find_marks


@pytest.mark.parametrize(
    ("text", "in_other_brackets", "without"),
    [
        ("Rome fell [7].", "Rome fell (7).", "Rome fell."),
        ("ローマ【1†source】は［4，5］", "ローマ(1)は(4，5)", "ローマは"),
        ("روما [٣]", "روما (٣)", "روما"),
        ("a [^2] b [1][2] c [3–5] d [ 6 ]", "a (^2) b (1)(2) c (3–5) d (6)", "a b c d"),
        ("[[1]] [1; 2]", "[(1)] (1; 2)", "[]"),
        ("In [2011] he wrote [sic] x[i].", "In [2011] he wrote [sic] x[i].", "In [2011] he wrote [sic] x[i]."),
    ],
)
def test_marks_of_another_text_are_none_of_the_answers(text: str, in_other_brackets: str, without: str) -> None:
    assert in_parentheses(text) == in_other_brackets
    assert without_marks(text) == without
    assert not find_marks(in_other_brackets)


@pytest.mark.parametrize("text", ["[" * 100_000, "[1," * 30_000, " " * 100_000, "[" + "1 " * 50_000, "[1†" * 30_000])
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    start = time.perf_counter()
    assert in_parentheses(text) == without_marks(text) == text
    assert time.perf_counter() - start < 2
