"""Files of another app, kept as they were sent first."""

from collections.abc import Callable

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from ui.kept_files import KeptFiles, Memory

Ask = Callable[..., httpx.Response]


class Files:
    """Counts how often it is asked, and sends the count."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        status = 404 if "missing" in scope["path"] else 200
        text = f"{self.asked} {Request(scope).headers.get('accept-encoding')}"
        response: Response = Response(text, status, {"X-Kind": "file"})
        if "streamed" in scope["path"]:
            response = StreamingResponse(iter([b"a", b"b"]))
        await response(scope, receive, send)


@pytest.fixture
def files() -> Files:
    return Files()


def client(files: Files, memory: Memory | None = None) -> TestClient:
    return TestClient(KeptFiles(files, kept=memory or Memory()))


def test_second_reader_gets_what_the_first_got(files: Files) -> None:
    first, second = (client(files, memory).get("/a.js") for memory in [Memory()] * 2)
    assert (first.text, second.text, second.headers["x-kind"], files.asked) == (first.text, first.text, "file", 1)


def test_streamed_file_is_kept_whole(files: Files) -> None:
    asking = client(files)
    assert [asking.get("/streamed.js").text for _ in range(2)] == ["ab", "ab"]
    assert files.asked == 1


def test_each_compression_is_kept_for_itself(files: Files) -> None:
    asking = client(files)
    texts = [asking.get("/a.js", headers={"accept-encoding": kind}).text for kind in ("br", "gzip", "identity") * 2]
    assert texts == ["1 br", "2 gzip", "3 identity"] * 2


@pytest.mark.parametrize("header", ["range", "if-none-match", "if-modified-since"])
def test_question_about_a_part_or_a_version_goes_to_the_app(files: Files, header: str) -> None:
    asking = client(files)
    asking.get("/a.js")
    asking.get("/a.js", headers={header: "bytes=0-1"})
    assert files.asked == 2


def test_refusals_and_other_methods_are_not_kept(files: Files) -> None:
    asking = client(files)
    assert [asking.get("/missing.js").status_code for _ in range(2)] == [404, 404]
    assert [asking.head("/a.js").status_code for _ in range(2)] == [200, 200]
    assert files.asked == 4


def test_what_has_no_room_is_sent_and_not_kept(files: Files) -> None:
    asking = client(files, Memory(room=3))
    assert [asking.get("/a.js").status_code for _ in range(2)] == [200, 200]
    assert files.asked == 2
