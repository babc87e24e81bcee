"""Text to search terms, the same for every script, used alike on documents and on questions."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from index.compounds import is_compound, split_compound
from index.phonetics import phonetic_key
from index.spelling import is_vietnamese, lower, normal, transcribed, unmarked, without_clitic

# The first letters of a long word: inflected forms and compounds of one stem meet there. BM25 on XQuAD, mean nDCG@10 of
# 12 languages: none 0.938, 4 letters 0.959, 4 and 6 0.961, and 3, 5 and 8 0.963, but with a third more postings to read
# for a question, and no better once passages are cut into chunks. Sounds lift it across languages from 0.278 to 0.355.
PREFIX_LENGTHS = (4, 6)
# Part of the name of a lexical index: another number, and it is made anew from the stored texts.
ANALYSIS_VERSION = 2
# No word holds it, so a sound never meets a word that happens to be spelt like it.
_SOUND_MARK = "^"
# Beyond it a word is cut. No word is longer, and a line without spaces may be.
_LONGEST_WORD = 64
# ICU gets a run in pieces, so that its time does not depend on how long a text goes on without a space.
_LONGEST_RUN = 1000
# Names are rarely in ICU's dictionaries, which leaves them in pieces up to this length.
_LONGEST_PIECE = 5
_MARKS_KEPT = 16


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order, with repetitions. No term holds white space.

    A word gives itself in its normal spelling (see `spelling`), its first letters, and its sound if it may be a name
    (see `phonetics`): in scripts with capitals if it has one, or if nothing in the text has. What is joined by hyphens,
    dots and the like also gives the whole (see `compounds`). Han, Kana and Hangul give pairs of characters; Thai, Lao,
    Khmer and Burmese the words of ICU's dictionaries.
    """
    patterns = _patterns()
    text = _clean(text, patterns)
    all_names = not patterns.capital.search(text)
    terms: list[str] = []
    for token in patterns.token.findall(text):
        if patterns.dictionary.match(token):
            terms.extend(_dictionary_terms(token))
        elif patterns.paired.match(token):
            terms.extend(_pair_terms(token))
        else:
            terms.extend(_token_terms(token, all_names))
    if is_vietnamese(text):
        terms.extend(_vietnamese_pairs(patterns.word.findall(text)))
    return terms


def name_keys(text: str) -> frozenset[str]:
    """Return the sounds of a text's names, by which they are known in any script (see `phonetics`)."""
    return frozenset(term for term in analyse(text) if term.startswith(_SOUND_MARK))


def _clean(text: str, patterns: "_Patterns") -> str:
    if text.isascii():
        return text
    # Putting thousands of marks on one letter in order would take time that grows with their square.
    text = patterns.marks.sub(r"\1", text)
    text = patterns.invisible.sub("", unicodedata.normalize("NFKC", text))
    text = patterns.digit.sub(lambda digit: str(unicodedata.decimal(digit[0], digit[0])), text)
    # NFKC takes these vowels apart, and ICU's dictionaries have them in one piece.
    return text.replace("\u0e4d\u0e32", "\u0e33").replace("\u0ecd\u0eb2", "\u0eb3")


@lru_cache(maxsize=1 << 14)
def _token_terms(token: str, all_names: bool) -> tuple[str, ...]:
    if not is_compound(token):
        return tuple(_word_terms(token, all_names=all_names))
    parts, wholes = split_compound(token)
    terms = [term for part in parts for term in _word_terms(part, all_names=all_names)]
    spelt = (unmarked(lower(whole))[:_LONGEST_WORD] for whole in wholes)
    return (*terms, *filter(None, spelt))


def _word_terms(word: str, *, all_names: bool) -> Iterator[str]:
    lowered = lower(word)
    spelling = normal(lowered)
    if not spelling:  # a mark that only widens letters, standing alone
        return
    yield spelling
    if any(map(str.isnumeric, spelling)):
        return
    stem = without_clitic(spelling)
    if stem != spelling:
        yield stem
    if "\uac00" <= stem[0] <= "\ud7a3":
        # A Korean word is a few syllables with its endings.
        yield from _pairs(stem) if len(stem) > 2 else ()
    else:
        beginning = unmarked(stem)
        yield from (beginning[:length] for length in PREFIX_LENGTHS if len(beginning) > length)
    if all_names or _may_be_name(word):
        if transcription := transcribed(lowered):
            yield transcription
        # One letter at the beginning may as well be the name's own: Pinkwart begins like "in Inkwart" in Arabic.
        if len(spelling) - len(stem) == 1:
            yield from _sound(spelling)
        yield from _sound(stem if stem != spelling else lowered)


