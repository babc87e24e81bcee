"""What all parts of the page need: the reader's language, Gradio's sentences, the way to the page's script."""

from dataclasses import asdict
from typing import Any

import gradio as gr

from ui.messages import Messages, all_messages
from ui.page_document import reader_messages

Updates = dict[Any, Any]
"""What Gradio takes from a handler: a new value or `gr.update` for each part that changes."""

# For what a reader does not wait for: past the queue, without a sign of waiting, and no endpoint for anybody else.
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

# Labels of Gradio's own parts; what we render ourselves is rendered in the reader's language.
_LABELS = (
    "add_page",
    "ask",
    "clear_filters",
    "cancel",
    "drop_files",
    "filter_documents",
    "filter_languages",
    "filters",
    "page_address",
    "placeholder",
    "question",
    "since",
    "stop",
    "until",
)


def _labels(messages: Messages) -> dict[str, str]:
    ours = {f"footnote_{name}": sentence for name, sentence in asdict(messages).items() if name in _LABELS}
    # Gradio's own words on a place for files, which it does not have in every language of the page.
    return {**ours, "upload_text.drop_file": messages.drop_files, "upload_text.click_to_upload": "\u200b"}


class _Labels(gr.I18n):
    """The labels in every language, read when a page is served: importing a module reads no files."""

    @property
    def translations_dict(self) -> dict[str, dict[str, str]]:
        """What Gradio sends to a browser, by language."""
        return {language: _labels(messages) for language, messages in all_messages().items()}


LABELS = _Labels()


def label(name: str) -> Any:
    """Give a sentence that Gradio says in the language of the browser."""
    if name not in _LABELS:
        raise KeyError(name)
    return LABELS(f"footnote_{name}")


def handed_to_script(name: str) -> str:
    """What a `gr.HTML` runs when it is there: it hands itself to `ui/static/page.js` under a name.

    The script then has its element, and `trigger`, `server` and `watch`, which are Gradio's ways to Python and back.
    """
    return f"(window.footnote ??= []).push({{name: '{name}', element, trigger, server, watch, props}});"


def messages_of(request: gr.Request) -> Messages:
    """Give the sentences in the language that the reader chose, else in the one the browser asks for."""
    return reader_messages(request.cookies, request.headers.get("accept-language", ""))
