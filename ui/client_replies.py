"""What a client reads of a server's replies: both clients in `ui.client` share it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.answers import Answer, CitationsFound, Done, Event, Failed, PassagesFound, Token
from rag.explanation import Explanation
from ui.client_errors import broken_answer, failed_answer, no_footnote
from ui.schemas import answer_dict, answer_from_dict

_LONGEST_EVENT = 32 * 1024 * 1024
# An answer in which nothing was found yet: parts of a stream are read as parts of it.
_NOTHING_YET = answer_dict(Answer("", "und", "", answered=False))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """Another document that says the same as a result."""

    document: str
    title: str
    language: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundText:
    """A result of a search: `start` and `end` are where it stands in the document's text."""

    document: str
    title: str
    language: str
    text: str
    start: int
    end: int
    score: float
    searchers: tuple[str, ...]
    versions: tuple[FoundVersion, ...]
    url: str
    """Shows it on the server's page."""


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document and its state, `indexed` or `failed`."""

    document: str
    """Its source, by which the client's methods name it."""
    title: str
    language: str
    date: str | None
    state: str
    reason: str | None
    """Why it failed, or what was noticed about it."""
    chunks: int
    changed_at: str
    uploaded: bool


@dataclass(frozen=True, slots=True)
class FullDocument(ListedDocument):
    """A document with its text."""

    metadata: dict[str, str]
    text: str | None
    """What offsets point into; `None` if it could never be read."""


@dataclass(frozen=True, slots=True)
class AddedDocument:
    """What became of a file or page: `indexed`, `changed` or `unchanged`."""

    document: str
    state: str
    reason: str | None
    chunks: int


class EventReader:
    """Reads the events of an answer from the bytes of a stream, wherever those are cut."""

    def __init__(self) -> None:
        self._held = b""
        self._name = ""
        self._data: list[bytes] = []
        self._passages: list[Any] = []

    def read(self, piece: bytes) -> Iterator[Event]:
        """Yield the events that are complete with this piece.

        Raises:
            UnreachableError: If an event makes no sense.
        """
        # By bytes: what Python counts as the end of a line may stand in the JSON.
        *lines, self._held = (self._held + piece).split(b"\n")
        if len(self._held) > _LONGEST_EVENT:
            raise broken_answer()
        for line in lines:
            yield from self._line(line.rstrip(b"\r"))

    def _line(self, line: bytes) -> Iterator[Event]:
        name, _, value = line.partition(b":")
        if line and name == b"event":
            self._name = value.strip().decode("utf-8", "replace")
        elif line and name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            try:
                event = self._event(self._name, json.loads(data))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise broken_answer() from error
            if event is not None:
                yield event

    def _event(self, name: str, data: Mapping[str, Any]) -> Event | None:
        """The event; `None` for one that only a newer client knows."""
        match name:
            case "passages":
                self._passages = data["passages"]
                return PassagesFound(answer_from_dict(_NOTHING_YET | {"passages": self._passages}).passages)
            case "citations":
                found = {"passages": self._passages, "citations": data["citations"]}
                return CitationsFound(answer_from_dict(_NOTHING_YET | found).citations)
            case "token":
                return Token(str(data["text"]))
            case "done":
                return Done(_answer(data))
            case "failed":
                error = failed_answer(data)
                return Failed(str(error), error)
            case _:
                return None


def expect_events(headers: Mapping[str, str]) -> None:
    """Make sure that what follows is a stream of events.

    Raises:
        ServerError: If it is not.
    """
    if not headers.get("content-type", "").startswith("text/event-stream"):
        raise no_footnote()


def read_results(body: bytes) -> list[FoundText]:
    """Return the results of a search."""
    return _read(list[FoundText], body, "results")


def read_page(body: bytes) -> tuple[list[ListedDocument], str | None]:
    """Return a page of the list of documents, and the cursor of the next one."""
    return _read(list[ListedDocument], body, "documents"), _read(str | None, body, "next_cursor")


def read_document(body: bytes) -> FullDocument:
    """Return a document."""
    return _read(FullDocument, body)


def read_text(body: bytes) -> str:
    """Return a stretch of a document's text."""
    return _read(str, body, "text")


def read_added(body: bytes) -> AddedDocument:
    """Return what became of the only document that was sent."""
    added: tuple[AddedDocument] = _read(tuple[AddedDocument], body, "documents")
    return added[0]


def answer_of(event: Event) -> Answer | None:
    """Return the answer that an event brings, if it is the last one; raise its error if it failed."""
    match event:
        case Done(answer):
            return answer
        case Failed(_, error):
            raise error
        case _:
            return None


def _read(shape: type[T] | Any, body: bytes, name: str | None = None) -> T:
    try:
        content = json.loads(body)
        value: T = TypeAdapter(shape).validate_python(content if name is None else content[name])
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise no_footnote() from error
    return value


def _answer(data: Mapping[str, Any]) -> Answer:
    answer = answer_from_dict(data)
    explained = data.get("explanation")
    if not explained:
        return answer
    candidates = [candidate | {"same_as": candidate["same_as"] or ""} for candidate in explained["candidates"]]
    explanation = TypeAdapter(Explanation).validate_python(
        explained | {"in_context": explained["in_context"] or "", "candidates": candidates}
    )
    return replace(answer, explanation=explanation)
