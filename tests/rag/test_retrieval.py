from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.documents import Document, ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from index.language import detect_language
from rag.answers import Passage
from rag.retrieval import build_passages, lexical_weight, search
from rag.settings import RetrievalSettings
from tests.builders import index_document, make_catalog, make_document

SETTINGS = RetrievalSettings()
QUESTIONS = {
    "en": ("When did Sony put lithium-ion batteries on the market?", "seeds/en/lithium-ion-batteries.md"),
    "de": ("Wann wurde das Pumpspeicherwerk Goldisthal eingeweiht?", "seeds/de/pumpspeicherkraftwerke.md"),
    "fi": ("Mistä lähtien lasipulloja on palautettu kauppoihin?", "seeds/fi/pullopantti.md"),
    "ja": ("新幹線は何ヘルツの電気で走りますか。", "seeds/ja/shinkansen-frequency.md"),
    "ar": ("متى دشن الملك محمد السادس المحطة الأولى؟", "seeds/ar/noor-ouarzazate.md"),
    "hi": ("भारत में पोलियो का अंतिम मामला कब मिला?", "seeds/hi/polio-unmulan-bharat.md"),
    "th": ("โตโยต้าเริ่มผลิตรถในประเทศไทยเมื่อใด", "seeds/th/yiipun-rotyon-thai.md"),
    "zh": ("比亚迪是什么时候成立的？", "seeds/zh/byd.md"),
}
LANGUAGES = tuple(QUESTIONS)

# Sections of several chunks each, so that a passage has neighbours to take in and headings to stop at.
SENTENCES = [
    f"Sentence number {number} tells at some length about the harbour of Lahti and its boats." for number in range(40)
]
ARTICLE = "# Lahti\n\n" + "\n\n".join(
    f"## Part {part}\n\n" + " ".join(SENTENCES[part * 10 : part * 10 + 10]) for part in range(4)
)

OpenDocuments = Callable[..., tuple[KnowledgeBase, Catalog]]


