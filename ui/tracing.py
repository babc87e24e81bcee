"""OpenTelemetry: one trace for a request, with its answer, the steps of that, and what LangChain does inside.

Nothing of it is imported unless FOOTNOTE_TRACING is on. Where spans go is said by OpenTelemetry's own variables, such
as OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.types import Scope

from index.errors import SettingsError
from rag.answers import Done, Event, Failed
from rag.clock import step_listener
from ui.answering import Channel, Watch, close_stream
from ui.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

# What of an exception is text, which may be that of a document or of a question.
_EXCEPTION_TEXTS = ("exception.message", "exception.stacktrace")


@contextmanager
def open_tracing(*, content: bool, exporter: "SpanExporter | None" = None) -> "Iterator[Tracing]":
    """Trace until the block ends; what is left of spans is sent then.

    Args:
        content: Whether questions, prompts and answers may stand in spans.
        exporter: Where spans go, at once; by default OTLP over HTTP, in batches.

    Raises:
        SettingsError: If the extra is not installed.
    """
    try:
        from openinference.instrumentation import TraceConfig
        from openinference.instrumentation.langchain import LangChainInstrumentor
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"FOOTNOTE_TRACING is on, but {error.name!r} is not installed. "
            "Install it with pip install 'footnote[tracing]', or set FOOTNOTE_TRACING=off."
        ) from error
    named = Resource({"service.name": "footnote", "service.version": version("footnote")})
    provider = TracerProvider(resource=Resource.get_empty().merge(named).merge(OTELResourceDetector().detect()))
    processor = BatchSpanProcessor if exporter is None else SimpleSpanProcessor
    target = exporter or OTLPSpanExporter()
    provider.add_span_processor(processor(target if content else _without_texts(target)))
    hidden = None if content else True  # None: OpenInference's own variables decide
    langchain = LangChainInstrumentor()
    langchain.instrument(
        tracer_provider=provider,
        config=TraceConfig(
            hide_inputs=hidden,
            hide_outputs=hidden,
            hide_prompts=hidden,
            hide_choices=hidden,
            hide_llm_tools=hidden,
            hide_retrieval_documents=hidden,
        ),
    )
    try:
        yield Tracing(provider.get_tracer("footnote"))
    finally:
        langchain.uninstrument()
        provider.shutdown()


@contextmanager
def open_watches(settings: Settings) -> Iterator[tuple[Watch, ...]]:
    """What sees the answers of a command that serves no HTTP, such as a bot: a tracing, if one is wanted.

    Raises:
        SettingsError: If one is, and the extra is not installed.
    """
    if settings.tracing == "off":
        yield ()
        return
    with open_tracing(content=settings.log_content == "on") as tracing:
        yield (tracing.watch,)


class Tracing:
    """Opens the spans that are ours."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    @contextmanager
    def request(self, scope: Scope) -> "Iterator[RequestSpan]":
        """Open the span of a request, inside of the caller's trace if it names one."""
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer.start_as_current_span(
            scope["method"],
            context=propagate.extract(headers),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "url.path": scope["path"],
                "url.scheme": scope.get("scheme", "http"),
                "footnote.request_id": scope["state"]["request_id"],
            },
        ) as span:
            yield RequestSpan(span, scope["method"])

    def watch(self, events: Iterator[Event], channel: Channel) -> Iterator[Event]:
        """Hold an answer in a span with one for each step, a `ui.answering.Watch`."""
        # Begun here, because the answer itself may begin in another thread, when it is its turn.
        span = self._tracer.start_span("answer", attributes={"footnote.channel": channel})
        return self._watched(events, span)

    def _watched(self, events: Iterator[Event], span: "Span") -> Iterator[Event]:
        from opentelemetry.trace import use_span

        outcome = "stopped"
        try:
            while True:
                # The generator may go on in another thread each time, so the span is put in place anew.
                with use_span(span), self._steps_heard(span):
                    event = next(events, None)
                if event is None:
                    return
                match event:
                    case Done(answer):
                        outcome = "answered" if answer.answered else "not_answered"
                        span.set_attribute("footnote.language", answer.language)
                        span.set_attribute("footnote.passages", len(answer.passages))
                        span.set_attribute("footnote.citations", len(answer.citations))
                    case Failed():
                        outcome = "failed"
                yield event
        except Exception:
            outcome = "failed"
            raise
        finally:
            with use_span(span):
                close_stream(events)
            span.set_attribute("footnote.outcome", outcome)
            span.end()

    @contextmanager
    def _steps_heard(self, span: "Span") -> Iterator[None]:
        """Make a span of each step that ends inside of the block."""
        from opentelemetry.trace import set_span_in_context

        answer = set_span_in_context(span)

        def add(step: str, seconds: float) -> None:
            ended = time.time_ns()
            self._tracer.start_span(step, context=answer, start_time=ended - int(seconds * 1e9)).end(ended)

        token = step_listener.set(add)
        try:
            yield
        finally:
            step_listener.reset(token)


class RequestSpan:
    """The span of one request."""

    def __init__(self, span: "Span", method: str) -> None:
        self._span = span
        self._method = method

    def ended(self, *, route: str, status: int) -> None:
        """Say what became of the request."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        self._span.update_name(f"{self._method} {route}")
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


def _without_texts(target: "SpanExporter") -> "SpanExporter":
    """An exporter that hands spans on without what exceptions say."""
    from opentelemetry.sdk.trace import Event as SpanEvent
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Status

    class WithoutTexts(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return target.export([self._stripped(span) for span in spans])

        def shutdown(self) -> None:
            target.shutdown()

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return target.force_flush(timeout_millis)

        def _stripped(self, span: ReadableSpan) -> ReadableSpan:
            return ReadableSpan(
                span.name,
                context=span.context,
                parent=span.parent,
                resource=span.resource,
                attributes=span.attributes,
                events=[
                    SpanEvent(
                        event.name,
                        {key: value for key, value in (event.attributes or {}).items() if key not in _EXCEPTION_TEXTS},
                        event.timestamp,
                    )
                    for event in span.events
                ],
                links=span.links,
                kind=span.kind,
                status=Status(span.status.status_code),
                start_time=span.start_time,
                end_time=span.end_time,
                instrumentation_scope=span.instrumentation_scope,
            )

    return WithoutTexts()
