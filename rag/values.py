"""The dates and amounts of a text, with the characters they stand in: what is asked for with "when" and "how many"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from rag.cldr_names import era_names, month_names, unit_names, weekday_names
from rag.number_words import EAST_ASIAN_MAGNITUDES, MAGNITUDES
from rag.numbers import ascii_digits
from rag.question_types import Asked

_UNSPACED = frozenset(("ja", "ko", "lo", "my", "km", "th", "zh"))
_COUNTERS = "[人名個个件台回倍校枚本冊社円元块명개]"
_BLANK = "[ \u00a0\u202f\u2009]"
# A year that anyone writes about, unless something says otherwise; in the calendars of Thailand and Iran too.
_YEAR = r"(?<![\p{Nd}\p{Sc}./:-]|\p{Nd}[,٫٬])(?:1\d|2[0-5])\d\d(?!\p{Nd}|\s?[%‰\p{Sc}]|[.,:٫٬/]\d)"
_DAY = r"(?<![\p{Nd}.,])[0-3]?\d(?:\.|st|nd|rd|th|er|º|ª|-?го)?(?!\d)"
# Between the parts of a date: `5. Mai, 2020`, `5 de mayo de 2020`, `5th of May`.
_BETWEEN = r"[\s.,/-]{1,3}(?:(?:de|del|of|den)\s)?"
_NOTHING = "(?!)"
_FIGURES_OF_YEAR = re.compile(r"\d{3}")
_DASHES = ("-", "–", "—", "〜", "～")


@dataclass(frozen=True, slots=True)
class Value:
    """A date or an amount: `text[start:end]`."""

    start: int
    end: int
    unit: str = ""
    """What an amount is measured in, by its name in `cldr_names`; else the beginning of the word after it."""
    counted: str = ""
    """The word after an amount without unit."""
    month: int | None = None
    """Of a date whose month is spelt out."""
    is_bare_year: bool = False
    """Whether an amount is only taken for one: it may as well be a year."""


def find_values(text: str, asked: Asked, *, language: str) -> list[Value]:
    """Return the values of a text that could be what is asked for, in order; they do not overlap.

    Times are dates, years, months, weekdays and times of day; what is written side by side is one. Quantities are
    numbers in figures with their magnitude, currency and unit. Numbers in names (`A380`), lists (`2.`) and dates are
    none.

    Args:
        text: Plain text.
        asked: A time or a quantity; of persons there are none.
        language: The text's language.
    """
    if asked is Asked.PERSON:
        return []
    figures = ascii_digits(text)
    times = _times(figures, language)
    return times if asked is Asked.TIME else _quantities(figures, language, times)


def _times(text: str, language: str) -> list[Value]:
    found: list[Value] = []
    months = {name.casefold(): number for name, number in month_names(language).items()}
    for match in _time_pattern(language).finditer(text):
        name = match["month"]
        value = Value(match.start(), match.end(), month=_month_number(name, months) if name else None)
        if found and _is_one_time(text, found[-1], value):
            found[-1] = Value(found[-1].start, value.end, month=value.month or found[-1].month)
        else:
            found.append(value)
    return found


def _is_one_time(text: str, one: Value, other: Value) -> bool:
    """Whether two times are one, such as a weekday and its date, or two ends of a range; not two years in a list."""
    between = text[one.end : other.start].strip()
    has_year = [_FIGURES_OF_YEAR.search(text, time.start, time.end) is not None for time in (one, other)]
    return between in _DASHES or (between in ("", ",") and not all(has_year))


def _month_number(name: str, months: dict[str, int]) -> int | None:
    """The number of a month by its longest known beginning, because words are inflected (`мае`, `toukokuussa`)."""
    name = name.casefold()
    for length in range(len(name), 1, -1):
        numbers = {number for known, number in months.items() if known.startswith(name[:length])}
        if numbers:
            return min(numbers) if len(numbers) == 1 else None
    return None


def _quantities(text: str, language: str, times: list[Value]) -> list[Value]:
    units = {name.casefold(): meaning for name, meaning in unit_names(language).items()}
    found = []
    for match in _quantity_pattern(language).finditer(text):
        start, end = match.span()
        over = [time for time in times if time.start < end and start < time.end]
        is_year = any(time.end - time.start == 4 for time in over)
        unit_name = (match["unit"] or match["currency"] or "").casefold()
        counted = "" if unit_name else match["word"] or ""
        unit = units.get(unit_name, unit_name) or _beginning(counted)
        # A year as a unit does not make it an amount: `1946 года`.
        is_bare = is_year and (len(match[0]) == 4 or unit == "duration-year")
        if not over or is_year:
            found.append(Value(start, end, unit=unit, counted=counted, is_bare_year=is_bare))
    return found


def _beginning(word: str) -> str:
    """As much of a word as its inflected forms share."""
    return word.casefold()[:4]


@cache
def _time_pattern(language: str) -> Any:
    import regex

    names = month_names(language)
    inflected = "" if language.partition("-")[0] in _UNSPACED else r"[\p{L}\p{M}]{0,6}"
    edge, alone = (r"(?<![\p{L}\p{M}])[وبلفבהלמ]?", r"(?!\p{L})") if inflected else ("", "")
    beginnings = _alternatives(name[: max(len(name) - 2, 3)] if inflected and len(name) > 4 else name for name in names)
    exact = _alternatives(name for name in names if len(name) > 2)
    weekdays, eras = _alternatives(weekday_names(language)), _alternatives(era_names(language))
    month = rf"(?P<month>{edge}(?i:{beginnings}){inflected})\.?"
    day, year = rf"{_DAY}(?:\s?[–—-]\s?{_DAY})?", _YEAR
    dates = [
        r"(?<!\d)\d{1,2}(?P<mark>[./-])\s?\d{1,2}(?P=mark)\s?\d{4}(?!\d)",
        r"(?<!\d)\d{4}(?P<dash>[./-])\d{1,2}(?P=dash)\d{1,2}(?!\d)",
        r"\d{3,4}\s?[年년](?![間间])(?:\s?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日일號号])?)?",
        r"(?<!\d)\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日일號号])",
        rf"{day}{_BETWEEN}{month}(?:{_BETWEEN}{year})?",
        rf"(?:{year}{_BETWEEN})?{month}{_BETWEEN}{day}(?!\d)(?:{_BETWEEN}{year})?",
        rf"(?:ngày\s)?{day}\stháng\s\d{{1,2}}(?:,?\snăm\s\d{{4}})?|tháng\s\d{{1,2}}\snăm\s\d{{4}}",  # vi
        rf"{month}{_BETWEEN}{year}|{year}{_BETWEEN}{month}",
        rf"(?<!\d)\d{{1,4}}(?:\s?[–—-]\s?\d{{1,4}})?\s?(?:{eras})|(?:{eras})\s?\d{{1,4}}(?!\d)",
        rf"{year}(?:\s?[–—-]\s?\d{{2,4}}(?!\d))?(?:['’]?s(?!\p{{L}}))?",
        r"(?<![\d.,])\d{1,2}:\d{2}(?![\d:])(?:\s?(?:[ap]m|[ap]\.m\.)(?!\p{L}))?(?:\s?Uhr)?",
        r"(?<![\d.,])(?:\d{1,2}\s?[–-]\s?)?\d{1,2}\s?(?:(?:[ap]m|[ap]\.m\.|Uhr)(?!\p{L})|[時点시](?!\p{Han}|間|间))",
        rf"{edge}(?:{weekdays}){inflected}",
        rf"{edge}(?:{exact}){alone}",
    ]
    return regex.compile("|".join(f"(?:{date})" for date in dates), regex.V0)


@cache
def _quantity_pattern(language: str) -> Any:
    import regex

    unspaced = language.partition("-")[0] in _UNSPACED
    number = rf"(?:\d{{1,3}}(?:{_BLANK}\d{{3}})+(?!\d)(?:[.,]\d+)?|\d{{1,15}}(?:[.,٫٬'’]\d{{1,6}}){{0,6}})"
    words = "|".join(alternatives.replace("_", r"(?!\w)") for alternatives, _ in MAGNITUDES)
    powers = f"[{''.join(EAST_ASIAN_MAGNITUDES)}]{{1,2}}"
    east_asian = rf"{powers}(?:{number}{powers}){{0,2}}"
    magnitude = rf"(?:{east_asian}|{_BLANK}?(?i:{words})[\p{{L}}\p{{M}}]{{0,6}})"
    end = "" if unspaced else r"(?![\p{L}\p{M}])"
    counters = _COUNTERS if unspaced else _NOTHING
    unit = rf"(?:%|‰|\p{{Sc}}|(?i:{_alternatives(unit_names(language))}){end}|{counters})"
    # A letter before it makes it part of a name, where words are written apart.
    return regex.compile(
        rf"(?<![\p{{Latin}}\p{{Cyrillic}}\p{{Greek}}\d][-–.,:/]?|\p{{Nd}})"
        rf"(?:(?P<currency>[%\p{{Sc}}]|[A-Z]{{3}}|US\$){_BLANK}?)?"
        rf"(?P<number>{number}(?:\s?[–—]\s?{number}|-{number})?)(?!\.?\d)"
        rf"(?P<magnitude>{magnitude})?(?:[-{_BLANK[1:-1]}]?(?P<unit>{unit}))?"
        rf"(?![\p{{Latin}}\p{{Cyrillic}}\p{{Greek}}])(?={_BLANK}?(?P<word>[\p{{L}}\p{{M}}]{{1,30}})?)",
        regex.V0,
    )


def _alternatives(names: Iterable[str]) -> str:
    """Names as alternatives of a pattern, longest first, so that none hides another; one that fits nothing if none."""
    import regex

    longest_first = sorted(set(names), key=lambda name: (-len(name), name))
    return "|".join(map(regex.escape, longest_first)) or _NOTHING
