"""The sentences of a written answer, and whether the documents support each."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answers import Problem, Statement
from rag.checking import Checked, Checker
from rag.claims import Claim
from rag.question_types import asks

_WORD = re.compile(r"\w")
_NUMBER = re.compile(r"\d+")
# What a line ends with that only leads to the next ones, and what may stand behind it.
_COLON = (":", "：")
_BEHIND_COLON = "\"'”’»)]*_ "
# Shorter words behind the last mark of a sentence are no claim of their own; in the measure of `index.lengths`.
_CLAUSE = 25


@dataclass(frozen=True, slots=True)
class MarkGroup:
    """Marks that stand together in an answer, checked."""

    at: int
    """Where they stand in the answer without marks."""
    marks: str
    """What was written for them; empty if none was kept."""
    claim: Claim | None
    passages: tuple[int, ...]
    """The passages they named that exist."""
    checked: Checked


def find_statements(
    plain: str, groups: Sequence[MarkGroup], *, checker: Checker, language: str
) -> tuple[Statement, ...]:
    """Return the statements of an answer in order, with offsets of the answer with its marks.

    A statement is a sentence or list item with letters. It is supported if each group of marks in it was verified, and
    what it says behind the last one is supported by what it cites as well. A question, or a line that ends in a colon,
    states nothing unless it is cited. Lines of code are statements like others, for a model may put its whole answer
    between fences.

    Args:
        plain: The answer without marks.
        groups: Its marks, in order.
        checker: Knows the passages.
        language: The answer's language.
    """
    statements = []
    ends = [group.claim.end if group.claim else group.at for group in groups]
    lengths = [0, *accumulate(len(group.marks) for group in groups)]
    for start, end in sentence_spans(plain, language):
        inside = groups[bisect_right(ends, start) : bisect_right(ends, end)]
        sentence = plain[start:end]
        if not any(map(str.isalpha, sentence)) or (not inside and _says_nothing(sentence, language)):
            continue
        problem, missing = _judged(plain[:end], [group for group in inside if group.passages], checker)
        own = [group.at for group in inside if group.marks]
        first, last = min([start, *own]), max([end, *own])
        numbers = dict.fromkeys(int(number) for group in inside for number in _NUMBER.findall(group.marks))
        statements.append(
            Statement(
                start=first + lengths[bisect_right(ends, start)],
                end=last + lengths[bisect_right(ends, end)],
                citations=tuple(numbers),
                problem=problem,
                missing=missing,
            )
        )
    return tuple(statements)


def _says_nothing(sentence: str, language: str) -> bool:
    return asks(sentence, language) or sentence.rstrip(_BEHIND_COLON).endswith(_COLON)


def _judged(text: str, groups: Sequence[MarkGroup], checker: Checker) -> tuple[Problem | None, tuple[str, ...]]:
    """What is wrong with a statement that ends a text, whose marks are these."""
    if not groups:
        return Problem.UNCITED, ()
    missing = [fact for group in groups for fact in group.checked.missing]
    if missing:
        return Problem.FACT_MISSING, tuple(dict.fromkeys(missing))
    if any(group.checked.problem for group in groups):
        return Problem.NOT_COVERED, ()
    rest = text[groups[-1].at :]
    cited = tuple(dict.fromkeys(number for group in groups for number in group.passages))
    if _WORD.search(rest) and (behind := checker.missing(rest, cited)):
        return Problem.FACT_MISSING, behind
    if text_weight(rest) >= _CLAUSE and checker.check(Claim(0, len(rest), rest, rest), cited).problem:
        return Problem.NOT_COVERED, ()
    return None, ()
