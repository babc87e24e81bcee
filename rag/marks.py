"""The marks `[n]` in what a model writes, read by the character, so that it does not matter where a stream is cut.

Accepted: `[1]`, `[1, 2]`, `[1][2]`, `[1-3]`, `[[1]]`, `[^1]`, `【1】`, `【1†source】`, `［1］`, with digits of any
script. Numbers of four digits and more are years, not marks. Brackets in code and inside an address are none either.
Elsewhere `array[1]` cannot be told from a mark behind a word, and `[0]` is a mark whose passage does not exist.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rag.verbatim import Stretch, VerbatimReader

_OPENING = "[【［"
_CLOSING = "]】］"
_SEPARATORS = ",，、;；–—~〜-"  # the hyphen last, so that it is itself in a set of characters
_BLANKS = " \t\n\u00a0\u202f\u3000"
# Longer than any mark; text held back while it may still become one.
_LONGEST = 80
_INSIDE = re.compile(
    rf"[{_BLANKS}]*\^?\d{{1,3}}(?:[{_BLANKS}]*[{_SEPARATORS}][{_BLANKS}]*\^?\d{{1,3}})*[{_BLANKS}]*(?:†.*)?"
)
_RANGE = re.compile(rf"(\d+)[{_BLANKS}]*[-–—~〜][{_BLANKS}]*(\d+)")
_LONGEST_RANGE = 20
_WRITTEN = re.compile(r"\[([0-9]{1,3})\]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that names these passages: ranges spelt out, each number once."""

    numbers: tuple[int, ...]


class WrittenMark(NamedTuple):
    """A footnote mark in a finished answer: `text[start:end]` is `[number]`."""

    start: int
    end: int
    number: int


class MarkReader:
    """Takes a text piece by piece and gives back its marks and what stands between them.

    What is given back as text holds no mark outside code and addresses, also once it is put together again without the
    marks between.
    """

    def __init__(self) -> None:
        self._verbatim = VerbatimReader()
        self._around = ""  # brackets that opened before the one below and are still open, as in [[1]]
        self._held = ""  # from an opening bracket on, as long as it may become a mark
        self._to_close = 0
        self._after_mark = False

    def read(self, piece: str) -> list[str | Mark]:
        """Return what is certain with this piece."""
        return _joined(self._parts(self._verbatim.read(piece)))

    def close(self) -> list[str | Mark]:
        """Return what was held back at the end of the text; half a mark is dropped."""
        parts = self._parts(self._verbatim.close())
        held = self._release()
        return _joined(parts if any(character.isdecimal() for character in held) else [*parts, held])

    def _parts(self, stretches: Iterable[Stretch]) -> list[str | Mark]:
        parts: list[str | Mark] = []
        for stretch in stretches:
            if stretch.is_verbatim:
                self._after_mark, self._to_close = False, 0
                parts += [self._release(), stretch.text]
            else:
                parts += [part for character in stretch.text for part in self._next(character)]
        return parts

    def _next(self, character: str) -> list[str | Mark]:
        if character in _OPENING:
            self._around, self._held = self._around + self._held, character
            self._after_mark = False
        elif not self._held:
            return [self._plain(character)]
        else:
            self._held += character
            if character in _CLOSING:
                return self._closed()
        if len(self._around) + len(self._held) > _LONGEST or not self._is_open(character):
            return [self._release()]
        return []

    def _is_open(self, character: str) -> bool:
        """Whether a bracket may still become a mark with this character in it."""
        return (
            character.isdecimal()
            or character in _OPENING + _SEPARATORS + _BLANKS + "^†"
            or ("†" in self._held and character != "\n")
        )

    def _closed(self) -> list[str | Mark]:
        inside = self._held[1:-1]
        if _INSIDE.fullmatch(inside) is None:
            return [self._release()]
        # Were the brackets around it kept, they would close around what is left when the mark is removed.
        around = "".join(character for character in self._around if character not in _OPENING)
        self._to_close = len(self._around) - len(around)
        self._around = self._held = ""
        self._after_mark = True
        return [around, Mark(_numbers(inside.partition("†")[0]))]

    def _release(self) -> str:
        text, self._around, self._held = self._around + self._held, "", ""
        return text

    def _plain(self, character: str) -> str:
        after_mark, self._after_mark = self._after_mark, False
        if after_mark and character in _CLOSING and self._to_close:
            self._to_close -= 1
            self._after_mark = True
            return ""
        self._to_close = 0
        # [1](address) would be a link to wherever in a program that shows the answer as Markdown.
        return " (" if after_mark and character == "(" else character


def find_marks(text: str) -> list[WrittenMark]:
    """Return the footnote marks of a finished answer, or of its beginning: `[1]`, but not the brackets of `row[1]`."""
    return [WrittenMark(found.start(), found.end(), int(found[1])) for found in _WRITTEN.finditer(_unverbatim(text))]


def _unverbatim(text: str) -> str:
    """The text, offsets unchanged, with blanks for code and addresses."""
    if "`" not in text and "://" not in text:  # most answers are streamed to the page without either, piece by piece
        return text
    reader = VerbatimReader()
    stretches = [*reader.read(text), *reader.close()]
    return "".join(" " * len(stretch.text) if stretch.is_verbatim else stretch.text for stretch in stretches)


def _joined(parts: list[str | Mark]) -> list[str | Mark]:
    """The parts with neighbouring texts made one, and without empty ones."""
    joined: list[str | Mark] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        if any(texts):
            joined.append("".join(texts))
        texts = []
        joined.append(part)
    if any(texts):
        joined.append("".join(texts))
    return joined


def _numbers(inside: str) -> tuple[int, ...]:
    def spelt_out(found: re.Match[str]) -> str:
        first, last = sorted((int(found[1]), int(found[2])))
        return ",".join(str(number) for number in range(first, min(last, first + _LONGEST_RANGE) + 1))

    return tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", _RANGE.sub(spelt_out, inside))))
