"""Question sets in BEIR layout: what is read, what is detected, and what is refused with a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag import question_sets
from rag.errors import EvaluationError
from rag.question_sets import Question, load_question_set, sample
from tests.builders import make_document, write_question_set

TEXTS = {
    "en-1": "The lighthouse of Lindau was built in 1856 and is 33 metres high.",
    "de-1": "Der Leuchtturm von Lindau wurde 1856 erbaut und ist 33 Meter hoch.",
    "fi-1": "Lindaun majakka rakennettiin vuonna 1856, ja se on 33 metriä korkea.",
}
PASSAGES = [{"_id": name, "title": "", "text": text, "language": name[:2]} for name, text in TEXTS.items()]
QUESTIONS = [{"_id": "q-en", "text": "How high is the lighthouse of Lindau?", "language": "en"}]
JUDGED = [("q-en", "en-1", 1), ("q-en", "de-1", 1), ("q-en", "fi-1", 0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_question_set(tmp_path / "set", passages=PASSAGES, questions=QUESTIONS, judged=JUDGED)


def test_questions_come_with_what_is_judged_for_them(folder: Path) -> None:
    loaded = load_question_set(folder)
    assert loaded.passages == 3
    assert loaded.questions == (
        Question("q-en", "How high is the lighthouse of Lindau?", "en", {"en-1": 1, "de-1": 1, "fi-1": 0}),
    )


def test_a_passage_is_a_document_without_a_title_of_its_own(folder: Path) -> None:
    documents = list(load_question_set(folder).documents())
    assert [(found.source, found.title, found.language, found.text) for found in documents] == [
        (name, "", name[:2], text) for name, text in TEXTS.items()
    ]
    assert len({found.content_hash for found in documents}) == 3


def test_a_language_that_is_not_stated_is_detected_and_one_stated_is_normalised(tmp_path: Path) -> None:
    passages: list[dict[str, object]] = [
        {"_id": "a", "text": TEXTS["fi-1"]},
        {"_id": "b", "title": "Лахти", "text": "x\r\ny", "language": "RU"},
        {"_id": "c", "title": None, "text": "台北", "language": "zh-TW"},
    ]
    questions = [{"_id": "q", "text": "Wie hoch ist der Leuchtturm von Lindau?"}]
    loaded = load_question_set(
        write_question_set(tmp_path, passages=passages, questions=questions, judged=[("q", "a", 1)])
    )
    assert [(found.title, found.language, found.text) for found in loaded.documents()] == [
        ("", "fi", TEXTS["fi-1"]),
        ("Лахти", "ru", "x\ny"),
        ("", "zh-Hant", "台北"),
    ]
    assert loaded.questions[0].language == "de"


def test_a_question_without_a_right_passage_is_left_out(tmp_path: Path) -> None:
    questions = [{"_id": name, "text": "How high is it?"} for name in ("judged", "wrong", "unjudged")]
    judged = [("judged", "en-1", 1), ("wrong", "en-1", 0)]
    loaded = load_question_set(write_question_set(tmp_path, passages=PASSAGES, questions=questions, judged=judged))
    assert [question.id for question in loaded.questions] == ["judged"]


def test_without_a_name_it_is_test_or_the_only_one(folder: Path) -> None:
    judgements = folder / "qrels" / "test.tsv"
    other = judgements.rename(folder / "qrels" / "dev.tsv")
    assert len(load_question_set(folder).questions) == 1
    judgements.write_text("q-en\ten-1\t0\nq-en\tde-1\t2\n", encoding="utf-8")  # without a line of names
    assert load_question_set(folder).questions[0].relevance == {"en-1": 0, "de-1": 2}
    assert load_question_set(folder, split="dev").questions[0].relevance == {"en-1": 1, "de-1": 1, "fi-1": 0}
    other.rename(folder / "qrels" / "train.tsv")
    with pytest.raises(EvaluationError, match=r"dev\.tsv' does not exist \(there are test, train\)"):
        load_question_set(folder, split="dev")


def test_half_characters_are_replaced_and_ids_still_meet(tmp_path: Path) -> None:
    passages = [{"_id": "a", "text": "half \ud83d character"}]
    questions = [{"_id": "q", "text": "half \ud83d?"}]
    loaded = load_question_set(
        write_question_set(tmp_path, passages=passages, questions=questions, judged=[("q", "a", 1)])
    )
    assert next(loaded.documents()).text == "half ? character"
    assert loaded.questions[0].text == "half ??"


def line(file: str, text: str | bytes) -> tuple[str, bytes]:
    return file, text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize(
    ("file", "added", "says"),
    [
        (*line("corpus.jsonl", "{not json"), r"corpus.jsonl', line 4 is not valid JSON: "),
        (*line("corpus.jsonl", "[1]"), r"corpus.jsonl', line 4: expected an object with \"_id\" and \"text\"."),
        (*line("corpus.jsonl", '{"_id": "x"}'), r"corpus.jsonl', line 4: expected an object"),
        (*line("corpus.jsonl", '{"_id": "x", "text": 5}'), r"corpus.jsonl', line 4: \"text\" is not a text."),
        (*line("corpus.jsonl", '{"_id": "en-1", "text": ""}'), r"corpus.jsonl', line 4: the id 'en-1' is used twice."),
        (*line("corpus.jsonl", b"\xff\xfe"), r"corpus.jsonl' is not valid UTF-8"),
        (*line("corpus.jsonl", "[" * 100_000), r"corpus.jsonl', line 4 is not valid JSON"),
        (*line("queries.jsonl", "{"), r"queries.jsonl', line 2 is not valid JSON: "),
        (
            *line("queries.jsonl", '{"_id": "q-en", "text": "?"}'),
            r"queries.jsonl', line 2: the id 'q-en' is used twice.",
        ),
        (*line("qrels/test.tsv", "q-en\tnone\t1"), r"test.tsv', line 5: 'none' is not in 'corpus.jsonl'."),
        (*line("qrels/test.tsv", "none\ten-1\t1"), r"test.tsv', line 5: 'none' is not in 'queries.jsonl'."),
        (*line("qrels/test.tsv", "q-en\ten-1"), r"test.tsv', line 5: expected query-id, corpus-id and a whole number"),
        (*line("qrels/test.tsv", "q-en\ten-1\thigh"), r"test.tsv', line 5: expected query-id, corpus-id and a whole"),
        (*line("qrels/test.tsv", "q-en\ten-1\t0"), r"test.tsv', line 5: 'q-en' and 'en-1' are judged twice."),
    ],
)
def test_a_bad_line_is_named(folder: Path, file: str, added: bytes, says: str) -> None:
    with (folder / file).open("ab") as opened:
        opened.write(added + b"\n")
    with pytest.raises(EvaluationError, match=says):
        load_question_set(folder)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EvaluationError, match=rf"{name}' does not exist"):
        load_question_set(folder)


def test_a_file_is_no_question_set(folder: Path) -> None:
    with pytest.raises(EvaluationError, match=r"corpus.jsonl' is no folder: name one in BEIR layout"):
        load_question_set(folder / "corpus.jsonl")


def test_nothing_to_measure_is_an_error(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq-en\tfi-1\t0\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"test.tsv' names no right passage for any question."):
        load_question_set(folder)
    (folder / "corpus.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"corpus.jsonl' holds no passage."):
        load_question_set(folder)


def test_a_sample_is_the_same_each_time_and_part_of_a_larger_one() -> None:
    questions = tuple(Question(f"{language}{n}", "?", language, {}) for language in ("en", "fi") for n in range(50))
    few, more = (sample(questions, most=most) for most in (3, 10))
    assert few == sample(tuple(reversed(questions)), most=3)[::-1]
    assert {question.id for question in few} < {question.id for question in more}
    assert [question.language for question in more] == ["en"] * 10 + ["fi"] * 10
    assert sample(questions, most=50) == questions
    assert [question.id for question in few][:3] != ["en0", "en1", "en2"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    passages = [
        make_document("Line\u2028one\n\tand \x85 two", source="a-1", title="A › B", language="en"),
        make_document("汽车工程师", source="b-2", title="", language="zh-Hant"),
        replace(make_document("", source="c-3", title="Ä", language="fi"), text="half \ud83d character"),
    ]
    questions = (
        Question("q-1", 'Which "line"?\n', "en", {"a-1": 1, "b-2": 2}),
        Question("q-2", "汽车？", "zh-Hant", {"c-3": 1, "a-1": 0}),
    )
    written = question_sets.write_question_set(tmp_path, iter(passages), questions)
    assert written == load_question_set(tmp_path)
    assert written.passages == 3
    assert written.questions == questions
    assert [(found.source, found.title, found.language, found.text) for found in written.documents()] == [
        ("a-1", "A › B", "en", "Line\u2028one\n\tand \x85 two"),
        ("b-2", "", "zh-Hant", "汽车工程师"),
        ("c-3", "Ä", "fi", "half ? character"),
    ]


@pytest.mark.parametrize("identifier", ["a\tb", "a\nb", "a\rb"])
def test_an_id_that_would_break_a_line_is_refused(tmp_path: Path, identifier: str) -> None:
    passages = [make_document("Text.", source=identifier)]
    with pytest.raises(ValueError, match="holds a tab or a line end"):
        question_sets.write_question_set(tmp_path, passages, [Question("q", "?", "en", {identifier: 1})])
