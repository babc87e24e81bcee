"""Merges what both searchers found into one ranking."""

from collections.abc import Sequence

from index.documents import ScoredChunk


def fuse(
    dense: Sequence[ScoredChunk], lexical: Sequence[ScoredChunk], *, lexical_weight: float, limit: int
) -> list[ScoredChunk]:
    """Merge two rankings by the sum of their scores, best first; each chunk names the searchers that found it.

    A sum of scores keeps what a sum of ranks loses: how good the best ones are (Bruch et al. 2023, "An Analysis of
    Fusion Functions for Hybrid Retrieval"). It suits all languages with one weight because of what the lexical score
    is: the share of the query's information that a chunk holds. Across languages hardly any words meet, so it is small
    and the dense score decides, unless a rare name or number is found.

    Args:
        dense: By cosine similarity, best first.
        lexical: By the share of the query's information, best first.
        lexical_weight: What a lexical score of 1 counts beside a cosine of 1.
        limit: How many were asked for. A ranking as long as this was cut: chunks after its end may be as good as its
            last, and count as such.
    """
    scores: dict[str, float] = {}
    found: dict[str, ScoredChunk] = {}
    searchers: dict[str, tuple[str, ...]] = {}
    for ranking, weight in ((dense, 1.0), (lexical, lexical_weight)):
        for scored in ranking:
            chunk_id = scored.chunk.id
            found.setdefault(chunk_id, scored)
            scores[chunk_id] = scores.get(chunk_id, 0.0) + weight * scored.score
            searchers[chunk_id] = searchers.get(chunk_id, ()) + scored.searchers
    # What dense search left out still has a similarity; what lexical search left out mostly shares no word.
    if len(dense) == limit:
        for chunk_id in scores.keys() - {scored.chunk.id for scored in dense}:
            scores[chunk_id] += dense[-1].score
    # Ties are broken by id, so that the same question always gives the same order.
    best_first = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [ScoredChunk(found[chunk_id].chunk, scores[chunk_id], searchers[chunk_id]) for chunk_id in best_first]
