"""Both clients against a running server: the same calls, the same answers, the same errors."""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

import ui.client
from index.embedding import StaticEmbedder
from index.errors import LoadError
from index.filters import DocumentFilter
from rag.answers import Answer, CitationsFound, Done, Event, Failed, PassagesFound, Token, Turn
from rag.errors import ChatModelError, QuestionError
from rag.explanation import Candidate, Explanation, Fate, Place
from rag.prompts import phrases
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.api.served_app import WaitingAssistant, app_over, served
from ui.build import build_ingest, open_assistant
from ui.client import (
    ApiError,
    AsyncClient,
    BusyError,
    Client,
    InvalidRequestError,
    KeyRefusedError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from ui.client_errors import pause_before_retry
from ui.client_replies import EventReader
from ui.feedback import FeedbackStore, Rating
from ui.settings import Settings

Connect = Callable[..., Any]
"""Makes a client whose methods are called and not awaited: `connect(address, api_key=...)`."""

FI, JA, FAILING = "Montako asukasta?", "どこ？", "Warum?"


class OverAsync:
    """Calls the methods of `AsyncClient` as if they were those of `Client`."""

    def __init__(self, base_url: str, **options: Any) -> None:
        self._options = {"base_url": base_url, **options}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            async def run() -> Any:
                async with AsyncClient(**self._options) as client:
                    called = getattr(client, name)(*arguments, **options)
                    if isinstance(called, Awaitable):
                        return await called
                    return [event async for event in called]

            return asyncio.run(run())

        return call


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    opened: list[Client] = []

    def make(base_url: str, **options: Any) -> Any:
        if request.param == "async":
            return OverAsync(base_url, **options)
        opened.append(Client(base_url, **options))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


def make_answer(question: str, language: str, text: str) -> Answer:
    passage = make_passage("Lahti has\u2028121,000\x85inhabitants. And more.", title="ラハティ", language="en")
    citation = replace(make_citation("Lahti has\u2028121,000\x85inhabitants.", passage=passage), chunk="chunk-1")
    # What the JSON does not carry is as `answer_from_dict` has it.
    passage = replace(passage, chunk="", searchers=(), confidence=0.0)
    return Answer(question, language, text, True, (citation,), (passage,), timings={"search": 0.5}, confidence=0.75)


PLACE = Place(1, 0.5)
EXPLANATION = Explanation(
    FI,
    "",
    0.0,
    (Candidate("a.md", 0, 3, "abc", PLACE, None, PLACE, Fate.SAME, None, "b.md"),),
    {"dense": 0.1},
)
ANSWERS: dict[str, Answer | Failed | Exception] = {
    FI: replace(make_answer(FI, "fi", "Lahdessa asuu 121 000 [1] ihmistä."), explanation=EXPLANATION),
    JA: make_answer(JA, "ja", "ここ。[1]\n\n以上。"),
    FAILING: Failed(phrases("de").failed, ChatModelError("gone")),
}


@pytest.fixture(scope="module")
def scripted() -> ScriptedAssistant:
    return ScriptedAssistant(ANSWERS)


@pytest.fixture(scope="module")
def running(scripted: ScriptedAssistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(app_over(scripted, home=tmp_path_factory.mktemp("home"))) as address:
        yield address


# -- Asking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [FI, JA], ids=["fi", "ja"])
def test_an_answer_comes_back_as_the_assistant_gave_it(connect: Connect, running: str, question: str) -> None:
    prepared = ANSWERS[question]
    assert isinstance(prepared, Answer)
    assert connect(running).ask(f" {question}\n") == replace(prepared, explanation=None)


def test_an_explanation_comes_back_if_asked_for(connect: Connect, running: str) -> None:
    assert connect(running).ask(FI, explain=True).explanation == EXPLANATION


def test_events_come_back_as_the_assistant_gave_them(connect: Connect, running: str) -> None:
    prepared = ANSWERS[JA]
    assert isinstance(prepared, Answer)
    assert list(connect(running).stream(JA)) == [
        PassagesFound(prepared.passages),
        CitationsFound(prepared.citations),
        Token("ここ。[1]"),
        Token("\n\n以上。"),
        Done(prepared),
    ]


def test_what_is_asked_arrives(connect: Connect, running: str, scripted: ScriptedAssistant) -> None:
    for asked in (scripted.asked, scripted.filters, scripted.interfaces):
        asked.clear()
    within = DocumentFilter(languages=frozenset({"fi", "zh-Hant"}), folders=frozenset({"a b/ä"}), since="2018-05")
    connect(running).ask(JA, history=[Turn("誰？", "私。 [1]")], within=within, interface="ja")
    assert scripted.asked == [(JA, (Turn("誰？", "私。 [1]"),))]
    assert scripted.filters == [within]
    assert scripted.interfaces == ["ja"]


def test_half_characters_and_turns_of_long_ago_are_left_out(
    connect: Connect, running: str, scripted: ScriptedAssistant
) -> None:
    scripted.asked.clear()
    scripted.answers = {**scripted.answers, "Mi?ksi?": ANSWERS[FI]}
    connect(running).ask("Mi\ud83dksi?", history=[Turn(str(number), "a\udc00") for number in range(150)])
    ((question, history),) = scripted.asked
    assert question == "Mi?ksi?"
    assert history == tuple(Turn(str(number), "a?") for number in range(50, 150))


def test_a_failure_is_an_event_of_a_stream_and_an_error_of_ask(connect: Connect, running: str) -> None:
    client = connect(running)
    *_, failed = client.stream(FAILING)
    assert isinstance(failed, Failed)
    assert (failed.message, type(failed.error)) == (phrases("de").failed.rstrip("."), BusyError)
    with pytest.raises(BusyError) as error:
        client.ask(FAILING)
    assert error.value.status == 503


@pytest.mark.parametrize("question", ["", " \n", "x" * 5000], ids=["empty", "blank", "long"])
def test_a_question_that_is_none_is_not_even_sent(connect: Connect, question: str) -> None:
    with pytest.raises(QuestionError):
        connect("http://127.0.0.1:1").ask(question)


def test_a_stream_that_is_closed_ends_the_work_on_the_server(tmp_path: Path) -> None:
    waiting = WaitingAssistant()
    with served(app_over(waiting, home=tmp_path)) as address, Client(address) as client:
        with closing(client.stream(FI)) as events:
            assert next(events) == PassagesFound(())
            assert waiting.begun.wait(10)
        assert waiting.closed.wait(10)


def test_an_async_stream_that_is_closed_ends_the_work_on_the_server(tmp_path: Path) -> None:
    waiting = WaitingAssistant()

    async def leave(address: str) -> None:
        async with AsyncClient(address) as client, aclosing(client.stream(FI)) as events:
            assert await anext(events) == PassagesFound(())

    with served(app_over(waiting, home=tmp_path)) as address:
        asyncio.run(leave(address))
        assert waiting.closed.wait(10)


# -- Documents ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("german")
    (root / "docs").mkdir()
    text = "# Helsinki\n\nHelsinki ist eine Stadt in Finnland. Helsinki wurde 1550 gegründet.\n"
    (root / "docs" / "helsinki ä&b.md").write_text(text, encoding="utf-8")
    settings = Settings.model_construct(home=root / ".footnote")
    catalog, ingest = build_ingest(settings)
    ingest.run([root / "docs"])
    catalog.close()
    return settings


@pytest.fixture(scope="module")
def library(german: Settings, bundled: StaticEmbedder) -> Iterator[str]:
    with open_assistant(german) as assistant, served(app_over(assistant, home=german.home, bundled=bundled)) as address:
        yield address


HELSINKI = "docs/helsinki ä&b.md"


def test_documents_are_listed_read_and_searched(connect: Connect, library: str) -> None:
    client = connect(library)
    (listed,) = client.documents()
    assert (listed.document, listed.title, listed.language, listed.state) == (HELSINKI, "Helsinki", "de", "indexed")
    assert (
        client.documents("no such title") == client.documents(language="ja") == client.documents(state="failed") == []
    )
    document = client.document(HELSINKI)
    assert (document.title, document.uploaded) == ("Helsinki", False)
    (found, *_) = client.search("Milloin Helsinki perustettiin?", top_k=1)
    assert client.text(HELSINKI, found.start, found.end) == document.text[found.start : found.end] == found.text
    assert client.text(HELSINKI) == document.text
    assert found.url.startswith(f"{library}/?document=docs%2Fhelsinki%20%C3%A4%26b.md&start=")
    assert client.search("Helsinki", within=DocumentFilter(languages=frozenset({"ja"}))) == []
    answer = client.ask("Milloin Helsinki perustettiin?")
    assert client.text(HELSINKI, answer.citations[0].start, answer.citations[0].end) == answer.citations[0].quote


def test_a_file_is_added_once_and_removed(connect: Connect, library: str, tmp_path: Path) -> None:
    client = connect(library)
    file = tmp_path / "nota.md"
    file.write_text("# Siili\n\nSiili nukkuu talvella viisi kuukautta.\n", encoding="utf-8")
    added = client.add_file(file, name="siili.md")
    assert (added.state, added.chunks) == ("indexed", 1)
    assert added.document.endswith("siili.md")
    assert client.add_file(file).state == "unchanged"
    assert client.document(added.document).uploaded
    client.remove(added.document)
    assert [listed.document for listed in client.documents()] == [HELSINKI]
    with pytest.raises(NotFoundError) as error:
        client.remove(added.document)
    assert error.value.status == 404


def test_what_cannot_be_added_is_an_error_that_says_why(connect: Connect, library: str, tmp_path: Path) -> None:
    client = connect(library)
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    with pytest.raises(InvalidRequestError, match=r"a\.png"):
        client.add_file(picture)
    with pytest.raises(InvalidRequestError, match="ftp"):
        client.add_url("ftp://example.org/a")
    with pytest.raises(LoadError, match=r"nothing\.md"):
        client.add_file(tmp_path / "nothing.md")


def test_a_text_that_is_not_there_is_an_error(connect: Connect, library: str) -> None:
    client = connect(library)
    with pytest.raises(NotFoundError, match=r"no document 'docs/nothing\.md'"):
        client.document("docs/nothing.md")
    with pytest.raises(InvalidRequestError):
        client.text(HELSINKI, 5, 1_000_000)


def test_feedback_is_kept_and_can_be_changed(connect: Connect, library: str, german: Settings) -> None:
    client, prepared = connect(library), ANSWERS[JA]
    assert isinstance(prepared, Answer)
    answer_id = client.send_feedback(prepared, rating="good")
    assert client.send_feedback(prepared, rating="bad", comment="いいえ", answer_id=answer_id) == answer_id
    (kept,) = [entry for entry in FeedbackStore(german.home).all() if entry.answer_id == answer_id]
    assert (kept.rating, kept.comment, kept.answer, kept.channel) == (Rating.BAD, "いいえ", prepared.text, "api")
    with pytest.raises(InvalidRequestError):
        client.send_feedback(prepared, rating="meh")


# -- What goes wrong ---------------------------------------------------------------------------------------------------


class ScriptedServer:
    """Answers with prepared responses, one after the other, and keeps what it was asked."""

    def __init__(self) -> None:
        self.responses: deque[Response] = deque()
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope, receive)
        self.asked.append((request.url.path, dict(request.headers), await request.body()))
        await self.responses.popleft()(scope, receive, send)


@pytest.fixture(scope="module")
def _scripted_server() -> Iterator[tuple[ScriptedServer, str]]:
    server = ScriptedServer()
    with served(server) as address:
        yield server, address


@pytest.fixture
def server(_scripted_server: tuple[ScriptedServer, str]) -> tuple[ScriptedServer, str]:
    """A server without a script yet, and its address."""
    _scripted_server[0].responses.clear()
    _scripted_server[0].asked.clear()
    return _scripted_server


def problem(status: int, *, retry_after: str | None = None, **members: Any) -> Response:
    body = {"type": "/problems/x", "title": "Das geht nicht", "status": status, "detail": "Darum.", **members}
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    return Response(json.dumps(body), status, {"X-Request-ID": "r-1", **headers}, "application/problem+json")


def empty_list() -> Response:
    return Response('{"documents": [], "total": 0, "next_cursor": null}', media_type="application/json")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, KeyRefusedError),
        (403, KeyRefusedError),
        (404, NotFoundError),
        (409, BusyError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, BusyError),
        (500, ServerError),
        (502, ServerError),
        (503, BusyError),
    ],
)
def test_a_problem_is_an_error_of_its_kind(
    connect: Connect, server: tuple[ScriptedServer, str], status: int, kind: type[ApiError]
) -> None:
    server[0].responses.append(problem(status))
    with pytest.raises(ApiError) as caught:
        connect(server[1]).documents()
    error = caught.value
    assert type(error) is kind
    assert str(error) == f"Das geht nicht: Darum (HTTP {status})."
    assert (error.status, error.title, error.detail) == (status, "Das geht nicht", "Darum")
    assert (error.request_id, error.retry_after) == ("r-1", None)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response("<h1>hello</h1>", 200, media_type="text/html"), ServerError),
        (Response("{}", 200), ServerError),
        (Response('{"documents": [{"document": 5}]}', 200), ServerError),
        (Response("<h1>no</h1>\x00", 502), ServerError),
        (Response("", 302, {"Location": "https://elsewhere.example/"}), ServerError),
        (Response("[]", 400), InvalidRequestError),
    ],
    ids=["page", "empty", "other", "proxy", "redirect", "list"],
)
def test_what_is_no_footnote_server_is_said_to_be_none(
    connect: Connect, server: tuple[ScriptedServer, str], response: Response, kind: type[ApiError]
) -> None:
    server[0].responses.append(response)
    with pytest.raises(kind) as error:
        connect(server[1]).documents()
    assert str(error.value).endswith(".")
    assert "<h1>" not in str(error.value)


