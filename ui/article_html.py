"""A stretch of a document → HTML: a readable article with exactly the quoted characters marked; all is escaped.

Its Markdown becomes elements and its markup is hidden. No HTML of a document is ever HTML here, and no address in its
text becomes a link.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from index.blocks import Block
from rag.markup import is_delimiter_row
from ui.character_styles import Style, cell_spans, character_styles, has_bullet, is_block_quote
from ui.document_window import Span, Stretch

_MARK = '<mark class="quoted">'
_FIRST_MARK = '<mark class="quoted" id="quoted" tabindex="-1">'


def article_html(text: str, stretch: Stretch, *, quote: Span | None = None) -> str:
    """Render a stretch of a text, the quoted characters in `<mark class="quoted">`, the first one with the id `quoted`.

    Markup inside a quote is hidden as elsewhere, unless the quote is nothing else.
    """
    html = "".join(_group_html(text, group, quote) for group in _groups(text, stretch.blocks))
    in_sight = quote is not None and quote[0] < stretch.end and stretch.start < quote[1]
    if in_sight and _MARK not in html:
        html = "".join(_plain_html(text, block, quote) for block in stretch.blocks)
    return html.replace(_MARK, _FIRST_MARK, 1)


def _groups(text: str, blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield the items of a list and the rows of a table together, every other block alone."""
    group: list[Block] = []
    for block in blocks:
        if group and not _continues(text, group[-1], block):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _continues(text: str, last: Block, block: Block) -> bool:
    if block.kind == "row":
        return last.kind == "row" and text.count("\n", last.end, block.start) == 1
    return block.kind == last.kind == "item"


def _group_html(text: str, blocks: Sequence[Block], quote: Span | None) -> str:
    if blocks[0].kind == "item":
        items = "".join(_item_html(text, block, quote) for block in blocks)
        return f'<ul dir="auto">{items}</ul>'
    if blocks[0].kind == "row":
        return _table_html(text, blocks, quote)
    return _block_html(text, blocks[0], quote)


def _block_html(text: str, block: Block, quote: Span | None) -> str:
    content = text[block.start : block.end]
    if block.kind == "rule":
        return "<hr>"
    inner = _content_html(content, character_styles(content, block.kind), at=block.start, quote=quote)
    if block.kind == "heading":
        name = f"h{min(block.level + 2, 6)}"  # the title above is an h2
        return f'<{name} dir="auto">{inner}</{name}>'
    if block.kind == "fence":
        return f'<pre dir="auto"><code>{inner}</code></pre>'
    if is_block_quote(content, block.kind):
        return f'<blockquote dir="auto">{inner}</blockquote>'
    return f'<p dir="auto">{inner}</p>'


def _item_html(text: str, block: Block, quote: Span | None) -> str:
    content = text[block.start : block.end]
    kind = "" if has_bullet(content) else ' class="numbered"'
    inner = _content_html(content, character_styles(content, "item"), at=block.start, quote=quote)
    return f'<li{kind} dir="auto">{inner}</li>'


def _table_html(text: str, rows: Sequence[Block], quote: Span | None) -> str:
    contents = [text[row.start : row.end] for row in rows]
    has_header = len(rows) > 1 and is_delimiter_row(contents[1])
    lines = []
    for number, (row, content) in enumerate(zip(rows, contents, strict=True)):
        if is_delimiter_row(content):
            continue
        opening, closing = ('<th scope="col"', "</th>") if has_header and number == 0 else ("<td", "</td>")
        styles = character_styles(content, "row")
        cells = (
            _content_html(content[start:end], styles[start:end], at=row.start + start, quote=quote)
            for start, end in cell_spans(content)
        )
        lines.append("<tr>" + "".join(f'{opening} dir="auto">{cell}{closing}' for cell in cells) + "</tr>")
    return f'<div class="table"><table>{"".join(lines)}</table></div>' if lines else ""


def _plain_html(text: str, block: Block, quote: Span | None) -> str:
    content = text[block.start : block.end]
    return f'<p dir="auto">{_content_html(content, [""] * len(content), at=block.start, quote=quote)}</p>'


def _content_html(content: str, styles: Sequence[Style | None], *, at: int, quote: Span | None) -> str:
    """Render characters in their styles, those of the quote in a mark; the first of them stands at offset `at`."""
    quote_start, quote_end = quote or (0, 0)
    inside = slice(max(quote_start - at, 0), max(quote_end - at, 0))
    before, quoted, after = (
        _styled_html(content[part], styles[part])
        for part in (slice(0, inside.start), inside, slice(max(inside.stop, inside.start), None))
    )
    return f"{before}{_MARK}{quoted}</mark>{after}" if quoted else before + after


def _styled_html(content: str, styles: Sequence[Style | None]) -> str:
    if styles.count("") == len(styles):  # almost always
        return escape(content)
    pieces = []
    for style, run in groupby(zip(content, styles, strict=True), key=lambda pair: pair[1]):
        characters = escape("".join(character for character, _ in run))
        if style == "br":
            pieces.append("<br>")
        elif style is not None:
            pieces.append(f"<{style}>{characters}</{style}>" if style else characters)
    return "".join(pieces)
