"""What was asked on the page and how far each answer has come, without Gradio."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from index.catalog import DocumentRecord
from index.errors import FootnoteError
from rag.answers import Answer, CitationsFound, Done, Event, Failed, PassagesFound, Token, Turn
from ui.messages import Messages
from ui.render import answer_html, partial_answer_html, sentence_html, sources_html, turn_html

log = logging.getLogger(__name__)

# Twenty updates a second read as smooth typing; more only cost.
SECONDS_BETWEEN_UPDATES = 0.05


class ChatAssistant(Protocol):
    """What the page talks to: `rag.assistant.Assistant`, or a scripted one in tests."""

    def documents(self) -> Sequence[DocumentRecord]:
        """Return the state of every document."""

    def stream(self, question: str, *, history: Sequence[Turn], interface: str) -> Iterator[Event]:
        """Answer a question: `PassagesFound`, any number of `Token` and `CitationsFound`, then `Done` or `Failed`."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question on the page and how far its answer has come."""

    question: str
    state: Literal["searching", "answering", "answered", "stopped", "failed"] = "searching"
    passage_count: int = 0
    text: str = ""
    """What was streamed so far."""
    citation_count: int = 0
    """How many footnotes it has so far."""
    answer: Answer | None = None
    """The complete answer, once it is there."""
    failure: str = ""
    """The assistant's own sentence on why there is none."""

    @property
    def is_busy(self) -> bool:
        """Whether its answer is still on its way."""
        return self.state in ("searching", "answering")


Conversation = tuple[Exchange, ...]


class TurnsBegun:
    """Which turns of one conversation have begun; one object for all that happens on a page.

    Gradio hands each event the conversation as it was when the event arrived, so two questions sent at once (Enter
    pressed twice) both find it idle. Here only one of them begins.
    """

    def __init__(self) -> None:
        self._begun: dict[int, object] = {}

    def begin(self, exchanges: Conversation) -> bool:
        """Begin the turn after these; False if it has begun already."""
        token = object()
        return self._begun.setdefault(len(exchanges), token) is token  # atomic: events run in threads

    def go_back(self, exchanges: Conversation) -> None:
        """Let the turn after these begin, whatever had begun before."""
        for number in range(len(exchanges), max(self._begun, default=-1) + 1):
            self._begun.pop(number, None)


def follow(assistant: ChatAssistant, question: str, *, history: Sequence[Turn], interface: str) -> Iterator[Exchange]:
    """Ask, and yield the exchange each time it has come further; the last one is `answered` or `failed`.

    `interface` is the language the reader sees the page in.

    Whatever goes wrong is logged here and ends the exchange, because nobody above could do more about it.
    """
    exchange = Exchange(question)
    yield exchange
    shown = 0.0
    try:
        for event in assistant.stream(question, history=history, interface=interface):
            match event:
                case PassagesFound(passages):
                    exchange = replace(exchange, state="answering", passage_count=len(passages))
                case Token(text):
                    exchange = replace(exchange, text=exchange.text + text)
                    if time.monotonic() - shown < SECONDS_BETWEEN_UPDATES:
                        continue
                    shown = time.monotonic()
                case CitationsFound(citations):
                    exchange = replace(exchange, citation_count=exchange.citation_count + len(citations))
                    continue  # their marks come with the next token
                case Done(answer):
                    exchange = replace(exchange, state="answered", answer=answer)
                case Failed(message, error):
                    log.error("No answer to %r: %s", question, error)
                    exchange = replace(exchange, state="failed", failure=message)
            yield exchange
        if exchange.is_busy:
            raise RuntimeError(f"The stream for {question!r} ended without an answer.")
    except FootnoteError as error:
        log.error("No answer to %r: %s", question, error)
        yield replace(exchange, state="failed")
    except Exception:
        log.exception("No answer to %r", question)
        yield replace(exchange, state="failed")


def is_busy(exchanges: Conversation) -> bool:
    """Tell whether the last answer is still on its way."""
    return bool(exchanges) and exchanges[-1].is_busy


def turns(exchanges: Conversation) -> tuple[Turn, ...]:
    """Give the answered exchanges as the history of the next question."""
    return tuple(Turn(exchange.question, exchange.answer.text) for exchange in exchanges if exchange.answer)


def conversation_html(exchanges: Conversation, *, messages: Messages) -> str:
    """Render a conversation from its beginning."""
    return "".join(
        exchange_html(exchange, number, messages=messages) for number, exchange in enumerate(exchanges, start=1)
    )


def exchange_html(exchange: Exchange, number: int, *, messages: Messages) -> str:
    """Render the exchange with this number in its conversation, counted from 1, as far as it has come."""
    anchor = f"turn-{number}"
    answer, sources = partial_answer_html(exchange.text, citation_count=exchange.citation_count), ""
    if exchange.answer is not None:
        answer = answer_html(exchange.answer, anchor=anchor, messages=messages)
        sources = sources_html(exchange.answer, anchor=anchor, messages=messages)
    elif exchange.state == "failed":
        answer = sentence_html(exchange.failure or messages.failed, kind="failed")
    elif exchange.state == "stopped":
        answer += sentence_html(messages.stopped, kind="notice")
    elif exchange.state == "searching":
        answer = sentence_html(messages.searching, kind="waiting")
    else:
        sources = sentence_html(messages.found.format(count=exchange.passage_count), kind="waiting")
    return turn_html(exchange.question, answer=answer, sources=sources, busy=exchange.is_busy, messages=messages)
