import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.catalog import Catalog
from index.documents import Document, ScoredChunk
from index.embedding import StaticEmbedder
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import CATALOG_FILE, KnowledgeBase
from index.language import detect_language
from rag.answers import Passage
from rag.confidence import confidence
from rag.fusion import fuse
from rag.late_interaction import TextTokens, TokenEmbedder
from rag.reranking import Reranker
from rag.retrieval import Searcher, build_passages, search_steps
from rag.settings import RetrievalSettings
from tests.builders import index_document, make_catalog, make_document, sync_lexical
from tests.fakes import ScriptedReranker
from tests.rag.test_folding import HARBOUR, OTHERS

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

# One news item in five languages, and another text in each of them.
NEWS = [
    *(make_document(text, source=f"news/{code}.txt", language=code, title="") for code, text in HARBOUR.items()),
    *(make_document(text, source=f"others/{code}.txt", language=code, title="") for code, text in OTHERS.items()),
]
OPENED = "When was the harbour of Lahti opened?"
# Nine texts that are not versions of each other, each in a document of its own.
TOWNS = [
    make_document(f"The harbour of {town} is {state}.", source=f"{town.lower()}.txt", title="")
    for town, state in [
        ("Lahti", "old"), ("Oulu", "deep"), ("Pori", "small"), ("Turku", "full of boats"), ("Kotka", "made of wood"),
        ("Hanko", "closed in winter"), ("Vaasa", "ten miles away"), ("Rauma", "for sale"), ("Loviisa", "empty"),
    ]
]  # fmt: skip
HARBOURS = "harbour of Oulu, deep or closed in winter"
# Dense search finds texts about the things, lexical search those with the names.
TOPICS = "electricity, medicine, batteries: Loviisa Rauma Hanko"

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


