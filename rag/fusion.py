"""Merges the rankings of several searchers into one."""

from collections import defaultdict
from collections.abc import Sequence

from index.documents import Chunk, ScoredChunk

# The value suggested by Cormack et al. (SIGIR 2009); a smaller one trusts first places more.
RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[ScoredChunk]], *, weights: Sequence[float] | None = None
) -> list[ScoredChunk]:
    """Merge rankings by summing `weight / (RRF_K + rank)` for each chunk, best first.

    Args:
        rankings: One ranking per searcher, best first. Only the order counts, not the scores.
        weights: One weight per ranking; equal weights if omitted.

    Raises:
        ValueError: If the numbers of weights and rankings differ.
    """
    weights = weights if weights is not None else (1.0,) * len(rankings)
    if len(weights) != len(rankings):
        raise ValueError(f"Got {len(weights)} weights for {len(rankings)} rankings.")
    chunks: dict[str, Chunk] = {}
    scores: defaultdict[str, float] = defaultdict(float)
    searchers: defaultdict[str, list[str]] = defaultdict(list)
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, found in enumerate(ranking, start=1):  # the paper counts ranks from 1
            chunks[found.chunk.id] = found.chunk
            scores[found.chunk.id] += weight / (RRF_K + rank)
            searchers[found.chunk.id] += found.searchers
    # Ties are broken by id, so that the same question always gives the same order.
    best_first = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [ScoredChunk(chunks[chunk_id], scores[chunk_id], tuple(searchers[chunk_id])) for chunk_id in best_first]
