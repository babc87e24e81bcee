"""Server-Sent Events: one JSON object each, and a sign of life while nothing happens."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
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


class LineStream(Response):
    """Sends lines as they come. The work behind them ends when the client goes away, whatever it waits for.

    Nothing is sent before the first line is there, so an error before it can be answered as one.
    """

    media_type = EVENT_STREAM

    def __init__(
        self,
        lines: AsyncGenerator[bytes, None],
        *,
        refused: Callable[[Exception], Response] | None = None,
        silence: float = SECONDS_BETWEEN_SIGNS,
    ) -> None:
        """Wrap the lines.

        Args:
            lines: What to send. An error before the first one is answered; later ones are for them to handle.
            refused: Makes the response of such an error, or raises it again; without it, the error is raised.
            silence: After how many seconds without a line a comment is sent.
        """
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._lines = lines
        self._refused = refused
        self._silence = silence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        response = _OpenResponse(send, self.raw_headers)

        async def send_all() -> None:
            async with aclosing(self._lines) as lines:
                async for line in lines:
                    await response.write(line)

        try:
            await while_connected(receive, send_all, beside=partial(response.show_life, self._silence))
        except ClientGoneError:
            return
        except Exception as error:
            if response.has_begun or self._refused is None:
                raise
            await self._refused(error)(scope, receive, send)
        else:
            await response.end()


class EventStream(LineStream):
    """Sends numbered events."""

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
        super().__init__(_numbered(events, failed), silence=silence)


async def _numbered(
    events: AsyncGenerator[SentEvent, None], failed: Callable[[Exception], SentEvent]
) -> AsyncGenerator[bytes, None]:
    count = 0
    try:
        async with aclosing(events):
            async for event in events:
                count += 1
                yield _written(count, event)
    except Exception as error:
        if not count:
            raise
        yield _written(count + 1, failed(error))


def _written(number: int, event: SentEvent) -> bytes:
    return f"id: {number}\nevent: {event.name}\ndata: {one_line(event.data)}\n\n".encode("utf-8", "replace")


class _OpenResponse:
    """What is sent of one response; only one message at a time is on its way."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.has_begun = False
        self._send = send
        self._headers = [*headers]
        self._one_at_a_time = anyio.Lock()
        self._written = anyio.Event()

    async def write(self, line: bytes) -> None:
        if not self.has_begun:
            self.has_begun = True
            await self._send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self._headers})
        async with self._one_at_a_time:
            await self._send({"type": "http.response.body", "body": line, "more_body": True})
        self._written.set()
        self._written = anyio.Event()

    async def show_life(self, silence: float) -> None:
        """Write a comment after each silence, until cancelled."""
        await self._written.wait()
        while True:
            with anyio.move_on_after(silence) as waiting:
                await self._written.wait()
            if waiting.cancelled_caught:
                await self.write(_SIGN_OF_LIFE)

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


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
