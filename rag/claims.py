"""Which words of an answer a footnote mark vouches for."""

import re
from dataclasses import dataclass, replace

from index.lengths import text_weight
from index.sentences import sentence_spans

BLANKS = " \t\u00a0\u202f\u3000"
"""White space within a line."""

_EDGES = BLANKS + ",，、;；:："
_BULLET = re.compile(r"[\s\-*•·>–—]*(?:\d{1,2}[.)．、](?=\s|\D)\s*)?")
_WORD = re.compile(r"\w")
# What is looked at before a mark: several of the longest sentences, so that an endless line stays cheap.
_LOOK_BACK = 2000
# A shorter piece between two marks of a sentence says too little alone; the sentence up to it is compared instead.
_SHORTEST_PIECE = 15
_LONGEST_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mark vouches for; offsets are those of the answer without its marks."""

    start: int
    end: int
    text: str
    """To be compared with passages."""
    piece: str
    """What the sentence says since the mark before, whose facts are this mark's to prove."""

    def moved(self, by: int) -> "Claim":
        """Return the claim of an answer that has so many characters more before it."""
        return replace(self, start=self.start + by, end=self.end + by)


def begins_line(plain: str) -> bool:
    """Whether nothing but a bullet or a number stands before the end of a text in its last line."""
    line = plain.rfind("\n") + 1
    bullet = _BULLET.match(plain, line)
    return bullet is not None and bullet.end() == len(plain)


def claim_before(plain: str, *, since: int, language: str) -> Claim | None:
    """Return what a mark at the end of a text vouches for: what the sentence says since its last mark.

    A mark may follow the full stop, or stand alone on the next line.

    Args:
        plain: The answer up to the mark, without marks.
        since: Where the mark before stands.
        language: The answer's language.
    """
    end = len(plain.rstrip())
    line = plain.rfind("\n", 0, end) + 1
    bullet = _BULLET.match(plain, line, end)
    start = max(line if bullet is None else bullet.end(), end - _LOOK_BACK)
    spans = sentence_spans(plain[start:end], language)
    if not spans:
        return None
    first, last = start + spans[-1][0], start + spans[-1][1]
    return _claim(plain, first, last, since=since)


def claim_after(plain: str, *, at: int, language: str) -> Claim | None:
    """Return what a mark that begins a line vouches for: the sentence after it.

    Args:
        plain: The answer without marks, up to the end of that line or its next mark.
        at: Where the mark stands.
        language: The answer's language.
    """
    at = len(plain) - len(plain[at:].lstrip(_EDGES))
    spans = sentence_spans(plain[at : at + _LOOK_BACK], language)
    return _claim(plain, at + spans[0][0], at + spans[0][1], since=at) if spans else None


def _claim(plain: str, start: int, end: int, *, since: int) -> Claim | None:
    sentence = plain[start:end]
    if not _WORD.search(sentence):
        return None
    piece = plain[max(start, since) : end].strip(_EDGES)
    if not _WORD.search(piece):  # the mark before vouches for the same words
        return Claim(start, end, sentence[-_LONGEST_SENTENCE:], sentence[-_LONGEST_SENTENCE:])
    text = piece if text_weight(piece) >= _SHORTEST_PIECE else sentence[-_LONGEST_SENTENCE:]
    return Claim(max(start, since), end, text, piece)
