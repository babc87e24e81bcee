"""What the model is measured by: XQuAD across languages, LASER-Tatoeba, looking words up."""

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bench.embedding.tokenizer import UNSPACED

Matrix = NDArray[np.float32]

# The 36 languages of the XTREME benchmark's Tatoeba task (Hu et al. 2020, arXiv 2003.11080).
XTREME = (
    "afr ara ben bul cmn deu ell est eus fin fra heb hin hun ind ita jav jpn kat kaz kor mal mar nld pes por rus spa "
    "swh tam tel tgl tha tur urd vie"
)


class Model:
    """A table of subword vectors and its tokenizer."""

    def __init__(self, tokenizer: Tokenizer, table: Matrix) -> None:
        self.tokenizer = tokenizer
        self.table = table

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Cut texts into subword ids."""
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) for encoding in encodings]

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Embed texts; shape (texts, dimensions), rows of length 1 or 0."""
        return self.pool(self.ids(texts))

    def pool(self, ids: Sequence[NDArray[np.int32]]) -> Matrix:
        """Embed texts given as subword ids."""
        sums = np.stack([self.table[text].sum(axis=0) for text in ids])
        return unit(sums.astype(np.float32))


def unit(vectors: Matrix) -> Matrix:
    """Bring rows to length 1; rows of zeros stay."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return np.asarray(vectors / lengths, np.float32)


@dataclass(frozen=True, slots=True)
class Xquad:
    """XQuAD in BEIR layout: passages and questions by language, and which passage answers which question."""

    passages: Mapping[str, Sequence[str]]
    questions: Mapping[str, Sequence[str]]
    answers: Mapping[str, NDArray[np.int64]]
    """For each question, the position of its passage, the same in every language."""


def load_xquad(folder: Path, *, every: int = 1) -> Xquad:
    """Read the passages, and every so manyth question."""
    passages: dict[str, list[str]] = defaultdict(list)
    place: dict[str, int] = {}
    for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place[row["_id"]] = len(passages[row["language"]])
        passages[row["language"]].append(row["text"])
    gold: dict[str, int] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, passage, _ = line.split("\t")
        gold[question] = place[passage]
    questions: dict[str, list[str]] = defaultdict(list)
    answers: dict[str, list[int]] = defaultdict(list)
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        questions[row["language"]].append(row["text"])
        answers[row["language"]].append(gold[row["_id"]])
    return Xquad(
        passages,
        {language: texts[::every] for language, texts in questions.items()},
        {language: np.array(texts[::every]) for language, texts in answers.items()},
    )


def xquad_ndcg(
    model: Model, data: Xquad, *, window: int = 8, whole: float = 0.75
) -> tuple[list[str], NDArray[np.float64]]:
    """Find the passage of each question among all of one language, by its best window plus `whole` times all of it.

    Windows hold `window` subwords and begin every half of that.

    Returns:
        The languages, and nDCG@10 with shape (languages of questions, languages of passages). One passage is right,
        so it is 1 / log2(1 + rank) (Järvelin & Kekäläinen 2002).
    """
    languages = sorted(data.questions)
    asked = {language: model.embed(data.questions[language]) for language in languages}
    table = np.zeros((len(languages), len(languages)))
    for column, language in enumerate(languages):
        ids = model.ids(data.passages[language])
        cut = [_windows(text, window) for text in ids]
        starts = np.cumsum([0, *map(len, cut)])[:-1]
        parts = model.pool([part for windows in cut for part in windows])
        wholes = model.pool(ids)
        for row, asker in enumerate(languages):
            scores = np.maximum.reduceat(asked[asker] @ parts.T, starts, axis=1) + whole * (asked[asker] @ wholes.T)
            right = scores[np.arange(len(scores)), data.answers[asker]]
            rank = (scores >= right[:, None]).sum(axis=1)  # behind all that score the same
            table[row, column] = np.where(rank <= 10, 1 / np.log2(1 + rank), 0).mean()
    return languages, table


def _windows(ids: NDArray[np.int32], size: int) -> list[NDArray[np.int32]]:
    if len(ids) <= size:
        return [ids]
    return [ids[at : at + size] for at in range(0, len(ids) - size // 2, size // 2)]


def tatoeba_accuracy(model: Model, folder: Path) -> dict[str, float]:
    """Find each sentence's translation by the largest cosine; mean accuracy of both ways, by three-letter code."""
    accuracy = {}
    for path in sorted(folder.glob("*-eng.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        scores = model.embed([row["src"] for row in rows]) @ model.embed([row["eng"] for row in rows]).T
        right = np.arange(len(rows))
        ways = ((scores.argmax(axis=axis) == right).mean() for axis in (0, 1))
        accuracy[path.name[:3]] = float(sum(ways) / 2)
    return accuracy


def word_pairs(texts: Path, language: str, *, most: int = 1000) -> dict[str, set[str]]:
    """Give the most frequent words of a language that the wordnets translate, with their English translations.

    Frequencies are those of Tatoeba. The pairs are in the training data: looking them up shows what was kept of it.
    """
    meanings: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with (texts / "omw.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            row, code, word = line.rstrip("\n").split("\t")
            if code in (language, "en"):
                meanings[row][code].append(word)
    translations: dict[str, set[str]] = defaultdict(set)
    for meaning in meanings.values():
        for word in meaning[language]:
            translations[word].update(meaning["en"])
    found: Counter[str] = Counter()
    spaced = language not in UNSPACED
    with (texts / "tatoeba.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            _, code, text = line.rstrip("\n").split("\t")
            if code == language:
                words = (
                    text.split(" ") if spaced else [text[a:b] for a in range(len(text)) for b in range(a + 1, a + 7)]
                )
                found.update(word for word in words if translations.get(word))
    return {word: translations[word] for word, _ in found.most_common(most)}


def lookup_accuracy(model: Model, pairs: Mapping[str, set[str]]) -> tuple[float, float]:
    """Look each word's translation up among all of theirs, and each translation's word among the words."""
    if not pairs:
        return math.nan, math.nan
    words = list(pairs)
    english = sorted(set().union(*pairs.values()))
    scores = model.embed(words) @ model.embed(english).T
    there = np.mean([english[at] in pairs[word] for word, at in zip(words, scores.argmax(axis=1), strict=True)])
    back = np.mean([word in pairs[words[at]] for word, at in zip(english, scores.argmax(axis=0), strict=True)])
    return float(there), float(back)


def report(model: Model, data: Path, texts: Path, *, window: int = 8) -> tuple[dict[str, float], str]:
    """Measure the model: the figures that sum it up, and all of them as Markdown tables."""
    xquad = load_xquad(data / "eval" / "xquad")
    languages, table = xquad_ndcg(model, xquad, window=window)
    others = ~np.eye(len(languages), dtype=bool)
    asked = [table[row][others[row]].mean() for row in range(len(languages))]
    accuracy = tatoeba_accuracy(model, data / "eval" / "laser-tatoeba")
    figures = {
        "XQuAD, in one language": float(table.diagonal().mean()),
        "XQuAD, across languages": float(table[others].mean()),
        "XQuAD, across languages, worst language of questions": float(min(asked)),
        "Tatoeba, 36 languages of XTREME": float(np.mean([accuracy[code] for code in XTREME.split()])),
        "Tatoeba, 112 languages": float(np.mean(list(accuracy.values()))),
    }
    lines = ["| measure | figure |", "|---|---|", *(f"| {name} | {value:.3f} |" for name, value in figures.items())]
    lines += ["", "XQuAD, nDCG@10, question in the language of the row, passages in that of the column:", ""]
    lines += [f"| | {' | '.join(languages)} | across |", "|---" * (len(languages) + 2) + "|"]
    for language, row, mean in zip(languages, table, asked, strict=True):
        lines.append(f"| {language} | {' | '.join(f'{value:.2f}' for value in row)} | {mean:.3f} |")
    lines += ["", "Words looked up, of the 1,000 most frequent that the wordnets translate:", ""]
    lines += ["| language | to English | from English |", "|---|---|---|"]
    for language in ("de", "fi", "ja"):
        there, back = lookup_accuracy(model, word_pairs(texts, language))
        lines.append(f"| {language} | {there:.3f} | {back:.3f} |")
    lines += ["", "LASER-Tatoeba, accuracy against English, mean of both ways:", ""]
    ranked = sorted(accuracy.items(), key=lambda item: -item[1])
    lines += ["| code | accuracy " * 4 + "|", "|---|---" * 4 + "|"]
    for at in range(0, len(ranked), 4):
        lines.append("".join(f"| {code} | {value:.3f} " for code, value in ranked[at : at + 4]) + "|")
    return figures, "\n".join(lines) + "\n"
