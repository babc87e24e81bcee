"""Question to passages: candidates of both searchers, fused, reranked, folded, widened to what stands around them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from index.documents import Chunk, ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import KnowledgeBase
from rag.answers import Passage
from rag.clock import Clock
from rag.confidence import confidence
from rag.folding import fold
from rag.fusion import fuse
from rag.late_interaction import TextTokens, TokenEmbedder
from rag.reranking import Reranker, try_scores
from rag.settings import RetrievalSettings


class Searcher(StrEnum):
    """How far a search goes; users get the last one."""

    DENSE = "dense"
    LEXICAL = "lexical"
    FUSED = "fused"
    RERANKED = "reranked"


@dataclass(frozen=True, slots=True)
class SearchSteps:
    """What each step of one search gave, best first; nothing for steps that were not taken."""

    dense: Sequence[ScoredChunk] = ()
    lexical: Sequence[ScoredChunk] = ()
    ranked: Sequence[ScoredChunk] = ()
    """What was looked at more closely, by how sure it is."""
    results: Sequence[ScoredChunk] = ()
    """The same after folding: what the search returns."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each step took."""
    confidences: Mapping[str, float] = field(default_factory=dict)
    """How sure each chunk is to be right, by id, where its score is something else: without reranking, or with a
    model's scores."""


def search_steps(
    knowledge_base: KnowledgeBase,
    query: str,
    *,
    language: str,
    top_k: int,
    token_embedder: TokenEmbedder,
    settings: RetrievalSettings,
    within: DocumentFilter = EVERYTHING,
    searcher: Searcher = Searcher.RERANKED,
    reranker: Reranker | None = None,
) -> SearchSteps:
    """Find the chunks that suit the query best, best first, and keep what each step gave.

    The score of a result is how sure it is, from 0 to 1.

    Args:
        knowledge_base: What is searched.
        query: A question or some words, in any language.
        language: The query's language: how sure a score is, and which of several versions is shown, depend on it.
        top_k: How many results to give at most.
        token_embedder: Token vectors for the late interaction.
        settings: Depths and weights.
        within: Which documents may be found.
        searcher: How far to go; all but the last are there to be measured, and fold nothing.
        reranker: A model that orders the best candidates; late interaction alone if omitted.
    """
    clock = Clock()
    limit = max(settings.candidates, top_k)
    dense: Sequence[ScoredChunk] = ()
    lexical: Sequence[ScoredChunk] = ()
    if searcher is not Searcher.LEXICAL:
        dense = knowledge_base.search_dense(query, limit=limit, within=within)
        clock.lap("dense")
    if searcher is not Searcher.DENSE:
        lexical = knowledge_base.search_lexical(query, limit=limit, within=within)
        clock.lap("lexical")
    fused = fuse(dense, lexical, lexical_weight=settings.lexical_weight, limit=limit)
    if searcher is not Searcher.RERANKED:
        return SearchSteps(dense, lexical, results=fused[:top_k], seconds=clock.timings())
    languages = knowledge_base.languages()
    ranked = [found for found in fused[:limit] if found.chunk.source in languages]  # else removed meanwhile
    tokens = TextTokens(_token_ids(knowledge_base, ranked, token_embedder), embedder=token_embedder)
    place = {found.chunk.id: at for at, found in enumerate(ranked)}
    (asked,) = token_embedder.token_ids([query])
    legs = _Legs(dense, lexical)
    confidences = {
        found.chunk.id: confidence(
            legs.score(found, float(cover), settings),
            question=language,
            text=languages[found.chunk.source],
            settings=settings,
        )
        for found, cover in zip(ranked, tokens.phrase_coverage(asked), strict=True)
    }
    if settings.reranks:
        ranked = _best_first(replace(found, score=confidences[found.chunk.id]) for found in ranked)
        ranked = _judged(query, ranked, reranker, settings=settings)
    clock.lap("reranking")
    best, others = ranked[: settings.folded], ranked[settings.folded :]
    vectors = {}
    if len({languages[found.chunk.source] for found in best}) > 1:  # else there are no translations
        nearness = tokens.vectors([place[found.chunk.id] for found in best])
        vectors = {found.chunk.id: vector for found, vector in zip(best, nearness, strict=True) if vector.any()}
    folded = fold(best, language=language, languages=languages, vectors=vectors, settings=settings.folding)
    clock.lap("folding")
    results = [*folded, *others][:top_k]
    says_how_sure = settings.reranks and reranker is None
    return SearchSteps(dense, lexical, ranked, results, clock.timings(), {} if says_how_sure else confidences)


