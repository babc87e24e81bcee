"""Reading: the panel with the document behind a footnote."""

import logging
from typing import Any

import gradio as gr

from index.errors import FootnoteError
from ui.chat.parts import handed_to_script, messages_of
from ui.conversation import ChatAssistant
from ui.document_html import document_html, missing_document_html
from ui.render import sentence_html, translation_html

log = logging.getLogger(__name__)

# A quote is at most a few sentences; more is not ours.
LONGEST_QUOTE = 5000


class Reading:
    """The panel. The script asks for what is in it, because it may be asked for in any order and many times."""

    def __init__(self, assistant: ChatAssistant) -> None:
        """Lay it out, inside of a Gradio layout."""
        self._assistant = assistant

        # Gradio calls them by their names and hands over who asks.
        def read_document(asked: Any, request: gr.Request) -> str:
            return self.read(asked, request)

        def translate_quote(asked: Any, request: gr.Request) -> str:
            return self.translate(asked, request)

        self.panel = gr.HTML(
            elem_id="panel",
            apply_default_css=False,
            js_on_load=handed_to_script("panel"),
            server_functions=[read_document, translate_quote],
        )

    def read(self, asked: Any, request: gr.Request) -> str:
        """Render a document around a place: `{document, start, end, quote, from, to}`, all but the first optional."""
        messages = messages_of(request)
        wanted = asked if isinstance(asked, dict) else {}
        source = wanted.get("document")
        document = self._assistant.get_document(source) if isinstance(source, str) else None
        if document is None:
            return missing_document_html(messages=messages)
        quote = wanted.get("quote")
        return document_html(
            document,
            start=_offset(wanted.get("start")),
            end=_offset(wanted.get("end")),
            expected=quote[:LONGEST_QUOTE] if isinstance(quote, str) and quote else None,
            first=_offset(wanted.get("from")),
            last=_offset(wanted.get("to")),
            can_translate=self._assistant.has_chat_model,
            messages=messages,
        )

    def translate(self, asked: Any, request: gr.Request) -> str:
        """Render a translation of a quote into the reader's language."""
        messages = messages_of(request)
        quote = str(asked.get("quote", "") if isinstance(asked, dict) else "")[:LONGEST_QUOTE]
        try:
            translation = self._assistant.translate(quote, language=messages.language)
            return translation_html(quote, translation, messages=messages)
        except FootnoteError as error:
            log.warning("A quote could not be translated: %s", error)
        except Exception:
            log.exception("A quote could not be translated")
        return sentence_html(messages.translation_failed, kind="failed")


def _offset(value: object) -> int | None:
    """A character offset from a browser; what it could not be is none."""
    return value if type(value) is int and 0 <= value < 2**31 else None
