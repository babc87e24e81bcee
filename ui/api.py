"""The HTTP API, and the only module that knows FastAPI."""

from collections.abc import Callable

from fastapi import FastAPI

Api = FastAPI
"""The app that the other ways in are mounted on, named for those who may not know FastAPI."""


def create_api(*, document_count: Callable[[], int]) -> Api:
    """Build the API: `GET /api/health`. What protects it, and whatever is mounted later, is put around it.

    Args:
        document_count: Tells how many documents are indexed; asked for each request.
    """
    # FastAPI's own documentation pages load their scripts from elsewhere.
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/health")
    def health() -> dict[str, str | int]:
        """Tell that the server answers, and over how many documents."""
        return {"status": "ok", "documents": document_count()}

    return app
