"""Bytes → text: byte order marks, UTF-8, older encodings where one is certain, and a clear no to everything else."""

import codecs
import re
import unicodedata
from collections import Counter

from index.errors import LoadError

_MARKS = (  # UTF-32 first: its mark starts with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive, as .docx, .odt, .xlsx and .epub files are"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a Windows program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or PowerPoint file"),
    (b"{\\rtf", "an RTF file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"RIFF", "a sound, video or WebP file"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "an MP3 sound file"),
)
# Bytes that no text has, in whatever encoding: controls other than tab, line ends, form feed, end of file and escape.
_CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")
_CONTROL_SHARE = 0.01

# Encodings that text files of the last thirty years are in. The many others that `charset_normalizer` knows, EBCDIC and
# early Macintosh among them, only add wrong guesses.
_OLD_ENCODINGS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_2", "koi8_r", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_MOST_CHAOS = 0.1
# Of the characters of EUC-KR, GB18030 or TIS-620, up to about a fifth look like UTF-8 by chance, of others hardly any.
_CHANCE_OF_UTF8 = 0.4
# In a text of Latin letters, those outside ASCII stand in words with others; a text in another script is mostly in it.
_LEAST_IN_WORDS = 0.7
_LEAST_OF_SCRIPT = 0.3
# The share of characters outside ASCII that are letters or marks in text of any script; the rest are quotation marks,
# dashes and the full-width punctuation of Chinese and Japanese.
_LEAST_LETTERS = 0.6


def decode_text(data: bytes, *, source: str) -> tuple[str, str]:
    """Decode the bytes of a text file; returns the text, without byte order mark, and the name of its encoding.

    Raises:
        LoadError: If the bytes are no text, or no encoding is certain enough.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_marked(data[len(mark) :], encoding, source), encoding
    _refuse_binary(data, source)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        guess = None if _is_broken_utf8(data) else _guess(data)
        if guess is None:
            raise LoadError(
                f"{source!r} is not valid UTF-8 (byte {error.start} is 0x{data[error.start]:02x}), and what else it is"
                " cannot be told: open it in the program it comes from and save it as UTF-8."
            ) from error
        return guess


def _decode_marked(data: bytes, encoding: str, source: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LoadError(
            f"{source!r} starts with the mark of {encoding.upper()}, but byte {error.start} is not valid in it:"
            " save the file as UTF-8."
        ) from error


def _refuse_binary(data: bytes, source: str) -> None:
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            raise LoadError(f"{source!r} looks like {name}, not like text: convert it to .txt, .md or .html first.")
    if b"\x00" in data:
        raise LoadError(
            f"{source!r} is not a text file, byte {data.index(0)} is NUL: if it is UTF-16 text, save it as UTF-8, else"
            " convert it to .txt, .md or .html first."
        )
    if len(_CONTROLS.findall(data)) > _CONTROL_SHARE * len(data):
        raise LoadError(
            f"{source!r} is not a text file, it is full of control characters: convert it to .txt, .md or .html first."
        )


def _is_broken_utf8(data: bytes) -> bool:
    """Whether so much of what is not ASCII is valid UTF-8 that the rest is damage and not another encoding."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(not character.isascii() for character in text) - broken > _CHANCE_OF_UTF8 * broken


def _guess(data: bytes) -> tuple[str, str] | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=list(_OLD_ENCODINGS), threshold=_MOST_CHAOS).best()
    if best is None:
        return None
    text = data.decode(best.encoding)
    return (text, best.encoding.replace("_", "-")) if _is_plausible(text) else None


def _is_plausible(text: str) -> bool:
    foreign = Counter(character for character in text if not character.isascii())
    letters = controls = 0
    for character, count in foreign.items():
        category = unicodedata.category(character)
        letters += count * (category[0] in "LM")
        controls += count * (category in ("Cc", "Co", "Cn"))
    return not controls and letters >= _LEAST_LETTERS * foreign.total() and _is_in_words(text)


def _is_in_words(text: str) -> bool:
    """Whether the letters outside ASCII belong to their surroundings, and are not a few stray bytes."""
    latin = [at for at, character in enumerate(text) if not character.isascii() and _is_latin(character)]
    others = sum(character.isalpha() and not character.isascii() for character in text) - len(latin)
    if others:
        return others >= _LEAST_OF_SCRIPT * sum(map(str.isalpha, text))
    joined = sum(any(near.isascii() and near.isalpha() for near in text[max(at - 1, 0) : at + 2]) for at in latin)
    return joined >= _LEAST_IN_WORDS * len(latin)


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
