"""Rating an answer over HTTP: the answer comes along, as it was given, and is kept as the page keeps it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.answers import Answer
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from ui.feedback import CitedQuote, FeedbackStore

ClientOf = Callable[..., TestClient]

PASSAGE = make_passage("東京は日本の首都です。", language="ja", document="articles/東京.md")
ANSWER = Answer(
    question="日本の首都はどこですか？",
    language="ja",
    text="東京です。 [1]",
    answered=True,
    citations=(make_citation("東京は日本の首都", passage=PASSAGE),),
    passages=(PASSAGE,),
    standalone_question="日本の首都はどこですか？",
)
ID = "6f1c7d1e-3b1a-4a53-9a0e-0d6a5f2f9b11"


@pytest.fixture
def client(client_of: ClientOf) -> TestClient:
    return client_of(ScriptedAssistant({ANSWER.question: ANSWER}))


def asked(client: TestClient, **options: object) -> dict[str, Any]:
    answer = client.post("/api/v1/ask", json={"question": ANSWER.question, **options}).json()
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("path", ["/api/v1/feedback", "/api/feedback"])
def test_an_answer_is_rated_as_it_was_given(client: TestClient, tmp_path: Path, path: str) -> None:
    answer = asked(client)
    rating = {"id": answer["id"], "rating": "bad", "comment": "انظر الصفحة التالية", "answer": answer}
    response = client.post(path, json=rating)
    assert (response.status_code, response.content) == (204, b"")
    (kept,) = FeedbackStore(tmp_path).all()
    assert (kept.answer_id, kept.rating, kept.comment, kept.channel) == (
        answer["id"],
        "bad",
        "انظر الصفحة التالية",
        "api",
    )
    assert (kept.question, kept.answer, kept.answered) == (ANSWER.question, ANSWER.text, True)
    assert kept.citations == (CitedQuote(1, "articles/東京.md", 100, 108, "東京は日本の首都", "ja"),)


def test_a_second_rating_takes_the_place_of_the_first(client: TestClient, tmp_path: Path) -> None:
    answer = asked(client, explain=True)
    for rating in ("good", "bad"):
        given = {"answer_id": answer["id"], "rating": rating, "answer": answer}
        assert client.post("/api/v1/feedback", json=given).status_code == 204
    (kept,) = FeedbackStore(tmp_path).all()
    assert (kept.rating, kept.comment) == ("bad", "")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"id": "x"}, "/id"),
        ({"rating": "great"}, "/rating"),
        ({"comment": "x" * 2001}, "/comment"),
        ({"answer": {}}, "/answer"),
        ({"answer": {"question": "x"}}, "/answer"),
        ({"answer": None}, "/answer"),
        ({"stars": 5}, "/stars"),
    ],
    ids=["id", "rating", "comment", "no answer", "half an answer", "null", "unknown"],
)
def test_what_cannot_be_kept_is_named_and_nothing_is_kept(
    client: TestClient, tmp_path: Path, changed: dict[str, Any], pointer: str
) -> None:
    given = {"id": ID, "rating": "good", "answer": asked(client)} | changed
    response = client.post("/api/v1/feedback", json=given)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)
    assert FeedbackStore(tmp_path).all() == ()


def test_a_quote_that_stands_in_no_passage_is_refused(client: TestClient) -> None:
    answer = asked(client)
    answer["citations"][0]["quote"] = "大阪は日本の首都"
    response = client.post("/api/v1/feedback", json={"id": ID, "rating": "good", "answer": answer})
    assert response.status_code == 422
    assert response.json()["detail"] == "/answer: answer.citations.1.quote is in none of the passages."
    assert "大阪" not in response.text


def test_a_home_that_cannot_be_written_is_told_without_its_name(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asked(client)
    (tmp_path / "feedback.sqlite3").mkdir()
    given = {"id": ID, "rating": "good", "answer": answer}
    response = client.post("/api/v1/feedback", json=given, headers={"accept-language": "he"})
    assert (response.status_code, response.json()["title"]) == (503, "לא זמין כרגע")
    assert str(tmp_path) not in response.text
    assert str(tmp_path) in caplog.text
