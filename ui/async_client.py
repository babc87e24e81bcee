"""The client for programs that wait in an event loop; `ui.client` describes both, and what they raise."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import httpx

from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Done, Event, Failed, Turn
from ui.client_errors import broken_answer, error_of, errors_named, pause_before_retry
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


class AsyncClient:
    """Asks a server and lets others work meanwhile. Close it, or use it in an `async with` block."""

    def __init__(self, base_url: str, *, api_key: str | None = None, timeout: float = TIMEOUT) -> None:
        """Say where the server is; the arguments are those of `Client`."""
        self._name = server_name(base_url)
        with errors_named(self._name):
            self._http = httpx.AsyncClient(**http_options(base_url, api_key=api_key, timeout=timeout))

    async def close(self) -> None:
        """End its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> Answer:
        """Answer a question."""
        asked = self.stream(question, history=history, within=within, interface=interface, explain=explain)
        async with aclosing(asked) as events:
            async for event in events:
                if (answer := answer_of(event)) is not None:
                    return answer
        raise broken_answer()

    async def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = None,
        explain: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """Answer a question as a stream of events; closed early, it ends the work on the server."""
        request = asking(question, history=history, within=within, interface=interface, explain=explain)
        reader = EventReader()
        with errors_named(self._name):
            async with self._opened(request) as response:
                expect_events(response.headers)
                async for piece in response.aiter_bytes():
                    for event in reader.read(piece):
                        yield event
                        if isinstance(event, Done | Failed):
                            return
        raise broken_answer()

    async def search(self, query: str, *, top_k: int = 10, within: DocumentFilter = EVERYTHING) -> list[FoundText]:
        """Return what suits a query best, best first."""
        return read_results(await self._body(searching(query, top_k=top_k, within=within)))

    async def documents(
        self, query: str = "", *, language: str | None = None, state: str | None = None
    ) -> list[ListedDocument]:
        """Return the documents by source."""
        page = listing(query=query, language=language, state=state, cursor=None)
        documents, cursor = read_page(await self._body(page))
        while cursor:
            page = listing(query=query, language=language, state=state, cursor=cursor)
            more, cursor = read_page(await self._body(page))
            documents += more
        return documents

    async def document(self, source: str) -> FullDocument:
        """Return a document with its text."""
        return read_document(await self._body(getting(source)))

    async def text(self, source: str, start: int = 0, end: int | None = None) -> str:
        """Return the words of a document between two offsets."""
        return read_text(await self._body(reading(source, start=start, end=end)))

    async def add_file(self, path: Path, *, name: str | None = None) -> AddedDocument:
        """Upload a file and have it indexed."""
        return read_added(await self._body(adding_file(path, name=name)))

    async def add_url(self, url: str) -> AddedDocument:
        """Have a page of the web fetched and indexed."""
        return read_added(await self._body(adding_page(url)))

    async def remove(self, source: str) -> None:
        """Remove a document; of an upload also the file."""
        await self._body(removing(source))

    async def send_feedback(
        self, answer: Answer, *, rating: str, comment: str = "", answer_id: str | None = None
    ) -> str:
        """Keep what somebody thinks of an answer, and return the id under which it can be changed."""
        answer_id = answer_id or new_answer_id()
        await self._body(rating_request(answer, rating=rating, comment=comment, answer_id=answer_id))
        return answer_id

    async def _body(self, request: ApiRequest) -> bytes:
        with errors_named(self._name):
            async with self._opened(request) as response:
                return await response.aread()

    @asynccontextmanager
    async def _opened(self, request: ApiRequest) -> AsyncIterator[httpx.Response]:
        for tries_left in reversed(range(RETRIES + 1)):
            async with self._http.stream(**http_arguments(request)) as response:
                if response.is_success:
                    yield response
                    return
                error = error_of(response.status_code, response.headers, await response.aread())
            pause = pause_before_retry(response.status_code, response.headers)
            if pause is None or not tries_left:
                raise error
            await anyio.sleep(pause)
