"""Retrieval, quotes and abstention on a question set in BEIR layout with parallel passages, such as XQuAD.

    python -m bench.xquad FOLDER [--every N] [--languages en,de,...]

FOLDER holds `corpus.jsonl` and `queries.jsonl` (with `language`, queries with `answers`) and `qrels/test.tsv`. Ids are
`language:number`, the same number for translations of one passage or question. Three collections are searched:

    same     all passages of the question's language
    across   all passages of another language, for a few pairs
    mixed    every passage in one language only, languages taking turns; questions in all of them, by kinship;
             raw: with scores that mean the same whatever the kinship
"""

import argparse
import json
import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index.documents import ScoredChunk
from index.embedding import StaticEmbedder
from index.ingest import Ingest
from index.knowledge_base import KnowledgeBase, open_catalog
from rag.extractive import choose_quotes, find_quotes
from rag.kinship import ByKinship, kinship
from rag.quote_units import Quote
from rag.retrieval import build_passages, search_steps
from rag.settings import QuotingSettings, RetrievalSettings

LANGUAGES = ("en", "de", "ru", "zh", "ar", "hi", "th", "es", "el", "tr", "ro", "vi")
PAIRS = ("en-de", "de-en", "ru-de", "en-ru", "en-zh", "zh-en", "en-ar", "ar-de", "en-hi", "hi-en", "en-th", "th-en")
_ALIKE = ByKinship(same_language=1, same_script=1, other_script=1)
NO_KINSHIP = RetrievalSettings(slope=_ALIKE, intercept=_ALIKE, own_language=0)


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the number of its passage and the answers in each language."""

    language: str
    text: str
    passage: str
    answers: Mapping[str, Sequence[str]]

    @property
    def article(self) -> int:
        """The number of the article that the passage is of."""
        return int(self.passage.partition("_")[0])


@dataclass(slots=True)
class Tally:
    """What is counted for one row of the table."""

    ndcg: list[float] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)
    length: list[int] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)
    refused_rightly: list[bool] = field(default_factory=list)


class Data:
    """The question set."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        self.passages: dict[str, dict[str, str]] = defaultdict(dict)
        for row in _rows(folder / "corpus.jsonl"):
            if row["language"] in languages:
                self.passages[row["language"]][_number(row["_id"])] = row["text"]
        passage_of = {}
        for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query_id, passage_id, _ = line.split("\t")
            passage_of[query_id] = _number(passage_id)
        rows = [row for row in _rows(folder / "queries.jsonl") if row["language"] in languages]
        answers: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for row in rows:
            answers[_number(row["_id"])][row["language"]] = row["answers"]
        self.queries: dict[str, list[Query]] = defaultdict(list)
        for row in rows:
            self.queries[row["language"]].append(
                Query(row["language"], row["text"], passage_of[row["_id"]], answers[_number(row["_id"])])
            )

    def only(self, language: str) -> dict[str, tuple[str, str]]:
        """Return the passages in one language, as `build` takes them."""
        return {number: (language, text) for number, text in self.passages[language].items()}

    def mixed(self, languages: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return each passage in one language only, languages taking turns, as `build` takes them."""
        numbers = sorted(self.passages[languages[0]])
        turns = {number: languages[at % len(languages)] for at, number in enumerate(numbers)}
        return {number: (language, self.passages[language][number]) for number, language in turns.items()}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _number(identifier: object) -> str:
    return str(identifier).partition(":")[2]


def build(home: Path, passages: Mapping[str, tuple[str, str]], embedder: StaticEmbedder) -> KnowledgeBase:
    """Ingest passages, given as number -> (language, text), one file each, through the real write path."""
    folder = home / "passages"
    folder.mkdir(parents=True)
    for number, (language, text) in passages.items():
        # The title is the number, so that nothing can be found by it.
        (folder / f"{number}.md").write_text(
            f"---\ntitle: '{number}'\nlanguage: {language}\n---\n{text}", encoding="utf-8"
        )
    catalog = open_catalog(home / "home", create=True)
    report = Ingest(catalog, embedder, root=folder, token_ids=embedder).run([folder])
    if report.failed:
        raise SystemExit(report.failed[0].reason)
    return KnowledgeBase(catalog, embedder)


def find(
    knowledge_base: KnowledgeBase, query: Query, *, embedder: StaticEmbedder, settings: RetrievalSettings
) -> Sequence[ScoredChunk]:
    """Search as a user's question would."""
    return search_steps(
        knowledge_base,
        query.text,
        language=query.language,
        top_k=settings.candidates,
        token_embedder=embedder,
        settings=settings,
    ).results


def read_quotes(
    knowledge_base: KnowledgeBase,
    query: Query,
    found: Sequence[ScoredChunk],
    *,
    embedder: StaticEmbedder,
    settings: RetrievalSettings,
) -> list[Quote]:
    """Return all sentences of the passages made of what was found, best first."""
    passages = build_passages(knowledge_base, found, settings=settings)
    return find_quotes(query.text, passages, language=query.language, embedder=embedder, settings=QuotingSettings())


def without_passage(found: Sequence[ScoredChunk], query: Query) -> list[ScoredChunk]:
    """Return what would have been found without the passage that answers: others of its article are left."""
    return [scored for scored in found if scored.chunk.source != f"{query.passage}.md"]


def without_article(found: Sequence[ScoredChunk], query: Query) -> list[ScoredChunk]:
    """Return what would have been found without the whole article that the passage is of."""
    return [scored for scored in found if not scored.chunk.source.startswith(f"{query.article}_")]


def ask(
    knowledge_base: KnowledgeBase,
    query: Query,
    language: str,
    tallies: Sequence[Tally],
    *,
    embedder: StaticEmbedder,
    settings: RetrievalSettings,
) -> None:
    """Run one question as a user's would be, once more as if its passage were not there, and count both."""
    found = find(knowledge_base, query, embedder=embedder, settings=settings)
    right = f"{query.passage}.md"
    ranking = list(dict.fromkeys(scored.chunk.source for scored in found))[:10]

    def quotes(found: Sequence[ScoredChunk]) -> list[str]:
        scored = read_quotes(knowledge_base, query, found, embedder=embedder, settings=settings)
        chosen = choose_quotes(scored, language=query.language, settings=QuotingSettings())
        return [quote.text for quote in chosen]

    quoted = quotes(found)
    refused_without = not quotes(without_passage(found, query))
    for tally in tallies:
        tally.ndcg.append(1 / math.log2(ranking.index(right) + 2) if right in ranking else 0.0)
        tally.quoted.append(any(answer in quote for quote in quoted for answer in query.answers[language]))
        tally.length.append(sum(map(len, quoted)))
        tally.refused.append(not quoted)
        tally.refused_rightly.append(refused_without)


def show(name: str, tally: Tally) -> None:
    """Print one row."""
    print(
        f"{name:<28}{len(tally.ndcg):>5}{statistics.mean(tally.ndcg):>9.3f}{statistics.mean(tally.quoted):>9.3f}"
        f"{statistics.mean(tally.length):>8.0f}{statistics.mean(tally.refused):>9.2f}"
        f"{1 - statistics.mean(tally.refused_rightly):>9.2f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=20, help="take every Nth question of each language")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    options = parser.parse_args()
    languages = options.languages.split(",")
    data = Data(options.folder, languages)
    embedder = StaticEmbedder()
    settings = RetrievalSettings()
    print(f"{'collection':<28}{'n':>5}{'nDCG@10':>9}{'quoted':>9}{'length':>8}{'refused':>9}{'false':>9}")
    with tempfile.TemporaryDirectory() as homes:
        bases = {}
        for language in languages:
            bases[language] = build(Path(homes) / language, data.only(language), embedder)
        everything = Tally()
        for language in languages:
            tally = Tally()
            for query in data.queries[language][:: options.every]:
                ask(bases[language], query, language, (tally, everything), embedder=embedder, settings=settings)
            show(f"same {language}", tally)
        show("same, mean", everything)
        everything = Tally()
        for pair in PAIRS:
            asked, answered = pair.split("-")
            if {asked, answered} <= set(languages):
                tally = Tally()
                for query in data.queries[asked][:: options.every]:
                    ask(bases[answered], query, answered, (tally, everything), embedder=embedder, settings=settings)
                show(f"across {pair}", tally)
        show("across, mean", everything)
        mixed = data.mixed(languages)
        base = build(Path(homes) / "mixed", mixed, embedder)
        for name, used in (("mixed", settings), ("mixed, raw", NO_KINSHIP)):
            tallies: dict[str, Tally] = defaultdict(Tally)
            for language in languages:
                for query in data.queries[language][:: options.every]:
                    answered, _ = mixed[query.passage]
                    tally = tallies[str(kinship(language, answered))]
                    ask(base, query, answered, (tally,), embedder=embedder, settings=used)
            for near in sorted(tallies):
                show(f"{name} {near}", tallies[near])


if __name__ == "__main__":
    main()
