"""The numbers of a text, whatever digits, separators, dates and words of magnitude it writes them with.

A translated statement writes the same number in its own way: `1.9 million`, `1,9 Millionen`, `190万`; `17.2.2017`,
`17 February 2017`, `2017年2月17日`; `3つ` for "drei". Comparing strings would call each of these unsupported.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property

from index.language import UNKNOWN
from rag.dates import WrittenDate, dates_in_figures, months_have_names, named_months
from rag.number_words import EAST_ASIAN_MAGNITUDES, MAGNITUDES, SMALL_NUMBERS

# Not a number that anyone means; arithmetic on more digits would only cost time.
_MOST_DIGITS = 40

_SPACES = "\u0020\u00a0\u2009\u202f"
# `1 000` may also be two numbers, `1.000` also a fraction: such a number has several readings.
_NUMBER = re.compile(rf"\d+(?:[.,٫٬'’]\d+)*(?:(?<!\d\d\d\d)(?:[{_SPACES}]\d{{3}})+(?!\d))?(?:[.,٫]\d+)*")
_DIGIT = re.compile(r"\d")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_TIME = re.compile(r"\d{1,2}\.\d{2}")

_EAST_ASIAN = re.compile(rf"(?:\d[\d,.]*\s?[{''.join(EAST_ASIAN_MAGNITUDES)}]{{1,2}}\s?)+\d*")
_EAST_ASIAN_PART = re.compile(rf"(\d[\d,.]*)\s?([{''.join(EAST_ASIAN_MAGNITUDES)}]*)")
# The 1930s are the thirties of the 20th century.
_DECADE_OF_CENTURY = re.compile(r"(\d{1,2})\s?世[纪紀]\s?(\d0)\s?年代")

_UNSPACED = frozenset(("ja", "ko", "th", "zh"))
# How else a decade is written: the 1930s, the '30s, 20世纪30年代.
_CENTURIES = (1800, 1900, 2000)
_DECADES = {frozenset((Decimal(tens),)): {century + tens for century in _CENTURIES} for tens in range(20, 100, 10)} | {
    frozenset((Decimal(century + tens),)): {tens} for century in _CENTURIES for tens in range(20, 100, 10)
}


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number in figures, `text[start:end]`."""

    start: int
    end: int
    readings: tuple[frozenset[Decimal], ...]
    """What it may stand for: one value, or those of its parts."""


def numbers_occur(statement: str, text: str, *, language: str) -> bool:
    """Whether each number of a statement in any language stands in a text of this one; see `NumbersOf`."""
    return not NumbersOf(text, language=language).missing(statement, language=UNKNOWN)


class NumbersOf:
    """The numbers and dates of a text, to be found in whatever digits, spelling and order of dates.

    One is not looked for (it is an article in many languages), nor are numbers to twelve in a text of a language
    whose words for them are not known here.
    """

    def __init__(self, text: str, *, language: str) -> None:
        self._text = text
        self._language = language
        self._figures = _values(text)
        self._held = self._figures | _spelt_out(text, language)
        self._dates = dates_in_figures(ascii_digits(text))

    @cached_property
    def _named_months(self) -> set[Decimal]:
        return {Decimal(named.month) for named in named_months(self._text, self._language)}

    def missing(self, statement: str, *, language: str) -> tuple[str, ...]:
        """Return the numbers and months of a statement that are not among these, as they are written.

        Args:
            statement: What they are looked for from.
            language: The statement's language.
        """
        missing = []
        rest = statement
        for date in dates_in_figures(ascii_digits(statement)):
            if not self._has_date(date):
                missing.append(statement[date.start : date.end])
            rest = rest[: date.start] + " " * (date.end - date.start) + rest[date.end :]
        missing += [
            statement[number.start : number.end] for number in find_numbers(rest) if not self._has_number(number)
        ]
        for named in named_months(rest, language):
            is_date = _DIGIT.search(rest, max(0, named.start - 5), named.end + 4)  # else it may be a word or a name
            if is_date and not self._has_month(Decimal(named.month)):
                missing.append(statement[named.start : named.end])
        return tuple(missing)

    def _has_number(self, number: WrittenNumber) -> bool:
        is_one = number.readings[:1] == (frozenset((Decimal(1),)),) and number.end - number.start == 1
        return is_one or any(
            reading <= self._held or not self._figures.isdisjoint(_DECADES.get(reading, ()))
            for reading in number.readings
        )

    def _has_month(self, month: Decimal) -> bool:
        months = self._named_months.union(*(date.parts for date in self._dates))
        return month in months or (not months_have_names(self._language) and month in self._held)

    def _has_date(self, date: WrittenDate) -> bool:
        if date.year is not None and date.year not in self._held:
            return False
        comparable = [other for other in self._dates if date.year in (other.year, None)]
        if any(date.parts <= other.parts for other in comparable):
            return True
        if any(date.parts & other.parts for other in comparable):  # that day of another month, or another day of it
            return False
        if months_have_names(self._language):
            return any(date.parts - {month} <= self._held for month in date.parts & self._named_months)
        missing = date.parts - self._held
        return not missing or (len(missing) == 1 and max(missing) <= 12)


def count_numbers(statement: str, text: str) -> int:
    """How many of a statement's numbers stand in a text in figures."""
    held = _values(text)
    return sum(any(reading <= held for reading in number.readings) for number in find_numbers(statement))


def ascii_digits(text: str) -> str:
    """Return a text with ASCII digits, offsets unchanged."""
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)


def magnitude_end(text: str, at: int) -> int:
    """Return where the word of magnitude ends that follows a number (5 million), or `at` if none does."""
    found = _magnitude_words().match(text, at)
    if found is None:
        return at
    end = found.end()
    while end < len(text) and text[end].isalpha():  # beginnings are matched, for the words are inflected
        end += 1
    return end


def _values(text: str) -> set[Decimal]:
    return set().union(*(reading for number in find_numbers(text) for reading in number.readings))


def find_numbers(text: str) -> Iterator[WrittenNumber]:
    """Find the numbers of a text in figures, in order, dates as their parts."""
    plain = ascii_digits(text)
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
        read = found.end()
        if compound := _EAST_ASIAN.match(plain, found.start()):
            readings += [{value} for value in _east_asian(compound[0])]
            read = compound.end()
        if decade := _DECADE_OF_CENTURY.match(plain, found.start()):
            readings.append({(_decimal(decade[1]) - 1) * 100 + _decimal(decade[2])})
            read = decade.end()
        yield WrittenNumber(found.start(), read, tuple(map(frozenset, readings)))


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
    if values and parts[-1] == "000":  # nobody writes 1.000 for 1
        return values
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
        power = sum(EAST_ASIAN_MAGNITUDES[character] for character in part[2])
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
