import json
import lzma
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.embedding.settings import read_recipe
from bench.embedding.sources import (
    glosses,
    n_way,
    neighbours,
    pairs,
    questions,
    sources,
    tatoeba,
    windows,
    without_brackets,
    without_placeholders,
    wordnet,
)


def write_rows(path: Path, rows: Sequence[object]) -> Path:
    with lzma.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def write_lines(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with lzma.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines("\t".join(row) + "\n" for row in rows)
    return path


class TestNWay:
    def test_row_has_each_language_with_its_texts(self, tmp_path: Path) -> None:
        path = write_rows(tmp_path / "x", [{"en": "dog", "fi": "koira"}, {"de": "Katze", "ja": "猫"}])
        assert list(n_way(path)) == [{"en": ("dog",), "fi": ("koira",)}, {"de": ("Katze",), "ja": ("猫",)}]

    def test_regional_variants_and_notes_are_left_out(self, tmp_path: Path) -> None:
        left_out = ["en-GB", "es-MX", "fr-CA", "zh-Hant-HK", "zh-Hant-TW", "yue-Hans", "_ref", "_doc"]
        path = write_rows(tmp_path / "x", [{"en": "dog", "zh-Hant": "狗", **dict.fromkeys(left_out, "x")}])
        assert list(n_way(path)) == [{"en": ("dog",), "zh-Hant": ("狗",)}]

    def test_codes_of_one_language_are_joined(self, tmp_path: Path) -> None:
        path = write_rows(
            tmp_path / "x",
            [
                {
                    "pt-BR": "ônibus",
                    "pt": "autocarro",
                    "no": "buss",
                    "sr-Cyrl": "аутобус",
                    "hbs": "autobus",
                    "glv": "barroose",
                }
            ],
        )
        (row,) = n_way(path)
        assert row == {
            "pt": ("ônibus", "autocarro"),
            "nb": ("buss",),
            "sr": ("аутобус",),
            "sh": ("autobus",),
            "gv": ("barroose",),
        }

    def test_same_text_is_held_once(self, tmp_path: Path) -> None:
        path = write_rows(tmp_path / "x", [{"pt": "gato", "pt-BR": "gato", "es": "gato"}])
        assert list(n_way(path)) == [{"pt": ("gato",), "es": ("gato",)}]

    @pytest.mark.parametrize(
        "row",
        [{"en": "dog"}, {"en": "dog", "fi": " "}, {"en": "dog", "en-GB": "hound"}, {"no": "hund", "nb": "hund"}, {}],
    )
    def test_row_with_one_text_is_dropped(self, row: dict[str, str], tmp_path: Path) -> None:
        assert list(n_way(write_rows(tmp_path / "x", [row]))) == []

    def test_two_texts_of_one_language_are_a_row(self, tmp_path: Path) -> None:
        assert list(n_way(write_rows(tmp_path / "x", [{"no": "hund", "nb": "bikkje"}]))) == [{"nb": ("hund", "bikkje")}]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Delete {count} files", ["Delete", "files"]),
            ("%1$s sent %d letters to %s", ["sent", "letters", "to"]),
            ("press <key>Ctrl</key> now", ["press", "Ctrl", "now"]),
            ("run `ls -l` here", ["run", "here"]),
            ("2 < 3 and 5 > 4", ["2", "4"]),
            ("100 % of it", ["100", "%", "of", "it"]),
        ],
    )
    def test_what_programs_fill_in_is_dropped(self, text: str, words: list[str], tmp_path: Path) -> None:
        assert without_placeholders(text).split() == words
        (row,) = n_way(write_rows(tmp_path / "x", [{"en": text, "fi": "x"}]))
        assert row["en"][0].split() == words

    @pytest.mark.parametrize(
        ("title", "cleaned"),
        [
            ("Merkur (Planet)", "Merkur"),
            ("New_York_(state)", "New York"),
            ("(Un)known", "(Un)known"),
            ("水星 (惑星)", "水星"),
            ("Lahti", "Lahti"),
        ],
    )
    def test_what_tells_a_title_from_its_namesakes_is_dropped(self, title: str, cleaned: str, tmp_path: Path) -> None:
        path = write_rows(tmp_path / "x", [{"de": title, "en": "other"}])
        (row,) = n_way(path, cleaned=without_brackets)
        assert row["de"] == (cleaned,)


class TestWordnet:
    ROWS = (
        {"_id": "1-n", "en": "dog|hound", "zh": "小+的|狗", "no": "hund", "_def": "an animal that barks"},
        {"_id": "2-n", "en": "cat"},
        {"_id": "3-n", "fi": "kissa|katti", "_def": "an animal that purrs"},
        {"_id": "4-n", "en": "|".join("abcdefgh")},
    )

    def test_lemmas_are_texts_of_one_meaning(self, tmp_path: Path) -> None:
        rows = list(wordnet(write_rows(tmp_path / "x", self.ROWS)))
        assert rows == [
            {"en": ("dog", "hound"), "zh": ("小的", "狗"), "nb": ("hund",)},
            {"fi": ("kissa", "katti")},
            {"en": ("a", "b", "c", "d", "e", "f")},
        ]

    def test_gloss_goes_with_its_lemmas_in_one_text(self, tmp_path: Path) -> None:
        rows = list(glosses(write_rows(tmp_path / "x", self.ROWS)))
        assert rows == [
            {"en": ("dog, hound",), "zh": ("小的, 狗",), "nb": ("hund",), "gloss": ("an animal that barks",)},
            {"fi": ("kissa, katti",), "gloss": ("an animal that purrs",)},
        ]


