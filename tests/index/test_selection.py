"""Search under a filter: the same ranking as without, restricted to what passes, by every way there is."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.catalog import Catalog, IndexIdentity
from index.documents import Document
from index.embedding import StaticEmbedder
from index.filters import EVERYTHING, DocumentFilter
from index.ingest import Ingest
from index.knowledge_base import KnowledgeBase
from index.selection import Selections
from index.settings import ChunkingSettings

WORDS = ["lake", "forest", "battery", "tram", "harbour", "airport", "fox", "energy", "city", "train", "river", "bridge"]
LANGUAGES = ["en", "de", "zh", "zh-Hant", "und"]
FILTERS = {
    "language": DocumentFilter(languages=frozenset(("zh",))),
    "two-languages": DocumentFilter(languages=frozenset(("de", "en"))),
    "document": DocumentFilter(documents=frozenset(("b/7.md",))),
    "folder": DocumentFilter(folders=frozenset(("b",))),
    "tag": DocumentFilter(tags=frozenset(("Odd",))),
    "type": DocumentFilter(types=frozenset(("text",))),
    "dates": DocumentFilter(since="2010", until="2014-06"),
    "two-conditions": DocumentFilter(languages=frozenset(("de",)), tags=frozenset(("odd",))),
    "nothing": DocumentFilter(languages=frozenset(("sv",))),
}
QUERIES = ["the fox at the lake", "energy of the city", "a bridge over the river", "battery"]


def documents() -> list[Document]:
    dice = random.Random(5)  # noqa: S311
    made = []
    for n in range(120):
        text = " ".join(dice.choices(WORDS, k=dice.randint(4, 12))).capitalize() + "."
        made.append(
            Document(
                source=f"{'ab'[n % 3 == 0]}/{n}.{('md', 'txt', 'html')[n % 4 % 3]}",
                title="A title",
                language=LANGUAGES[n % 7 % 5],
                text=text,
                content_hash=str(n),
                date=f"20{n % 20:02}-0{n % 9 + 1}" if n % 6 else None,
                metadata={"tags": "odd, prime"} if n % 2 else {},
            )
        )
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Path:
    home = tmp_path_factory.mktemp("filtered")
    catalog = Catalog(home / "catalog.sqlite3")
    report = Ingest(catalog, bundled, root=home).run_documents(documents())
    assert report.failed == ()
    with KnowledgeBase(catalog, bundled, maintain=True) as knowledge_base:
        assert knowledge_base.sync() == 120
    return home


@pytest.fixture(params=["scanning", "chroma", "chroma-behind"])
def knowledge_base(home: Path, bundled: StaticEmbedder, request: pytest.FixtureRequest) -> Iterator[KnowledgeBase]:
    catalog = Catalog(home / "catalog.sqlite3")
    with KnowledgeBase(catalog, bundled, maintain=request.param != "scanning") as knowledge_base:
        assert knowledge_base.has_store == (request.param != "scanning")
        if request.param == "chroma-behind":
            catalog.copies.set_synced(1, 80)  # Chroma holds more, and what it holds is not asked for
        yield knowledge_base
        catalog.copies.set_synced(1, 120)


def ranking(knowledge_base: KnowledgeBase, searcher: str, query: str, limit: int, within: DocumentFilter) -> list[str]:
    search = knowledge_base.search_dense if searcher == "dense" else knowledge_base.search_lexical
    return [scored.chunk.source for scored in search(query, limit=limit, within=within)]


@pytest.mark.parametrize("few", [20_000, 3, 0], ids=["few", "nearly-few", "many"])
@pytest.mark.parametrize("searcher", ["dense", "lexical"])
def test_a_filter_gives_the_unfiltered_ranking_of_what_passes(
    knowledge_base: KnowledgeBase, searcher: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.selection.FEW", few)
    facts = {document.source: document for document in knowledge_base._catalog.document_facts()}
    for query in QUERIES:
        whole = ranking(knowledge_base, searcher, query, 120, EVERYTHING)
        for name, limit in itertools.product(FILTERS, (1, 5, 120)):
            expected = [source for source in whole if FILTERS[name].passes(facts[source])][:limit]
            assert ranking(knowledge_base, searcher, query, limit, FILTERS[name]) == expected, (name, limit)


def test_where_few_of_many_pass_all_that_do_are_scanned(
    home: Path, bundled: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.selection.FEW", 0)
    monkeypatch.setattr("index.dense_search._MOST_FETCHED", 10)
    monkeypatch.setattr("index.dense_search._SCAN_BATCH", 7)
    with KnowledgeBase(Catalog(home / "catalog.sqlite3"), bundled, maintain=True) as knowledge_base:
        facts = {document.source: document for document in knowledge_base._catalog.document_facts()}
        whole = ranking(knowledge_base, "dense", QUERIES[0], 120, EVERYTHING)
        expected = [source for source in whole if FILTERS["folder"].passes(facts[source])][:5]
        assert ranking(knowledge_base, "dense", QUERIES[0], 5, FILTERS["folder"]) == expected


def test_a_filter_is_resolved_anew_when_the_catalog_changes(tmp_path: Path, bundled: StaticEmbedder) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.activate_index(catalog.start_index(IndexIdentity(bundled.name, ChunkingSettings().name)))
    selections, ingest = Selections(catalog), Ingest(catalog, bundled, root=tmp_path)
    within = DocumentFilter(languages=frozenset(("de",)))
    sizes = []
    for document in documents()[:9]:
        ingest.run_documents([document])
        selection = selections.of(within, revision=catalog.revision)
        assert selection is selections.of(within, revision=catalog.revision)
        assert selection is not None
        assert selection.seqs is not None
        assert len(selection.sources) == len(selection.seqs)
        sizes.append(len(selection.sources))
    assert sizes == [0, 1, 1, 1, 1, 1, 2, 2, 3]
    assert selections.of(EVERYTHING, revision=catalog.revision) is None
    catalog.close()
