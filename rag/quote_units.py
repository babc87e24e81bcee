"""Passage → what can be quoted of it: sentences, list items, table rows; and quotes that a reader can do with alone.

A list item says little without the line that introduces the list, a table row without its header. So a short list or
table is quoted whole, and of a long one the introduction or header together with the item or row.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from index.blocks import Block, find_blocks
from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answers import Passage
from rag.markup import is_delimiter_row, plain
from rag.question_types import asks

WHOLE_LONGEST = 350
"""A list, table or code fence up to this length is quoted whole, in the measure of `text_weight`: about five lines."""

_COLON = (":", "：")
_EMPHASIS_MARKS = "*_"

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a passage: `passage.text[start - passage.start : end - passage.start]` is its text."""

    passage: Passage
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The exact words."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


@dataclass(frozen=True, slots=True)
class Unit:
    """The least that is quoted: a sentence, list item, table row or code fence; offsets are those of the document."""

    passage: Passage
    start: int
    end: int
    text: str
    """Its words without Markdown; those of an item or row after what introduces its list or table."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """A list or table in a passage; offsets are those of the passage's text."""

    opening: _Span | None
    """The sentence with a colon before a list, the header of a table."""
    members: tuple[_Span, ...]
    """Items, or rows without header."""

    @property
    def start(self) -> int:
        return (self.opening or self.members[0])[0]

    @property
    def end(self) -> int:
        return self.members[-1][1]


def quote_units(passage: Passage) -> list[Unit]:
    """Return the units of a passage in order; they do not overlap. Rules and delimiter rows belong to none."""
    text = passage.text
    blocks = list(find_blocks(text))
    sentences = sentence_spans(text, passage.language)
    spans = [span for block in blocks for span in _unit_spans(text, block, sentences)]
    openings = {member: listing.opening for listing in _listings(text, blocks, sentences) for member in listing.members}
    return [
        Unit(
            passage,
            passage.start + start,
            passage.start + end,
            plain("\n".join(text[slice(*span)] for span in (openings.get((start, end)), (start, end)) if span)),
        )
        for start, end in spans
    ]


def completed(quotes: Sequence[Quote], *, length: float, most: int) -> list[Quote]:
    """Return quotes that can be read alone, best first.

    Of a short list or table all is quoted, of a long one what introduces it and the item: as one quote if little stands
    between, else as two. A sentence that ends with a colon takes along what it announces. All this as far as there is
    room, and so does a question with the sentence after it: in a list of questions and answers that is what it is for.
    Neighbours in a paragraph and quotes that overlap become one.

    Args:
        quotes: Units of passages, best first.
        length: What all quotes together may be as long as, in the measure of `text_weight`.
        most: How many quotes there may be.
    """
    complete = joined(quotes)
    for quote in quotes:
        for wider in _widenings(quote):
            tried = joined([*complete, *wider])
            if len(tried) <= most and sum(text_weight(each.text) for each in tried) <= length:
                complete = tried
                break
    return sorted(complete, key=lambda quote: (-quote.score, quote.passage.number, quote.start))


def _unit_spans(text: str, block: Block, sentences: Sequence[_Span]) -> Iterator[_Span]:
    whole = (block.start, block.end)
    if block.kind == "rule":
        return
    if block.kind == "row":
        if not is_delimiter_row(text[slice(*whole)]):
            yield whole
    elif block.kind in ("item", "fence") and text_weight(text[slice(*whole)]) <= WHOLE_LONGEST:
        yield whole
    else:
        yield from _sentences_of(block, sentences)


def _sentences_of(block: Block, sentences: Sequence[_Span]) -> list[_Span]:
    """The sentences of a block; none goes on beyond its end."""
    return list(sentences[bisect_left(sentences, (block.start, 0)) : bisect_left(sentences, (block.end, 0))])


def _listings(text: str, blocks: Sequence[Block], sentences: Sequence[_Span]) -> Iterator[_Listing]:
    before: Block | None = None
    for kind, group in groupby(blocks, key=lambda block: block.kind):
        run = list(group)
        spans = tuple((block.start, block.end) for block in run)
        if kind == "item":
            yield _Listing(_introduction(text, before, sentences), spans)
        elif kind == "row":
            yield _table(text, spans)
        before = run[-1]


def _introduction(text: str, before: Block | None, sentences: Sequence[_Span]) -> _Span | None:
    """The last sentence of the paragraph before a list, if it ends with a colon."""
    if before is None or before.kind != "paragraph" or not _announces(text[before.start : before.end]):
        return None
    return _sentences_of(before, sentences)[-1]


def _table(text: str, rows: tuple[_Span, ...]) -> _Listing:
    has_header = len(rows) > 2 and is_delimiter_row(text[slice(*rows[1])])
    return _Listing(rows[0], rows[2:]) if has_header else _Listing(None, rows)


def _announces(text: str) -> bool:
    return text.rstrip(_EMPHASIS_MARKS).endswith(_COLON)


def _widenings(quote: Quote) -> Iterator[list[Quote]]:
    """What would make a quote easier to read alone, best first: more of its list or table, or what it announces."""
    text = quote.passage.text
    span = quote.start - quote.passage.start, quote.end - quote.passage.start
    sentences = sentence_spans(text, quote.passage.language)
    for listing in _listings(text, list(find_blocks(text)), sentences):
        if listing.start <= span[0] and span[1] <= listing.end:
            yield from ([_part(quote, each) for each in spans] for spans in _listing_spans(text, listing, span))
            return
    following = next((sentence for sentence in sentences if sentence[0] >= span[1]), None)
    if following and (_announces(quote.text) or asks(quote.text, quote.passage.language)):
        yield [_part(quote, (span[0], following[1]))]


def _listing_spans(text: str, listing: _Listing, quoted: _Span) -> Iterator[list[_Span]]:
    """Spans of a listing that hold one of its parts, best first: all of it, its beginning, or its opening apart."""
    opening = listing.opening
    ends = [end for _, end in reversed(listing.members)] if quoted == opening else [listing.end, quoted[1]]
    for start, end in ((listing.start, end) for end in ends if end == listing.end or opening):
        if text_weight(text[start:end]) <= WHOLE_LONGEST:
            yield [(start, end)]
    if opening and quoted != opening:
        yield [opening, quoted]


def _part(quote: Quote, span: _Span) -> Quote:
    return replace(quote, start=quote.passage.start + span[0], end=quote.passage.start + span[1])


def joined(quotes: Sequence[Quote]) -> list[Quote]:
    """Make one quote of neighbours in a paragraph and of those that overlap, with the score of the better.

    They come in the order of their passages.
    """
    found: list[Quote] = []
    for quote in sorted(quotes, key=lambda quote: (quote.passage.number, quote.start)):
        last = found[-1] if found else None
        if last is not None and last.passage is quote.passage and _adjoin(last, quote):
            found[-1] = replace(last, end=max(last.end, quote.end), score=max(last.score, quote.score))
        else:
            found.append(quote)
    return found


def _adjoin(one: Quote, other: Quote) -> bool:
    """Whether the second begins in the first, or follows it in the same paragraph."""
    between = one.passage.text[one.end - one.passage.start : other.start - one.passage.start]
    return other.start < one.end or (not between.strip() and between.count("\n") < 2)
