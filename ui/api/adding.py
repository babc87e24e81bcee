"""What `POST /documents` does: takes files or addresses, adds each, and answers the same request once."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from index.errors import StoreError
from index.runs import Outcome, State
from ui.api.document_schemas import FORM, JSON, REPLAYED_HEADER, AddedDocument, AddedDocuments, PagesToAdd
from ui.api.receiving import Limits, ReceivedFile, body, receive_files
from ui.api.refusals import RefusalError
from ui.idempotency import LEASE_SECONDS, IdempotencyStore, KeptResponse, Lease, OtherRequest, Running, parse_key
from ui.incoming import IncomingFolder
from ui.library import Library
from ui.problems import Problem, problem_response

log = logging.getLogger(__name__)

KEY_HEADER = "Idempotency-Key"

# A home has one writer at a time. Who waits for it here waits as long as it takes; in the library, some seconds.
_WRITING_AT_ONCE = 1
# Pages mostly wait for their servers.
_FETCHING_AT_ONCE = 4
# Bytes go to the disk while others do: threads of their own keep a slow disk from whatever else is served.
_STORING_AT_ONCE = 4
# Each may hold ten files of the largest size on the disk, for as long as its sender takes.
_RECEIVING_AT_ONCE = 32
RETRY = {"Retry-After": "5"}
"""Of a response to a request that may succeed when it is sent again."""
# Twenty addresses of 2,000 characters, written in JSON's longest way.
_LONGEST_JSON = 20 * 2000 * 6 + 4096

# Each name as it was sent, with what became of it.
Added = list[tuple[str, Outcome]]
T = TypeVar("T")


class Adding:
    """Adds documents for callers of the API; one for each server, in its event loop."""

    def __init__(self, library: Library, *, home: Path, keys: IdempotencyStore) -> None:
        """Wire it up.

        Args:
            library: Where documents go.
            home: Where files are while they are received.
            keys: Which requests were answered already.
        """
        self._library, self._home, self._keys = library, home, keys
        self._limits = Limits(file_bytes=int(library.max_megabytes * 1024 * 1024))
        self._writing = CapacityLimiter(_WRITING_AT_ONCE)
        self._fetching = CapacityLimiter(_FETCHING_AT_ONCE)
        self._storing = CapacityLimiter(_STORING_AT_ONCE)
        self._receiving = 0

    async def change(self, step: Callable[[], Outcome], *, fetches: bool) -> Outcome:
        """Change the documents in a thread, when it is its turn.

        Args:
            step: What is done.
            fetches: Whether it fetches a page, so that it mostly waits.
        """
        return await to_thread.run_sync(step, limiter=self._fetching if fetches else self._writing)

    async def respond(self, request: Request) -> Response:
        """Add what a request brings, unless it was answered before.

        Raises:
            RefusalError: If nothing is to be done.
            RequestValidationError: If its JSON is not as described.
            StoreError: If the disk takes no more.
            ClientDisconnect: If the sender goes away while it is sent.
        """
        key = _key_of(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == FORM:
            async with self._folder() as folder:
                files = await receive_files(request, folder, limits=self._limits, limiter=self._storing)
                sent = [[file.name, file.hashed.hexdigest()] for file in files]
                return await self._once(request, key, _fingerprint("files", sent), lambda: self._add_files(files))
        if media_type == JSON:
            addresses = await _addresses(request, self._limits)
            return await self._once(request, key, _fingerprint("pages", addresses), lambda: self._add_pages(addresses))
        raise RefusalError(
            Problem.MEDIA_TYPE, f"Send files as {FORM} in the field {self._limits.field!r}, or addresses as {JSON}."
        )

    @asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        """A folder for what is received; it is gone when the block ends, however it ends."""
        if self._receiving >= _RECEIVING_AT_ONCE:
            raise RefusalError(Problem.UNAVAILABLE, headers=RETRY)
        self._receiving += 1
        try:
            folder = await to_thread.run_sync(IncomingFolder, self._home, limiter=self._storing)
            try:
                yield folder.path
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(folder.close, limiter=self._storing)
        finally:
            self._receiving -= 1

    # -- The work ------------------------------------------------------------------------------------------------------

    async def _add_files(self, files: Sequence[ReceivedFile]) -> Added:
        return [(file.name, await self.change(partial(self._add_file, file), fetches=False)) for file in files]

    def _add_file(self, file: ReceivedFile) -> Outcome:
        (outcome,) = self._library.add_files([(file.path, file.name)])
        return outcome

    async def _add_pages(self, addresses: Sequence[str]) -> Added:
        steps = [self.change(partial(self._library.add_page, address), fetches=True) for address in addresses]
        return list(zip(addresses, await asyncio.gather(*steps), strict=True))

    # -- Once ----------------------------------------------------------------------------------------------------------

    async def _once(
        self, request: Request, key: str | None, fingerprint: str, work: Callable[[], Awaitable[Added]]
    ) -> Response:
        """Do the work and keep its response under the key; or give the response that is kept."""
        if key is None:
            return _response(request, await work())
        caller = str(getattr(getattr(request.state, "caller", None), "name", ""))
        begun = await self._in_store(partial(self._keys.begin, key, caller=caller, fingerprint=fingerprint))
        match begun:
            case OtherRequest():
                raise RefusalError(
                    Problem.INVALID, f"The {KEY_HEADER} was used for another request: give each request one of its own."
                )
            case Running():
                raise RefusalError(
                    Problem.CONFLICT,
                    f"The request with this {KEY_HEADER} is still being worked on: ask again for what became of it.",
                    headers=RETRY,
                )
            case KeptResponse(status, body, headers):
                return Response(body, status, {**headers, REPLAYED_HEADER: "true"}, media_type=JSON)
            case Lease():
                return await self._worked(request, begun, work)

    async def _worked(self, request: Request, lease: Lease, work: Callable[[], Awaitable[Added]]) -> Response:
        renewing = asyncio.create_task(self._renew(lease))
        response: Response | None = None
        try:
            response = _response(request, await work())
            return response
        finally:
            renewing.cancel()
            with anyio.CancelScope(shield=True), suppress(StoreError):  # then the lease ends by itself
                await self._in_store(partial(self._settle, lease, response))

    def _settle(self, lease: Lease, response: Response | None) -> None:
        """Keep the response, if anything was added; else the same request may well succeed the next time."""
        if response is None or response.status_code >= HTTPStatus.BAD_REQUEST:
            self._keys.release(lease)
            return
        headers = {"Location": response.headers["Location"]} if "Location" in response.headers else {}
        self._keys.complete(lease, KeptResponse(response.status_code, bytes(response.body), headers))

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self._in_store(partial(self._keys.renew, lease))
            except StoreError as error:
                log.warning("An upload goes on whose idempotency key may be lost: %s", error)

    async def _in_store(self, step: Callable[[], T]) -> T:
        return await to_thread.run_sync(step, limiter=self._storing)


def _response(request: Request, added: Added) -> Response:
    """201 if there are new documents, 200 if there were all before, 207 if some failed.

    If all failed, 503 if another try may succeed with one of them, else 422.
    """
    documents = [AddedDocument.of(outcome, name=name) for name, outcome in added]
    failed = [outcome for _, outcome in added if outcome.state is State.FAILED]
    if len(failed) == len(added):
        transient = [outcome for outcome in failed if outcome.transient]
        reason = (transient or failed)[0].reason
        return problem_response(
            Problem.UNAVAILABLE if transient else Problem.INVALID,
            scope=request.scope,
            detail=reason if len(failed) == 1 else f"Nothing was added. One of {len(failed)} reasons: {reason}",
            headers=RETRY if transient else None,
            extra={"documents": [document.model_dump() for document in documents]},
        )
    is_new = any(outcome.state is State.INDEXED for _, outcome in added)
    status = HTTPStatus.MULTI_STATUS if failed else HTTPStatus.CREATED if is_new else HTTPStatus.OK
    headers = {"Location": f"{request.url.path}/{documents[0].id}"} if len(documents) == 1 else {}
    return Response(AddedDocuments(documents=documents).model_dump_json(), status, headers, media_type=JSON)


def _key_of(request: Request) -> str | None:
    given = request.headers.get(KEY_HEADER)
    if given is None:
        return None
    key = parse_key(given)
    if key is None:
        raise RefusalError(
            Problem.INVALID, f"The {KEY_HEADER} is no key: give 1 to 255 visible ASCII characters, such as a UUID."
        )
    return key


def _fingerprint(kind: str, sent: object) -> str:
    return hashlib.sha256(json.dumps([kind, sent]).encode()).hexdigest()


async def _addresses(request: Request, limits: Limits) -> list[str]:
    sent = bytearray()
    async for piece in body(request, limits):
        sent += piece
        if len(sent) > _LONGEST_JSON:
            raise RefusalError(Problem.TOO_LARGE, f"The JSON has more than the limit of {_LONGEST_JSON} bytes.")
    try:
        return PagesToAdd.model_validate_json(bytes(sent)).addresses
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            raise RefusalError(Problem.INVALID, f"The body cannot be read. {errors[0]['msg']}.") from error
        raise RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in errors]) from error
