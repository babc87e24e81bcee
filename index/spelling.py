"""One spelling for words that are written in several ways: accents, vowel points, letters of neighbouring alphabets.

Cyrillic and Greek words are written in Latin letters, so that Serbian is the same word in both its scripts and names
and loans of Russian or Greek meet their Latin forms. Every function but `folded` takes a word in lower case (NFKC).
"""

import re
import unicodedata

_LATIN = str.maketrans(
    {"ı": "i", "đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe", "ŋ": "n", "ə": "e"}
)
# As Serbian spells itself in Latin letters, without the marks that other words lose as well.
_CYRILLIC = dict(zip("абвгґдђеєзжиійіјклмнопрстћуўфхцчшыэ", "abvggddeezziijijklmnoprstcuufhccsye", strict=True)) | {
    **{"љ": "lj", "њ": "nj", "џ": "dz", "щ": "sc", "ю": "ju", "я": "ja"},
    **{"ъ": "", "ь": ""},
}
_GREEK = dict(zip("αβγδεζηικλμνξοπρσςτυφχω", "avgdeziiklmnxoprsstifho", strict=True)) | {"θ": "th", "ψ": "ps"}
_TO_LATIN = str.maketrans(_CYRILLIC | _GREEK)
_GREEK_PAIRS = (("ου", "u"), ("μπ", "b"), ("ντ", "d"), ("γκ", "g"))

_ACCENTS = re.compile("[\u0300-\u036f]+")
_GREEK_LETTER = re.compile("[\u0370-\u03ff]")
# Letters that only Vietnamese has. There marks tell words apart, and most words are one short syllable.
_VIETNAMESE = re.compile("[\u1ea0-\u1ef9ơư]")

_ARABIC = re.compile("[\u0620-\u06ff]")
# Short vowels, their relatives in the Koran, and the stroke that only widens a word.
_ARABIC_SIGNS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+")
# Seats of hamza, and what Persian and Urdu keyboards write for the same letters.
_ARABIC_LETTERS = str.maketrans("أإآٱىةؤئکیےہۃە", "اااايهويكييههه")
# And, with, like, so, to, the: written as one with the next word.
_ARABIC_CLITICS = re.compile("(?:وال|بال|كال|فال|ولل|ال|لل|[وبلف](?=.{4}))(?=.{3})")

_HEBREW = re.compile("[\u05d0-\u05ea]")
_HEBREW_SIGNS = re.compile("[\u0591-\u05c7׳״]+")
# And, that, when, the, in, from, to, like.
_HEBREW_CLITICS = re.compile("(?:וה|שה|מה|כש|וב|ול|ומ|[ושהבמלכ])(?=.{4})")

# Dots under letters for Persian sounds are often left away; ड़ and ढ़ are letters of their own.
_HINDI_DOTS = str.maketrans({"\u0901": "\u0902", "\u0a81": "\u0a82", "\u0981": "\u0982"})
_HINDI_DOTTED = re.compile("(?<=[\u0915\u0916\u0917\u091c\u092b])\u093c")
# A nasal before a consonant of its own place is written as a letter or as a dot: हिन्दी, हिंदी.
_HINDI_NASALS = re.compile("(?:ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ]))")
_INDIC = re.compile("[\u0900-\u0dff]")

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_UMLAUT = re.compile("[äöü]")


def folded(text: str) -> str:
    """Return any text without differences of case and form: ς and σ are one, as are wide and narrow letters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def lower(word: str) -> str:
    """Return a word in lower case; Turkish İ becomes a plain i."""
    if word.isascii():
        return word.lower()
    # Folding case can leave a form that is not composed. The combining dot comes from Turkish İ.
    return unicodedata.normalize("NFC", word.casefold()).replace("i̇", "i")


def normal(word: str) -> str:
    """Return the one spelling of a word; a Vietnamese one keeps its marks."""
    if word.isascii() or _VIETNAMESE.search(word):
        return word
    if _ARABIC.match(word):
        return _ARABIC_SIGNS.sub("", word).translate(_ARABIC_LETTERS)
    if _HEBREW.match(word):
        return _HEBREW_SIGNS.sub("", word)
    if _INDIC.match(word):
        spelt = unicodedata.normalize("NFC", unicodedata.normalize("NFD", word).translate(_HINDI_DOTS))
        return _HINDI_NASALS.sub("\u0902", _HINDI_DOTTED.sub("", spelt))
    return unmarked(word)


def unmarked(word: str) -> str:
    """Return a word without accents, in Latin letters where it is Cyrillic or Greek."""
    if word.isascii():
        return word
    spelt = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
    if _GREEK_LETTER.match(spelt):
        for pair, letter in _GREEK_PAIRS:
            spelt = spelt.replace(pair, letter)
    return unicodedata.normalize("NFC", spelt).translate(_LATIN).translate(_TO_LATIN)


def without_clitic(word: str) -> str:
    """Return a normal Arabic or Hebrew word without the article, conjunction or preposition it begins with."""
    if _ARABIC.match(word):
        return _ARABIC_CLITICS.sub("", word, count=1) if _ARABIC_CLITICS.match(word) else word
    if _HEBREW.match(word) and (clitic := _HEBREW_CLITICS.match(word)):
        return word[clitic.end() :]
    return word


def transcribed(word: str) -> str:
    """Return a word as it is typed without German umlauts (Mueller), or `""` if it has none."""
    return unmarked(word.translate(_UMLAUTS)) if _UMLAUT.search(word) else ""


def is_vietnamese(word: str) -> bool:
    """Whether a word has letters that only Vietnamese has."""
    return not word.isascii() and _VIETNAMESE.search(word) is not None
