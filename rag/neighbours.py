"""Results that follow each other in one document become one, so that a list does not show a page in pieces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from index.documents import Chunk, Document, ScoredChunk
from rag.settings import FoldingSettings

# White space between two neighbours, at most: only then their document is read.
_WIDEST_GAP = 8

GetDocument = Callable[[str], Document | None]


def merge_neighbours(
    ranked: Sequence[ScoredChunk], *, top_k: int, get_document: GetDocument, settings: FoldingSettings
) -> list[ScoredChunk]:
    """Return the first results, merged where one directly follows another under the same heading; best first.

    A merged result has the id, place and score of the best of its chunks, the text and offsets of the whole span,
    searchers and versions of all; versions that follow each other are merged likewise. It is not a stored chunk.

    Args:
        ranked: What was found, best first, each chunk once.
        top_k: How many to return at most. What was found after these is not looked at.
        get_document: Gives a document by its source; a chunk of one that has changed since is left as it is.
        settings: How many chunks are merged at most.
    """
    read = cache(get_document)
    return [
        _with_merged_versions(span.found, read, settings.merged) if span.size > 1 else span.found
        for span in _spans(ranked, top_k, read, settings.merged)
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    """A result, made of so many chunks."""

    found: ScoredChunk
    size: int = 1


def _spans(ranked: Sequence[ScoredChunk], limit: int, read: GetDocument, most: int) -> list[_Span]:
    kept: list[_Span] = []
    for found in ranked:
        span, place = _Span(found), len(kept)
        for other in tuple(kept):  # one before it, one after it, or none
            chunk = _joined(other.found.chunk, span.found.chunk, read) if other.size + span.size <= most else None
            if chunk is not None:
                place = min(place, kept.index(other))
                kept.remove(other)
                # A span that was joined already is as good as the first of its parts, which is the better one.
                span = _merged(other, span, chunk) if span.size == 1 else _merged(span, other, chunk)
        if place == limit:
            break
        kept.insert(place, span)
    return kept


def _merged(better: _Span, worse: _Span, chunk: Chunk) -> _Span:
    found = replace(
        better.found,
        chunk=replace(chunk, id=better.found.chunk.id),
        searchers=tuple(dict.fromkeys(better.found.searchers + worse.found.searchers)),
        versions=better.found.versions + worse.found.versions,
    )
    return _Span(found, better.size + worse.size)


def _joined(one: Chunk, other: Chunk, read: GetDocument) -> Chunk | None:
    """Both with the white space between them, or `None` if neither directly follows the other."""
    first, last = (one, other) if one.start < other.start else (other, one)
    if (one.source, one.heading) != (other.source, other.heading) or not 0 <= last.start - first.end <= _WIDEST_GAP:
        return None
    document = read(one.source)
    if document is None or document.text[first.end : last.start].strip():
        return None
    if any(document.text[chunk.start : chunk.end] != chunk.text for chunk in (first, last)):
        return None
    return replace(one, text=document.text[first.start : last.end], start=first.start, end=last.end)


def _with_merged_versions(found: ScoredChunk, read: GetDocument, most: int) -> ScoredChunk:
    versions = [ScoredChunk(chunk, found.score) for chunk in found.versions]
    spans = _spans(versions, len(versions), read, most)
    return replace(found, versions=tuple(span.found.chunk for span in spans))
