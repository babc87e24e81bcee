import json
import lzma
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from bench.embedding.__main__ import main, make
from bench.embedding.evaluation import XTREME, Model
from bench.embedding.export import export, quantise, write_card
from bench.embedding.settings import Recipe, read_recipe
from bench.embedding.tokenizer import build_tokenizer
from index.embedding import StaticEmbedder
from tests.bench.embedding.test_evaluation import write_tatoeba, write_xquad

TEXTS = ["Red house!", "the sea", "house house the", "unknown 山", "red", ""]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer(
        [("<unk>", 0.0), *((piece, -2.0) for piece in ("▁", "▁red", "▁house", "▁the", "▁sea", "a", "n"))]
    )


@pytest.fixture(scope="module")
def table() -> NDArray[np.float32]:
    return np.random.default_rng(4).normal(size=(8, 24)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tokenizer: Tokenizer, table: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "new" / "model-v1"
    export(folder, tokenizer, table)
    return folder


class TestQuantise:
    @pytest.mark.parametrize("spread", [1e-6, 0.1, 1e4])
    def test_error_is_at_most_half_a_step(self, spread: float) -> None:
        table = (np.random.default_rng(1).normal(size=(200, 32)) * spread).astype(np.float32)
        rows, factors = quantise(table)
        assert (str(rows.dtype), str(factors.dtype)) == ("int8", "float32")
        assert (rows.shape, factors.shape) == ((200, 32), (200,))
        np.testing.assert_allclose(factors, np.abs(table).max(axis=1) / 127, rtol=1e-6)
        assert (np.abs(table - rows * factors[:, None]) <= factors[:, None] * 0.5001).all()

    def test_largest_component_uses_all_bits(self) -> None:
        rows, _ = quantise(np.array([[2.0, -1.0, 0.0], [-3.0, 1.5, 3.0]], np.float32))
        assert rows.tolist() == [[127, -64, 0], [-127, 64, 127]]

    def test_zeros_stay_zeros(self) -> None:
        rows, factors = quantise(np.zeros((2, 3), np.float32))
        assert not rows.any()
        assert np.isfinite(factors).all()


class TestExport:
    def test_folder_holds_one_byte_a_number(self, folder: Path, table: NDArray[np.float32]) -> None:
        assert sorted(path.name for path in folder.iterdir()) == [
            "config_sentence_transformers.json",
            "model.safetensors",
            "modules.json",
            "tokenizer.json",
        ]
        assert (folder / "model.safetensors").stat().st_mode & 0o777 == 0o644
        tensors = load_file(folder / "model.safetensors")
        assert set(tensors) == {"embeddings", "weights"}
        rows, factors = quantise(table)
        np.testing.assert_array_equal(tensors["embeddings"], rows)
        np.testing.assert_array_equal(tensors["weights"], factors)

    def test_tokenizer_comes_back(self, folder: Path, tokenizer: Tokenizer) -> None:
        loaded = Tokenizer.from_file(str(folder / "tokenizer.json"))
        assert loaded.to_str() == tokenizer.to_str()
        assert len((folder / "tokenizer.json").read_text(encoding="utf-8").splitlines()) == 1

    def test_sentence_transformers_loads_it_as_it_is(
        self, folder: Path, tokenizer: Tokenizer, table: NDArray[np.float32]
    ) -> None:
        from sentence_transformers import SentenceTransformer

        model: Any = SentenceTransformer(str(folder), device="cpu")
        assert model.similarity_fn_name == "cosine"
        rows, factors = quantise(table)
        held = rows * factors[:, None]
        np.testing.assert_allclose(model[0].embedding.weight.detach().numpy(), held, rtol=1e-6)
        vectors = model.encode(TEXTS)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, Model(tokenizer, held).embed(TEXTS), atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 1, 1, 0], atol=1e-6)

    def test_index_reads_it_to_the_same_vectors(
        self, folder: Path, tokenizer: Tokenizer, table: NDArray[np.float32]
    ) -> None:
        rows, factors = quantise(table)
        embedder = StaticEmbedder(folder)
        assert embedder.name == "model-v1"
        expected = Model(tokenizer, rows * factors[:, None]).embed(TEXTS)
        np.testing.assert_allclose(embedder.embed_passages(TEXTS), expected, atol=1e-6)
        # A component of a normal table loses at most 2 % of the largest.
        np.testing.assert_allclose(embedder.embed_passages(TEXTS), Model(tokenizer, table).embed(TEXTS), atol=0.02)

    def test_folder_is_written_over(self, tokenizer: Tokenizer, table: NDArray[np.float32], tmp_path: Path) -> None:
        export(tmp_path, tokenizer, table)
        export(tmp_path, tokenizer, -table)
        np.testing.assert_array_equal(load_file(tmp_path / "model.safetensors")["embeddings"], quantise(-table)[0])


