"""Which stretch of a document is shown and where its quote stands, at the same cost in a text of any length."""

import re
from dataclasses import dataclass, replace

from index.blocks import Block, find_blocks, heading_span

WINDOW = 20_000
"""Characters shown at first: some ten pages, which a phone scrolls without effort."""
LARGEST = 100_000
"""Characters shown at most; beyond that a window moves instead of growing."""

# How far before the stretch its headings are looked for: 5 ms, at 20 million characters a second.
_LOOK_BACK = 100_000
# How far a border may move outwards to the end of a block.
_MARGIN = 2_000
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)")

Span = tuple[int, int]
"""Start and end, in characters of the document's text."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document's text, from `start` to `end`, and its blocks; those at its borders may be cut."""

    start: int
    end: int
    blocks: tuple[Block, ...]
    headings: tuple[str, ...]
    """The headings above its quote, or else above its start, outermost first."""


def find_quote(text: str, start: int | None, end: int | None, *, expected: str | None) -> Span | None:
    """Return where a quote stands: at its offsets, else where the same characters are nearest to them, else nowhere.

    Args:
        text: The document's.
        start: Offset of its first character, as far as known.
        end: Offset behind its last one.
        expected: Its characters; without them the offsets are believed.
    """
    if start is not None and end is not None and 0 <= start < end <= len(text) and expected in (None, text[start:end]):
        return start, end
    if not expected:
        return None
    origin = min(max(start or 0, 0), len(text))
    after = text.find(expected, origin)
    # What `rfind` would find; but that takes quadratic time in texts made for it, and `find` does not.
    reach = text[: origin + len(expected) - 1]
    reversed_at = reach[::-1].find(expected[::-1])
    before = len(reach) - reversed_at - len(expected) if reversed_at >= 0 else -1
    found = [at for at in (before, after) if at >= 0]
    if not found:
        return None
    nearest = min(found, key=lambda at: abs(at - origin))
    return nearest, nearest + len(expected)


def window_around(quote: Span | None, *, size: int = WINDOW) -> Span:
    """Return what is shown at first: the beginning of a text, or half of the size before and after a quote."""
    return (quote[0] - size // 2, quote[1] + size // 2) if quote else (0, size)


def bounded(first: int, last: int, *, length: int) -> Span:
    """Return the part of a window, which may come from anywhere, that a text of this length has; never too much."""
    first = min(max(first, 0), max(length - 1, 0))
    return first, min(max(last, first + 1), first + LARGEST, length)


def window_before(stretch: Stretch) -> Span:
    """Return the window to show when more of the text before is asked for: at most twice as much."""
    first = max(stretch.start - _growth(stretch), 0)
    return first, min(stretch.end, first + LARGEST)


def window_after(stretch: Stretch, *, length: int) -> Span:
    """Return the window to show when more of the text after is asked for: at most twice as much."""
    last = min(stretch.end + _growth(stretch), length)
    return max(stretch.start, last - LARGEST), last


def stretch_of(text: str, window: Span, *, quote: Span | None = None) -> Stretch:
    """Return a window of a text with its blocks, its borders moved out to those of blocks where they are near."""
    start, end = _border_before(text, window[0]), _border_after(text, window[1])
    place = quote[0] if quote and start <= quote[0] < end else start
    reading_start = _outside_fences(text, _border_before(text, max(start - _LOOK_BACK, 0)))
    blocks = [
        replace(block, start=block.start + reading_start, end=block.end + reading_start)
        for block in find_blocks(text[reading_start:end])
    ]
    shown = tuple(replace(block, start=max(block.start, start)) for block in blocks if block.end > start)
    return Stretch(start, end, shown, _headings_above(text, blocks, place))


def _growth(stretch: Stretch) -> int:
    return min(stretch.end - stretch.start, LARGEST // 2)  # where a window moves, half of it stays in sight


def _headings_above(text: str, blocks: list[Block], place: int) -> tuple[str, ...]:
    open_headings: list[Block] = []
    for block in blocks:
        if block.kind == "heading" and block.end <= place:
            open_headings = [*(one for one in open_headings if one.level < block.level), block]
    return tuple(text[slice(*heading_span(text, heading))] for heading in open_headings)


def _border_before(text: str, at: int) -> int:
    """The start of the block that `at` is in, of its line if that is far, `at` itself if the line is long, too."""
    nearest = at - _MARGIN
    if nearest <= 0:
        return 0
    blank_ends = [found.end() for found in _BLANK_LINE.finditer(text, nearest, at)]
    return blank_ends[-1] if blank_ends else text.rfind("\n", nearest, at) + 1 or at


def _border_after(text: str, at: int) -> int:
    """The end of the block that `at` is in, or of its line, or `at` itself, as above."""
    farthest = at + _MARGIN
    if farthest >= len(text):
        return len(text)
    blank = _BLANK_LINE.search(text, at, farthest)
    line_break = blank.start() if blank else text.find("\n", at, farthest)
    return line_break if line_break >= 0 else at


def _outside_fences(text: str, at: int) -> int:
    """`at`, or the start of the code fence that is open there, so that blocks can be found from there on."""
    open_mark, opened_at = "", at
    for fence in _fences(text, end=at):
        mark, rest = fence.groups()
        if not open_mark:
            if mark[0] == "~" or "`" not in rest:
                open_mark, opened_at = mark, fence.start()
        elif mark.startswith(open_mark) and not rest.strip():
            open_mark = ""
    return opened_at if open_mark else at


def _fences(text: str, *, end: int) -> list[re.Match[str]]:
    """The lines before `end` that open or close a code fence, if only one is not inside another; in order."""
    found = []
    for mark in ("```", "~~~"):  # a regular expression would look at every line of the text
        at = text.find(mark, 0, end)
        while at >= 0:
            line_end = text.find("\n", at, end)
            fence = _FENCE.match(text, at, end)
            if fence and not text[text.rfind("\n", 0, at) + 1 : at].strip():
                found.append(fence)
            at = text.find(mark, line_end, end) if line_end >= 0 else -1
    return sorted(found, key=lambda fence: fence.start())
