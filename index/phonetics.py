"""A name's sound, roughly, whatever script it is written in: Пинкварт, ピンクヴァルト and Pinkwart get one key.

The word is romanised (anyascii), then only what survives a journey through other scripts is kept: the first sound and
the consonants after it, similar ones folded. Arabic and Hebrew write no short vowels, Arabic has no p, Japanese no l,
Russian and German say w as v; so vowels, h, w and y count only at the beginning, and b=p=f, d=t, g=k, l=r, s=z=ts.
"""

import re
from functools import lru_cache

# Keys of two consonants are shared by too many words to tell anything.
SHORTEST_KEY = 3
# Endings of inflected names (Westfalenin, Вестфалии) come after the fifth sound of most.
LONGEST_KEY = 5

# Sounds that take several letters in one spelling or another, longest first.
_SPELLINGS = (
    ("tsch", "s"), ("dsch", "s"), ("tch", "s"), ("tsh", "s"), ("sch", "s"), ("dzh", "s"), ("chi", "si"), ("che", "se"),
    ("kh", "h"), ("ch", "h"), ("sh", "s"), ("zh", "s"), ("dz", "s"), ("dj", "s"), ("ts", "s"), ("cz", "s"), ("ph", "p"),
    ("th", "t"), ("gh", "k"), ("ck", "k"), ("qu", "k"), ("x", "ks"), ("tti", "ti"), ("j", "s"), ("z", "s"), ("c", "k"),
)  # fmt: skip
_FOLDED = str.maketrans("bfdgqlv", "pptkkrw")
_VOWELS = "aeiou"
_SILENT = re.compile(r"[aeiouhwy]")
_DOUBLED = re.compile(r"(.)\1+")
_NOT_LETTERS = re.compile(r"[^a-z]")


@lru_cache(maxsize=65536)
def phonetic_key(word: str) -> str:
    """Return the key of a word in any alphabet, or `""` if it is too short to tell anything.

    Han characters have other sounds in every language and get no key.
    """
    from anyascii import anyascii

    if any("\u3400" <= character <= "\u9fff" for character in word):
        return ""
    sounds = _NOT_LETTERS.sub("", anyascii(word).lower())
    if not sounds:
        return ""
    for spelling, sound in _SPELLINGS:
        sounds = sounds.replace(spelling, sound)
    sounds = sounds.translate(_FOLDED)
    first = "a" if sounds[0] in _VOWELS + "y" else sounds[0]
    key = _DOUBLED.sub(r"\1", first + _SILENT.sub("", sounds[1:]))[:LONGEST_KEY]
    return key if len(key) >= SHORTEST_KEY else ""
