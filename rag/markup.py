"""Markdown → what a reader sees: for quotes, whose exact characters stay in their citation."""

import re

from index.blocks import Block, find_blocks, heading_span

CELL_SEPARATOR = " · "

# Whatever could be markup; a text without any of it is returned as it is.
_SUSPECT = re.compile(r"[*_`\[|#>\\~<\n]|^[ \t]*[-+•‣◦▪●]")
_BULLET = re.compile(r"[-*+•‣◦▪●–—][ \t]+(?:\[[ xX]\][ \t]+)?")
_BLOCK_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+", re.MULTILINE)
_FENCE_LINE = re.compile(r"(?:`{3,}|~{3,})[^\n]*\n?|\n[ \t]*(?:`{3,}|~{3,})[ \t]*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_DELIMITER_CELL = re.compile(r"\s*:?-+:?\s*")
_WRAPPED = re.compile(r"[ \t]*\n[ \t]*")
# Scripts that write no space between words get none where a line was wrapped.
_WRAPPED_UNSPACED = re.compile(r"(?<=[\u3001-\u30ff\u3400-\u9fff\uff01-\uff60])[ \t]*\n[ \t]*(?=[\u3001-\u9fff])")

# Every quantifier is bounded or possessive, because documents may be hostile.
_INLINE = re.compile(
    r"(?P<ticks>(?<!`)`{1,2})(?!`)(?P<code>[^\n]{1,300}?)(?<!`)(?P=ticks)(?!`)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<line_break><br ?/?>)"
    r"|\[\^[^\[\]\s]{1,40}\]"  # a note of the document
    r"|!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]{0,80}\]){1,300})\]"
    r"\((?:<[^<>\n]{0,2000}>|(?:[^\s()<>]|\([^\s()<>]{0,200}\))*+)"
    r"(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?[ \t]*\)"
    r"|<(?P<address>(?:https?://|mailto:)[^\s<>]{1,500})>"
    r"|(?P<strong>\*\*\*?|~~)(?=[^\s*~])(?P<strong_text>[^\n]{1,400}?)(?<=[^\s])(?P=strong)(?!\*)"
    r"|(?<![\w*])(?P<star>\*)(?=[^\s*])(?P<star_text>[^\n*]{1,400}?)(?<=[^\s*])\*(?![\w*])"
    r"|(?<![\w_])(?P<line>__?)(?=[^\s_])(?P<line_text>[^\n]{1,400}?)(?<=[^\s_])(?P=line)(?![\w_])"
)
# A sentence may hold only one end of what is set bold.
_LONELY = re.compile(r"^(?:\*\*\*?|__)(?=\S)|(?<=\S)(?:\*\*\*?|__)$")
# Markup inside markup: [**bold** link](address).
_DEEPEST = 3


def plain(quote: str) -> str:
    """Return a quote without its Markdown: links as their text, emphasis without marks, table rows as `a · b`.

    List items and rows stand on lines of their own, without empty lines between; wrapped lines are one. What only looks
    like markup (`2 * 3`, `snake_case`, code) stays. A text without Markdown is returned as it is.
    """
    if not _SUSPECT.search(quote):
        return quote
    text = _BLOCK_QUOTE.sub("", quote)
    blocks = [block for block in find_blocks(text) if block.kind != "rule"]
    lines = (_line(text, block, is_alone=len(blocks) == 1) for block in blocks)
    return "\n".join(line for line in lines if line)


def is_delimiter_row(row: str) -> bool:
    """Whether a table row is the one of hyphens between header and body."""
    return all(_DELIMITER_CELL.fullmatch(cell) for cell in _cells(row))


def _line(text: str, block: Block, *, is_alone: bool) -> str:
    content = text[block.start : block.end]
    if block.kind == "fence":
        return _FENCE_LINE.sub("", content)
    if block.kind == "row":
        cells = (_inline(cell.strip()) for cell in _cells(content))
        return "" if is_delimiter_row(content) else CELL_SEPARATOR.join(cell for cell in cells if cell)
    if block.kind == "heading":
        return _inline(text[slice(*heading_span(text, block))])
    bullet = _BULLET.match(content) if block.kind == "item" else None
    words = content[bullet.end() :] if bullet else content
    unwrapped = _WRAPPED.sub(" ", _WRAPPED_UNSPACED.sub("", words))
    return ("• " if bullet and not is_alone else "") + _inline(unwrapped)


def _cells(row: str) -> list[str]:
    cells = _CELL_BORDER.split(row.strip())
    return cells[not cells[0].strip() : len(cells) - (not cells[-1].strip())]


def _inline(text: str, *, depth: int = 0) -> str:
    def shown(found: re.Match[str]) -> str:
        if found["code"] is not None:
            return found["code"]
        if found["line_break"]:
            return " "
        inner = found["label"] or found["strong_text"] or found["star_text"] or found["line_text"]
        if inner is None:
            return found["escaped"] or found["address"] or ""
        # The text of a link in digits is the mark of a note.
        inner = f"[{inner}]" if found["label"] and inner.isdecimal() else inner
        return _inline(inner, depth=depth + 1) if depth < _DEEPEST else inner

    return _LONELY.sub("", _INLINE.sub(shown, text)) if _SUSPECT.search(text) else text
