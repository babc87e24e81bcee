"""A document's text → its sections: what stands under a heading, or under a question in a list of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from index.blocks import Block, find_blocks, heading_span
from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.markup import plain
from rag.question_types import asks

# Characters of a line; a longer question is one among others in a paragraph.
_LONGEST_QUESTION = 160
# In the measure of `text_weight`: less than this below a heading is no answer.
_LEAST_BELOW = 30


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, up to the next one: `text[start:end]`."""

    heading: str
    """As a reader sees it, in one line."""
    asks: bool
    """Whether it is a question."""
    start: int
    """Where the text below the heading begins."""
    end: int


def find_sections(text: str, language: str) -> Iterator[Section]:
    """Yield the sections of a text in order; headings with next to nothing below are left out.

    Args:
        text: Markdown or plain text.
        language: Its language.
    """
    heads = [(block, heading) for block in find_blocks(text) if (heading := _heading(text, block, language))]
    starts = [block.start for block, _ in heads]
    for (block, heading), end in zip(heads, [*starts[1:], len(text)], strict=False):
        if text_weight(text[block.end : end].strip()) >= _LEAST_BELOW:
            yield Section(heading, asks(heading, language), block.end, end)


def _heading(text: str, block: Block, language: str) -> str:
    """What a block says, if it is a heading, or nothing but one question."""
    if block.kind == "heading":
        return " ".join(plain(text[slice(*heading_span(text, block))]).split())
    if block.kind not in ("paragraph", "item") or block.end - block.start > _LONGEST_QUESTION:
        return ""
    line = " ".join(plain(text[block.start : block.end]).split())
    return line if asks(line, language) and len(sentence_spans(line, language)) == 1 else ""
