"""The documents over HTTP: listing, reading, adding, reading again, removing.

In a path a document is named by its `id`, which every listing gives (`ui.document_ids`), or by its percent-encoded
source. The source of a page that ends in `/text` or `/reindex` needs its id there.
"""

from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi import Path as InPath
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from index.loading import is_url
from index.runs import State
from ui.answering import Answering
from ui.api.adding import KEY_HEADER, RETRY, Adding
from ui.api.document_reading import Documents, as_json, language_code
from ui.api.document_schemas import (
    ADDED_HEADERS,
    ADDING_BODY,
    EXAMPLE_ID,
    JSON,
    REPLAYED_HEADER,
    AddedDocuments,
    ChangedDocument,
    DocumentDetails,
    DocumentList,
    TextRange,
)
from ui.api.refusals import RefusalError, documented
from ui.document_ids import source_of_id
from ui.idempotency import IdempotencyStore
from ui.incoming import sweep_up
from ui.library import Library
from ui.problems import Problem, problem_response

MOST_LISTED = 1000
LONGEST_SEARCH = 200

_Named = Annotated[
    str, InPath(alias="id", description="Its `id`, or its percent-encoded source.", examples=[EXAMPLE_ID])
]


class _NamedConvertor(PathConvertor):
    """What names a document in a path: all of it, unless it ends as the routes below a document do."""

    regex = r".*(?<!/text)(?<!/reindex)"


register_url_convertor("document", _NamedConvertor())


