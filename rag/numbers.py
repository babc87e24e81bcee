"""The numbers of a text, whatever digits, separators, dates and words of magnitude it writes them with.

A translated statement writes the same number in its own way: `1.9 million`, `1,9 Millionen`, `190万`; `17.2.2017`,
`17 February 2017`, `2017年2月17日`; `3つ` for "drei". Comparing strings would call each of these unsupported.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from rag.number_words import MAGNITUDES, SMALL_NUMBERS

# Not a number that anyone means; arithmetic on more digits would only cost time.
_MOST_DIGITS = 40

_SPACES = "\u0020\u00a0\u2009\u202f"
# `1 000` may also be two numbers, `1.000` also a fraction: such a number has several readings.
_NUMBER = re.compile(rf"\d+(?:[.,٫٬'’]\d+)*(?:(?<!\d\d\d\d)(?:[{_SPACES}]\d{{3}})+(?!\d))?(?:[.,٫]\d+)*")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_TIME = re.compile(r"\d{1,2}\.\d{2}")
# 17.2.2017, 17/2/2017, 2017-02-17, 2017年2月17日, 2월 17일: the month may be a name elsewhere.
_DATES = (
    re.compile(r"(?<![\d.])(?P<day>\d{1,2})(?P<sep>[./-])\s?(?P<month>\d{1,2})(?P=sep)\s?(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})(?P<sep>[./-])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?!\d)"),
    re.compile(
        r"(?:(?P<year>\d{4})\s?[年년]\s?)?(?P<month>(?<!\d)\d{1,2})\s?[月월](?!\w?[間간])(?:\s?(?P<day>\d{1,2})\s?[日일])?"
    ),
)

_EAST_ASIAN_MAGNITUDES = {
    "百": 2,
    "千": 3,
    "천": 3,
    "万": 4,
    "萬": 4,
    "만": 4,
    "億": 8,
    "亿": 8,
    "억": 8,
    "兆": 12,
    "조": 12,
}
_EAST_ASIAN = re.compile(rf"(?:\d[\d,.]*\s?[{''.join(_EAST_ASIAN_MAGNITUDES)}]{{1,2}}\s?)+\d*")
_EAST_ASIAN_PART = re.compile(rf"(\d[\d,.]*)\s?([{''.join(_EAST_ASIAN_MAGNITUDES)}]*)")

_UNSPACED = frozenset(("ja", "ko", "th", "zh"))


@dataclass(frozen=True, slots=True)
class _Date:
    written: str
    year: Decimal | None
    parts: frozenset[Decimal]
    """Month and day, or the month alone; which is which depends on the country."""


def numbers_occur(statement: str, text: str, *, language: str) -> bool:
    """Whether each number of a statement stands in a text, in any digits, spelling and order of dates.

    One is not looked for (it is an article in many languages), nor are numbers to twelve in a text of a language
    whose words for them are not known here.

    Args:
        statement: In any language.
        text: What shall support it.
        language: The text's language.
    """
    held = _values(text) | _spelt_out(text, language) | {Decimal(1)}
    dates = _dates(text)
    rest = statement
    for date in _dates(statement):
        if not _date_occurs(date, dates, held):
            return False
        rest = rest.replace(date.written, " ", 1)
    return all(any(reading <= held for reading in readings) for readings in _readings(rest))


def count_numbers(statement: str, text: str) -> int:
    """How many of a statement's numbers stand in a text in figures."""
    held = _values(text)
    return sum(any(reading <= held for reading in readings) for readings in _readings(statement))


def _date_occurs(date: _Date, dates: list[_Date], held: set[Decimal]) -> bool:
    if date.year is not None and date.year not in held:
        return False
    if any(date.parts <= other.parts for other in dates if date.year in (other.year, None)):
        return True
    # A month may be spelt out, unless the text has that day or month in figures beside another one.
    missing = date.parts - held
    if any(other.parts & date.parts for other in dates if date.year in (other.year, None)):
        return False
    return not missing or (len(missing) == 1 and max(missing) <= 12)


