from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from bench.embedding.corpus import Texts
from bench.embedding.mixture import FEWEST_ROWS, LONGEST_IDS, Batch, Mixture, Side

# A text's first id is 1000 times its language plus its row.
LANGUAGES = {"de": 1, "en": 2, "fi": 3, "ask:en": 4, "gloss": 5}
VOCABULARY = 10_000
EVEN = {"other": 1.0}


def texts(rows: Sequence[tuple[int, list[int]]]) -> Texts:
    """Texts from their rows and ids."""
    starts = np.cumsum([0, *(len(ids) for _, ids in rows)]).astype(np.int64)
    ids = np.array([token for _, ids in rows for token in ids], np.int32)
    return Texts(ids, starts, np.array([row for row, _ in rows], np.int32))


def language(code: str, rows: Sequence[int]) -> Texts:
    """A text of one to three ids for each row; a row listed twice has two texts, told apart by their second id."""
    seen: Counter[int] = Counter()
    held = []
    for row in rows:
        seen[row] += 1
        held.append((row, [1000 * LANGUAGES[code] + row, *[9000 + seen[row]] * (1 + row % 2)]))
    return texts(held)


def mixture(
    encoded: Mapping[str, Mapping[str, Texts]],
    *,
    sources: Mapping[str, float] | None = None,
    languages: Mapping[str, float] = EVEN,
) -> Mixture:
    return Mixture(encoded, sources=sources or dict.fromkeys(encoded, 1.0), languages=languages, vocabulary=VOCABULARY)


def split(side: Side) -> list[list[int]]:
    return [part.tolist() for part in np.split(side.ids, side.starts[1:])]


def drawn(held: Mixture, *, steps: int = 100, size: int = 16, seed: int = 1) -> list[Batch]:
    return [held.draw(size=size, seed=seed, step=step) for step in range(steps)]


@pytest.fixture(scope="module")
def translations() -> dict[str, dict[str, Texts]]:
    """Rows 0 to 199: German has the even ones, English all of them and those twice, Finnish the last hundred."""
    english = sorted([*range(200), *range(0, 200, 2)])
    return {
        "x": {
            "fi": language("fi", range(100, 200)),
            "en": language("en", english),
            "de": language("de", range(0, 200, 2)),
        }
    }


