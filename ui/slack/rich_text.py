"""Parts of Slack's rich text, in which text is shown as it is, and how large Slack takes them to be."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ui.plain import printable

Block = dict[str, object]
"""A part of a message in Slack's JSON."""

LARGEST_MESSAGE = 10_000
"""How large the blocks of a message may be together, in the measure of `block_size`.

Slack names no limit. Messages of about 13,200 characters were refused (bolt-js #2509, `msg_blocks_too_long`), rich text
with 11,341 characters of text as well (#2867), and each block cost 100 to 125 more than its text.
"""

MOST_BLOCKS = 50
"""How many blocks a message may have."""

_BLOCK_COST = 125
_ESCAPED_COST = {"&": 4, "<": 3, ">": 3}
_LINE_SEPARATORS = str.maketrans("\u2028\u2029", "\n\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A block, what it says, and whether a message begins with it."""

    block: Block
    text: str
    is_first: bool = False


def text_part(text: str, *, bold: bool = False, italic: bool = False) -> Block:
    """Return text, which stays what it is whatever it holds; it must hold something that can be shown."""
    style = {name: True for name, is_on in (("bold", bold), ("italic", italic)) if is_on}
    return {"type": "text", "text": shown(text), **({"style": style} if style else {})}


def link_part(address: str, text: str, *, bold: bool = False) -> Block:
    """Return a link; the text is shown instead of the address."""
    return {"type": "link", "url": address, "text": shown(text), **({"style": {"bold": True}} if bold else {})}


def section(parts: Sequence[Block]) -> Block:
    """Return a paragraph, or several."""
    return {"type": "rich_text_section", "elements": list(parts)}


def quotation(text: str) -> Block:
    """Return a text as a quotation."""
    return {"type": "rich_text_quote", "elements": [text_part(text)]}


def rich_text(elements: Sequence[Block], *, block_id: str = "") -> Block:
    """Return the block that holds paragraphs and quotations."""
    return {"type": "rich_text", **({"block_id": block_id} if block_id else {}), "elements": list(elements)}


def notes(sentences: Iterable[str]) -> Block:
    """Return sentences in small print, at most ten."""
    elements = [{"type": "plain_text", "text": shown(sentence), "emoji": False} for sentence in sentences]
    return {"type": "context", "elements": elements}


def shown(text: str) -> str:
    """Return a text without what cannot be shown, or would turn the words around."""
    return printable(text.translate(_LINE_SEPARATORS))


def block_size(block: Mapping[str, object]) -> int:
    """Return how large a block is, rather too large than too small: its JSON in bytes, escaped as Slack keeps it."""
    written = json.dumps(block, ensure_ascii=False)
    return _BLOCK_COST + len(written.encode()) + sum(cost * written.count(sign) for sign, cost in _ESCAPED_COST.items())


def packed(parts: Iterable[Part], *, last: Part) -> Iterator[list[Part]]:
    """Put parts into messages that Slack takes, in order; `last` closes the last one and is in none alone."""
    group: list[Part] = []
    left = most = LARGEST_MESSAGE - block_size(last.block)
    for part in parts:
        size = block_size(part.block)
        if group and (part.is_first or size > left or len(group) == MOST_BLOCKS - 1):
            yield group
            group, left = [], most
        group.append(part)
        left -= size
    yield [*group, last]
