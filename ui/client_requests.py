"""What a client asks of a server, without any network: both clients in `ui.client` share it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from index.errors import LoadError
from index.filters import DocumentFilter
from rag.answers import Answer, Turn
from rag.question_text import clean_question, whole
from rag.settings import AssistantSettings
from ui.client_errors import KeyRefusedError, UnreachableError
from ui.document_ids import document_id
from ui.schemas import answer_dict

TIMEOUT = 60.0
"""Seconds without a byte: while a chat model thinks, a server sends a sign of life every 15 s."""
RETRIES = 2
"""How often a request is sent again that the server had no time for."""

_CONNECT_TIMEOUT = 10.0
_KEY = re.compile(r"[!-~]+")
_LONGEST_QUESTION = AssistantSettings().longest_question
_PAGE = 1000
# A server takes no more, and an answer looks back at a few.
_MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, which may be sent more than once."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    file: tuple[str, bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def http_options(base_url: str, *, api_key: str | None, timeout: float) -> dict[str, Any]:
    """How either of httpx's clients is made."""
    if api_key is not None and not _KEY.fullmatch(api_key.strip()):  # it would not even fit into a request
        raise KeyRefusedError("The key is none: it has characters that no key has. Give it as 'footnote keys' says it.")
    return {
        "base_url": base_url,
        "headers": {
            "Accept": "application/json, text/event-stream;q=0.9",
            **({"Authorization": f"Bearer {api_key.strip()}"} if api_key else {}),
        },
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
    }


def http_arguments(request: ApiRequest) -> dict[str, Any]:
    """A request as httpx takes it."""
    files = {"files": request.file} if request.file else None
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params) or None,
        "json": request.json,
        "files": files,
        "headers": dict(request.headers),
    }


def server_name(base_url: str) -> str:
    """The address for messages, without a password in it.

    Raises:
        UnreachableError: If it is none.
    """
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise UnreachableError("The address of the server is none: give one such as 'http://127.0.0.1:7860'.")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def asking(
    question: str, *, history: Sequence[Turn], within: DocumentFilter, interface: str | None, explain: bool
) -> ApiRequest:
    """Return the request that asks for the events of an answer.

    Raises:
        QuestionError: If the question is empty or too long.
    """
    body = {
        "question": clean_question(question, longest=_LONGEST_QUESTION),
        "history": [
            {"question": whole(turn.question), "answer": whole(turn.answer)} for turn in history[-_MOST_TURNS:]
        ],
        "filter": _filter(within),
        "explain": explain,
        "stream": True,
        **({"interface": interface} if interface else {}),
    }
    return ApiRequest("POST", "api/v1/ask", json=body)


def searching(query: str, *, top_k: int, within: DocumentFilter) -> ApiRequest:
    """Return the request that searches."""
    return ApiRequest("POST", "api/v1/search", json={"query": whole(query), "top_k": top_k, "filter": _filter(within)})


def listing(*, query: str, language: str | None, state: str | None, cursor: str | None) -> ApiRequest:
    """Return the request for a page of the list of documents."""
    params = {"q": query, "language": language, "state": state, "cursor": cursor, "limit": str(_PAGE)}
    return ApiRequest("GET", "api/v1/documents", params={name: value for name, value in params.items() if value})


def getting(document: str) -> ApiRequest:
    """Return the request for a document with its text."""
    return ApiRequest("GET", _path(document))


def reading(document: str, *, start: int, end: int | None) -> ApiRequest:
    """Return the request for a stretch of a document's text."""
    params = {"start": str(start), **({} if end is None else {"end": str(end)})}
    return ApiRequest("GET", f"{_path(document)}/text", params=params)


def adding_file(path: Path, *, name: str | None) -> ApiRequest:
    """Return the request that uploads a file. However often it is sent, the file is added once.

    Raises:
        LoadError: If the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    return ApiRequest("POST", "api/v1/documents", file=(name or path.name, data), headers=_once())


def adding_page(url: str) -> ApiRequest:
    """Return the request that adds a page of the web; however often it is sent, it is fetched once."""
    return ApiRequest("POST", "api/v1/documents", json={"url": url}, headers=_once())


def removing(document: str) -> ApiRequest:
    """Return the request that removes a document."""
    return ApiRequest("DELETE", _path(document))


def rating_request(answer: Answer, *, rating: str, comment: str, answer_id: str) -> ApiRequest:
    """Return the request that keeps what somebody thinks of an answer."""
    body = {"id": answer_id, "rating": rating, "comment": whole(comment), "answer": answer_dict(answer)}
    return ApiRequest("POST", "api/v1/feedback", json=body)


def new_answer_id() -> str:
    """Return an id for an answer that has none yet."""
    return str(uuid4())


def _filter(within: DocumentFilter) -> dict[str, Any]:
    names = ("languages", "documents", "folders", "tags", "types")
    lists = {name: sorted(getattr(within, name)) for name in names if getattr(within, name)}
    bounds = {"since": within.since, "until": within.until}
    return {**lists, **{name: bound for name, bound in bounds.items() if bound}}


def _path(document: str) -> str:
    return f"api/v1/documents/{document_id(document)}"


def _once() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}
