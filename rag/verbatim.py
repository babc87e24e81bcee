"""Which stretches of a streamed text stand for themselves, letter by letter: code and addresses. No mark is in them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# Inline code is a few words; a lone backtick is to hold nothing back for longer.
_LONGEST_INLINE = 200
_TICKS = re.compile("`+")
_FENCE = re.compile("[ \t]*```")
_IN_ONE_LINE = re.compile("[ \t]*```[^`]+```")

_SCHEME_END = "://"
_ADDRESS = re.compile(r"[!#-;=?-_a-z~]")
# A bracket after one of these is part of the address, and so is one before any of those. At other places
# (https://example.org[1]) it is a mark that a model put there without a space.
_BRACKET_AFTER = "/?&=#"
_BRACKET_BEFORE = re.compile(r"[\w=&/?#%]", re.ASCII)
_BRACKET = re.compile(r"\[[\d,;-]{0,12}\]?")


class Stretch(NamedTuple):
    """A piece of a text, and whether it is code or part of an address."""

    text: str
    is_verbatim: bool


class VerbatimReader:
    """Takes a text piece by piece and tells code and addresses from the rest, wherever the pieces were cut."""

    def __init__(self) -> None:
        self._code = _CodeReader()
        self._addresses = _AddressReader()

    def read(self, piece: str) -> list[Stretch]:
        """Return what is certain with this piece."""
        return self._with_addresses([stretch for character in piece for stretch in self._code.next(character)])

    def close(self) -> list[Stretch]:
        """Return what was held back at the end of the text."""
        return [*self._with_addresses(self._code.close()), *self._addresses.close()]

    def _with_addresses(self, stretches: Iterable[Stretch]) -> list[Stretch]:
        found: list[Stretch] = []
        for stretch in stretches:
            if stretch.is_verbatim:
                found += [*self._addresses.close(), stretch]
            else:
                found += [part for character in stretch.text for part in self._addresses.next(character)]
        return found


class _CodeReader:
    """Code as Markdown sees it: `inline` or fenced.

    Inline code ends in its own line, or the backtick is a character like others. A fence that is never closed goes on
    to the end.
    """

    def __init__(self) -> None:
        self._line = ""  # what stands in this line so far; of a long one only its end
        self._held = ""  # from the backticks on that may open inline code
        self._in_fence = False

    def next(self, character: str) -> list[Stretch]:
        was_in_fence = self._in_fence
        self._follow_line(character)
        if was_in_fence or self._in_fence:
            return [*self._release(is_verbatim=True), Stretch(character, is_verbatim=True)]
        if character != "`":
            if not self._held:
                return [Stretch(character, is_verbatim=False)]
            if _is_closed(self._held):
                return [*self._release(is_verbatim=True), Stretch(character, is_verbatim=False)]
        self._held += character
        if character == "\n" or len(self._held) > _LONGEST_INLINE:
            return self._release(is_verbatim=False)
        return []

    def close(self) -> list[Stretch]:
        return self._release(is_verbatim=_is_closed(self._held))

    def _release(self, *, is_verbatim: bool) -> list[Stretch]:
        held, self._held = self._held, ""
        return [Stretch(held, is_verbatim)] if held else []

    def _follow_line(self, character: str) -> None:
        """Open and close fences: three backticks that begin a line, or follow them in the same line."""
        self._line = "" if character == "\n" else (self._line + character)[-_LONGEST_INLINE:]
        if character == "`" and (
            _FENCE.fullmatch(self._line) or (self._in_fence and _IN_ONE_LINE.fullmatch(self._line))
        ):
            self._in_fence = not self._in_fence


class _AddressReader:
    """What follows `://` up to a character that no address has."""

    def __init__(self) -> None:
        self._last = ""  # the last three characters
        self._held = ""  # a bracket in an address, until it is known what follows
        self._is_inside = False

    def next(self, character: str) -> list[Stretch]:
        if self._held and _BRACKET.fullmatch(self._held + character):
            self._held += character
            return []
        return [*self._release(before=character), *self._unheld(character)]

    def close(self) -> list[Stretch]:
        released = self._release(before="")
        self._is_inside, self._last = False, ""
        return released

    def _unheld(self, character: str) -> list[Stretch]:
        previous, self._last = self._last[-1:], (self._last + character)[-len(_SCHEME_END) :]
        if not self._is_inside or not _ADDRESS.match(character):
            self._is_inside = self._last == _SCHEME_END
            return [Stretch(character, is_verbatim=False)]
        if character == "[" and previous not in _BRACKET_AFTER:
            self._held = character
            return []
        return [Stretch(character, is_verbatim=True)]

    def _release(self, *, before: str) -> list[Stretch]:
        held, self._held = self._held, ""
        is_part = not held.endswith("]") or bool(_BRACKET_BEFORE.match(before))
        return [Stretch(held, is_verbatim=is_part)] if held else []


def _is_closed(held: str) -> bool:
    """Whether inline code ends here: with as many backticks as it began with, and something in between."""
    ticks = _TICKS.findall(held)
    return len(ticks) > 1 and len(ticks[-1]) == len(ticks[0]) and held.endswith("`")
