"""Questions for the empty page: the starter articles' own, or some about the documents, found once."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.knowledge_base import KnowledgeBase
from rag.assistant import Assistant
from rag.examples import Example
from tests.builders import index_document, make_catalog, make_document
from tests.rag.test_suggestions import BORROWED, FAQ
from ui.build import SEEDS
from ui.examples import MOST_OFFERED, STARTERS, Examples


class CountingAssistant(Assistant):
    """The assistant, which counts how often it looks for examples, and gives prepared ones."""

    looked: list[tuple[str, int]]
    fails = False

    def examples(self, *, language: str, count: int = 5) -> tuple[Example, ...]:
        """Give one example in the language; fail if told to."""
        self.looked.append((language, count))
        if self.fails:
            raise StoreError("The disk is full.")
        return (Example(language, f"Question {len(self.looked)}", "docs/nara.md"),)


OpenAssistant = Callable[..., tuple[CountingAssistant, Catalog]]


@pytest.fixture
def opened(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[OpenAssistant]:
    """Open an assistant on documents of these names, and their catalog; closed after the test."""
    bases: list[KnowledgeBase] = []

    def open_sources(*sources: str) -> tuple[CountingAssistant, Catalog]:
        documents = [make_document(f"A text about {source}.", source=source) for source in sources]
        catalog = make_catalog(tmp_path, documents, bundled)
        bases.append(KnowledgeBase(catalog, bundled))
        assistant = CountingAssistant(bases[-1], embedder=bundled)
        assistant.looked = []
        return assistant, catalog

    yield open_sources
    for knowledge_base in bases:
        knowledge_base.close()


@pytest.fixture
def seeded(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(seeds_knowledge_base, embedder=bundled)


@pytest.mark.parametrize("language", ["en", "fi", "ar", "ja", "de", "tlh"])
def test_the_starter_articles_have_questions_of_their_own(seeded: Assistant, language: str) -> None:
    assert Examples(seeded)(language) == STARTERS


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.language)
def test_a_starter_is_answered_by_its_article(seeded: Assistant, starter: Example) -> None:
    assert (SEEDS.parent / starter.document).is_file()
    answer = seeded.ask(starter.text)
    assert (answer.answered, answer.language) == (True, starter.language)
    assert starter.document in {citation.document for citation in answer.citations}


def test_starters_are_few_and_in_several_languages() -> None:
    assert [starter.language for starter in STARTERS] == ["fi", "ja", "de", "en", "ar"]
    assert len(STARTERS) <= MOST_OFFERED


def test_only_starters_whose_article_is_there_are_offered(opened: OpenAssistant) -> None:
    assistant, _ = opened("seeds/en/basel-convention.md", "seeds/en/other.md")
    assert [example.language for example in Examples(assistant)("fi")] == ["en"]
    assert assistant.looked == []


def test_somebodys_own_documents_are_asked_about_instead(opened: OpenAssistant) -> None:
    assistant, _ = opened("seeds/en/basel-convention.md", "docs/nara.md")
    assert Examples(assistant)("fi") == (Example("fi", "Question 1", "docs/nara.md"),)
    assert assistant.looked == [("fi", MOST_OFFERED)]


def test_questions_about_real_documents_are_found(tmp_path: Path, bundled: StaticEmbedder) -> None:
    with KnowledgeBase(make_catalog(tmp_path, [FAQ], bundled), bundled) as knowledge_base:
        examples = Examples(Assistant(knowledge_base, embedder=bundled))("fi")
    assert examples == (Example("en", BORROWED, "faq.md"),)


def test_without_documents_nothing_is_offered(tmp_path: Path, bundled: StaticEmbedder) -> None:
    with KnowledgeBase(make_catalog(tmp_path, [], bundled), bundled) as knowledge_base:
        assert list(Examples(Assistant(knowledge_base, embedder=bundled))("en")) == []


def test_they_are_looked_for_once_a_language_until_a_document_changes(
    opened: OpenAssistant, bundled: StaticEmbedder
) -> None:
    assistant, catalog = opened("docs/nara.md")
    examples = Examples(assistant)
    asked = [examples(language)[0].text for language in ("fi", "de", "fi", "de")]
    assert asked == ["Question 1", "Question 2", "Question 1", "Question 2"]
    index_document(catalog, make_document("Another text.", source="docs/b.md"), bundled)
    assert examples("fi")[0].text == "Question 3"
    assert assistant.looked == [("fi", MOST_OFFERED), ("de", MOST_OFFERED), ("fi", MOST_OFFERED)]


def test_of_readers_who_come_at_once_only_one_looks(opened: OpenAssistant) -> None:
    assistant, _ = opened("docs/nara.md")
    examples, together = Examples(assistant), threading.Barrier(4)

    def come() -> str:
        together.wait(timeout=30)
        return examples("fi")[0].text

    with ThreadPoolExecutor(max_workers=4) as readers:
        asked = [reader.result() for reader in [readers.submit(come) for _ in range(4)]]
    assert asked == ["Question 1"] * 4


def test_an_index_that_cannot_be_used_is_logged_and_leaves_the_starters(
    opened: OpenAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    assistant, _ = opened("seeds/en/basel-convention.md", "docs/nara.md")
    assistant.fails = True
    assert [example.language for example in Examples(assistant)("fi")] == ["en"]
    assert [(record.levelno, record.getMessage(), record.exc_info) for record in caplog.records] == [
        (logging.WARNING, "No questions to begin with: The disk is full.", None)
    ]
