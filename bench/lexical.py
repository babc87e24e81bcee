"""BM25 alone, over the terms of `index.analysis`, on a question set in BEIR layout with parallel passages.

    python -m bench.lexical FOLDER [--every N] [--languages en,de,...] [--chunks] [--pairs]

FOLDER is read as `bench.xquad` reads it. Each language's passages are a collection of their own, in memory, whole or as
the chunks that users get (a passage then scores by its best chunk); every term of a question counts once. So the table
shows what the analyser is worth, whatever index it is used with:

    terms      of a passage or chunk, with repetitions and without: the size of the index
    asked      terms of a question
    postings   entries of the index that these terms touch, for 100 passages or chunks: what a question costs
"""

import argparse
import math
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.xquad import Data
from index.analysis import analyse
from index.chunking import chunk_document
from index.documents import Document
from index.settings import ChunkingSettings

K1 = 1.2
B = 0.75
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Collection:
    """The weights of BM25 for every term in every text of one language."""

    rows: Mapping[str, int]
    """Term → row of `weights`."""
    weights: NDArray[np.float32]
    """One row for each term, one column for each text."""
    owners: NDArray[np.intp]
    """The passage that each text is of."""
    lengths: Sequence[int]
    """The number of each text's terms."""

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], owners: Sequence[int]) -> "Collection":
        """Weigh the terms of texts, each text of the passage with the number at the same place in `owners`."""
        lengths = [len(text) for text in texts]
        mean = statistics.mean(lengths)
        rows = {term: row for row, term in enumerate(dict.fromkeys(term for text in texts for term in text))}
        weights = np.zeros((len(rows), len(texts)), dtype=np.float32)
        for column, text in enumerate(texts):
            norm = K1 * (1 - B + B * len(text) / mean)
            for term, count in Counter(text).items():
                weights[rows[term], column] = count * (K1 + 1) / (count + norm)
        holders = np.count_nonzero(weights, axis=1)
        weights *= np.log(1 + (len(texts) - holders + 0.5) / (holders + 0.5)).astype(np.float32)[:, None]
        return cls(rows, weights, np.asarray(owners, dtype=np.intp), lengths)

    def rank(self, terms: Sequence[str], passage: int) -> int | None:
        """The rank of a passage for a question, from 1; None if it holds none of the terms."""
        found = self._rows(terms)
        if not found:
            return None
        scores = np.zeros(int(self.owners.max()) + 1, dtype=np.float32)
        np.maximum.at(scores, self.owners, self.weights[found].sum(axis=0))
        own = scores[passage]
        # Ties are broken by the passages' order.
        return int((scores > own).sum() + (scores[:passage] == own).sum()) + 1 if own > 0 else None

    def postings(self, terms: Sequence[str]) -> int:
        """How many entries of the index the terms touch."""
        return int(np.count_nonzero(self.weights[self._rows(terms)]))

    def _rows(self, terms: Sequence[str]) -> list[int]:
        return [self.rows[term] for term in terms if term in self.rows]


def ndcg(rank: int | None) -> float:
    """The nDCG@10 of a question with one right passage."""
    return 1 / math.log2(rank + 1) if rank is not None and rank <= DEPTH else 0.0


def cut(text: str, language: str) -> list[str]:
    """The chunks of a passage, as it would be cut if it were a document."""
    document = Document(source="passage", title="", language=language, text=text, content_hash="")
    return [chunk.text for chunk in chunk_document(document, settings=ChunkingSettings())]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every Nth question of each language")
    parser.add_argument("--languages", default="en,de,ru,zh,ar,hi,th,es,el,tr,ro,vi")
    parser.add_argument("--chunks", action="store_true", help="cut passages as documents are cut")
    parser.add_argument("--pairs", action="store_true", help="also ask in every other language")
    options = parser.parse_args()
    languages = options.languages.split(",")
    data = Data(options.folder, languages)
    numbers = {number: at for at, number in enumerate(data.passages[languages[0]])}
    collections, seconds, analysed = {}, 0.0, 0
    for language in languages:
        texts = [
            (numbers[number], part)
            for number, text in data.passages[language].items()
            for part in (cut(text, language) if options.chunks else [text])
        ]
        started = time.process_time()
        terms = [analyse(text) for _, text in texts]
        seconds += time.process_time() - started
        analysed += len(texts)
        collections[language] = Collection.of(terms, [owner for owner, _ in texts])
    questions = {
        language: [
            (list(dict.fromkeys(analyse(query.text))), numbers[query.passage])
            for query in data.queries[language][:: options.every]
        ]
        for language in languages
    }

    def quality(asked: str, answered: str) -> float:
        return statistics.mean(ndcg(collections[answered].rank(*question)) for question in questions[asked])

    print(f"{'':<6}{'nDCG@10':>9}{'terms':>8}{'unique':>8}{'asked':>8}{'postings':>10}")
    table = []
    for language in languages:
        collection = collections[language]
        row = (
            quality(language, language),
            statistics.mean(collection.lengths),
            np.count_nonzero(collection.weights) / len(collection.lengths),
            statistics.mean(len(terms) for terms, _ in questions[language]),
            statistics.mean(collection.postings(terms) for terms, _ in questions[language])
            * (100 / len(collection.lengths)),
        )
        table.append(row)
        _show(language, row)
    _show("mean", [statistics.mean(column) for column in zip(*table, strict=True)])
    print(f"{analysed} texts analysed in {seconds:.1f} s of one core: {analysed / seconds:.0f}/s")
    if options.pairs:
        _show_pairs({(asked, answered): quality(asked, answered) for asked in languages for answered in languages})


def _show(name: str, row: Sequence[float]) -> None:
    print(f"{name:<6}{row[0]:>9.3f}{row[1]:>8.0f}{row[2]:>8.0f}{row[3]:>8.1f}{row[4]:>10.0f}", flush=True)


def _show_pairs(quality: Mapping[tuple[str, str], float]) -> None:
    languages = list(dict.fromkeys(asked for asked, _ in quality))
    print("\nnDCG@10 by language of the question (down) and of the passages (across)")
    print(" " * 6 + "".join(f"{language:>6}" for language in languages))
    for asked in languages:
        print(f"{asked:<6}" + "".join(f"{quality[asked, answered]:>6.2f}" for answered in languages))
    across = [value for (asked, answered), value in quality.items() if asked != answered]
    print(f"mean across languages: {statistics.mean(across):.3f}")


if __name__ == "__main__":
    main()
