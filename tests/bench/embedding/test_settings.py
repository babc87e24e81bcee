from pathlib import Path

import pytest

from bench.embedding.settings import RECIPE, read_recipe

OWN = """
seed = 3
[subwords]
size = 100
words = 1000
flattening = 0.5
balance = 0.5
[training]
dimensions = 8
steps = 10
batch = 4
learning_rate = 0.1
scale = 20.0
forgetting = 0.999
ngrams = false
frequency = 0
checkpoint = 5
[languages]
other = 0.5
en = 4.0
de = 1.0
[language_groups]
"2.0" = "fi ja"
"1.5" = \"\"\"de
sv\"\"\"
[sources]
tatoeba = 2.0
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


class TestReadRecipe:
    def test_bundled_recipe_makes_the_bundled_shape(self) -> None:
        recipe = read_recipe()
        assert recipe.subwords.size == 150_000
        assert recipe.training.dimensions == 192
        assert recipe.languages["other"] > 0
        assert min(recipe.sources.values()) > 0

    def test_every_line_is_read(self, own: Path) -> None:
        recipe = read_recipe(own)
        assert recipe.seed == 3
        assert (recipe.subwords.size, recipe.subwords.words) == (100, 1000)
        assert (recipe.subwords.flattening, recipe.subwords.balance) == (0.5, 0.5)
        training = recipe.training
        assert (training.dimensions, training.steps, training.batch, training.checkpoint) == (8, 10, 4, 5)
        assert (training.learning_rate, training.scale, training.forgetting) == (0.1, 20.0, 0.999)
        assert (training.ngrams, training.frequency) == (False, 0)
        assert recipe.sources == {"tatoeba": 2.0}

    def test_group_gives_its_weight_to_each_of_its_languages(self, own: Path) -> None:
        assert read_recipe(own).languages == {"other": 0.5, "en": 4.0, "fi": 2.0, "ja": 2.0, "de": 1.5, "sv": 1.5}

    def test_changes_apply(self, own: Path) -> None:
        changes = [
            "training.steps=7",
            "training.learning_rate=1e-3",
            "training.ngrams=true",
            "languages.en=0.25",
            "sources.tatoeba=0",
            "language_groups.2.0='sv'",
        ]
        recipe = read_recipe(own, changes=changes)
        assert (recipe.training.steps, recipe.training.learning_rate, recipe.training.ngrams) == (7, 1e-3, True)
        assert recipe.languages["en"] == 0.25
        assert recipe.sources == {"tatoeba": 0}
        assert "fi" not in recipe.languages

    def test_later_change_wins(self, own: Path) -> None:
        assert read_recipe(own, changes=["training.steps=7", "training.steps=8"]).training.steps == 8

    @pytest.mark.parametrize(
        "change", ["training.stpes=7", "trainings.steps=7", "training=7", "steps=7", "languages.sv=3.0", "=7", ""]
    )
    def test_unknown_name_is_refused(self, change: str) -> None:
        with pytest.raises(ValueError, match="The recipe has no '") as caught:
            read_recipe(changes=[change])
        name = change.partition("=")[0]
        assert str(caught.value) == (
            f"The recipe has no '{name}'. Its lines are in recipe.toml, as in: --set training.steps=4000"
        )

    @pytest.mark.parametrize("change", ["training.steps", "training.steps=", "training.steps=many"])
    def test_value_that_is_no_toml_is_refused(self, change: str, own: Path) -> None:
        with pytest.raises(ValueError, match="Invalid value"):
            read_recipe(own, changes=[change])

    @pytest.mark.parametrize(
        ("line", "other"),
        [("balance = 0.5", ""), ("balance = 0.5", "balance = 0.5\nbalances = 1"), ("scale = 20.0", "scales = 20.0")],
        ids=["missing", "extra", "misspelt"],
    )
    def test_missing_and_extra_lines_are_refused(self, line: str, other: str, own: Path) -> None:
        own.write_text(OWN.replace(line, other), encoding="utf-8")
        with pytest.raises(ValueError, match="exactly these lines in one section: ") as caught:
            read_recipe(own)
        assert line.split(maxsplit=1)[0] in str(caught.value)

    def test_recipe_lies_beside_the_code(self) -> None:
        assert RECIPE.is_file()
