"""The chat page, and the only module that knows Gradio.

All text reaches the page through `ui.render`, as escaped HTML of our own: Gradio's chatbot renders Markdown and would
fetch the images that a document or a model names, from anywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag.settings import AssistantSettings
from ui.api import Api
from ui.conversation import (
    ChatAssistant,
    Conversation,
    TurnsBegun,
    conversation_html,
    exchange_html,
    follow,
    is_busy,
    turns,
)
from ui.messages import ENGLISH, EXAMPLE_QUESTIONS, ExampleQuestion, Messages, preferred_messages
from ui.render import masthead_html, welcome_html

# Gradio answers one question at a time unless told otherwise.
CONCURRENT_QUESTIONS = 8
# Each question that waits holds a connection; beyond this many, readers are asked to come back.
WAITING_QUESTIONS = 64
# More would only be refused.
QUESTION_CHARACTERS = AssistantSettings().longest_question

# Gradio hands what is passed to `trigger` to the handler as its event.
_CLICK_ON_EXAMPLE = """
element.addEventListener("click", (event) => {
  const example = event.target.closest("[data-example]");
  if (example) trigger("click", { example: Number(example.dataset.example) });
});
"""

Updates = dict[Any, Any]
"""What Gradio takes from a handler: a new value or `gr.update` for each part that changes."""


def create_chat(
    assistant: ChatAssistant,
    *,
    document_count: Callable[[], int],
    examples: Sequence[ExampleQuestion] = EXAMPLE_QUESTIONS,
) -> gr.Blocks:
    """Build the chat page; `mount` puts it into an app.

    Args:
        assistant: Answers the questions, several at a time.
        document_count: Tells how many documents are indexed; asked whenever the page is opened.
        examples: Questions offered while the conversation is empty.
    """
    page: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as page:
        _Page(assistant, document_count=document_count, examples=examples).connect(page)
    page.queue(default_concurrency_limit=CONCURRENT_QUESTIONS, max_size=WAITING_QUESTIONS)
    return page


def mount(app: Api, page: gr.Blocks) -> None:
    """Serve the page at `/` of `app`; what `app` already serves goes first."""
    here = Path(__file__)
    style = here.with_suffix(".css").read_text(encoding="utf-8")
    script = here.with_suffix(".js").read_text(encoding="utf-8")
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        head=f"<style>{style}</style><script>{script}</script>",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        favicon_path=str(here.with_name("favicon.svg")),
        footer_links=[],
        run_history=False,
        show_error=False,  # the text of an error is for the log
        max_file_size=1,  # Gradio accepts uploads even on a page that takes no files
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
    )


class _Page:
    """The parts of the page, and what happens when they are used."""

    def __init__(
        self, assistant: ChatAssistant, *, document_count: Callable[[], int], examples: Sequence[ExampleQuestion]
    ) -> None:
        self.assistant = assistant
        self.document_count = document_count
        self.examples = examples
        self.conversation = gr.State(())
        self.begun = gr.State(TurnsBegun())  # Gradio gives each reader a copy
        with gr.Row(elem_id="masthead"):
            self.masthead = gr.HTML(masthead_html(document_count(), messages=ENGLISH), js_on_load=None)
            self.restart = gr.Button(ENGLISH.new_conversation, elem_id="restart", size="sm", visible=False)
        self.welcome = gr.HTML(
            welcome_html(document_count(), examples, messages=ENGLISH),
            elem_id="welcome",
            apply_default_css=False,
            js_on_load=_CLICK_ON_EXAMPLE,
        )
        # Only the latest turn changes while it streams; what came before is sent once per question.
        self.earlier = gr.HTML(elem_id="earlier", apply_default_css=False, js_on_load=None)
        self.latest = gr.HTML(elem_id="latest", apply_default_css=False, js_on_load=None)
        with gr.Row(elem_id="composer"):
            self.question = gr.Textbox(
                label=ENGLISH.question,
                placeholder=ENGLISH.placeholder,
                show_label=False,
                container=False,
                lines=1,
                max_lines=8,
                max_length=QUESTION_CHARACTERS,
                elem_id="question",
            )
            self.ask = gr.Button(ENGLISH.ask, variant="primary", elem_id="ask")
            self.stop = gr.Button(ENGLISH.stop, elem_id="stop", visible=False)

    def connect(self, page: gr.Blocks) -> None:
        """Say which part does what. No endpoint is public: the API has a contract of its own."""
        parts = [self.masthead, self.restart, self.welcome, self.earlier, self.latest, self.question, self.ask]
        outputs = [self.conversation, *parts, self.stop]
        page.load(self.speak, outputs=outputs, queue=False, show_progress="hidden", api_visibility="private")
        asking = gr.on(
            [self.question.submit, self.ask.click, self.welcome.click],
            self.answer,
            inputs=[self.question, self.conversation, self.begun],
            outputs=outputs,
            show_progress="hidden",
            trigger_mode="multiple",  # `answer` refuses by itself; Gradio would still refuse after Stop
            concurrency_limit=CONCURRENT_QUESTIONS,
            api_visibility="private",
        )
        # First the stream is cut off, or what still comes from it would be painted over what follows.
        self.stop.click(None, cancels=[asking]).then(
            self.halt,
            inputs=[self.conversation, self.begun],
            outputs=outputs,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        self.restart.click(None, cancels=[asking]).then(
            self.begin_again,
            inputs=[self.begun],
            outputs=outputs,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )

    def speak(self, request: gr.Request) -> Updates:
        """Speak the reader's language, as told by the browser."""
        messages = _messages(request)
        return {
            self.masthead: masthead_html(self.document_count(), messages=messages),
            self.welcome: welcome_html(self.document_count(), self.examples, messages=messages),
            self.question: gr.update(label=messages.question, placeholder=messages.placeholder),
            self.ask: messages.ask,
            self.stop: messages.stop,
            self.restart: messages.new_conversation,
        }

    def answer(
        self, typed: str, conversation: Conversation, begun: TurnsBegun, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer what was typed, or the example that was clicked; nothing while another answer is on its way."""
        chosen = self.examples[event.example].text if event.target is self.welcome else typed
        question = chosen.strip()[:QUESTION_CHARACTERS]
        if not question or is_busy(conversation) or not begun.begin(conversation):
            yield {self.question: gr.skip()}
            return
        messages = _messages(request)
        yield {
            self.welcome: "",
            self.earlier: conversation_html(conversation, messages=messages),
            self.question: "",
            self.restart: gr.update(visible=True),
            self.ask: gr.update(visible=False),
            self.stop: gr.update(visible=True),
        }
        history = turns(conversation)
        for exchange in follow(self.assistant, question, history=history, interface=messages.language):
            yield {
                self.conversation: (*conversation, exchange),
                self.latest: exchange_html(exchange, len(conversation) + 1, messages=messages),
                **({} if exchange.is_busy else self._take_questions()),
            }

    def halt(self, conversation: Conversation, begun: TurnsBegun, request: gr.Request) -> Updates:
        """Keep what was streamed so far, and say that it was stopped."""
        begun.go_back(conversation)
        if not conversation:
            return self._take_questions()
        last = conversation[-1]
        if last.is_busy:
            last = replace(last, state="stopped")
        # Painted even if it was complete: its end may have been cut off on the way to the browser.
        return {
            self.conversation: (*conversation[:-1], last),
            self.latest: exchange_html(last, len(conversation), messages=_messages(request)),
            **self._take_questions(),
        }

    def begin_again(self, begun: TurnsBegun, request: gr.Request) -> Updates:
        """Forget the conversation."""
        begun.go_back(())
        return {
            self.conversation: (),
            self.welcome: welcome_html(self.document_count(), self.examples, messages=_messages(request)),
            self.earlier: "",
            self.latest: "",
            self.question: "",
            self.restart: gr.update(visible=False),
            **self._take_questions(),
        }

    def _take_questions(self) -> Updates:
        return {self.ask: gr.update(visible=True), self.stop: gr.update(visible=False)}


def _messages(request: gr.Request) -> Messages:
    return preferred_messages(request.headers.get("accept-language", ""))
