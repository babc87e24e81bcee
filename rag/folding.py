"""Results that say the same become one: re-posted articles, and one article in several languages.

A wrong fold hides a result, a missed one only repeats it. So a text is folded into one of its own language only if that
holds all its words in their order: two match reports may differ in one name, two recipes in "sulfate" and "sulfite",
two laws in a "not". What may differ is punctuation, spacing and mark-up. Translations: `rag.translations`.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.documents import ScoredChunk
from index.language import UNKNOWN, same_language
from rag.settings import FoldingSettings
from rag.translations import Text, likely_pairs, says_the_same

# Pairs of texts are compared, so that twice the number takes four times as long. Of what comes after these (twice the
# candidates of a search), only texts that are equal to the letter are folded.
MOST_COMPARED = 120

_RUN = re.compile(r"[^\W_]+")
# Where a long word is looked for by which to see quickly that one text is not in another: any will do.
_BEGINNING = 96


def fold(
    ranked: Sequence[ScoredChunk],
    *,
    language: str,
    languages: Mapping[str, str],
    vectors: Mapping[str, NDArray[np.float32]],
    settings: FoldingSettings,
) -> list[ScoredChunk]:
    """Fold near-duplicates and translations into one result each, and limit how many a document has; best first.

    What is folded into a result is in its `versions`, best first. It stands where the best of them stood, with that
    one's score. It shows the version in the asker's language if there is one, else the best.

    If several documents suit the question about equally well, further results of each stand behind the others (see
    `FoldingSettings.per_document`), with a score no higher than theirs. None is left out.

    Args:
        ranked: What was found, best first, each chunk once.
        language: The asker's language.
        languages: The language of each document, by source; a text in an unknown one is no translation.
        vectors: Unit vectors of the bundled model, by chunk id. The thresholds are for this model alone: with another
            one pass none. Then, as where a chunk has none, only texts in one language are folded.
        settings: Thresholds and limits.
    """
    groups = _Groups([Text(found.chunk.text, languages.get(found.chunk.source, UNKNOWN)) for found in ranked])
    _join_equal(groups)
    _join_contained(groups, settings)
    _join_translations(groups, [vectors.get(found.chunk.id) for found in ranked], settings)
    return spread([_result([ranked[at] for at in group], language, languages) for group in groups.all()], settings)


def spread(ranked: Sequence[ScoredChunk], settings: FoldingSettings) -> list[ScoredChunk]:
    """Let other documents come before further results of one that has several, if the question is a broad one.

    Broad: results nearly as good as the best come from several documents. Results far worse overtake none.
    """
    best = ranked[0].score if ranked else 0.0
    near = {found.chunk.source for found in ranked if found.score >= settings.nearly_as_good * best}
    if best <= 0 or len(near) < settings.broad:
        return list(ranked)
    fair = [found for found in ranked if found.score >= settings.overtaking * best]
    of_document: Counter[str] = Counter()
    kept: list[ScoredChunk] = []
    surplus: list[ScoredChunk] = []
    for found in fair:
        of_document[found.chunk.source] += 1
        (kept if of_document[found.chunk.source] <= settings.per_document else surplus).append(found)
    lowest = kept[-1].score
    lowered = [replace(found, score=min(found.score, lowest)) for found in surplus]
    return [*kept, *lowered, *ranked[len(fair) :]]


class _Groups:
    """Which places of a ranking say the same; a group is known by its best place."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.texts = texts
        self._best = list(range(len(texts)))
        self._members = {at: [at] for at in self._best}

    def all(self) -> list[list[int]]:
        """Each group's places, best first; the groups by their best."""
        return [sorted(self._members[best]) for best in sorted(self._members)]

    def compared(self) -> list[int]:
        """The best places of the groups that are compared with each other."""
        return sorted(self._members)[:MOST_COMPARED]

    def share_a_language(self, one: int, other: int) -> bool:
        """Whether two groups have texts in one language, as those of one place always have."""
        spoken = [{self.texts[at].language for at in self._members[self._best[place]]} for place in (one, other)]
        return not spoken[0].isdisjoint(spoken[1])

    def join(self, one: int, other: int) -> None:
        best, joined = sorted((self._best[one], self._best[other]))
        if best != joined:
            for at in self._members[joined]:
                self._best[at] = best
            self._members[best] += self._members.pop(joined)


