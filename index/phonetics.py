"""A name's sound, roughly, whatever script it is written in: Пинкварт, ピンクヴァルト and Pinkwart get one key.

The word is romanised (anyascii), then only what survives a journey through other scripts is kept: the first sound and
the consonants after it, similar ones folded. Arabic and Hebrew write no short vowels, Arabic has no p, Japanese no l,
Russian and German say w as v; so vowels, h, w and y count only at the beginning, and b=p=f, d=t, g=k, l=r, s=z=ts.
"""

import re
import unicodedata
from functools import lru_cache

# Keys of two consonants are shared by too many words to tell anything.
SHORTEST_KEY = 3
# Endings of inflected names (Westfalenin, Вестфалии) come after the fifth sound of most.
LONGEST_KEY = 5
# No name is longer, and a line without spaces may be.
_LONGEST_WORD = 64

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_ABJAD = re.compile("[\u05d0-\u05ea\u0620-\u06ff]")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_LABIALS = "पफबभमপফবমਪਫਬਭਮપફબભમபமపఫబభమಪಫಬಭಮപഫബഭമ"
_NASAL_SIGNS = "[\u0901\u0902\u0981\u0982\u0a02\u0a70\u0a81\u0a82\u0c02\u0c82\u0d02]"

# What a script writes otherwise than it is spoken, before the letters are romanised one by one.
_READINGS = tuple(
    (re.compile(written), spoken)
    for written, spoken in (
        ("[เแโใไເແໂໃໄ]", ""),  # vowels of Thai and Lao stand before the consonant they follow
        ("[ขฃคฅฆຂຄ]", "k"),
        (f"{_NASAL_SIGNS}(?=[{_LABIALS}])", "m"),
        (_NASAL_SIGNS, "n"),
        ("[चছচચਚచಚച]", "ch"),
        ("ச", "s"),
        ("ভ|^(?:ও|উ)(?:য়|\u09af\u09bc)", "v"),
        ("^उ(?=[इए])", "v"),
        ("ッ", ""),
        ("ウ(?=[ァィェォ])", "w"),
        ("ντ", "d"),
        ("μπ", "b"),
        ("γκ", "g"),
        ("τ[ζσ]", "s"),
        ("χ", "h"),
        ("^(?:γ?ου)(?=[αει])", "w"),
        ("^[אעأإآاع]", "a"),
        ("^ב", "b"),
        ("וו", "v"),
        ("[׳']", ""),
    )
)
# Sounds that take several letters in one spelling or another, longest first.
_SPELLINGS = (
    ("tsch", "s"), ("dsch", "s"), ("tch", "s"), ("tsh", "s"), ("sch", "s"), ("dzh", "s"), ("kh", "h"),
    ("ch", "h"), ("sh", "s"), ("zh", "s"), ("dz", "s"), ("dj", "s"), ("ts", "s"), ("cz", "s"), ("ph", "p"),
    ("th", "t"), ("gh", "k"), ("ck", "k"), ("qu", "k"), ("x", "ks"), ("tti", "ti"), ("j", "s"), ("z", "s"), ("c", "k"),
)  # fmt: skip
# Before these vowels most languages in Latin letters soften c, and ch is heard as in Chicago.
_SOFTENED = re.compile(r"c(?=[eiy])|(?<!s)ch(?=[aeiou])")
_LATIN_END = "\u0370"
_FOLDED = str.maketrans("bfdgqlv", "pptkkrw")
_VOWELS = "aeiou"
_SILENT = re.compile(r"[aeiouhwy]")
_DOUBLED = re.compile(r"(.)\1+")
_NOT_LETTERS = re.compile(r"[^a-z]")


@lru_cache(maxsize=1 << 13)
def phonetic_key(word: str) -> str:
    """Return the key of a word in any alphabet, or `""` if it is too short to tell anything.

    Han characters have other sounds in every language and get no key.
    """
    word = word[:_LONGEST_WORD].lower()
    if _HAN.search(word):
        return ""
    sounds = _romanised(word)
    if not sounds:
        return ""
    for spelling, sound in _SPELLINGS:
        sounds = sounds.replace(spelling, sound)
    sounds = sounds.translate(_FOLDED)
    first = "a" if sounds[0] in _VOWELS + "y" else sounds[0]
    if first == "w":  # Victoria begins with f in Arabic, with b in Korean
        first = "p"
    key = _DOUBLED.sub(r"\1", first + _SILENT.sub("", sounds[1:]))[:LONGEST_KEY]
    return key if len(key) >= SHORTEST_KEY else ""


def _romanised(word: str) -> str:
    from anyascii import anyascii

    if word.isascii():
        return _SOFTENED.sub("s", _NOT_LETTERS.sub("", word))
    if _GREEK.search(word):
        word = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
    for written, spoken in _READINGS:
        word = written.sub(spoken, word)
    # Between the letters of Arabic and Hebrew a vowel may be missing: t and s of טסלה are not the one sound "ts".
    letters = "e".join(map(anyascii, word)) if _ABJAD.search(word) else anyascii(word)
    sounds = _NOT_LETTERS.sub("", letters.lower())
    # Out of other scripts, ch always is romanised from that sound.
    return _SOFTENED.sub("s", sounds) if word[:1] < _LATIN_END else sounds.replace("tch", "s").replace("ch", "s")
