"""Are wrong footnotes caught, and right ones left alone? Answers from parallel passages, correct and corrupted.

    python -m bench.citations FOLDER [--articles even|odd|all] [--turns N]

FOLDER holds a question set in BEIR layout with parallel passages, as for `bench.xquad`. A statement is a sentence of a
passage (`sentence`), or a question with its answer (`paraphrase`: other words for the same). Shown are six passages,
all five of its article and one of another, in the statement's language (`same`) or in another one, languages taking
turns (`across`). Corruptions:

    number     one digit of a number is another, so that the number is not in the passage
    name       a name that is an answer is replaced by one that is another question's answer, of the same article
    moved      the mark names another passage of the same article
    moved far  the mark names the passage of the other article
    added      a sentence of another passage of the article follows, with the mark of the first
    invented   a sentence of an article that is not shown follows, with the mark of the first

`untouched` are false alarms: a correct statement is called unsupported. A corruption is caught when its statement is.
"""

import argparse
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.xquad import LANGUAGES, Data, Query
from index.embedding import StaticEmbedder
from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answers import Passage
from rag.citations import cite
from rag.kinship import kinship
from rag.settings import CitationSettings

KINDS = ("untouched", "number", "name", "moved", "moved far", "added", "invented")
# A shorter sentence is mostly a heading, or half of one.
_SHORTEST = 40
_DIGITS = re.compile(r"\d\d+|[2-9]")


@dataclass(frozen=True, slots=True)
class Case:
    """An answer of a model to six passages, in which the last statement is right or corrupted."""

    form: str
    kind: str
    said: str
    shown: str
    text: str
    passages: tuple[str, ...]


class Cases:
    """Makes answers from a question set, the same in every run."""

    def __init__(self, data: Data, *, seed: int) -> None:
        self._data = data
        self._random = random.Random(seed)

    def of(self, article: str, said: str, shown: str) -> Iterator[Case]:
        """Yield one case of each form and kind of an article that has one.

        Args:
            article: Its number.
            said: The answer's language.
            shown: The passages' language.
        """
        numbers = [number for number in self._data.passages[said] if _article(number) == article]
        others = [number for number in self._data.passages[said] if _article(number) != article]
        own, *near = self._random.sample(numbers, len(numbers))
        far, unknown = self._random.sample(others, 2)
        places = self._random.sample([own, *near, far], len(numbers) + 1)
        passages = tuple(self._data.passages[shown][number] for number in places)

        def case(form: str, kind: str, text: str) -> Case:
            return Case(form, kind, said, shown, text, passages)

        def mark(number: str) -> str:
            return f"[{places.index(number) + 1}]"

        queries = [query for query in self._data.queries[said] if query.passage == own]
        query = self._random.choice(queries)
        paraphrase = f"{query.text.rstrip(' ?？؟;.。')} {query.answers[said][0]}."
        sentence = self._random.choice(self._sentences(own, said))
        for form, statement in (("sentence", sentence), ("paraphrase", paraphrase)):
            yield case(form, "untouched", f"{statement} {mark(own)}")
            yield case(form, "moved", f"{statement} {mark(self._random.choice(near))}")
            yield case(form, "moved far", f"{statement} {mark(far)}")
        for kind, source in (("added", self._random.choice(near)), ("invented", unknown)):
            addition = self._random.choice(self._sentences(source, said))
            yield case("sentence", kind, f"{sentence} {mark(own)} {addition} {mark(own)}")
        if text := self._with_another_number(own, said):
            yield case("sentence", "number", f"{text} {mark(own)}")
        if text := self._with_another_name(own, said, queries):
            yield case("sentence", "name", f"{text} {mark(own)}")

    def _sentences(self, number: str, language: str) -> list[str]:
        text = self._data.passages[language][number]
        sentences = [text[start:end] for start, end in sentence_spans(text, language)]
        return [sentence for sentence in sentences if text_weight(sentence) >= _SHORTEST] or sentences

    def _with_another_number(self, number: str, language: str) -> str | None:
        sentences = [sentence for sentence in self._sentences(number, language) if _DIGITS.search(sentence)]
        if not sentences:
            return None
        sentence = self._random.choice(sentences)
        found = self._random.choice(list(_DIGITS.finditer(sentence)))
        present = re.findall(r"\d+", self._data.passages[language][number])
        while True:
            at = self._random.randrange(len(found[0]))
            changed = found[0][:at] + self._random.choice("23456789") + found[0][at + 1 :]
            if changed not in present:
                return sentence[: found.start()] + changed + sentence[found.end() :]

    def _with_another_name(self, number: str, language: str, queries: Sequence[Query]) -> str | None:
        passage = self._data.passages[language][number]
        same_article = [other for other in self._data.queries[language] if _article(other.passage) == _article(number)]
        names = sorted({query.answers[language][0] for query in same_article if _is_name(query)})
        for query in self._random.sample(queries, len(queries)):
            name = query.answers[language][0]
            others = [other for other in names if other not in passage and not set(other.split()) & set(name.split())]
            sentences = [sentence for sentence in self._sentences(number, language) if name in sentence]
            if _is_name(query) and others and sentences:
                return sentences[0].replace(name, self._random.choice(others))
        return None


