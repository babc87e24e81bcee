"""A chat model that takes its time, for `bench/serve.py`: two words a second, as a model on a small machine.

python -m bench.serve_model PORT
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

SECONDS_A_WORD = 0.5
WORDS = 600
_PASSAGE = re.compile(r"<passage [^>]*>\s*(.*?)\s*</passage>", re.DOTALL)


def words_of(prompt: str) -> list[str]:
    """What it says to a prompt: the beginning of the first passage, with its footnote, again and again."""
    passage = _PASSAGE.search(prompt)
    said = [*(passage[1] if passage else "Nothing").split()[:12], "[1]."]
    return (said * (WORDS // len(said) + 1))[:WORDS]


def main() -> None:
    """Serve until terminated; one line on standard output says when it is ready."""
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse, StreamingResponse

    app = FastAPI()
    counts = {"active": 0, "begun": 0, "cut": 0}

    def event(delta: dict[str, str], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {"id": "slow", "object": "chat.completion.chunk", "created": 0, "model": "slow", "choices": [choice]}
        return f"data: {json.dumps(chunk)}\n\n"

    async def write(words: list[str]) -> AsyncIterator[str]:
        counts["active"] += 1
        counts["begun"] += 1
        finished = False
        try:
            for word in words:
                yield event({"content": f"{word} "})
                await asyncio.sleep(SECONDS_A_WORD)
            yield event({}, "stop") + "data: [DONE]\n\n"
            finished = True
        finally:
            counts["active"] -= 1
            counts["cut"] += not finished

    @app.post("/v1/chat/completions")
    async def complete(body: dict[str, Any]) -> StreamingResponse:
        prompt = "\n".join(str(message["content"]) for message in body["messages"])
        return StreamingResponse(write(words_of(prompt)), media_type="text/event-stream")

    @app.get("/counts")
    async def count() -> JSONResponse:
        return JSONResponse(counts)

    print("ready", flush=True)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
