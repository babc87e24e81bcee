"""Follow-up questions without a chat model: does what was said before help to find and quote, and does it ever harm?

    python -m bench.follow_ups FOLDER [--every N] [--languages en,de,...] [--odd]
    python -m bench.follow_ups --articles seeds

FOLDER holds passages and questions in BEIR layout, as for `bench.xquad`. Conversations are made from its questions; the
last question is searched as it is (raw) and with what it takes up from those before it (contextual), in all passages of
its language:

    elliptical   the next question on the same or the next passage, its words on the topic left out, or a pronoun put
                 in their place: those it shares with the first question, and those its article is about
    third turn   the elliptical question after that one
    same topic   the question as it was asked, after the one before it
    new topic    a question on another article, as it was asked

It reads the articles with even numbers, `--odd` those that the numbers in `rag/follow_ups.py` were chosen with. The
second form runs the conversations in `bench/conversations.py` over the starter articles.
"""

import argparse
import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.conversations import FOLLOW_UPS, NEW_TOPICS
from bench.ellipsis import Conversation, conversations
from bench.xquad import LANGUAGES, Data, Query, build, find, read_quotes
from index.documents import ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.answers import Turn
from rag.extractive import choose_quotes
from rag.follow_ups import blend, blend_quotes, search_question
from rag.quote_units import Quote
from rag.settings import QuotingSettings, RetrievalSettings
from ui.build import build_ingest, build_knowledge_base
from ui.settings import Settings


@dataclass(frozen=True, slots=True)
class Result:
    """What one way to search has found, and quoted."""

    found: Sequence[ScoredChunk]
    quotes: Sequence[str]


@dataclass(slots=True)
class Tally:
    """What is counted of one way to search."""

    ndcg: list[float] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)

    def count(self, query: Query, result: Result) -> None:
        """Count one question."""
        right = f"{query.passage}.md"
        ranking = list(dict.fromkeys(scored.chunk.source for scored in result.found))[:10]
        self.ndcg.append(1 / math.log2(ranking.index(right) + 2) if right in ranking else 0.0)
        self.found.append(right in ranking)
        self.quoted.append(any(answer in quote for quote in result.quotes for answer in query.answers[query.language]))

    def means(self) -> tuple[float, float, float]:
        """Return nDCG@10, recall@10, and the share of questions whose quotes hold the answer."""
        return statistics.mean(self.ndcg), statistics.mean(self.found), statistics.mean(self.quoted)


class Searches:
    """Asks the last question of a conversation both ways."""

    def __init__(self, embedder: StaticEmbedder) -> None:
        self._embedder = embedder
        self._settings = RetrievalSettings()

    def both(self, base: KnowledgeBase, query: Query, earlier: Sequence[str]) -> tuple[Result, Result]:
        """Search and quote for the question as it is, and with what it takes up from those before it."""
        alone = self._find(base, query)
        raw = self._result(alone, self._read(base, query, alone), query.language)
        asked = search_question(query.text, [Turn(text, "") for text in earlier], language=query.language)
        if not asked.share:
            return raw, raw
        in_context = replace(query, text=asked.query)
        found = blend(alone, self._find(base, in_context), share=asked.share)
        quotes = blend_quotes(self._read(base, query, found), self._read(base, in_context, found))
        return raw, self._result(found, quotes, query.language)

    def _find(self, base: KnowledgeBase, query: Query) -> Sequence[ScoredChunk]:
        return find(base, query, embedder=self._embedder, settings=self._settings)

    def _read(self, base: KnowledgeBase, query: Query, found: Sequence[ScoredChunk]) -> list[Quote]:
        return read_quotes(base, query, found, embedder=self._embedder, settings=self._settings)

    @staticmethod
    def _result(found: Sequence[ScoredChunk], quotes: Sequence[Quote], language: str) -> Result:
        chosen = choose_quotes(quotes, language=language, settings=QuotingSettings())
        return Result(found, [quote.text for quote in chosen])


def show(name: str, raw: Tally, contextual: Tally) -> None:
    """Print one row."""
    figures = "".join(f"{one:>9.3f}{other:>7.3f}" for one, other in zip(raw.means(), contextual.means(), strict=True))
    print(f"{name:<20}{len(raw.ndcg):>5}{figures}", flush=True)


def run_questions(folder: Path, languages: Sequence[str], *, every: int, articles: Sequence[int]) -> None:
    """Print the table of the conversations that are made of a question set."""
    data = Data(folder, languages)
    searches = Searches(embedder := StaticEmbedder())
    print(f"{'raw, contextual':<25}{'nDCG@10':>16}{'recall@10':>16}{'quoted':>16}")
    totals: dict[str, tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
    with tempfile.TemporaryDirectory() as homes:
        for language in languages:
            passages = {number: (language, text) for number, text in data.passages[language].items()}
            base = build(Path(homes) / language, passages, embedder)
            tallies: dict[str, tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
            by_kind: dict[str, list[Conversation]] = defaultdict(list)
            for conversation in conversations(data.queries[language], language, articles=articles):
                by_kind[conversation.kind].append(conversation)
            for kind, made in by_kind.items():
                for conversation in made[::every]:
                    results = searches.both(base, conversation.last, conversation.earlier)
                    for tally, total, result in zip(tallies[kind], totals[kind], results, strict=True):
                        tally.count(conversation.last, result)
                        total.count(conversation.last, result)
                show(f"{kind} {language}", *tallies[kind])
    for kind, both in totals.items():
        show(f"{kind}, mean", *both)


def run_conversations(folder: Path) -> None:
    """Print how many of our own conversations find their article first, and quote the answer."""
    searches = Searches(embedder := StaticEmbedder())
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.model_construct(home=Path(home))
        catalog, ingest = build_ingest(settings)
        ingest.run([folder])
        catalog.close()
        with build_knowledge_base(settings, bundled=embedder) as base:
            for name, talks in (("follow-ups", FOLLOW_UPS), ("new topics", NEW_TOPICS)):
                counted = [[0, 0], [0, 0]]
                for talk in talks:
                    query = Query(talk.language, talk.question, "", {})
                    marks = ""
                    for counts, result in zip(counted, searches.both(base, query, talk.earlier), strict=True):
                        first = talk.document in result.found[0].chunk.source
                        quoted = any(talk.answer in quote for quote in result.quotes)
                        counts[0] += first
                        counts[1] += quoted
                        marks += f"{'article' if first else '-':<9}{'quote' if quoted else '-':<8}"
                    print(f"{talk.language:<4}{marks}{talk.question}", flush=True)
                (firsts, quotes), (firsts_in_context, quotes_in_context) = counted
                print(
                    f"{name}, raw -> contextual, of {len(talks)}: article first {firsts} -> {firsts_in_context}, "
                    f"answer quoted {quotes} -> {quotes_in_context}\n"
                )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--articles", type=Path, help="the starter articles, for our own conversations")
    parser.add_argument("--every", type=int, default=5, help="take every Nth conversation of each kind and language")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--odd", action="store_true", help="read the articles that the numbers were chosen with")
    options = parser.parse_args()
    if options.articles:
        run_conversations(options.articles)
    if options.folder:
        articles = range(1 if options.odd else 0, 48, 2)
        run_questions(options.folder, options.languages.split(","), every=options.every, articles=articles)


if __name__ == "__main__":
    main()
