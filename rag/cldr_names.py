"""What languages call months, weekdays, eras, units and currencies: from Unicode CLDR, by way of Babel."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

# Those that documents count in; CLDR knows many more, and each makes the patterns slower.
_UNITS = (
    "length-millimeter", "length-centimeter", "length-meter", "length-kilometer", "length-inch", "length-foot",
    "length-mile", "area-square-meter", "area-square-kilometer", "area-hectare", "area-acre", "area-square-mile",
    "volume-liter", "volume-milliliter", "volume-cubic-meter", "mass-milligram", "mass-gram", "mass-kilogram",
    "mass-tonne", "mass-pound", "duration-second", "duration-minute", "duration-hour", "duration-day", "duration-week",
    "duration-month", "duration-year", "speed-kilometer-per-hour", "speed-mile-per-hour", "temperature-celsius",
    "temperature-fahrenheit", "power-watt", "power-kilowatt", "power-megawatt", "power-gigawatt",
    "energy-kilowatt-hour", "digital-kilobyte", "digital-megabyte", "digital-gigabyte", "concentr-percent",
)  # fmt: skip
_CURRENCIES = (
    "EUR", "USD", "GBP", "JPY", "CNY", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "RUB", "UAH", "TRY",
    "INR", "KRW", "THB", "VND", "AED", "SAR", "EGP", "IRR", "ILS", "BRL", "AUD", "CAD", "PKR", "BYN", "TND", "KWD",
    "MXN", "ARS",
)  # fmt: skip
# Numbers that take each grammatical form of a unit in the languages that have several.
_COUNTS = (1, 2, 5)


@cache
def locale_of(language: str) -> Any:
    """Return Babel's `Locale` of a language, or `None` if CLDR does not know it."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def month_names(language: str) -> Mapping[str, int]:
    """Return the names of the months, in full and shortened, each with its number from 1; none for unknown languages.

    Names that are a number and a word (`5月`, `tháng 5`) are left out.
    """
    return _calendar_names(language, "months")


@cache
def weekday_names(language: str) -> Mapping[str, int]:
    """Return the names of the weekdays in full, each with its number, from 0 for Monday."""
    return _calendar_names(language, "days")


@cache
def era_names(language: str) -> frozenset[str]:
    """Return what is written beside a year to say from where it is counted, such as `BC`."""
    locale = locale_of(language)
    widths = ("abbreviated", "wide") if locale else ()
    return frozenset(name for width in widths for name in locale.eras.get(width, {}).values() if len(name) > 1)


@cache
def unit_names(language: str) -> Mapping[str, str]:
    """Return names and signs of units and currencies, each with what it stands for (`length-kilometer`, `EUR`)."""
    from babel.numbers import get_currency_name, get_currency_symbol
    from babel.units import format_unit

    names: dict[str, str] = {}
    # British spelling too: kilometres.
    for locale in filter(None, map(locale_of, (language, "en-GB") if language == "en" else (language,))):
        for unit in _UNITS:
            written = [
                format_unit(n, unit, length=width, locale=locale) for n in _COUNTS for width in ("long", "short")
            ]
            names |= {_without_number(text): unit for text in written}
        for code in _CURRENCIES:
            names |= {get_currency_name(code, count=count, locale=locale): code for count in _COUNTS}
            names |= {get_currency_symbol(code, locale=locale): code, code: code}
    names |= _short_currency_names(names)
    # What CLDR does not name in a language is written as the unit's own name.
    return {name: meaning for name, meaning in names.items() if name and name != meaning.lower()}


def _short_currency_names(names: Mapping[str, str]) -> dict[str, str]:
    """The nouns among the words of currencies' names: those of several, such as the dollar. Each stands for itself."""
    currencies: defaultdict[str, set[str]] = defaultdict(set)
    for name, code in names.items():
        if code in _CURRENCIES:
            for word in re.split(r"[\s-]", name):
                currencies[word].add(code)
    return {word: word.lower()[:4] for word, codes in currencies.items() if len(codes) > 1 and len(word) > 3}


def _calendar_names(language: str, kind: str) -> dict[str, int]:
    locale = locale_of(language)
    if locale is None:
        return {}
    names: dict[str, int] = {}
    widths = ("wide", "abbreviated") if kind == "months" else ("wide",)
    for number, name in _named(getattr(locale, kind), widths=widths):
        if len(name) > 1 and not any(map(str.isdecimal, name)):
            names.setdefault(name.rstrip("."), number)
    return names


def _named(table: Any, *, widths: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for context in ("format", "stand-alone"):
        for width in widths:
            yield from table.get(context, {}).get(width, {}).items()


def _without_number(written: str) -> str:
    return "".join(character for character in written if not character.isdecimal()).strip("\u00a0\u202f\u200e\u200f ")
