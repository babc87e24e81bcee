"""Markdown of a block → how each of its characters is shown, so that none moves: offsets stay those of the text."""

import re
from itertools import pairwise
from typing import Literal

from index.blocks import Block, Kind, heading_span

Style = Literal["", "strong", "em", "s", "code", "br"]
"""The HTML element around a character; none for an empty one. A `br` stands in the place of its character."""

_BULLET = re.compile(r"[-*+•‣◦▪●][ \t]+(?:\[[ xX]\][ \t]+)?")
_BLOCK_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+", re.MULTILINE)
_FENCE_LINE = re.compile(r"\A(?:`{3,}|~{3,})[^\n]*\n?|\n[ \t]*(?:`{3,}|~{3,})[ \t]*\Z")
_CELL_BORDER = re.compile(r"(?<!\\)\|")

# Whatever could be markup inside a line; most paragraphs have none of it.
_SUSPECT = re.compile(r"[\\`*_~\[<]|  \n")
# Every quantifier is bounded, because documents may be hostile.
_VERBATIM = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>(?<!`)`{1,2})(?!`)(?P<code>[^\n]{1,300}?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<line_break><br ?/?>| {2,9}(?=\n)|\\(?=\n))"
    r"|<(?P<address>https?://[^\s<>]{1,500})>"
)
_LINK = re.compile(
    r"!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]{0,80}\]){0,300})\]"
    r"\((?:<[^<>\n]{0,2000}>|(?:[^\s()<>]|\([^\s()<>]{0,200}\)){0,2000})"
    r"(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?[ \t]*\)"
)
_EMPHASIS: tuple[tuple[Style, re.Pattern[str]], ...] = (
    ("strong", re.compile(r"(\*\*\*?)(?=[^\s*])(?P<inner>(?:[^*\n]|\*(?!\*)){1,400}?)(?<=\S)\1(?!\*)")),
    ("strong", re.compile(r"(?<!\w)(__)(?=[^\s_])(?P<inner>(?:[^_\n]|_(?!_)){1,400}?)(?<=[^\s_])__(?!\w)")),
    ("s", re.compile(r"(~~)(?=[^\s~])(?P<inner>[^~\n]{1,400}?)(?<=\S)~~")),
    ("em", re.compile(r"(?<![\w*])(\*)(?=[^\s*])(?P<inner>[^*\n]{1,400}?)(?<=\S)\*(?![\w*])")),
    ("em", re.compile(r"(?<!\w)(_)(?=[^\s_])(?P<inner>[^_\n]{1,400}?)(?<=\S)_(?!\w)")),
)
_HIDDEN = "\0"


def character_styles(content: str, kind: Kind) -> list[Style | None]:
    """Return how each character of a block is shown; `None` for markup, which is not.

    What only looks like markup (`2 * 3`, `snake_case`) stays, and so does all that is in code.
    """
    styles: list[Style | None] = [""] * len(content)
    if kind == "fence":
        for line in _FENCE_LINE.finditer(content):
            _hide(styles, *line.span())
        return styles
    if kind == "heading":
        start, end = heading_span(content, Block("heading", 0, len(content)))
        _hide(styles, 0, start)
        _hide(styles, end, len(content))
    if kind == "item" and (bullet := _BULLET.match(content)):
        _hide(styles, 0, bullet.end())
    if kind == "row":
        for border in _CELL_BORDER.finditer(content):
            _hide(styles, *border.span())
    if is_block_quote(content, kind):
        for line in _BLOCK_QUOTE.finditer(content):
            _hide(styles, *line.span())
    if _SUSPECT.search(content):
        _style_inline(content, styles)
    return styles


def is_block_quote(content: str, kind: Kind) -> bool:
    """Whether a block is a quotation of its document, written with `>`."""
    return kind == "paragraph" and content.startswith(">")


def has_bullet(item: str) -> bool:
    """Whether a list item starts with a mark that says nothing, rather than with a number or letter."""
    return _BULLET.match(item) is not None


def cell_spans(row: str) -> list[tuple[int, int]]:
    """Return the offsets of what is in a table row's cells; borders at both ends of the row open none."""
    borders = [-1, *(found.start() for found in _CELL_BORDER.finditer(row)), len(row)]
    cells = [_trimmed(row, left + 1, right) for left, right in pairwise(borders)]
    first, last = len(cells) > 1 and cells[0][0] == cells[0][1], len(cells) > 1 and cells[-1][0] == cells[-1][1]
    return cells[first : len(cells) - last]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    content = text[start:end]
    left = start + len(content) - len(content.lstrip())
    return left, max(left, start + len(content.rstrip()))


def _style_inline(content: str, styles: list[Style | None]) -> None:
    """Style what is inside lines: code, escapes and addresses first, because there is no markup in them."""
    left = [_HIDDEN if style is None else character for character, style in zip(content, styles, strict=True)]
    for found in _VERBATIM.finditer("".join(left)):
        start, end = found.span()
        shown: Style = "code" if found["code"] else "br" if found["line_break"] else ""
        inner = next((name for name in ("escaped", "code", "address") if found[name]), None)
        kept = found.span(inner) if inner else (start, start + 1)
        _hide(styles, start, end)
        styles[slice(*kept)] = [shown] * (kept[1] - kept[0])
        left[start:end] = _HIDDEN * (end - start)
    for found in _LINK.finditer("".join(left)):
        for start, end in ((found.start(), found.start("label")), (found.end("label"), found.end())):
            _hide(styles, start, end)
            left[start:end] = _HIDDEN * (end - start)
    for style, pattern in _EMPHASIS:
        for found in pattern.finditer("".join(left)):
            inner_start, inner_end = found.span("inner")
            styles[inner_start:inner_end] = [style if one == "" else one for one in styles[inner_start:inner_end]]
            for start, end in ((found.start(), inner_start), (inner_end, found.end())):
                _hide(styles, start, end)
                left[start:end] = _HIDDEN * (end - start)


def _hide(styles: list[Style | None], start: int, end: int) -> None:
    styles[start:end] = [None] * (end - start)
