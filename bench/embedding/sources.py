"""The training texts: every file of the data folder as rows of one meaning, in any number of languages."""

import json
import lzma
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, tuple[str, ...]]
"""Language to texts of one meaning. Two texts of one language say the same in other words."""

# Regional variants that repeat the main text almost word for word.
_LEFT_OUT = re.compile(r"^(en|es|nl|fr|ar|fa|he|pa|zh-Hant)-[A-Z]{2}$|^zh-Hant-HK$|^yue-Hans$|^_")
_SAME = {"pt-BR": "pt", "sr-Cyrl": "sr", "hbs": "sh", "no": "nb", "en2": "en", "de2": "de", "glv": "gv", "nav": "nv"}
_TEMPLATE = re.compile(r"<[^<>]{1,80}>|\{[^{}]{1,80}\}|%\d*\$?[sd]|`[^`]*`")


@dataclass(frozen=True, slots=True)
class Source:
    """One file or family of files: its name in the mixture, and its rows."""

    name: str
    rows: Iterable[Row]


def sources(folder: Path) -> Iterator[Source]:
    """Read every source whose licence allows training, in a fixed order."""
    yield Source("tatoeba", tatoeba(folder / "tatoeba.tsv.xz"))
    for name in ("ntrex", "tico19", "bible", "gnome-help", "mozilla-www-ftl", "python-docs", "udhr", "qald-questions"):
        yield Source(name, n_way(folder / f"{name}.nway.jsonl.xz"))
    yield Source("titles", n_way(folder / "wikidict-titles.nway.jsonl.xz", cleaned=without_brackets))
    for name in ("cldr-names", "osm-tagging", "osm-id-editor", "wikipedia-android", "commons-android", "tldr"):
        yield Source(name, n_way(folder / f"{name}.nway.jsonl.xz"))
    yield Source("omw", wordnet(folder / "omw.nway.jsonl.xz"))
    yield Source("glosses", glosses(folder / "omw.nway.jsonl.xz"))
    yield Source("panlex", pairs(folder / "panlex-bli.tsv.xz"))
    yield Source("paraphrase", pairs(folder / "paraphrase.tsv.xz"))
    yield Source("documents", neighbours(folder / "ntrex.nway.jsonl.xz"))
    yield Source("qa", questions(sorted((folder / "qa").glob("*.jsonl.xz"))))
    yield Source("help", questions(sorted((folder / "qa-gnome").glob("*.jsonl.xz"))))


def without_placeholders(text: str) -> str:
    """Drop what programs fill in, and tags."""
    return _TEMPLATE.sub(" ", text)


def without_brackets(title: str) -> str:
    """Drop what tells a title from its namesakes: "Merkur (Planet)"."""
    return re.sub(r"\s*\([^()]*\)$", "", title).replace("_", " ")


def n_way(path: Path, *, cleaned: Callable[[str], str] = without_placeholders) -> Iterator[Row]:
    """Read rows of the shape {language: text}."""
    for row in _json_lines(path):
        texts: dict[str, tuple[str, ...]] = {}
        for language, text in row.items():
            if not _LEFT_OUT.search(language):
                code = _SAME.get(language, language)
                clean = cleaned(text).strip()
                if clean and clean not in texts.get(code, ()):
                    texts[code] = (*texts.get(code, ()), clean)
        if sum(map(len, texts.values())) > 1:
            yield texts


def wordnet(path: Path) -> Iterator[Row]:
    """Read a row for each synset: its lemmas."""
    for row in _json_lines(path):
        texts = {code: tuple(lemmas[:6]) for code, lemmas in _lemmas(row).items()}
        if sum(map(len, texts.values())) > 1:
            yield texts


def glosses(path: Path) -> Iterator[Row]:
    """Read a row for each synset: its English gloss, as language `gloss`, and its lemmas."""
    for row in _json_lines(path):
        if row.get("_def"):
            yield {code: (", ".join(lemmas[:4]),) for code, lemmas in _lemmas(row).items()} | {"gloss": (row["_def"],)}


def _lemmas(row: Mapping[str, str]) -> dict[str, list[str]]:
    lemmas: dict[str, list[str]] = defaultdict(list)
    for language, listed in row.items():
        if not _LEFT_OUT.search(language):
            lemmas[_SAME.get(language, language)] += listed.replace("+", "").split("|")
    return lemmas


def tatoeba(path: Path, *, largest: int = 64) -> Iterator[Row]:
    """Join sentence pairs that share a sentence into rows; groups that grew beyond `largest` stay pairs."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    links = []
    for line in _lines(path):
        language_a, language_b, text_a, text_b = line.split("\t")
        a, b = (language_a, text_a), (language_b, text_b)
        for node in (a, b):
            parent.setdefault(node, node)
        links.append((a, b))
        parent[root(a)] = root(b)
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for node in parent:
        groups[root(node)].append(node)
    for a, b in links:
        if len(groups[root(a)]) > largest:
            yield _row([a, b])
    for group in groups.values():
        if len(group) <= largest:
            yield _row(group)


def pairs(path: Path) -> Iterator[Row]:
    """Read rows of two texts."""
    for line in _lines(path):
        language_a, language_b, text_a, text_b = line.split("\t")
        if text_a != text_b:
            yield _row([(language_a, text_a), (language_b, text_b)])


def neighbours(path: Path) -> Iterator[Row]:
    """Read a row for each sentence of an n-way document: `ask:fi` holds the sentence, `fi` what stands around it."""
    documents: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in _json_lines(path):
        documents[row["_doc"]].append(row)
    for rows in documents.values():
        for number, sentences in enumerate(rows):
            around = rows[max(0, number - 1) : number] + rows[number + 1 : number + 2]
            if around:
                row = {language: text for language, text in sentences.items() if not _LEFT_OUT.search(language)}
                asked = _row(row.items())
                told = _row((language, " ".join(other.get(language, "") for other in around)) for language in row)
                yield {f"ask:{language}": texts for language, texts in asked.items()} | told


def questions(paths: Iterable[Path]) -> Iterator[Row]:
    """Read a row for each question: `ask:fi` holds the question, `fi` windows of its passage around the answer."""
    for path in paths:
        for row in _json_lines(path):
            language = _SAME.get(row["lang"], row["lang"])
            passage = row["passage"] or ""
            if len(passage) < 20:
                passage = " ".join([row["title"] or "", *row["answers"]]).strip()
            if passage:
                yield {f"ask:{language}": (row["question"],), language: tuple(windows(passage, row["answers"]))}


def windows(passage: str, answers: Iterable[str], *, length: int = 240, most: int = 3) -> list[str]:
    """Cut up to `most` windows of about `length` characters, around the answers where they are known."""
    if len(passage) <= length:
        return [passage]
    chosen = random.Random(passage)
    found = [at for answer in answers if answer and (at := passage.find(answer)) >= 0]
    cut = []
    for _ in range(most):
        at = found[0] if found else chosen.randrange(len(passage))
        start = max(0, min(at - chosen.randrange(length), len(passage) - length))
        window = passage[start : start + length]
        if " " in window:  # whole words only
            window = window[window.index(" ") :] if start else window
            window = window.rsplit(" ", 1)[0]
        cut.append(window.strip())
    return cut


def _row(texts: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    row: dict[str, tuple[str, ...]] = {}
    for language, text in texts:
        code = _SAME.get(language, language)
        row[code] = (*row.get(code, ()), text)
    return row


def _lines(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield unicodedata.normalize("NFC", line.rstrip("\n"))


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
