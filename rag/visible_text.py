"""Text without what nobody sees: hidden characters carry orders past a reader to a model, and answers past a check."""

import re
import unicodedata

# Controls, soft hyphens, zero-width spaces, marks and overrides of the writing direction, fillers that count as
# letters, variation selectors, tags (whole sentences can be written in the last two), half and no characters.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_JOINERS = "\u200c\u200d"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_JOINED = re.compile(f"[{_JOINERS}]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def visible(text: str, *, before: str = "") -> str:
    """Return the text without invisible characters, every end of a line as a line feed.

    The joiners that Persian, the scripts of India and composed emoji need stay where they can join something: one
    after a letter, vowel sign or emoji.

    Args:
        text: Any text.
        before: What stood before it, if it is a part: the last character is enough.
    """
    text = _HIDDEN.sub("", _LINE_END.sub("\n", text))
    if not _JOINED.search(text):
        return text
    kept: list[str] = []
    for character in text:
        if character not in _JOINERS or _can_be_joined(kept[-1] if kept else before[-1:]):
            kept.append(character)
    return "".join(kept)


def _can_be_joined(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character)[0] in "LMS"
