"""Late interaction over static token vectors: how well one text is covered by another, across languages.

Follows ColBERT's MaxSim (Khattab & Zaharia 2020): each token of the question looks for its best match in the text. Here
the vectors are those of the bundled static model, the matches are squared so that one good match counts for more than
several poor ones, and each token counts by its weight, so that "the" says little.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from index.embedding import Embedder, TokenVectors


class TokenEmbedder(Protocol):
    """Gives each text's token vectors."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return unit vectors and weights of each text's tokens."""
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
    if not texts:
        return []
    wanted, *offered = embedder.embed_tokens([question, *texts])
    weights = wanted.weights.astype(np.float64)  # thousands of them add up to more than single precision keeps
    total = weights.sum()
    lengths = np.array([len(tokens.weights) for tokens in offered])
    scores = np.zeros(len(texts))
    filled = lengths > 0
    if total == 0 or not filled.any():
        return [0.0] * len(texts)
    matches = wanted.vectors @ np.concatenate([tokens.vectors for tokens in offered]).T
    starts = np.concatenate(([0], np.cumsum(lengths[filled])[:-1]))
    best = np.clip(np.maximum.reduceat(matches, starts, axis=1), 0, 1)
    scores[filled] = weights @ best**2 / total
    return [float(score) for score in scores]
