"""Question to passages: candidates of both searchers, fused, reranked, widened to what stands around them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from index.documents import Chunk, ScoredChunk
from index.knowledge_base import KnowledgeBase
from index.language import same_language
from rag.answers import Passage
from rag.fusion import reciprocal_rank_fusion
from rag.reranking import TokenEmbedder, coverage
from rag.settings import RetrievalSettings


def search(
    knowledge_base: KnowledgeBase,
    query: str,
    *,
    language: str,
    top_k: int,
    token_embedder: TokenEmbedder,
    settings: RetrievalSettings,
) -> list[ScoredChunk]:
    """Return the chunks that suit the query best, best first; a score of 1 is what the right chunk typically reaches.

    Args:
        knowledge_base: What is searched.
        query: A question or some words, in any language.
        language: The query's language, which decides how much the lexical search counts.
        top_k: How many to return at most.
        token_embedder: Token vectors for the reranking.
        settings: Depths and weights.
    """
    dense = knowledge_base.search_dense(query, limit=settings.candidates)
    lexical = knowledge_base.search_lexical(query, limit=settings.candidates)
    languages = knowledge_base.languages()
    weight = lexical_weight(language, languages.values(), settings=settings)
    fused = reciprocal_rank_fusion([dense, lexical], weights=[1.0, weight])[: settings.candidates]
    scored = _rescored(
        query, fused, dense=dense, lexical=lexical, lexical_weight=weight, embedder=token_embedder, settings=settings
    )
    comparable = [
        replace(found, score=found.score / settings.typical.of(language, languages[found.chunk.source]))
        for found in scored
        if found.chunk.source in languages  # removed meanwhile
    ]
    return sorted(comparable, key=lambda found: (-found.score, found.chunk.id))[:top_k]


def lexical_weight(language: str, document_languages: Collection[str], *, settings: RetrievalSettings) -> float:
    """How much lexical search counts: within a language words meet, across languages only names and numbers do."""
    same = any(same_language(language, other) for other in document_languages)
    return 1.0 if same else settings.lexical_weight_across


def _rescored(
    query: str,
    fused: Sequence[ScoredChunk],
    *,
    dense: Sequence[ScoredChunk],
    lexical: Sequence[ScoredChunk],
    lexical_weight: float,
    embedder: TokenEmbedder,
    settings: RetrievalSettings,
) -> list[ScoredChunk]:
    covered = coverage(query, [found.chunk.text for found in fused], embedder=embedder)
    cosine = {found.chunk.id: found.score for found in dense}
    bm25 = {found.chunk.id: found.score for found in lexical}
    # BM25 has no upper end of its own; as a share of the best one it can be added to the others.
    best = max(bm25.values(), default=0.0) or 1.0
    return [
        replace(
            found,
            score=cover
            + settings.dense_share * max(cosine.get(found.chunk.id, 0.0), 0.0)
            + settings.lexical_share * lexical_weight * bm25.get(found.chunk.id, 0.0) / best,
        )
        for found, cover in zip(fused, covered, strict=True)
    ]


def build_passages(
    knowledge_base: KnowledgeBase, found: Sequence[ScoredChunk], *, settings: RetrievalSettings
) -> list[Passage]:
    """Widen chunks to passages, best first, numbered from 1: each with its neighbours, none overlapping another."""
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
