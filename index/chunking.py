"""`Document` → chunks of one to three sentences, cut at sentence ends, with their headings and character offsets."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from index.blocks import Block, Kind, find_blocks, heading_span
from index.documents import Chunk, Document
from index.lengths import cut_spans, text_weight
from index.sentences import sentence_spans
from index.settings import ChunkingSettings

HEADING_SEPARATOR = " › "
MAX_SENTENCES = 3

# Below this share of the target length a chunk says too little to be found by: it takes the next sentence in any case.
_SPARSE = 0.25
# From this share on, the end of a paragraph is a better place to stop than the target length.
_FILLED = 0.5
# The last chunk of a section may grow to this many times the target length to take in a sparse remnant.
_STRETCH = 1.5
# A line without a full stop that is no longer than this, on its own, is taken for a title.
_TITLE_LONGEST = 100


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and the blocks up to the next one."""

    heading: str
    """With the headings above it; empty before the first."""
    title: tuple[int, int, str] | None
    """Of a heading with nothing below: its offsets, and the headings above it."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut any further: a sentence, list item, table row or code fence, or a part of a very long one."""

    kind: Kind
    block: int
    start: int
    end: int
    weight: float


def chunk_document(document: Document, *, settings: ChunkingSettings) -> list[Chunk]:
    """Cut a document into chunks, in the order of its text; a text of white space alone has none.

    A chunk holds consecutive sentences up to the target length, never across a heading. A heading is part of
    `Chunk.heading` of all that is below it, and a chunk only where nothing is. Chunks do not overlap.
    """
    version = hashlib.sha256(f"{document.source}\0{document.content_hash}\0{settings.name}".encode()).hexdigest()[:12]
    return [
        Chunk(f"{version}-{number}", document.source, document.text[start:end], start, end, heading)
        for number, (start, end, heading) in enumerate(_chunk_spans(document, settings), start=1)
    ]


def _chunk_spans(document: Document, settings: ChunkingSettings) -> Iterator[tuple[int, int, str]]:
    text = document.text
    sentences = sentence_spans(text, document.language)
    for section in _sections(text):
        if section.title:
            yield section.title
        units = list(_units(text, section.blocks, sentences, settings))
        for group in _groups(text, units, settings):
            yield group[0].start, group[-1].end, section.heading


def _sections(text: str) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    title: tuple[int, int] | None = None
    blocks: list[Block] = []

    def section(next_level: int) -> _Section:
        names = [name for _, name in path]
        is_empty = title is not None and not blocks and path[-1][0] >= next_level
        lonely = (*title, HEADING_SEPARATOR.join(names[:-1])) if title and is_empty else None
        return _Section(HEADING_SEPARATOR.join(names), lonely, tuple(blocks))

    for block in find_blocks(text):
        if block.kind == "rule":
            continue
        if block.kind != "heading":
            blocks.append(block)
            continue
        yield section(block.level)
        title, blocks = heading_span(text, block), []
        path = [outer for outer in path if outer[0] < block.level]
        path.append((block.level, " ".join(text[slice(*title)].split())))
    yield section(0)


def _units(
    text: str, blocks: tuple[Block, ...], sentences: list[tuple[int, int]], settings: ChunkingSettings
) -> Iterator[_Unit]:
    for number, block in enumerate(blocks):
        for start, end in _parts(text, block, sentences, settings):
            weight = text_weight(text[start:end])
            if weight <= settings.max_length:
                yield _Unit(block.kind, number, start, end, weight)
                continue
            for part_start, part_end in cut_spans(text, start, end, longest=settings.max_length):
                yield _Unit(block.kind, number, part_start, part_end, text_weight(text[part_start:part_end]))


def _parts(
    text: str, block: Block, sentences: list[tuple[int, int]], settings: ChunkingSettings
) -> Iterator[tuple[int, int]]:
    """The sentences of a block, of a fence its lines; rows, and items and fences that fit in a chunk, are whole."""
    whole = {"row": 0, "item": settings.target_length, "fence": settings.max_length}.get(block.kind)
    if whole is not None and (not whole or text_weight(text[block.start : block.end]) <= whole):
        yield block.start, block.end
        return
    for index in range(bisect_left(sentences, (block.start, 0)), len(sentences)):
        start, end = sentences[index]
        if start >= block.end:
            return
        yield start, end


def _groups(text: str, units: list[_Unit], settings: ChunkingSettings) -> list[list[_Unit]]:
    groups: list[list[_Unit]] = []
    weight, sentences = 0.0, 0
    for unit in units:
        is_sentence = unit.kind == "paragraph"
        fits = sentences + is_sentence <= MAX_SENTENCES
        if not groups or not fits or not _belongs(text, groups[-1][-1], unit, weight, settings):
            groups.append([])
            weight, sentences = 0.0, 0
        groups[-1].append(unit)
        weight += unit.weight + 1  # one for the space between
        sentences += is_sentence
    if len(groups) > 1 and _is_remnant(groups[-2], groups[-1], settings):
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _is_remnant(group: list[_Unit], last: list[_Unit], settings: ChunkingSettings) -> bool:
    """Whether the last group of a section says too little alone and the one before can take it."""
    weight = sum(unit.weight + 1 for unit in last)
    total = weight + sum(unit.weight + 1 for unit in group)
    sentences = sum(unit.kind == "paragraph" for unit in group + last)
    longest = min(_STRETCH * settings.target_length, settings.max_length)
    return weight < _SPARSE * settings.target_length and total <= longest and sentences <= MAX_SENTENCES


def _belongs(text: str, last: _Unit, unit: _Unit, weight: float, settings: ChunkingSettings) -> bool:
    """Whether a unit goes into the same chunk as the last one, where the chunk weighs as much as given so far."""
    if weight + unit.weight > settings.max_length:
        return False
    is_new_block = unit.block != last.block and (unit.kind != last.kind or unit.kind == "paragraph")
    if last.kind == "paragraph" and unit.kind != "paragraph" and text[last.end - 1] in ":：":
        return True
    if weight < _SPARSE * settings.target_length:
        return True
    starts_title = _is_title(text, unit) and not _is_title(text, last)
    if is_new_block and (starts_title or weight >= _FILLED * settings.target_length):
        return False
    return weight + unit.weight <= settings.target_length


def _is_title(text: str, unit: _Unit) -> bool:
    """Whether a paragraph looks like the title of the next one, as in plain text, which has no marks for headings."""
    return (
        unit.kind == "paragraph"
        and unit.weight <= _TITLE_LONGEST
        and (text[unit.end - 1].isalnum() or text[unit.end - 1] in "?:：？")
    )
