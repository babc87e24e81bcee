"""Follow-up questions: whether one relies on what was said before, and how it is searched without a chat model.

A question that points back ("And when does the second one arrive?") or is short is searched twice: as it is, and with
the questions before it; quotes are chosen twice in the same way. The scores of both are blended, so that a topic that
has changed after all is still found as well. The figures: `bench/follow_ups.py`, `bench/RESULTS.md`.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from index.documents import ScoredChunk
from index.lengths import text_weight
from rag.answers import Turn
from rag.quote_units import Quote
from rag.reference_words import REFERENCE_WORDS, UNSPACED

# What the question with its context counts for, beside the question alone: if its words point back, if it is only
# short, and if it is both, so that it says next to nothing. 0.65 to 0.8, 0.4 to 0.5 and 0.75 to 0.95 are alike; more
# costs new topics, less costs follow-ups.
POINTING_BACK = 0.75
SHORT = 0.5
SHORT_AND_POINTING_BACK = 0.85
# The same for the choice of quotes: with 0.5 as many follow-ups are answered, and fewer questions on new topics.
_QUOTES_IN_CONTEXT = 0.3
# Letters, in the measure of `index.lengths`, up to which a question is short: a third of those on a new topic are, and
# seven in ten of those that have lost their topic's words without pointing back. 35 to 45 are alike.
_SHORT_LETTERS = 40
# A question that follows follow-ups takes up all of them, back to the one that stood alone.
_MOST_TURNS = 4
# Of a pasted text its beginning has to do.
_LONGEST_EARLIER = 300


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """What is searched for a question that may rely on the conversation before it."""

    question: str
    """As it was asked."""
    query: str
    """With what it takes up from the conversation; the question itself if it stands alone."""
    share: float
    """What results of the query count for, beside those of the question: 0 if only the question is searched, 1 if only
    the query is."""

    @property
    def standalone(self) -> str:
        """What can be understood alone: the query if it takes the place of the question, else the question."""
        return self.query if self.share == 1 else self.question


def stands_alone(question: str, history: Sequence[Turn], *, language: str) -> bool:
    """Return whether a question can be understood without the turns before it, as far as its words tell.

    Args:
        question: As it was asked.
        history: Earlier turns, oldest first.
        language: The question's language; in one without a table only its length tells.
    """
    return not history or _reliance(question, language) == 0


def search_question(question: str, history: Sequence[Turn], *, language: str) -> SearchQuestion:
    """Return how to search a question after some turns, without a chat model.

    Args:
        question: As it was asked.
        history: Earlier turns, oldest first.
        language: The question's language.
    """
    share = _reliance(question, language) if history else 0.0
    query = contextual_question(question, history, language=language)
    return SearchQuestion(question, query, share)


def contextual_question(question: str, history: Sequence[Turn], *, language: str) -> str:
    """Return a question with the earlier ones it relies on behind it; the question itself if it stands alone.

    It is there twice, so that it counts for more than its context. What was answered is left out: its names lead to
    more of the same (`bench/RESULTS.md`).
    """
    if stands_alone(question, history, language=language):
        return question
    earlier: list[str] = []
    for turn in reversed(history[-_MOST_TURNS:]):
        earlier.append(turn.question[:_LONGEST_EARLIER])
        if _reliance(turn.question, language) == 0:
            break
    return " ".join((question, question, *earlier))


def blend(alone: Sequence[ScoredChunk], in_context: Sequence[ScoredChunk], *, share: float) -> list[ScoredChunk]:
    """Merge what two searches found, best first; a chunk that one of them has not found scores 0 in it.

    Args:
        alone: What the question alone has found, scores from 0 to 1.
        in_context: What it has found with its context.
        share: What the second counts for, from 0 to 1.
    """
    results = {found.chunk.id: found for found in (*in_context, *alone)}
    scores = dict.fromkeys(results, 0.0)
    for weight, ranking in ((1 - share, alone), (share, in_context)):
        for found in ranking:
            scores[found.chunk.id] += weight * found.score
    blended: list[ScoredChunk] = []
    folded: set[str] = set()  # what one search showed and the other folded into another version
    for chunk_id in sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id)):
        if chunk_id not in folded:
            blended.append(replace(results[chunk_id], score=scores[chunk_id]))
            folded.update(version.id for version in results[chunk_id].versions)
    return blended


def blend_quotes(alone: Sequence[Quote], in_context: Sequence[Quote]) -> list[Quote]:
    """Merge how likely quotes from the same passages answer a question alone and with its context, best first.

    All scores together are as sure as the surer of the two, because a question that lacks its topic makes quotes look
    less likely than they are, and so does a context that has nothing to do with it.

    Args:
        alone: What `rag.extractive.find_quotes` gives for the question.
        in_context: What it gives for the question with its context.
    """
    sums = sum(quote.score for quote in alone), sum(quote.score for quote in in_context)
    quotes: dict[tuple[int, int, int], Quote] = {}
    scores: dict[tuple[int, int, int], float] = defaultdict(float)
    for weight, found, total in zip(
        (1 - _QUOTES_IN_CONTEXT, _QUOTES_IN_CONTEXT), (alone, in_context), sums, strict=True
    ):
        for quote in found:
            place = quote.passage.number, quote.start, quote.end
            quotes[place] = quote
            scores[place] += max(sums) * weight * quote.score / total if total else 0.0
    best_first = sorted(scores, key=lambda place: (-scores[place], place))
    return [replace(quotes[place], score=scores[place]) for place in best_first]


def _reliance(question: str, language: str) -> float:
    """What the conversation counts for in a question, 0 if it stands alone."""
    code = language.partition("-")[0]
    is_short = text_weight("".join(filter(_is_letter, question))) <= _SHORT_LETTERS
    if code in REFERENCE_WORDS and any(pattern.search(_folded(question)) for pattern in _patterns(code)):
        return SHORT_AND_POINTING_BACK if is_short else POINTING_BACK
    return SHORT if is_short else 0.0


def _is_letter(character: str) -> bool:
    """Whether it is a letter, a digit or a sign on one."""
    return unicodedata.category(character)[0] in "LMN"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _patterns(language: str) -> tuple[Any, Any]:
    """What matches a question that begins as a follow-up does, and one that holds a word pointing back."""
    import regex

    openers, references = map(_folded, REFERENCE_WORDS[language])
    # The edges of words as `regex` sees them: vowel signs of Indic scripts are parts of words, unlike in `re`.
    start, end = ("", "") if language in UNSPACED else (r"(?<!\w)", r"(?!\w)")
    return regex.compile(rf"^\W{{0,9}}(?:{openers}){end}"), regex.compile(rf"{start}(?:{references}){end}")
