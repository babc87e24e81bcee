"""Tracing: one trace for a request, what stands in it, and what does not."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from index.embedding import StaticEmbedder
from index.errors import SettingsError
from index.knowledge_base import KnowledgeBase
from rag.answers import Answer, Done, Event, Turn
from rag.assistant import Assistant
from tests.fakes import ScriptedAssistant
from tests.openai_server import OpenAIServer, Reply
from ui.answering import Answering
from ui.build import build_assistant
from ui.conversation import follow
from ui.observation import Observed, in_request
from ui.settings import Settings
from ui.tracing import Tracing, open_tracing, open_watches

QUESTION = "When did the Berlin Wall fall?"
FOLLOW_UP = "Und warum?"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


class Traced:
    """A tracing whose spans can be looked at."""

    def __init__(self, tracing: Tracing, exporter: InMemorySpanExporter) -> None:
        self.tracing = tracing
        self._exporter = exporter

    @property
    def spans(self) -> list[ReadableSpan]:
        """All spans, by when they began."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, name: str) -> ReadableSpan:
        (span,) = [span for span in self.spans if span.name == name]
        return span

    @property
    def texts(self) -> str:
        """Whatever is written in the spans."""
        return "\n".join(span.to_json() for span in self.spans)


@pytest.fixture(params=[False, True], ids=["without texts", "with texts"])
def content(request: pytest.FixtureRequest) -> bool:
    shown: bool = request.param
    return shown


@pytest.fixture
def traced() -> Iterator[Traced]:
    exporter = InMemorySpanExporter()
    with open_tracing(content=False, exporter=exporter) as tracing:
        yield Traced(tracing, exporter)


@pytest.fixture
def assistant(
    seeds_home: Path, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder, openai_server: OpenAIServer
) -> Assistant:
    """One that writes with a chat model."""
    settings = Settings.model_construct(
        home=seeds_home, openai_base_url=openai_server.base_url, model="m", model_timeout=5.0, model_temperature=0
    )
    return build_assistant(settings, seeds_knowledge_base, bundled=bundled)


def served(assistant: Assistant | ScriptedAssistant, tracing: Tracing) -> TestClient:
    """A server that answers a follow-up question."""
    answering = Answering(assistant, watches=(tracing.watch,))

    async def ask(request: Request) -> Response:
        question = request.query_params["q"]
        answer = await answering.ask(question, history=(Turn("Wann fiel die Mauer?", "1989 [1]."),))
        return JSONResponse({"answered": isinstance(answer, Answer)})

    return TestClient(Observed(Starlette(routes=[Route("/ask/{x}", ask)]), tracing=tracing))


def ids(span: ReadableSpan) -> tuple[int, int, int | None]:
    """The trace, the span, and its parent."""
    assert span.context is not None
    return span.context.trace_id, span.context.span_id, span.parent.span_id if span.parent else None