@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_request_is_sent_again_when_the_server_says_after_which_time(
    connect: Connect, server: tuple[ScriptedServer, str], status: int
) -> None:
    server[0].responses.extend([problem(status, retry_after="0"), problem(status, retry_after="0.01"), empty_list()])
    assert connect(server[1]).documents() == []
    assert len(server[0].asked) == 3


def test_an_upload_that_is_sent_again_is_the_same_for_the_server(
    connect: Connect, server: tuple[ScriptedServer, str], tmp_path: Path
) -> None:
    added = '{"documents": [{"document": "a.md", "state": "indexed", "reason": null, "chunks": 1}]}'
    server[0].responses.extend([problem(503, retry_after="0"), Response(added, 201)])
    (tmp_path / "ä.md").write_text("日本", encoding="utf-8")
    assert connect(server[1]).add_file(tmp_path / "ä.md").document == "a.md"
    (_, first, sent), (_, second, again) = server[0].asked
    assert first["idempotency-key"] == second["idempotency-key"]
    assert "日本".encode() in sent
    assert "日本".encode() in again


def test_a_busy_server_is_asked_three_times_at_most(connect: Connect, server: tuple[ScriptedServer, str]) -> None:
    server[0].responses.extend(problem(429, retry_after="0") for _ in range(4))
    with pytest.raises(BusyError) as error:
        connect(server[1]).ask(FI)
    assert error.value.retry_after == 0
    assert len(server[0].asked) == 3


