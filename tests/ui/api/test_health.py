"""Health: alive, ready or not and why, and never behind the answers that the server is busy with."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.testclient import TestClient

from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.knowledge_base import open_knowledge_base
from index.settings import ChunkingSettings
from rag.answers import Event, PassagesFound
from tests.builders import make_catalog, make_document
from tests.fakes import ScriptedAssistant
from tests.ui.api.conftest import ApiOver

ClientOf = Callable[..., TestClient]


@pytest.mark.parametrize("prefix", ["/api/v1", "/api"])
def test_health_tells_all_there_is(client_of: ClientOf, prefix: str) -> None:
    client = client_of(ScriptedAssistant({}, sources=("a.md", "b.md", "c.md")))
    healthy = {
        "status": "ok",
        "live": True,
        "ready": True,
        "documents": 3,
        "checks": {"index": "ok", "model": "ok", "chroma": "scanned"},
    }
    assert client.get(f"{prefix}/health").json() == healthy
    assert client.get(f"{prefix}/health/ready").json() == healthy
    assert client.get(f"{prefix}/health/live").json() == {"status": "ok", "live": True}
    assert client.get(f"{prefix}/health").headers["cache-control"] == "no-store"
    assert [client.head(f"{prefix}/health{path}").status_code for path in ("", "/live", "/ready")] == [200, 200, 200]


def test_health_counts_anew_each_time(client_of: ClientOf) -> None:
    assistant = ScriptedAssistant({}, sources=("a.md",))
    client = client_of(assistant)
    assert client.get("/api/health").json()["documents"] == 1
    assistant.sources = ("a.md", "b.md")
    assert client.get("/api/health").json()["documents"] == 2


def test_a_server_that_cannot_answer_is_alive_and_not_ready_and_says_why_in_the_log_alone(
    client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = ScriptedAssistant({})
    client = client_of(assistant)
    assistant.health = {"index": "ok", "model": "ok", "chroma": "No Chroma server answers at 'http://secret:8000'."}
    for _ in range(2):
        refused = client.get("/api/v1/health/ready", headers={"accept-language": "ja"})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json() == {
        "type": "/problems/unavailable",
        "title": "現在は利用できません",
        "status": 503,
        "detail": "1分後にもう一度お試しください。",
        "instance": "/api/v1/health/ready",
        "checks": {"index": "ok", "model": "ok", "chroma": "failed"},
    }
    overview = client.get("/api/health")
    assert overview.status_code == 200
    told = overview.json()
    assert (told["status"], told["live"], told["ready"]) == ("unavailable", True, False)
    assert client.get("/api/health/live").status_code == 200
    assert caplog.text.count("secret") == 1  # said once, not at every look
    assistant.health = {"index": "ok"}
    assert client.get("/api/v1/health/ready").status_code == 200


class Unlooked(ScriptedAssistant):
    """Cannot be looked at."""

    def checks(self) -> Mapping[str, str]:
        """Fail in a way that nobody foresaw."""
        raise RuntimeError("a mistake")


def test_what_cannot_even_be_looked_at_is_not_ready(client_of: ClientOf, caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(Unlooked({}))
    assert client.get("/api/health/ready").json()["checks"] == {"index": "failed"}
    assert client.get("/api/health/live").status_code == 200
    assert "RuntimeError: a mistake" in caplog.text


class Stuck(ScriptedAssistant):
    """Answers only when it is let go on, and after its first look so does the look at it."""

    def __init__(self, *, sources: tuple[str, ...] = ("a.md",)) -> None:
        super().__init__({}, sources=sources)
        self.go_on = threading.Event()
        self.looks_are_stuck = False
        self.looks = 0
        self.began = 0

    def stream(self, *_: object, **__: object) -> Iterator[Event]:
        """Wait."""
        self.began += 1
        self.go_on.wait()
        yield PassagesFound(())

    def checks(self) -> Mapping[str, str]:
        """Wait, if looks are stuck."""
        self.looks += 1
        if self.looks_are_stuck:
            self.go_on.wait()
        return {"index": "ok"}


def test_health_answers_while_every_thread_for_answers_is_taken(api_over: ApiOver) -> None:
    assistant = Stuck()
    app = api_over(assistant)

    statuses: list[int] = []

    async def scenario() -> None:
        nonlocal statuses
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            with anyio.fail_after(20):
                async with anyio.create_task_group() as group:
                    for _ in range(80):
                        group.start_soon(lambda: client.post("/api/v1/ask", json={"question": "Montako?"}))
                    while assistant.began < max(2, os.cpu_count() or 1):
                        await anyio.sleep(0.001)
                    try:
                        paths = ("", "/live", "/ready")
                        statuses += [(await client.get(f"/api/v1/health{path}")).status_code for path in paths]
                    finally:
                        assistant.go_on.set()

    anyio.run(scenario)
    assert statuses == [200, 200, 200]


def test_a_look_that_hangs_gives_what_was_seen_last_and_is_not_repeated(client_of: ClientOf) -> None:
    assistant = Stuck()
    client = client_of(assistant)
    try:
        assert client.get("/api/health").json()["documents"] == 1
        assistant.looks_are_stuck, assistant.sources = True, ("a.md", "b.md")
        assert [client.get("/api/health").json()["documents"] for _ in range(3)] == [1, 1, 1]
        assert assistant.looks == 2
    finally:
        assistant.go_on.set()


# -- What a knowledge base says of itself ------------------------------------------------------------------------------


class Renamed(StaticEmbedder):
    """The bundled model under another name, as an index made with another model would have."""

    @property
    def name(self) -> str:
        """Another one."""
        return "another-model"


class DeadStore:
    """A Chroma server that has gone."""

    index_id = 1

    def check(self) -> None:
        """Fail as `VectorStore.check` does."""
        raise StoreError("Chroma did not answer.")

    def close(self) -> None:
        """Nothing to close."""


def test_a_knowledge_base_looks_at_catalog_model_and_chroma(
    tmp_path: Path, bundled: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog(tmp_path, [make_document("Helsinki on kaupunki.")], bundled).close()
    with open_knowledge_base(tmp_path, bundled, chunking=ChunkingSettings()) as knowledge_base:
        assert knowledge_base.checks() == {"index": "ok", "model": "ok", "chroma": "scanned"}
        monkeypatch.setattr(knowledge_base, "_store", DeadStore())
        assert knowledge_base.checks()["chroma"] == "Chroma did not answer."
        monkeypatch.setattr(knowledge_base, "_store", None)
        make_catalog(tmp_path, [], Renamed()).close()  # another process rebuilds the index with another model
        assert knowledge_base.checks()["model"].startswith("The index in ")
