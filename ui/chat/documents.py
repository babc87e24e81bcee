"""The list of documents: adding, reading again, removing."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from index.ingest import Outcome
from index.loading import USUAL_SUFFIXES
from ui.chat.parts import AT_ONCE, Updates, handed_to_script, label, messages_of
from ui.conversation import ChatAssistant
from ui.documents_html import documents_table_html, outcomes_html
from ui.library import Library
from ui.render import sentence_html

log = logging.getLogger(__name__)

LONGEST_ADDRESS = 2000
LONGEST_SEARCH = 200
# How many of the documents are listed until a reader asks for more.
MOST_SHOWN = 5000


class Documents:
    """The view that lists the documents."""

    def __init__(self, assistant: ChatAssistant, *, library: Library) -> None:
        """Lay it out, inside of a Gradio layout.

        Args:
            assistant: Knows the documents.
            library: Changes them, unless that is switched off.
        """
        self._assistant = assistant
        self._library = library

        # Gradio calls them by their names and hands over who asks.
        def list_documents(asked: Any, request: gr.Request) -> str:
            return self.listed(asked, request)

        def reindex_document(asked: Any, request: gr.Request) -> str:
            return self.reindexed(asked, request)

        def remove_document(asked: Any, request: gr.Request) -> str:
            return self.removed(asked, request)

        with gr.Column(elem_id="documents"):
            gr.HTML(
                elem_id="documents-head",
                apply_default_css=False,
                js_on_load=handed_to_script("documents_head"),
                types=", ".join(suffix.removeprefix(".").upper() for suffix in USUAL_SUFFIXES),
                megabytes=f"{library.max_megabytes:g}",
                writable=library.writable,
            )
            if library.writable:
                self.files = gr.File(
                    label=label("drop_files"),
                    file_count="multiple",
                    file_types=list(library.suffixes),
                    show_label=False,
                    height=140,
                    elem_id="add-files",
                )
                with gr.Row(elem_id="add-address"):
                    self.address = gr.Textbox(
                        label=label("page_address"),
                        placeholder="https://",
                        max_length=LONGEST_ADDRESS,
                        elem_id="page-address",
                        type="text",
                    )
                    self.add = gr.Button(label("add_page"), elem_id="add-page")
            self.outcomes = gr.HTML(
                elem_id="outcomes", apply_default_css=False, js_on_load=handed_to_script("outcomes")
            )
            self.list = gr.HTML(
                elem_id="documents-list",
                apply_default_css=False,
                js_on_load=handed_to_script("documents"),
                server_functions=[list_documents, reindex_document, remove_document],
            )

    def connect(self, *, masthead: gr.HTML, head: Callable[[gr.Request], str]) -> None:
        """Say which part does what.

        Args:
            masthead: Says how many documents there are.
            head: What it says.
        """
        self._masthead, self._masthead_html = masthead, head
        if not self._library.writable:
            return
        running: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}
        self.files.upload(self.add_files, inputs=[self.files], outputs=[self.files, self.outcomes, masthead], **running)
        gr.on(
            [self.add.click, self.address.submit],
            self.add_page,
            inputs=[self.address],
            outputs=[self.address, self.outcomes, masthead],
            **running,
        )
        self.list.change(head, outputs=[masthead], **AT_ONCE)

    def add_files(self, files: list[str] | None, request: gr.Request) -> Iterator[Updates]:
        """Index files that were dropped, and say of each what became of it."""
        paths = [Path(file) for file in files or ()]
        names = [path.name for path in paths]
        try:
            yield from self._followed(names, self._library.add_files(list(zip(paths, names, strict=True))), request)
        finally:
            for path in paths:  # or a copy of Gradio's would outlive the document
                path.unlink(missing_ok=True)
        yield {self.files: None}

    def add_page(self, address: str, request: gr.Request) -> Iterator[Updates]:
        """Index a page of the web."""
        address = address.strip()[:LONGEST_ADDRESS]
        if not address:
            yield {self.address: gr.skip()}
            return
        yield {self.address: ""}
        yield from self._followed([address], map(self._library.add_page, [address]), request)

    def _followed(self, names: list[str], outcomes: Iterator[Outcome], request: gr.Request) -> Iterator[Updates]:
        messages = messages_of(request)
        done: list[Outcome] = []
        try:
            while len(done) < len(names):
                yield {self.outcomes: outcomes_html(_rows(names, done), messages=messages)}
                done.append(next(outcomes))
            yield {
                self.outcomes: outcomes_html(_rows(names, done), messages=messages),
                self._masthead: self._masthead_html(request),
            }
        except Exception:
            log.exception("Documents could not be added")
            yield {self.outcomes: sentence_html(messages.failed, kind="failed")}

    # -- What the script asks for --------------------------------------------------------------------------------------

    def listed(self, asked: Any, request: gr.Request) -> str:
        """Render the list: `{search, shown}`."""
        wanted = asked if isinstance(asked, dict) else {}
        search, shown = wanted.get("search"), wanted.get("shown")
        return documents_table_html(
            self._assistant.documents(),
            search=search[:LONGEST_SEARCH] if isinstance(search, str) else "",
            shown=min(shown, MOST_SHOWN) if type(shown) is int and shown > 0 else 0,
            messages=messages_of(request),
            writable=self._library.writable,
            is_upload=self._library.is_upload,
        )

    def reindexed(self, asked: Any, request: gr.Request) -> str:
        """Read a document again: `{document}`; gives what became of it."""
        return self._changed(self._library.reindex, asked, request)

    def removed(self, asked: Any, request: gr.Request) -> str:
        """Take a document out of the index: `{document}`; gives what became of it."""
        return self._changed(self._library.remove, asked, request)

    def _changed(self, change: Callable[[str], Outcome], asked: Any, request: gr.Request) -> str:
        messages = messages_of(request)
        source = asked.get("document") if isinstance(asked, dict) else None
        if not isinstance(source, str):
            return sentence_html(messages.failed, kind="failed")
        try:
            outcome = change(source)
        except Exception:
            log.exception("A document could not be changed")
            return sentence_html(messages.failed, kind="failed")
        return outcomes_html(_rows([source], [outcome]), messages=messages)


def _rows(names: list[str], done: list[Outcome]) -> list[tuple[str, Any]]:
    """Each name with its outcome; the one after those is being read, the others wait."""
    states: list[Any] = [*done, "reading", *(["waiting"] * len(names))]
    return list(zip(names, states, strict=False))