def test_a_server_that_wants_hours_is_not_waited_for(connect: Connect, server: tuple[ScriptedServer, str]) -> None:
    server[0].responses.append(problem(429, retry_after="7200"))
    with pytest.raises(BusyError) as error:
        connect(server[1]).documents()
    assert error.value.retry_after == 7200
    assert len(server[0].asked) == 1


@pytest.mark.parametrize(
    ("status", "given", "least", "most"),
    [
        (429, "7", 7, 7),
        (503, "0.5", 0.5, 0.5),
        (429, "-3", 0, 0),
        (429, timedelta(seconds=50), 1, 50),
        (429, timedelta(days=-1), 0, 0),
    ],
    ids=["whole", "part", "past", "date", "past-date"],
)
def test_the_time_to_wait_is_read_as_a_number_or_a_date(
    status: int, given: str | timedelta, least: float, most: float
) -> None:
    if isinstance(given, timedelta):
        given = format_datetime(datetime.now(UTC) + given, usegmt=True)
    wait = pause_before_retry(status, {"retry-after": given})
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize(
    ("status", "given"),
    [(500, "1"), (429, ""), (429, "soon"), (429, "nan"), (429, "inf"), (429, "61"), (429, "Thu, 99 Foo 2020")],
)
def test_no_time_to_wait_means_no_other_try(status: int, given: str) -> None:
    assert pause_before_retry(status, {"retry-after": given}) is None


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b'event: token\ndata: {"text": "half',
        b'event: token\ndata: {"text": "a"}\n\n',
        b"event: token\ndata: {}\n\n",
        b"event: token\ndata: nonsense\n\n",
        b'event: done\ndata: {"answer": 5}\n\n',
        b"event: passages\ndata: []\n\n",
        b"event: failed\ndata: []\n\n",
        b"event: token\ndata: " + 100_000 * b"[" + b"\n\n",
    ],
    ids=["nothing", "cut", "open", "other", "nonsense", "answer", "list", "failed", "deep"],
)
def test_a_stream_that_breaks_off_or_makes_no_sense_is_an_error(
    connect: Connect, server: tuple[ScriptedServer, str], sent: bytes
) -> None:
    server[0].responses.append(Response(sent, media_type="text/event-stream"))
    with pytest.raises(UnreachableError, match="broke off"):
        connect(server[1]).ask(FI)


