"""Which script a letter is of, and which languages are written in which script."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby

from index.function_words import FUNCTION_WORDS
from index.lengths import HAN_WEIGHT, HANGUL_WEIGHT, KANA_WEIGHT

_RANGES = sorted(
    (start, end, script)
    for script, ranges in {
        "arabic": (
            (0x0620, 0x065F),
            (0x066E, 0x06D3),
            (0x06D5, 0x06FF),
            (0x0750, 0x077F),
            (0xFB50, 0xFDFB),
            (0xFE70, 0xFEFC),
        ),
        "armenian": ((0x0531, 0x0587),),
        "bengali": ((0x0980, 0x09FF),),
        "cyrillic": ((0x0400, 0x052F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)),
        "devanagari": ((0x0900, 0x0963), (0x0970, 0x097F)),
        "ethiopic": ((0x1200, 0x139F), (0x2D80, 0x2DDF)),
        "georgian": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F)),
        "greek": ((0x0370, 0x03FF), (0x1F00, 0x1FFF)),
        "gujarati": ((0x0A80, 0x0AFF),),
        "gurmukhi": ((0x0A00, 0x0A7F),),
        "han": (
            (0x2E80, 0x2FDF),
            (0x3005, 0x3007),
            (0x3400, 0x4DBF),
            (0x4E00, 0x9FFF),
            (0xF900, 0xFAFF),
            (0x20000, 0x3FFFF),
        ),
        "hangul": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),
        "hebrew": ((0x0591, 0x05F4), (0xFB1D, 0xFB4F)),
        "kana": ((0x3041, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),
        "kannada": ((0x0C80, 0x0CFF),),
        "khmer": ((0x1780, 0x17D3),),
        "lao": ((0x0E80, 0x0EFF),),
        "latin": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x02AF), (0x1E00, 0x1EFF), (0x2C60, 0x2C7F), (0xFF21, 0xFF5A)),
        "malayalam": ((0x0D00, 0x0D7F),),
        "burmese": ((0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),
        "oriya": ((0x0B00, 0x0B7F),),
        "sinhala": ((0x0D80, 0x0DFF),),
        "tamil": ((0x0B80, 0x0BFF),),
        "telugu": ((0x0C00, 0x0C7F),),
        "thai": ((0x0E01, 0x0E4E),),
        "tibetan": ((0x0F40, 0x0FBC),),
    }.items()
    for start, end in ranges
)
_STARTS = [start for start, _, _ in _RANGES]

_LATIN = (
    "af az ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms nl nn no pl pt ro sk sl sq sr sv sw tl tr"
    " uz vi"
)

LANGUAGES_OF_SCRIPT: dict[str, tuple[str, ...]] = {
    "arabic": ("ar", "fa", "ur", "ps"),
    "armenian": ("hy",),
    "bengali": ("bn",),
    "burmese": ("my",),
    "cyrillic": ("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg"),
    "devanagari": ("hi", "mr", "ne"),
    "ethiopic": ("am",),
    "georgian": ("ka",),
    "greek": ("el",),
    "gujarati": ("gu",),
    "gurmukhi": ("pa",),
    "han": ("zh", "ja"),
    "hangul": ("ko",),
    "hebrew": ("he",),
    "kana": ("ja",),
    "kannada": ("kn",),
    "khmer": ("km",),
    "lao": ("lo",),
    "latin": tuple(_LATIN.split()),
    "malayalam": ("ml",),
    "oriya": ("or",),
    "sinhala": ("si",),
    "tamil": ("ta",),
    "telugu": ("te",),
    "thai": ("th",),
    "tibetan": ("bo",),
}
"""The living languages that are told apart; together they are the default candidates of `detect_language`."""

# What a character of these says in characters of an alphabet (see `lengths`), so that a name in Latin letters does not
# outweigh the Chinese sentence around it.
_DENSITY = {"han": HAN_WEIGHT, "kana": KANA_WEIGHT, "hangul": HANGUL_WEIGHT}
_KANA_SHARE = 0.05
# With so much of a text in one script, what else is in it need not be looked at.
_CLEAR = 0.9

UNSPACED_SCRIPTS = frozenset(("han", "kana", "thai", "lao", "khmer", "burmese", "tibetan"))
"""Scripts that put no spaces between words."""

# What tells that a language is spoken and not only named, in scripts whose function words are not set apart by spaces.
_GRAMMAR = {
    "kana": re.compile("[ぁ-ゖ]"),
    "han": re.compile("[的是了在吗嗎呢哪谁誰什么麼几幾怎为為有和与與这這那何]"),
    "hangul": re.compile(
        "(?<=.)(?:은|는|을|를|이|가|의|에|에서|으?로|와|과|도|나요|까|요|다)$|무엇|누구|언제|어디|어떻|얼마|몇|왜"
    ),
    "thai": re.compile("อะไร|ใคร|ไหน|เมื่อ|ที่|คือ|เป็น|ของ|และ|มี|ได้|ใน|จาก|กี่|ทำไม|อย่างไร|เท่าไ|ไหม|ใด"),
}


@lru_cache(maxsize=4096)
def script_of(character: str) -> str | None:
    """The script of a letter; None for a digit, punctuation mark, symbol or a script of no language listed here."""
    index = bisect_right(_STARTS, ord(character)) - 1
    if index < 0 or ord(character) > _RANGES[index][1] or not (character.isalpha() or ord(character) > 0x2FF):
        return None
    return _RANGES[index][2]


def main_script(text: str) -> str | None:
    """The script of the language a text is in, `kana` for all Japanese; None for a text without letters.

    In a text of several scripts it is the one with function words, because "Was ist 東京タワー?" is German, and names
    with capitals do not count beside it: "iPhone 15 कीमत" is Hindi. Where that does not decide, the one that says most.
    """
    weights = _as_japanese(_weights((character, script_of(character), n) for character, n in Counter(text).items()))
    if len(weights) > 1 and max(weights.values()) < _CLEAR * sum(weights.values()):
        weights = _of_plain_words(text, weights)
    return max(weights, key=lambda script: weights[script], default=None)


def function_words_in(text: str, script: str) -> frozenset[str]:
    """The words that show that a text says something in a script's languages instead of only naming something.

    They are the function words in it, in lower case; where none are known, all its words in that script.
    """
    words = {"".join(letters) for found, letters in groupby(text, script_of) if found == script}
    return frozenset(word.lower() for word in words if _is_function_word(word, script))


@cache
def scripts_of(language: str) -> frozenset[str]:
    """The scripts that a language is written in, by its code; none for one that is not told apart."""
    main = language.partition("-")[0]
    return frozenset(script for script, languages in LANGUAGES_OF_SCRIPT.items() if main in languages)


def _weights(counted: Iterable[tuple[str, str | None, int]]) -> dict[str, float]:
    """What texts of a script, each so many times, say together."""
    weights: defaultdict[str, float] = defaultdict(float)
    for text, script, times in counted:
        if script:
            weights[script] += times * len(text) * _DENSITY.get(script, 1)
    return dict(weights)


def _as_japanese(weights: dict[str, float]) -> dict[str, float]:
    """Count Han as Japanese where there is kana: every Japanese sentence has some; a Chinese text may quote a few."""
    if weights.get("kana", 0) > _KANA_SHARE * weights.get("han", 0):
        weights["kana"] += weights.pop("han", 0)
    return weights


def _of_plain_words(text: str, weights: dict[str, float]) -> dict[str, float]:
    """What each script says in words that are no names, for those with function words; `weights` if none is left."""
    words = [(script, "".join(letters)) for script, letters in groupby(text, script_of) if script]
    grammar = {(script, word) for script, word in words if _is_function_word(word, script)}
    counted = ((word, script, 1) for script, word in words if word == word.lower() or (script, word) in grammar)
    plain = _as_japanese(_weights(counted))
    speaking = {script for script, _ in grammar}
    return {script: weight for script, weight in plain.items() if script in speaking} or plain or weights


def _is_function_word(word: str, script: str) -> bool:
    """Whether a word is one of grammar; any word of a script for which none are listed."""
    if pattern := _GRAMMAR.get(script):
        return pattern.search(word) is not None
    listed = _function_words(script)
    # "IN", "IT" and "A" are abbreviations and grades as often.
    is_written_as_one = word[1:] == word[1:].lower() and len(word) > (script == "latin")
    return not listed or (is_written_as_one and word.lower() in listed)


@lru_cache(maxsize=64)
def _function_words(script: str) -> frozenset[str]:
    return frozenset().union(*(FUNCTION_WORDS.get(language, ()) for language in LANGUAGES_OF_SCRIPT[script]))
