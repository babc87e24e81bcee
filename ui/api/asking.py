"""Asking and searching over HTTP."""

import logging
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from index.documents import ScoredChunk
from index.log_content import described
from rag.answers import Answer, Failed
from ui.answering import Answering
from ui.api.answer_shapes import AnswerShapes
from ui.api.connections import while_connected
from ui.api.event_stream import EVENT_STREAM, EventStream, wants_events
from ui.api.refusals import documented
from ui.api.schemas import AnswerBody, AskBody, ResultsBody, SearchBody
from ui.footnotes import place_address
from ui.messages import asked_language
from ui.problems import Problem, problem_response
from ui.schemas import search_dict

log = logging.getLogger(__name__)

_NO_STORE = {"Cache-Control": "no-store"}
# What each event is, and what is sent of it.
_EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Its number, from 1."},
        "event": {"enum": ["passages", "token", "citations", "done", "failed"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_STREAM_EXAMPLE = (
    'id: 1\nevent: passages\ndata: {"passages":[…]}\n\n'
    'id: 2\nevent: citations\ndata: {"citations":[…]}\n\n'
    'id: 3\nevent: token\ndata: {"text":"“Helsinki was founded in 1550.” [1]"}\n\n'
    'id: 4\nevent: done\ndata: {"id":"…","answer":"“Helsinki was founded in 1550.” [1]",…}\n\n'
)
_EVENTS = (
    "As JSON, or with `Accept: text/event-stream` as Server-Sent Events: `passages`; then any number of `token` and, "
    "before the token with its mark, `citations`; last `done` with the complete answer, or `failed` with a problem. "
    "Who closes the connection ends the work."
)


def asking_router(answering: Answering, *, public_url: str | None = None) -> APIRouter:
    """Make the routes that ask and search.

    Args:
        answering: Answers the questions.
        public_url: Where readers reach the page; the address a request came to, if omitted.
    """
    router = APIRouter(tags=["Asking"])

    @router.post(
        "/ask",
        response_model=AnswerBody,
        summary="Ask a question",
        description=_EVENTS,
        responses={
            200: {
                "description": "The answer, also if the documents do not say it (`answered` is false then).",
                "content": {EVENT_STREAM: {"schema": _EVENT, "example": _STREAM_EXAMPLE}},
            },
            **documented(Problem.UNAVAILABLE, has_body=True),
        },
    )
    async def ask(asked: AskBody, request: Request) -> Response:
        shapes = AnswerShapes(request.scope, base=public_url or str(request.base_url))
        within = asked.filter.to_filter()
        interface = asked.interface or asked_language(request.headers.get("accept-language"))
        if wants_events(asked.stream, accept=request.headers.get("accept", "")):
            events = answering.stream(
                asked.question, history=asked.turns, within=within, interface=interface, explain=asked.explain
            )
            return EventStream(shapes.events(events), failed=shapes.failed)

        async def answer() -> Answer | Failed:
            return await answering.ask(
                asked.question, history=asked.turns, within=within, interface=interface, explain=asked.explain
            )

        match await while_connected(request.receive, answer):
            case Answer() as answered:
                return JSONResponse(shapes.answer(answered), headers=_NO_STORE)
            case Failed(message, error):
                log.error("A question could not be answered: %s", described(error))
                return problem_response(Problem.UNAVAILABLE, scope=request.scope, detail=message)

    @router.post(
        "/search",
        response_model=ResultsBody,
        summary="Search the documents",
        responses=documented(Problem.UNAVAILABLE, has_body=True),
    )
    async def search(wanted: SearchBody, request: Request) -> Response:
        within = wanted.filter.to_filter()

        def found() -> dict[str, Any]:
            results: list[ScoredChunk] = list(
                answering.assistant.search(wanted.query, top_k=wanted.top_k, within=within)
            )
            return search_dict(wanted.query, results, answering.assistant.documents())

        body = await while_connected(request.receive, lambda: answering.run(found))
        base = public_url or str(request.base_url)
        for result in body["results"]:
            result["url"] = place_address(base, document=result["document"], start=result["start"], end=result["end"])
        return JSONResponse(body, headers=_NO_STORE)

    return router
