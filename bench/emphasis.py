"""What is set bold in quotes, and when documents are said to disagree, on a question set with parallel passages.

    python -m bench.emphasis FOLDER [--every N] [--languages en,de,...]

FOLDER is as for `bench.xquad`. Only questions for a time or a quantity count. For each language:

    bold      share of the sentences that hold a gold answer in which something is bold
    right     share of these in which it is (a part of) the answer
    false     share of the questions whose documents are said to disagree, though each passage is there once
    caught    share of the answers with something bold that are said to be disputed once a copy of their passage, under
              another name, gives another value
"""

import argparse
import re
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from bench.xquad import LANGUAGES, Data, Query, build
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from index.sentences import sentence_spans
from rag.answers import Passage
from rag.disagreement import find_disagreement
from rag.emphasis import answering_value
from rag.extractive import choose_quotes, find_quotes
from rag.prompts import phrases
from rag.question_types import Asked, asked_for
from rag.quote_text import write_quotes
from rag.quote_units import Quote
from rag.retrieval import build_passages, search_steps
from rag.settings import QuotingSettings, RetrievalSettings

_LAST_DIGIT = re.compile(r"\d(?=\D*$)")


def count_bold(query: Query, text: str, counts: Counter[str]) -> None:
    """Count whether something is bold in the first sentence with the answer, and whether rightly."""
    asked = asked_for(query.text, query.language)
    answers = query.answers[query.language]
    sentences = (text[start:end] for start, end in sentence_spans(text, query.language))
    sentence = next((each for each in sentences if any(answer in each for answer in answers)), None)
    if asked is None or sentence is None:
        return
    counts["sentences"] += 1
    value = answering_value(sentence, query.text, asked, language=query.language)
    if value:
        bold = sentence[value.start : value.end]
        counts["bold"] += 1
        counts["right"] += any(answer in bold or bold in answer for answer in answers)


class Disputes:
    """Asks as a user would, with and without a document that contradicts the answer."""

    def __init__(self, base: KnowledgeBase, embedder: StaticEmbedder) -> None:
        self._base = base
        self._embedder = embedder

    def count(self, query: Query, counts: Counter[str]) -> None:
        """Count whether documents are said to disagree that do not, and those that do."""
        settings = RetrievalSettings()
        found = search_steps(
            self._base, query.text, language=query.language, top_k=60, token_embedder=self._embedder, settings=settings
        ).results
        passages = build_passages(self._base, found, settings=settings)
        chosen, disputed = self._ask(query, passages)
        counts["asked"] += 1
        counts["false"] += disputed
        written = write_quotes(
            chosen[:1], question=query.text, language=query.language, phrases=phrases(query.language)
        )
        if not written.emphasis:
            return
        bold = written.text[slice(*written.emphasis[0])]
        source = chosen[0].passage
        other = _LAST_DIGIT.sub(lambda digit: str((int(digit[0]) + 3) % 10), bold)
        if bold == other or bold not in source.text:
            return
        copy = replace(
            source, text=source.text.replace(bold, other), document="copy.md", number=len(passages) + 1, chunk="copy"
        )
        counts["changed"] += 1
        counts["caught"] += self._ask(query, [*passages, replace(copy, end=copy.start + len(copy.text))])[1]

    def _ask(self, query: Query, passages: list[Passage]) -> tuple[list[Quote], bool]:
        settings = QuotingSettings()
        quotes = find_quotes(query.text, passages, language=query.language, embedder=self._embedder, settings=settings)
        chosen = choose_quotes(quotes, language=query.language, settings=settings)
        return chosen, bool(find_disagreement(chosen, quotes, query.text, language=query.language))


def show(name: str, counts: Counter[str]) -> None:
    """Print one row."""

    def share(part: str, whole: str) -> str:
        return f"{counts[part] / counts[whole]:>9.3f}" if counts[whole] else f"{'–':>9}"

    print(
        f"{name:<6}{counts['sentences']:>10}{share('bold', 'sentences')}{share('right', 'bold')}"
        f"{counts['asked']:>9}{share('false', 'asked')}{counts['changed']:>9}{share('caught', 'changed')}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every Nth question of each language")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    options = parser.parse_args()
    languages = options.languages.split(",")
    data = Data(options.folder, languages)
    embedder = StaticEmbedder()
    total: Counter[str] = Counter()
    print(f"{'':<6}{'sentences':>10}{'bold':>9}{'right':>9}{'asked':>9}{'false':>9}{'changed':>9}{'caught':>9}")
    with tempfile.TemporaryDirectory() as homes:
        for language in languages:
            passages = {number: (language, text) for number, text in data.passages[language].items()}
            disputes = Disputes(build(Path(homes) / language, passages, embedder), embedder)
            counts: Counter[str] = Counter()
            for query in data.queries[language][:: options.every]:
                if asked_for(query.text, language) in (Asked.TIME, Asked.QUANTITY):
                    count_bold(query, data.passages[language][query.passage], counts)
                    disputes.count(query, counts)
            show(language, counts)
            total += counts
    show("all", total)


if __name__ == "__main__":
    main()