def _join_equal(groups: _Groups) -> None:
    first: dict[str, int] = {}
    for at, text in enumerate(groups.texts):
        groups.join(first.setdefault(text.text, at), at)


def _join_contained(groups: _Groups, settings: FoldingSettings) -> None:
    """Join each text to a better one that holds all its words, so that the one that is shown lacks none."""
    places = groups.compared()
    words = [_Words(groups.texts[at].text) for at in places]
    everything = "\0".join(each.text for each in words)
    starts = list(accumulate((len(each.text) + 1 for each in words), initial=0))
    for place, at in enumerate(places):
        # One search through all the better ones together takes a tenth of the time of one in each.
        begin = everything.find(words[place].telling, 0, starts[place])
        while begin >= 0:
            better = bisect_right(starts, begin) - 1
            if better < place and words[place].are_in(words[better], settings.least_contained):
                groups.join(places[better], at)
                break
            begin = everything.find(words[place].telling, starts[better + 1], starts[place])


class _Words:
    """The words of a text, in their order and as they are written."""

    def __init__(self, text: str) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.telling = max(_RUN.findall(self.text[:_BEGINNING]), key=len, default="")
        """A long word, or a part of one: where it is not, the text is not."""

    @cached_property
    def _joined(self) -> str:
        return f" {' '.join(_separators().sub(' ', self.text).split())} "

    @cached_property
    def _last(self) -> str:
        return max(_RUN.findall(self.text[-_BEGINNING:]), key=len, default="")

    def are_in(self, others: "_Words", least: float) -> bool:
        """Whether the other text has them all, one after the other, and they are at least this share of it."""
        if len(self.text) < 0.5 * least * len(others.text) or self._last not in others.text:
            return False
        return len(self._joined) >= max(least * len(others._joined), 3) and self._joined in others._joined


@cache
def _separators() -> Any:
    import regex

    # Those between two figures are part of a number; a dash before a figure is a minus or a range.
    marks = r"[\s\p{Z}\p{Ps}\p{Pe}\p{Pi}\p{Pf}.,;:!?…'\"*_`~|>\\、。，！？：；،؛؟।・]"
    return regex.compile(rf"{marks}+(?!\d)|(?<!\d){marks}+|\p{{Pd}}(?!\d)|(?<!\S)#+(?=\s)")


def _join_translations(
    groups: _Groups, vectors: Sequence[NDArray[np.float32] | None], settings: FoldingSettings
) -> None:
    places, rows = [], []
    for at in groups.compared():
        vector = vectors[at]
        if vector is not None:
            places.append(at)
            rows.append(vector)
    texts = [groups.texts[at] for at in places]
    if not rows:
        return
    for one, other in likely_pairs(texts, np.array(rows), settings=settings):
        if not groups.share_a_language(places[one], places[other]) and says_the_same(
            texts[one], texts[other], settings=settings
        ):
            groups.join(places[one], places[other])


def _result(group: Sequence[ScoredChunk], language: str, languages: Mapping[str, str]) -> ScoredChunk:
    if len(group) == 1:
        return group[0]

    def distance(found: ScoredChunk) -> int:
        other = languages.get(found.chunk.source, UNKNOWN)
        return 0 if other == language else 1 if same_language(other, language) else 2

    shown = min(group, key=distance)  # the best of those as near
    versions = [chunk for found in group for chunk in (found.chunk, *found.versions) if chunk.id != shown.chunk.id]
    return replace(shown, score=group[0].score, versions=tuple(versions))