def test_a_server_that_is_not_there_is_named_without_its_password(connect: Connect) -> None:
    with pytest.raises(UnreachableError) as error:
        connect("http://me:secret@127.0.0.1:1", api_key="fn_secret").documents()
    assert "'http://127.0.0.1:1' was not reached" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "nonsense",
            "ftp://example.org",
            "http://[",
            "http://127.0.0.1:99999",
            "http://127.0\n.0.1",
            "http://a..b",
        ),
        *("http://.", "http://xn--a", f"http://{300 * 'a'}"),
    ],
)
def test_an_address_that_is_none_is_an_error(connect: Connect, address: str) -> None:
    with pytest.raises(UnreachableError):
        connect(address).documents()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", 100_000 * b"["], ids=["page", "deep"])
def test_what_is_no_server_of_ours_is_said_whatever_is_asked(
    connect: Connect, server: tuple[ScriptedServer, str], body: bytes
) -> None:
    calls: list[Callable[[], object]] = [lambda: connect(server[1]).ask(FI), lambda: connect(server[1]).search(FI)]
    for call in calls:
        server[0].responses.append(Response(body, media_type="text/html"))
        with pytest.raises(ServerError, match="no Footnote server"):
            call()


def test_a_connection_that_breaks_is_not_called_an_address_to_check(connect: Connect) -> None:
    def cut(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\nevent:"
            )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=cut, args=(listener,))
        thread.start()
        with pytest.raises(UnreachableError, match=r"The connection to .* broke"):
            connect(f"http://127.0.0.1:{listener.getsockname()[1]}").ask(FI)
        thread.join()


