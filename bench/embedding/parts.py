"""What a subword is made of, while it is learnt: itself and the letters it shares with others.

A subword's vector is its own plus those of its letter n-grams (Bojanowski et al. 2017), so that rare forms learn from
frequent ones: inflections, cognates, names. The sum is a plain table afterwards; nothing of it is left in the model.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Scripts whose single characters carry meaning.
_SYLLABIC = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Parts:
    """The n-grams of each subword end to end, as rows after those of the subwords themselves."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Shape (vocabulary + 1,)."""
    count: int
    """Rows of n-grams there are."""

    def of(self, tokens: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the n-grams of some subwords: rows end to end, where each subword's start, and how many it has."""
        begin = self.starts[tokens]
        lengths = self.starts[tokens + 1] - begin
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        return self.rows[np.arange(lengths.sum()) - np.repeat(starts - begin, lengths)], starts, lengths


def parts_of(vocabulary: Sequence[str], *, fewest: int = 3) -> Parts:
    """Find the n-grams that at least `fewest` subwords share."""
    grams = [sorted({zlib.crc32(gram.encode()) for gram in ngrams(piece)}) for piece in vocabulary]
    every, counts = np.unique(np.array([gram for held in grams for gram in held]), return_counts=True)
    kept = {int(gram): len(vocabulary) + at for at, gram in enumerate(every[counts >= fewest])}
    rows = [[kept[gram] for gram in held if gram in kept] for held in grams]
    starts = np.concatenate(([0], np.cumsum([len(held) for held in rows])))
    return Parts(np.array([row for held in rows for row in held], np.int64), starts, len(kept))


def ngrams(piece: str) -> Iterator[str]:
    """Cut a subword into its n-grams of 3 to 5 letters, or its characters, and all of it without its space."""
    word = piece.replace("▁", " ").strip()
    if not word:
        return
    yield f"={word}"
    if _SYLLABIC.search(word):
        yield from word
        yield from (word[at : at + 2] for at in range(len(word) - 1))
        return
    if " " in word:
        yield from (f"={part}" for part in word.split())
        return
    marked = f"<{word}" if piece.startswith("▁") else word
    for size in (3, 4, 5):
        yield from (marked[at : at + size] for at in range(len(marked) - size + 1))
