"""What is counted and timed, in the format that Prometheus reads; the only module that knows its client."""

import logging
import platform
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Protocol

from anyio import to_thread
from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client import Counter as CountedMetric
from prometheus_client import Gauge as GaugeMetric
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from index.catalog import DocumentRecord
from index.errors import FootnoteError
from rag.answers import Done, Event, Failed, Token
from rag.errors import QuestionError
from ui.answering import Channel, close_stream

log = logging.getLogger(__name__)

# From a file out of memory to an answer of a chat model on a slow machine.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class IndexedDocuments(Protocol):
    """Knows which documents there are: an `Assistant`."""

    def documents(self) -> Sequence[DocumentRecord]:
        """Return the state of every document."""


class Metrics:
    """The metrics of one server. Every label has few values, whatever is asked for."""

    def __init__(self, index: IndexedDocuments) -> None:
        """Begin to count from nothing.

        Args:
            index: Asked for its documents each time the metrics are read.
        """
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_IndexCollector(index))
        Info("footnote_build", "What is running.", registry=registry).info(
            {"version": version("footnote"), "python": platform.python_version()}
        )
        self._requests = CountedMetric(
            "footnote_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._request_seconds = Histogram(
            "footnote_http_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_progress = GaugeMetric(
            "footnote_http_requests_in_progress", "Requests that are being answered.", registry=registry
        )
        self._answers = CountedMetric(
            "footnote_answers",
            "Questions, by the way in and by what became of them: answered, not_answered (not in the documents), "
            "failed, refused (empty or too long), stopped (by whoever asked). With model: a chat model wrote it.",
            ("channel", "outcome", "with_model"),
            registry=registry,
        )
        self._first_words = Histogram(
            "footnote_answer_first_words_seconds",
            "From a question to the first words of its answer.",
            ("channel",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._answer_seconds = Histogram(
            "footnote_answer_duration_seconds",
            "From a question to the end of its answer.",
            ("channel",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._answers_in_progress = GaugeMetric(
            "footnote_answers_in_progress", "Questions that are being answered.", registry=registry
        )

    def request_began(self) -> None:
        """Count a request as in progress; `request_ended` must follow."""
        self._in_progress.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and its time.

        Args:
            method: One of the methods there are, or a word for all others.
            route: The pattern of its path.
            status: What it was answered with.
            seconds: How long it took.
        """
        self._in_progress.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def watch(self, events: Iterator[Event], channel: Channel) -> Iterator[Event]:
        """Count an answer and its times while it goes by, a `ui.answering.Watch`."""
        return self._watched(events, channel, time.perf_counter())  # the waiting for a thread counts

    def _watched(self, events: Iterator[Event], channel: Channel, asked: float) -> Iterator[Event]:
        outcome, with_model, has_words = "stopped", False, False
        self._answers_in_progress.inc()
        try:
            for event in events:
                match event:
                    case Token(text) if text and not has_words:
                        has_words = True
                        self._first_words.labels(channel).observe(time.perf_counter() - asked)
                    case Done(answer):
                        outcome, with_model = "answered" if answer.answered else "not_answered", bool(answer.model)
                    case Failed():
                        outcome = "failed"
                yield event
        except QuestionError:
            outcome = "refused"
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            close_stream(events)
            self._answers_in_progress.dec()
            self._answers.labels(channel, outcome, "yes" if with_model else "no").inc()
            self._answer_seconds.labels(channel).observe(time.perf_counter() - asked)

    def exposition(self) -> bytes:
        """Return all metrics as text; the catalog is read for it."""
        return generate_latest(_WithoutBirthdays(self._registry))

    async def endpoint(self, request: Request) -> Response:  # noqa: ARG002 - the shape of a Starlette endpoint
        """Answer a GET with all metrics."""
        return Response(await to_thread.run_sync(self.exposition), media_type=CONTENT_TYPE_LATEST)


class _WithoutBirthdays(CollectorRegistry):
    """Leaves out when each counter was made, which for most readers of this format doubles what they store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._all = registry

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics with the rest of their samples."""
        for metric in self._all.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class _IndexCollector(Collector):
    """Counts documents and chunks when somebody asks: nothing has to be kept up to date."""

    def __init__(self, index: IndexedDocuments) -> None:
        self._index = index

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers of documents by state, and of chunks."""
        try:
            records = self._index.documents()
        except FootnoteError as error:
            log.warning("The metrics of the index are missing: %s", error)
            return
        by_state = GaugeMetricFamily("footnote_documents", "Documents known, by state.", labels=["state"])
        for state, count in sorted(Counter(record.state for record in records).items()):
            by_state.add_metric([state], count)
        yield by_state
        yield GaugeMetricFamily("footnote_chunks", "Chunks searched.", value=sum(record.chunks for record in records))

    def describe(self) -> Iterator[Metric]:
        """Name what `collect` yields, so that registering does not read the catalog."""
        yield GaugeMetricFamily("footnote_documents", "", labels=["state"])
        yield GaugeMetricFamily("footnote_chunks", "")