@pytest.mark.parametrize("key", ["", " ", "fn_…", "fn_x\r\nX-Other: y", "fn x"])
def test_a_key_that_is_none_is_not_even_sent(connect: Connect, key: str) -> None:
    with pytest.raises(KeyRefusedError) as error:
        connect("http://127.0.0.1:1", api_key=key).documents()
    assert "fn" not in str(error.value)


def test_a_server_that_says_nothing_is_given_up(connect: Connect, tmp_path: Path) -> None:
    silent = threading.Event()

    class Silent(ScriptedAssistant):
        def stream(self, question: str, **_: object) -> Iterator[Event]:
            silent.wait(10)
            yield Token(question)

    with served(app_over(Silent({}), home=tmp_path)) as address:
        with pytest.raises(UnreachableError, match="in time"):
            connect(address, timeout=0.1).ask(FI)
        silent.set()


def test_the_key_is_sent_and_a_path_before_the_api_is_kept(
    connect: Connect, server: tuple[ScriptedServer, str]
) -> None:
    server[0].responses.append(empty_list())
    connect(f"{server[1]}/docs/", api_key="fn_x").documents()
    ((path, headers, _),) = server[0].asked
    assert path == "/docs/api/v1/documents"
    assert headers["authorization"] == "Bearer fn_x"


def test_a_long_list_is_read_to_its_end(connect: Connect, server: tuple[ScriptedServer, str]) -> None:
    entry = {
        "id": "x", "title": "T", "language": "fi", "date": None, "state": "indexed", "reason": None, "chunks": 1,
        "changed_at": "2026-01-01", "uploaded": False, "new_field": 1,
    }  # fmt: skip
    for name, cursor in (("a", "YQ"), ("b", None)):
        page = {"documents": [entry | {"document": name}], "total": 2, "next_cursor": cursor}
        server[0].responses.append(Response(json.dumps(page), media_type="application/json"))
    assert [listed.document for listed in connect(server[1]).documents()] == ["a", "b"]


@pytest.mark.parametrize("length", [1, 7, 10_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_events_are_read_wherever_they_are_cut(length: int, end: str) -> None:
    lines = [
        ": waiting", "", "id: 1", "event: token", 'data: {"text":"日\u2028本\x85"}', "", "event: new", "data: {}", "",
        "event: token", "data: {", 'data: "text": ""}', "",
    ]  # fmt: skip
    sent = "".join(line + end for line in lines).encode()
    reader = EventReader()
    events: Sequence[Event] = [
        event for at in range(0, len(sent), length) for event in reader.read(sent[at : at + length])
    ]
    assert events == [Token("日\u2028本\x85"), Token("")]


# -- Examples ----------------------------------------------------------------------------------------------------------


def test_the_example_in_the_clients_description_works(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    described = ui.client.__doc__ or ""
    lines = [line.removeprefix("    ") for line in described.splitlines() if line.startswith("    ")]
    example = "\n".join(lines).partition("index.errors.FootnoteError")[0].replace("http://127.0.0.1:7860", library)
    assert "client.ask" in example
    exec(compile(example, "example", "exec"), {})  # noqa: S102 - it is ours
    printed = "Helsinki ist eine Stadt in Finnland. Helsinki wurde 1550 gegründet."
    assert capsys.readouterr().out.strip().endswith(f"[1] {printed}")
