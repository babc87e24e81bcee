"""The API alone, over a scripted assistant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from index.catalog import Catalog
from index.ingest import Ingest
from index.settings import LoadingSettings
from ui.answering import Answering, ServedAssistant
from ui.api.app import Api, create_api
from ui.feedback import FeedbackStore
from ui.library import Library

ApiOver = Callable[..., Api]


def no_ingest(_: Catalog) -> Ingest:
    raise AssertionError("Nothing is to be indexed.")


@pytest.fixture
def api_over(tmp_path: Path) -> ApiOver:
    """Build the API over an assistant: `api_over(assistant, public_url=...)`. Its home is `tmp_path`."""

    def build(assistant: ServedAssistant, *, public_url: str | None = None) -> Api:
        library = Library(tmp_path, ingest_into=no_ingest, loading=LoadingSettings(), writable=False)
        return create_api(
            Answering(assistant), library=library, feedback=FeedbackStore(tmp_path), public_url=public_url
        )

    return build


@pytest.fixture
def client_of(api_over: ApiOver) -> Callable[..., TestClient]:
    """Call the API over an assistant without a network: `client_of(assistant).post("/api/v1/ask", json=...)`."""
    return lambda assistant, **options: TestClient(api_over(assistant, **options))
