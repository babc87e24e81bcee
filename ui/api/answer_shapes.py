"""Answers and their events as the API sends them: as on the command line, with an id, links and problems."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from starlette.types import Scope

from index.errors import FootnoteError
from index.log_content import described
from rag.answers import Answer, Citation, CitationsFound, Done, Event, Failed, PassagesFound, Token
from ui.api.event_stream import SentEvent
from ui.footnotes import place_address
from ui.problems import Problem, problem_dict
from ui.schemas import answer_dict, citation_dict, passage_dict

log = logging.getLogger(__name__)


def answer_body(answer: Answer, *, answer_id: str, link: Callable[[Citation], str]) -> dict[str, Any]:
    """Return the shape of `AnswerBody`.

    Args:
        answer: The answer.
        answer_id: The UUID under which it can be rated.
        link: Gives the address of the words that a footnote quotes.
    """
    citations = [citation_body(citation, link=link) for citation in answer.citations]
    return {"id": answer_id, **answer_dict(answer), "citations": citations}


def citation_body(citation: Citation, *, link: Callable[[Citation], str]) -> dict[str, Any]:
    """Return the shape of a citation with its link."""
    return {**citation_dict(citation), "url": link(citation)}


class AnswerShapes:
    """Makes JSON of the answer to one request."""

    def __init__(self, scope: Scope, *, base: str) -> None:
        """Name the request, and the address of the page that links lead to."""
        self._scope = scope
        self._base = base
        self._id = str(uuid4())

    def answer(self, answer: Answer) -> dict[str, Any]:
        """Return the shape of `AnswerBody`."""
        return answer_body(answer, answer_id=self._id, link=self._link)

    async def events(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[SentEvent, None]:
        """Give each event its name and shape; what only says that a model is at work has none."""
        async with aclosing(events):
            async for event in events:
                match event:
                    case PassagesFound(passages):
                        yield SentEvent("passages", {"passages": [passage_dict(passage) for passage in passages]})
                    case CitationsFound(citations):
                        yield SentEvent(
                            "citations", {"citations": [citation_body(each, link=self._link) for each in citations]}
                        )
                    case Token(text):
                        if text:
                            yield SentEvent("token", {"text": text})
                    case Done(answer):
                        yield SentEvent("done", self.answer(answer))
                    case Failed(message, error):
                        log.error("A question could not be answered: %s", described(error))
                        yield self._failed(Problem.UNAVAILABLE, message)

    def failed(self, error: Exception) -> SentEvent:
        """Return the last event of an answer that broke off; what happened goes into the log."""
        if isinstance(error, FootnoteError):
            log.error("An answer broke off: %s", described(error))
            return self._failed(Problem.UNAVAILABLE)
        log.error("An answer broke off.", exc_info=error)
        return self._failed(Problem.FAILED)

    def _failed(self, problem: Problem, detail: str = "") -> SentEvent:
        return SentEvent("failed", problem_dict(problem, scope=self._scope, detail=detail))

    def _link(self, citation: Citation) -> str:
        return place_address(self._base, document=citation.document, start=citation.start, end=citation.end)