class _Legs:
    """What each searcher gave each chunk."""

    def __init__(self, dense: Sequence[ScoredChunk], lexical: Sequence[ScoredChunk]) -> None:
        self._cosine = {found.chunk.id: found.score for found in dense}
        self._shared = {found.chunk.id: found.score for found in lexical}
        self._least = dense[-1].score if dense else 0.0  # what dense search left out is no nearer than its last

    def score(self, found: ScoredChunk, cover: float, settings: RetrievalSettings) -> float:
        cosine = self._cosine.get(found.chunk.id, self._least)
        shared = self._shared.get(found.chunk.id, 0.0)
        return cover + settings.dense_share * max(cosine, 0.0) + settings.lexical_share * shared


def _best_first(found: Iterable[ScoredChunk]) -> list[ScoredChunk]:
    """In order of score; ties by id, so that the same question always gives the same order."""
    return sorted(found, key=lambda scored: (-scored.score, scored.chunk.id))


def _token_ids(
    knowledge_base: KnowledgeBase, found: Sequence[ScoredChunk], embedder: TokenEmbedder
) -> list[NDArray[np.uint32]]:
    """The token ids of each chunk: as stored, or cut now."""
    stored = knowledge_base.token_ids([scored.chunk for scored in found])
    missing = [at for at, ids in enumerate(stored) if ids is None]
    cut = dict(zip(missing, embedder.token_ids([found[at].chunk.text for at in missing]), strict=True))
    return [cut[at] if ids is None else ids for at, ids in enumerate(stored)]


def _judged(
    query: str, ranked: Sequence[ScoredChunk], reranker: Reranker | None, *, settings: RetrievalSettings
) -> list[ScoredChunk]:
    """Let the model, if there is one, order the best; the others stay behind them in their order."""
    best, others = ranked[: settings.judged], ranked[settings.judged :]
    scores = try_scores(reranker, query, [found.chunk.text for found in best])
    if scores is None:
        return list(ranked)
    judged = _best_first(replace(found, score=score) for found, score in zip(best, scores, strict=True))
    if not others:
        return judged
    share = judged[-1].score / max(others[0].score, 1e-9)  # so that none comes before them
    return judged + [replace(found, score=found.score * min(share, 1.0)) for found in others]


def build_passages(
    knowledge_base: KnowledgeBase,
    found: Sequence[ScoredChunk],
    *,
    settings: RetrievalSettings,
    confidences: Mapping[str, float] | None = None,
) -> list[Passage]:
    """Widen chunks to passages, best first, numbered from 1: each with its neighbours, none overlapping another.

    Args:
        knowledge_base: Where the neighbours stand.
        found: Chunks, best first.
        settings: How many, and how wide.
        confidences: How sure each chunk is, by id, where its score does not say so (`SearchSteps.confidences`).
    """
    confidences = confidences or {}
    passages: list[Passage] = []
    taken: set[str] = set()
    for scored in found:
        if len(passages) == settings.passages:
            break
        if scored.chunk.id in taken:
            continue
        around = knowledge_base.surroundings(scored.chunk, before=settings.neighbours, after=settings.neighbours)
        kept = _connected(around, scored.chunk, taken)
        document = knowledge_base.get_document(scored.chunk.source)
        if document is None or not kept or any(document.text[c.start : c.end] != c.text for c in kept):
            continue  # removed or changed since it was found
        taken.update(chunk.id for chunk in kept)
        start, end = kept[0].start, kept[-1].end
        passages.append(
            Passage(
                number=len(passages) + 1,
                document=document.source,
                title=document.title,
                language=document.language,
                text=document.text[start:end],
                start=start,
                end=end,
                score=scored.score,
                chunk=scored.chunk.id,
                heading=scored.chunk.heading,
                searchers=scored.searchers,
                date=document.date or "",
                confidence=max(
                    (confidences[chunk.id] for chunk in (scored.chunk, *scored.versions) if chunk.id in confidences),
                    default=scored.score,
                ),
            )
        )
    return passages


def _connected(around: Sequence[Chunk], centre: Chunk, taken: Collection[str]) -> list[Chunk]:
    """The neighbours on both sides up to a chunk under another heading or in another passage."""
    ids = [chunk.id for chunk in around]
    if centre.id not in ids:
        return []
    at = ids.index(centre.id)

    def fits(chunk: Chunk) -> bool:
        return chunk.heading == centre.heading and chunk.id not in taken

    first = last = at
    while first > 0 and fits(around[first - 1]):
        first -= 1
    while last + 1 < len(around) and fits(around[last + 1]):
        last += 1
    return list(around[first : last + 1])
