"""Make the bundled embedding model: texts, subwords, training, folder, figures.

    python -m bench.embedding DATA WORK [--set section.line=value ...] [--evaluate FOLDER]

DATA holds `train/` and `eval/`; WORK is a folder for what is made on the way, and for the model at its end. Each step
is skipped if WORK has what it makes, so an interrupted run goes on where it was, the training from its last checkpoint.
`--evaluate FOLDER` only measures the model in FOLDER. About an hour on two cores, with 8 GiB of memory.
"""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from bench.embedding.corpus import (
    Texts,
    count_subwords,
    count_words,
    encode_texts,
    load_encoded,
    save_encoded,
    write_texts,
)
from bench.embedding.evaluation import Model, report
from bench.embedding.export import export, quantise
from bench.embedding.settings import Recipe, read_recipe
from bench.embedding.sources import sources
from bench.embedding.tokenizer import balanced_words, train_tokenizer, vocabulary_of

Encoded = dict[str, dict[str, Texts]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--set", action="append", default=[], metavar="section.line=value", dest="changes")
    parser.add_argument("--evaluate", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    texts = options.work / "texts"
    if options.evaluate:
        table = load_file(options.evaluate / "model.safetensors")
        vectors = table["embeddings"] * table["weights"][:, None]
        print(_measured(options.evaluate, vectors, options.data, texts))
        return
    try:
        recipe = read_recipe(changes=options.changes)
    except ValueError as error:
        sys.exit(str(error))
    folder = make(recipe, options.data, options.work)
    print(f"The model is in {folder}, its figures in {folder / 'FIGURES.md'}.")


def make(recipe: Recipe, data: Path, work: Path) -> Path:
    """Follow the recipe; returns the folder of the model."""
    started = time.monotonic()

    def say(step: str) -> None:
        print(f"{(time.monotonic() - started) / 60:5.1f} min  {step}", flush=True)

    say("texts")
    write_texts(sources(data / "train"), work / "texts")
    say("subwords")
    tokenizer = _tokenizer(recipe, work)
    say("texts as subwords")
    encoded = _encoded(work, tokenizer)
    say("training")
    vectors = _vectors(recipe, work, encoded, tokenizer, say)
    say("folder and figures")
    folder = work / "model"
    export(folder, tokenizer, vectors)
    rows, factors = quantise(vectors)
    (folder / "FIGURES.md").write_text(
        _measured(folder, rows * factors[:, None], data, work / "texts"), encoding="utf-8"
    )
    say("done")
    return folder


def _tokenizer(recipe: Recipe, work: Path) -> Tokenizer:
    path = work / "tokenizer.json"
    if not path.exists():
        settings = recipe.subwords
        words = balanced_words(
            count_words(work / "texts"),
            weights=recipe.languages,
            words=settings.words,
            flattening=settings.flattening,
            balance=settings.balance,
        )
        part = path.with_suffix(".part")
        train_tokenizer(words, size=settings.size).save(str(part))
        part.replace(path)
    return Tokenizer.from_file(str(path))


def _encoded(work: Path, tokenizer: Tokenizer) -> Encoded:
    path = work / "subwords.npz"
    if not path.exists():
        save_encoded(encode_texts(work / "texts", tokenizer), path)
    return load_encoded(path)


def _vectors(
    recipe: Recipe, work: Path, encoded: Encoded, tokenizer: Tokenizer, say: Callable[[str], None]
) -> NDArray[np.float32]:
    import torch

    from bench.embedding.mixture import Mixture
    from bench.embedding.parts import parts_of
    from bench.embedding.training import Training, run

    settings = recipe.training
    pieces = vocabulary_of(tokenizer)
    weights = None
    if settings.frequency:  # smooth inverse frequency (Arora et al. 2017)
        counts = count_subwords(encoded, len(pieces))
        weights = (settings.frequency / (settings.frequency + counts / counts.sum())).astype(np.float32)
    training = Training(
        len(pieces),
        settings,
        seed=recipe.seed,
        parts=parts_of(pieces) if settings.ngrams else None,
        weights=weights,
        device="cuda" if torch.cuda.is_available() else "cpu",
    )
    mixture = Mixture(encoded, sources=recipe.sources, languages=recipe.languages, vocabulary=len(pieces))
    run(training, mixture, work / "checkpoint.pt", say=say)
    return training.vectors()


def _measured(folder: Path, vectors: NDArray[np.float32], data: Path, texts: Path) -> str:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    figures, tables = report(Model(tokenizer, vectors), data, texts)
    for name, value in figures.items():
        print(f"  {name}: {value:.3f}")
    return tables


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
