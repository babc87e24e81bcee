"""A small page of Gradio's, with the kinds of parts that ours has: what its document and its policy are tried on."""

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastapi import FastAPI

import ui
from ui.static_files import StaticFiles

STATIC = StaticFiles(Path(ui.__file__).with_name("static"))

# As `ui.chat.parts.handed_to_script` writes it.
HANDED = "(window.footnote ??= []).push({name: 'shown', element, trigger, server, watch, props});"


def stream(question: str) -> Iterator[str]:
    """Answer in two parts, the second of which would be code for a careless template."""
    yield "<p>part</p>"
    time.sleep(0.05)
    yield f"<p class='done'>${{1 + 1}} `{len(question)}` \\n {{{{value}}}}</p>"


def build_page() -> FastAPI:
    """Mount the page in an app of its own, without anything of ours in front."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    async def build() -> FastAPI:
        with gr.Blocks(title="Footnote", analytics_enabled=False) as page:
            gr.HTML("<p>here</p>", elem_id="shown", js_on_load=HANDED)
            question = gr.Textbox(elem_id="question", label="Question")
            answer = gr.HTML(elem_id="answer", js_on_load=None)
            file = gr.File(elem_id="file")
            name = gr.HTML(elem_id="name", js_on_load=None)
            gr.Dropdown(["one", "two"], multiselect=True, elem_id="choice")
            question.submit(stream, question, answer, api_visibility="private")
            file.upload(lambda path: f"<p>{Path(path).name}</p>", file, name, api_visibility="private")
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.get("/api/health")(lambda: {"status": "ok"})
        gr.mount_gradio_app(app, page, path="/", footer_links=[], run_history=False, ssr_mode=False)
        return app

    # Gradio makes locks while it builds a page, and for each an event loop, unless one is running.
    with ThreadPoolExecutor(max_workers=1) as builder:
        return builder.submit(asyncio.run, build()).result()
