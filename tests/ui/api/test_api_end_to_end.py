"""The API as a program meets it: the real assistant, a real server, curl, and feedback on what was answered."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from index.embedding import StaticEmbedder
from index.knowledge_base import open_knowledge_base
from index.settings import ChunkingSettings
from rag.assistant import Assistant
from tests.builders import make_catalog, make_document
from tests.ui.api.conftest import ApiOver
from tests.ui.api.test_asking import parsed
from ui.feedback import FeedbackStore

TEXTS = {
    "articles/helsinki.md": (
        "en",
        "Helsinki is the capital of Finland. Helsinki was founded in 1550 by King Gustav Vasa of Sweden. "
        "It has about 680,000 inhabitants.\n",
    ),
    "articles/東京.md": (
        "ja",
        "東京は日本の首都です。東京都の人口は約1400万人です。江戸は1868年に東京と改称されました。\n",
    ),
    "articles/القاهرة.md": ("ar", "القاهرة هي عاصمة مصر. تأسست القاهرة عام 969 على يد جوهر الصقلي.\n"),
}
QUESTIONS = {
    "en": ("When was Helsinki founded?", "articles/helsinki.md", "1550"),
    "ja": ("東京の人口は何人ですか？", "articles/東京.md", "1400万人"),
    "ar": ("متى تأسست القاهرة؟", "articles/القاهرة.md", "969"),
}


@pytest.fixture
def address(
    api_over: ApiOver, serve_app: Callable[[ASGIApp], str], tmp_path: Path, bundled: StaticEmbedder
) -> Iterator[str]:
    """The address of a server over three articles; its home is `tmp_path`."""
    articles = [make_document(text, source=source, language=lang) for source, (lang, text) in TEXTS.items()]
    make_catalog(tmp_path, articles, bundled).close()
    with open_knowledge_base(tmp_path, bundled, chunking=ChunkingSettings()) as knowledge_base:
        yield serve_app(api_over(Assistant(knowledge_base, embedder=bundled)))


def test_questions_in_three_languages_are_answered_searched_and_rated(address: str, tmp_path: Path) -> None:
    with httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client:
        for language, (question, document, words) in QUESTIONS.items():
            answer = client.post("/ask", json={"question": question, "explain": True}).json()
            assert (answer["language"], answer["answered"]) == (language, True)
            assert words in answer["answer"]
            citation = answer["citations"][0]
            text = TEXTS[document][1]
            assert (citation["document"], text[citation["start"] : citation["end"]]) == (document, citation["quote"])
            assert citation["url"].startswith(f"{address}/?document=articles%2F")
            assert answer["explanation"]["standalone_question"] == question
            found = client.post("/search", json={"query": question, "top_k": 1}).json()["results"]
            assert [result["document"] for result in found] == [document]
            rating = {"id": answer["id"], "rating": "good", "answer": answer}
            assert client.post("/feedback", json=rating).status_code == 204
            only_ours = {"question": question, "filter": {"documents": [document], "languages": [language]}}
            assert client.post("/ask", json=only_ours).json()["citations"][0]["document"] == document
        assert client.get("/health/ready").json()["documents"] == 3
    assert {kept.question for kept in FeedbackStore(tmp_path).all()} == {asked for asked, _, _ in QUESTIONS.values()}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("language", ["ja", "ar"])
def test_curl_reads_a_stream(address: str, language: str) -> None:
    question, document, words = QUESTIONS[language]
    done = subprocess.run(
        [
            *("curl", "--silent", "--no-buffer", "--fail-with-body", "--max-time", "60"),
            *("-H", "Accept: text/event-stream", "-H", "Content-Type: application/json"),
            *("--data-binary", "@-", f"{address}/api/v1/ask"),
        ],
        input=json.dumps({"question": question}, ensure_ascii=False).encode(),
        capture_output=True,
        check=True,
    )
    events = parsed(done.stdout)
    assert [event.name for event in events[:1] + events[-1:]] == ["passages", "done"]
    answer = events[-1].data
    assert words in answer["answer"]
    assert "".join(event.data["text"] for event in events if event.name == "token") == answer["answer"]
    cited = [citation for event in events if event.name == "citations" for citation in event.data["citations"]]
    assert cited == answer["citations"]
    assert cited[0]["document"] == document
