"""Text → blocks: the headings, paragraphs, list items, table rows and code fences of Markdown and plain text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["heading", "paragraph", "item", "row", "fence", "rule"]

# A line longer than this is not wrapped by hand or by an editor, so the line breaks around it were meant.
WRAP_LIMIT = 120
# A longer "heading" is a paragraph that starts with a number sign; it would be repeated on every chunk below it.
HEADING_LIMIT = 300

_HEADING = re.compile(r"#{1,6}(?=[ \t]+[^\s#])")
_UNDERLINE = re.compile(r"=+$|-{2,}$")
_RULE = re.compile(r"(?:[-*_=][ \t]?){3,}$")
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_ROW = re.compile(r"\||.*?[ \t]\|[ \t]")
_ITEM = re.compile(r"(?:[-*+•‣◦▪●]|1[.)])[ \t]+\S|１[．）、]")
# These open an item only where they cannot be the middle of a wrapped sentence ("… am / 3. Mai").
_LATER_ITEM = re.compile(r"(?:\d{1,4}[.)]|[^\W\d_][.)]|[–—]|[（(]\d{1,3}[)）])[ \t]+\S|\d{1,3}[．）、]")
_HEADING_MARKS = re.compile(r"#{1,6}[ \t]+|[ \t]+#+$|\s*\n\s*(?:=+|-+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines that belong together; `text[start:end]` neither starts nor ends with white space."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    """Of a heading, 1 to 6; else 0."""


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text in order; together they cover every character that is not white space.

    A single line break inside a paragraph or list item does not end it, unless one of the two lines is too long to have
    been wrapped. Each table row is a block of its own; a code fence is one block, its marks included.
    """
    open_block: Block | None = None
    for line in _lines(text):
        extended = _extend(text, open_block, line) if open_block and line else None
        if open_block and not extended:
            yield open_block
        open_block = extended or line
    if open_block:
        yield open_block


def heading_span(text: str, block: Block) -> tuple[int, int]:
    """The offsets of a heading's words, without the marks that make it one."""
    start, end = block.start, block.end
    for mark in _HEADING_MARKS.finditer(text[start:end]):
        if mark.start() == 0:
            start += mark.end()
        elif mark.end() == block.end - block.start:
            end = block.start + mark.start()
    return start, end


def _lines(text: str) -> Iterator[Block | None]:
    """Yield each line, a whole code fence counting as one, as the block it would be alone; None for a blank line."""
    position = 0
    while position < len(text):
        end = _line_end(text, position)
        content = text[position:end].strip()
        if not content:
            yield None
        else:
            start = text.index(content[0], position)
            kind = _kind(content)
            if kind == "fence":
                end = _fence_end(text, end, opening=content)
            level = len(content) - len(content.lstrip("#")) if kind == "heading" else 0
            yield Block(kind, start, start + len(text[start:end].rstrip()), level)
        position = end + 1


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _kind(content: str) -> Kind:
    if content[0].isalpha() and " | " not in content and not _LATER_ITEM.match(content):
        return "paragraph"
    if _HEADING.match(content) and len(content) <= HEADING_LIMIT:
        return "heading"
    if _FENCE.match(content):
        return "fence"
    if _RULE.match(content):
        return "rule"
    if _ROW.match(content):
        return "row"
    return "item" if _ITEM.match(content) or _LATER_ITEM.match(content) else "paragraph"


def _fence_end(text: str, end: int, *, opening: str) -> int:
    """The end of the line that closes a fence, or of the text: an open fence runs to the end, as in CommonMark."""
    mark = opening[: len(opening) - len(opening.lstrip(opening[0]))]
    while end < len(text):
        position = end + 1
        end = _line_end(text, position)
        content = text[position:end].strip()
        if content.startswith(mark) and not content.strip(mark[0]):
            return end
    return len(text)


def _extend(text: str, block: Block, line: Block) -> Block | None:
    """The block with one more line, or None if the line starts a block of its own."""
    content = text[line.start : line.end]
    is_short = line.end - block.start <= HEADING_LIMIT
    # CommonMark would make a heading of several lines too, but that hides a paragraph of plain text above a rule.
    if (
        block.kind == "paragraph"
        and is_short
        and _UNDERLINE.match(content)
        and "\n" not in text[block.start : block.end]
    ):
        return Block("heading", block.start, line.end, 1 if content[0] == "=" else 2)
    continues = line.kind == "paragraph" or (
        line.kind == "item" and block.kind == "paragraph" and not _ITEM.match(content)
    )
    if block.kind not in ("paragraph", "item") or not continues:
        return None
    last_line_start = max(text.rfind("\n", block.start, block.end) + 1, block.start)
    if max(block.end - last_line_start, len(content)) > WRAP_LIMIT:
        return None
    return replace(block, end=line.end)
