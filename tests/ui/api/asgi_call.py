"""One request to an ASGI app whose client can be slow, silent or gone: what no HTTP client does on command."""

from collections.abc import Sequence
from typing import Any

import anyio
from starlette.types import ASGIApp, Message


class Call:
    """A POST request of JSON, and what came back."""

    def __init__(
        self, path: str, pieces: Sequence[bytes], *, headers: Sequence[tuple[str, str]] = (), complete: bool = True
    ) -> None:
        """Describe the request.

        Its body comes in pieces, and after them nothing until `leave`; not even its end, if it is not `complete`.
        """
        self.sent: list[Message] = []
        self.started = anyio.Event()
        self.chunk_sent = anyio.Event()
        self._pieces = list(pieces)
        self._complete = complete
        self._gone = anyio.Event()
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"testserver"),
                (b"content-type", b"application/json"),
                *((name.encode(), value.encode()) for name, value in headers),
            ],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
            "state": {},
        }

    async def run(self, app: ASGIApp) -> None:
        """Call the app until it is done."""
        await app(self._scope, self._receive, self._send)

    def leave(self) -> None:
        """Close the connection."""
        self._gone.set()

    @property
    def status(self) -> int:
        """The response's status."""
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        """What has come of the response's body."""
        return b"".join(message.get("body", b"") for message in self.sent)

    async def _receive(self) -> Message:
        if self._pieces:
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._complete}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        (self.started if message["type"] == "http.response.start" else self.chunk_sent).set()
