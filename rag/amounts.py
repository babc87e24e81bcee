"""What the numbers of a text count: euros or dollars, percent, kilometres or miles.

The same number beside another unit is another fact. A number whose unit is not known here contradicts nothing: units
are spelt in more ways than CLDR lists.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property

from index.function_words import FUNCTION_WORDS
from rag.cldr_names import unit_names
from rag.numbers import WrittenNumber, ascii_digits, find_numbers, magnitude_end

_PERCENT = "concentr-percent"
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "₹": "INR", "₽": "RUB", "%": _PERCENT, "٪": _PERCENT}
# What texts call currencies that CLDR lists with their country (US dollars), as beginnings of words.
_DOLLARS = "dollar|dólar|dolar|dolár|доллар|долар|δολάρι|دولار|डॉलर|डालर|ดอลลาร์|ドル|美元|달러|đô la"
_EUROS = "euro|евро|євро|ευρώ|يورو|यूरो|ยูโร|ユーロ|欧元|歐元|유로|avro"
_PERCENT_WORDS = "per ?cent|prozent|процент|por ciento|τοις εκατό|phần trăm|%|٪"
_WORDS = re.compile(
    rf"(?P<USD>[\w-]{{0,4}}(?:{_DOLLARS}))|(?P<EUR>{_EUROS})|(?P<percent>{_PERCENT_WORDS})", re.IGNORECASE
)
# Money or a weight; of China or of Japan.
_AMBIGUOUS = re.compile(r"pound|pfund|libra|livre|λίρ|lira|фунт|جنيه|पाउंड|ปอนด์|ポンド|파운드|[¥￥]", re.IGNORECASE)
_SIGN_BEFORE = re.compile(r"(?:(?<![^\W_])([A-Z]{3})|(?:US|A|C|HK)?(\$)|([%٪€£₹₽₩₺฿₫₪]))\s?$")
# Two million of dollars, dos millones de dólares.
_BETWEEN = re.compile(r"[-\s\u00a0]{0,2}(?:(?:of|de|di|d['’])\s?)?")


class AmountsOf:
    """The numbers of a text with their units, read once to be looked up several times."""

    def __init__(self, text: str, *, language: str) -> None:
        self._text = text
        self._language = language

    def missing(self, statement: str, *, language: str) -> tuple[str, ...]:
        """Return the amounts of a statement that the text gives with other units only.

        Args:
            statement: What they are looked for from.
            language: The statement's language.
        """
        missing = []
        for number, unit in _amounts(statement, language):
            units = set[str | None]().union(*(self._units.get(value, ()) for value in _values(number)))
            if unit and units and None not in units and unit not in units:
                missing.append(statement[number.start : number.end])
        return tuple(missing)

    @cached_property
    def _units(self) -> Mapping[Decimal, set[str | None]]:
        """The units of each value."""
        units: defaultdict[Decimal, set[str | None]] = defaultdict(set)
        for number, unit in _amounts(self._text, self._language):
            for value in _values(number):
                units[value].add(unit)
        return units


def _values(number: WrittenNumber) -> frozenset[Decimal]:
    return frozenset().union(*number.readings)


def _amounts(text: str, language: str) -> Iterator[tuple[WrittenNumber, str | None]]:
    plain = ascii_digits(text)
    for number in find_numbers(plain):
        yield number, _unit_after(plain, number.end, language) or _unit_before(plain, number.start)


def _unit_before(text: str, at: int) -> str | None:
    found = _SIGN_BEFORE.search(text[max(0, at - 6) : at])
    return _unit_names("en")[1].get((found[1] or found[2] or found[3]).casefold()) if found else None


def _unit_after(text: str, at: int, language: str) -> str | None:
    between = _BETWEEN.match(text, magnitude_end(text, at))
    at = between.end() if between else at
    if _AMBIGUOUS.match(text, at):
        return None
    if found := _WORDS.match(text, at):
        return _PERCENT if found["percent"] else found.lastgroup
    names, meanings = _unit_names(language)
    found = names.match(text, at)
    return meanings[found[0].casefold()] if found else None


@cache
def _unit_names(language: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """The names and signs of units in a language, longest first, and what each stands for."""
    meanings = {name.casefold(): meaning for name, meaning in {**_SIGNS, **unit_names(language)}.items()}
    words = FUNCTION_WORDS.get(language.partition("-")[0], frozenset())  # "in" is an inch only rarely
    names = "|".join(map(re.escape, sorted(meanings.keys() - words, key=len, reverse=True)))
    return re.compile(rf"(?:{names})(?![^\W\d_])", re.IGNORECASE), meanings
