"""The lines of a streamed chat completion, as OpenAI's clients expect them: bare `data:`, and `[DONE]` at the end."""

from collections.abc import Mapping
from typing import Any

from ui.api.event_stream import one_line

DONE = b"data: [DONE]\n\n"
"""The end of a stream that came to a good end."""


def data_line(content: Mapping[str, Any]) -> bytes:
    """Return one object as it is sent."""
    return f"data: {one_line(content)}\n\n".encode("utf-8", "replace")
