"""How good and how fast the search is on a question set: nDCG, recall, MRR, success and latency.

The metrics are those of trec_eval, computed by ir-measures. The search itself is handed in, so that what is measured is
what a user's question runs.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from index.documents import ScoredChunk
from index.filters import EVERYTHING, DocumentFilter
from rag.errors import EvaluationError
from rag.question_sets import Question, QuestionSet

Scores = Mapping[str, float]
"""Value by metric, in the order of `METRICS`."""

Search = Callable[[str, DocumentFilter], Sequence[ScoredChunk]]
"""A query and which documents count → what is found, best first."""

# Our names, and those of ir-measures.
METRICS = {
    "ndcg@10": "nDCG@10",
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "recall@100": "R@100",
    "mrr@10": "RR@10",
    "success@1": "Success@1",
}
"""What is measured: `success@1` is the share of questions whose first passage is right."""

DEPTH = 100
"""Passages of a ranking that are looked at."""
# Rankings kept until they are measured: bounds the memory, and each call of the library has a cost of its own.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """The language of questions, then that of passages."""

    question: str
    passage: str

    def __str__(self) -> str:
        return f"{self.question}-{self.passage}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One search: a question, the documents it is asked of, and what is right among them."""

    question: Question
    relevance: Mapping[str, int]
    within: DocumentFilter = EVERYTHING
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a run over a question set gave."""

    overall: Scores
    """The mean over the pairs, or over the questions if languages were not told apart."""
    pairs: Mapping[Pair, Scores]
    same_language: Scores | None
    """The mean over the pairs of one language with itself; `None` if there is none."""
    across_languages: Scores | None
    latency_ms: Mapping[str, float]
    """Median (`p50`) and `p95` of a whole search."""


def plan(question_set: QuestionSet, *, languages: Mapping[str, str], by_language_pair: bool) -> list[Trial]:
    """Return the searches that measure a question set.

    Args:
        question_set: The questions.
        languages: The language of each passage, by id.
        by_language_pair: Whether each question is asked once for each language of passages, of these alone, and counted
            where one of them is right; else once of all passages.
    """
    if not by_language_pair:
        return [Trial(question, question.relevance) for question in question_set.questions]
    spoken = {doc_id: _without_script(language) for doc_id, language in languages.items()}
    return [
        trial
        for language in sorted(set(spoken.values()))
        for trial in _trials_in(language, question_set.questions, languages=spoken)
    ]


def evaluate(trials: Sequence[Trial], search: Search, *, progress: Callable[[], object] = lambda: None) -> Evaluation:
    """Run the searches and measure what they find.

    The first search is run once more beforehand, so that no latency holds what only a first question costs.

    Args:
        trials: At least one search.
        search: What is measured.
        progress: Called after each search.

    Raises:
        EvaluationError: If ir-measures is not installed.
    """
    require_metrics()
    tallies: defaultdict[Pair | None, _Tally] = defaultdict(_Tally)
    seconds: list[float] = []
    search(trials[0].question.text, trials[0].within)
    for trial in trials:
        start = time.perf_counter()
        found = search(trial.question.text, trial.within)
        seconds.append(time.perf_counter() - start)
        tallies[trial.pair].add(trial, ranked_passages(found))
        progress()
    scores = {pair: tally.means() for pair, tally in tallies.items()}
    pairs = {pair: scores[pair] for pair in sorted(filter(None, scores), key=str)}
    return Evaluation(
        overall=_mean(pairs.values()) if pairs else scores[None],
        pairs=pairs,
        same_language=_mean_of(pairs, same=True),
        across_languages=_mean_of(pairs, same=False),
        latency_ms={f"p{share}": round(1000 * percentile(seconds, share), 2) for share in (50, 95)},
    )


def require_metrics() -> None:
    """Raise an `EvaluationError` that says what to install, if ir-measures is not there."""
    try:
        import ir_measures  # noqa: F401
    except ImportError as error:
        raise EvaluationError("Evaluating needs ir-measures. Install it with: pip install 'footnote[eval]'") from error


def ranked_passages(found: Iterable[ScoredChunk]) -> list[str]:
    """Return the ids of the passages found, each where its best chunk stands, and at most `DEPTH`.

    What is folded into a result as another version of it is shown with it, so it ranks right behind it.
    """
    chunks = (chunk for scored in found for chunk in (scored.chunk, *scored.versions))
    return list(dict.fromkeys(chunk.source for chunk in chunks))[:DEPTH]


def percentile(values: Sequence[float], share: int) -> float:
    """Return the smallest value that at least `share` percent of the values do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(share / 100 * len(values)), 1) - 1]


class _Tally:
    """The sums of each metric over the searches of one pair, or of all."""

    def __init__(self) -> None:
        self._qrels: dict[str, Mapping[str, int]] = {}
        self._run: dict[str, dict[str, float]] = {}
        self._sums = dict.fromkeys(METRICS, 0.0)
        self._count = 0

    def add(self, trial: Trial, ranking: Sequence[str]) -> None:
        """Count one search."""
        self._qrels[trial.question.id] = trial.relevance
        # The library sorts by score, and breaks ties by id: scores that only tell the rank leave it no choice.
        self._run[trial.question.id] = {doc_id: float(-rank) for rank, doc_id in enumerate(ranking, start=1)}
        if len(self._run) == _BATCH:
            self._measure()

    def means(self) -> Scores:
        """Return the mean of each metric."""
        self._measure()
        return {name: total / self._count for name, total in self._sums.items()}

    def _measure(self) -> None:
        import ir_measures

        measures = {ir_measures.parse_measure(theirs): name for name, theirs in METRICS.items()}
        if self._qrels:
            for value in ir_measures.iter_calc(list(measures), self._qrels, self._run):
                self._sums[measures[value.measure]] += value.value
        self._count += len(self._qrels)
        self._qrels, self._run = {}, {}


def _trials_in(language: str, questions: Iterable[Question], *, languages: Mapping[str, str]) -> Iterator[Trial]:
    """One search of the passages in a language for each question that one of them is right for."""
    within = DocumentFilter(languages=frozenset((language,)))
    for question in questions:
        judged = {doc_id: score for doc_id, score in question.relevance.items() if languages.get(doc_id) == language}
        if any(score > 0 for score in judged.values()):
            yield Trial(question, judged, within, Pair(_without_script(question.language), language))


def _without_script(language: str) -> str:
    """The code that filters go by: `zh` for `zh-Hant`."""
    return language.partition("-")[0]


def _mean_of(pairs: Mapping[Pair, Scores], *, same: bool) -> Scores | None:
    chosen = [scores for pair, scores in pairs.items() if (pair.question == pair.passage) == same]
    return _mean(chosen) if chosen else None


def _mean(scores: Iterable[Scores]) -> Scores:
    every = list(scores)
    return {name: fmean(one[name] for one in every) for name in METRICS}
