"""A small server that speaks the OpenAI protocol over real HTTP, with scripted answers and injected failures."""

import asyncio
import base64
import json
import logging
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

Failure = Literal[
    "cut",  # the connection breaks after half of the text
    "no_finish_reason",  # the stream ends properly after half of the text, as if complete
    "hang",  # silence after the first piece
    "keepalive",  # nothing but comments after the first piece
    "error_event",  # an error inside the stream, after the first piece
    "error_only",  # nothing but an error inside the stream, whose message is the text
    "reset",  # the connection breaks before anything was answered
    "broken_json",
    "broken_utf8",  # bytes that are no text, after the first piece
    "wrong_content",  # JSON that is no chat completion
    "html",  # a page, with status 200
    "not_streamed",  # a whole completion though a stream was asked for
    "empty_body",
]
_EMBEDDING_DIMENSIONS = 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers to one request, and how."""

    text: str = ""
    reasoning: str = ""
    """Sent before the text in a field of its own, as vLLM and DeepSeek do."""
    reasoning_field: str = "reasoning_content"
    """Its name: Ollama and newer vLLM say `reasoning`."""
    finish_reason: str = "stop"
    status: int = 200
    """Any other than 200 answers with an error of the protocol, whose message is `text`."""
    retry_after: float = 0.01
    """Seconds that such an answer asks to wait."""
    filter_results: bool = False
    """Whether a first event without choices tells what a filter thinks of the prompt, as Azure's does."""
    failure: Failure | None = None
    piece: int = 3
    """Characters in one chunk of a stream: small enough to cut `[1]` and words."""
    network_bytes: int | None = None
    """Bytes in one write to the network; by default one event. One byte cuts every character of more than one."""
    pause: float = 0
    """Seconds between two chunks."""
    vectors: Sequence[Sequence[float]] | None = None
    """Embeddings to answer with, instead of those of the texts."""


@dataclass(slots=True)
class LoggedRequest:
    """One request as it arrived, and what became of its answer."""

    path: str
    authorization: str | None
    body: dict[str, Any]
    arrived: float = field(default_factory=time.monotonic)
    events_sent: int = 0
    left_early: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the end of the answer."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The chat messages, exactly as sent."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @property
    def system(self) -> str:
        """The text of the first message."""
        return str(self.messages[0]["content"])

    @property
    def question(self) -> str:
        """The text of the last message."""
        return str(self.messages[-1]["content"])


class OpenAIServer:
    """The script and the log of a running server."""

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[LoggedRequest] = []
        self.answer: Callable[[LoggedRequest], Reply | str] = _default_answer
        """A function of the request; replies given to `reply_with` come first."""
        self._queue: deque[Reply] = deque()

    def reply_with(self, *replies: Reply | str) -> None:
        """Answer the next requests, to whatever path, with these replies, in order."""
        self._queue.extend(_as_reply(reply) for reply in replies)

    def reset(self) -> None:
        """Forget the script and the log."""
        self.requests = []
        self.answer = _default_answer
        self._queue.clear()

    def next_chat_reply(self, request: LoggedRequest) -> Reply:
        return self._queue.popleft() if self._queue else _as_reply(self.answer(request))

    def next_embedding_reply(self) -> Reply:
        return self._queue.popleft() if self._queue else Reply()


def embedding_of(text: str) -> list[float]:
    """The vector the server gives a text: its counted letter pairs, so that similar texts have similar vectors."""
    vector = [0.0] * _EMBEDDING_DIMENSIONS
    for at in range(len(text)):
        vector[zlib.crc32(text[at : at + 2].encode()) % _EMBEDDING_DIMENSIONS] += 1.0
    return vector


@contextmanager
def running_openai_server() -> Iterator[OpenAIServer]:
    """Run a server on a free port of this machine, in a thread, for as long as the context lasts."""
    script = OpenAIServer()
    config = uvicorn.Config(
        _app(script),
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        # LangChain shares clients in a process: a connection kept open would outlive the event loop of an async test.
        headers=[("connection", "close")],
    )
    # A cut connection is an exception to uvicorn, and a log that nobody reads.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL + 1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="openai-server", daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The OpenAI test server did not start.")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    script.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield script
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _default_answer(request: LoggedRequest) -> Reply:
    return Reply(f"Echo: {request.question}")


def _as_reply(reply: Reply | str) -> Reply:
    return Reply(reply) if isinstance(reply, str) else reply


