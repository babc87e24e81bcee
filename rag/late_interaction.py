"""Late interaction over static token vectors: how well one text is covered by another, across languages.

Follows ColBERT's MaxSim (Khattab & Zaharia 2020): each token of the question looks for its best match in the text. Here
the vectors are those of the bundled static model, the matches are squared so that one good match counts for more than
several poor ones, and each token counts by its weight, so that "the" says little.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedder

# How much of its two neighbours a token's vector takes on where passages are ranked. A static vector says nothing about
# its place; with this "New York" and "York ... new" differ. Figures: `bench/RESULTS.md`, late interaction.
NEIGHBOUR_SHARE = 0.25

TokenIds = NDArray[np.uint32]


class TokenEmbedder(Protocol):
    """Gives each text's token vectors."""

    def token_ids(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text's tokens, in order."""
        ...

    def token_rows(self, ids: TokenIds) -> NDArray[np.float32]:
        """Return the vectors of tokens, each as long as the token's weight."""
        ...


class QuoteEmbedder(Embedder, TokenEmbedder, Protocol):
    """Vectors of whole texts and of their tokens, as the bundled model gives both."""


def coverage(question: str, texts: Sequence[str], *, embedder: TokenEmbedder) -> list[float]:
    """Return for each text how much of the question it covers, from 0 (nothing alike) to 1 (every token occurs).

    Args:
        question: What shall be covered: a question, or a claim to be supported.
        texts: What may cover it.
        embedder: Where token vectors come from.
    """
    asked, *offered = embedder.token_ids([question, *texts])
    return [float(score) for score in TextTokens(offered, embedder=embedder).coverage(asked)]


class TextTokens:
    """The tokens of some texts, looked up once: to be compared with a question, and to be vectors of the texts.

    For ranking: thousands of tokens take a few milliseconds.
    """

    def __init__(self, texts: Sequence[TokenIds], *, embedder: TokenEmbedder) -> None:
        """Look up the vectors of all tokens.

        Args:
            texts: Token ids of each text.
            embedder: Where the vectors of tokens come from.
        """
        lengths = np.array([len(ids) for ids in texts], np.int64)
        self._embedder = embedder
        self._filled = lengths > 0
        self._bounds = np.concatenate(([0], np.cumsum(lengths)))
        self._starts = self._bounds[:-1][self._filled]
        self._rows = embedder.token_rows(np.concatenate([*texts, np.zeros(0, np.uint32)]))
        self._inside = np.ones((len(self._rows), 1), np.float32)  # 1 where the next token belongs to the same text
        self._inside[self._starts[1:] - 1] = self._inside[-1:] = 0

    def coverage(self, question: TokenIds) -> NDArray[np.float64]:
        """Return for each text how much of the question it covers, from 0 to 1, whatever the order of words."""
        return self._covered(question, share=0)

    def phrase_coverage(self, question: TokenIds) -> NDArray[np.float64]:
        """Return for each text how much of the question it covers, from 0 to 1, order of words included.

        Each token is seen together with its neighbours, on both sides alike.
        """
        return self._covered(question, share=NEIGHBOUR_SHARE)

    def phrase_matches(self, question: TokenIds) -> NDArray[np.float64]:
        """Return how near each token of the question comes to its best match, from 0 to 1: (texts, tokens).

        Each token is seen together with its neighbours, as in `phrase_coverage`.
        """
        return self._matches(self._embedder.token_rows(question), share=NEIGHBOUR_SHARE)

    def _covered(self, question: TokenIds, *, share: float) -> NDArray[np.float64]:
        wanted = self._embedder.token_rows(question)
        # Thousands of them add up to more than single precision keeps.
        weights = np.linalg.norm(wanted, axis=1).astype(np.float64)
        covered: NDArray[np.float64] = self._matches(wanted, share=share) ** 2 @ weights / max(weights.sum(), 1e-12)
        return covered

    def _matches(self, wanted: NDArray[np.float32], *, share: float) -> NDArray[np.float64]:
        best = np.zeros((len(self._filled), len(wanted)))
        if not len(wanted) or not len(self._rows):
            return best
        # Only similarities are mixed, never vectors: (tokens of the texts, tokens of the question).
        alike = self._rows @ _with_neighbours(wanted, share).T
        mixed = alike.copy()
        mixed[:-1] += share * self._inside[:-1] * alike[1:]
        mixed[1:] += share * self._inside[:-1] * alike[:-1]
        mixed /= _mixed_norms(self._rows, self._inside[:, 0], share)[:, None]
        best[self._filled] = np.clip(np.maximum.reduceat(mixed, self._starts, axis=0), 0, 1)
        return best

    def vectors(self, places: Sequence[int]) -> NDArray[np.float32]:
        """Return the unit vectors of some texts, the means of their tokens', shape (places, dimensions); 0 if empty."""
        sums = np.zeros((len(places), self._rows.shape[1]), np.float32)
        for at, place in enumerate(places):
            self._rows[self._bounds[place] : self._bounds[place + 1]].sum(axis=0, out=sums[at])
        unit: NDArray[np.float32] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return unit


def _with_neighbours(rows: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Unit vectors of tokens that have taken on a share of their neighbours."""
    mixed = rows.copy()
    mixed[1:] += share * rows[:-1]
    mixed[:-1] += share * rows[1:]
    unit: NDArray[np.float32] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
    return unit


def _mixed_norms(rows: NDArray[np.float32], inside: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """The lengths, never 0, of tokens' vectors mixed with their neighbours, without mixing them.

    Args:
        rows: The vectors, in order.
        inside: 1 where the token after a place belongs to the same text, else 0.
        share: How much of its two neighbours each has taken on.
    """
    next_ = inside[:-1]
    squares = np.einsum("ij,ij->i", rows, rows)
    products = next_ * np.einsum("ij,ij->i", rows[:-1], rows[1:])
    over = next_[:-1] * next_[1:] * np.einsum("ij,ij->i", rows[:-2], rows[2:])
    total = squares.copy()
    total[:-1] += share**2 * next_ * squares[1:] + 2 * share * products
    total[1:] += share**2 * next_ * squares[:-1] + 2 * share * products
    total[1:-1] += 2 * share**2 * over
    norms: NDArray[np.float32] = np.sqrt(np.maximum(total, 1e-12))
    return norms
