"""What was asked on the page and how far each answer has come, without Gradio."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args
from uuid import uuid4

from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from index.log_content import Content
from rag.answers import Answer, CitationsFound, Done, Failed, PassagesFound, Token, Turn
from rag.question_text import whole
from ui.answering import ServedAssistant, Watch, watched
from ui.explanation_html import explanation_html
from ui.markdown import answer_markdown
from ui.messages import Messages
from ui.render import actions_html, answer_html, partial_answer_html, sentence_html, sources_html, turn_html
from ui.schemas import answer_from_dict, kept_answer_dict

log = logging.getLogger(__name__)

# Twenty updates a second read as smooth typing; more only cost.
SECONDS_BETWEEN_UPDATES = 0.05
# What a browser hands back is read up to these sizes.
LONGEST_CONVERSATION = 500
LONGEST_KEPT_TEXT = 100_000

State = Literal["searching", "answering", "answered", "stopped", "failed"]
Rating = Literal["", "good", "bad"]


class ChatAssistant(ServedAssistant, Protocol):
    """What the page talks to: `rag.assistant.Assistant`, or a scripted one in tests."""

    def suggest(self, answer: Answer, *, history: Sequence[Turn], within: DocumentFilter) -> Sequence[str]:
        """Return what could be asked next."""

    def translate(self, quote: str, *, language: str) -> str:
        """Return a quote in a language, in the chat model's words."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question on the page and how far its answer has come."""

    question: str
    state: State = "searching"
    passage_count: int = 0
    text: str = ""
    """What was streamed so far."""
    citation_count: int = 0
    """How many footnotes it has so far."""
    answer: Answer | None = None
    """The complete answer, once it is there."""
    failure: str = ""
    """The assistant's own sentence on why there is none."""
    rating: Rating = ""
    """What its reader thinks of the answer."""
    id: str = field(default_factory=lambda: uuid4().hex, compare=False)
    """Names it in the browser and in the feedback."""
    replaces: str = field(default="", compare=False)
    """Id of the exchange that it was asked in the place of."""

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
        self._begun: dict[tuple[int, str], object] = {}
        self.times_gone_back = 0
        """An answer that finds another number than when it began belongs to what is no longer shown."""
        self.times_opened = 0
        """A conversation that finds another number than when its opening began is no longer the one to be shown."""

    def begin(self, exchanges: Conversation, *, instead_of: str = "") -> bool:
        """Begin the turn after these, in the place of the exchange with an id; False if it has begun already."""
        token = object()
        turn = (len(exchanges), instead_of)
        return self._begun.setdefault(turn, token) is token  # atomic: events run in threads

    def release(self, exchanges: Conversation, *, instead_of: str, times_gone_back: int) -> None:
        """Let a turn begin again that was cut off, unless another one may have begun since `times_gone_back`."""
        if times_gone_back == self.times_gone_back:
            self._begun.pop((len(exchanges), instead_of), None)

    def has_begun(self, exchanges: Conversation) -> bool:
        """Tell whether the turn after these has begun."""
        return any(number == len(exchanges) for number, _ in list(self._begun))

    def go_back(self, exchanges: Conversation) -> None:
        """Let the turn after these begin, and the last of these be replaced, whatever had begun before."""
        self.times_gone_back += 1
        last = exchanges[-1].id if exchanges else ""
        for number, instead_of in list(self._begun):
            if number >= len(exchanges) or (last and instead_of == last):
                self._begun.pop((number, instead_of), None)