def _app(script: OpenAIServer) -> FastAPI:
    app = FastAPI(openapi_url=None)

    async def logged(request: Request) -> LoggedRequest:
        entry = LoggedRequest(request.url.path, request.headers.get("authorization"), await request.json())
        script.requests.append(entry)
        return entry

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        entry = await logged(request)
        reply = script.next_chat_reply(entry)
        if reply.failure == "reset":
            request.receive.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own object
            await asyncio.sleep(5)  # ended by what aborted
        if (early := _reply_without_content(reply)) is not None:
            return early
        if not entry.body.get("stream") or reply.failure == "not_streamed":
            return JSONResponse(_completion(entry, reply))
        return StreamingResponse(_sent(entry, reply), media_type="text/event-stream")

    @app.post("/v1/embeddings")
    async def embed(request: Request) -> Response:
        entry = await logged(request)
        reply = script.next_embedding_reply()
        if (early := _reply_without_content(reply)) is not None:
            return early
        texts = entry.body["input"]
        texts = [texts] if isinstance(texts, str) else texts
        vectors = reply.vectors if reply.vectors is not None else [embedding_of(text) for text in texts]
        encode = _base64 if entry.body.get("encoding_format") == "base64" else list
        rows = [{"object": "embedding", "index": at, "embedding": encode(row)} for at, row in enumerate(vectors)]
        # Out of order, as the protocol allows: `index` says where a vector belongs.
        return JSONResponse({"object": "list", "data": rows[::-1], "model": entry.body["model"]})

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": "test-model", "object": "model"}]}

    return app


def _reply_without_content(reply: Reply) -> Response | None:
    if reply.status != 200:
        error = {"message": reply.text or "scripted failure", "type": "test", "param": None, "code": None}
        return JSONResponse({"error": error}, status_code=reply.status, headers=_wait(reply.retry_after))
    if reply.failure == "html":
        return HTMLResponse("<!doctype html><title>Welcome</title><p>Please log in.")
    if reply.failure == "empty_body":
        return Response(b"", media_type="text/event-stream")
    return None


def _wait(seconds: float) -> dict[str, str]:
    """What asks a client to wait: OpenAI's own header for parts of a second, else the usual one."""
    return {"retry-after": f"{seconds:.0f}"} if seconds >= 1 else {"retry-after-ms": f"{1000 * seconds:.0f}"}


def _completion(entry: LoggedRequest, reply: Reply) -> dict[str, Any]:
    if reply.failure == "wrong_content":
        return {"answer": reply.text}
    message = {"role": "assistant", "content": reply.text}
    if reply.reasoning:
        message[reply.reasoning_field] = reply.reasoning
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return _envelope(entry, "chat.completion") | {"choices": [choice], "usage": usage}


def _envelope(entry: LoggedRequest, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": kind, "created": 0, "model": entry.body["model"]}


async def _sent(entry: LoggedRequest, reply: Reply) -> AsyncIterator[bytes]:
    """Yield the bytes of a stream as the reply asks, and notice a client that leaves."""
    complete = False
    try:
        async for event in _events(entry, reply):
            for at in range(0, len(event), reply.network_bytes or len(event)):
                yield event[at : at + (reply.network_bytes or len(event))]
            entry.events_sent += 1
        complete = True
    except ConnectionAbortedError:
        complete = True  # cut by the server, not by the client
        raise
    finally:
        if not complete:
            entry.left_early.set()


async def _events(entry: LoggedRequest, reply: Reply) -> AsyncIterator[bytes]:
    def event(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _event(_envelope(entry, "chat.completion.chunk") | {"choices": [choice]})

    if reply.failure == "wrong_content":
        yield _event({"choices": ["an older protocol"]})
        return
    if reply.failure == "error_only":
        yield _event({"error": {"message": reply.text, "type": "test"}})
        return
    if reply.filter_results:
        verdict = {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
        yield _event(_envelope(entry, "") | {"id": "", "model": "", "choices": [], "prompt_filter_results": [verdict]})
    yield event({"role": "assistant", "content": ""})
    for piece in _pieces(reply.reasoning, reply.piece):
        yield event({reply.reasoning_field: piece})
    pieces = _pieces(reply.text, reply.piece)
    if reply.failure in ("cut", "no_finish_reason"):
        pieces = pieces[: (len(pieces) + 1) // 2]
    for at, piece in enumerate(pieces):
        yield event({"content": piece})
        if at == 0:
            async for part in _failure_inside(entry, reply):
                yield part
        await asyncio.sleep(reply.pause)
    if reply.failure == "cut":
        raise ConnectionAbortedError
    if reply.failure == "no_finish_reason":
        return
    yield event({}, reply.finish_reason)
    if entry.body.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        yield _event(_envelope(entry, "chat.completion.chunk") | {"choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


async def _failure_inside(entry: LoggedRequest, reply: Reply) -> AsyncIterator[bytes]:
    """What comes instead of the second piece, if something else does."""
    if reply.failure == "error_event":
        yield _event({"error": {"message": "the model ran out of memory", "type": "server_error"}})
    if reply.failure == "broken_json":
        yield b'data: {"choices": [{"delta"\n\n'
    if reply.failure == "broken_utf8":
        yield _event(_envelope(entry, "chat.completion.chunk") | {"choices": []}).replace(b"test", b"\xff\xfe")
    while reply.failure in ("hang", "keepalive"):
        await asyncio.sleep(0.05)
        if reply.failure == "keepalive":
            yield b": keepalive\n\n"


def _pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
