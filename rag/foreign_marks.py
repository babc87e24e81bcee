"""Marks that look like footnotes of an answer and are none: a document's own, and those of an earlier answer."""

import re

# One number or several, in the brackets that models write: [1, 2], 【3†source】. Numbers of four digits are years.
_MARK = re.compile(
    r"[\[【［]\s{0,9}(\^?\d{1,3}(?:[\s,，、;；^~〜–—-]{1,9}\d{1,3}){0,40})\s{0,9}(?:†[^\[\]【】［］\n]{0,80})?[\]】］]"
)
_SPACED_MARK = re.compile(rf"\s{{0,3}}{_MARK.pattern}")


def in_parentheses(text: str) -> str:
    """Return a text with its marks as `(7)` instead of `[7]`, the note numbers of an encyclopedia for example."""
    return _MARK.sub(r"(\1)", text)


def without_marks(text: str) -> str:
    """Return a text without its marks and the space before them."""
    return _SPACED_MARK.sub("", text)
