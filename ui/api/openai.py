"""OpenAI's chat completions: whatever talks to a chat model can talk to the documents instead."""

import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from index.filters import DocumentFilter
from ui.answering import Answering
from ui.api.connections import while_connected
from ui.api.event_stream import EVENT_STREAM, LineStream
from ui.api.openai_completions import CompletionWriter
from ui.api.openai_errors import FORESEEN, error_response
from ui.api.openai_requests import (
    check_wishes,
    folder_of,
    model_names,
    named_folders,
    read_conversation,
    read_filter,
    unknown_model,
)
from ui.api.openai_schemas import ChatRequest, Completion, ErrorBody, FootnoteOptions, Model, ModelList
from ui.messages import asked_language

_CHAT = """
Answers the last message from the documents, with footnotes checked to the character. Any client of OpenAI's works.

- Messages of the roles system and developer are not obeyed: answers come from the documents alone, in the language of
  the question. Earlier messages of user and assistant are what a question may refer to.
- "Not in the documents" is an answer like any other; `footnote.answered` tells it.
- Footnotes come in three ways: as `annotations` that say where in the text each mark stands and where it leads, in
  full in `footnote` (the shape of `POST /api/v1/ask`), and as lines below the text. In a stream the annotations of a
  mark are in the `delta` that brings it, and `footnote` is on the chunk with the `finish_reason`.
- Whatever else OpenAI's protocol has, such as `temperature`, `max_tokens`, `stop` or `tools`, is accepted and has no
  effect. `usage` is an estimate from the texts that were exchanged.
"""
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "What was asked for cannot be had; the message says why."},
    "5XX": {"model": ErrorBody, "description": "The question could not be answered."},
}
_STREAMED = {
    "description": "The answer; with `stream`, in chunks.",
    "content": {
        EVENT_STREAM: {
            "schema": {"type": "string"},
            "example": 'data: {"object":"chat.completion.chunk","choices":[…],…}\n\ndata: [DONE]\n\n',
        }
    },
}


def openai_router(answering: Answering, *, public_url: str | None = None) -> APIRouter:
    """Make the routes below `/v1`.

    Args:
        answering: Answers the questions.
        public_url: Where readers reach the page, for links to it; the address a request came to, if omitted. Footnotes
            in the text have links only if it is given.
    """
    router = APIRouter(prefix="/v1", tags=["OpenAI"], route_class=_Route, responses=_ERRORS)
    started = int(time.time())

    def described(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": started, "owned_by": "footnote"}

    async def check_model(model: str) -> None:
        folder = folder_of(model)
        if folder:
            within = DocumentFilter(folders=named_folders(folder))
            if not await answering.run(partial(answering.assistant.has_any, within)):
                raise unknown_model(model)

    @router.get("/models", response_model=ModelList, summary="List the models")
    async def list_models() -> Response:
        """List what can be asked: all documents, and those below each of the folders they divide into."""
        records = await answering.run(answering.assistant.documents)
        names = model_names(record.source for record in records)
        return JSONResponse({"object": "list", "data": [described(name) for name in names]})

    @router.get("/models/{model:path}", response_model=Model, summary="Get a model")
    async def get_model(model: str) -> Response:
        """Tell whether there is a model: `footnote`, or `footnote/<folder>` for any folder with documents."""
        await check_model(model)
        return JSONResponse(described(model))

    @router.post(
        "/chat/completions",
        response_model=Completion,
        responses={200: _STREAMED},
        summary="Ask as one asks a chat model",
        description=_CHAT,
    )
    async def chat(asked: ChatRequest, request: Request) -> Response:
        check_wishes(asked)
        conversation = await answering.run(partial(read_conversation, asked.messages))
        options = asked.footnote or FootnoteOptions()
        within = read_filter(asked.model, options)
        await check_model(asked.model)
        events = answering.stream(
            conversation.question,
            history=conversation.history,
            within=within,
            interface=options.interface or asked_language(request.headers.get("accept-language")),
            explain=options.explain,
            channel="openai",
        )
        writer = CompletionWriter(
            asked,
            prompt_tokens=conversation.tokens,
            page=public_url or str(request.base_url),
            linked=public_url is not None,
        )
        if asked.stream:
            return LineStream(writer.lines(events), refused=error_response)
        completion = await while_connected(request.receive, partial(writer.completion, events))
        return JSONResponse(completion, headers={"Cache-Control": "no-store"})

    return router


class _Route(APIRoute):
    """Answers what is wrong with a request in OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except FORESEEN as error:
                return error_response(error)

        return answered
