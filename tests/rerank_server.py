"""A small server that speaks both forms of the rerank protocol over real HTTP, with scripted answers and failures."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class RerankReply:
    """What the server answers to one request, instead of the scores of its texts."""

    content: object = None
    """Sent as JSON."""
    status: int = 200
    page: str | None = None
    """Sent as it is, instead of JSON."""
    pause: float = 0
    """Seconds before the answer."""


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """One request as it arrived."""

    path: str
    authorization: str | None
    body: dict[str, Any]


class RerankServer:
    """The script and the log of a running server."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.form: Literal["documents", "texts"] = "documents"
        """What it takes: `documents` as most servers, or `texts` as text-embeddings-inference, which needs it."""
        self.requests: list[RerankRequest] = []
        self._queue: deque[RerankReply] = deque()

    def reset(self) -> None:
        """Forget the script and the log."""
        self.form = "documents"
        self.requests = []
        self._queue.clear()

    def reply_with(self, *replies: RerankReply) -> None:
        """Answer the next requests with these replies, in order."""
        self._queue.extend(replies)

    def next_reply(self, request: RerankRequest) -> RerankReply:
        self.requests.append(request)
        return self._queue.popleft() if self._queue else self._default_reply(request.body)

    def _default_reply(self, body: dict[str, Any]) -> RerankReply:
        if self.form not in body:
            reason = f"Failed to deserialize the JSON body into the target type: missing field `{self.form}` at line 1"
            return RerankReply(page=reason, status=422)
        scores = [score_of(body["query"], text) for text in body[self.form]]
        best_first = sorted(range(len(scores)), key=lambda at: -scores[at])
        if self.form == "texts":
            return RerankReply([{"index": at, "score": scores[at]} for at in best_first])
        return RerankReply({"results": [{"index": at, "relevance_score": scores[at]} for at in best_first]})


def score_of(question: str, text: str) -> float:
    """The score the server gives a text: the share of the question's words that it holds."""
    words = question.split()
    return sum(word in text for word in words) / len(words)


@contextmanager
def running_rerank_server() -> Iterator[RerankServer]:
    """Run a server on a free port of this machine for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = script.next_reply(RerankRequest(self.path, self.headers["Authorization"], body))
            stopped.wait(reply.pause)
            content = reply.page if reply.page is not None else json.dumps(reply.content)
            try:
                self.send_response(reply.status)
                self.end_headers()
                self.wfile.write(content.encode())
            except (BrokenPipeError, ConnectionResetError):
                return  # a client that did not want to wait

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests read the log of requests."""

    stopped = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script = RerankServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="rerank-server", daemon=True)
    thread.start()
    try:
        yield script
    finally:
        stopped.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
