"""A collection of any size in some hundred languages, and questions to it: sentences of parallel training texts.

The sentences of one language are put together at random to documents of about ninety chunks. A question is a sentence
that is held back; what it says is in the collection in other languages, as far as it is in that part of it.
"""

import json
import lzma
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.documents import Document
from index.language_codes import LANGUAGE_CODES
from index.lengths import text_weight

# Running text; the other files of that folder hold names.
_PARALLEL = (
    *("bible", "gnome-help", "mozilla-www-ftl", "ntrex", "python-docs"),
    *("qald-questions", "tico19", "tldr", "udhr"),
)
_PAIRS = "tatoeba"
_DOCUMENT_WEIGHT = 11_000
_PARAGRAPH_WEIGHT = 220
# What people ask is seldom shorter or longer.
_QUESTION_WEIGHT = (30, 150)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence to search with, and its language."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Sentences by language, and those held back."""

    sentences: Mapping[str, Sequence[str]]
    questions: Sequence[Question]

    def documents(self) -> Iterator[Document]:
        """Yield documents, languages mixed; always the same, so a smaller collection is the beginning of a larger."""
        dealer = random.Random(_SEED)
        parts = []
        for language, sentences in sorted(self.sentences.items()):
            shuffled = dealer.sample(sentences, len(sentences))
            parts += [(language, part) for part in _grouped(shuffled, _DOCUMENT_WEIGHT)]
        dealer.shuffle(parts)
        for number, (language, part) in enumerate(parts):
            yield Document(
                source=f"articles/{number:06d}.md",
                title=f"{language} {number}",
                language=language,
                text="\n\n".join(" ".join(paragraph) for paragraph in _grouped(part, _PARAGRAPH_WEIGHT)),
                content_hash=f"{number:064x}",
            )


def read_collection(folder: Path, *, questions: int) -> Collection:
    """Read the parallel sentences of a folder of training data; hold some back as questions."""
    return split(list(_rows(folder)), questions=questions)


def split(rows: Sequence[Mapping[str, str]], *, questions: int) -> Collection:
    """Hold back one sentence of some rows, in all languages in turn; a row maps languages to translations."""
    dealer = random.Random(_SEED)
    held_back: dict[str, str] = {}
    asked: Counter[str] = Counter()
    shortest, longest = _QUESTION_WEIGHT
    for row in dealer.sample(rows, len(rows)):
        if len(held_back) == questions:
            break
        fit = [language for language, text in row.items() if shortest <= text_weight(text) <= longest]
        if fit and len(row) > 1:
            language = min(fit, key=lambda code: (asked[code], code))
            asked[language] += 1
            held_back[row[language]] = language
    sentences: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for language, text in row.items():
            if text not in held_back:
                sentences[language][text] = None
    return Collection(
        {language: list(texts) for language, texts in sentences.items()},
        [Question(language, text) for text, language in held_back.items()],
    )


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    for name in _PARALLEL:
        with lzma.open(folder / f"{name}.nway.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                yield _row(json.loads(line).items())
    with lzma.open(folder / f"{_PAIRS}.tsv.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            first, second, text, translation = line.rstrip("\n").split("\t")
            yield _row([(first, text), (second, translation)])


def _row(texts: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Texts by language; regions and scripts of a language are one, and what is not a text is left out."""
    row = {}
    for code, text in texts:
        language = LANGUAGE_CODES.get(code.partition("-")[0].lower())
        if language and isinstance(text, str) and text.strip():
            row[language] = " ".join(text.split())
    return row


def _grouped(sentences: Iterable[str], weight: float) -> Iterator[list[str]]:
    """Cut into groups that weigh as much as asked for, the last one less."""
    group: list[str] = []
    gathered = 0.0
    for sentence in sentences:
        group.append(sentence)
        gathered += text_weight(sentence)
        if gathered >= weight:
            yield group
            group, gathered = [], 0.0
    if group:
        yield group
