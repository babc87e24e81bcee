"""The finished model as a folder that sentence-transformers loads as it is."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from bench.embedding.settings import Recipe

CARD = Path(__file__).with_name("card.md")
MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.sentence_transformer.modules.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.sentence_transformer.modules.Normalize",
    },
]


def export(folder: Path, tokenizer: Tokenizer, table: NDArray[np.float32]) -> None:
    """Write the model: rows of 8-bit integers, and for each the factor that brings it back.

    `StaticEmbedding.load` multiplies the two, as it does for models of model2vec.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, factors = quantise(table)
    save_file({"embeddings": rows, "weights": factors}, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(compact + "\n", encoding="utf-8")
    (folder / "modules.json").write_text(json.dumps(MODULES, indent=1) + "\n", encoding="utf-8")
    settings = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def write_card(folder: Path, recipe: Recipe, shape: tuple[int, ...], *, commit: str, figures: str) -> None:
    """Write the model card: which commit made the model, and its figures as Markdown tables."""
    vocabulary, dimensions = shape
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name != "README.md") / 2**20
    card = CARD.read_text(encoding="utf-8").format(
        vocabulary=f"{vocabulary:,}",
        dimensions=dimensions,
        size=f"{size:.1f}",
        steps=f"{recipe.training.steps:,}",
        batch=f"{recipe.training.batch:,}",
        seed=recipe.seed,
        commit=commit,
        figures=figures,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def quantise(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each row to 8 bits of its largest component; the table is `rows * factors[:, None]` of what is returned."""
    factors = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    return np.round(table / factors[:, None]).astype(np.int8), factors.astype(np.float32)
