"""The API's own pages: its OpenAPI document, a page to try it out, and what its problems mean."""

import secrets
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, JSONResponse, Response

from ui.api.refusals import PROBLEM_SCHEMA
from ui.api.schemas import ProblemBody
from ui.messages import preferred_messages
from ui.problems import Problem, problem_response
from ui.security import page_policy

# The files of Swagger UI, as the package `fastapi_offline` has them.
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_DAY = {"Cache-Control": "public, max-age=86400"}

_DESCRIPTION = """\
Ask your documents in any language, and get answers whose footnotes lead to the exact words they rest on.

- **Keys.** `footnote keys` makes them; send one as `Authorization: Bearer fn_…`. As soon as there is one, or a login,
  all but `/health` needs it. Changing documents takes a key with the scope `write`.
- **Errors** are problem details (RFC 9457) in the language of `Accept-Language`; [their types](/problems).
- **Offsets** count Unicode code points in a document's text as loaded.
- **Stability.** In `/api/v1` fields are added, none is renamed or removed. Programs that speak OpenAI's protocol find
  it under `/v1`.
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Footnote: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">
SwaggerUIBundle({{url: "v1/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null}});
</script>
</body>
</html>
"""


def add_pages(app: FastAPI) -> None:
    """Serve the OpenAPI document and the pages about the API; call it when all routes are there."""

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(openapi_document(app))

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> Response:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(_PAGE.format(nonce=nonce), headers={"Content-Security-Policy": page_policy(nonce)})

    @app.get("/api/docs/{name}", include_in_schema=False)
    async def asset(name: str, request: Request) -> Response:
        if name not in _ASSETS:
            return problem_response(Problem.NOT_FOUND, scope=request.scope)
        content = (files("fastapi_offline") / "static" / name).read_bytes()
        return Response(content, media_type=_ASSETS[name], headers=_DAY)

    @app.get("/problems", include_in_schema=False)
    @app.get("/problems/{slug}", include_in_schema=False)
    async def problems(request: Request, slug: str = "") -> Response:
        if slug and slug not in list(Problem):
            return problem_response(Problem.NOT_FOUND, scope=request.scope)
        messages = preferred_messages(request.headers.get("accept-language", ""))
        shown = [problem for problem in Problem if slug in ("", problem)]
        entries = "".join(
            f"<dt id={problem.value}><code>{problem.type}</code> ({problem.status})</dt>"
            f"<dd><strong>{escape(problem.title_in(messages))}</strong><br>{escape(problem.advice_in(messages))}</dd>"
            for problem in shown
        )
        return HTMLResponse(
            f'<!doctype html><html lang="{messages.language}" dir="{messages.direction}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(', '.join(problem.value for problem in shown))}</title><dl>{entries}</dl></html>",
            headers={"Vary": "Accept-Language"},
        )


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app, made when it is first asked for."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Footnote",
            version="1",
            description=_DESCRIPTION,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        components = schema.setdefault("components", {})
        shapes = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {})[PROBLEM_SCHEMA] = shapes
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A key made by `footnote keys`."}
        }
        # None is needed before the first key is made.
        schema["security"] = [{"key": []}, {}]
        _leave_open(schema["paths"])
        app.openapi_schema = schema
    return app.openapi_schema


def _leave_open(paths: Mapping[str, Mapping[str, Any]]) -> None:
    for path, operations in paths.items():
        if path.startswith("/api/v1/health"):
            for operation in operations.values():
                operation["security"] = []
