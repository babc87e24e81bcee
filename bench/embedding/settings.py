"""The recipe: what `recipe.toml` says, checked."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).with_name("recipe.toml")


@dataclass(frozen=True, slots=True)
class SubwordSettings:
    """How many subwords, and from which words they are learnt."""

    size: int
    words: int
    flattening: float
    balance: float


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How long and how fast to learn."""

    dimensions: int
    steps: int
    batch: int
    learning_rate: float
    scale: float
    forgetting: float
    ngrams: bool
    frequency: float
    """0 for no weights by frequency."""
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the model becomes."""

    seed: int
    subwords: SubwordSettings
    training: TrainingSettings
    languages: Mapping[str, float]
    """Language code to weight; `other` for those not named."""
    sources: Mapping[str, float]


def read_recipe(path: Path = RECIPE, *, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change some of its lines.

    Args:
        path: A TOML file of the shape of `recipe.toml`.
        changes: `section.name=value`, the value written as in TOML.

    Raises:
        ValueError: If a name is unknown or missing.
    """
    held = tomllib.loads(path.read_text(encoding="utf-8"))
    for change in changes:
        name, _, value = change.partition("=")
        *section, key = name.split(".", 1)
        lines = held.get(section[0]) if section else held
        if not isinstance(lines, dict) or isinstance(lines.get(key), dict | None):
            raise ValueError(
                f"The recipe has no '{name}'. Its lines are in {path.name}, as in: --set training.steps=4000"
            )
        lines[key] = tomllib.loads(f"value = {value}")["value"]
    missing = {"seed", "subwords", "training", "languages", "language_groups", "sources"} - set(held)
    if missing or "other" not in held["languages"]:
        raise ValueError(f"The recipe lacks: {', '.join(sorted(missing)) or 'languages.other'}.")
    languages = dict(held["languages"])
    for weight, codes in held["language_groups"].items():
        languages |= dict.fromkeys(codes.split(), float(weight))
    return Recipe(
        seed=held["seed"],
        subwords=_checked(SubwordSettings, held["subwords"]),
        training=_checked(TrainingSettings, held["training"]),
        languages=languages,
        sources=held["sources"],
    )


def _checked(kind: Any, values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if known != set(values):
        raise ValueError(f"The recipe must have exactly these lines in one section: {', '.join(sorted(known))}.")
    return kind(**values)
