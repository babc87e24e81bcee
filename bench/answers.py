"""Answers without a chat model, and when there is none, on a question set with parallel passages, such as XQuAD.

    python -m bench.answers FOLDER [--every N] [--languages en,de,...] [--part quotes|across|abstention ...]

FOLDER is laid out as for `bench.xquad`. Each question is asked of all passages of one language, and again as if the
passage that answers were not there (others of its article are: its topic is in the documents, the answer is not), and
as if its whole article were not there. Three parts:

    quotes       question and passages in one language: `quoted`, share of the questions whose quotes hold a gold
                 answer, refused ones counted as misses; `length`, characters quoted on average; `refused`, share
                 refused though the passage is there
    across       the same for questions in English and passages in another language
    abstention   for both: how well the confidence tells questions with their passage from those without. `AUROC`;
                 `shipped`, shares of false abstentions and false answers at the shipped threshold; and the curve: false
                 answers where so many per cent of the questions with their passage are refused

The numbers in `QuotingSettings` were chosen on the articles with odd numbers: the lines `even` are free of that.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.xquad import LANGUAGES, Data, Query, build, find, read_quotes, without_article, without_passage
from index.documents import ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.extractive import choose_quotes, confidence_in
from rag.settings import QuotingSettings, RetrievalSettings

PARTS = ("quotes", "across", "abstention")
FALSE_ABSTENTIONS = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30)
_RETRIEVAL, _QUOTING = RetrievalSettings(), QuotingSettings()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question; confidences are those that something answers, less the threshold."""

    is_even: bool
    quoted: bool
    """Whether the quotes hold a gold answer."""
    length: int
    sure: float
    sure_without_passage: float
    sure_without_article: float


def ask(base: KnowledgeBase, query: Query, language: str, *, embedder: StaticEmbedder) -> Outcome:
    """Ask a question of passages in one language, with and without those that it is about."""
    found = find(base, query, embedder=embedder, settings=_RETRIEVAL)
    threshold = _QUOTING.threshold.of(query.language, language)

    def sure_of(found: Sequence[ScoredChunk]) -> float:
        return confidence_in(read_quotes(base, query, found, embedder=embedder, settings=_RETRIEVAL)) - threshold

    quotes = read_quotes(base, query, found, embedder=embedder, settings=_RETRIEVAL)
    chosen = [quote.text for quote in choose_quotes(quotes, language=query.language, settings=_QUOTING)]
    return Outcome(
        is_even=query.article % 2 == 0,
        quoted=any(answer in quote for quote in chosen for answer in query.answers[language]),
        length=sum(map(len, chosen)),
        sure=confidence_in(quotes) - threshold,
        sure_without_passage=sure_of(without_passage(found, query)),
        sure_without_article=sure_of(without_article(found, query)),
    )


def area_under_curve(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """Return the probability that a question with an answer scores above one without (Mann-Whitney), ties as half."""
    above = np.array(answerable)[:, None] - np.array(unanswerable)[None]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def false_answers(answerable: Sequence[float], unanswerable: Sequence[float], *, abstentions: float) -> float:
    """Return the share of questions without an answer that get one where that share of the others is refused."""
    kept = sorted(answerable)[int(abstentions * len(answerable)) :]
    return statistics.mean(score >= kept[0] for score in unanswerable)


def show_quotes(name: str, outcomes: Sequence[Outcome]) -> None:
    """Print one row of the parts `quotes` and `across`."""
    print(
        f"{name:<12}{len(outcomes):>6}{statistics.mean(each.quoted for each in outcomes):>9.3f}"
        f"{statistics.mean(each.length for each in outcomes):>8.0f}"
        f"{statistics.mean(each.sure < 0 for each in outcomes):>9.2f}",
        flush=True,
    )


def show_abstention(name: str, outcomes: Sequence[Outcome], removed: Callable[[Outcome], float]) -> None:
    """Print one row of the part `abstention`."""
    sure, without = [each.sure for each in outcomes], [removed(each) for each in outcomes]
    curve = (false_answers(sure, without, abstentions=share) for share in FALSE_ABSTENTIONS)
    print(
        f"{name:<12}{len(outcomes):>6}{area_under_curve(sure, without):>8.3f}"
        f"{statistics.mean(each < 0 for each in sure):>9.2f}/{statistics.mean(each >= 0 for each in without):.2f}  "
        + "".join(f"{share:>7.2f}" for share in curve),
        flush=True,
    )


def show(title: str, outcomes: dict[str, list[Outcome]], row: Callable[[str, Sequence[Outcome]], None]) -> None:
    """Print a table: one row a language, the mean, and that of the articles that nothing was chosen on."""
    print(f"\n{title}")
    for name, each in outcomes.items():
        row(name, each)
    everything = [outcome for each in outcomes.values() for outcome in each]
    row("all", everything)
    row("even", [outcome for outcome in everything if outcome.is_even])


def show_part(name: str, outcomes: dict[str, list[Outcome]], *, abstention: bool, quotes: bool) -> None:
    """Print the tables of the questions of one kind."""
    if quotes:
        show(f"{name:<12}{'n':>6}{'quoted':>9}{'length':>8}{'refused':>9}", outcomes, show_quotes)
    if abstention:
        shares = "".join(f"{f'{100 * share:.0f} %':>7}" for share in FALSE_ABSTENTIONS)
        for title, removed in (
            ("without the passage", lambda outcome: outcome.sure_without_passage),
            ("without the article", lambda outcome: outcome.sure_without_article),
        ):
            heading = f"{name:<12}{'n':>6}{'AUROC':>8}{'shipped':>14}  {shares}"
            show(f"{title}\n{heading}", outcomes, partial(show_abstention, removed=removed))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10, help="take every Nth question of each language")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    languages = options.languages.split(",")
    data = Data(options.folder, languages)
    embedder = StaticEmbedder()
    with tempfile.TemporaryDirectory() as homes:
        bases = {}
        for language in languages:
            bases[language] = build(Path(homes) / language, data.only(language), embedder)

        def outcomes(asked: str, answered: str) -> list[Outcome]:
            queries = data.queries[asked][:: options.every]
            return [ask(bases[answered], query, answered, embedder=embedder) for query in queries]

        abstention = "abstention" in options.part
        if abstention or "quotes" in options.part:
            same = {language: outcomes(language, language) for language in languages}
            show_part("same", same, abstention=abstention, quotes="quotes" in options.part)
        if "en" in languages and (abstention or "across" in options.part):
            across = {f"en-{language}": outcomes("en", language) for language in languages if language != "en"}
            show_part("across", across, abstention=abstention, quotes="across" in options.part)


if __name__ == "__main__":
    main()
