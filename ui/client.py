"""Clients of a Footnote server, for what OpenAI's protocol cannot carry: documents, filters, footnotes as objects.

    from ui.client import Client

    with Client("http://127.0.0.1:7860", api_key="fn_x") as client:
        answer = client.ask("Wann wurde Helsinki gegründet?")
        print(answer.text, answer.citations[0].quote)

`AsyncClient` has the same methods, to be awaited. What they raise:

    index.errors.FootnoteError
    ├── rag.errors.QuestionError    a question is empty or too long
    ├── index.errors.LoadError      a file to add cannot be read
    └── ApiError                    the server refused or failed: `status`, `title`, `detail`, `request_id`
        ├── UnreachableError        nothing answered in time, or the connection broke
        ├── KeyRefusedError         a key is needed, unknown, or may not do this (401, 403)
        ├── NotFoundError           there is no such document (404)
        ├── InvalidRequestError     what was sent cannot be taken (other 4xx)
        ├── BusyError               try again later, after `retry_after` seconds if that is set (409, 429, 503)
        └── ServerError             the server failed, or it is no Footnote server

A request that is answered with 409, 429 or 503 and `Retry-After` is sent again after that time, twice at most.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Done, Event, Failed, Turn
from ui.async_client import AsyncClient
from ui.client_errors import (
    ApiError,
    BusyError,
    InvalidRequestError,
    KeyRefusedError,
    NotFoundError,
    ServerError,
    UnreachableError,
    broken_answer,
    error_of,
    errors_named,
    pause_before_retry,
)
from ui.client_replies import (
    AddedDocument,
    EventReader,
    FoundText,
    FullDocument,
    ListedDocument,
    answer_of,
    expect_events,
    read_added,
    read_document,
    read_page,
    read_results,
    read_text,
)
from ui.client_requests import (
    RETRIES,
    TIMEOUT,
    ApiRequest,
    adding_file,
    adding_page,
    asking,
    getting,
    http_arguments,
    http_options,
    listing,
    new_answer_id,
    rating_request,
    reading,
    removing,
    searching,
    server_name,
)

__all__ = [
    "AddedDocument",
    "ApiError",
    "AsyncClient",
    "BusyError",
    "Client",
    "FoundText",
    "FullDocument",
    "InvalidRequestError",
    "KeyRefusedError",
    "ListedDocument",
    "NotFoundError",
    "ServerError",
    "UnreachableError",
]


class Client:
    """Asks a server and waits for it. Close it, or use it in a `with` block; threads may share it."""

    def __init__(self, base_url: str, *, api_key: str | None = None, timeout: float = TIMEOUT) -> None:
        """Say where the server is.

        Args:
            base_url: The address of its page.
            api_key: One of the keys that `footnote keys` makes, if the server wants one.
            timeout: Seconds to wait for the next byte of a response.
        """
        self._name = server_name(base_url)
        with errors_named(self._name):
            self._http = httpx.Client(**http_options(base_url, api_key=api_key, timeout=timeout))

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> Answer:
        """Answer a question, as `rag.assistant.Assistant.ask` does."""
        asked = self.stream(question, history=history, within=within, interface=interface, explain=explain)
        with closing(asked) as events:
            for event in events:
                if (answer := answer_of(event)) is not None:
                    return answer
        raise broken_answer()

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> Generator[Event, None, None]:
        """Answer a question as a stream of events, as `rag.assistant.Assistant.stream` does.

        Closed early, it ends the work on the server.
        """
        request = asking(question, history=history, within=within, interface=interface, explain=explain)
        reader = EventReader()
        with errors_named(self._name), self._opened(request) as response:
            expect_events(response.headers)
            for piece in response.iter_bytes():
                for event in reader.read(piece):
                    yield event
                    if isinstance(event, Done | Failed):
                        return
        raise broken_answer()

    def search(self, query: str, *, top_k: int = 10, within: DocumentFilter = EVERYTHING) -> list[FoundText]:
        """Return what suits a query best, best first."""
        return read_results(self._body(searching(query, top_k=top_k, within=within)))

    def documents(
        self, query: str = "", *, language: str | None = None, state: str | None = None
    ) -> list[ListedDocument]:
        """Return the documents by source.

        Args:
            query: What a title or source has in it.
            language: Code of their language.
            state: `indexed` or `failed`.
        """
        documents, cursor = read_page(self._body(listing(query=query, language=language, state=state, cursor=None)))
        while cursor:
            page = listing(query=query, language=language, state=state, cursor=cursor)
            more, cursor = read_page(self._body(page))
            documents += more
        return documents

    def document(self, source: str) -> FullDocument:
        """Return a document with its text."""
        return read_document(self._body(getting(source)))

    def text(self, source: str, start: int = 0, end: int | None = None) -> str:
        """Return the words of a document between two offsets, such as those of a citation."""
        return read_text(self._body(reading(source, start=start, end=end)))

    def add_file(self, path: Path, *, name: str | None = None) -> AddedDocument:
        """Upload a file and have it indexed, under its own name if none is given."""
        return read_added(self._body(adding_file(path, name=name)))

    def add_url(self, url: str) -> AddedDocument:
        """Have a page of the web fetched and indexed."""
        return read_added(self._body(adding_page(url)))

    def remove(self, source: str) -> None:
        """Remove a document; of an upload also the file."""
        self._body(removing(source))

    def send_feedback(self, answer: Answer, *, rating: str, comment: str = "", answer_id: str | None = None) -> str:
        """Keep what somebody thinks of an answer, `good` or `bad`. Return the id under which it can be changed."""
        answer_id = answer_id or new_answer_id()
        self._body(rating_request(answer, rating=rating, comment=comment, answer_id=answer_id))
        return answer_id

    def _body(self, request: ApiRequest) -> bytes:
        with errors_named(self._name), self._opened(request) as response:
            return response.read()

    @contextmanager
    def _opened(self, request: ApiRequest) -> Iterator[httpx.Response]:
        """A response that is no error, open until the block ends."""
        for tries_left in reversed(range(RETRIES + 1)):
            with self._http.stream(**http_arguments(request)) as response:
                if response.is_success:
                    yield response
                    return
                error = error_of(response.status_code, response.headers, response.read())
            pause = pause_before_retry(response.status_code, response.headers)
            if pause is None or not tries_left:
                raise error
            time.sleep(pause)
