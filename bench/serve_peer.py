"""The least that serving the assistant can be: a bare FastAPI app without any layer of ours, for `bench/serve.py`.

python -m bench.serve_peer HOME PORT
"""

import sys
from pathlib import Path
from typing import Any

from ui.settings import limit_threads


def main() -> None:
    """Serve until terminated; one line on standard output says when it is ready."""
    limit_threads()
    import uvicorn
    from fastapi import FastAPI

    from index.embedding import StaticEmbedder
    from ui.build import build_assistant, build_knowledge_base
    from ui.schemas import answer_dict, search_dict
    from ui.settings import Settings

    settings, bundled = Settings.model_construct(home=Path(sys.argv[1])), StaticEmbedder()
    with build_knowledge_base(settings, bundled=bundled, maintain=True) as knowledge_base:
        assistant = build_assistant(settings, knowledge_base, bundled=bundled)
        app = FastAPI()

        @app.post("/api/v1/search")
        def search(body: dict[str, Any]) -> dict[str, Any]:
            return search_dict(body["query"], assistant.search(body["query"]), assistant.documents())

        @app.post("/api/v1/ask")
        def ask(body: dict[str, Any]) -> dict[str, Any]:
            return answer_dict(assistant.ask(body["question"]))

        @app.post("/echo")
        async def echo(body: dict[str, Any]) -> dict[str, Any]:
            return body

        @app.get("/ready")
        async def ready() -> dict[str, Any]:
            return {}

        print("ready", flush=True)
        uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