class TestCard:
    def test_card_says_what_was_made(self, folder: Path, table: NDArray[np.float32], tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "model")
        recipe = read_recipe(changes=["training.steps=12345", "training.batch=3210"])
        write_card(tmp_path / "model", recipe, table.shape, commit="abc1234", figures="| measure | {figure} |")
        card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
        for part in ("12,345", "3,210", "24 numbers", "8 subwords", "| measure | {figure} |"):
            assert part in card
        write_card(tmp_path / "model", recipe, table.shape, commit="abc1234", figures="| measure | {figure} |")
        assert (tmp_path / "model" / "README.md").read_text(encoding="utf-8") == card


class TestMake:
    """The whole recipe, on words of three invented languages that stand for the same 40 things."""

    @pytest.fixture(autouse=True)
    def _one_thread(self) -> Iterator[None]:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(before)

    @pytest.fixture
    def recipe(self) -> Recipe:
        return read_recipe(
            changes=[
                "subwords.size=400",
                "subwords.words=20_000",
                "training.dimensions=32",
                "training.steps=150",
                "training.batch=64",
                "training.checkpoint=60",
            ]
        )

    @pytest.mark.slow
    def test_recipe_makes_a_model_that_finds_translations_and_a_second_run_makes_nothing_anew(
        self, recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data, work = tmp_path / "data", tmp_path / "work"
        write_data(data)
        folder = make(recipe, data, work)
        assert folder == work / "model"
        made = contents(work)
        first = capsys.readouterr().out
        assert "step 150: loss" in first
        assert "Tatoeba, 36 languages of XTREME: " in first
        figure = float(first.split("Tatoeba, 36 languages of XTREME: ")[1].split()[0])
        assert figure > 0.8
        assert [path for path in made if path.endswith(".part")] == []
        assert {"tokenizer.json", "subwords.npz", "checkpoint.pt", "model/model.safetensors", "model/README.md"} < set(
            made
        )
        assert f"| Tatoeba, 36 languages of XTREME | {figure:.3f} |" in made["model/README.md"].decode()

        english, finnish, other = StaticEmbedder(folder).embed_passages(
            [sentence("en", [1, 2, 3]), sentence("fi", [3, 1, 2]), sentence("fi", [11, 12, 13])]
        )
        assert english @ finnish > 0.5 > english @ other

        times = {name: (work / name).stat().st_mtime_ns for name in made if not name.startswith("model/")}
        assert make(recipe, data, work) == folder
        second = capsys.readouterr().out
        assert "on from step 150" in second
        assert "loss" not in second
        assert {name: (work / name).stat().st_mtime_ns for name in times} == times
        assert contents(work) == made

        monkeypatch.setattr(sys, "argv", ["embedding", str(data), str(work), "--evaluate", str(folder)])
        main()
        measured = capsys.readouterr().out
        assert measured[measured.index("| measure | figure |") :].strip() in made["model/README.md"].decode()

    def test_line_that_the_recipe_has_not_is_explained(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["embedding", str(tmp_path), str(tmp_path), "--set", "training.stpes=3"])
        with pytest.raises(SystemExit) as caught:
            main()
        assert str(caught.value).startswith("The recipe has no 'training.stpes'.")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("folders", "options", "explained"),
        [
            ([], [], "train' is missing. DATA is the folder"),
            (["train"], [], "eval' is missing. DATA is the folder"),
            (["train", "eval"], ["--ablations"], "texts' is missing. Make the model in this WORK first"),
            (["train", "eval", "work/texts"], ["--evaluate", "/nowhere"], "'/nowhere' cannot be read"),
            (["train", "eval", "work"], ["--set", "subwords.size=9"], "were made with other settings"),
        ],
    )
    def test_folder_that_does_not_fit_is_explained(
        self, folders: list[str], options: list[str], explained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for folder in folders:
            (tmp_path / folder).mkdir(parents=True)
        if "work" in folders:
            (tmp_path / "work" / "subword-settings.json").write_text('{"size": 8}')
        monkeypatch.setattr(sys, "argv", ["embedding", str(tmp_path), str(tmp_path / "work"), *options])
        with pytest.raises(SystemExit) as caught:
            main()
        assert explained in str(caught.value)


def word(language: str, thing: int) -> str:
    """The word of an invented language for a thing: three syllables that no other thing has in this order."""
    consonants = {"en": "bdgklm", "de": "prstvf", "fi": "hjnwzx"}[language]
    vowels = {"en": "aeiou", "de": "äeiou", "fi": "yeioö"}[language]
    digits = (thing % 6, thing // 6 % 6, (thing * 5 + 1) % 6)
    return "".join(consonants[digit] + vowels[(digit + thing) % 5] for digit in digits)


def sentence(language: str, things: Sequence[int]) -> str:
    return " ".join(word(language, thing) for thing in things)


def write_data(data: Path) -> None:
    """Every file that `sources` and `report` read."""
    train = data / "train"
    (train / "qa").mkdir(parents=True)
    (train / "qa-gnome").mkdir()
    languages = ("en", "de", "fi")
    drawn = np.random.default_rng(9)

    def things(count: int = 5) -> list[int]:
        return [int(thing) for thing in drawn.choice(40, count, replace=False)]

    def said(count: int) -> list[dict[str, str]]:
        held = [things(count) for _ in range(150)]
        return [{language: sentence(language, row) for language in languages} for row in held]

    def write(name: str, lines: Sequence[str]) -> None:
        with lzma.open(train / f"{name}.xz", "wt", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)

    translated = "tico19 bible gnome-help mozilla-www-ftl python-docs udhr qald-questions wikidict-titles cldr-names "
    translated += "osm-tagging osm-id-editor wikipedia-android commons-android tldr"
    for name in translated.split():
        write(f"{name}.nway.jsonl", [json.dumps(row) for row in said(3)])
    write("ntrex.nway.jsonl", [json.dumps({"_doc": str(at // 10), **row}) for at, row in enumerate(said(6))])
    words = [{language: word(language, thing) for language in languages} for thing in range(40)]
    write("omw.nway.jsonl", [json.dumps({"_id": "x", **row, "_def": row["en"]}) for row in words * 2])
    write("panlex-bli.tsv", [f"en\tfi\t{row['en']}\t{row['fi']}" for row in words])
    write("paraphrase.tsv", [f"fi\tfi\t{row['fi']}\t{' '.join(reversed(row['fi'].split()))}" for row in said(3)])
    write("tatoeba.tsv", [f"{other}\ten\t{row[other]}\t{row['en']}" for row in said(5) * 2 for other in ("de", "fi")])
    for name, language in (("qa/toy.en", "en"), ("qa-gnome/toy.de", "de")):
        rows = [
            {
                "lang": language,
                "question": row[language],
                "answers": [],
                "title": "",
                "passage": " ".join(reversed(row[language].split())),
            }
            for row in said(6)
        ]
        write(f"{name}.jsonl", [json.dumps(row) for row in rows])

    tests = [things() for _ in range(20)]
    write_xquad(
        data / "eval" / "xquad",
        passages={language: [sentence(language, row) for row in tests] for language in languages},
        questions={
            language: [(sentence(language, row[:3]), at) for at, row in enumerate(tests)] for language in languages
        },
    )
    for code in XTREME.split():
        translations = [(sentence("fi", row), sentence("en", row)) for row in tests]
        write_tatoeba(data / "eval" / "laser-tatoeba", code, translations)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