class TestTatoeba:
    def test_pairs_that_share_a_sentence_become_a_row(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "x",
            [
                ("de", "en", "Hallo.", "Hello."),
                ("fi", "ja", "Kiitos.", "ありがとう。"),
                ("en", "fi", "Hello.", "Hei."),
                ("fi", "sv", "Terve.", "Hej."),
                ("fi", "en", "Terve.", "Hello."),
            ],
        )
        rows = [{language: set(texts) for language, texts in row.items()} for row in tatoeba(path)]
        assert len(rows) == 2
        assert {"de": {"Hallo."}, "en": {"Hello."}, "fi": {"Hei.", "Terve."}, "sv": {"Hej."}} in rows
        assert {"fi": {"Kiitos."}, "ja": {"ありがとう。"}} in rows

    def test_same_letters_in_two_languages_are_two_sentences(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "x", [("nb", "en", "Nei.", "No."), ("es", "it", "No.", "No.")])
        assert len(list(tatoeba(path))) == 2

    def test_group_that_grew_too_large_stays_pairs(self, tmp_path: Path) -> None:
        links = [("en", "fi", "Go!", f"Mene {number}.") for number in range(5)]
        path = write_lines(tmp_path / "x", [*links, ("de", "sv", "Ja.", "Jo.")])
        (whole, other) = tatoeba(path, largest=6)
        assert whole == {"en": ("Go!",), "fi": tuple(f"Mene {number}." for number in range(5))}
        assert other == {"de": ("Ja.",), "sv": ("Jo.",)}
        rows = list(tatoeba(path, largest=5))
        assert rows == [*({"en": ("Go!",), "fi": (f"Mene {number}.",)} for number in range(5)), other]

    def test_long_chain_is_one_row(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "x", [("en", "en", str(number), str(number + 1)) for number in range(60)])
        (row,) = tatoeba(path)
        assert sorted(row["en"], key=int) == [str(number) for number in range(61)]

    def test_letters_are_composed_so_that_equal_sentences_meet(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "x", [("fi", "en", "Yö.", "Night."), ("fi", "de", "Yo\u0308.", "Nacht.")])
        assert len(list(tatoeba(path))) == 1


class TestPairs:
    def test_two_texts_are_a_row_and_equal_ones_are_none(self, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "x",
            [
                ("bg", "ca", "ден", "dia"),
                ("bg", "ca", "1984", "1984"),
                ("fi", "fi", "auto", "kaara"),
                ("no", "nb", "a", "b"),
            ],
        )
        assert list(pairs(path)) == [{"bg": ("ден",), "ca": ("dia",)}, {"fi": ("auto", "kaara")}, {"nb": ("a", "b")}]


def test_lemmas_of_two_codes_for_one_language_are_joined(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "x", [{"_def": "a building", "no": "hus|bygg", "nb": "bygning"}])
    assert list(wordnet(path)) == [{"nb": ("hus", "bygg", "bygning")}]
    assert list(glosses(path)) == [{"nb": ("hus, bygg, bygning",), "gloss": ("a building",)}]


class TestNeighbours:
    def test_sentence_goes_with_what_stands_around_it_in_its_document(self, tmp_path: Path) -> None:
        path = write_rows(
            tmp_path / "x",
            [
                {"_doc": "a", "en": "one", "fi": "yksi"},
                {"_doc": "b", "en": "alone", "fi": "yksin"},
                {"_doc": "a", "en": "two", "fi": "kaksi", "en-US": "two"},
                {"_doc": "a", "en": "three", "fi": "kolme"},
            ],
        )
        assert list(neighbours(path)) == [
            {"ask:en": ("one",), "en": ("two",), "ask:fi": ("yksi",), "fi": ("kaksi",)},
            {"ask:en": ("two",), "en": ("one three",), "ask:fi": ("kaksi",), "fi": ("yksi kolme",)},
            {"ask:en": ("three",), "en": ("two",), "ask:fi": ("kolme",), "fi": ("kaksi",)},
        ]

    def test_variants_of_a_language_stay_beside_each_other(self, tmp_path: Path) -> None:
        rows = [{"_doc": "a", "pt": "um", "pt-BR": "hum"}, {"_doc": "a", "pt": "dois", "pt-BR": "dous"}]
        assert list(neighbours(write_rows(tmp_path / "x", rows))) == [
            {"ask:pt": ("um", "hum"), "pt": ("dois", "dous")},
            {"ask:pt": ("dois", "dous"), "pt": ("um", "hum")},
        ]


