"""Server-Sent Events: one JSON object each, numbered, and a sign of life while nothing happens."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Any, NamedTuple

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ui.api.connections import ClientGoneError, while_connected

EVENT_STREAM = "text/event-stream"
SECONDS_BETWEEN_SIGNS = 15.0
"""Proxies give a silent connection up after 30 or 60 seconds, and a chat model may think for longer."""

_SIGN_OF_LIFE = b": waiting\n\n"
# To JSON and to Server-Sent Events these are text, but many clients split lines at whatever may end one.
_LINE_ENDS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}


def one_line(content: Mapping[str, Any]) -> str:
    """Return an object as JSON that no client takes for several lines."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS)


class SentEvent(NamedTuple):
    """One event: its name, and the object that it carries."""

    name: str
    data: Mapping[str, Any]


class EventStream(Response):
    """Sends events as they come. The work behind them ends when the client goes away, whatever it waits for.

    Nothing is sent before the first event is there, so an error before it is raised, and can be answered as one.
    """

    media_type = EVENT_STREAM

    def __init__(
        self,
        events: AsyncGenerator[SentEvent, None],
        *,
        failed: Callable[[Exception], SentEvent],
        silence: float = SECONDS_BETWEEN_SIGNS,
    ) -> None:
        """Wrap the events.

        Args:
            events: What to send.
            failed: Makes the last event of an error that came after the first event.
            silence: After how many seconds without an event a comment is sent.
        """
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._failed = failed
        self._silence = silence

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        writer = _Writer(send, self.raw_headers)

        async def write_all() -> None:
            async with aclosing(self._events) as events:
                try:
                    async for event in events:
                        await writer.write(event)
                except Exception as error:
                    if not writer.count:
                        raise
                    await writer.write(self._failed(error))

        with suppress(ClientGoneError):
            await while_connected(receive, write_all, beside=lambda: writer.show_life(self._silence))
            await writer.end()


class _Writer:
    """Writes one stream; only one message at a time is on its way."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.count = 0
        """How many events were written."""
        self._send = send
        self._headers = headers
        self._lock = anyio.Lock()
        self._quiet_since = 0.0

    async def write(self, event: SentEvent) -> None:
        if not self.count:
            await self._send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": [*self._headers]})
        self.count += 1
        data = one_line(event.data)
        await self._write(f"id: {self.count}\nevent: {event.name}\ndata: {data}\n\n".encode("utf-8", "replace"))

    async def show_life(self, silence: float) -> None:
        """Write a comment after each silence, until cancelled."""
        while True:
            quiet = anyio.current_time() - self._quiet_since
            if self.count and quiet >= silence:
                await self._write(_SIGN_OF_LIFE)
                quiet = 0.0
            await anyio.sleep(silence - quiet if self.count else silence)

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, chunk: bytes) -> None:
        async with self._lock:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            self._quiet_since = anyio.current_time()


def wants_events(stream: bool | None, *, accept: str) -> bool:
    """Whether an answer is to come as events: as the body says, else as `Accept` does; JSON where both are as welcome.

    Args:
        stream: The body's own word, if it has one.
        accept: The header.
    """
    if stream is not None:
        return stream
    weights = {"application/json": 0.0, EVENT_STREAM: 0.0}
    for entry in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in entry.split(";"))
        if kind in weights:
            weights[kind] = _weight(parameters)
    return weights[EVENT_STREAM] > weights["application/json"]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
