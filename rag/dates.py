"""The dates of a text: in figures, in any order, and the months that are spelt out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from index.language import UNKNOWN
from rag.cldr_names import month_names

# 17.2.2017, 17/2/2017, 2017-02-17, 2017年2月17日, 2월 17일, 17 tháng 2 năm 2017.
_FIGURES = (
    re.compile(r"(?<![\d.])(?P<day>\d{1,2})(?P<sep>[./-])\s?(?P<month>\d{1,2})(?P=sep)\s?(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})(?P<sep>[./-])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?!\d)"),
    re.compile(
        r"(?:(?P<year>\d{4})\s?[年년]\s?)?(?P<month>(?<!\d)\d{1,2})\s?[月월](?!\w?[間간])(?:\s?(?P<day>\d{1,2})\s?[日일])?"
    ),
    re.compile(
        r"(?:(?<!\d)(?P<day>\d{1,2})\s)?\btháng\s(?P<month>\d{1,2})(?!\d|\s?ngày)(?:(?:,|\snăm)?\s(?P<year>\d{4}))?",
        re.IGNORECASE,
    ),
)
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0963\u0971-\u0dff]+[^\W\d_]*)*")
# And, in, for, so, written as one with an Arabic word.
_CLITICS = "وبلف"
_UNSPACED = frozenset(("km", "lo", "my", "th"))
# An inflected or compounded month keeps its beginning (февраля, феврале; Februarwoche).
_SHORTEST_STEM = 4
_LONGEST_ENDING = 5


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date in figures, `text[start:end]`."""

    start: int
    end: int
    year: Decimal | None
    parts: frozenset[Decimal]
    """Month and day, or the month alone; which is which depends on the country."""


@dataclass(frozen=True, slots=True)
class NamedMonth:
    """A month that is spelt out, `text[start:end]`."""

    start: int
    end: int
    month: int


def dates_in_figures(text: str) -> list[WrittenDate]:
    """Find the dates of a text with ASCII digits that are written in figures."""
    dates = []
    for pattern in _FIGURES:
        for found in pattern.finditer(text):
            parts = frozenset(Decimal(part) for part in (found["month"], found["day"]) if part)
            if min(parts) >= 1 and min(parts) <= 12 and max(parts) <= 31:
                year = Decimal(found["year"]) if found["year"] else None
                dates.append(WrittenDate(found.start(), found.end(), year, parts))
    return dates


def named_months(text: str, language: str) -> Iterator[NamedMonth]:
    """Find the months that a text calls by their names in its language, inflected or shortened."""
    if not months_have_names(language):
        return
    if language.partition("-")[0] in _UNSPACED:
        for found in _unspaced_names(language).finditer(text):
            yield NamedMonth(found.start(), found.end(), month_names(language)[found[0]])
        return
    for found in _WORD.finditer(text):
        if month := _month_of(found[0], language):
            yield NamedMonth(found.start(), found.end(), month)


def months_have_names(language: str) -> bool:
    """Whether the names of the months are known in a language and are no numbers."""
    return language != UNKNOWN and bool(month_names(language))


@cache
def _unspaced_names(language: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(month_names(language), key=len, reverse=True))))


@lru_cache(maxsize=1 << 13)
def _month_of(word: str, language: str) -> int | None:
    names, stems, with_capital = _names_of(language)
    if with_capital and not word[0].isupper():
        return None
    folded = word.casefold()
    for form in (folded, folded[1:]) if folded[0] in _CLITICS else (folded,):
        if form in names:
            return names[form]
        for length in range(len(form), max(_SHORTEST_STEM, len(form) - _LONGEST_ENDING) - 1, -1):
            if month := stems.get(form[:length]):
                return month
    return None


@cache
def _names_of(language: str) -> tuple[Mapping[str, int], Mapping[str, int], bool]:
    """The names in small letters, the beginnings that tell a month apart, and whether names begin with a capital."""
    written = month_names(language)
    names = {name.casefold(): month for name, month in written.items()}
    stems = {stem: month for name, month in names.items() for stem in (name[:-2], name) if len(stem) >= _SHORTEST_STEM}
    ambiguous = {
        stem for stem in stems for name, month in names.items() if name.startswith(stem) and month != stems[stem]
    }
    only_one = {stem: month for stem, month in stems.items() if stem not in ambiguous}
    return (
        names,
        only_one,
        all(not name[0].islower() for name in written) and any(name[0].isupper() for name in written),
    )
