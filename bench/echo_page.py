"""The least that Gradio can be: a bare `gr.ChatInterface` that echoes, as a peer for `bench/page.py`.

python -m bench.echo_page PORT
"""

import sys
from collections.abc import Iterator

ECHO = "Echo: "
"""What every answer begins with."""


def echo(question: str, _history: object) -> Iterator[str]:
    """Answer with the question."""
    yield ECHO + question


def main() -> None:
    """Serve until terminated; one line on standard output says when it is ready."""
    import gradio as gr

    page = gr.ChatInterface(echo, analytics_enabled=False)
    page.launch(server_port=int(sys.argv[1]), prevent_thread_lock=True, quiet=True, ssr_mode=False)
    print("ready", flush=True)
    page.block_thread()


if __name__ == "__main__":
    main()
