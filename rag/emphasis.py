"""The date or amount in a quote that a question asks for, so that it can be set bold."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from index.function_words import is_function_word
from index.sentences import sentence_spans
from rag.markup import CELL_SEPARATOR
from rag.question_types import Asked
from rag.shared_words import content_terms, shared_words
from rag.values import Value, find_values

# Chosen on XQuAD's questions for a time or a quantity (odd articles, 12 languages): where the sentence that answers is
# known, 52 % get a bold value, and 93 % of these are right. With less strict limits, 0.4 and 1.3, it is 60 % and 90 %.
_REACH = 25
"""Characters after which a word of the question counts a third (1/e) for a value of what it does right beside it."""
_CLAUSE = 30
"""As many characters a comma or bracket between them is worth."""
_LEAST = 1.2
"""Least nearness: below it nothing near the value has to do with the question."""
_LEAST_SHARE = 0.6
"""For a question of one or two words less is enough: this for each of its terms."""
_LEAD = 1.6
"""How far ahead of the next the best value must be; a wrong bold is worse than none."""

_CLAUSE_MARK = re.compile("[,;:()—，；：、（）]")

Span = tuple[int, int]


def answering_value(text: str, question: str, asked: Asked, *, language: str) -> Value | None:
    """Return the date or amount of a text that answers the question, or `None` if there is none or no clear one.

    It is the one nearest to the words that text and question share, or the only date. What stands in the question is no
    answer to it. In a list or table it is the one of the item or row that shares most words with the question.

    Args:
        text: A quote as `markup.plain` gives it.
        question: In any language.
        asked: What the question asks for.
        language: The text's language.
    """
    start, end = _fitting_part(text, question, language)
    value = _nearest(text[start:end], question, asked, language=language)
    return replace(value, start=value.start + start, end=value.end + start) if value else None


def _fitting_part(text: str, question: str, language: str) -> Span:
    """The sentence, item or row with the most words of the question; nothing if no item or row has more than others.

    The first of several lines introduces a list or is a table's header: the question's words in it tell no item from
    another.
    """
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    lines = [(start, end - 1) for start, end in pairwise(starts)]
    parts = lines[1:] or sentence_spans(text, language)
    if not parts:
        return 0, 0
    fit = [len(shared_words(text[start:end], question)) for start, end in parts]
    if len(lines) > 1 and (not max(fit) or fit.count(max(fit)) > 1):
        return 0, 0
    return parts[fit.index(max(fit))]


def _nearest(text: str, question: str, asked: Asked, *, language: str) -> Value | None:
    """The value of one line; none of several in a table row, for the row does not tell what they are."""
    shared = shared_words(text, question)
    near = [
        (_nearness(value, shared, text), value)
        for value in find_values(text, asked, language=language)
        if text[value.start : value.end] not in question and _may_count_what_is_asked(value, shared, text)
    ]
    if len(near) == 1 and asked is Asked.TIME:
        return near[0][1]  # of a question in another language the words near it say nothing
    ranked = sorted(near, key=lambda scored: -scored[0])
    if not ranked or ranked[0][0] < min(_LEAST, _LEAST_SHARE * len(content_terms(question))):
        return None
    is_clear = len(ranked) == 1 or (CELL_SEPARATOR not in text and ranked[0][0] >= _LEAD * ranked[1][0])
    return ranked[0][1] if is_clear else None


def _may_count_what_is_asked(value: Value, words: Sequence[Span], text: str) -> bool:
    """Whether a number without unit stands before a word of the question (`374 listed companies`), or before none.

    What may be a year must stand right before one.
    """
    if value.is_bare_year:
        return any(value.end < start and text[value.end : start].isspace() for start, _ in words)
    if not value.counted or is_function_word(value.counted):
        return True
    return any(0 <= start - value.end <= _REACH for start, _ in words)


def _nearness(value: Value, words: Sequence[Span], text: str) -> float:
    return sum(math.exp(-_distance(value, word, text) / _REACH) for word in words)


def _distance(value: Value, word: Span, text: str) -> float:
    start, end = word
    between = text[value.end : start] if start >= value.end else text[end : value.start]
    return len(between) + _CLAUSE * len(_CLAUSE_MARK.findall(between))
