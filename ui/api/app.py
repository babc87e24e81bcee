"""Puts the HTTP API together."""

import re

from fastapi import APIRouter, FastAPI
from starlette.types import Scope

from ui.answering import Answering
from ui.api.asking import asking_router
from ui.api.body_limits import JSON_LIMIT, PAGE_LIMIT, BodyLimit, BodyLimits
from ui.api.documents import documents_router
from ui.api.feedback import feedback_router
from ui.api.health import health_router
from ui.api.openai import openai_router
from ui.api.pages import add_pages
from ui.api.refusals import add_ends, answer_with_problems
from ui.feedback import FeedbackStore
from ui.library import Library

Api = FastAPI
"""The app that the other ways in are mounted on, named for those who may not know FastAPI."""

# What takes files, within limits of its own: `ui.api.receiving` and Gradio.
_FILES = re.compile(r"/(?:api(?:/v1)?/documents|gradio_api/upload)(?:/|$)")
_PROGRAMS = re.compile(r"/(?:api|v1|mcp|slack)(?:/|$)")


def create_api(
    answering: Answering, *, library: Library, feedback: FeedbackStore, public_url: str | None = None
) -> Api:
    """Build the API. What protects it, and whatever is mounted later, is put around it.

    Args:
        answering: Answers the questions.
        library: The documents, as callers may change them.
        feedback: Where opinions of answers go.
        public_url: Where readers reach the page, for links to it; the address a request came to, if omitted.
    """
    # FastAPI's own pages load their scripts from elsewhere.
    app = FastAPI(
        title="Footnote",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call their methods
    )
    routers: tuple[APIRouter, ...] = (
        asking_router(answering, public_url=public_url),
        documents_router(answering, library=library, home=feedback.path.parent),
        feedback_router(feedback),
        health_router(answering),
    )
    for router in routers:
        app.include_router(router, prefix="/api/v1")
    for router in routers:  # the same for who does not care which version answers
        app.include_router(router, prefix="/api", include_in_schema=False)
    app.include_router(openai_router(answering, public_url=public_url))
    add_pages(app)
    add_ends(app, ("/api", "/v1"))
    answer_with_problems(app)
    app.add_middleware(BodyLimits, limit_of=_limit_of)
    return app


def _limit_of(scope: Scope) -> BodyLimit | None:
    path = scope["path"]
    if _FILES.match(path):
        return None
    return JSON_LIMIT if _PROGRAMS.match(path) else PAGE_LIMIT