class TestDraw:
    def test_same_seed_and_step_give_the_same_batch(self, translations: dict[str, dict[str, Texts]]) -> None:
        first, second = mixture(translations), mixture(translations)
        for step in (3, 0, 7, 3):
            one, other = (held.draw(size=32, seed=1, step=step) for held in (first, second))
            assert one.languages == other.languages
            for side, same in ((one.left, other.left), (one.right, other.right)):
                assert np.array_equal(side.ids, same.ids)
                assert np.array_equal(side.starts, same.starts)
                assert np.array_equal(side.same, same.same)

    @pytest.mark.parametrize(("seed", "step"), [(1, 1), (2, 0)], ids=["step", "seed"])
    def test_other_seed_or_step_gives_another_batch(
        self, seed: int, step: int, translations: dict[str, dict[str, Texts]]
    ) -> None:
        held = mixture(translations)
        assert not np.array_equal(
            held.draw(size=32, seed=1, step=0).left.ids, held.draw(size=32, seed=seed, step=step).left.ids
        )

    def test_texts_of_both_sides_belong_to_the_same_rows(self, translations: dict[str, dict[str, Texts]]) -> None:
        met = set()
        for batch in drawn(mixture(translations)):
            left, right = split(batch.left), split(batch.right)
            assert len(left) == len(right) == 16
            assert [ids[0] % 1000 for ids in left] == [ids[0] % 1000 for ids in right]
            assert {LANGUAGES[batch.languages[0]]} == {ids[0] // 1000 for ids in left}
            assert {LANGUAGES[batch.languages[1]]} == {ids[0] // 1000 for ids in right}
            assert len({ids[0] for ids in left}) == 16  # no row twice
            met.add(batch.languages)
        # German and Finnish share 50 rows, which is not enough.
        assert met == {("de", "en"), ("en", "en"), ("en", "fi")}

    def test_same_language_never_pairs_a_text_with_itself(self) -> None:
        rows = sorted([*range(100), *range(100), *range(0, 100, 3)])
        paired = set()
        for batch in drawn(mixture({"x": {"en": language("en", rows)}}), steps=200):
            assert batch.languages == ("en", "en")
            for left, right in zip(split(batch.left), split(batch.right), strict=True):
                assert left[0] == right[0]
                assert left[1] != right[1]
                paired.add((left[1] - 9000, right[1] - 9000))
        assert paired == {(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2)}

    def test_every_text_of_a_row_is_drawn(self, translations: dict[str, dict[str, Texts]]) -> None:
        met = {
            tuple(ids)
            for batch in drawn(mixture(translations), steps=400, size=64)
            for code, side in zip(batch.languages, (batch.left, batch.right), strict=True)
            if code == "en"
            for ids in split(side)
        }
        # Both texts of the even rows; the odd rows are in Finnish too from 101 on, and below in English alone.
        expected = {(2000 + row, 9000 + text) for row in range(0, 200, 2) for text in (1, 2)}
        assert met == expected | {(2000 + row, 9001, 9001) for row in range(101, 200, 2)}

    def test_fewer_rows_than_asked_for_are_all_drawn(self, translations: dict[str, dict[str, Texts]]) -> None:
        for batch in drawn(mixture(translations), size=5000, steps=20):
            assert sorted(ids[0] % 1000 for ids in split(batch.left)) == (
                list(range(100, 200)) if "fi" in batch.languages else list(range(0, 200, 2))
            )

    def test_long_text_is_cut(self) -> None:
        long = texts([(row, [row] * 200) for row in range(80)])
        short = texts([(row, [row]) for row in range(80)])
        batch = mixture({"x": {"de": long, "en": short}}).draw(size=8, seed=1, step=0)
        assert [len(ids) for ids in split(batch.left)] == [LONGEST_IDS] * 8
        assert [len(ids) for ids in split(batch.right)] == [1] * 8
        assert [ids[0] for ids in split(batch.left)] == [ids[0] for ids in split(batch.right)]


class TestSame:
    def test_equal_texts_share_a_number_and_others_do_not(self) -> None:
        # Rows 0, 10, 20 … say the same in German; English tells all of them apart.
        german = texts([(row, [7, 8] if row % 10 == 0 else [100 + row, 8]) for row in range(100)])
        english = texts([(row, [300 + row]) for row in range(100)])
        for batch in drawn(mixture({"x": {"de": german, "en": english}}), size=100, steps=3):
            for side in (batch.left, batch.right):
                ids = split(side)
                equal = np.array([[one == other for one in ids] for other in ids])
                assert np.array_equal(side.same[:, None] == side.same, equal)
            assert len(set(batch.left.same.tolist())) == 91
            assert len(set(batch.right.same.tolist())) == 100

    def test_equal_texts_of_two_languages_share_a_number(self) -> None:
        german = texts([(row, [row, 500]) for row in range(80)])
        batch = mixture({"x": {"de": german, "en": german}}).draw(size=40, seed=1, step=0)
        assert np.array_equal(batch.left.same, batch.right.same)


class TestChances:
    def test_source_is_drawn_as_often_as_the_recipe_says(self) -> None:
        held = mixture(
            {
                "often": {"de": language("de", range(100)), "en": language("en", range(100))},
                "never": {"fi": language("fi", range(100)), "en": language("en", range(100))},
                "unnamed": {"gloss": language("gloss", range(100)), "en": language("en", range(100))},
                "rarely": {"ask:en": language("ask:en", range(100)), "en": language("en", range(100))},
            },
            sources={"often": 3.0, "never": 0, "rarely": 1.0, "absent": 5.0},
        )
        met = Counter(batch.languages for batch in drawn(held, steps=1000, size=2))
        assert set(met) == {("de", "en"), ("ask:en", "en")}
        assert 700 < met["de", "en"] < 800

    def test_pair_is_drawn_by_its_weights_times_the_root_of_its_rows(self) -> None:
        encoded = {
            "x": {
                "de": language("de", range(100)),
                "en": language("en", range(500)),
                "fi": language("fi", range(100, 500)),
            }
        }
        held = mixture(encoded, languages={"other": 1.0, "de": 3.0, "en": 0.5})
        met = Counter(batch.languages for batch in drawn(held, steps=1000, size=2))
        assert set(met) == {("de", "en"), ("en", "fi")}  # 3 * 10 to 1 * 20
        assert 550 < met["de", "en"] < 650

    def test_language_without_weight_is_not_drawn(self, translations: dict[str, dict[str, Texts]]) -> None:
        held = mixture(translations, languages={"other": 1.0, "de": 0})
        assert {batch.languages for batch in drawn(held)} == {("en", "en"), ("en", "fi")}

    def test_language_with_few_rows_is_not_drawn(self) -> None:
        few = FEWEST_ROWS - 1
        encoded = {
            "x": {
                "de": language("de", sorted([*range(few), *range(few)])),
                "en": language("en", range(200)),
                "fi": language("fi", range(FEWEST_ROWS)),
            }
        }
        assert {batch.languages for batch in drawn(mixture(encoded))} == {("en", "fi")}

    def test_source_without_pairs_is_passed_over(self) -> None:
        encoded = {
            "empty": {},
            "alone": {"de": language("de", range(100))},
            "x": {"en": language("en", range(100)), "fi": language("fi", range(100))},
        }
        assert {batch.languages for batch in drawn(mixture(encoded), steps=30)} == {("en", "fi")}

    def test_questions_go_with_passages_only(self) -> None:
        encoded = {
            "x": {
                "ask:en": language("ask:en", range(100)),
                "gloss": language("gloss", range(100)),
                "en": language("en", sorted([*range(100), *range(100)])),
                "fi": language("fi", range(100)),
            }
        }
        assert {batch.languages for batch in drawn(mixture(encoded), steps=200)} == {
            ("ask:en", "en"),
            ("ask:en", "fi"),
            ("gloss", "en"),
            ("gloss", "fi"),
        }

    def test_questions_and_glosses_weigh_like_their_language(self) -> None:
        rows = range(100)
        encoded = {"x": {code: language(code, rows) for code in ("ask:en", "gloss", "de")}}
        encoded["x"]["ask:fi"] = language("fi", rows)
        held = mixture(encoded, languages={"other": 1.0, "en": 0})
        assert {batch.languages for batch in drawn(held)} == {("ask:fi", "de")}