def follow(
    assistant: ChatAssistant,
    question: str,
    *,
    history: Sequence[Turn],
    within: DocumentFilter = EVERYTHING,
    interface: str,
    watches: Sequence[Watch] = (),
) -> Iterator[Exchange]:
    """Ask, and yield the exchange each time it has come further; the last one is `answered` or `failed`.

    `interface` is the language the reader sees the page in, `within` tells which documents to answer from, and
    `watches` see the answer go by.

    Whatever goes wrong is logged here and ends the exchange, because nobody above could do more about it.
    """
    exchange = Exchange(question)
    yield exchange
    shown = 0.0
    try:
        events = assistant.stream(question, history=history, within=within, interface=interface, explain=True)
        for event in watched(events, "page", watches):
            match event:
                case PassagesFound(passages):
                    exchange = replace(exchange, state="answering", passage_count=len(passages))
                    if not assistant.has_chat_model:
                        continue  # the answer is there at once
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
                    log.error("No answer to %r: %s", Content(question), error)
                    exchange = replace(exchange, state="failed", failure=message)
            yield exchange
        if exchange.is_busy:
            raise RuntimeError("The stream ended without an answer.")
    except FootnoteError as error:
        log.error("No answer to %r: %s", Content(question), error)
        yield replace(exchange, state="failed")
    except Exception:
        log.exception("No answer to %r", Content(question))
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


def exchange_html(exchange: Exchange, number: int, *, messages: Messages, is_latest: bool = False) -> str:
    """Render the exchange with this number in its conversation, counted from 1, as far as it has come.

    Only the latest can be edited and answered again.
    """
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
    actions = why = ""
    if not exchange.is_busy:
        markdown = answer_markdown(exchange.answer, messages=messages) if exchange.answer else ""
        actions = actions_html(
            markdown, exchange_id=exchange.id, rating=exchange.rating, can_repeat=is_latest, messages=messages
        )
    if exchange.answer is not None:
        why = explanation_html(exchange.answer, messages=messages)
    return turn_html(
        exchange.question,
        answer=answer,
        actions=actions,
        sources=sources,
        why=why,
        busy=exchange.is_busy,
        messages=messages,
    )


def kept_exchange(exchange: Exchange, *, messages: Messages) -> dict[str, Any]:
    """Return what a browser keeps of an exchange that is no longer busy; `restored_exchange` reads it again."""
    return {
        "id": exchange.id,
        "question": exchange.question,
        "state": exchange.state,
        "text": exchange.text[:LONGEST_KEPT_TEXT],
        "citation_count": exchange.citation_count,
        "failure": exchange.failure,
        "rating": exchange.rating,
        "answer": kept_answer_dict(exchange.answer) if exchange.answer else None,
        "markdown": answer_markdown(exchange.answer, messages=messages) if exchange.answer else "",
    }


def restored_exchange(value: object) -> Exchange:
    """Read what a browser kept of an exchange.

    Raises:
        ValueError: If it is none, whoever wrote it.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"An exchange is an object, not {type(value).__name__}.")
    question, state, rating = (_text(value, name) for name in ("question", "state", "rating"))
    text, failure, exchange_id = (_text(value, name) for name in ("text", "failure", "id"))
    count, answer = value.get("citation_count", 0), value.get("answer")
    if not question or state not in ("answered", "stopped", "failed") or rating not in get_args(Rating):
        raise ValueError("An exchange without a question, a state or a rating that there is.")
    if type(count) is not int or (state == "answered") != (answer is not None):
        raise ValueError("An exchange that does not agree with itself.")
    if len(exchange_id) != 32 or not exchange_id.isalnum():
        raise ValueError("An exchange without an id.")
    return Exchange(
        question,
        state,  # type: ignore[arg-type]  # checked above
        text=text,
        citation_count=count,
        answer=None if answer is None else answer_from_dict(answer),
        failure=failure,
        rating=rating,  # type: ignore[arg-type]  # checked above
        id=exchange_id,
    )


def restored_conversation(value: object) -> Conversation:
    """Read what a browser kept of a conversation; exchanges that cannot be read are left out."""
    exchanges = []
    for kept in value[:LONGEST_CONVERSATION] if isinstance(value, list) else ():
        try:
            exchanges.append(restored_exchange(kept))
        except ValueError as error:
            log.warning("Of a conversation that was kept, one exchange cannot be read: %s", error)
    return tuple(exchanges)


def _text(value: Mapping[str, object], name: str) -> str:
    text = value.get(name, "")
    if not isinstance(text, str) or len(text) > LONGEST_KEPT_TEXT:
        raise ValueError(f"The field {name!r} of an exchange is no text.")
    return whole(text)
