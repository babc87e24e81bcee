"""Sends a chat completion piece by piece, as OpenAI's clients expect it: bare `data:` lines, `[DONE]` at the end."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ui.api.connections import ClientGoneError, while_connected
from ui.api.event_stream import EVENT_STREAM, SECONDS_BETWEEN_SIGNS, one_line

DONE = b"data: [DONE]\n\n"
"""The end of a stream that came to a good end."""

_SIGN_OF_LIFE = b": waiting\n\n"


def data_line(content: Mapping[str, Any]) -> bytes:
    """Return one object as it is sent."""
    return f"data: {one_line(content)}\n\n".encode("utf-8", "replace")


class CompletionStream(Response):
    """Sends lines as they come. The work behind them ends when the client goes away, whatever it waits for."""

    media_type = EVENT_STREAM

    def __init__(
        self,
        lines: AsyncGenerator[bytes, None],
        *,
        refused: Callable[[Exception], Response],
        silence: float = SECONDS_BETWEEN_SIGNS,
    ) -> None:
        """Wrap the lines.

        Args:
            lines: What to send. An error before the first one is answered as one; later ones are for them to handle.
            refused: Makes the response of such an error, or raises it again.
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
            if response.has_begun:
                raise
            await self._refused(error)(scope, receive, send)
        else:
            await response.end()


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
