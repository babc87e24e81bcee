"""Files of another app, kept in memory as it sent them first."""

from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_MEMORY = 32 * 1024 * 1024
"""Bytes: the files of Gradio's page are 3 MB, compressed 1."""

# Who sends these wants something else than the whole file.
_CONDITIONS = frozenset({"range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since"})


@dataclass(slots=True)
class Memory:
    """What is kept, by address and by the compression that was asked for."""

    files: dict[tuple[str, bool, bool], tuple[Message, bytes]] = field(default_factory=dict)
    room: int = LARGEST_MEMORY


class KeptFiles:
    """Answers requests for files that never change: the first from their app, further ones from memory.

    Gradio reads and compresses each of its scripts anew for each reader, eighty for a page, which takes longer than all
    else that a server does for it.

    Args:
        app: Has the files; nothing else may be asked for here.
        kept: Where they are kept; apps with the same files may share it.
    """

    def __init__(self, app: ASGIApp, *, kept: Memory) -> None:
        self.app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or not _CONDITIONS.isdisjoint(headers.keys()):
            await self.app(scope, receive, send)
            return
        accepted = headers.get("accept-encoding", "")
        key = (scope["path"], "br" in accepted, "gzip" in accepted)
        if key in self._kept.files:
            start, body = self._kept.files[key]
            await send({**start, "headers": [*start["headers"]]})  # whoever passes it on may add to the list
            await send({"type": "http.response.body", "body": body})
            return
        start, parts, is_whole = {"status": None}, [], False

        async def send_and_keep(message: Message) -> None:
            nonlocal start, is_whole
            if message["type"] == "http.response.start":
                start = {**message, "headers": [*message["headers"]]}
            else:
                parts.append(message.get("body", b""))
                is_whole = not message.get("more_body", False)
            await send(message)

        await self.app(scope, receive, send_and_keep)
        body = b"".join(parts)
        if is_whole and start["status"] == HTTPStatus.OK and len(body) <= self._kept.room:
            self._kept.files[key] = start, body
            self._kept.room -= len(body)
