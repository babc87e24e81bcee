"""The training texts on disk: normalised lines, then arrays of subword ids."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, normalizers

from bench.embedding.sources import Source
from bench.embedding.tokenizer import normaliser, split_for_learning

# Longer texts are cut here: windows of retrieval are shorter.
LONGEST_TEXT = 400
_BATCH = 20_000


def write_texts(sources: Iterable[Source], folder: Path) -> None:
    """Write each source as lines of row number, language and normalised text; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    normalise = normaliser().normalize_str
    for source in sources:
        path = folder / f"{source.name}.tsv"
        if path.exists():
            continue
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as lines:
            for number, row in enumerate(source.rows):
                for language, texts in row.items():
                    for text in texts:
                        normalised = normalise(text[:LONGEST_TEXT])
                        if normalised:
                            lines.write(f"{number}\t{language}\t{normalised}\n")
        part.replace(path)
        print(f"  {source.name}: {path.stat().st_size / 1e6:.0f} MB", flush=True)


def count_words(folder: Path) -> dict[str, Counter[str]]:
    """Count the words, or phrases, of each language over all sources, each text once."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(folder.glob("*.tsv")):
        if path.stem == "documents":  # the sentences of another source once more
            continue
        for language, text in _texts(path):
            if language != "gloss":
                spoken = language.removeprefix("ask:")
                counts[spoken].update(split_for_learning(text, spoken))
    return counts


def _texts(path: Path) -> set[tuple[str, str]]:
    texts = set()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            _, language, text = line.rstrip("\n").split("\t")
            texts.add((language, text))
    return texts


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language in one source: subword ids end to end, where each text starts, and its row."""

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    """Shape (texts + 1,)."""
    rows: NDArray[np.int32]
    """Shape (texts,), ascending."""


def count_subwords(encoded: Mapping[str, Mapping[str, Texts]], vocabulary: int) -> NDArray[np.int64]:
    """Count how often each subword occurs in all texts; shape (vocabulary,)."""
    counts = np.zeros(vocabulary, np.int64)
    for languages in encoded.values():
        for texts in languages.values():
            counts += np.bincount(texts.ids, minlength=vocabulary)
    return counts


def encode_texts(folder: Path, tokenizer: Tokenizer) -> dict[str, dict[str, Texts]]:
    """Cut every text into subwords: source, language, texts."""
    tokenizer = Tokenizer.from_str(tokenizer.to_str())
    tokenizer.normalizer = normalizers.Sequence([])  # the texts are normalised already
    encoded = {}
    for path in sorted(folder.glob("*.tsv")):
        encoded[path.stem] = _encode_source(path, tokenizer)
        tokens = sum(len(texts.ids) for texts in encoded[path.stem].values())
        print(f"  {path.stem}: {tokens / 1e6:.1f} M subwords", flush=True)
    return encoded


def _encode_source(path: Path, tokenizer: Tokenizer) -> dict[str, Texts]:
    rows: dict[str, list[int]] = defaultdict(list)
    texts: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row, language, text = line.rstrip("\n").split("\t")
            rows[language].append(int(row))
            texts[language].append(text)
    return {language: _encode(texts[language], rows[language], tokenizer) for language in texts}


def _encode(texts: list[str], rows: list[int], tokenizer: Tokenizer) -> Texts:
    ids, lengths = [], []
    for at in range(0, len(texts), _BATCH):
        for encoding in tokenizer.encode_batch_fast(texts[at : at + _BATCH], add_special_tokens=False):
            ids.append(np.array(encoding.ids, np.int32))
            lengths.append(len(encoding.ids))
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Texts(np.concatenate(ids) if ids else np.zeros(0, np.int32), starts, np.array(rows, np.int32))


def save_encoded(encoded: Mapping[str, Mapping[str, Texts]], path: Path) -> None:
    """Write what `encode_texts` gave as one file."""
    arrays = {
        f"{source}/{language}/{part}": getattr(texts, part)
        for source, languages in encoded.items()
        for language, texts in languages.items()
        for part in ("ids", "starts", "rows")
    }
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def load_encoded(path: Path) -> dict[str, dict[str, Texts]]:
    """Read what `save_encoded` wrote."""
    encoded: dict[str, dict[str, Texts]] = defaultdict(dict)
    with np.load(path) as arrays:
        names = {name.rsplit("/", 1)[0] for name in arrays.files}
        for name in sorted(names):
            source, language = name.split("/")
            encoded[source][language] = Texts(*(arrays[f"{name}/{part}"] for part in ("ids", "starts", "rows")))
    return dict(encoded)
