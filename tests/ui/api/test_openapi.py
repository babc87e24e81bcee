"""What the OpenAPI document says holds for whatever is sent: the whole of it, by schemathesis, over the real thing."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from index.embedding import StaticEmbedder
from index.knowledge_base import open_knowledge_base
from index.settings import ChunkingSettings
from rag.assistant import Assistant
from tests.builders import make_catalog, make_document
from ui.answering import Answering
from ui.api.app import create_api
from ui.api.openai_schemas import MODEL
from ui.build import build_library
from ui.document_ids import document_id
from ui.feedback import FeedbackStore
from ui.settings import Settings


def rejects_what_is_wrong(ctx: Any, response: Any, case: Any) -> bool | None:
    """Check that too; what is too large to be looked at counts as rejected, which schemathesis does not know."""
    if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return None
    return checks.negative_data_rejection(ctx, response, case)


CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    rejects_what_is_wrong,
]
EXAMPLES = 12
# What is made up is never there, so these are asked for as well.
THERE = {"id": document_id("articles/東京.md"), "model": MODEL}
OF_ONE_THING = {"GET /api/v1/documents/{id}", "GET /api/v1/documents/{id}/text", "GET /v1/models/{model}"}
# All that there is; a test below tells when one is missing.
OPERATIONS = (
    "POST /api/v1/ask",
    "POST /api/v1/search",
    "POST /api/v1/feedback",
    "GET /api/v1/health",
    "GET /api/v1/health/live",
    "GET /api/v1/health/ready",
    "GET /api/v1/documents",
    "POST /api/v1/documents",
    "GET /api/v1/documents/{id}",
    "DELETE /api/v1/documents/{id}",
    "GET /api/v1/documents/{id}/text",
    "POST /api/v1/documents/{id}/reindex",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /v1/chat/completions",
)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Iterator[dict[str, Any]]:
    """The operations that the OpenAPI document of an API over two articles names, and the way to call them."""
    home: Path = tmp_path_factory.mktemp("api") / ".footnote"
    home.mkdir()
    articles = [
        make_document("Helsinki was founded in 1550.", source="articles/helsinki.md"),
        make_document("東京は日本の首都です。", source="articles/東京.md", language="ja"),
    ]
    make_catalog(home, articles, bundled).close()
    library = build_library(Settings.model_construct(home=home), embedder=bundled, bundled=bundled)
    with open_knowledge_base(home, bundled, chunking=ChunkingSettings()) as knowledge_base:
        assistant = Assistant(knowledge_base, embedder=bundled)
        app = create_api(Answering(assistant), library=library, feedback=FeedbackStore(home))
        schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
        found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
        yield {operation.label: operation for operation in found}


def test_no_operation_is_left_out(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=[mode.value for mode in GenerationMode])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_is_sent_is_answered_as_documented(
    operations: dict[str, Any], operation: str, mode: GenerationMode
) -> None:
    # The same cases every time, and few: it is run with many by hand when something changes.
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[operation].as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)
        if mode is GenerationMode.POSITIVE and case.method == "GET" and case.path_parameters:
            case.path_parameters = {name: THERE[name] for name in case.path_parameters}
            found.add(case.call_and_validate(checks=CHECKS).status_code)

    found: set[int] = set()
    try:
        call()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # where nothing can be sent, nothing wrong can
    assert (HTTPStatus.OK in found) is (mode is GenerationMode.POSITIVE and operation in OF_ONE_THING)
