"""Which of some chunks are translations of each other: the same words said in another language.

Nearness alone does not tell: a price list is as near to next year's as to its translation. So three things come
together: the two are each other's nearest, and near enough beyond the second nearest (a margin, as Artetxe & Schwenk,
ACL 2019, found parallel sentences); their numbers agree as values; and they say about equally much.
"""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.language import UNKNOWN
from index.lengths import text_weight
from rag.kinship import Kinship, kinship
from rag.numbers import numbers_occur
from rag.settings import FoldingSettings

_NUMBER = re.compile(r"\d+(?:[.,:/٫٬’'\u00a0\u202f-]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d)[.,٬’'\u00a0\u202f](?=\d{3}(?!\d))")
_DIGITS = re.compile(r"\d+")
# Further shared numbers add nothing: three are no coincidence.
_MOST_SHARED = 3


class Text:
    """A chunk's text, and what is asked about it: worked out once, and only if asked."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language

    @cached_property
    def weight(self) -> float:
        """Its length in characters of Latin script that say as much."""
        return text_weight(self.text)

    @cached_property
    def figures(self) -> frozenset[tuple[int, ...]]:
        """Its numbers in figures, alike in all digits and separators; dates and ranges in their parts."""
        values: set[tuple[int, ...]] = set()
        for written in _NUMBER.findall(self.text):
            parts = tuple(map(int, _DIGITS.findall(_THOUSANDS.sub("", written)[:40])))
            decimal = len(parts) == 2 and "-" not in written and "/" not in written
            values.update((parts,) if decimal else ((part,) for part in parts))
        return frozenset(values)


def likely_pairs(
    texts: Sequence[Text], vectors: NDArray[np.float32], *, settings: FoldingSettings
) -> list[tuple[int, int]]:
    """Return the pairs of places, lower first, that are near enough to be translations, the likeliest pair first.

    Whether they say the same is for `says_the_same` to decide, which takes longer.

    Args:
        texts: Some chunks; those in an unknown language have no translations.
        vectors: Their unit vectors, shape (chunks, dimensions), of the bundled model.
        settings: Thresholds and weights.
    """
    known = sorted({text.language for text in texts} - {UNKNOWN})
    order = sorted((at for at, text in enumerate(texts) if text.language != UNKNOWN), key=lambda at: texts[at].language)
    if len(known) < 2:
        return []
    code = np.array([known.index(texts[at].language) for at in order])
    starts = np.searchsorted(code, np.arange(len(known)))
    sorted_vectors = vectors[order]
    cosine = sorted_vectors @ sorted_vectors.T
    cosine = np.maximum(cosine, cosine.T)  # one and the same both ways, to the last bit
    np.fill_diagonal(cosine, -1)
    nearest = np.maximum.reduceat(cosine, starts, axis=1)[:, code]  # of each chunk (row) in each chunk's language
    is_nearest = cosine == nearest
    second = np.maximum.reduceat(np.where(is_nearest, -1, cosine), starts, axis=1)[:, code]
    is_tie = np.add.reduceat(is_nearest, starts, axis=1, dtype=np.intp)[:, code] > 1
    second = np.where(is_tie, nearest, second)
    evidence = cosine - settings.margin * np.maximum(np.maximum(second, second.T), 0)
    least = min(settings.nearness, settings.nearness_other_script) - _MOST_SHARED * settings.shared_number
    mutual = is_nearest & is_nearest.T & (code[:, None] < code)
    found = []
    for row, column in np.argwhere(mutual & (evidence >= least)).tolist():
        one, other = sorted((order[row], order[column]))
        shared = min(len(texts[one].figures & texts[other].figures), _MOST_SHARED)
        surplus = float(evidence[row, column]) + settings.shared_number * shared
        surplus -= _least(texts[one].language, texts[other].language, settings)
        if surplus >= 0:
            found.append((-surplus, one, other))
    return [(one, other) for _, one, other in sorted(found)]


def _least(one: str, other: str, settings: FoldingSettings) -> float:
    return settings.nearness_other_script if kinship(one, other) is Kinship.OTHER_SCRIPT else settings.nearness


def says_the_same(one: Text, other: Text, *, settings: FoldingSettings) -> bool:
    """Whether two texts in different languages say about equally much, and neither a number the other lacks."""
    shorter, longer = sorted((one, other), key=lambda text: text.weight)
    if shorter.weight < settings.least_share * longer.weight:
        return False
    return _has_numbers(shorter, longer) and _has_numbers(longer, shorter)


def _has_numbers(stated: Text, text: Text) -> bool:
    # In figures on both sides is what most are; words, dates and magnitudes take fifty times as long to read.
    return stated.figures <= text.figures or numbers_occur(stated.text, text.text, language=text.language)
