"""Ratings: kept whole whatever happens, shown without harm."""

import json
import multiprocessing
import os
import signal
import sqlite3
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from index.errors import StoreError
from rag.answers import Answer
from tests.fakes import make_citation, make_passage
from ui import cli
from ui.feedback import CitedQuote, Feedback, FeedbackError, FeedbackStore, Rating, feedback_dict
from ui.plain import feedback_plain

ANSWER_ID = "11111111-1111-4111-8111-111111111111"
OTHER_ID = "22222222-2222-4222-8222-222222222222"
PASSAGE = make_passage("Se on Suomessa. Muuta.", title="Lahti", language="fi", document="lahti.md")
ANSWER = Answer(
    question="Missä se on?",
    language="fi",
    text="„Se on Suomessa.“ [1]\nMuuta ei sanota.",
    answered=True,
    citations=(make_citation("Se on Suomessa.", passage=PASSAGE),),
    passages=(PASSAGE,),
    model="gpt",
    standalone_question="Missä Lahti on?",
)


def rated(answer_id: str = ANSWER_ID, *, rating: str = "good", comment: str = "", answer: Answer = ANSWER) -> Feedback:
    return Feedback.of(answer, answer_id=answer_id, rating=rating, comment=comment, channel="page")


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore(tmp_path)


# -- What is kept ------------------------------------------------------------------------------------------------------


def test_a_rating_comes_back_with_what_was_asked_and_answered(store: FeedbackStore) -> None:
    saved = rated(comment="  Kiitos! 🏔 ")
    store.save(saved)
    assert store.all() == (saved,)
    assert asdict(saved) == {
        "answer_id": ANSWER_ID,
        "rating": "good",
        "comment": "Kiitos! 🏔",
        "question": "Missä se on?",
        "standalone_question": "Missä Lahti on?",
        "language": "fi",
        "answer": "„Se on Suomessa.“ [1]\nMuuta ei sanota.",
        "answered": True,
        "citations": (asdict(CitedQuote(1, "lahti.md", 100, 115, "Se on Suomessa.", "fi")),),
        "model": "gpt",
        "channel": "page",
        "created_at": saved.created_at,
        "changed_at": saved.created_at,
    }
    assert saved.created_at.endswith("+00:00")


def test_verbatim_quotes_have_no_model_and_the_question_stands_for_itself(store: FeedbackStore) -> None:
    store.save(rated(answer=Answer("Hvor?", "da", "Ikke fundet.", answered=False)))
    (found,) = store.all()
    assert (found.model, found.standalone_question, found.citations, found.answered) == (None, "Hvor?", (), False)


def test_a_second_rating_of_an_answer_replaces_the_first_and_keeps_its_time(store: FeedbackStore) -> None:
    first = replace(
        rated(comment="Hyvä."), created_at="2026-01-01T00:00:00+00:00", changed_at="2026-01-01T00:00:00+00:00"
    )
    second = rated(rating="bad", answer=replace(ANSWER, question="Another question, from another browser?"))
    store.save(first)
    store.save(second)
    assert store.all() == (replace(first, rating=Rating.BAD, comment="", changed_at=second.changed_at),)


def test_a_withdrawn_rating_is_gone_and_the_others_stay(store: FeedbackStore) -> None:
    store.save(rated())
    store.save(rated(OTHER_ID))
    store.withdraw(ANSWER_ID.upper())
    store.withdraw(str(uuid.uuid4()))  # which has no rating
    assert [found.answer_id for found in store.all()] == [OTHER_ID]


def test_what_was_given_or_changed_last_comes_first(store: FeedbackStore) -> None:
    times = {ANSWER_ID: "2026-01-02", OTHER_ID: "2026-01-01", str(uuid.uuid4()): "2026-01-01"}
    for answer_id, time in times.items():
        store.save(replace(rated(answer_id), changed_at=time))
    first, second, third = times
    assert [found.answer_id for found in store.all()] == [first, third, second]


