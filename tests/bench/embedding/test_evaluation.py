import gzip
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.embedding.evaluation import (
    XTREME,
    Model,
    Xquad,
    load_xquad,
    lookup_accuracy,
    report,
    tatoeba_accuracy,
    unit,
    word_pairs,
    xquad_ndcg,
)
from bench.embedding.tokenizer import build_tokenizer


def model(words: Mapping[str, Sequence[float]]) -> Model:
    """A model of whole words and their vectors; all other words are the unknown, a vector of zeros."""
    vocabulary = [("<unk>", 0.0), ("▁", -9.0), *((f"▁{word}", -1.0) for word in words)]
    dimensions = len(next(iter(words.values())))
    table = np.array([[0.0] * dimensions, [0.0] * dimensions, *words.values()], np.float32)
    return Model(build_tokenizer(vocabulary), table)


class TestModel:
    def test_text_is_the_sum_of_its_subwords_at_length_one(self) -> None:
        vectors: Any = model({"red": [3, 0], "house": [0, 4]}).embed(
            ["Red house!", "red", "house house red", "", "xyz"]
        )
        assert vectors.dtype == np.float32
        expected = np.array([[0.6, 0.8], [1, 0], [3 / 73**0.5, 8 / 73**0.5], [0, 0], [0, 0]])
        np.testing.assert_allclose(vectors, expected, atol=1e-6)

    def test_unit_leaves_zeros(self) -> None:
        assert unit(np.array([[0, 2], [0, 0]], np.float32)).tolist() == [[0, 1], [0, 0]]


class TestXquad:
    def test_question_is_ranked_by_the_passages_of_each_language(self) -> None:
        held = model(
            {
                "red": [1, 0, 0], "house": [0, 1, 0], "sea": [0, 0, 1],
                "rot": [1, 0, 0], "haus": [0, 1, 0], "meer": [1, 0, 1],
            }
        )  # fmt: skip
        data = Xquad(
            {"en": ["red", "house", "sea"], "de": ["rot", "haus", "meer"]},
            {"en": ["red", "sea"], "de": ["meer"]},
            {"en": np.array([0, 2]), "de": np.array([2])},
        )
        languages, table = xquad_ndcg(held, data)
        assert languages == ["de", "en"]
        # "meer" is as near to "red" as to "sea", and what scores the same goes first.
        np.testing.assert_allclose(table, [[1.0, 1 / math.log2(3)], [1.0, 1.0]])

    def test_rank_counts_by_its_logarithm(self) -> None:
        # Passage n lies n degrees away from the question, the right one is number 0, 1, 2, 9 or 10.
        words = {f"p{n}": [math.cos(n / 57), math.sin(n / 57)] for n in range(12)} | {"q": [1.0, 0.0]}
        for right, expected in ((0, 1), (1, 1 / math.log2(3)), (2, 0.5), (9, 1 / math.log2(11)), (10, 0), (11, 0)):
            data = Xquad({"en": [f"p{n}" for n in range(12)]}, {"en": ["q"]}, {"en": np.array([right])})
            _, table = xquad_ndcg(model(words), data)
            np.testing.assert_allclose(table, [[expected]])

    def test_best_window_and_the_whole_passage_add_up(self) -> None:
        held = model({"a": [1, 0], "b": [0, 1], "m": [0.6, 0.8]})
        data = Xquad({"en": ["a a b b b b", "m m m m"]}, {"en": ["a"]}, {"en": np.array([0])})
        # Passage 0: its best window is 1, all of it 2 / sqrt(20) = 0.447; passage 1: 0.6 and 0.6.
        for window, whole, expected in (
            (2, 0.0, 1.0),
            (2, 0.5, 1.0),
            (2, 4.0, 1 / math.log2(3)),
            (6, 0.0, 1 / math.log2(3)),
        ):
            _, table = xquad_ndcg(held, data, window=window, whole=whole)
            np.testing.assert_allclose(table, [[expected]])

    def test_windows_overlap_by_half_and_reach_the_end(self) -> None:
        held = model({"a": [1, 0], "b": [0, 1], "m": [0.8, 0.6]})
        # Of window 4 begins one every 2: the "a a a a" is met whole only if windows begin at 2, or at the end.
        for passage in ("b b a a a a b b", "b b b b a a a a", "b b b b b a a a"):
            data = Xquad({"en": [passage, "m m m m m m m m"]}, {"en": ["a"]}, {"en": np.array([0])})
            _, table = xquad_ndcg(held, data, window=4, whole=0.0)
            np.testing.assert_allclose(table, [[1.0]])

    def test_files_are_read_with_the_place_of_each_answer(self, tmp_path: Path) -> None:
        write_xquad(
            tmp_path,
            passages={"en": ["red", "house"], "de": ["rot", "haus"]},
            questions={"en": [("q one", 1), ("q two", 0), ("q three", 1)], "de": [("f eins", 1), ("f zwei", 0)]},
        )
        data = load_xquad(tmp_path)
        assert data.passages == {"en": ["red", "house"], "de": ["rot", "haus"]}
        assert data.questions == {"en": ["q one", "q two", "q three"], "de": ["f eins", "f zwei"]}
        assert {language: list(held) for language, held in data.answers.items()} == {"en": [1, 0, 1], "de": [1, 0]}
        few = load_xquad(tmp_path, every=2)
        assert few.passages == data.passages
        assert few.questions == {"en": ["q one", "q three"], "de": ["f eins"]}
        assert {language: list(held) for language, held in few.answers.items()} == {"en": [1, 1], "de": [1]}