def test_a_question_is_one_trace_from_the_caller_to_the_chat_model(
    traced: Traced, assistant: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply("Warum fiel die Berliner Mauer?"), Reply("Die Mauer fiel [1]."))
    with served(assistant, traced.tracing) as client:
        client.get(f"/ask/1?q={FOLLOW_UP}", headers={"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "abc"})
    spans = traced.spans
    assert {f"{ids(span)[0]:032x}" for span in spans} == {TRACE}
    request, answer = traced.named("GET /ask/{x}"), traced.named("answer")
    assert (f"{ids(request)[2]:016x}", request.kind) == (CALLER, SpanKind.SERVER)
    assert {name: (request.attributes or {})[name] for name in ("http.route", "footnote.request_id", "url.path")} == {
        "http.route": "/ask/{x}",
        "footnote.request_id": "abc",
        "url.path": "/ask/1",
    }
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert ids(answer)[2] == ids(request)[1]
    below = {span.name for span in spans if ids(span)[2] == ids(answer)[1]}
    assert {"rewriting", "dense", "lexical", "reranking", "folding", "retrieval", "model"} <= below
    langchain = [span for span in spans if "openinference.span.kind" in (span.attributes or {})]
    assert [(span.attributes or {})["openinference.span.kind"] for span in langchain].count("LLM") == 2
    parents = {ids(span)[1] for span in langchain} | {ids(answer)[1]}
    assert [span.name for span in langchain if ids(span)[2] not in parents] == []


def test_steps_lie_inside_of_their_answer(traced: Traced, assistant: Assistant, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Die Mauer fiel [1]."))
    list(traced.tracing.watch(assistant.stream(QUESTION), "api"))
    answer = traced.named("answer")
    steps = [traced.named(name) for name in ("dense", "lexical", "reranking", "retrieval", "model")]
    for span in steps:
        assert answer.start_time is not None
        assert answer.end_time is not None
        assert span.start_time is not None
        assert span.end_time is not None
        assert answer.start_time <= span.start_time <= span.end_time <= answer.end_time
    ends = [span.end_time or 0 for span in steps]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("Quokkas zigzag: the Wall fell [1]."),
        Reply("Quokkas refuse", status=400),
        Reply("Quokkas", failure="error_only"),
    ],
    ids=["answer", "refusal", "error in the stream"],
)
def test_spans_hold_texts_only_if_the_log_may(
    content: bool, reply: Reply, assistant: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(reply, reply)
    exporter = InMemorySpanExporter()
    with open_tracing(content=content, exporter=exporter) as tracing:
        with served(assistant, tracing) as client:
            client.get(f"/ask/1?q={QUESTION}")
        texts = Traced(tracing, exporter).texts
    assert {word: word in texts for word in ("Quokkas", "Berlin Wall fall", "<passage")} == {
        "Quokkas": content,
        "Berlin Wall fall": content,
        "<passage": content,
    }
    assert '"llm.model_name": "m"' in texts


def test_a_failure_of_ours_marks_the_trace_without_its_words(traced: Traced) -> None:
    assistant = ScriptedAssistant({"誰？": RuntimeError("secret")})
    with served(assistant, traced.tracing) as client:
        assert client.get("/ask/1?q=誰？").status_code == 500
    request, answer = traced.named("GET /ask/{x}"), traced.named("answer")
    assert (request.status.status_code, answer.status.status_code) == (StatusCode.ERROR, StatusCode.ERROR)
    assert (answer.attributes or {})["footnote.outcome"] == "failed"
    assert [event.name for event in answer.events] == ["exception"]
    assert (answer.events[0].attributes or {})["exception.type"] == "RuntimeError"
    assert "secret" not in traced.texts


def test_answers_of_the_page_belong_to_the_request_that_asked(traced: Traced) -> None:
    assistant = ScriptedAssistant({"Kuka?": Answer(question="Kuka?", language="fi", text="Hän.", answered=True)})

    async def join(request: Request) -> Response:
        scopes.append(dict(request.scope))
        return JSONResponse({})

    scopes: list[dict[str, object]] = []
    with TestClient(Observed(Starlette(routes=[Route("/join", join)]), tracing=traced.tracing)) as client:
        client.get("/join")
    exchanges = follow(assistant, "Kuka?", history=(), interface="fi", watches=(traced.tracing.watch,))
    list(in_request(exchanges, scopes[0]))  # as Gradio does, after the request, in another thread
    assert ids(traced.named("answer"))[0] == ids(traced.named("GET /join"))[0]


def test_an_answer_that_nobody_waits_for_ends_its_span(traced: Traced) -> None:
    closed: list[str] = []

    def events() -> Iterator[Event]:
        try:
            yield Done(Answer(question="?", language="en", text="", answered=False))
            yield Done(Answer(question="?", language="en", text="", answered=True))
        finally:
            closed.append("closed")

    watched = traced.tracing.watch(events(), "mcp")
    next(watched)
    watched.close()  # type: ignore[attr-defined]  # it is a generator
    assert closed == ["closed"]
    attributes = traced.named("answer").attributes or {}
    assert (attributes["footnote.channel"], attributes["footnote.outcome"]) == ("mcp", "not_answered")


@pytest.mark.parametrize("path", ["/api/health", "/metrics", "/static/page.css"])
def test_what_is_asked_for_all_the_time_is_not_traced(path: str, traced: Traced) -> None:
    with TestClient(Observed(Starlette(), tracing=traced.tracing)) as client:
        client.get(path)
    assert traced.spans == []


def test_two_questions_at_once_do_not_share_a_trace(traced: Traced) -> None:
    answers = {name: Answer(question=name, language="en", text="x y z", answered=True) for name in ("a", "b")}
    answering = Answering(ScriptedAssistant(answers), watches=(traced.tracing.watch,))

    async def both() -> None:
        await asyncio.gather(answering.ask("a"), answering.ask("b"))

    asyncio.run(both())
    assert len({ids(span)[0] for span in traced.spans}) == 2


def test_a_command_without_http_traces_its_answers_only_if_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")  # nothing is sent
    with open_watches(Settings.model_construct(tracing="off")) as watches:
        assert watches == ()
    with open_watches(Settings.model_construct(tracing="on")) as watches:
        assert [list(watch(iter(()), "slack")) for watch in watches] == [[]]


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openinference.instrumentation", None)
    with pytest.raises(SettingsError) as refused, open_tracing(content=False):
        pass
    assert str(refused.value) == (
        "FOOTNOTE_TRACING is on, but 'openinference.instrumentation' is not installed. "
        "Install it with pip install 'footnote[tracing]', or set FOOTNOTE_TRACING=off."
    )


@pytest.mark.parametrize("name", ["", "documents"], ids=["ours", "set"])
def test_the_name_of_the_service_is_ours_unless_it_is_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name:
        monkeypatch.setenv("OTEL_SERVICE_NAME", name)
    exporter = InMemorySpanExporter()
    with open_tracing(content=False, exporter=exporter) as tracing:
        list(tracing.watch(iter(()), "api"))
    assert exporter.get_finished_spans()[0].resource.attributes["service.name"] == (name or "footnote")
