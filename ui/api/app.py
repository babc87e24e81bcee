"""Puts the HTTP API together."""

from fastapi import FastAPI

from ui.answering import Answering

Api = FastAPI
"""The app that the other ways in are mounted on, named for those who may not know FastAPI."""


def create_api(answering: Answering) -> Api:
    """Build the API. What protects it, and whatever is mounted later, is put around it.

    Args:
        answering: Answers the questions.
    """
    # FastAPI's own documentation pages load their scripts from elsewhere.
    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/health")
    async def health() -> dict[str, str | int]:
        """Tell that the server answers, and over how many documents."""
        return {"status": "ok", "documents": answering.assistant.count_documents()}

    return app
