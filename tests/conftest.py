"""Fixtures that several packages' tests share."""

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embedding import BUNDLED_MODEL_FOLDER, StaticEmbedder
from index.knowledge_base import KnowledgeBase
from index.subwords import Subwords
from tests.openai_server import OpenAIServer, running_openai_server
from ui.build import SEEDS, build_ingest, build_knowledge_base, sync_vector_store
from ui.settings import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what drives a browser last: Playwright leaves an event loop running, in which no other can be started."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _bundled_model_is_read_once() -> Iterator[None]:
    """Hundreds of tests make the bundled embedder, and each time its subwords would take 0.4 seconds."""
    keep = functools.cache(Subwords)

    def read(path: Path) -> Subwords:
        return keep(path) if path.is_relative_to(BUNDLED_MODEL_FOLDER) else Subwords(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.embedding.Subwords", read)
        yield


@pytest.fixture(scope="session")
def _running_openai_server() -> Iterator[OpenAIServer]:
    with running_openai_server() as server:
        yield server


@pytest.fixture
def openai_server(_running_openai_server: OpenAIServer) -> OpenAIServer:
    """A server that speaks the OpenAI protocol on this machine, its script and log empty."""
    _running_openai_server.reset()
    return _running_openai_server


@pytest.fixture(scope="session")
def bundled() -> StaticEmbedder:
    """The embedding model that is shipped, loaded once."""
    return StaticEmbedder()


@pytest.fixture(scope="session")
def seeds_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home into which the starter articles were ingested, the way `make chat` does. Open it, but do not write to it.

    It lies beside the copied articles, so that sources are named `seeds/<language>/<name>.md` as in a checkout.
    """
    root = tmp_path_factory.mktemp("with-seeds")
    shutil.copytree(SEEDS, root / "seeds")
    settings = Settings.model_construct(home=root / "home")  # reads no environment
    catalog, ingest = build_ingest(settings)
    try:
        report = ingest.run([root / "seeds"])
        assert report.failed == ()
        sync_vector_store(settings, catalog)
    finally:
        catalog.close()
    return settings.home


@pytest.fixture(scope="session")
def seeds_knowledge_base(seeds_home: Path, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    """The starter articles, opened for searching."""
    with build_knowledge_base(Settings.model_construct(home=seeds_home), bundled=bundled) as knowledge_base:
        yield knowledge_base


@pytest.fixture
def asked_hosts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that are looked up in the network, which none is found in."""
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        raise OSError(f"The test asks no network for {host!r}.")

    monkeypatch.setattr("huggingface_hub.utils._detect_agent._registry", None)  # asked for once in a process
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return asked
