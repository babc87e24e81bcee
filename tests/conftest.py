"""Fixtures that several packages' tests share."""

from collections.abc import Iterator

import pytest

from index.embedding import StaticEmbedder
from tests.openai_server import OpenAIServer, running_openai_server


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