class TestTatoeba:
    def test_accuracy_is_the_mean_of_both_ways(self, tmp_path: Path) -> None:
        held = model(
            {
                "yksi": [1, 0, 0], "kaksi": [0, 1, 0], "kolme": [1, 1, 0.1], "neljä": [0, 0, 1],
                "one": [1, 0, 0], "two": [0, 1, 0], "three": [1, 0.9, 0], "four": [0, 1, 1.1],
            }
        )  # fmt: skip
        write_tatoeba(tmp_path, "fin", [("yksi", "one"), ("kaksi", "two"), ("kolme", "three"), ("neljä", "four")])
        write_tatoeba(tmp_path, "swe", [("yksi", "two"), ("kaksi", "one")])
        # Each row finds its own, both ways; where "one" and "two" are exchanged, none does.
        assert tatoeba_accuracy(held, tmp_path) == {"fin": 1.0, "swe": 0.0}

    def test_ways_differ(self, tmp_path: Path) -> None:
        held = model({"a": [1.0, 0.0], "b": [0.9, 0.2], "x": [1.0, 0.0], "y": [0.0, 1.0]})
        write_tatoeba(tmp_path, "deu", [("a", "x"), ("b", "y")])
        # "a" finds "x", "b" finds "x"; "x" finds "a", "y" finds "b".
        assert tatoeba_accuracy(held, tmp_path) == {"deu": 0.75}


class TestLookup:
    def test_pairs_are_the_frequent_words_that_are_translated(self, tmp_path: Path) -> None:
        write_tsv(
            tmp_path / "omw.tsv",
            "0 de hund; 0 en dog; 0 en hound; 1 de katze; 1 en cat; 2 de hund; 2 en scoundrel; 3 de allein; 4 de nie; "
            "4 en never; 4 fi ei koskaan",
        )
        write_tsv(
            tmp_path / "tatoeba.tsv",
            "0 de der hund; 0 en cat cat cat; 1 de hund und katze; 2 de allein allein allein; 3 de hund; 4 fi nie nie",
        )
        assert word_pairs(tmp_path, "de") == {"hund": {"dog", "hound", "scoundrel"}, "katze": {"cat"}}
        assert word_pairs(tmp_path, "de", most=1) == {"hund": {"dog", "hound", "scoundrel"}}
        assert word_pairs(tmp_path, "fi") == {}

    def test_words_are_found_inside_text_without_spaces(self, tmp_path: Path) -> None:
        write_tsv(tmp_path / "omw.tsv", "0 ja 山; 0 en mountain; 1 ja 山川; 1 en landscape; 2 ja 海; 2 en sea")
        write_tsv(tmp_path / "tatoeba.tsv", "0 ja 山川の山; 1 ja 山だ")
        assert word_pairs(tmp_path, "ja") == {"山": {"mountain"}, "山川": {"landscape"}}

    def test_accuracy_by_hand(self) -> None:
        held = model(
            {
                "hund": [1, 0, 0], "katze": [0, 1, 0], "maus": [0.8, 0, 0.6],
                "dog": [1, 0, 0], "hound": [0.9, 0.2, 0], "cat": [0, 1, 0], "mouse": [0, 0.7, 0.3],
            }
        )  # fmt: skip
        pairs = {"hund": {"dog", "hound"}, "katze": {"cat"}, "maus": {"mouse"}}
        there, back = lookup_accuracy(held, pairs)
        assert there == pytest.approx(2 / 3)  # "maus" finds "dog"
        assert back == pytest.approx(3 / 4)  # "mouse" finds "katze"

    def test_nothing_to_look_up_is_no_figure(self) -> None:
        assert all(map(math.isnan, lookup_accuracy(model({"a": [1.0]}), {})))


