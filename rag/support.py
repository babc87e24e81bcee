"""How far passages support what an answer says: which sentence of each says something like it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.sentences import sentence_spans
from rag.answers import Passage
from rag.late_interaction import QuoteEmbedder, TextTokens
from rag.numbers import count_numbers
from rag.settings import CitationSettings

# Weight of the cosine beside the coverage: together they tell right passages from wrong ones better (see
# `bench/RESULTS.md`, citations).
_ALIKE_SHARE = 0.3
# More words cover more of anything: two sentences count for more than one only if they say clearly more.
_WORTH_OF_TWO = 0.8


@dataclass(frozen=True, slots=True)
class Supports:
    """How far each window of the passages supports one claim."""

    scores: NDArray[np.float64]
    by_passage: Mapping[int, float]
    """The best score of each passage, by its number."""


@dataclass(frozen=True, slots=True)
class _Window:
    """One sentence of a passage or two in a row: `passage.text[start:end]`."""

    passage: int
    start: int
    end: int
    text: str
    worth: float


class PassageSupport:
    """The sentences of some passages, embedded once to be held against several claims."""

    def __init__(self, passages: Sequence[Passage], *, embedder: QuoteEmbedder) -> None:
        self._embedder = embedder
        self._passages = passages
        self._windows = [window for passage in passages for window in _windows(passage)]
        texts = [window.text for window in self._windows]
        self._tokens = TextTokens(embedder.token_ids(texts), embedder=embedder)
        self._vectors = embedder.embed_passages(texts)
        self._worth = np.array([window.worth for window in self._windows])

    def of(self, claim: str) -> Supports:
        """Hold a claim against every sentence."""
        if not self._windows:
            return Supports(np.zeros(0), {})
        covered = self._tokens.phrase_coverage(self._embedder.token_ids([claim])[0])
        alike = self._vectors @ self._embedder.embed_questions([claim])[0]
        scores = (covered + _ALIKE_SHARE * alike) * self._worth
        best: dict[int, float] = {}
        for window, score in zip(self._windows, scores, strict=True):
            best[window.passage] = max(float(score), best.get(window.passage, 0.0))
        return Supports(scores, best)

    def quote(self, claim: str, supports: Supports, *, passage: int, least: float) -> tuple[int, int]:
        """Return which characters of a passage support a claim best: (start, end) in its text.

        Args:
            claim: The claim; a sentence that holds its numbers says more than one that has the words in common.
            supports: What was found for it.
            passage: The number of a passage.
            least: Sentences with less support are quoted only if no other has it.
        """
        places = [at for at, window in enumerate(self._windows) if window.passage == passage]
        supporting = [at for at in places if supports.scores[at] >= least] or places
        best = max(supporting, key=lambda at: (count_numbers(claim, self._windows[at].text), supports.scores[at]))
        return self._windows[best].start, self._windows[best].end


def supporting(
    supports: Supports, passages: Sequence[Passage], *, language: str, settings: CitationSettings
) -> frozenset[int]:
    """Return the numbers of the passages that support a claim enough, all that were shown compared.

    Args:
        supports: How far each supports it.
        passages: What the model was shown.
        language: The claim's language.
        settings: How much is enough.
    """
    typical = {passage.number: settings.typical.of(language, passage.language) for passage in passages}
    shares = {number: score / typical[number] for number, score in supports.by_passage.items()}
    wanted = settings.share_of_best * min(1.0, max(shares.values(), default=0.0))
    return frozenset(
        passage.number
        for passage in passages
        if supports.by_passage.get(passage.number, 0.0) >= settings.least.of(language, passage.language)
        and shares[passage.number] >= wanted
    )


def _windows(passage: Passage) -> list[_Window]:
    spans = sentence_spans(passage.text, passage.language)
    pairs = [(first[0], second[1]) for first, second in pairwise(spans)]
    return [
        _Window(passage.number, start, end, passage.text[start:end], worth)
        for several, worth in ((spans, 1.0), (pairs, _WORTH_OF_TWO))
        for start, end in several
    ]
