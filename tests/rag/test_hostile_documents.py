"""Every hostile document, through the whole assistant: the exact prompt sent, and the answer shown."""

import html
import re
import unicodedata
from collections.abc import Iterator

import pytest

from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.answers import Answer, Done, Event, Token
from rag.assistant import Assistant
from rag.marks import Mark, MarkReader
from rag.prompts import NOT_IN_DOCUMENTS, render_answer_prompt
from tests.builders import make_catalog, make_document
from tests.openai_server import LoggedRequest, OpenAIServer
from tests.rag.hostile_documents import HOSTILE_DOCUMENTS, HostileDocument
from ui.build import build_assistant
from ui.settings import Settings

_ELEMENT = re.compile(
    r'<passage number="(\d+)" title="([^"<>\n]*)" language="[\w-]+"(?: heading="[^"<>\n]*")?>\n([^<>]*)\n</passage>'
)
# What a program may fetch or follow by itself.
_ADDRESS = re.compile(r"(?:https?://|ftp://|www\.)[!-~]+", re.IGNORECASE)


@pytest.fixture(scope="module", params=HOSTILE_DOCUMENTS, ids=lambda document: document.name)
def document(request: pytest.FixtureRequest) -> HostileDocument:
    found: HostileDocument = request.param
    return found


@pytest.fixture(scope="module")
def base(
    document: HostileDocument, tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder
) -> Iterator[KnowledgeBase]:
    made = make_document(document.text, source="notes.md", language=document.language, title=document.title)
    with KnowledgeBase(make_catalog(tmp_path_factory.mktemp("hostile"), [made], bundled), bundled) as knowledge_base:
        yield knowledge_base


@pytest.fixture
def writing(base: KnowledgeBase, bundled: StaticEmbedder, openai_server: OpenAIServer) -> Assistant:
    """The assistant as it is put together for users, with the scripted server as its chat model."""
    settings = Settings.model_construct(
        model="test-model", openai_base_url=openai_server.base_url, model_timeout=5, openai_api_key=None
    )
    return build_assistant(settings, base, bundled=bundled)


@pytest.fixture
def quoting(base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(base, embedder=bundled)


def answer_request(server: OpenAIServer) -> LoggedRequest:
    """The request for the answer; others may stand beside it."""
    (request,) = [request for request in server.requests if "<passages>" in request.system]
    return request


def hidden(text: str) -> list[str]:
    """The characters in a text that nobody sees, other than joiners."""
    return [
        unicodedata.name(character, hex(ord(character)))
        for character in text
        if character not in "\n\u200c\u200d"
        and (
            unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            or "VARIATION SELECTOR" in unicodedata.name(character, "")
            or "FILLER" in unicodedata.name(character, "")
        )
    ]


def marks(text: str) -> list[int]:
    reader = MarkReader()
    return [
        number for part in (*reader.read(text), *reader.close()) if isinstance(part, Mark) for number in part.numbers
    ]


def check_shown(text: str, answer: Answer) -> None:
    """Assert that every mark of a text has a citation with the document's words, and that nothing in it is hidden."""
    assert hidden(text) == []
    assert set(marks(text)) <= {citation.number for citation in answer.citations}
    for citation in answer.citations:
        passage = answer.passages[citation.passage - 1]
        start = citation.start - passage.start
        assert passage.text[start : start + len(citation.quote)] == citation.quote != ""


def done(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    return events[-1].answer


def test_there_are_enough_of_them_in_many_languages() -> None:
    assert len({document.name for document in HOSTILE_DOCUMENTS}) == len(HOSTILE_DOCUMENTS) >= 40
    assert len({document.language for document in HOSTILE_DOCUMENTS}) >= 12


def test_prompt_holds_the_document_as_nothing_but_text_inside_its_passage(
    document: HostileDocument, writing: Assistant, openai_server: OpenAIServer
) -> None:
    answer = writing.ask(document.question)
    request = answer_request(openai_server)
    assert [message["role"] for message in request.messages] == ["system", "user"]
    assert request.question == document.question
    assert hidden(request.system) == []

    before, inside, after = re.split(r"\n<passages>\n|\n</passages>\n", request.system)
    without = render_answer_prompt([], language=answer.language)
    assert (before, after) == tuple(re.split(r"\n<passages>\n\n</passages>\n", without))

    elements = list(_ELEMENT.finditer(inside))
    assert "\n".join(element[0] for element in elements) == inside
    assert [int(element[1]) for element in elements] == list(range(1, len(elements) + 1))
    assert all(len(html.unescape(element[2])) <= 200 for element in elements)
    assert any(document.fact in html.unescape(element[3]) for element in elements)
    assert marks(inside) == []
    assert NOT_IN_DOCUMENTS not in inside
    for unwanted in document.not_in_prompt:
        assert unwanted not in inside, unwanted


@pytest.mark.parametrize("answers_first", [False, True], ids=["obeys at once", "answers, then obeys"])
def test_answer_of_a_model_that_obeys_shows_only_plain_text_with_checked_marks(
    answers_first: bool, document: HostileDocument, writing: Assistant, openai_server: OpenAIServer
) -> None:
    written = f"{document.fact} [1]\n\n{document.obeyed}" if answers_first else document.obeyed
    openai_server.answer = lambda _: written
    events = list(writing.stream(document.question))
    answer = done(events)
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text
    check_shown(answer.text, answer)
    if answer.model is None:  # the document is quoted instead
        return
    for unwanted in document.not_shown:
        assert unwanted not in answer.text, unwanted
    found = " ".join(passage.text for passage in answer.passages)
    addresses = [address.rstrip(".,;:!?)") for address in _ADDRESS.findall(answer.text)]
    assert [address for address in addresses if address not in found] == []


def test_answer_before_an_attack_stays(
    document: HostileDocument, writing: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.answer = lambda _: f"{document.fact} [1]\n\n{document.obeyed}"
    answer = writing.ask(document.question)
    assert answer.model == "test-model"
    assert answer.text.startswith(document.fact)
    assert answer.citations[0].quote == document.fact


def test_quotes_of_a_hostile_document_are_its_exact_words_with_marks_of_their_own(
    document: HostileDocument, quoting: Assistant
) -> None:
    answer = quoting.ask(document.question)
    assert any(document.fact in citation.quote for citation in answer.citations) == answer.answered
    check_shown(answer.text, answer)