class TestReport:
    def test_figures_sum_up_the_tables(self, tmp_path: Path) -> None:
        held = model({"red": [1, 0, 0], "house": [0, 1, 0], "rot": [1, 0, 0], "haus": [0, 1, 0], "meer": [0, 0, 1]})
        write_xquad(
            tmp_path / "eval" / "xquad",
            passages={"en": ["red", "house"], "de": ["rot", "haus"]},
            questions={"en": [("red", 0), ("house", 1)], "de": [("rot", 0), ("rot", 1)]},
        )
        tatoeba = tmp_path / "eval" / "laser-tatoeba"
        codes = XTREME.split()
        assert len(codes) == 36
        for code in codes:
            write_tatoeba(tatoeba, code, [("rot", "red"), ("haus", "house")])
        write_tatoeba(tatoeba, "xyz", [("haus", "red"), ("rot", "house")])
        write_tsv(tmp_path / "texts" / "omw.tsv", "0 de haus; 0 en house; 1 de rot; 1 en red")
        write_tsv(tmp_path / "texts" / "tatoeba.tsv", "0 de rot haus")
        figures, tables = report(held, tmp_path, tmp_path / "texts")
        half = (1 + 1 / math.log2(3)) / 2  # German: one of two questions finds its passage second
        assert figures == pytest.approx(
            {
                "XQuAD, in one language": (1 + half) / 2,
                "XQuAD, across languages": (1 + half) / 2,
                "XQuAD, across languages, worst language of questions": half,
                "Tatoeba, 36 languages of XTREME": 1,
                "Tatoeba, 112 languages": 36 / 37,
            }
        )
        lines = tables.splitlines()
        assert f"| XQuAD, across languages | {(1 + half) / 2:.3f} |" in lines
        assert f"| de | {half:.2f} | {half:.2f} | {half:.3f} |" in lines
        assert "| en | 1.00 | 1.00 | 1.000 |" in lines
        assert "| de | 1.000 | 1.000 |" in lines
        assert "| fi | nan | nan |" in lines
        assert lines[-1] == "| xyz | 0.000 |"


def write_xquad(
    folder: Path, *, passages: Mapping[str, Sequence[str]], questions: Mapping[str, Sequence[tuple[str, int]]]
) -> None:
    """Passages, and questions with the number of the passage that answers them, in BEIR layout."""
    (folder / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": f"{language}:{number}", "title": "", "text": text, "language": language}
        for language, texts in passages.items()
        for number, text in enumerate(texts)
    ]
    queries = [
        {"_id": f"{language}:q{number}", "text": text, "language": language, "answers": []}
        for language, texts in questions.items()
        for number, (text, _) in enumerate(texts)
    ]
    relevant = [
        f"{language}:q{number}\t{language}:{passage}\t1"
        for language, texts in questions.items()
        for number, (_, passage) in enumerate(texts)
    ]
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *relevant]), encoding="utf-8")


def write_tatoeba(folder: Path, code: str, rows: Sequence[tuple[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{code}-eng.jsonl.gz", "wt", encoding="utf-8") as lines:
        for number, (text, english) in enumerate(rows):
            lines.write(json.dumps({"id": number, "src": text, "eng": english}) + "\n")


def write_tsv(path: Path, rows: str) -> None:
    """Lines as `write_texts` writes them, from "row language text; …"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row.split(" ", 2)) + "\n" for row in rows.split("; ")), encoding="utf-8")
