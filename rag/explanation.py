"""Why an answer is what it is: what was searched for, what each searcher found, and what became of it.

It is made from what a question leaves behind anyway (`rag.retrieval.SearchSteps`), after the answer and only if asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from index.documents import ScoredChunk

if TYPE_CHECKING:
    from rag.answers import Passage
    from rag.follow_ups import SearchQuestion
    from rag.retrieval import SearchSteps


class Fate(StrEnum):
    """What became of a candidate."""

    SHOWN = "shown"
    """It is in a passage."""
    SAME = "same"
    """It says the same as a better one, in whose place it might have stood: a version or a translation."""
    SURPLUS = "surplus"
    """Enough better ones made the passages."""
    OUTRANKED = "outranked"
    """Both searchers together found enough better ones, so that it was not looked at more closely."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate stood in a ranking, or in two blended to one: rank from 1, and its score there."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that a searcher found."""

    document: str
    start: int
    end: int
    text: str
    dense: Place | None
    lexical: Place | None
    ranked: Place | None
    """By how sure it is that it answers, from 0 to 1."""
    fate: Fate
    passage: int | None = None
    """The number of the passage it is in."""
    same_as: str = ""
    """Location of the one that says the same."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a question was answered."""

    standalone_question: str
    """What was searched for: the question, in a chat model's words if it does not stand alone."""
    in_context: str
    """What was searched for as well, made of the question and those before it; empty if nothing was."""
    context_share: float
    """What the results of that count for, from 0 to 1."""
    candidates: tuple[Candidate, ...]
    """Best first; those that were not looked at more closely follow by their better rank."""
    seconds: Mapping[str, float]
    """Of the steps of the search."""


def explain(asked: "SearchQuestion", steps: "SearchSteps", passages: "Sequence[Passage]") -> Explanation:
    """Put together what became of each chunk that was found.

    Args:
        asked: What was searched for.
        steps: What the search gave.
        passages: What was made of its results.
    """
    rankings = {"dense": _places(steps.dense), "lexical": _places(steps.lexical), "ranked": _places(steps.ranked)}
    found = {scored.chunk.id: scored for ranking in (steps.ranked, steps.dense, steps.lexical) for scored in ranking}
    same_as = {version.id: kept.chunk for kept in steps.results for version in kept.versions}
    candidates = []
    for chunk_id, scored in found.items():
        chunk, kept = scored.chunk, same_as.get(chunk_id)
        places = {name: ranking.get(chunk_id) for name, ranking in rankings.items()}
        passage = _passage_with(scored, passages)
        if passage is not None:
            fate = Fate.SHOWN
        elif kept is not None:
            fate = Fate.SAME
        else:
            fate = Fate.OUTRANKED if places["ranked"] is None else Fate.SURPLUS
        candidates.append(
            Candidate(
                chunk.source,
                chunk.start,
                chunk.end,
                chunk.text,
                **places,
                fate=fate,
                passage=passage,
                same_as=kept.location if kept is not None and passage is None else "",
            )
        )
    return Explanation(
        standalone_question=asked.standalone,
        in_context=asked.query if 0 < asked.share < 1 else "",
        context_share=asked.share if asked.share < 1 else 0.0,
        candidates=tuple(sorted(candidates, key=_order)),
        seconds=dict(steps.seconds),
    )


def _places(ranking: Sequence[ScoredChunk]) -> dict[str, Place]:
    return {scored.chunk.id: Place(rank, round(scored.score, 4)) for rank, scored in enumerate(ranking, start=1)}


def _passage_with(scored: ScoredChunk, passages: "Sequence[Passage]") -> int | None:
    chunk = scored.chunk
    return next(
        (
            passage.number
            for passage in passages
            if passage.document == chunk.source and passage.start <= chunk.start and chunk.end <= passage.end
        ),
        None,
    )


def _order(candidate: Candidate) -> tuple[bool, int, str, int]:
    """Those that were ranked by that, then the others by their better rank; ties as they stand in the documents."""
    others = [place.rank for place in (candidate.dense, candidate.lexical) if place is not None]
    rank = candidate.ranked.rank if candidate.ranked is not None else min(others)
    return candidate.ranked is None, rank, candidate.document, candidate.start
