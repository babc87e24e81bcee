"""Which documents a question is answered from, as a reader chooses them."""

from typing import Any

import gradio as gr

from index.errors import FilterError
from index.filters import DocumentFilter
from ui.chat.parts import AT_ONCE, Updates, label, messages_of
from ui.conversation import ChatAssistant
from ui.messages import Messages, language_name

# A longer list is no help to choose from; the list of documents has a search.
MOST_CHOICES = 2000
DATE_LIKE_THIS = "2018-05-31"


class Filters:
    """The choice of documents, languages and dates, and the button that shows it."""

    def __init__(self, assistant: ChatAssistant) -> None:
        """Lay it out, inside of a Gradio layout."""
        self._assistant = assistant
        with gr.Column(elem_id="filters", visible=False) as self.panel:
            self.documents = gr.Dropdown(
                label=label("filter_documents"), choices=[], multiselect=True, elem_id="filter-documents"
            )
            with gr.Row():
                self.languages = gr.Dropdown(
                    label=label("filter_languages"), choices=[], multiselect=True, elem_id="filter-languages"
                )
                self.since = gr.Textbox(
                    label=label("since"), placeholder=DATE_LIKE_THIS, max_length=10, elem_id="filter-since"
                )
                self.until = gr.Textbox(
                    label=label("until"), placeholder=DATE_LIKE_THIS, max_length=10, elem_id="filter-until"
                )
            self.clear = gr.Button(label("clear_filters"), size="sm", elem_id="clear-filters")
        self.is_open = gr.State(False)

    @property
    def inputs(self) -> list[Any]:
        """The parts whose values `chosen` takes, in its order."""
        return [self.documents, self.languages, self.since, self.until]

    def lay_out_button(self) -> None:
        """Put the button that shows and hides the choice where it belongs."""
        self.button = gr.Button(label("filters"), elem_id="filters-button")

    @property
    def shown(self) -> list[Any]:
        """The parts that `hidden` changes."""
        return [self.panel, self.is_open]

    def hidden(self) -> Updates:
        """Hide the choice; what is chosen stays chosen."""
        return {self.panel: gr.update(visible=False), self.is_open: False}

    def connect(self, panel: gr.HTML) -> None:
        """Say which part does what; from the `panel` a reader may choose the document that it shows."""
        self.button.click(
            self.toggle,
            inputs=[self.is_open],
            outputs=[self.panel, self.is_open, self.documents, self.languages],
            **AT_ONCE,
        )
        panel.apply(self.choose, outputs=[self.panel, self.is_open, self.documents, self.languages], **AT_ONCE)
        self.clear.click(self.forget, outputs=self.inputs, **AT_ONCE)
        gr.on([part.change for part in self.inputs], self.count, inputs=self.inputs, outputs=[self.button], **AT_ONCE)

    def toggle(self, is_open: bool, request: gr.Request) -> Updates:
        """Show the choice with the documents there are now, or hide it."""
        return self.hidden() if is_open else self._opened(request)

    def choose(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Let only one document pass, and show that."""
        if not self._assistant.has_any(DocumentFilter(documents=frozenset({event.document}))):
            return {self.panel: gr.skip()}
        return self._opened(request, documents=[event.document])

    def _opened(self, request: gr.Request, *, documents: list[str] | None = None) -> Updates:
        messages = messages_of(request)
        records = [record for record in self._assistant.documents() if record.chunks]
        names = {code: language_name(code, shown_in=messages.language) for code in {one.language for one in records}}
        choices = sorted((record.title, record.source) for record in records[:MOST_CHOICES])
        chosen = gr.update(choices=choices) if documents is None else gr.update(choices=choices, value=documents)
        return {
            self.panel: gr.update(visible=True),
            self.is_open: True,
            self.documents: chosen,
            self.languages: gr.update(choices=sorted((name, code) for code, name in names.items() if name)),
        }

    def forget(self) -> Updates:
        """Let every document pass."""
        return {self.documents: [], self.languages: [], self.since: "", self.until: ""}

    def count(
        self,
        documents: list[str] | None,
        languages: list[str] | None,
        since: str | None,
        until: str | None,
        request: gr.Request,
    ) -> Updates:
        """Say on the button how many filters are set."""
        messages = messages_of(request)
        number = len(documents or ()) + len(languages or ()) + bool(since) + bool(until)
        return {self.button: messages.filters_on.format(count=number) if number else messages.filters}

    def chosen(
        self,
        documents: list[str] | None,
        languages: list[str] | None,
        since: str | None,
        until: str | None,
        *,
        messages: Messages,
    ) -> DocumentFilter:
        """Give the filter that is chosen.

        Raises:
            FilterError: If a date is none; the message is in the reader's language.
        """
        since, until = (since or "").strip(), (until or "").strip()
        for value in (since, until):
            try:
                DocumentFilter(since=value or None)
            except FilterError:
                raise FilterError(messages.not_a_date.format(value=value)) from None
        if since and until:
            since, until = sorted((since, until))
        return DocumentFilter(
            documents=frozenset(documents or ()),
            languages=frozenset(languages or ()),
            since=since or None,
            until=until or None,
        )
