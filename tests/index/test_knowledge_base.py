"""The knowledge base: every language finds its own, whatever Chroma holds, lacks, or is not ours to open."""

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from index.analysis import analyse
from index.catalog import Catalog, IndexedChunk, IndexIdentity
from index.documents import Chunk, ScoredChunk
from index.embedding import StaticEmbedder, Vectors
from index.errors import IndexMismatchError, StoreError
from index.ingest import Ingest
from index.knowledge_base import KnowledgeBase, open_catalog, open_knowledge_base
from index.lexical_sync import open_lexical_index
from index.settings import ChunkingSettings
from tests.builders import index_document, make_catalog, make_document, sync_lexical

SENTENCES = {
    "en": "The tram line from the harbour to the airport was opened in 1998.",
    "de": "Das Pumpspeicherkraftwerk Goldisthal ist das größte in Deutschland.",
    "fi": "Pullon pantti palautetaan asiakkaalle kaupan automaatilla.",
    "ja": "東海道新幹線は1964年に東京と新大阪の間で開業しました。",
    "ar": "تقع محطة نور للطاقة الشمسية قرب مدينة ورزازات في المغرب.",
    "hi": "भारत में पोलियो का आखिरी मामला जनवरी 2011 में सामने आया था।",
    "th": "ท่าเรือแหลมฉบังเป็นท่าเรือส่งออกรถยนต์ที่ใหญ่ที่สุดของไทย",
    "zh": "比亚迪公司总部位于深圳,生产电动汽车和电池。",
}
QUESTIONS = {
    "en": "When was the tram line to the airport opened?",
    "de": "Welches Pumpspeicherkraftwerk ist das größte in Deutschland?",
    "fi": "Missä pullon pantti palautetaan?",
    "ja": "東海道新幹線はいつ開業しましたか。",
    "ar": "أين تقع محطة نور للطاقة الشمسية؟",
    "hi": "भारत में पोलियो का आखिरी मामला कब सामने आया?",
    "th": "ท่าเรือส่งออกรถยนต์ที่ใหญ่ที่สุดของไทยคือที่ไหน",
    "zh": "比亚迪公司的总部在哪里?",
}
LANGUAGES = ["en", "de", "fi", "ja", "ar", "hi", "th", "zh"]


