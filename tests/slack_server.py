"""A small server that speaks Slack's Web API, response URLs and Socket Mode's websocket, with injected refusals.

It keeps the messages of channels as Slack does, so that what people would see can be asserted.
"""

import asyncio
import itertools
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

BOT_TOKEN = "xoxb-test"  # noqa: S105
APP_TOKEN = "xapp-test"  # noqa: S105
SIGNING_SECRET = "a secret that signs"  # noqa: S105
TEAM, BOT_USER, BOT_ID = "T1", "UBOT", "BBOT"
_MOST_BLOCKS = 50
_LONGEST_TEXT = 40_000
_LONGEST_STREAMED = 12_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a method answers instead of doing what it is for: an error, or the seconds to wait before a new try."""

    error: str = "ratelimited"
    retry_after: int | None = None
    does_it: bool = False
    """Whether it is done all the same, as where an answer is lost on its way."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived."""

    method: str
    arguments: Json
    at: float
    refused: bool


class SlackServer:
    """What runs in the thread: its state is read by tests while nothing is on its way, or through `until`."""

    def __init__(self) -> None:
        self.url = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        self._clock = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Forget everything but connections."""
        self.calls: list[Call] = []
        self.messages: defaultdict[str, list[Json]] = defaultdict(list)
        self.ephemeral: list[Json] = []
        self.responses: list[Json] = []
        self.refused_responses: deque[tuple[int, str]] = deque()
        """Status and body; the outcome stands in the body, whatever the status."""
        self.refusals: defaultdict[str, deque[Refusal]] = defaultdict(deque)
        self.always_refused: dict[str, Refusal] = {}
        self.locales: dict[str, str] = {}
        self.acknowledged: list[Json] = []
        self.connections = 0

    @property
    def api_url(self) -> str:
        """What stands in the place of `https://slack.com/api/`."""
        return f"{self.url}/api/"

    def count(self, method: str) -> int:
        """Count the calls of a method that were not refused."""
        return sum(call.method == method and not call.refused for call in self.calls)

    def say(self, channel: str, text: str, *, user: str = "UASKER", thread: str | None = None, **fields: Any) -> Json:
        """Let somebody write a message, and return its `message` event."""
        message = {"type": "message", "user": user, "text": text, "ts": self._next_ts(), "team": TEAM, **fields}
        if thread:
            message["thread_ts"] = thread
        self.messages[channel].append(message)
        kind = "im" if channel.startswith("D") else "channel"
        return message | {"channel": channel, "channel_type": kind}

    def own(self, channel: str) -> list[Json]:
        """Return the bot's messages in a channel, oldest first."""
        return [message for message in self.messages[channel] if message.get("bot_id") == BOT_ID]

    def push(self, kind: str, payload: Json, *, envelope: str = "e1", **fields: Any) -> None:
        """Send an envelope to one of the connections, as Slack does."""
        self._in_loop(self._send({"type": kind, "payload": payload, "envelope_id": envelope, **fields}))

    def disconnect(self) -> None:
        """Ask for a new connection, as Slack does every few hours."""
        self._in_loop(self._send({"type": "disconnect", "reason": "refresh_requested"}))

    def break_connections(self) -> None:
        """Close all connections without a word."""
        self._in_loop(self._close())

    def _in_loop(self, work: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _send(self, envelope: Json) -> None:
        for socket in [*self._sockets][:1]:
            await socket.send_json(envelope)

    async def _close(self) -> None:
        for socket in [*self._sockets]:
            await socket.close()

    def _next_ts(self) -> str:
        return f"{1_700_000_000 + next(self._clock)}.000100"

    async def handle_call(self, request: web.Request) -> web.Response:
        """Answer `POST /api/{method}`."""
        method = request.match_info["method"]
        arguments = await _arguments(request)
        refusal = self.refusals[method].popleft() if self.refusals[method] else self.always_refused.get(method)
        self.calls.append(Call(method, arguments, time.monotonic(), refused=refusal is not None))
        token = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if refusal is not None and refusal.retry_after is not None:
            headers = {"Retry-After": str(refusal.retry_after)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if refusal is not None and not refusal.does_it:
            return web.json_response({"ok": False, "error": refusal.error})
        answer = getattr(self, "_" + method.replace(".", "_"), None)
        told = {"ok": False, "error": "unknown_method"} if answer is None else {"ok": True} | answer(arguments)
        return web.json_response({"ok": False, "error": refusal.error} if refusal else told)

    async def handle_response(self, request: web.Request) -> web.Response:
        """Take what is sent to a `response_url`."""
        if self.refused_responses:
            status, body = self.refused_responses.popleft()
            return web.Response(text=body, status=status)
        self.responses.append(await request.json())
        return web.Response(text="ok")

    async def handle_socket(self, request: web.Request) -> web.WebSocketResponse:
        """Speak Socket Mode until the connection ends."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.add(socket)
        self.connections += 1
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self.acknowledged.append(json.loads(message.data))
        finally:
            self._sockets.discard(socket)
        return socket

    def _auth_test(self, _: Json) -> Json:
        return {"user_id": BOT_USER, "bot_id": BOT_ID, "team_id": TEAM, "user": "footnote"}

    def _apps_connections_open(self, _: Json) -> Json:
        return {"url": self.url.replace("http:", "ws:") + "/socket"}

    def _users_info(self, arguments: Json) -> Json:
        return {"user": {"id": arguments["user"], "locale": self.locales.get(arguments["user"], "en-US")}}

    def _assistant_threads_setStatus(self, _: Json) -> Json:  # noqa: N802
        return {}

    def _chat_postMessage(self, arguments: Json) -> Json:  # noqa: N802
        if problem := _problem(arguments):
            return problem
        return {"ts": self._add(arguments)["ts"], "channel": arguments["channel"]}

    def _chat_postEphemeral(self, arguments: Json) -> Json:  # noqa: N802
        self.ephemeral.append(arguments)
        return {"message_ts": self._next_ts()}

    def _chat_update(self, arguments: Json) -> Json:
        message = self._find(arguments)
        if message is None or message.get("streaming"):
            return {"ok": False, "error": "message_not_found" if message is None else "streaming_in_progress"}
        if problem := _problem(arguments):
            return problem
        message.update(text=arguments["text"], blocks=arguments.get("blocks") or [])
        return {"ts": message["ts"], "channel": arguments["channel"]}

    def _chat_delete(self, arguments: Json) -> Json:
        message = self._find(arguments)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        self.messages[arguments["channel"]].remove(message)
        return {}

    def _chat_startStream(self, arguments: Json) -> Json:  # noqa: N802
        if not arguments.get("thread_ts"):
            return {"ok": False, "error": "invalid_thread_ts"}
        message = self._add(arguments | {"text": arguments.get("markdown_text", ""), "blocks": []})
        message["streaming"] = True
        return {"ts": message["ts"], "channel": arguments["channel"]}

    def _chat_appendStream(self, arguments: Json) -> Json:  # noqa: N802
        message = self._find(arguments)
        if message is None or not message.get("streaming"):
            return {"ok": False, "error": "message_not_in_streaming_state"}
        if len(message["text"]) + len(arguments["markdown_text"]) > _LONGEST_STREAMED:
            return {"ok": False, "error": "msg_too_long"}
        message["text"] += arguments["markdown_text"]
        return {}

    def _chat_stopStream(self, arguments: Json) -> Json:  # noqa: N802
        message = self._find(arguments)
        if message is None or not message.pop("streaming", False):
            return {"ok": False, "error": "message_not_in_streaming_state"}
        return {}

    def _conversations_replies(self, arguments: Json) -> Json:
        thread, latest = arguments["ts"], float(arguments.get("latest") or "inf")
        found = [
            message
            for message in self.messages[arguments["channel"]]
            if thread in (message["ts"], message.get("thread_ts")) and float(message["ts"]) <= latest
        ]
        if not found:
            return {"ok": False, "error": "thread_not_found"}
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        following = str(start + limit) if start + limit < len(found) else ""
        return {"messages": found[start : start + limit], "response_metadata": {"next_cursor": following}}

    def _conversations_history(self, arguments: Json) -> Json:
        found = [one for one in self.messages[arguments["channel"]] if one.get("thread_ts", one["ts"]) == one["ts"]]
        return {"messages": found[::-1][: int(arguments.get("limit") or 100)]}

    def _add(self, arguments: Json) -> Json:
        fields = {name: arguments[name] for name in ("text", "blocks", "thread_ts") if arguments.get(name) is not None}
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": self._next_ts(), **fields}
        self.messages[arguments["channel"]].append(message)
        return message

    def _find(self, arguments: Json) -> Json | None:
        return next((one for one in self.messages[arguments["channel"]] if one["ts"] == arguments["ts"]), None)


def _problem(arguments: Json) -> Json | None:
    """What Slack refuses of a message."""
    if len(arguments.get("text") or "") > _LONGEST_TEXT:
        return {"ok": False, "error": "msg_too_long"}
    if len(arguments.get("blocks") or []) > _MOST_BLOCKS:
        return {"ok": False, "error": "invalid_blocks"}
    return None


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        body: Json = await request.json()
        return body
    body = dict(parse_qsl(await request.text())) | dict(request.query)
    blocks = {"blocks": json.loads(body["blocks"])} if isinstance(body.get("blocks"), str) else {}
    return body | blocks


@dataclass(slots=True)
class _Running:
    started: threading.Event = field(default_factory=threading.Event)
    stop: Callable[[], object] = lambda: None


@contextmanager
def running_slack_server() -> Iterator[SlackServer]:
    """Run the server on this machine until the block ends."""
    server, running = SlackServer(), _Running()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", server.handle_call)
        app.router.add_post("/respond/{name}", server.handle_response)
        app.router.add_get("/socket", server.handle_socket)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        server._loop = loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        running.stop = lambda: loop.call_soon_threadsafe(ended.set)
        running.started.set()
        await ended.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not running.started.wait(timeout=10):
        raise RuntimeError("The server did not start.")
    try:
        yield server
    finally:
        running.stop()
        thread.join(timeout=10)


def event_body(event: Json, *, event_id: str | None = None, kind: str | None = None) -> Json:
    """Wrap an event as Slack does, by default under an id that no other has."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": event_id or f"Ev{next(_EVENT_IDS)}",
        "event": event | ({"type": kind} if kind else {}),
    }


def signed(body: str, *, secret: str = SIGNING_SECRET, age: float = 0.0, **headers: str) -> dict[str, str]:
    """Return the headers of a request that Slack signed so many seconds ago."""
    timestamp = str(int(time.time() - age))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature or "", **headers}


_EVENT_IDS = itertools.count(1)