def _article(passage: str) -> str:
    return passage.partition("_")[0]


def _is_name(query: Query) -> bool:
    """Whether the answer is a name: in English all of its words have capitals."""
    words = query.answers["en"][0].split()
    return all(word[0].isupper() and word.isalpha() for word in words)


def is_caught(case: Case, embedder: StaticEmbedder) -> bool:
    """Whether the last statement of an answer is called unsupported, or the only one."""
    passages = [
        Passage(number, f"{number}.md", "", case.shown, text, 0, len(text), 1.0, f"{number}.md-1")
        for number, text in enumerate(case.passages, start=1)
    ]
    cited = cite(case.text, passages, language=case.said, embedder=embedder, settings=CitationSettings())
    return not all(statement.supported for statement in cited.statements)


def cases(data: Data, *, articles: str, turns: int) -> Iterator[Case]:
    """Yield the cases of each article in each language, against passages in that language and in one other."""
    makers = [Cases(data, seed=turn) for turn in range(turns)]
    for article in sorted({_article(number) for number in data.passages["en"]}, key=int):
        if articles != "all" and (int(article) % 2 == 1) != (articles == "odd"):
            continue
        for at, said in enumerate(LANGUAGES):
            for turn, maker in enumerate(makers):
                other = LANGUAGES[(at + 1 + (int(article) + turn) % (len(LANGUAGES) - 1)) % len(LANGUAGES)]
                yield from maker.of(article, said, said)
                yield from maker.of(article, said, other)


def show(title: str, rows: Sequence[str], found: dict[tuple[str, str], list[bool]]) -> None:
    """Print one table: a row for each key, a column for each kind."""
    print(f"\n{title:<28}" + "".join(f"{kind:>16}" for kind in KINDS))
    for row in rows:
        cells = (found.get((row, kind), []) for kind in KINDS)
        print(
            f"{row:<28}"
            + "".join(f"{100 * statistics.mean(c):>8.1f} ({len(c):>4})" if c else f"{'':>16}" for c in cells)
        )


def main() -> None:
    """Print how many of each kind are called unsupported, in percent: by kinship, then by language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", choices=("even", "odd", "all"), default="even")
    parser.add_argument("--turns", type=int, default=1, help="how many cases of each kind for an article and language")
    options = parser.parse_args()
    data = Data(options.folder, LANGUAGES)
    embedder = StaticEmbedder()
    by_kinship: dict[tuple[str, str], list[bool]] = defaultdict(list)
    by_language: dict[tuple[str, str], list[bool]] = defaultdict(list)
    took = []
    for case in cases(data, articles=options.articles, turns=options.turns):
        start = time.perf_counter()
        caught = is_caught(case, embedder)
        took.append(time.perf_counter() - start)
        scope = "same" if case.said == case.shown else "across"
        by_kinship[f"{case.form}, {kinship(case.said, case.shown)}", case.kind].append(caught)
        by_kinship[f"{case.form}, all", case.kind].append(caught)
        if case.form == "sentence":
            by_language[f"{case.said}, {scope}", case.kind].append(caught)
    show("unsupported, in percent", sorted({row for row, _ in by_kinship}), by_kinship)
    show("sentences, by language", sorted({row for row, _ in by_language}), by_language)
    print(f"\n{len(took)} answers, {1000 * statistics.mean(took):.0f} ms each")


if __name__ == "__main__":
    main()