@contextmanager
def reading(home: Path, documents: Sequence[Document], bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(make_catalog(home, documents, bundled), bundled) as base:
        yield base


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    with reading(tmp_path_factory.mktemp("news"), NEWS, bundled) as base:
        yield base


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    with reading(tmp_path_factory.mktemp("towns"), TOWNS, bundled) as base:
        yield base


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    others = [document for document in NEWS if document.source.startswith("others/")]
    with reading(tmp_path_factory.mktemp("mixed"), [*TOWNS, *others], bundled) as base:
        yield base


def searched(
    base: KnowledgeBase,
    query: str,
    embedder: TokenEmbedder,
    *,
    language: str | None = None,
    top_k: int = 60,
    settings: RetrievalSettings = SETTINGS,
    within: DocumentFilter = EVERYTHING,
    searcher: Searcher = Searcher.RERANKED,
    reranker: Reranker | None = None,
) -> Sequence[ScoredChunk]:
    return search_steps(
        base,
        query,
        language=language or detect_language(query),
        top_k=top_k,
        token_embedder=embedder,
        settings=settings,
        within=within,
        searcher=searcher,
        reranker=reranker,
    ).results


def sources(found: Sequence[ScoredChunk]) -> list[str]:
    return [result.chunk.source for result in found]


class RecordingTokens:
    """The bundled model's tokens; keeps which texts were cut into them."""

    def __init__(self, bundled: StaticEmbedder) -> None:
        self._bundled = bundled
        self.cut: list[str] = []

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        self.cut += texts
        return self._bundled.token_ids(texts)

    def token_rows(self, ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        return self._bundled.token_rows(ids)


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


def test_more_results_than_candidates_are_found_if_asked_for(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    few = RetrievalSettings(candidates=2)
    assert searched(towns, "harbour", bundled, settings=few, top_k=9) == searched(towns, "harbour", bundled)
    assert len(searched(towns, "harbour", bundled, settings=few, top_k=4)) == 4
    assert len(searched(towns, "harbour", bundled, top_k=100)) == len(TOWNS)


def test_of_two_searchers_together_only_as_many_candidates_are_looked_at(
    mixed: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    few = RetrievalSettings(candidates=3)
    dense, lexical = mixed.search_dense(TOPICS, limit=3), mixed.search_lexical(TOPICS, limit=3)
    fused = fuse(dense, lexical, lexical_weight=few.lexical_weight, limit=3)
    assert len(fused) == 5
    tokens = RecordingTokens(bundled)
    found = searched(mixed, TOPICS, tokens, settings=few, top_k=3)
    assert sorted(sources(found)) == sorted(sources(fused[:3]))
    assert tokens.cut == [*(result.chunk.text for result in fused[:3]), TOPICS]


# -- Searchers ---------------------------------------------------------------------------------------------------------


def test_dense_search_alone_gives_cosines(news: KnowledgeBase, bundled: StaticEmbedder) -> None:
    found = searched(news, OPENED, bundled, searcher=Searcher.DENSE)
    assert found == news.search_dense(OPENED, limit=60)
    assert len(found) == len(NEWS)
    assert found[0].score == pytest.approx(float(np.dot(*bundled.embed_passages([OPENED, HARBOUR["en"]]))), abs=1e-5)
    assert {result.searchers for result in found} == {("dense",)}
    assert searched(news, OPENED, bundled, searcher=Searcher.DENSE, top_k=3) == found[:3]


def test_lexical_search_alone_gives_shares_of_the_information(news: KnowledgeBase, bundled: StaticEmbedder) -> None:
    found = searched(news, OPENED, bundled, searcher=Searcher.LEXICAL)
    alone = news.search_lexical(OPENED, limit=60)
    assert [(result.chunk, result.searchers) for result in found] == [(one.chunk, ("lexical",)) for one in alone]
    assert [result.score for result in found] == [SETTINGS.lexical_weight * one.score for one in alone]
    assert found[0].chunk.source == "news/en.txt"
    assert searched(news, OPENED, bundled, searcher=Searcher.LEXICAL, top_k=1) == found[:1]


def test_fused_search_gives_the_sum_of_both_and_folds_nothing(news: KnowledgeBase, bundled: StaticEmbedder) -> None:
    dense, lexical = news.search_dense(OPENED, limit=60), news.search_lexical(OPENED, limit=60)
    found = searched(news, OPENED, bundled, searcher=Searcher.FUSED)
    assert found == fuse(dense, lexical, lexical_weight=SETTINGS.lexical_weight, limit=60)
    assert found[0].searchers == ("dense", "lexical")
    assert [result.versions for result in found] == [()] * len(NEWS)
    assert searched(news, OPENED, bundled, searcher=Searcher.FUSED, top_k=2) == found[:2]


def test_the_whole_way_is_the_default(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    question = QUESTIONS["fi"][0]
    found = search_steps(
        seeds_knowledge_base, question, language="fi", top_k=20, token_embedder=bundled, settings=SETTINGS
    ).results
    assert found == searched(seeds_knowledge_base, question, bundled, top_k=20, searcher=Searcher.RERANKED)
    fused = searched(seeds_knowledge_base, question, bundled, top_k=20, searcher=Searcher.FUSED)
    assert [result.chunk.id for result in found] != [result.chunk.id for result in fused]


@pytest.mark.parametrize("limit", [3, 60], ids=["cut", "whole"])
def test_a_score_is_the_confidence_in_coverage_cosine_and_shared_words(
    limit: int, mixed: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    settings = RetrievalSettings(candidates=limit, dense_share=0.25, lexical_share=0.75)
    dense, lexical = mixed.search_dense(TOPICS, limit=limit), mixed.search_lexical(TOPICS, limit=limit)
    cosine, shared = ({one.chunk.id: one.score for one in leg} for leg in (dense, lexical))
    assert len(shared.keys() - cosine.keys()) == (2 if limit == 3 else 0)  # found lexically only
    found = searched(mixed, TOPICS, bundled, language="en", settings=settings, top_k=limit)
    assert len(found) == min(limit, len(TOWNS) + len(OTHERS))
    (asked,) = bundled.token_ids([TOPICS])
    for result in found:
        name, spoken = result.chunk.id, mixed.languages()[result.chunk.source]
        (cover,) = TextTokens(bundled.token_ids([result.chunk.text]), embedder=bundled).phrase_coverage(asked)
        expected = cover + 0.25 * max(cosine.get(name, dense[-1].score), 0.0) + 0.75 * shared.get(name, 0.0)
        assert result.score == pytest.approx(
            confidence(expected, question="en", text=spoken, settings=settings), abs=1e-6
        )
    assert [result.score for result in found] == sorted((result.score for result in found), reverse=True)


def test_without_reranking_the_order_is_that_of_the_fusion(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    fused = searched(towns, HARBOURS, bundled, searcher=Searcher.FUSED)
    assert searched(towns, HARBOURS, bundled, settings=RetrievalSettings(reranks=False)) == fused
    assert sources(searched(towns, HARBOURS, bundled)) != sources(fused)


def test_without_reranking_versions_are_folded_as_well(news: KnowledgeBase, bundled: StaticEmbedder) -> None:
    (first, *_) = searched(news, OPENED, bundled, settings=RetrievalSettings(reranks=False))
    assert (first.chunk.source, {chunk.source for chunk in first.versions}) == (
        "news/en.txt", {"news/de.txt", "news/ru.txt"},
    )  # fmt: skip


# -- Filters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("searcher", Searcher)
@pytest.mark.parametrize(
    ("within", "allowed"),
    [
        (
            DocumentFilter(languages=frozenset({"de", "ru"})),
            {"news/de.txt", "news/ru.txt", "others/de.txt", "others/ru.txt"},
        ),
        (DocumentFilter(documents=frozenset({"news/ar.txt", "nowhere.txt"})), {"news/ar.txt"}),
        (DocumentFilter(folders=frozenset({"others"})), {f"others/{code}.txt" for code in OTHERS}),
        (DocumentFilter(languages=frozenset({"sv"})), set()),
    ],
    ids=["languages", "documents", "folders", "nothing"],
)  # fmt: skip
def test_every_searcher_finds_only_what_passes_the_filter(
    within: DocumentFilter, allowed: set[str], searcher: Searcher, news: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    query = "Lahti harbour, Hafen, гавань, ميناء, museum, электростанция"
    everywhere = searched(news, query, bundled, searcher=searcher)
    found = searched(news, query, bundled, within=within, searcher=searcher)
    shown = {chunk.source for result in found for chunk in (result.chunk, *result.versions)}
    assert shown == {chunk.source for result in everywhere for chunk in (result.chunk, *result.versions)} & allowed
    if searcher is not Searcher.LEXICAL:
        assert shown == allowed


@pytest.mark.parametrize("searcher", Searcher)
def test_a_filter_changes_no_score(searcher: Searcher, towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    within = DocumentFilter(documents=frozenset({"oulu.txt", "hanko.txt", "pori.txt"}))
    everywhere = searched(towns, HARBOURS, bundled, searcher=searcher)
    found = searched(towns, HARBOURS, bundled, within=within, searcher=searcher)
    expected = [result for result in everywhere if result.chunk.source in within.documents]
    assert [result.chunk for result in found] == [result.chunk for result in expected]
    assert [result.score for result in found] == pytest.approx([result.score for result in expected], abs=1e-4)


# -- Reranking models --------------------------------------------------------------------------------------------------


def by_length(text: str) -> float:
    """A low score that no other part of a search gives."""
    return len(text) / 1000


JUDGED = RetrievalSettings(judged=4)


def test_a_reranker_orders_the_best_and_the_others_stay_behind_them(
    towns: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    plain = searched(towns, HARBOURS, bundled)
    reranker = ScriptedReranker(by_length)
    found = searched(towns, HARBOURS, bundled, settings=JUDGED, reranker=reranker)
    assert reranker.asked == [(HARBOURS, tuple(result.chunk.text for result in plain[:4]))]
    best = sorted(plain[:4], key=lambda result: -len(result.chunk.text))
    assert sources(found) == sources(best) + sources(plain[4:])
    assert sources(found) != sources(plain)
    assert [result.score for result in found[:4]] == [by_length(result.chunk.text) for result in best]
    share = found[3].score / plain[4].score
    assert share < 1
    assert [result.score for result in found[4:]] == pytest.approx([share * result.score for result in plain[4:]])


def test_others_that_are_worse_already_keep_their_scores(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    plain = searched(towns, "harbour of Kotka", bundled)
    assert plain[4].score < 0.99
    found = searched(towns, "harbour of Kotka", bundled, settings=JUDGED, reranker=ScriptedReranker(lambda _: 0.99))
    assert [result.score for result in found[:4]] == [0.99] * 4
    assert [result.chunk.id for result in found[:4]] == sorted(result.chunk.id for result in plain[:4])
    assert found[4:] == plain[4:]


def test_a_reranker_that_finds_all_bad_leaves_the_others_behind(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    plain = searched(towns, HARBOURS, bundled)
    found = searched(towns, HARBOURS, bundled, settings=JUDGED, reranker=ScriptedReranker(lambda _: 0.0))
    assert [result.score for result in found] == [0.0] * len(TOWNS)
    assert sources(found[4:]) == sources(plain[4:])


def test_a_reranker_may_judge_all_there_is(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    found = searched(towns, HARBOURS, bundled, reranker=ScriptedReranker(by_length))
    assert [result.score for result in found] == sorted((by_length(town.text) for town in TOWNS), reverse=True)


def test_a_reranker_that_fails_leaves_the_order_of_late_interaction_and_a_line_in_the_log(
    towns: KnowledgeBase, bundled: StaticEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    reranker = ScriptedReranker()
    found = searched(towns, HARBOURS, bundled, settings=JUDGED, reranker=reranker)
    assert len(reranker.asked) == 1
    assert caplog.messages == ["Late interaction takes the reranker's place: The scripted reranker has no script."]
    assert found == searched(towns, HARBOURS, bundled)


@pytest.mark.parametrize("searcher", [Searcher.DENSE, Searcher.LEXICAL, Searcher.FUSED])
def test_no_reranker_is_asked_on_the_way_to_it(
    searcher: Searcher, towns: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    reranker = ScriptedReranker(by_length)
    found = searched(towns, HARBOURS, bundled, searcher=searcher, reranker=reranker)
    assert found == searched(towns, HARBOURS, bundled, searcher=searcher)
    assert reranker.asked == []


def test_no_reranker_is_asked_where_reranking_is_switched_off(towns: KnowledgeBase, bundled: StaticEmbedder) -> None:
    off, reranker = RetrievalSettings(reranks=False), ScriptedReranker(by_length)
    found = searched(towns, HARBOURS, bundled, settings=off, reranker=reranker)
    assert found == searched(towns, HARBOURS, bundled, settings=off)
    assert reranker.asked == []


# -- Stored tokens -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_tokens(
    seeds_home: Path, tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder
) -> Iterator[KnowledgeBase]:
    """The starter articles as a home has them that was made before token ids were stored."""
    home = tmp_path_factory.mktemp("without-tokens")
    with (
        closing(sqlite3.connect(seeds_home / CATALOG_FILE)) as old,
        closing(sqlite3.connect(home / CATALOG_FILE)) as new,
    ):
        old.backup(new)
        new.execute("UPDATE chunks SET tokens = NULL")
        new.commit()
    catalog = Catalog(home / CATALOG_FILE)
    sync_lexical(catalog)
    with KnowledgeBase(catalog, bundled) as base:
        yield base


@pytest.mark.parametrize("language", LANGUAGES)
def test_stored_tokens_give_what_tokens_cut_now_give(
    language: str, seeds_knowledge_base: KnowledgeBase, without_tokens: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    question, _ = QUESTIONS[language]
    stored, cut = RecordingTokens(bundled), RecordingTokens(bundled)
    found = searched(seeds_knowledge_base, question, stored)
    assert found == searched(without_tokens, question, cut)
    shown = {chunk.text for result in found for chunk in (result.chunk, *result.versions)}
    assert stored.cut == [question]
    assert cut.cut[-1] == question
    assert shown <= {*cut.cut[:-1]}


def test_only_chunks_without_stored_tokens_are_cut(without_tokens: KnowledgeBase, bundled: StaticEmbedder) -> None:
    question, _ = QUESTIONS["th"]
    expected = searched(without_tokens, question, bundled)
    catalog, (best, *_) = without_tokens._catalog, expected
    (tokens,) = bundled.token_ids([best.chunk.text])
    with closing(sqlite3.connect(catalog.path)) as connection:
        connection.execute("UPDATE chunks SET tokens = ? WHERE id = ?", (tokens.tobytes(), best.chunk.id))
        connection.commit()
    recording = RecordingTokens(bundled)
    assert searched(without_tokens, question, recording) == expected
    assert best.chunk.text not in recording.cut
    assert expected[1].chunk.text in recording.cut


# -- Versions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de", "ru"])
def test_an_article_in_several_languages_is_one_result_shown_in_the_askers(
    language: str, news: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    (first, *others) = searched(news, OPENED, bundled, language=language)
    versions = {"en", "de", "ru"}
    assert (first.chunk.source, first.chunk.text) == (f"news/{language}.txt", HARBOUR[language])
    assert sorted(chunk.source for chunk in first.versions) == sorted(
        f"news/{code}.txt" for code in versions - {language}
    )
    assert not {f"news/{code}.txt" for code in versions}.intersection(sources(others))
    assert [result.versions for result in others] == [()] * len(others)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_repost_is_one_result_in_every_language(
    language: str, opened: OpenDocuments, bundled: StaticEmbedder
) -> None:
    question, _ = QUESTIONS[language]
    reposts = [make_document(question, source=f"{name}.txt", language=language, title="") for name in "ab"]
    base, _ = opened(*reposts, *TOWNS)
    (first, *others) = searched(base, question, bundled)
    assert sorted([first.chunk.source, *(chunk.source for chunk in first.versions)]) == ["a.txt", "b.txt"]
    assert not {"a.txt", "b.txt"}.intersection(sources(others))


def test_a_filter_leaves_out_versions_too(news: KnowledgeBase, bundled: StaticEmbedder) -> None:
    (first, *_) = searched(news, OPENED, bundled, within=DocumentFilter(languages=frozenset({"de", "en"})))
    assert (first.chunk.source, [chunk.source for chunk in first.versions]) == ("news/en.txt", ["news/de.txt"])


# -- Changes meanwhile -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leg", ["search_dense", "search_lexical"])
@pytest.mark.parametrize("reranks", [True, False])
def test_a_document_removed_while_it_is_searched_is_no_result(
    reranks: bool, leg: str, opened: OpenDocuments, bundled: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, catalog = opened(*NEWS)
    search_leg = getattr(base, leg)

    def then_removed(*arguments: object, **options: object) -> object:
        found = search_leg(*arguments, **options)
        assert "news/en.txt" in sources(found)
        catalog.remove_document("news/en.txt")
        return found

    monkeypatch.setattr(base, leg, then_removed)
    found = searched(base, OPENED, bundled, settings=RetrievalSettings(reranks=reranks))
    shown = {chunk.source for result in found for chunk in (result.chunk, *result.versions)}
    assert shown == {document.source for document in NEWS} - {"news/en.txt"}


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