@pytest.mark.parametrize(
    "text", ["Hyvä, mutta…", "جيد\u200f جدًا", "とても良い", "ดีมาก", "👩🏽‍🚀", "a\0b", "'; DROP TABLE feedback; --"]
)
def test_a_comment_comes_back_to_the_character(store: FeedbackStore, text: str) -> None:
    store.save(rated(comment=text))
    assert store.all()[0].comment == text


def test_long_texts_and_half_characters_are_bounded(store: FeedbackStore) -> None:
    citation = make_citation("Se on Suomessa.", passage=PASSAGE)
    hostile = replace(
        ANSWER,
        text="\ud83d" + "x" * 1_000_000,
        question="q" * 1_000_000,
        citations=(replace(citation, quote="y" * 1_000_000, start=-5, end=10**30),) * 1000,
    )
    store.save(rated(comment="z\udfff" * 1_000_000, answer=hostile))
    (found,) = store.all()
    assert found.answer == "\ufffd" + "x" * 19_999
    assert found.question == "q" * 20_000
    assert found.comment == "z\ufffd" * 1000
    assert len(found.citations) == 100
    assert (found.citations[0].start, found.citations[0].end) == (0, 20_000)


@pytest.mark.parametrize("answer_id", ["", "1", "x" * 1_000_000, "\ud800", "11111111-1111-4111-8111-11111111111g"])
def test_an_id_that_is_no_uuid_is_refused(answer_id: str) -> None:
    with pytest.raises(FeedbackError, match=r"which is no UUID\. Load the page again\.$") as error:
        rated(answer_id)
    assert len(str(error.value)) < 1000
    assert str(error.value).encode()


@pytest.mark.parametrize("rating", ["", "GOOD", "5", "\ud800"])
def test_a_rating_is_good_or_bad(rating: str) -> None:
    with pytest.raises(FeedbackError, match=r"^An answer is rated good or bad, not "):
        rated(rating=rating)


# -- Several at once, and what goes wrong ------------------------------------------------------------------------------