@pytest.fixture
def catalog(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[Catalog]:
    documents = [
        make_document(text, source=f"{language}.txt", language=language, title="")
        for language, text in SENTENCES.items()
    ]
    catalog = make_catalog(tmp_path, documents, bundled)
    yield catalog
    catalog.close()


@pytest.fixture
def maintained(catalog: Catalog, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    """A knowledge base that owns Chroma, all chunks copied."""
    knowledge_base = KnowledgeBase(Catalog(catalog.path), bundled, maintain=True)
    knowledge_base.sync()
    yield knowledge_base
    knowledge_base.close()


@pytest.fixture
def scanning(catalog: Catalog, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    """A knowledge base without Chroma."""
    knowledge_base = KnowledgeBase(Catalog(catalog.path), bundled)
    assert not knowledge_base.has_store
    yield knowledge_base
    knowledge_base.close()


def sources(found: Sequence[ScoredChunk]) -> list[str]:
    return [scored.chunk.source for scored in found]


# -- Languages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_dense_search_ranks_the_sentence_of_a_question_first(maintained: KnowledgeBase, language: str) -> None:
    found = maintained.search_dense(QUESTIONS[language], limit=8)
    assert found[0].chunk.source == f"{language}.txt"
    assert found[0].chunk.text == SENTENCES[language]
    assert found[0].searchers == ("dense",)
    assert sorted(sources(found)) == sorted(f"{language}.txt" for language in LANGUAGES)
    assert [scored.score for scored in found] == sorted((scored.score for scored in found), reverse=True)
    assert -1.0 <= found[-1].score < found[0].score <= 1.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_lexical_search_finds_the_sentence_of_a_question(scanning: KnowledgeBase, language: str) -> None:
    found = scanning.search_lexical(QUESTIONS[language], limit=8)
    assert found[0].chunk.source == f"{language}.txt"
    assert found[0].searchers == ("lexical",)
    assert found[0].score > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_finds_itself_with_full_similarity(scanning: KnowledgeBase, language: str) -> None:
    (found,) = scanning.search_dense(SENTENCES[language], limit=1)
    assert found.chunk.source == f"{language}.txt"
    assert found.score == pytest.approx(1.0, abs=1e-5)


def test_a_title_is_searched_lexically_and_counts_less_than_the_text(
    catalog: Catalog, scanning: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    index_document(catalog, make_document("It is large.", source="a.txt", title="Kyoto"), bundled)
    index_document(catalog, make_document("Kyoto large.", source="b.txt", title="It is"), bundled)
    assert sources(scanning.search_lexical("Kyoto", limit=5)) == ["b.txt", "a.txt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lexical_score_is_bm25_over_the_information_of_the_query(
    language: str, scanning: KnowledgeBase, catalog: Catalog
) -> None:
    index_id = catalog.revision.index_id
    assert index_id is not None
    terms, lexical = analyse(QUESTIONS[language]), open_lexical_index(catalog, index_id=index_id)
    expected = [score / lexical.information(terms) for _, score in lexical.search(terms, limit=8)]
    found = scanning.search_lexical(QUESTIONS[language], limit=8)
    assert [scored.score for scored in found] == pytest.approx(expected)
    assert 0.2 < found[0].score < 2.2


@pytest.mark.parametrize(("query", "longer"), [("harbour", "harbour xyzzy"), ("新幹線", "新幹線 東京スカイツリー")])
def test_words_that_are_nowhere_lower_a_lexical_score(scanning: KnowledgeBase, query: str, longer: str) -> None:
    (alone,), (beside, *_) = (scanning.search_lexical(text, limit=1) for text in (query, longer))
    assert beside.chunk == alone.chunk
    assert 0 < beside.score < alone.score


def test_a_lexical_score_stays_above_zero_when_most_documents_are_removed(
    tmp_path: Path, catalog: Catalog, scanning: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    documents = [make_document(f"Satamasta lähtee lautta {n}.", source=f"{n}.txt", language="fi") for n in range(30)]
    Ingest(catalog, bundled, root=tmp_path).run_documents(documents)
    for document in documents[1:]:
        catalog.remove_document(document.source)
    sync_lexical(catalog)
    (found,) = scanning.search_lexical("Satamasta lähtee", limit=5)
    assert found.chunk.source == "0.txt"
    assert 0 < found.score < 2.2


def test_a_word_said_twice_counts_once_lexically(scanning: KnowledgeBase) -> None:
    assert scanning.search_lexical("tram tram tram", limit=8) == scanning.search_lexical("tram", limit=8)


@pytest.mark.parametrize("query", ["", " \n", "?!"], ids=["nothing", "white-space", "signs"])
def test_a_query_without_words_finds_nothing_lexically(scanning: KnowledgeBase, query: str) -> None:
    assert scanning.search_lexical(query, limit=5) == []


def test_an_empty_query_finds_nothing_densely(scanning: KnowledgeBase, maintained: KnowledgeBase) -> None:
    assert scanning.search_dense("", limit=5) == []
    assert maintained.search_dense("", limit=5) == []


# -- What Chroma holds and lacks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_scanning_gives_what_chroma_gives(
    maintained: KnowledgeBase, catalog: Catalog, bundled: StaticEmbedder, language: str
) -> None:
    other = KnowledgeBase(Catalog(catalog.path), bundled)  # Chroma belongs to the first one
    try:
        assert (maintained.has_store, other.has_store) == (True, False)
        from_chroma = maintained.search_dense(QUESTIONS[language], limit=5)
        scanned = other.search_dense(QUESTIONS[language], limit=5)
        assert sources(scanned) == sources(from_chroma)
        assert [found.score for found in scanned] == pytest.approx([found.score for found in from_chroma], abs=1e-5)
    finally:
        other.close()


def test_another_process_that_owns_chroma_changes_no_result(
    tmp_path: Path, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    expected = sources(maintained.search_dense(QUESTIONS["fi"], limit=8))
    maintained.close()
    code = "import filelock, sys; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "chroma.lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        with open_knowledge_base(tmp_path, bundled, chunking=ChunkingSettings(), maintain=True) as knowledge_base:
            owned = [knowledge_base.has_store]
            assert knowledge_base.sync() == 0
            assert sources(knowledge_base.search_dense(QUESTIONS["fi"], limit=8)) == expected
            assert knowledge_base.problems() == []
            owner.communicate(b"\n")
            knowledge_base.sync()  # the owner is gone
            owned.append(knowledge_base.has_store)
            assert owned == [False, True]
            assert sources(knowledge_base.search_dense(QUESTIONS["fi"], limit=8)) == expected


def test_chunks_not_yet_copied_to_chroma_are_merged_by_their_score(
    catalog: Catalog, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    query = "Lahti lies at the lake Vesijärvi"
    for n, text in enumerate(["Lahti lies at the lake Vesijärvi.", "Lahti is large.", "Tampere lies at two lakes."]):
        index_document(catalog, make_document(text, source=f"copied{n}.txt"), bundled)
    assert maintained.sync() == 3
    for n, text in enumerate(["The lake Vesijärvi lies near Lahti.", "At Lahti lies a lake.", "Espoo is a city."]):
        index_document(catalog, make_document(text, source=f"waiting{n}.txt"), bundled)
    merged = maintained.search_dense(query, limit=14)
    assert set(sources(merged[:2])) == {"copied0.txt", "waiting0.txt"}
    assert sources(merged)[0] == "copied0.txt"
    assert len(merged) == len(set(sources(merged))) == 14
    assert [found.score for found in merged] == sorted((found.score for found in merged), reverse=True)
    assert maintained.sync() == 3
    assert sources(maintained.search_dense(query, limit=14)) == sources(merged)
    assert maintained.problems() == []


def test_the_limit_holds_with_chunks_from_both_places(
    catalog: Catalog, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    for n in range(5):
        index_document(catalog, make_document(f"Lahti and the number {n}.", source=f"n{n}.txt"), bundled)
    assert len(maintained.search_dense("Lahti", limit=3)) == 3
    assert len(maintained.search_lexical("Lahti number", limit=3)) == 3


def test_replaced_and_removed_chunks_are_never_found_before_chroma_follows(
    catalog: Catalog, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    index_document(catalog, make_document("Entirely new words.", source="en.txt"), bundled)
    catalog.remove_document("de.txt")
    left = sorted(f"{language}.txt" for language in LANGUAGES if language != "de")
    for query in (SENTENCES["en"], SENTENCES["de"]):
        found = maintained.search_dense(query, limit=8)
        assert sorted(sources(found)) == left
        assert {scored.chunk.text for scored in found}.isdisjoint({SENTENCES["en"], SENTENCES["de"]})
    assert sources(maintained.search_lexical(QUESTIONS["de"], limit=8)) == []
    assert "en.txt" not in sources(maintained.search_lexical("tram line", limit=8))


def test_many_deleted_chunks_in_chroma_crowd_no_living_one_out(
    catalog: Catalog, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    for n in range(30):
        index_document(catalog, make_document(f"Lahti lies at a lake, says number {n}.", source=f"n{n}.txt"), bundled)
    index_document(catalog, make_document("Lahti has a lake.", source="lives.txt"), bundled)
    maintained.sync()
    for n in range(30):
        catalog.remove_document(f"n{n}.txt")
    found = maintained.search_dense("Lahti lies at a lake, says number 7.", limit=2)
    assert len(found) == 2
    assert sources(found)[0] == "lives.txt"
    maintained.sync()
    assert maintained.problems() == []
    assert sources(maintained.search_dense("Lahti lies at a lake.", limit=2))[0] == "lives.txt"


def test_chroma_failing_leaves_searching_to_the_scan(
    maintained: KnowledgeBase, caplog: pytest.LogCaptureFixture
) -> None:
    expected = sources(maintained.search_dense(QUESTIONS["de"], limit=8))
    assert maintained._store is not None
    maintained._store._client.delete_collection(maintained._store._collection.name)
    assert sources(maintained.search_dense(QUESTIONS["de"], limit=8)) == expected
    assert caplog.messages[0].startswith("Chroma is not searched: Chroma did not answer")


# -- Following ---------------------------------------------------------------------------------------------------------

_INGEST = """
    import sys
    from pathlib import Path
    from index.catalog import Catalog
    from index.embedding import StaticEmbedder
    from index.ingest import Ingest
    from index.vector_store import open_vector_store

    home = Path(sys.argv[1])
    catalog = Catalog(home / "catalog.sqlite3")
    report = Ingest(catalog, StaticEmbedder(), root=home).run([home / "new.txt"])
    assert open_vector_store(catalog, repair=True) is None  # the other process owns Chroma
    catalog.close()
    print(report.outcomes[0].state)
"""


def test_following_copies_what_another_process_ingested_and_closing_ends_it(
    tmp_path: Path, maintained: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.knowledge_base._FOLLOW_SECONDS", 0.05)
    maintained.follow()
    maintained.follow()
    assert [thread.name for thread in threading.enumerate()].count("chroma-sync") == 1
    (tmp_path / "new.txt").write_text("Vesijärvi is a lake in Finland.", encoding="utf-8")
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_INGEST), tmp_path], capture_output=True, text=True, check=False
    )
    assert (child.stdout, child.returncode) == ("indexed\n", 0), child.stderr
    assert sources(maintained.search_dense("Which lake is Vesijärvi?", limit=1)) == ["new.txt"]
    store = maintained._store
    assert store is not None
    deadline = time.monotonic() + 10
    while store._collection.count() < 9 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert store._collection.count() == 9
    assert sources(maintained.search_dense("Which lake is Vesijärvi?", limit=1)) == ["new.txt"]
    maintained.close()
    assert "chroma-sync" not in [thread.name for thread in threading.enumerate()]


def test_following_opens_the_collection_of_a_rebuilt_index(
    catalog: Catalog, maintained: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    index_id = catalog.start_index(IndexIdentity(bundled.name, "other"))
    vector = bundled.embed_passages(["Only this."])[0]
    catalog.add_to_index(index_id, [IndexedChunk(Chunk("x-1", "en.txt", "Only this.", 0, 10), vector)])
    catalog.activate_index(index_id)
    assert sources(maintained.search_dense("this", limit=5)) == ["en.txt"]
    assert maintained.sync() == 1
    assert sources(maintained.search_dense("this", limit=5)) == ["en.txt"]
    assert maintained.problems() == []


class Renamed:
    """The bundled model under another name."""

    name = "other"

    def __init__(self, bundled: StaticEmbedder) -> None:
        self.embed_passages = bundled.embed_passages
        self._embed = bundled.embed_questions

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)


def test_an_index_rebuilt_with_another_model_is_not_searched_with_the_old_one(
    catalog: Catalog, scanning: KnowledgeBase
) -> None:
    catalog.activate_index(catalog.start_index(IndexIdentity("other", ChunkingSettings().name)))
    with pytest.raises(IndexMismatchError, match=r"rebuilt with the embedding model 'other', but 'footnote-static-v1'"):
        scanning.search_dense("Lahti", limit=5)


# -- Opening -----------------------------------------------------------------------------------------------------------


def test_a_home_without_an_index_says_what_to_do(tmp_path: Path, bundled: StaticEmbedder) -> None:
    home = tmp_path / "nowhere"
    for open_it in (
        lambda: open_knowledge_base(home, bundled, chunking=ChunkingSettings()),
        lambda: open_catalog(home),
    ):
        with pytest.raises(StoreError) as caught:
            open_it()
        assert str(caught.value) == f"Nothing is indexed in '{home}' yet. Run: footnote ingest FOLDER"
    assert not home.exists()


def test_a_home_made_with_another_model_says_what_to_do(
    tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        open_knowledge_base(tmp_path, Renamed(bundled), chunking=ChunkingSettings())
    assert str(caught.value) == (
        f"The index in '{tmp_path}' was made with the embedding model 'footnote-static-v1', but 'other' is set. "
        "Run 'footnote ingest --rebuild' to make it anew from the stored texts, or take the setting back."
    )
    assert [record.source for record in catalog.documents()] == sorted(f"{language}.txt" for language in LANGUAGES)


def test_a_home_made_with_another_chunking_is_refused(
    tmp_path: Path, catalog: Catalog, bundled: StaticEmbedder
) -> None:
    catalog.close()
    with pytest.raises(IndexMismatchError, match="the chunking 'sentences-v1-400-600', but 'sentences-v1-100-600'"):
        open_knowledge_base(tmp_path, bundled, chunking=ChunkingSettings(target_length=100))


@pytest.mark.usefixtures("catalog")
def test_closing_gives_chroma_to_the_next(tmp_path: Path, bundled: StaticEmbedder) -> None:
    for _ in range(2):
        with open_knowledge_base(tmp_path, bundled, chunking=ChunkingSettings(), maintain=True) as knowledge_base:
            knowledge_base.sync()
            assert knowledge_base.has_store
            assert knowledge_base.problems() == []
    with FileLock(tmp_path / "chroma.lock", blocking=False):
        assert not (tmp_path / "chroma.open").exists()


def test_documents_and_surroundings_come_from_the_catalog(scanning: KnowledgeBase, catalog: Catalog) -> None:
    assert scanning.documents() == catalog.documents()
    assert scanning.get_document("ja.txt") == catalog.get_document("ja.txt")
    assert scanning.get_document("nowhere.txt") is None
    (found,) = scanning.search_dense(SENTENCES["ja"], limit=1)
    assert scanning.surroundings(found.chunk, before=2, after=2) == [found.chunk]