def _dates(text: str) -> list[_Date]:
    plain = _ascii_digits(text)
    dates = []
    for pattern in _DATES:
        for found in pattern.finditer(plain):
            parts = frozenset(Decimal(part) for part in (found["month"], found["day"]) if part)
            if min(parts) >= 1 and min(parts) <= 12 and max(parts) <= 31:
                year = Decimal(found["year"]) if found["year"] else None
                dates.append(_Date(text[found.start() : found.end()], year, parts))
    return dates


def _values(text: str) -> set[Decimal]:
    return set().union(*(reading for readings in _readings(text) for reading in readings))


def _readings(text: str) -> Iterator[list[set[Decimal]]]:
    """For each number of a text the sets of values it may stand for: one value, or those of its parts."""
    plain = _ascii_digits(text)
    read = 0
    for found in _NUMBER.finditer(plain):
        if found.start() < read:
            continue
        values = _numbers_of(found[0])
        readings = [{value} for value in values]
        parts = re.findall(r"\d+", found[0])
        if len(parts) > 2 or _TIME.fullmatch(found[0]) or any(space in found[0] for space in _SPACES):
            readings.append({_decimal(part) for part in parts})
        readings += [{value * 10**power} for value in values for power in _powers_after(plain, found.end())]
        if compound := _EAST_ASIAN.match(plain, found.start()):
            readings += [{value} for value in _east_asian(compound[0])]
            read = compound.end()
        yield readings


def _numbers_of(written: str) -> set[Decimal]:
    """The values of one written number: with its last separator as a decimal mark, and with all as thousands."""
    compact = re.sub(rf"[{_SPACES}'’]", "", written).replace("٫", ".").replace("٬", ",")
    parts = re.split(r"[.,]", compact)
    if len(parts) == 1:
        return {_decimal(compact)}
    values = set()
    if all(len(part) in (2, 3) for part in parts[1:-1]) and len(parts[-1]) == 3:
        values.add(_decimal("".join(parts)))
    marks = re.findall(r"[.,]", compact)
    if len(marks) == 1 or (marks[-1] not in marks[:-1] and all(len(part) in (2, 3) for part in parts[1:-1])):
        values.add(_decimal("".join(parts[:-1]) + "." + parts[-1]))
    return values


def _decimal(written: str) -> Decimal:
    return Decimal(written[:_MOST_DIGITS])


def _powers_after(text: str, at: int) -> tuple[int, ...]:
    found = _magnitude_words().match(text, at)
    if found is None or found.lastindex is None:
        return ()
    return MAGNITUDES[found.lastindex - 1][1]


@cache
def _magnitude_words() -> re.Pattern[str]:
    alternatives = "|".join(f"({_words(words)})" for words, _ in MAGNITUDES)
    return re.compile(rf"[{_SPACES}-]?(?:{alternatives})", re.IGNORECASE)


def _words(alternatives: str) -> str:
    return alternatives.replace("_", r"(?!\w)")


def _east_asian(written: str) -> Iterator[Decimal]:
    """The value of 1億2000万, which is one number in two, and those of its parts."""
    total = Decimal(0)
    for part in _EAST_ASIAN_PART.finditer(written):
        power = sum(_EAST_ASIAN_MAGNITUDES[character] for character in part[2])
        values = [value * 10**power for value in _numbers_of(part[1].rstrip(".,"))]
        yield from values
        total += max(values)
    yield total


def _spelt_out(text: str, language: str) -> set[Decimal]:
    language = language.partition("-")[0]
    words = _small_words(language)
    if words is None:
        return {Decimal(value) for value in range(13)}
    return {Decimal(value) for value, pattern in words if pattern.search(text)}


@cache
def _small_words(language: str) -> list[tuple[int, re.Pattern[str]]] | None:
    if language not in SMALL_NUMBERS:
        return None
    edge = "" if language in _UNSPACED else r"(?<!\w)"
    return [
        (value, re.compile(f"{edge}(?:{_words(words).replace(',', '|')})", re.IGNORECASE))
        for value, words in enumerate(SMALL_NUMBERS[language].split("|"), start=2)
    ]


def _ascii_digits(text: str) -> str:
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)
