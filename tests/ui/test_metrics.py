"""Metrics: what is counted, under which few labels, and what a scrape looks like."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from index.catalog import DocumentRecord
from index.errors import StoreError
from rag.answers import Answer, Done, Event, Failed, PassagesFound, Token
from rag.errors import QuestionError
from tests.fakes import ScriptedAssistant
from ui.answering import Answering, Channel
from ui.conversation import follow
from ui.metrics import Metrics
from ui.observation import Observed

QUOTED = Answer(question="Kuka?", language="fi", text="Sibelius säveltäjä.", answered=True)
WRITTEN = Answer(question="誰？", language="ja", text="シベリウス", answered=True, model="m")
UNKNOWN = Answer(question="من؟", language="ar", text="لا إجابة", answered=False)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(metrics: Metrics) -> Samples:
    """What a scrape gives, as Prometheus' own parser reads it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def answers(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    """How many answers there were, by channel, outcome and whether a model wrote them."""
    return {
        (dict(labels)["channel"], dict(labels)["outcome"], dict(labels)["with_model"]): value
        for (name, labels), value in read(metrics).items()
        if name == "footnote_answers_total"
    }


class Index:
    """Documents in several states, or a catalog that cannot be read."""

    def __init__(self, *states: str, error: StoreError | None = None) -> None:
        self.states = states
        self.error = error

    def documents(self) -> Sequence[DocumentRecord]:
        """Give one document of three chunks for each state."""
        if self.error is not None:
            raise self.error
        return [
            DocumentRecord(f"{number}.md", state, None, "T", "en", None, None, chunks=3, changed_at="2026-01-01")
            for number, state in enumerate(self.states)
        ]


def test_documents_are_counted_by_state_when_somebody_asks() -> None:
    index = Index("indexed", "indexed", "failed")
    metrics = Metrics(index)
    samples = read(metrics)
    assert samples["footnote_documents", (("state", "indexed"),)] == 2
    assert samples["footnote_documents", (("state", "failed"),)] == 1
    assert samples["footnote_chunks", ()] == 9
    index.states = ()
    assert read(metrics)["footnote_chunks", ()] == 0


def test_a_catalog_that_cannot_be_read_takes_only_its_own_numbers_away(caplog: pytest.LogCaptureFixture) -> None:
    samples = read(Metrics(Index(error=StoreError("The disk is gone."))))
    assert ("footnote_chunks", ()) not in samples
    assert samples["footnote_answers_in_progress", ()] == 0
    assert caplog.messages == ["The metrics of the index are missing: The disk is gone."]


def test_the_process_and_what_runs_in_it_are_told() -> None:
    samples = read(Metrics(Index()))
    assert samples["process_resident_memory_bytes", ()] > 1_000_000
    ((_, labels),) = [key for key in samples if key[0] == "footnote_build_info"]
    assert [name for name, _ in labels] == ["python", "version"]
    assert [name for name, _ in samples if name.endswith("_created")] == []


def test_requests_are_counted_by_route_and_never_by_path() -> None:
    async def hello(_: Request) -> Response:
        return PlainTextResponse("Hello")

    metrics = Metrics(Index())
    app = Starlette(routes=[Route("/things/{name}", hello), Route("/metrics", metrics.endpoint)])
    with TestClient(Observed(app, metrics=metrics)) as client:
        for name in ("a", "b"):
            assert client.get(f"/things/{name}").status_code == 200
        client.get("/nowhere/1")
        client.get("/nowhere/2")
        client.request("BREW", "/things/a")
        scraped = client.get("/metrics")
    assert scraped.headers["content-type"].startswith("text/plain; version=")
    counted = {
        tuple(value for _, value in labels): count
        for (name, labels), count in read(metrics).items()
        if name == "footnote_http_requests_total"
    }
    assert counted == {
        ("GET", "/things/{name}", "200"): 2,
        ("GET", "other", "404"): 2,
        ("OTHER", "/things/{name}", "405"): 1,
        ("GET", "/metrics", "200"): 1,
    }
    samples = read(metrics)
    duration = "footnote_http_request_duration_seconds"
    assert samples[f"{duration}_count", (("method", "GET"), ("route", "/things/{name}"))] == 2
    assert samples["footnote_http_requests_in_progress", ()] == 0


def test_a_request_is_in_progress_while_it_is_answered() -> None:
    seen: list[float] = []

    async def looks(_: Request) -> Response:
        seen.append(read(metrics)["footnote_http_requests_in_progress", ()])
        return PlainTextResponse("")

    metrics = Metrics(Index())
    with TestClient(Observed(Starlette(routes=[Route("/", looks)]), metrics=metrics)) as client:
        client.get("/")
    assert seen == [1]


@pytest.mark.parametrize("channel", ["api", "openai", "slack", "mcp"])
def test_answers_are_counted_by_the_way_they_were_asked_for(channel: Channel) -> None:
    metrics = Metrics(Index())
    assistant = ScriptedAssistant(
        {"Kuka?": QUOTED, "من؟": UNKNOWN, "誰？": WRITTEN, "Qui ?": Failed("…", StoreError("…"))}
    )
    answering = Answering(assistant, watches=(metrics.watch,))

    async def ask() -> None:
        for question in assistant.answers:
            await answering.ask(question, channel=channel)

    asyncio.run(ask())
    assert answers(metrics) == {
        (channel, "answered", "no"): 1,
        (channel, "answered", "yes"): 1,
        (channel, "not_answered", "no"): 1,
        (channel, "failed", "no"): 1,
    }
    samples = read(metrics)
    assert samples["footnote_answer_first_words_seconds_count", (("channel", channel),)] == 3
    assert samples["footnote_answer_duration_seconds_count", (("channel", channel),)] == 4
    assert samples["footnote_answers_in_progress", ()] == 0


def test_answers_of_the_page_are_counted() -> None:
    metrics = Metrics(Index())
    list(follow(ScriptedAssistant({"Kuka?": QUOTED}), "Kuka?", history=(), interface="fi", watches=(metrics.watch,)))
    assert answers(metrics) == {("page", "answered", "no"): 1}


@pytest.mark.parametrize(
    ("error", "outcome"), [(QuestionError("Empty."), "refused"), (RuntimeError("…"), "failed")], ids=["refused", "bug"]
)
def test_an_answer_that_is_an_error_is_counted_and_goes_on(error: Exception, outcome: str) -> None:
    metrics = Metrics(Index())
    with pytest.raises(type(error)):
        list(metrics.watch(ScriptedAssistant({"?": error}).stream("?"), "api"))
    assert answers(metrics) == {("api", outcome, "no"): 1}


def test_an_answer_that_nobody_waits_for_is_counted_as_stopped_and_closed() -> None:
    closed: list[str] = []

    def events() -> Iterator[Event]:
        try:
            yield PassagesFound(())
            yield Token("Sibelius")
            yield Done(QUOTED)
        finally:
            closed.append("closed")

    metrics = Metrics(Index())
    watched = metrics.watch(events(), "slack")
    assert next(watched) == PassagesFound(())
    assert read(metrics)["footnote_answers_in_progress", ()] == 1
    watched.close()  # type: ignore[attr-defined]  # it is a generator
    assert (answers(metrics), closed) == ({("slack", "stopped", "no"): 1}, ["closed"])


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Metrics(Index()), Metrics(Index())
    list(first.watch(iter([Done(QUOTED)]), "api"))
    assert (len(answers(first)), len(answers(second))) == (1, 0)