def _save_many(home: Path, count: int) -> list[str]:
    """Save ratings from four threads, and return their ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    store = FeedbackStore(home)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda answer_id: store.save(rated(answer_id)), ids))
    return ids


def test_threads_of_several_processes_lose_nothing(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there" / "yet"
    with multiprocessing.get_context("spawn").Pool(2) as processes:
        saved = processes.starmap(_save_many, [(home, 40), (home, 40)])
    assert {found.answer_id for found in FeedbackStore(home).all()} == {name for ids in saved for name in ids}


def _save_until_killed(home: Path, written: Path) -> None:
    store = FeedbackStore(home)
    with written.open("a", encoding="utf-8") as file:
        while True:
            answer_id = str(uuid.uuid4())
            store.save(rated(answer_id))
            file.write(f"{answer_id}\n")
            file.flush()
            os.fsync(file.fileno())


def test_a_killed_process_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.touch()
    process = multiprocessing.get_context("spawn").Process(target=_save_until_killed, args=(tmp_path / "home", written))
    process.start()
    while len(written.read_text(encoding="utf-8").splitlines()) < 20:
        process.join(0.01)
        assert process.exitcode is None
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    found = {feedback.answer_id for feedback in FeedbackStore(tmp_path / "home").all()}
    assert found >= set(written.read_text(encoding="utf-8").splitlines())


def test_a_full_disk_is_a_sentence_and_loses_nothing(store: FeedbackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(rated())
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_to_a_full_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 1")  # never less than there are
        return connection

    with monkeypatch.context() as full:
        full.setattr(sqlite3, "connect", connect_to_a_full_disk)
        with pytest.raises(StoreError, match=r"database or disk is full\. Check the disk's free space"):
            store.save(rated(OTHER_ID, comment="x" * 2000, answer=replace(ANSWER, text="y" * 20_000)))
    assert [found.answer_id for found in store.all()] == [ANSWER_ID]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/feedback\.sqlite3' cannot be read or written: .*--home\.$"):
        FeedbackStore(tmp_path / "file").save(rated())


def test_a_file_of_something_else_is_a_sentence(store: FeedbackStore) -> None:
    store.path.write_bytes(b"no database" * 1000)
    for use in (store.all, lambda: store.save(rated())):
        with pytest.raises(StoreError, match=r"holds no usable feedback: file is not a database\. Move it away"):
            use()


def test_a_rating_that_was_tampered_with_is_a_sentence(store: FeedbackStore) -> None:
    store.save(rated())
    for rating, citations in (("good", "[{}]"), ("good", "{"), ("superb", "[]")):
        with sqlite3.connect(store.path) as connection:
            connection.execute("UPDATE feedback SET rating = ?, citations = ?", (rating, citations))
        connection.close()
        with pytest.raises(StoreError, match=rf"the rating of '{ANSWER_ID}' cannot be read\. Move it away"):
            store.all()


def test_a_file_of_a_newer_version_is_left_alone(store: FeedbackStore) -> None:
    store.save(rated())
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    for use in (store.all, lambda: store.save(rated()), lambda: store.withdraw(ANSWER_ID)):
        with pytest.raises(StoreError, match="has version 7, this program reads version 1"):
            use()


def test_a_file_without_any_rating_yet_is_empty(store: FeedbackStore) -> None:
    store.path.touch()
    assert store.all() == ()
    store.save(rated())
    assert len(store.all()) == 1


def test_looking_creates_nothing(store: FeedbackStore) -> None:
    assert store.all() == ()
    assert list(store.path.parent.iterdir()) == []


# -- `footnote feedback` -----------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> int | str | None:
    """Run `footnote` in this process and return its exit status."""
    argv, sys.argv = sys.argv, ["footnote", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as end:
            cli.main()
    finally:
        sys.argv = argv
    return end.value.code


def test_ratings_are_printed_newest_first(store: FeedbackStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.save(replace(rated(), changed_at="2026-01-01T10:00:00+00:00"))
    store.save(
        replace(rated(OTHER_ID, rating="bad", comment="Väärä\nkaupunki."), changed_at="2026-01-02T10:00:00+00:00")
    )
    assert not run("--home", store.path.parent, "feedback")
    assert capsys.readouterr().out == (
        "bad   2026-01-02T10:00:00+00:00  Missä se on?\n"
        "      comment: Väärä kaupunki.\n"
        "      answer: „Se on Suomessa.“ [1] Muuta ei sanota.\n"
        "\n"
        "good  2026-01-01T10:00:00+00:00  Missä se on?\n"
        "      answer: „Se on Suomessa.“ [1] Muuta ei sanota.\n"
    )
    assert not run("--home", store.path.parent, "feedback", "--rating", "bad", "--json")
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(feedback_dict(store.all()[:1])))


def test_nothing_of_a_reader_or_a_model_commands_the_terminal() -> None:
    hostile = "a\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202eb"
    entry = replace(rated(comment=hostile), question=hostile, answer=hostile, changed_at=hostile)
    shown = feedback_plain([entry])
    assert shown == (
        "good  a[2J]0;owned31mb  a[2J]0;owned31mb\n      comment: a[2J]0;owned31mb\n      answer: a[2J]0;owned31mb"
    )


@pytest.mark.parametrize(
    ("options", "out"),
    [([], "No feedback yet.\n"), (["--json"], '{"feedback": []}\n'), (["--rating", "bad"], "No feedback yet.\n")],
)
def test_without_feedback_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], out: str
) -> None:
    assert not run("--home", tmp_path, "feedback", *options)
    assert capsys.readouterr() == (out, "")


def test_without_a_home_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--home", tmp_path / "none", "feedback") == 1
    home = tmp_path / "none"
    assert capsys.readouterr() == ("", f"Error: Nothing is indexed in '{home}' yet. Run: footnote ingest FOLDER\n")
    assert not home.exists()
