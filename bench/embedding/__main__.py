"""Make the bundled embedding model: texts, subwords, training, folder, figures.

    python -m bench.embedding DATA WORK [--set section.line=value ...]
    python -m bench.embedding DATA WORK --ablations
    python -m bench.embedding DATA WORK --evaluate FOLDER

DATA holds `train/` and `eval/`; WORK is a folder for what is made on the way, and for the model at its end. Each step
is skipped if WORK has what it makes, so an interrupted run goes on where it was, the training from its last checkpoint.
About an hour on two cores, with 8 GiB of memory. `--ablations` trains shortly, as the recipe says and with one line
changed at a time, on the texts in WORK; `--evaluate FOLDER` only measures the model in FOLDER.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
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
from bench.embedding.export import export, quantise, write_card
from bench.embedding.settings import Recipe, read_recipe
from bench.embedding.sources import sources
from bench.embedding.tokenizer import balanced_words, train_tokenizer, vocabulary_of
from index.embedding import read_table
from index.errors import EmbeddingError

SUBWORD_SETTINGS = "subword-settings.json"
ABLATION_STEPS = 2000
ABLATIONS: Mapping[str, tuple[str, ...]] = {
    "as the recipe says": (),
    "no n-grams": ("training.ngrams=false",),
    "no weights by frequency": ("training.frequency=0.0",),
    "learning rate 0.02": ("training.learning_rate=0.02",),
    "batches of 256": ("training.batch=256",),
    "128 dimensions": ("training.dimensions=128",),
}
Encoded = dict[str, dict[str, Texts]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--set", action="append", default=[], metavar="section.line=value", dest="changes")
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--evaluate", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    try:
        recipe = read_recipe(changes=options.changes)
        _check_folders(options.data, options.work, uses_texts=bool(options.evaluate or options.ablations))
        if options.evaluate:
            print(_measured(options.evaluate, options.data, options.work / "texts"))
            return
        _check_subwords(options.work, recipe)
    except (ValueError, EmbeddingError) as error:
        sys.exit(str(error))
    if options.ablations:
        ablate(options.changes, options.data, options.work)
    else:
        folder = make(recipe, options.data, options.work)
        print(f"The model is in {folder}, with its card and figures.")


def _check_folders(data: Path, work: Path, *, uses_texts: bool) -> None:
    for folder in (data / "train", data / "eval"):
        if not folder.is_dir():
            raise ValueError(f"'{folder}' is missing. DATA is the folder that holds 'train' and 'eval'.")
    if uses_texts and not (work / "texts").is_dir():
        raise ValueError(f"'{work / 'texts'}' is missing. Make the model in this WORK first: leave the option away.")


def _check_subwords(work: Path, recipe: Recipe) -> None:
    made_with = work / SUBWORD_SETTINGS
    if made_with.exists() and json.loads(made_with.read_text(encoding="utf-8")) != asdict(recipe.subwords):
        raise ValueError(f"The subwords in '{work}' were made with other settings. Name an empty folder as WORK.")


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
    vectors = learn(recipe, encoded, tokenizer, checkpoint=work / "checkpoint.pt", say=say)
    say("folder and figures")
    folder = work / "model"
    export(folder, tokenizer, vectors)
    figures = _measured(folder, data, work / "texts")
    write_card(folder, recipe, vectors.shape, commit=_commit(), figures=figures)
    say("done")
    return folder


def ablate(changes: Sequence[str], data: Path, work: Path) -> None:
    """Print what one changed line at a time does to a short training: a table for `bench/RESULTS.md`."""
    whole = read_recipe(changes=changes)
    tokenizer = _tokenizer(whole, work)
    encoded = _encoded(work, tokenizer)
    for name, change in ABLATIONS.items():
        recipe = read_recipe(changes=(*changes, f"training.steps={ABLATION_STEPS}", *change))
        started = time.monotonic()
        checkpoint = work / f"ablation-{name.replace(' ', '-')}.pt"
        vectors = learn(recipe, encoded, tokenizer, checkpoint=checkpoint, say=lambda _: None)
        minutes = (time.monotonic() - started) / 60
        variants = {name: vectors}
        if not change:
            rows, factors = quantise(vectors)
            variants[f"{name}, 8 bits"] = rows * factors[:, None]
        for variant, table in variants.items():
            figures, _ = report(Model(tokenizer, table), data, work / "texts")
            print(
                f"{variant:<28}{minutes:>5.1f} min{''.join(f'{value:>8.3f}' for value in figures.values())}", flush=True
            )


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
        (work / SUBWORD_SETTINGS).write_text(json.dumps(asdict(settings)), encoding="utf-8")
        part = path.with_suffix(".part")
        train_tokenizer(words, size=settings.size).save(str(part))
        part.replace(path)
    return Tokenizer.from_file(str(path))


def _encoded(work: Path, tokenizer: Tokenizer) -> Encoded:
    path = work / "subwords.npz"
    if not path.exists():
        save_encoded(encode_texts(work / "texts", tokenizer), path)
    return load_encoded(path)


def learn(
    recipe: Recipe, encoded: Encoded, tokenizer: Tokenizer, *, checkpoint: Path, say: Callable[[str], None]
) -> NDArray[np.float32]:
    """Train, from the checkpoint on if there is one; returns the vectors of all subwords."""
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
    run(training, mixture, checkpoint, say=say)
    return training.vectors()


def _commit() -> str:
    """The commit of this recipe, with a plus if files were changed since."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _measured(folder: Path, data: Path, texts: Path) -> str:
    rows, factors = read_table(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    figures, tables = report(Model(tokenizer, rows * factors[:, None]), data, texts)
    for name, value in figures.items():
        print(f"  {name}: {value:.3f}")
    return tables


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
