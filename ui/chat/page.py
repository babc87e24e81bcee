"""Puts the page together and serves it.

All text reaches the page through pure functions of `ui/`, as escaped HTML of our own: Gradio's chatbot renders
Markdown and would fetch the images that a document or a model names, from anywhere.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from rag.examples import Example
from ui.answering import Watch
from ui.api.app import Api
from ui.chat.asking import Asking
from ui.chat.documents import Documents
from ui.chat.parts import AT_ONCE, LABELS, Updates, handed_to_script, messages_of
from ui.chat.reading import Reading
from ui.conversation import ChatAssistant
from ui.feedback import FeedbackStore
from ui.library import Library
from ui.messages import Messages
from ui.render import masthead_html, welcome_html

# Gradio answers one question at a time unless told otherwise; a chat model is mostly waited for.
CONCURRENT_QUESTIONS = 16
# Each question that waits holds a connection; beyond this many, readers are asked to come back.
WAITING_QUESTIONS = 128

# Seconds between looks at what Gradio has received, and how old it may get; files that were indexed are gone before.
FORGET_UPLOADS = (600, 3600)

# Calm and without shadows; colours come from page.css, which knows light and dark.
_THEME = gr.themes.Base(
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
    radius_size=gr.themes.sizes.radius_md,
    text_size=gr.themes.sizes.text_lg,
)


def create_chat(
    assistant: ChatAssistant,
    *,
    library: Library,
    feedback: FeedbackStore,
    examples: Callable[[str], Sequence[Example]],
    watches: Sequence[Watch] = (),
) -> gr.Blocks:
    """Build the chat page; `mount` puts it into an app.

    Args:
        assistant: Answers the questions, several at a time.
        library: The documents, as readers may change them.
        feedback: Where readers' opinions of answers go.
        examples: Questions offered to a reader of a language while the conversation is empty.
        watches: See the answers go by.
    """

    def welcome(messages: Messages) -> str:
        return welcome_html(assistant.count_documents(), examples(messages.language), messages=messages)

    page: gr.Blocks
    layout = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True, delete_cache=FORGET_UPLOADS)
    with layout as page, gr.Row(elem_id="frame"):
        gr.HTML(elem_id="sidebar", apply_default_css=False, js_on_load=handed_to_script("sidebar"))
        with gr.Column(elem_id="middle"):
            masthead = gr.HTML(elem_id="masthead", apply_default_css=False, js_on_load=handed_to_script("masthead"))
            asking = Asking(assistant, feedback=feedback, welcome=welcome, watches=watches)
            documents = Documents(assistant, library=library)
        reading = Reading(assistant)

    def head(request: gr.Request) -> str:
        return masthead_html(assistant.count_documents(), messages=messages_of(request))

    def greet(request: gr.Request) -> Updates:
        return {masthead: head(request), **asking.greet(messages_of(request))}

    with page:
        page.load(
            greet,
            outputs=[masthead, *asking.greeted],
            **AT_ONCE,
        )
        asking.connect(panel=reading.panel, concurrency=CONCURRENT_QUESTIONS)
        documents.connect(masthead=masthead, head=head)
    page.queue(default_concurrency_limit=CONCURRENT_QUESTIONS, max_size=WAITING_QUESTIONS)
    return page


def mount(app: Api, page: gr.Blocks, *, largest_upload: int | None) -> None:
    """Serve the page at `/` of `app`; what `app` already serves goes first.

    Args:
        app: What to serve it from.
        page: What `create_chat` built.
        largest_upload: Bytes of the largest file that may be sent; `None` if none may.
    """
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=_THEME,
        i18n=LABELS,
        favicon_path=str(Path(__file__).parents[1] / "static" / "favicon.svg"),
        app_kwargs={"openapi_url": None},  # its own routes are for its own page
        footer_links=[],
        run_history=False,
        show_error=False,  # the text of an error is for the log
        max_file_size=largest_upload or 1,  # Gradio accepts uploads even on a page that takes no files
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
    )
