from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from index.catalog import DocumentRecord
from index.documents import Document
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.answers import Answer
from rag.assistant import Assistant
from rag.examples import Example, example_questions
from rag.prompts import about_question
from rag.settings import SuggestionSettings
from tests.builders import make_catalog, make_document
from tests.rag.test_suggestions import BORROWED, FAQ, GERMAN

OpenAssistant = Callable[..., Assistant]


@pytest.fixture
def opened(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[OpenAssistant]:
    """Open an assistant on some documents; closed after the test."""
    bases: list[KnowledgeBase] = []

    def open_documents(*documents: Document) -> Assistant:
        bases.append(KnowledgeBase(make_catalog(tmp_path, documents, bundled), bundled))
        return Assistant(bases[-1], embedder=bundled)

    yield open_documents
    for knowledge_base in bases:
        knowledge_base.close()


@pytest.fixture
def seeded(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(seeds_knowledge_base, embedder=bundled)


class CountingAsk:
    """Answers nothing, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, question: str, *, language: str) -> Answer:
        """Say that the documents do not answer."""
        self.asked.append(question)
        return Answer(question, language, "", False)


def record(source: str, *, language: str = "en", date: str | None = None, chunks: int = 1) -> DocumentRecord:
    return DocumentRecord(source, "indexed", None, source, language, date, None, chunks, "2026-01-01T00:00:00+00:00")


def looked_at(records: Sequence[DocumentRecord], *, language: str, count: int) -> list[str]:
    """The documents that are read when none gives a question."""
    seen: list[str] = []
    found = example_questions(
        records,
        language=language,
        count=count,
        ask=CountingAsk(),
        get_document=seen.append,
        settings=SuggestionSettings(),
    )
    assert found == ()
    return seen


def test_question_that_stands_in_a_document_comes_in_its_own_language(opened: OpenAssistant) -> None:
    assert opened(FAQ).examples(language="fi") == (Example("en", BORROWED, "faq.md"),)


@pytest.mark.parametrize("language", ["en", "fi", "ar", "ja", "de", "th"])
def test_else_it_is_asked_in_the_language_of_the_reader_what_is_said_about_the_topic(
    language: str, seeded: Assistant
) -> None:
    found = seeded.examples(language=language)
    assert len(found) == 5
    assert {each.language for each in found} == {language}
    assert found[0].document.split("/")[1] == language
    assert len({each.document.split("/")[1] for each in found}) == 5  # documents of as many languages
    for each in found:
        answer = seeded.ask(each.text, interface=language)
        assert (answer.language, answer.citations[0].document) == (language, each.document)


def test_language_without_phrases_is_asked_for_in_english(seeded: Assistant) -> None:
    assert {each.language for each in seeded.examples(language="sw")} == {"en"}


def test_examples_are_the_same_each_time(seeded: Assistant) -> None:
    assert seeded.examples(language="fi", count=3) == seeded.examples(language="fi", count=3)


def test_heading_is_asked_about_where_the_title_tells_nothing(opened: OpenAssistant) -> None:
    document = make_document(GERMAN.text, source="scan_0012.md", language="de", title="scan_0012")
    assert opened(document).examples(language="en") == (
        Example("en", about_question("Fahrräder im Zug", "en"), "scan_0012.md"),
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [("Lahti. Oulu. Pori. 1, 2, 3.", "scan_0012"), ("", "Empty"), ("## Remarks\n\nx\n", "log.txt")],
)
def test_document_that_gives_no_decent_question_gives_none(text: str, title: str, opened: OpenAssistant) -> None:
    assert opened(make_document(text, source="a.md", title=title)).examples(language="en") == ()


def test_no_documents_give_no_examples(opened: OpenAssistant) -> None:
    assert opened().examples(language="en") == ()


def test_documents_are_looked_at_by_language_the_newest_first() -> None:
    records = [
        record("a.md", date="2020"),
        record("b.md", date="2024-05"),
        record("c.md"),
        record("d.md", language="fi", date="2019-01-01"),
        record("e.md", language="fi", date="2021-01-01"),
        record("f.md", language="ja"),
        record("g.md", language="ja", chunks=0),
    ]
    assert looked_at(records, language="ja", count=5) == ["f.md", "c.md", "b.md", "a.md", "e.md", "d.md"]


def test_few_of_many_documents_are_looked_at() -> None:
    records = [record(f"{number}.md", language=f"{number % 50:02}") for number in range(10_000)]
    assert len(looked_at(records, language="en", count=5)) == 10 * 3


def test_document_without_an_answer_is_soon_done_with() -> None:
    ask = CountingAsk()
    found = example_questions(
        [record("faq.md")],
        language="en",
        count=5,
        ask=ask,
        get_document=lambda _: FAQ,
        settings=SuggestionSettings(),
    )
    assert (found, ask.asked) == ((), [BORROWED, about_question("Library of Lahti", "en")])
