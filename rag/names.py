"""The names of a text, as far as writing shows them: by their capitals, or in Katakana; and whether another has them.

Only a text in the same language can be held against a name: in another one Germany is Saksa, and Пинкварт may be
written in several ways. German gives a capital to every noun, so there only several in a row are taken for a name
(Andreas Pinkwart), and abbreviations (NRW).
"""

from functools import cache, cached_property
from typing import Any

from index.function_words import is_function_word
from index.phonetics import phonetic_key
from index.spelling import lower, unmarked

_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))
# Declension changes the end of a word, of names with at least this many letters.
_SHORTEST_STEM = 4
_LONGEST_ENDING = 3


def find_names(text: str, *, language: str) -> list[str]:
    """Return the names in a text, word by word.

    A word that begins a sentence has its capital from there, so it is none.

    Args:
        text: A sentence or a few.
        language: The text's language.
    """
    patterns = _patterns()
    words = list(patterns.word.finditer(text))
    nouns_have_capitals = language.partition("-")[0] in _NOUNS_HAVE_CAPITALS
    between = " ." if nouns_have_capitals else " .-"  # a hyphen may join nouns as well: Öl-Produzent
    names = [found[0] for found in patterns.katakana.finditer(text)]
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        if not _may_be_name(word[0]):
            continue
        gap = text[before.end() if before else 0 : word.start()]
        if patterns.opening.search(gap) or (before is None and not any(map(str.isalpha, gap))):
            continue
        goes_on = after is not None and _may_be_name(after[0]) and not text[word.end() : after.start()].strip(between)
        continues = before is not None and _may_be_name(before[0]) and not gap.strip(between)
        if nouns_have_capitals and not (word[0].isupper() or continues or goes_on):
            continue
        names.append(word[0])
    return names


class NamesOf:
    """The words of a text, read once to look names up in them."""

    def __init__(self, text: str) -> None:
        self._text = text

    def hold(self, name: str) -> bool:
        """Return whether the text has a name: spelt or sounding alike, declined, in a compound, or as its initials."""
        spelling = _spelling(name)
        if spelling in self._spellings or spelling in self._initials:
            return True
        if len(spelling) >= _SHORTEST_STEM:
            stem = spelling[: max(_SHORTEST_STEM, len(spelling) - _LONGEST_ENDING)]
            if any(other.startswith(stem) or spelling in other for other in self._spellings):
                return True
        key = phonetic_key(_without_ending(name))
        return bool(key) and key in self._sounds

    @cached_property
    def _words(self) -> list[str]:
        patterns = _patterns()
        return [found[0] for found in (*patterns.word.finditer(self._text), *patterns.katakana.finditer(self._text))]

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset(map(_spelling, self._words))

    @cached_property
    def _sounds(self) -> frozenset[str]:
        return frozenset(phonetic_key(_without_ending(word)) for word in self._words)

    @cached_property
    def _initials(self) -> frozenset[str]:
        """The initials of two to six words in a row that have capitals."""
        letters = "".join(word[0] if word[0].isupper() else " " for word in self._words).lower()
        return frozenset(
            run[start : start + length]
            for run in letters.split()
            for length in range(2, 7)
            for start in range(len(run) - length + 1)
        )


def _may_be_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 1 and not is_function_word(word)


def _spelling(word: str) -> str:
    return unmarked(lower(_without_ending(word)))


def _without_ending(word: str) -> str:
    """The word without what an apostrophe parts from it (Tesla's, Ankara'nın); O'Brien stays."""
    head, _, tail = word.replace("’", "'").partition("'")
    return word if not tail or tail[0].isupper() else head


@cache
def _patterns() -> Any:
    from types import SimpleNamespace

    import regex

    alphabet = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}]"
    letters = rf"[{alphabet}\p{{M}}\p{{N}}]{{0,40}}+"  # others follow without a space: Tesla公司
    return SimpleNamespace(
        word=regex.compile(rf"{alphabet}{letters}(?:['’.]{alphabet}{letters}){{0,6}}", regex.V1),
        katakana=regex.compile(r"[\p{Katakana}ー]{3,40}", regex.V1),
        opening=regex.compile(r"[.!?…:;\"“„«»‹(\[\n•]"),
    )
