"""What is written as one with marks in between: hyphenated words, numbers, identifiers, e-mail addresses."""

import re
from collections.abc import Iterator

_APOSTROPHES = "'’ʼ`"
_MARK = re.compile(rf"[-{_APOSTROPHES}._@/:,+&# \u2010\u05f3\u05f4\"\u066b\u066c]")
_JOINING = re.compile(rf"[-{_APOSTROPHES}\u2010\u05f3\u05f4\"]")
_CAPITAL_INSIDE = re.compile(r"[^\W\d_A-Z](?=[A-Z])")
_WORDS_IN_CASE = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_ARABIC_SEPARATORS = str.maketrans("\u066b\u066c", ".,")
# 1,234,567 and 1.234.567,89 and 1 234 and 1'234, and the Indian 12,34,567.
_THOUSANDS = re.compile(r"(\d{1,3}(?:([., '’])\d{3})(?:\2\d{3})*|\d{1,2}(?:,\d{2})+,\d{3})(?:[.,](\d+))?")
_DECIMAL = re.compile(r"\d+[.,]\d+")


def is_compound(token: str) -> bool:
    """Whether a token is more than one word."""
    return _MARK.search(token) is not None or _CAPITAL_INSIDE.search(token) is not None


def split_compound(token: str) -> tuple[list[str], list[str]]:
    """Return the words of a token, and the forms of the whole and of what stands between its slashes.

    Hyphens and apostrophes leave no trace in the whole (e-mail, email), other marks stay (foo_bar, v2.1.3). A number
    gives its value without separators of thousands. What an apostrophe cuts off is no word (l'homme, Tesla's).
    """
    token = token.translate(_ARABIC_SEPARATORS)
    words = [word for word in _MARK.split(token) if word]
    if len(words) > 1 and all(len(word) == 1 and word.isalpha() for word in words):
        return ["".join(words)], []  # U.S.
    parts = [part for word in words for part in _parts_in_case(word)]
    if _JOINING.search(token) or ":" in token:
        parts = [part for part in parts if len(part) > 1 or not part.isalpha()] or parts
    return parts, list(dict.fromkeys(_wholes(token)))


def _parts_in_case(word: str) -> Iterator[str]:
    """The word, and the words in getHTTPResponse."""
    yield word
    if _CAPITAL_INSIDE.search(word):
        yield from (part for part in _WORDS_IN_CASE.findall(word) if len(part) > 1)


def _wholes(token: str) -> Iterator[str]:
    if number := _THOUSANDS.fullmatch(token):
        digits = "".join(filter(str.isdecimal, number[1]))
        yield f"{digits}.{number[3]}" if number[3] else digits
    if _DECIMAL.fullmatch(token):
        yield token.replace(",", ".")
        return
    if " " in token or _is_elision(token):
        return
    for segment in (token, *re.split("[/@:]", token)) if re.search("[/@:]", token) else (token,):
        if _MARK.search(segment):
            yield _JOINING.sub("", segment)


def _is_elision(token: str) -> bool:
    """Whether a Latin word only has a shortened one beside it (l'homme, Tesla's, don't), unlike O'Brien."""
    head, *tails = re.split(f"[{_APOSTROPHES}]", token)
    return (
        len(tails) == 1
        and token[0] < "\u0370"
        and not _MARK.search(head + tails[0])
        and not (len(head) == 1 and head.isupper() and tails[0][:1].isupper() and head not in "LD")
    )