class TestQuestions:
    @staticmethod
    def row(**changes: object) -> dict[str, object]:
        plain = {
            "lang": "en",
            "question": "Who?",
            "title": "Title",
            "answers": ["Ada"],
            "passage": "It was Ada who wrote it.",
        }
        return plain | changes

    def test_question_goes_with_its_passage(self, tmp_path: Path) -> None:
        paths = [
            write_rows(tmp_path / "1", [self.row()]),
            write_rows(tmp_path / "2", [self.row(lang="no", question="Hvem?")]),
        ]
        assert list(questions(paths)) == [
            {"ask:en": ("Who?",), "en": ("It was Ada who wrote it.",)},
            {"ask:nb": ("Hvem?",), "nb": ("It was Ada who wrote it.",)},
        ]

    @pytest.mark.parametrize("passage", ["", None, "too short"])
    def test_title_and_answers_stand_in_for_a_missing_passage(self, passage: str | None, tmp_path: Path) -> None:
        path = write_rows(tmp_path / "x", [self.row(passage=passage, answers=["Ada", "Grace"])])
        assert list(questions([path])) == [{"ask:en": ("Who?",), "en": ("Title Ada Grace",)}]

    def test_question_without_anything_to_find_is_dropped(self, tmp_path: Path) -> None:
        assert list(questions([write_rows(tmp_path / "x", [self.row(passage=None, title=None, answers=[])])])) == []

    def test_long_passage_is_cut_to_windows(self, tmp_path: Path) -> None:
        passage = " ".join(f"word{number}" for number in range(200))
        (row,) = questions([write_rows(tmp_path / "x", [self.row(passage=passage, answers=["word150"])])])
        assert row["en"] == tuple(windows(passage, ["word150"]))
        assert len(row["en"]) == 3


class TestWindows:
    SPACED = " ".join(f"word{number}" for number in range(200))
    UNSPACED = "".join(chr(0x4E00 + number) for number in range(900))

    def test_short_passage_is_one_window(self) -> None:
        assert windows("short", ["x"]) == ["short"]
        assert windows("x" * 240, []) == ["x" * 240]

    @pytest.mark.parametrize("passage", [SPACED, UNSPACED], ids=["spaces", "no spaces"])
    @pytest.mark.parametrize("answers", [[], [""], ["nowhere"]])
    def test_windows_without_a_known_answer_are_parts_of_the_passage(self, passage: str, answers: list[str]) -> None:
        cut = windows(passage, answers, length=100, most=5)
        assert len(cut) == 5
        assert len(set(cut)) > 1
        assert all(window in passage and 50 < len(window) <= 100 for window in cut)

    def test_same_passage_gives_the_same_windows(self) -> None:
        assert windows(self.SPACED, []) == windows(self.SPACED, [])

    def test_words_stay_whole(self) -> None:
        words = set(self.SPACED.split())
        for number in range(200):
            for window in windows(self.SPACED, [f"word{number}"]):
                assert set(window.split()) <= words

    @pytest.mark.parametrize("at", [0, 1, 100, 450, 700, 899])
    def test_windows_hold_where_the_answer_begins(self, at: int) -> None:
        for window in windows(self.UNSPACED, ["nowhere", self.UNSPACED[at : at + 3]]):
            assert self.UNSPACED[at] in window
            assert len(window) == 240

    def test_windows_hold_the_answer_but_where_they_end_in_it(self) -> None:
        cut = [(number, window) for number in range(200) for window in windows(self.SPACED, [f"word{number} "])]
        held = [f"word{number}" in window.split() for number, window in cut]
        assert len(held) == 600
        assert sum(held) > 0.9 * len(held)


class TestSources:
    def test_every_line_of_the_recipe_is_a_source(self, tmp_path: Path) -> None:
        names = [source.name for source in sources(tmp_path)]
        assert len(names) == len(set(names))
        assert set(read_recipe().sources) <= set(names)

    def test_source_reads_its_own_file(self, tmp_path: Path) -> None:
        (tmp_path / "qa").mkdir()
        (tmp_path / "qa-gnome").mkdir()
        write_rows(tmp_path / "wikidict-titles.nway.jsonl.xz", [{"en": "Mercury (planet)", "fi": "Merkurius"}])
        write_rows(tmp_path / "tldr.nway.jsonl.xz", [{"en": "List {files}", "fi": "Listaa"}])
        write_lines(tmp_path / "panlex-bli.tsv.xz", [("en", "fi", "dog", "koira")])
        write_rows(tmp_path / "qa" / "a.en.jsonl.xz", [TestQuestions.row()])
        write_rows(tmp_path / "qa-gnome" / "b.en.jsonl.xz", [TestQuestions.row(question="How?")])
        held = {source.name: source for source in sources(tmp_path)}
        assert list(held["titles"].rows) == [{"en": ("Mercury",), "fi": ("Merkurius",)}]
        assert list(held["tldr"].rows) == [{"en": ("List",), "fi": ("Listaa",)}]
        assert list(held["panlex"].rows) == [{"en": ("dog",), "fi": ("koira",)}]
        assert [row["ask:en"] for row in held["qa"].rows] == [("Who?",)]
        assert [row["ask:en"] for row in held["help"].rows] == [("How?",)]
