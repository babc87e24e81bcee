"""Asking: the question box, the conversation, and what is done with an answer."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import gradio as gr

from index.errors import FilterError, FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from rag.settings import AssistantSettings
from ui.answering import Watch
from ui.chat.filters import Filters
from ui.chat.parts import AT_ONCE, Updates, handed_to_script, label, messages_of
from ui.conversation import (
    ChatAssistant,
    Conversation,
    Exchange,
    Rating,
    TurnsBegun,
    conversation_html,
    exchange_html,
    follow,
    is_busy,
    kept_exchange,
    restored_conversation,
    turns,
)
from ui.feedback import LONGEST_COMMENT, Feedback, FeedbackStore
from ui.messages import Messages
from ui.observation import in_request
from ui.render import sentence_html, suggestions_html

log = logging.getLogger(__name__)

# More would only be refused.
QUESTION_CHARACTERS = AssistantSettings().longest_question

# They cost about what an answer does, and shall not keep other readers' answers waiting.
SUGGESTIONS_AT_ONCE = 4

Ratings = dict[str, Rating]


class Asking:
    """The conversation and its question box."""

    def __init__(
        self,
        assistant: ChatAssistant,
        *,
        feedback: FeedbackStore,
        welcome: Callable[[Messages], str],
        watches: Sequence[Watch] = (),
    ) -> None:
        """Lay it out, inside of a Gradio layout.

        Args:
            assistant: Answers the questions.
            feedback: Where readers' opinions go.
            welcome: What an empty conversation shows.
            watches: See the answers go by.
        """
        self._assistant = assistant
        self._watches = watches
        self._feedback = feedback
        self._welcome = welcome
        self.conversation = gr.State(())
        self.name = gr.State("")
        """Names the conversation in the browser that keeps it, from its first question on."""
        self.begun = gr.State(TurnsBegun())  # Gradio gives each reader a copy
        self.editing = gr.State(False)
        self.ratings = gr.State({})
        """By exchange; changed in place, because what it stands in may be on its way to another state meanwhile."""
        with gr.Column(elem_id="chat"):
            self.welcome = gr.HTML(elem_id="welcome", apply_default_css=False, js_on_load=handed_to_script("welcome"))
            # Only the latest turn changes while it streams; what came before is sent once per question.
            self.earlier = gr.HTML(elem_id="earlier", apply_default_css=False, js_on_load=handed_to_script("earlier"))
            self.latest = gr.HTML(elem_id="latest", apply_default_css=False, js_on_load=handed_to_script("latest"))
            self.suggestions = gr.HTML(
                elem_id="suggestions", apply_default_css=False, js_on_load=handed_to_script("suggestions")
            )
            # What the browser is to keep, and what it hands back: nothing of it is seen.
            self.kept = gr.HTML(
                html_template="", elem_id="kept", apply_default_css=False, js_on_load=handed_to_script("kept")
            )
            with gr.Column(elem_id="composer"):
                self.remark = gr.HTML(elem_id="remark", apply_default_css=False, js_on_load=None)
                self.filters = Filters(assistant)
                with gr.Row(elem_id="question-row"):
                    self.question = gr.Textbox(
                        label=label("question"),
                        placeholder=label("placeholder"),
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=8,
                        max_length=QUESTION_CHARACTERS,
                        elem_id="question",
                    )
                    self.filters.lay_out_button()
                    self.cancel = gr.Button(label("cancel"), elem_id="cancel", visible=False)
                    self.ask = gr.Button(label("ask"), variant="primary", elem_id="ask")
                    self.stop = gr.Button(label("stop"), elem_id="stop", visible=False)

    @property
    def greeted(self) -> list[Any]:
        """The parts that `greet` fills."""
        return [self.welcome]

    def greet(self, messages: Messages) -> Updates:
        """Say what this is, when a page is opened."""
        return {self.welcome: self._welcome(messages)}

    def connect(self, *, panel: gr.HTML, concurrency: int) -> None:
        """Say which part does what. No endpoint is public: the API has a contract of its own.

        Args:
            panel: Shows documents, of which one can be chosen to ask.
            concurrency: How many questions are answered at once.
        """
        shown = [self.welcome, self.earlier, self.latest, self.suggestions, self.kept]
        composer = [self.remark, self.question, self.ask, self.stop, self.cancel, self.editing]
        outputs = [self.conversation, self.name, *shown, *composer, *self.filters.shown]
        asking = gr.on(
            [
                self.question.submit,
                self.ask.click,
                self.welcome.example_select,
                self.suggestions.example_select,
                self.latest.retry,
            ],
            self.answer,
            inputs=[
                self.question,
                self.conversation,
                self.name,
                self.begun,
                self.ratings,
                self.editing,
                *self.filters.inputs,
            ],
            outputs=outputs,
            show_progress="hidden",
            trigger_mode="multiple",  # `answer` refuses by itself; Gradio would still refuse after Stop
            concurrency_limit=concurrency,
            api_visibility="private",
        )
        # An event of its own: what a stream yields in one breath, Gradio's page may overwrite before it is shown.
        suggesting = asking.then(
            self.suggest,
            inputs=[self.conversation, self.begun, *self.filters.inputs],
            outputs=[self.suggestions],
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=SUGGESTIONS_AT_ONCE,
            api_visibility="private",
        )
        # First the stream is cut off, or what still comes from it would be painted over what follows.
        self.stop.click(None, cancels=[asking]).then(
            self.halt, inputs=[self.conversation, self.name, self.begun], outputs=outputs, **AT_ONCE
        )
        self.kept.clear(None, cancels=[asking, suggesting]).then(
            self.begin_again, inputs=[self.begun], outputs=outputs, **AT_ONCE
        )
        self.kept.select(
            self.restore,
            inputs=[self.begun],
            outputs=outputs,
            cancels=[asking, suggesting],
            trigger_mode="multiple",  # `_opened` lets the last one win; Gradio would drop it
            **AT_ONCE,
        )
        self.latest.edit(self.edit, inputs=[self.conversation], outputs=outputs, **AT_ONCE)
        self.cancel.click(self.leave_editing, outputs=outputs, **AT_ONCE)
        gr.on(
            [self.latest.like, self.earlier.like],
            self.rate,
            inputs=[self.conversation, self.ratings],
            outputs=[self.kept],
            trigger_mode="multiple",
            **AT_ONCE,
        )
        self.filters.connect(panel)

    # -- Questions -----------------------------------------------------------------------------------------------------

    def answer(
        self,
        typed: str,
        conversation: Conversation,
        name: str,
        begun: TurnsBegun,
        ratings: Ratings,
        editing: bool,
        documents: list[str] | None,
        languages: list[str] | None,
        since: str | None,
        until: str | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Answer what was typed, clicked, or asked last; nothing while an answer is on its way."""
        messages, conversation = messages_of(request), _rated(conversation, ratings)
        repeats = _comes_from(event, self.latest)
        replaces = conversation[-1].id if conversation and (repeats or editing) else ""
        before = conversation[:-1] if replaces else conversation
        question = self._question(typed, conversation, event)
        if not question or is_busy(conversation):
            yield {self.question: gr.skip()}
            return
        try:
            within = self.filters.chosen(documents, languages, since, until, messages=messages)
        except FilterError as error:
            yield {self.remark: sentence_html(str(error), kind="failed")}
            return
        if not begun.begin(before, instead_of=replaces):
            yield {self.question: gr.skip()}
            return
        name, times_gone_back = name or uuid4().hex, begun.times_gone_back
        opening: Updates = {
            self.name: name,
            self.welcome: "",
            self.earlier: conversation_html(before, messages=messages),
            self.suggestions: "",
            self.remark: "",
            # A question that is typed while the last one is answered again stays in the box.
            self.question: gr.skip() if repeats else "",
            self.ask: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.cancel: gr.update(visible=False),
            self.editing: False,
            **self.filters.hidden(),
        }
        exchange = None
        try:
            exchanges = self._exchanges(question, before, within, messages)
            for answered in in_request(exchanges, request.request.scope if request.request else {}):
                exchange = replace(answered, replaces=replaces)
                # Gradio cannot cut off an answer whose question is still on its way to the server.
                if begun.times_gone_back != times_gone_back:
                    return
                yield {
                    **opening,
                    self.conversation: (*before, exchange),
                    self.latest: exchange_html(exchange, len(before) + 1, messages=messages, is_latest=True),
                    **({} if exchange.is_busy else self._end(exchange, name, messages)),
                }
                opening = {}  # each message costs the browser some 40 ms, so the first one says it all
        finally:
            if exchange is None or exchange.is_busy:  # cut off
                begun.release(before, instead_of=replaces, times_gone_back=times_gone_back)

    def _question(self, typed: str, conversation: Conversation, event: gr.EventData) -> str:
        if _comes_from(event, self.latest):
            chosen = conversation[-1].question if conversation else ""
        elif _comes_from(event, self.welcome, self.suggestions):
            chosen = str(event.question)
        else:
            chosen = typed
        return chosen.strip()[:QUESTION_CHARACTERS]

    def _exchanges(
        self, question: str, before: Conversation, within: DocumentFilter, messages: Messages
    ) -> Iterator[Exchange]:
        if within != EVERYTHING and not self._assistant.has_any(within):
            yield Exchange(question, "failed", failure=messages.none_passes)
            return
        yield from follow(
            self._assistant,
            question,
            history=turns(before),
            within=within,
            interface=messages.language,
            watches=self._watches,
        )

    def suggest(
        self,
        conversation: Conversation,
        begun: TurnsBegun,
        documents: list[str] | None,
        languages: list[str] | None,
        since: str | None,
        until: str | None,
        request: gr.Request,
    ) -> Updates:
        """Offer questions to go on with, unless the next one has been asked already."""
        answer = conversation[-1].answer if conversation else None
        nothing: Updates = {self.suggestions: gr.skip()}
        if answer is None or begun.has_begun(conversation):
            return nothing
        messages = messages_of(request)
        try:
            within = self.filters.chosen(documents, languages, since, until, messages=messages)
            questions = self._assistant.suggest(answer, history=turns(conversation[:-1]), within=within)
        except FootnoteError as error:  # the answer stands without
            log.warning("No questions to go on with: %s", error)
            return nothing
        if begun.has_begun(conversation):
            return nothing
        return {self.suggestions: suggestions_html(questions, messages=messages)}

    def _end(self, exchange: Exchange, name: str, messages: Messages) -> Updates:
        """What an exchange that has come to its end leaves: the box free, itself in the browser."""
        to_keep = {
            "conversation": name,
            "exchange": kept_exchange(exchange, messages=messages),
            "replaces": exchange.replaces,
        }
        return {self.kept: to_keep, **self._take_questions()}

    def _take_questions(self) -> Updates:
        return {self.ask: gr.update(visible=True), self.stop: gr.update(visible=False)}

    # -- Stopping, editing, opening another conversation ---------------------------------------------------------------

    def halt(self, conversation: Conversation, name: str, begun: TurnsBegun, request: gr.Request) -> Updates:
        """Keep what was streamed so far, and say that it was stopped."""
        begun.go_back(conversation)
        if not conversation:
            return self._take_questions()
        messages, last = messages_of(request), conversation[-1]
        if last.is_busy:
            last = replace(last, state="stopped")
        # Painted even if it was complete: its end may have been cut off on the way to the browser.
        return {
            self.conversation: (*conversation[:-1], last),
            self.latest: exchange_html(last, len(conversation), messages=messages, is_latest=True),
            **self._end(last, name, messages),
        }

    def edit(self, conversation: Conversation, request: gr.Request) -> Updates:
        """Put the last question back into the box; what is sent next takes its place."""
        if not conversation or is_busy(conversation):
            return {self.question: gr.skip()}
        return {
            self.question: conversation[-1].question,
            self.editing: True,
            self.remark: sentence_html(messages_of(request).editing, kind="notice"),
            self.cancel: gr.update(visible=True),
        }

    def leave_editing(self) -> Updates:
        """Leave the last question as it was."""
        return {self.question: "", self.editing: False, self.remark: "", self.cancel: gr.update(visible=False)}

    def begin_again(self, begun: TurnsBegun, request: gr.Request) -> Updates:
        """Begin a new conversation."""
        return self._opened((), "", begun, messages_of(request))

    def restore(self, begun: TurnsBegun, event: gr.EventData, request: gr.Request) -> Updates:
        """Open a conversation that the browser has kept."""
        conversation = restored_conversation(event.exchanges)
        name = event.conversation if isinstance(event.conversation, str) else ""
        return self._opened(conversation, name[:64], begun, messages_of(request))

    def _opened(self, conversation: Conversation, name: str, begun: TurnsBegun, messages: Messages) -> Updates:
        begun.go_back(())
        begun.times_opened = opening = begun.times_opened + 1
        latest = ""
        if conversation:
            latest = exchange_html(conversation[-1], len(conversation), messages=messages, is_latest=True)
        opened: Updates = {
            self.conversation: conversation,
            self.name: name,
            self.welcome: "" if conversation else self._welcome(messages),
            self.earlier: conversation_html(conversation[:-1], messages=messages),
            self.latest: latest,
            self.suggestions: "",
            # Never the same twice: the script is told of changes only.
            self.kept: {"conversation": name, "opened": uuid4().hex},
            **self.leave_editing(),
            **self._take_questions(),
        }
        return opened if begun.times_opened == opening else {self.question: gr.skip()}

    # -- Opinions ------------------------------------------------------------------------------------------------------

    def rate(self, conversation: Conversation, ratings: Ratings, event: gr.EventData, request: gr.Request) -> Updates:
        """Note what a reader thinks of an answer, or that they have thought better of it."""
        rated = next((exchange for exchange in conversation if exchange.id == event.exchange), None)
        if rated is None or rated.answer is None or event.rating not in ("", "good", "bad"):
            return {self.kept: gr.skip()}
        comment = str(event.comment or "")[:LONGEST_COMMENT]
        try:
            if event.rating:
                self._feedback.save(
                    Feedback.of(rated.answer, answer_id=rated.id, rating=event.rating, comment=comment, channel="page")
                )
            else:
                self._feedback.withdraw(rated.id)
        except FootnoteError as error:
            log.error("An opinion could not be kept: %s", error)
            return {self.kept: {"failed": messages_of(request).failed}}
        ratings[rated.id] = event.rating
        return {self.kept: {"rated": rated.id, "rating": event.rating, "comment": comment}}


def _comes_from(event: gr.EventData, *parts: gr.HTML) -> bool:
    """Tell whether one of these parts is where it happened; Gradio may name a copy of it, with another id."""
    return getattr(event.target, "elem_id", "") in {part.elem_id for part in parts}


def _rated(conversation: Conversation, ratings: Ratings) -> Conversation:
    return tuple(replace(exchange, rating=ratings.get(exchange.id, exchange.rating)) for exchange in conversation)