@pytest.fixture
def opened(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[OpenDocuments]:
    """Open a knowledge base on some documents; closed after the test."""
    bases: list[KnowledgeBase] = []

    def open_documents(*documents: Document) -> tuple[KnowledgeBase, Catalog]:
        catalog = make_catalog(tmp_path, documents, bundled)
        bases.append(KnowledgeBase(catalog, bundled))
        return bases[-1], catalog

    yield open_documents
    for base in bases:
        base.close()


def searched(
    base: KnowledgeBase,
    query: str,
    embedder: StaticEmbedder,
    *,
    top_k: int = 60,
    settings: RetrievalSettings = SETTINGS,
) -> list[ScoredChunk]:
    return search(base, query, language=detect_language(query), top_k=top_k, token_embedder=embedder, settings=settings)


def check(passages: Sequence[Passage], base: KnowledgeBase) -> None:
    """Assert everything that holds for the passages of any question."""
    assert [passage.number for passage in passages] == list(range(1, len(passages) + 1))
    assert len(passages) <= SETTINGS.passages
    for passage in passages:
        document = base.get_document(passage.document)
        assert document is not None
        assert document.text[passage.start : passage.end] == passage.text != ""
        assert (passage.title, passage.language) == (document.title, document.language)
    spans = sorted((passage.document, passage.start, passage.end) for passage in passages)
    assert all(one[0] != other[0] or one[2] <= other[1] for one, other in pairwise(spans))
    assert [passage.score for passage in passages] == sorted((p.score for p in passages), reverse=True)


# -- Search ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_question_finds_the_article_in_its_language(
    language: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    question, source = QUESTIONS[language]
    assert searched(seeds_knowledge_base, question, bundled)[0].chunk.source == source


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Milloin Goldisthalin pumppuvoimalaitos otettiin käyttöön?", "seeds/de/pumpspeicherkraftwerke.md"),
        ("What was the StreetScooter?", "seeds/de/nrw-delegation-japan.md"),
        ("Wer leitet die Firma Ishizaka?", "seeds/fi/lahti-saitama-yhteistyo.md"),
    ],
)
def test_question_finds_the_article_of_another_language_among_the_first_passages(
    question: str, source: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    passages = build_passages(
        seeds_knowledge_base, searched(seeds_knowledge_base, question, bundled), settings=SETTINGS
    )
    assert source in [passage.document for passage in passages[:3]]


def test_results_are_as_many_as_asked_for_each_once_and_best_first(
    seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    results = searched(seeds_knowledge_base, QUESTIONS["en"][0], bundled, top_k=7)
    assert len({result.chunk.id for result in results}) == len(results) == 7
    assert [result.score for result in results] == sorted((result.score for result in results), reverse=True)
    assert {"dense", "lexical"} == set(results[0].searchers)


def test_fewer_results_are_the_first_of_more(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    many = searched(seeds_knowledge_base, QUESTIONS["de"][0], bundled, top_k=20)
    assert searched(seeds_knowledge_base, QUESTIONS["de"][0], bundled, top_k=3) == many[:3]


@pytest.mark.parametrize("query", ["?", "…", "😀", "\u200b"])
def test_query_without_words_breaks_nothing(
    query: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    found = searched(seeds_knowledge_base, query, bundled)
    check(build_passages(seeds_knowledge_base, found, settings=SETTINGS), seeds_knowledge_base)


def test_nothing_is_found_where_nothing_is(opened: OpenDocuments, bundled: StaticEmbedder) -> None:
    base, _ = opened()
    assert searched(base, "Lahti", bundled) == []
    assert build_passages(base, [], settings=SETTINGS) == []


@pytest.mark.parametrize(
    ("language", "languages", "weight"),
    [
        ("de", {"de", "fi"}, 1.0),
        ("zh", {"zh-Hant"}, 1.0),
        ("ja", {"de", "fi"}, SETTINGS.lexical_weight_across),
        ("und", {"de"}, SETTINGS.lexical_weight_across),
        ("de", set(), SETTINGS.lexical_weight_across),
    ],
)
def test_lexical_search_counts_less_if_no_document_is_in_the_language(
    language: str, languages: set[str], weight: float
) -> None:
    assert lexical_weight(language, languages, settings=SETTINGS) == weight


# -- Passages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_passages_are_numbered_located_and_apart(
    language: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    found = searched(seeds_knowledge_base, QUESTIONS[language][0], bundled)
    passages = build_passages(seeds_knowledge_base, found, settings=SETTINGS)
    check(passages, seeds_knowledge_base)
    assert len(passages) == SETTINGS.passages
    best = found[0]
    assert (passages[0].chunk, passages[0].score, passages[0].heading, passages[0].searchers) == (
        best.chunk.id,
        best.score,
        best.chunk.heading,
        best.searchers,
    )
    assert passages[0].start <= best.chunk.start < best.chunk.end <= passages[0].end


def test_a_passage_takes_in_its_neighbours_and_stops_at_a_heading(
    opened: OpenDocuments, bundled: StaticEmbedder
) -> None:
    base, _ = opened(make_document(ARTICLE))
    (first,) = [found for found in searched(base, SENTENCES[10], bundled) if SENTENCES[10] in found.chunk.text]
    around = base.surroundings(first.chunk, before=2, after=2)
    inside = [chunk for chunk in around if chunk.heading == first.chunk.heading]
    assert [chunk.heading for chunk in around] == ["Lahti › Part 0"] * 2 + ["Lahti › Part 1"] * 3
    (passage,) = build_passages(base, [first], settings=SETTINGS)
    assert (passage.start, passage.end) == (inside[0].start, inside[-1].end)
    assert passage.text.startswith(SENTENCES[10])
    assert "##" not in passage.text
    assert passage.heading == "Lahti › Part 1"


def test_no_passage_takes_what_another_has_and_none_crosses_a_heading(
    opened: OpenDocuments, bundled: StaticEmbedder
) -> None:
    base, _ = opened(make_document(ARTICLE))
    for question in ("harbour of Lahti", SENTENCES[17], SENTENCES[35], "number 5"):
        passages = build_passages(base, searched(base, question, bundled), settings=SETTINGS)
        check(passages, base)
        assert all("##" not in passage.text for passage in passages)


def test_chunk_inside_an_earlier_passage_makes_no_passage_of_its_own(
    opened: OpenDocuments, bundled: StaticEmbedder
) -> None:
    base, _ = opened(make_document(" ".join(SENTENCES[:4])))
    found = searched(base, SENTENCES[0], bundled)
    assert len(found) > 1
    (passage,) = build_passages(base, found, settings=SETTINGS)
    assert passage.text == " ".join(SENTENCES[:4])


def test_passages_are_as_many_as_the_settings_say(opened: OpenDocuments, bundled: StaticEmbedder) -> None:
    base, _ = opened(*(make_document(f"The harbour of town {at}.", source=f"{at}.txt") for at in range(9)))
    found = searched(base, "harbour", bundled)
    for limit in (1, 3):
        assert len(build_passages(base, found, settings=RetrievalSettings(passages=limit))) == limit


def test_removed_document_gives_no_passage_and_no_gap_in_the_numbers(
    opened: OpenDocuments, bundled: StaticEmbedder
) -> None:
    base, catalog = opened(*(make_document(f"The harbour of town {at}.", source=f"{at}.txt") for at in range(3)))
    found = searched(base, "harbour", bundled)
    assert len(found) == 3
    catalog.remove_document(found[0].chunk.source)
    passages = build_passages(base, found, settings=SETTINGS)
    check(passages, base)
    assert [passage.document for passage in passages] == [result.chunk.source for result in found[1:]]
    assert [result.chunk.source for result in searched(base, "harbour", bundled)] == [p.document for p in passages]


def test_replaced_document_gives_only_its_new_words(opened: OpenDocuments, bundled: StaticEmbedder) -> None:
    base, catalog = opened(make_document("The harbour of Lahti is old. It was built of wood."))
    found = searched(base, "harbour", bundled)
    index_document(catalog, make_document("A new text about the harbour of Osaka."), bundled)
    assert build_passages(base, found, settings=SETTINGS) == []
    (passage,) = build_passages(base, searched(base, "harbour", bundled), settings=SETTINGS)
    assert passage.text == "A new text about the harbour of Osaka."


def test_document_replaced_between_two_steps_gives_no_passage(
    opened: OpenDocuments, bundled: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, catalog = opened(make_document("The harbour of Lahti is old."))
    found = searched(base, "harbour", bundled)
    surroundings = base.surroundings

    def then_replaced(*arguments: object, **options: object) -> object:
        around = surroundings(*arguments, **options)  # type: ignore[arg-type]
        index_document(catalog, make_document("Another text, with the same source but other words."), bundled)
        return around

    monkeypatch.setattr(base, "surroundings", then_replaced)
    assert build_passages(base, found, settings=SETTINGS) == []
