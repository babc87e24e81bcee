"""Text to the subwords of the bundled model, by sentencepiece.

The model's folder has a `tokenizer.json`, because that is what sentence-transformers reads; run by the tokenizers
library it takes 175 MB and twice the time. sentencepiece finds the same subwords (Kudo 2018) with 40 MB.
"""

import gc
import json
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import regex

# The normaliser in tokenizer.json has the same patterns (`bench/embedding/tokenizer.py`); a test compares the two.

# Marks that one writer sets and another does not: tatweel, Arabic vowel signs and hamzas, Hebrew points, the nukta of
# Hindi, joiners, variation selectors, Greek accents (they move when a word is inflected), the dots of the Russian yo
# and the Turkish small i.
UNWRITTEN = (
    "[\u0640\u064b-\u0655\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u093c\u200c\u200d\ufe00-\ufe0f]"
    "|(?<=[\u03b1-\u03c9])[\u0300\u0301\u0342]|(?<=\u0435)\u0308|(?<=i)\u0307"
)
BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]+"
# The article and what is written together with it (the prefixes of the stemmer light10; Larkey et al. 2007).
ARABIC_ARTICLE = r"(?<![^ ])(?:[وفبك]?ال|لل)(?=\p{L}{3})"
# Letters that differ by habit only: Romanian commas, often typed as cedillas, and Persian and Arabic ones of one shape.
_LETTERS = str.maketrans({"\u0326": "\u0327", "ى": "ي", "ی": "ي", "ک": "ك"})

_UNWRITTEN = regex.compile(UNWRITTEN)
_BETWEEN_WORDS = regex.compile(BETWEEN_WORDS)
_ARABIC_ARTICLE = regex.compile(ARABIC_ARTICLE)


def normalise(text: str) -> str:
    """Bring spellings of one word together: width, case, dots and points, punctuation to spaces."""
    text = unicodedata.normalize("NFKD", text)
    text = text.replace("Σ", "σ").lower()  # lower() alone would make it ς at the end of a word
    text = unicodedata.normalize("NFC", _UNWRITTEN.sub("", text).translate(_LETTERS))
    return _ARABIC_ARTICLE.sub("", _BETWEEN_WORDS.sub(" ", text)).strip()


# Below this number of texts, starting threads takes longer than cutting the texts.
_FEW = 8


class Subwords:
    """Cuts texts into the subwords of a unigram `tokenizer.json`."""

    def __init__(self, path: Path) -> None:
        """Read the subwords.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it does not hold a unigram model.
        """
        from sentencepiece import SentencePieceProcessor

        with _collector_paused():
            held = json.loads(path.read_bytes())
        model = held.get("model") if isinstance(held, dict) else None
        if not isinstance(model, dict) or model.get("type") != "Unigram":
            raise ValueError("it holds no unigram model")
        try:
            serialised = _serialised(model["vocab"], unknown=model["unk_id"])
            self._processor = SentencePieceProcessor(model_proto=serialised)
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(f"its unigram model is broken ({error})") from error

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the ids of each text's subwords; none for a text without letters and digits."""
        normalised = [normalise(text) for text in texts]
        if len(texts) < _FEW:  # a list would be given to threads
            return [self._processor.encode(text) for text in normalised]
        ids: list[list[int]] = self._processor.encode(normalised)
        return ids


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking through 150,000 small lists while they are made; a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _serialised(vocabulary: Sequence[tuple[str, float]], *, unknown: int) -> bytes:
    """Write subwords and their log probabilities as a `ModelProto` (sentencepiece_model.proto).

    In protocol buffers' wire format (a byte of field number and type, then the length or the value), by hand: the
    generated Python classes take a second for what takes a tenth here.
    """
    lengths = [_varint(length) for length in range(1 << 10)]
    number = struct.Struct("<f").pack
    pieces = []
    for at, (piece, score) in enumerate(vocabulary):
        text = piece.encode()
        message = b"\x0a" + lengths[len(text)] + text + b"\x15" + number(score)  # piece = 1, score = 2
        if at == unknown:
            message += b"\x18\x02"  # type = 3: UNKNOWN
        pieces.append(b"\x0a" + lengths[len(message)] + message)  # pieces = 1
    absent = _varint((1 << 64) - 1)  # -1: no such special piece
    trainer = (
        b"\x18\x01"  # model_type = 3: UNIGRAM
        + (b"\xc0\x02" + _varint(unknown))  # unk_id = 40
        + b"".join(field + absent for field in (b"\xc8\x02", b"\xd0\x02", b"\xd8\x02"))  # bos, eos, pad = 41 to 43
    )
    normaliser = b"\x0a\x08identity"  # name = 1; what is left at its default puts a space first and escapes spaces
    return (
        b"".join(pieces) + b"\x12" + _varint(len(trainer)) + trainer + b"\x1a" + _varint(len(normaliser)) + normaliser
    )


def _varint(value: int) -> bytes:
    """Write an integer in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
