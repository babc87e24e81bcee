"""Asking and searching over HTTP: as JSON and as Server-Sent Events, in any language, until the client goes away."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from index.errors import StoreError
from index.filters import DocumentFilter
from rag.answers import Answer, Event, Failed, PassagesFound, Token, Turn
from rag.errors import QuestionError
from rag.explanation import Explanation
from tests.builders import make_document
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from ui.api.event_stream import wants_events
from ui.schemas import answer_dict

ClientOf = Callable[..., TestClient]
SSE = {"accept": "text/event-stream"}


def cited(question: str, text: str, words: str, *, language: str, document: str) -> Answer:
    """An answer with one footnote, whose quote is `words`."""
    passage = make_passage(f"… {words} …", language=language, document=document)
    return Answer(
        question=question,
        language=language,
        text=text,
        answered=True,
        citations=(make_citation(words, passage=passage),),
        passages=(passage,),
        explanation=Explanation(question, in_context="", context_share=0.0, candidates=(), seconds={}),
    )


EN = cited(
    "When was Helsinki founded?",
    "It was founded in 1550. [1]",
    "founded in 1550",
    language="en",
    document="articles/Helsinki & co.md",
)
AR = cited(
    "متى تأسست هلسنكي؟", "تأسست هلسنكي عام ١٥٥٠. [1]", "تأسست عام ١٥٥٠", language="ar", document="articles/هلسنكي.md"
)
JA = cited(
    "ヘルシンキはいつ創設されましたか？",
    "ヘルシンキは 1550年に 創設されました。 [1]",
    "1550年に創設",
    language="ja",
    document="articles/ヘルシンキ.md",
)
ANSWERS = {answer.question: answer for answer in (EN, AR, JA)}


class Sent(NamedTuple):
    """A Server-Sent Event as a client reads it."""

    id: str
    name: str
    data: Any


def parsed(stream: bytes) -> list[Sent]:
    """Read a stream of events strictly: each has one line of each kind, and nothing else stands between them."""
    blocks = stream.decode("utf-8").split("\n\n")
    assert blocks.pop() == ""
    events = []
    for block in blocks:
        number, name, data = block.split("\n")
        assert (number[:4], name[:7], data[:6]) == ("id: ", "event: ", "data: ")
        events.append(Sent(number[4:], name[7:], json.loads(data[6:])))
    return events


# -- JSON --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/ask"])
@pytest.mark.parametrize("answer", [EN, AR, JA], ids=["en", "ar", "ja"])
def test_an_answer_has_the_shape_of_the_command_line_with_an_id_and_links(
    client_of: ClientOf, answer: Answer, path: str
) -> None:
    response = client_of(ScriptedAssistant(ANSWERS)).post(path, json={"question": answer.question})
    assert response.status_code == 200
    body = response.json()
    assert str(UUID(body.pop("id"))) != ""
    assert body["citations"][0].pop("url").startswith("http://testserver/?document=articles%2F")
    shown = answer_dict(answer)
    del shown["explanation"]
    assert body == shown
    assert response.headers["cache-control"] == "no-store"


def test_links_lead_to_the_words_at_the_address_that_readers_use(client_of: ClientOf) -> None:
    client = client_of(ScriptedAssistant(ANSWERS), public_url="https://ask.example/footnote/")
    citation = client.post("/api/v1/ask", json={"question": EN.question}).json()["citations"][0]
    assert citation["url"] == (
        "https://ask.example/footnote/?document=articles%2FHelsinki%20%26%20co.md&start=102&end=117"
    )


def test_two_answers_have_two_ids(client_of: ClientOf) -> None:
    client = client_of(ScriptedAssistant(ANSWERS))
    ids = {client.post("/api/v1/ask", json={"question": EN.question}).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_assistant_gets_all_that_was_sent(client_of: ClientOf) -> None:
    assistant = ScriptedAssistant(ANSWERS)
    body = {
        "question": JA.question,
        "history": [{"question": "Missä Helsinki on?", "answer": "Suomessa. [1]"}],
        "filter": {
            "languages": ["fi", "zh-Hant"],
            "documents": ["a.md"],
            "folders": ["articles"],
            "tags": ["history"],
            "types": ["markdown"],
            "since": "2018-05",
            "until": "2024",
        },
        "interface": "ar",
        "explain": True,
    }
    response = client_of(assistant).post("/api/v1/ask", json=body)
    assert assistant.asked == [(JA.question, (Turn("Missä Helsinki on?", "Suomessa. [1]"),))]
    assert assistant.filters == [
        DocumentFilter(
            languages=frozenset({"fi", "zh-Hant"}),
            documents=frozenset({"a.md"}),
            folders=frozenset({"articles"}),
            tags=frozenset({"history"}),
            types=frozenset({"markdown"}),
            since="2018-05",
            until="2024",
        )
    ]
    assert assistant.interfaces == ["ar"]
    assert response.json()["explanation"]["standalone_question"] == JA.question


@pytest.mark.parametrize(("header", "interface"), [("fi-FI, en;q=0.8", "fi"), ("", None)])
def test_the_reader_speaks_the_language_of_the_request_unless_the_body_says_otherwise(
    client_of: ClientOf, header: str, interface: str | None
) -> None:
    assistant = ScriptedAssistant(ANSWERS)
    client_of(assistant).post("/api/v1/ask", json={"question": EN.question}, headers={"accept-language": header})
    assert assistant.interfaces == [interface]


def test_a_question_that_cannot_be_answered_is_a_problem_with_the_sentence_for_the_reader(client_of: ClientOf) -> None:
    failed = Failed("Jokin meni vikaan.", StoreError("the disk is full in '/secret/place'"))
    response = client_of(ScriptedAssistant({"Missä?": failed})).post(
        "/api/v1/ask", json={"question": "Missä?"}, headers={"accept-language": "fi"}
    )
    assert response.status_code == 503
    assert response.json() == {
        "type": "/problems/unavailable",
        "title": "Ei käytettävissä juuri nyt",
        "status": 503,
        "detail": "Jokin meni vikaan.",
        "instance": "/api/v1/ask",
    }


class Strict(ScriptedAssistant):
    """Refuses questions as the real one does."""

    def stream(self, question: str, **_: object) -> Iterator[Event]:
        """Refuse."""
        if not question.strip():
            raise QuestionError(f"The question {question!r} is empty. Type a question in any language.")
        yield PassagesFound(())


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_question_that_is_none_is_refused_before_anything_is_sent(client_of: ClientOf, accept: str) -> None:
    response = client_of(Strict({})).post("/api/v1/ask", json={"question": "  "}, headers={"accept": accept})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "The question '  ' is empty. Type a question in any language."


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "/question: Field required."),
        ({"question": ""}, "/question: String should have at least 1 character."),
        ({"question": "x" * 4001}, "/question: String should have at most 4000 characters."),
        ({"question": 5}, "/question: Input should be a valid string."),
        ({"question": "x", "filter": {"since": "5"}}, "'5' is no date. Write it as 2018-05-31, 2018-05 or 2018."),
        (
            {"question": "x", "filter": {"types": ["pdf"]}},
            "'pdf' is no type of document. Choose from: markdown, text, html.",
        ),
        (
            {"question": "x", "filter": {"language": ["fi"]}},  # misspelt: without a refusal, all would be searched
            "/filter/language: Extra inputs are not permitted.",
        ),
        ({"question": "x", "history": [{"question": "y"}]}, "/history/0/answer: Field required."),
        ({"question": "x", "explain": "yes"}, "/explain: Input should be a valid boolean."),
    ],
    ids=["none", "empty", "long", "number", "date", "type", "field", "history", "flag"],
)
def test_what_is_not_as_it_must_be_is_named(client_of: ClientOf, body: dict[str, Any], detail: str) -> None:
    response = client_of(ScriptedAssistant(ANSWERS)).post("/api/v1/ask", json=body)
    assert response.status_code == 422
    assert response.json()["detail"] == detail


def test_half_a_character_is_refused(client_of: ClientOf) -> None:
    response = client_of(ScriptedAssistant(ANSWERS)).post(
        "/api/v1/ask", content=b'{"question": "\\ud800"}', headers={"content-type": "application/json"}
    )
    assert response.json()["errors"] == [
        {"in": "body", "pointer": "/question", "detail": "It holds half a character, which no text has"}
    ]


# -- Events ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [EN, AR, JA], ids=["en", "ar", "ja"])
def test_a_stream_has_passages_tokens_citations_before_their_marks_and_the_whole_answer(
    client_of: ClientOf, answer: Answer
) -> None:
    response = client_of(ScriptedAssistant(ANSWERS)).post(
        "/api/v1/ask", json={"question": answer.question}, headers=SSE
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
    assert "content-length" not in response.headers
    events = parsed(response.content)
    assert [event.id for event in events] == [str(number) for number in range(1, len(events) + 1)]
    words = len(answer.text.split())
    assert [event.name for event in events] == [
        "passages",
        *["token"] * (words - 1),
        "citations",
        "token",
        "done",
    ]
    done = events[-1].data
    assert events[0].data == {"passages": done["passages"]}
    assert events[-3].data == {"citations": done["citations"]}
    assert "".join(event.data["text"] for event in events if event.name == "token") == done["answer"] == answer.text
    assert str(UUID(done["id"])) == done["id"]
    assert done["citations"][0]["quote"] == answer.citations[0].quote


class Thinking(ScriptedAssistant):
    """A chat model that thinks, and breaks off with an error if there is one."""

    error: Exception | None = None

    def stream(self, *_: object, **__: object) -> Iterator[Event]:
        """Say something between much silence."""
        yield PassagesFound(())
        yield Token("")
        yield Token("Hetkinen")
        yield Token("")
        if self.error:
            raise self.error
        yield Failed("出了点问题", StoreError("the disk is full in '/secret/place'"))


def test_what_only_says_that_a_model_is_at_work_is_not_sent(client_of: ClientOf) -> None:
    response = client_of(Thinking({})).post("/api/v1/ask", json={"question": "x", "stream": True})
    assert parsed(response.content) == [
        Sent("1", "passages", {"passages": []}),
        Sent("2", "token", {"text": "Hetkinen"}),
        Sent(
            "3",
            "failed",
            {
                "type": "/problems/unavailable",
                "title": "Not available now",
                "status": 503,
                "detail": "出了点问题",
                "instance": "/api/v1/ask",
            },
        ),
    ]


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (StoreError("the disk is full in '/secret/place'"), 503, "غير متاح الآن"),
        (RuntimeError("a mistake in /secret/place"), 500, "حدث خطأ ما"),
    ],
    ids=["foreseen", "mistake"],
)
def test_what_breaks_off_on_its_way_is_an_event_in_the_language_of_the_reader(
    client_of: ClientOf, error: Exception, status: int, title: str, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = Thinking({})
    assistant.error = error
    response = client_of(assistant).post("/api/v1/ask", json={"question": "x"}, headers=SSE | {"accept-language": "ar"})
    last = parsed(response.content)[-1]
    assert (last.name, last.data["status"], last.data["title"]) == ("failed", status, title)
    assert "/secret/place" not in response.text
    assert "An answer broke off" in caplog.text
    assert "/secret/place" in caplog.text


@pytest.mark.parametrize(
    ("stream", "accept", "events"),
    [
        (None, "", False),
        (None, "*/*", False),
        (None, "application/json", False),
        (None, "text/event-stream", True),
        (None, "Text/Event-Stream; q=0.9, */*;q=0.1", True),
        (None, "application/json, text/event-stream", False),
        (None, "application/json;q=0.5, text/event-stream", True),
        (None, "text/event-stream;q=0", False),
        (None, "text/event-stream;q=much", False),
        (True, "application/json", True),
        (False, "text/event-stream", False),
    ],
)
def test_body_or_accept_header_choose_between_json_and_events(stream: bool | None, accept: str, events: bool) -> None:
    assert wants_events(stream, accept=accept) is events


# -- Searching ---------------------------------------------------------------------------------------------------------

TEXTS = {
    "b.md": make_document("Helsinki perustettiin vuonna 1550.", source="b.md", language="fi"),
    "a.md": make_document("Nothing about it.", source="a.md"),
}


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/search"])
def test_a_search_gives_results_with_links(client_of: ClientOf, path: str) -> None:
    assistant = ScriptedAssistant({}, texts=TEXTS)
    response = client_of(assistant).post(path, json={"query": "1550", "filter": {"languages": ["fi"]}})
    assert response.status_code == 200
    assert response.json() == {
        "query": "1550",
        "results": [
            {
                "document": "b.md",
                "title": "b.md",
                "language": "en",
                "text": "Helsinki perustettiin vuonna 1550.",
                "start": 0,
                "end": 34,
                "score": 0.5,
                "searchers": [],
                "versions": [],
                "url": "http://testserver/?document=b.md&start=0&end=34",
            }
        ],
    }
    assert assistant.filters == [DocumentFilter(languages=frozenset({"fi"}))]


@pytest.mark.parametrize("top_k", [0, 101, "10", 1.5, True], ids=str)
def test_a_search_gives_1_to_100_results(client_of: ClientOf, top_k: object) -> None:
    response = client_of(ScriptedAssistant({})).post("/api/v1/search", json={"query": "x", "top_k": top_k})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/top_k")


class Broken(ScriptedAssistant):
    """Cannot search."""

    def search(self, *_: object, **__: object) -> Any:
        """Fail as the index does."""
        raise StoreError("the disk is full in '/secret/place'")


def test_a_search_that_fails_tells_no_secrets(client_of: ClientOf, caplog: pytest.LogCaptureFixture) -> None:
    response = client_of(Broken({})).post("/api/v1/search", json={"query": "x"}, headers={"accept-language": "de"})
    assert (response.status_code, response.json()["title"]) == (503, "Gerade nicht verfügbar")
    assert "/secret/place" not in response.text
    assert "/secret/place" in caplog.text


def test_history_is_handed_on_in_order(client_of: ClientOf) -> None:
    turns: Sequence[dict[str, str]] = [{"question": f"q{n}", "answer": f"a{n}"} for n in range(3)]
    assistant = ScriptedAssistant(ANSWERS)
    client_of(assistant).post("/api/v1/ask", json={"question": EN.question, "history": turns})
    assert assistant.asked[0][1] == (Turn("q0", "a0"), Turn("q1", "a1"), Turn("q2", "a2"))
