"""Whether the server lives, and whether it can answer: never behind the answers that it is busy with."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ui.answering import Answering, ServedAssistant
from ui.api.refusals import documented
from ui.api.schemas import HealthBody, LiveBody
from ui.problems import Problem, problem_response

log = logging.getLogger(__name__)

# While searches hold the catalog or the processor, an answer that is some seconds old is better than a late one.
_GLANCE_SECONDS = 0.05
_PATIENCE_SECONDS = 2.0
_OLDEST_SECONDS = 15.0

_GOOD = frozenset({"ok", "scanned"})
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class _Seen:
    documents: int
    checks: Mapping[str, str]
    """Names of parts, and `ok`, `scanned` or `failed`."""

    @property
    def is_ready(self) -> bool:
        return set(self.checks.values()) <= _GOOD


_NOTHING_SEEN = _Seen(0, {"index": "failed"})


class Health:
    """Looks at what answers need; one look at a time, each in a thread of its own, so that one may hang."""

    def __init__(self, assistant: ServedAssistant) -> None:
        self._assistant = assistant
        self._last = _NOTHING_SEEN
        self._last_at = float("-inf")
        self._reasons: Mapping[str, str] = {}
        self._look: Future[_Seen] | None = None

    async def seen(self) -> _Seen:
        """Return how things are, or were a moment ago if looking takes long."""
        look = self._look
        if look is None or look.done():
            look = self._look = Future()
            threading.Thread(target=self._run, args=(look,), name="health", daemon=True).start()
        is_fresh = time.monotonic() - self._last_at < _OLDEST_SECONDS
        done, _ = await asyncio.wait(
            {asyncio.wrap_future(look)}, timeout=_GLANCE_SECONDS if is_fresh else _PATIENCE_SECONDS
        )
        if done:
            self._last, self._last_at = look.result(), time.monotonic()
        return self._last if done or is_fresh else _NOTHING_SEEN

    def _run(self, look: "Future[_Seen]") -> None:
        try:
            found = self._assistant.checks()
            seen = _Seen(self._assistant.count_documents(), {part: _public(state) for part, state in found.items()})
        except Exception as error:  # noqa: BLE001 - whatever it is, the server cannot answer
            found, seen = {"index": f"{type(error).__name__}: {error}"}, _NOTHING_SEEN
        reasons = {part: state for part, state in found.items() if _public(state) == "failed"}
        if reasons != self._reasons:
            for part, reason in reasons.items():
                log.error("Not ready, because of %s: %s", part, reason)
            self._reasons = reasons
        look.set_result(seen)


def _public(state: str) -> str:
    """A state without its reason, which names files and addresses and is for the log."""
    return state if state in _GOOD else "failed"


def health_router(answering: Answering) -> APIRouter:
    """Make the routes that tell how the server is; they need no key.

    Args:
        answering: Has the assistant.
    """
    router = APIRouter(prefix="/health", tags=["Health"])
    health = Health(answering.assistant)

    @router.get("", response_model=HealthBody, summary="How the server is", responses=documented(needs_key=False))
    async def get_health() -> Response:
        return JSONResponse(_body(await health.seen()), headers=_NO_STORE)

    @router.get(
        "/live", response_model=LiveBody, summary="Whether the server answers", responses=documented(needs_key=False)
    )
    async def is_live() -> Response:
        return JSONResponse({"status": "ok", "live": True}, headers=_NO_STORE)

    @router.get(
        "/ready",
        response_model=HealthBody,
        summary="Whether questions can be answered",
        responses=documented(Problem.UNAVAILABLE, needs_key=False),
    )
    async def is_ready(request: Request) -> Response:
        seen = await health.seen()
        if seen.is_ready:
            return JSONResponse(_body(seen), headers=_NO_STORE)
        return problem_response(Problem.UNAVAILABLE, scope=request.scope, extra={"checks": dict(seen.checks)})

    for path, look in (("", get_health), ("/live", is_live), ("/ready", is_ready)):
        router.add_api_route(path, look, methods=["HEAD"], include_in_schema=False)  # what some monitors ask
    return router


def _body(seen: _Seen) -> dict[str, Any]:
    return {
        "status": "ok" if seen.is_ready else "unavailable",
        "live": True,
        "ready": seen.is_ready,
        "documents": seen.documents,
        "checks": dict(seen.checks),
    }