def documents_router(answering: Answering, *, library: Library, home: Path) -> APIRouter:
    """Build the routes below `/documents`.

    Args:
        answering: Has the assistant, which knows the documents.
        library: Changes them.
        home: Where files are while they are received, and idempotency keys are kept.

    Raises:
        StoreError: If a crash has left files of uploads that cannot be deleted.
    """
    sweep_up(home)
    router = APIRouter(prefix="/documents", tags=["Documents"])
    documents = Documents(answering, library=library)
    adding = Adding(library, home=home, keys=IdempotencyStore(home))

    @router.get(
        "",
        summary="List the documents",
        response_model=DocumentList,
        responses=documented(Problem.INVALID, Problem.UNAVAILABLE),
    )
    async def list_documents(
        q: Annotated[
            str, Query(max_length=LONGEST_SEARCH, description="What a title or source has in it; case does not count.")
        ] = "",
        language: Annotated[str | None, Query(description="ISO 639 code; `zh` has `zh-Hant`.", examples=["fi"])] = None,
        state: Annotated[Literal["indexed", "failed"] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    ) -> Response:
        """Give the documents by source, a page at a time. `total` counts all that the query leaves.

        A document that comes or goes meanwhile shifts no other one from its page.
        """
        after = "" if cursor is None else source_of_id(cursor)
        if after is None:
            raise RefusalError(Problem.INVALID, "The cursor is none: give the next_cursor of the page before.")
        code = None if language is None else language_code(language)
        page = partial(documents.listed, query=q, language=code, state=state, limit=limit, after=after)
        return Response(await documents.read(page), media_type=JSON)

    @router.post(
        "",
        summary="Add files or pages",
        status_code=HTTPStatus.CREATED,
        response_model=AddedDocuments,
        response_description="Nothing failed, and some are new.",
        responses={
            HTTPStatus.CREATED: {"headers": ADDED_HEADERS},
            HTTPStatus.OK: {
                "model": AddedDocuments,
                "description": "Nothing failed, and all were there before.",
                "headers": ADDED_HEADERS,
            },
            HTTPStatus.MULTI_STATUS: {
                "model": AddedDocuments,
                "description": "Some were added and some failed.",
                "headers": ADDED_HEADERS,
            },
            **documented(Problem.UPLOADS_OFF, Problem.CONFLICT, Problem.UNAVAILABLE, has_body=True),
        },
        openapi_extra={"requestBody": ADDING_BODY},
    )
    async def add_documents(
        request: Request,
        idempotency_key: Annotated[  # noqa: ARG001 - described here, read where it is used
            str | None,
            Header(
                alias=KEY_HEADER,
                description=f"Makes a repeated request harmless: for 24 hours it gets the same response, with"
                f" the header `{REPLAYED_HEADER}: true`. A request that added nothing can be sent again under its key.",
                examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
            ),
        ] = None,
    ) -> Response:
        """Add files (a multipart form, field `files`) or pages of the web (JSON), and say of each what became of it.

        Nothing is left of a file that fails. If all fail, the response is a problem with their outcomes in `documents`:
        503 if the same request may succeed later, else 422. The same bytes again are `unchanged`; another file of the
        same name is kept beside.
        """
        _check_writable(library)
        return await adding.respond(request)

    @router.get(
        "/{id:path}/text",
        summary="Read a stretch of a document",
        response_model=TextRange,
        responses={
            HTTPStatus.OK: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **documented(Problem.NOT_FOUND, Problem.INVALID, Problem.UNAVAILABLE),
        },
    )
    async def read_text(
        named: _Named,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
        start: Annotated[int, Query(ge=0, description="First character, in Unicode code points.")] = 0,
        end: Annotated[int | None, Query(ge=0, description="Character after the last; by default the end.")] = None,
    ) -> Response:
        """Give the words between two offsets, as citations have them: as JSON, or with `Accept: text/plain` alone."""
        found = await documents.read(partial(documents.text, named, start=start, end=end))
        if _wants_plain_text(accept):
            return PlainTextResponse(found.text, headers={"Vary": "Accept"})
        return Response(await documents.read(partial(as_json, found)), media_type=JSON, headers={"Vary": "Accept"})

    @router.post(
        "/{id:path}/reindex",
        summary="Read a document again",
        response_model=ChangedDocument,
        responses=documented(Problem.UPLOADS_OFF, Problem.NOT_FOUND, Problem.INVALID, Problem.UNAVAILABLE),
    )
    async def reindex_document(request: Request, named: _Named) -> Response:
        """Read it again from its file or from the web. One that `failed` stays in its old version.

        If it could not be tried, as while documents are ingested elsewhere, the status is 503: try again later.
        """
        _check_writable(library)
        record = await documents.read(partial(documents.record, named))
        step = partial(library.reindex, record.source)
        outcome = await adding.change(step, fetches=is_url(record.source))
        if outcome.state is State.FAILED:
            await documents.read(partial(documents.record, named))  # it may have been removed meanwhile
            if outcome.transient:
                return _unavailable(request, outcome.reason)
        return Response(as_json(ChangedDocument.of(outcome)), media_type=JSON)

    @router.get(
        "/{id:document}",
        summary="Get a document",
        response_model=DocumentDetails,
        responses=documented(Problem.NOT_FOUND, Problem.INVALID, Problem.UNAVAILABLE),
    )
    async def get_document(
        named: _Named,
        text: Annotated[bool, Query(description="Whether its text is wanted.")] = True,
    ) -> Response:
        """Give its state, what it states about itself, and the text that offsets point into."""
        return Response(await documents.read(partial(documents.details, named, with_text=text)), media_type=JSON)

    @router.delete(
        "/{id:document}",
        summary="Remove a document",
        response_model=ChangedDocument,
        responses=documented(Problem.UPLOADS_OFF, Problem.NOT_FOUND, Problem.INVALID, Problem.UNAVAILABLE),
    )
    async def remove_document(request: Request, named: _Named) -> Response:
        """Take it out of the index. Of an upload the file is deleted as well; other files stay where they are."""
        _check_writable(library)
        record = await documents.read(partial(documents.record, named))
        outcome = await adding.change(partial(library.remove, record.source), fetches=False)
        if outcome.state is State.FAILED:
            await documents.read(partial(documents.record, named))  # somebody else was first
            return _unavailable(request, outcome.reason)
        return Response(as_json(ChangedDocument.of(outcome)), media_type=JSON)

    return router


def _check_writable(library: Library) -> None:
    if not library.writable:
        raise RefusalError(Problem.UPLOADS_OFF)


def _unavailable(request: Request, reason: str) -> Response:
    return problem_response(Problem.UNAVAILABLE, scope=request.scope, detail=reason, headers=RETRY)


def _wants_plain_text(accept: str) -> bool:
    """Whether plain text is asked for, and JSON is not."""
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return "text/plain" in kinds and JSON not in kinds
