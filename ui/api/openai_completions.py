"""An answer as a chat completion, whole or in chunks."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from rag.answers import Answer, Citation, CitationsFound, Done, Event, Failed, PassagesFound, Token
from rag.context import count_tokens
from ui.api.answer_shapes import answer_body
from ui.api.openai_errors import AnswerFailedError, error_in_stream
from ui.api.openai_schemas import ChatRequest, FootnoteOptions
from ui.api.openai_stream import DONE, data_line
from ui.footnotes import AnswerText, Written, footnotes, place_address
from ui.plain import one_line


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of what is sent."""

    text: str = ""
    annotations: tuple[dict[str, Any], ...] = ()
    answer: Answer | None = None
    """With the last piece, the complete answer."""


class CompletionWriter:
    """Writes the answer to one request."""

    def __init__(self, request: ChatRequest, *, prompt_tokens: int, page: str, linked: bool) -> None:
        """Begin with nothing written.

        Args:
            request: What was asked for.
            prompt_tokens: About how many tokens its messages are.
            page: Where the page is that shows documents.
            linked: Whether footnotes in the text lead there, as annotations always do.
        """
        self._options = request.footnote or FootnoteOptions()
        self._counts = bool(request.stream_options and request.stream_options.include_usage)
        self._prompt_tokens = prompt_tokens
        self._page = page
        self._linked = linked
        self._id = uuid4()
        self._head = {"id": f"chatcmpl-{self._id.hex}", "created": int(time.time()), "model": request.model}

    async def completion(self, events: AsyncGenerator[Event, None]) -> dict[str, Any]:
        """Return the whole answer, the events closed.

        Raises:
            AnswerFailedError: If there is none.
            QuestionError: If the question is empty or too long.
        """
        content, annotations, answer = "", list[dict[str, Any]](), None
        async with aclosing(self._pieces(events)) as pieces:
            async for piece in pieces:
                content += piece.text
                annotations += piece.annotations
                answer = piece.answer
        if answer is None:
            raise AssertionError("A stream ends with Done or Failed.")
        message = {"role": "assistant", "content": content, "refusal": None, "annotations": annotations}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": self._usage(content),
            "footnote": self._body(answer),
        }

    async def lines(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a stream: who speaks, the text, the answer, `[DONE]`; or an error, the last of them.

        Raises:
            Exception: What came before the first line.
        """
        content, begun = "", False
        try:
            async with aclosing(self._pieces(events)) as pieces:
                async for piece in pieces:
                    if not begun:
                        begun = True
                        yield self._chunk({"role": "assistant", "content": ""})
                    if piece.text:
                        content += piece.text
                        yield self._chunk({"content": piece.text, **_present(annotations=list(piece.annotations))})
                    if piece.answer:
                        yield self._chunk({}, finish_reason="stop", footnote=self._body(piece.answer))
        except Exception as error:
            if not begun:
                raise
            yield data_line(error_in_stream(error))
            return
        if self._counts:
            yield self._chunk(None, usage=self._usage(content))
        yield DONE

    async def _pieces(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[_Piece, None]:
        text = AnswerText(markdown=self._options.markdown)
        known: dict[int, Citation] = {}
        async with aclosing(events):
            async for event in events:
                match event:
                    case PassagesFound():
                        yield _Piece()
                    case CitationsFound(citations):
                        known |= {citation.number: citation for citation in citations}
                    case Token(words):
                        yield self._piece(text.add(words), known)
                    case Done(answer):
                        last = self._piece(text.close(), known)
                        yield _Piece(last.text + self._below(answer), last.annotations, answer)
                    case Failed():
                        raise AnswerFailedError(event)

    def _piece(self, written: Written, known: Mapping[int, Citation]) -> _Piece:
        return _Piece(
            written.text,
            tuple(
                {
                    "type": "url_citation",
                    "url_citation": {
                        "start_index": mark.start,
                        "end_index": mark.end,
                        "title": one_line(known[mark.number].title),
                        "url": self._link(known[mark.number]),
                    },
                }
                for mark in written.marks
                if mark.number in known
            ),
        )

    def _below(self, answer: Answer) -> str:
        """What stands below the text: that something did not go as asked, and the footnotes."""
        notice = f"\n\n{answer.notice}" if answer.notice else ""
        if not self._options.footnotes:
            return notice
        link = self._link if self._linked else None
        return notice + footnotes(answer.citations, link=link, markdown=self._options.markdown)

    def _body(self, answer: Answer) -> dict[str, Any]:
        return answer_body(answer, answer_id=str(self._id), link=self._link)

    def _link(self, citation: Citation) -> str:
        return place_address(self._page, document=citation.document, start=citation.start, end=citation.end)

    def _chunk(
        self,
        delta: Mapping[str, Any] | None,
        *,
        finish_reason: str | None = None,
        footnote: Mapping[str, Any] | None = None,
        usage: Mapping[str, int] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return data_line(
            {
                **self._head,
                "object": "chat.completion.chunk",
                "choices": [] if delta is None else [choice],
                **({"usage": usage} if self._counts else {}),
                **_present(footnote=footnote),
            }
        )

    def _usage(self, content: str) -> dict[str, int]:
        asked, said = self._prompt_tokens, count_tokens(content)
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _present(**fields: object) -> dict[str, object]:
    """The fields that have something in them."""
    return {name: value for name, value in fields.items() if value}