def _may_be_name(word: str) -> bool:
    # Georgian letters count as small ones, but the language has no capitals.
    return not word[0].islower() or "\u10d0" <= word[0] <= "\u10ff"


def _sound(word: str) -> Iterator[str]:
    key = phonetic_key(word)
    if key:
        yield _SOUND_MARK + key


def _pair_terms(run: str) -> Iterator[str]:
    from index.han_forms import SIMPLIFIED

    yield from _pairs(run.translate(SIMPLIFIED)) if len(run) > 1 else run.translate(SIMPLIFIED)
    for name in _patterns().katakana.findall(run):
        yield from _sound(name)


def _pairs(run: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(run))


def _dictionary_terms(run: str) -> Iterator[str]:
    from icu4py.breakers import WordBreaker

    for at in range(0, len(run), _LONGEST_RUN):
        words = list(WordBreaker(run[at : at + _LONGEST_RUN], "th"))
        for word in words:
            yield word[:_LONGEST_WORD]
            if len(word) > PREFIX_LENGTHS[0]:
                yield word[: PREFIX_LENGTHS[0]]
        yield from _sounds_of_pieces(words)


def _sounds_of_pieces(words: Iterable[str]) -> Iterator[str]:
    name = ""
    for word in words:
        if len(word) <= _LONGEST_PIECE:
            name += word
            continue
        yield from _sound(name)
        yield from _sound(word)
        name = ""
    yield from _sound(name)


def _vietnamese_pairs(words: Iterable[str]) -> Iterator[str]:
    """Neighbouring syllables as one word without marks, because most Vietnamese words are two, and others write one."""
    for (first, is_first), (second, is_second) in pairwise(map(_syllable, words)):
        if is_first or is_second:
            yield first + second


@lru_cache(maxsize=1 << 12)
def _syllable(word: str) -> tuple[str, bool]:
    lowered = lower(word)
    return unmarked(lowered), is_vietnamese(lowered)


class _Patterns(NamedTuple):
    token: Any
    word: Any
    dictionary: Any
    paired: Any
    katakana: Any
    capital: Any
    marks: Any
    invisible: Any
    digit: Any


@cache
def _patterns() -> _Patterns:
    import regex

    def scripts(*names: str) -> str:
        return "".join(rf"\p{{Script={name}}}" for name in names)

    dictionary = rf"[[{scripts('Thai', 'Lao', 'Khmer', 'Myanmar')}]--\p{{Nd}}]"
    paired = rf"[{scripts('Han', 'Hiragana', 'Katakana')}ー々]"
    letters = rf"[[\p{{L}}\p{{N}}]--{dictionary}--{paired}]"
    word = rf"{letters}[[\p{{L}}\p{{M}}\p{{N}}]--{dictionary}--{paired}]{{0,{_LONGEST_WORD - 1}}}"
    joined = rf"{word}(?:[-'’ʼ`._@/:,+&#\u2010\u05f3\u05f4\"\u066b\u066c]{word}){{0,7}}(?:\+\+|\#(?!\w))?"
    grouped = r"(?<![\p{N}.,])\p{Nd}{1,3}(?: \p{Nd}{3})+(?!\p{Nd})"
    compiled: Callable[[str], Any] = lambda pattern: regex.compile(pattern, regex.V1)  # noqa: E731
    return _Patterns(
        token=compiled(rf"{dictionary}+|{paired}+|{grouped}|{joined}"),
        word=compiled(word),
        dictionary=compiled(dictionary),
        paired=compiled(paired),
        katakana=compiled(r"[\p{Script=Katakana}ー]{3,}"),
        capital=compiled(r"[\p{Lu}\p{Lt}]"),
        marks=compiled(rf"(\p{{M}}{{{_MARKS_KEPT}}})\p{{M}}+"),
        # Soft hyphens, joiners and marks of direction; the non-joiner separates words only in Arabic script.
        invisible=compiled(r"[\u00ad\u200d\u200e\u200f\u2060\ufeff]|(?<=[\u0900-\u0dff])\u200c"),
        digit=compiled(r"[\p{Nd}--[0-9]]"),
    )
