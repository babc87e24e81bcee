"""Where a text that is too long for one message may be cut: at paragraphs and sentences, else at words."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise

from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.marks import WrittenMark, find_marks

Fits = Callable[[int, int], bool]
"""Whether `text[start:end]` is short enough; if it is, so is every beginning of it."""

_BLANKS = " \t\u00a0\u202f\u3000"
# A surrogate alone is no character, and ICU refuses it.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "x")
# What stands behind a cut decides whether it may be there: an accent on the last letter, the rest of an emoji.
_LOOK_AHEAD = 48


def split_spans(text: str, language: str, *, fits: Fits) -> Iterator[tuple[int, int]]:
    """Cut a text into spans that fit, as few as that takes, in order.

    It is cut between paragraphs where that leaves no piece less than half as long as it may be, else between sentences,
    and inside a sentence only if that alone is too long: where a line may be broken, or between characters as a reader
    sees them. A footnote mark stays with what it stands behind. White space at the cuts is left out; all else is in
    exactly one span.

    Args:
        text: The text of an answer.
        language: Its language, which decides where sentences end.
        fits: Tells which spans are short enough; one character always counts as such.
    """
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if start >= end:
        return
    if fits(start, end):
        yield start, end
        return
    marks = find_marks(text)
    sentences = list(_sentence_starts(text, language, marks))
    paragraphs = [place for place in sentences if "\n" in _gap(text, place)]
    while not fits(start, end):
        cut = _last_that_fits(text, start, sentences, fits)
        if cut is None:
            cut = _cut_inside(text, start, end, marks, fits)
        else:
            paragraph = _last_that_fits(text, start, paragraphs, fits)
            if paragraph is not None and 2 * (paragraph - start) >= cut - start:
                cut = paragraph
        yield start, start + len(text[start:cut].rstrip())
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    yield start, end


def shortened(text: str, longest: float, *, size: Callable[[str], float] = text_weight) -> str:
    """Return a text of at most that size: a longer one ends at a word with an ellipsis."""
    text = text.strip()
    if size(text) <= longest:
        return text
    cut = _cut_inside(text, 0, len(text), [], lambda start, end: size(text[start:end] + "…") <= longest)
    return text[:cut].rstrip() + "…"


def _sentence_starts(text: str, language: str, marks: Sequence[WrittenMark]) -> Iterator[int]:
    """Where sentences begin, except the first; behind the marks of the one before."""
    marked = {mark.start: mark.end for mark in marks}
    for (_, before), (place, _) in pairwise(sentence_spans(text, language)):
        if "\n" not in text[before:place]:
            while place in marked:
                rest = text[marked[place] :]
                place = marked[place] + len(rest) - len(rest.lstrip(_BLANKS))  # noqa: PLW2901 - it moves on
        if place < len(text):
            yield place


def _gap(text: str, place: int) -> str:
    """The white space in front of a place."""
    before = text[max(0, place - _LOOK_AHEAD) : place]
    return before[len(before.rstrip()) :]


def _last_that_fits(text: str, start: int, places: Sequence[int], fits: Fits) -> int | None:
    """The last of the places up to which everything from `start` on fits; nothing if not even the first does."""
    later = places[bisect_right(places, start) :]
    count = bisect_right(later, False, key=lambda place: not fits(start, start + len(text[start:place].rstrip())))
    return later[count - 1] if count else None


def _cut_inside(text: str, start: int, end: int, marks: Sequence[WrittenMark], fits: Fits) -> int:
    """Where to cut a stretch that does not fit and has no better place."""
    from icu4py.breakers import CharacterBreaker, LineBreaker

    longest = max(1, bisect_right(range(1, end - start), False, key=lambda size: not fits(start, start + size)))
    # White space at a cut is left out, so that it may reach beyond.
    reach = longest + len(text[start + longest : end]) - len(text[start + longest : end].lstrip(_BLANKS))
    window = text[start : min(end, start + reach + _LOOK_AHEAD)].translate(_SURROGATES)
    near = [mark for mark in marks if start < mark.start <= start + reach]
    torn = [range(mark.start - len(_gap(text, mark.start)), mark.end) for mark in near]
    behind_marks = [mark.end - start for mark in near if text[mark.end : mark.end + 1].isspace()]
    for places, least in (
        (behind_marks, longest // 2),
        (accumulate(map(len, LineBreaker(window, "und"))), longest // 3),
        (accumulate(map(len, CharacterBreaker(window, "und"))), 1),
    ):
        possible = [size for size in places if least <= size <= reach]
        whole = [size for size in possible if not any(start + size in mark for mark in torn)]
        if best := whole or possible:
            return start + best[-1]
    return start + longest
