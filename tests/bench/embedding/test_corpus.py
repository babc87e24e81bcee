from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from bench.embedding.corpus import (
    LONGEST_TEXT,
    Texts,
    count_subwords,
    count_words,
    encode_texts,
    load_encoded,
    save_encoded,
    write_texts,
)
from bench.embedding.sources import Row, Source
from bench.embedding.tokenizer import build_tokenizer

PIECES = ["<unk>", "▁", "▁red", "▁house", "▁punainen", "▁talo", "s", "a"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer([(piece, -float(at)) for at, piece in enumerate(PIECES)])


def read(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def breaking_off() -> Iterator[Row]:
    yield {"en": ("red",), "fi": ("punainen",)}
    raise OSError("The disk is full.")


class TestWriteTexts:
    def test_line_holds_row_language_and_normalised_text(self, tmp_path: Path) -> None:
        rows: list[Row] = [
            {"en": ("Red, HOUSE!",), "pt": ("autocarro", "ônibus")},
            {"ask:fi": ("Mikä\ttalo?",), "fi": ("Talo\n1",), "ar": ("الكِتاب",)},
        ]
        write_texts([Source("x", rows)], tmp_path / "new" / "folder")
        assert read(tmp_path / "new" / "folder" / "x.tsv") == [
            ["0", "en", "red house"],
            ["0", "pt", "autocarro"],
            ["0", "pt", "ônibus"],
            ["1", "ask:fi", "mikä talo"],
            ["1", "fi", "talo 1"],
            ["1", "ar", "كتاب"],
        ]

    def test_text_without_letters_is_left_out_and_its_row_keeps_its_number(self, tmp_path: Path) -> None:
        write_texts([Source("x", [{"en": ("!",), "fi": ("?",)}, {"en": ("red", "…"), "fi": ("talo",)}])], tmp_path)
        assert read(tmp_path / "x.tsv") == [["1", "en", "red"], ["1", "fi", "talo"]]

    def test_long_text_is_cut(self, tmp_path: Path) -> None:
        write_texts([Source("x", [{"en": ("ab " * 1000,), "ja": ("山" * 1000,)}])], tmp_path)
        english, japanese = (text for _, _, text in read(tmp_path / "x.tsv"))
        assert len(english) in (LONGEST_TEXT - 1, LONGEST_TEXT)
        assert japanese == "山" * LONGEST_TEXT

    def test_what_is_there_stays_and_is_not_read_again(self, tmp_path: Path) -> None:
        (tmp_path / "x.tsv").write_text("0\ten\tkept\n", encoding="utf-8")
        write_texts([Source("x", breaking_off()), Source("y", [{"en": ("new",)}])], tmp_path)
        assert read(tmp_path / "x.tsv") == [["0", "en", "kept"]]
        assert read(tmp_path / "y.tsv") == [["0", "en", "new"]]

    def test_source_that_breaks_off_is_not_taken_for_whole(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="disk is full"):
            write_texts([Source("x", breaking_off())], tmp_path)
        assert list(tmp_path.glob("*.tsv")) == []
        write_texts([Source("x", [{"en": ("blue",)}])], tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["x.tsv"]
        assert read(tmp_path / "x.tsv") == [["0", "en", "blue"]]


class TestCountWords:
    def test_words_are_counted_by_language_with_questions_among_them(self, tmp_path: Path) -> None:
        write_texts([Source("x", [{"en": ("red house",), "ask:en": ("house who",), "fi": ("talo",)}])], tmp_path)
        write_texts([Source("y", [{"en": ("blue house",)}])], tmp_path)
        assert count_words(tmp_path) == {"en": Counter(house=3, red=1, blue=1, who=1), "fi": Counter(talo=1)}

    def test_text_is_counted_once_in_a_source(self, tmp_path: Path) -> None:
        write_texts([Source("x", [{"en": ("red",)}, {"en": ("Red!", "red house")}])], tmp_path)
        assert count_words(tmp_path) == {"en": Counter(red=2, house=1)}

    def test_sentences_seen_before_and_glosses_are_not_counted(self, tmp_path: Path) -> None:
        write_texts([Source("documents", [{"en": ("red",)}]), Source("glosses", [{"gloss": ("a", "b")}])], tmp_path)
        assert count_words(tmp_path) == {}

    @pytest.mark.parametrize(("language", "text"), [("ja", "山の家"), ("vi", "phần lan"), ("ask:th", "เมืองนี้")])
    def test_languages_without_spaces_between_words_are_counted_in_phrases(
        self, language: str, text: str, tmp_path: Path
    ) -> None:
        write_texts([Source("x", [{language: (text,)}])], tmp_path)
        assert count_words(tmp_path) == {language.removeprefix("ask:"): Counter({text: 1})}

    def test_long_phrase_is_cut(self, tmp_path: Path) -> None:
        write_texts([Source("x", [{"zh": ("山" * 130,)}])], tmp_path)
        assert count_words(tmp_path) == {"zh": Counter({"山" * 60: 2, "山" * 10: 1})}


class TestEncoding:
    @pytest.fixture
    def encoded(self, tmp_path: Path, tokenizer: Tokenizer) -> dict[str, dict[str, Texts]]:
        rows: list[Row] = [
            {"en": ("Red house", "houses"), "fi": ("Punainen talo",)},
            {"fi": ("talo",)},
            {"en": ("xyz",), "fi": ("talo a",)},
        ]
        write_texts([Source("x", rows), Source("y", [{"ask:en": ("house?",), "en": ("red",)}])], tmp_path / "texts")
        return encode_texts(tmp_path / "texts", tokenizer)

    def test_texts_lie_end_to_end_with_their_rows(self, encoded: dict[str, dict[str, Texts]]) -> None:
        assert {source: list(languages) for source, languages in encoded.items()} == {
            "x": ["en", "fi"],
            "y": ["ask:en", "en"],
        }
        english = encoded["x"]["en"]
        assert english.ids.tolist() == [2, 3, 3, 6, 1, 0]
        assert english.starts.tolist() == [0, 2, 4, 6]
        assert english.rows.tolist() == [0, 0, 2]
        finnish = encoded["x"]["fi"]
        assert finnish.ids.tolist() == [4, 5, 5, 5, 1, 7]
        assert finnish.starts.tolist() == [0, 2, 3, 6]
        assert finnish.rows.tolist() == [0, 1, 2]

    def test_arrays_have_the_types_that_are_promised(self, encoded: dict[str, dict[str, Texts]]) -> None:
        for languages in encoded.values():
            for texts in languages.values():
                assert [str(part.dtype) for part in (texts.ids, texts.starts, texts.rows)] == [
                    "int32",
                    "int64",
                    "int32",
                ]

    def test_tokenizer_gives_the_same_for_the_text_as_it_was(
        self, encoded: dict[str, dict[str, Texts]], tokenizer: Tokenizer
    ) -> None:
        assert tokenizer.encode("RED houses!").ids == [2, 3, 6]  # its normaliser was not taken from it
        assert tokenizer.encode("Punainen, talo").ids == encoded["x"]["fi"].ids[:2].tolist()

    def test_saved_texts_come_back(self, encoded: dict[str, dict[str, Texts]], tmp_path: Path) -> None:
        save_encoded(encoded, tmp_path / "subwords.npz")
        loaded = load_encoded(tmp_path / "subwords.npz")
        assert {source: sorted(languages) for source, languages in loaded.items()} == {
            source: sorted(languages) for source, languages in encoded.items()
        }
        for source, languages in encoded.items():
            for language, texts in languages.items():
                for part in ("ids", "starts", "rows"):
                    before, after = getattr(texts, part), getattr(loaded[source][language], part)
                    assert before.dtype == after.dtype
                    assert np.array_equal(before, after)
        assert [path.name for path in tmp_path.glob("*.npz")] == ["subwords.npz"]

    def test_loaded_texts_are_in_a_fixed_order(self, encoded: dict[str, dict[str, Texts]], tmp_path: Path) -> None:
        turned = {source: dict(reversed(list(encoded[source].items()))) for source in reversed(list(encoded))}
        save_encoded(encoded, tmp_path / "one.npz")
        save_encoded(turned, tmp_path / "other.npz")
        orders = [
            [(source, list(languages)) for source, languages in load_encoded(tmp_path / name).items()]
            for name in ("one.npz", "other.npz")
        ]
        assert orders[0] == orders[1]

    def test_subwords_are_counted_over_all_texts(self, encoded: dict[str, dict[str, Texts]]) -> None:
        assert count_subwords(encoded, 9).tolist() == [1, 2, 2, 3, 1, 3, 1, 1, 0]

    def test_source_without_texts_is_empty(self, tmp_path: Path, tokenizer: Tokenizer) -> None:
        (tmp_path / "x.tsv").touch()
        encoded = encode_texts(tmp_path, tokenizer)
        assert encoded == {"x": {}}
        assert count_words(tmp_path) == {}
