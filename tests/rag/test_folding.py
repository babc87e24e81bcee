from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.documents import Chunk, ScoredChunk
from index.embedding import StaticEmbedder
from rag.folding import MOST_COMPARED, fold, spread
from rag.settings import FoldingSettings
from rag.translations import Text, says_the_same

SETTINGS = FoldingSettings()
# One news item in five scripts; written for this test.
HARBOUR = {
    "en": "The new harbour of Lahti was opened on 17 May 1931. It cost 2.5 million marks and has room for 340 boats.",
    "de": "Der neue Hafen von Lahti wurde am 17. Mai 1931 eröffnet. Er kostete 2,5 Millionen Mark und fasst 340 Boote.",
    "ru": "Новая гавань Лахти была открыта 17 мая 1931 года. Она стоила 2,5 миллиона марок и вмещает 340 лодок.",
    "ar": "افتتح ميناء لاهتي الجديد في ١٧ مايو ١٩٣١. وبلغت تكلفته ٢٫٥ مليون مارك ويتسع لعدد ٣٤٠ قاربا.",
    "zh": "拉赫蒂的新港口于1931年5月17日开放，耗资250万马克，可停泊340艘船。",
}
OTHERS = {
    "en": "The museum of Oulu shows paintings of the sea, and it is closed on Mondays.",
    "de": "Das Kraftwerk liefert im Winter Strom für zwei Städte, im Sommer nur für eine.",
    "ru": "Учёные измерили температуру почвы в лесах на севере страны.",
    "ar": "يدرس الطلاب تاريخ الطب في الجامعة منذ سنوات.",
    "zh": "这家公司生产电池，并把它们卖给汽车制造商。",
}


def scored(
    texts: Sequence[str], *, sources: Sequence[str] | None = None, scores: Sequence[float] | None = None
) -> list[ScoredChunk]:
    """Chunks with the ids 0, 1, 2…, each of a document of its own unless said otherwise, in the order given."""
    return [
        ScoredChunk(
            Chunk(str(at), sources[at] if sources else f"{at}.txt", text, 0, len(text)),
            scores[at] if scores else 1 - at / (2 * len(texts)),
        )
        for at, text in enumerate(texts)
    ]


def folded(
    ranked: Sequence[ScoredChunk],
    *,
    language: str = "en",
    languages: Mapping[str, str] | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    settings: FoldingSettings = SETTINGS,
) -> list[ScoredChunk]:
    spoken = languages if languages is not None else {found.chunk.source: "en" for found in ranked}
    return fold(ranked, language=language, languages=spoken, vectors=vectors or {}, settings=settings)


def ids(results: Sequence[ScoredChunk]) -> list[tuple[str, ...]]:
    """For each result the id of what is shown and those of its versions."""
    return [(result.chunk.id, *(chunk.id for chunk in result.versions)) for result in results]


def embedded(ranked: Sequence[ScoredChunk], bundled: StaticEmbedder) -> dict[str, NDArray[np.float32]]:
    rows = bundled.embed_passages([found.chunk.text for found in ranked])
    return {found.chunk.id: row for found, row in zip(ranked, rows, strict=True)}


def vectors_of(*topics: int) -> dict[str, NDArray[np.float32]]:
    """Unit vectors with a cosine of 0.8 between chunks of the same topic, 0 between others."""
    rows = np.zeros((len(topics), 2 * len(topics)), np.float32)
    for at, topic in enumerate(topics):
        rows[at, [topic, len(topics) + at]] = np.sqrt([0.8, 0.2])
    return {str(at): row for at, row in enumerate(rows)}


# -- Near-duplicates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Lahti lies by a lake.", "Lahti lies by a lake.", id="equal"),
        pytest.param("He said: “Lahti is old”, and left.", 'He said: "Lahti is old" – and left!', id="quotes-dashes"),
        pytest.param("Lahti **lies** by\na lake.", "Lahti lies  by a _lake_.", id="mark-up"),
        pytest.param("Ta\u0308ssa\u0308 on satama.", "Tässä on satama.", id="composed"),
        pytest.param("ラハティは「湖の町」です。", "ラハティは『湖の町』です", id="ja"),
        pytest.param("هل هو ميناء قديم؟", "هل هو ميناء قديم", id="ar"),
        pytest.param("यह एक पुराना बंदरगाह है।", "यह एक पुराना बंदरगाह है", id="hi"),
        pytest.param("เมืองนี้มีทะเลสาบ (ใหญ่)", "เมืองนี้มีทะเลสาบ ใหญ่", id="th"),
        pytest.param("Chair 20 €, table 1,250.50 €", "Chair: 20 € | table: 1,250.50 €", id="price-list"),
    ],
)
def test_the_same_words_are_one_result(one: str, other: str) -> None:
    (result,) = folded(scored([one, other]))
    assert (result.chunk.id, [chunk.text for chunk in result.versions], result.score) == ("0", [other], 1.0)


DIFFERENT = [
    pytest.param("Chair 20 €, table 150 €", "Chair 20 €, table 160 €", id="price"),
    pytest.param("Chair 20 €, table 1.5 €", "Chair 20 €, table 15 €", id="decimal-mark"),
    pytest.param("Chair 20 €, table 150 €", "Chair 20 $, table 150 $", id="currency"),
    pytest.param("At night it was -5 degrees cold.", "At night it was 5 degrees cold.", id="minus"),
    pytest.param("It grew by 5% in a year.", "It grew by 5 in a year.", id="percent"),
    pytest.param("Lahti won against Oulu 3:2.", "Lahti won against Oulu 4:2.", id="score"),
    pytest.param("Lahti won against Oulu 3:2.", "Lahti won against Pori 3:2.", id="name"),
    pytest.param("Meier sold the boat.", "Maier sold the boat.", id="name-one-letter"),
    pytest.param("Add sodium sulfate slowly.", "Add sodium sulfite slowly.", id="chemistry"),
    pytest.param("The plan was approved.", "The plan was not approved.", id="negation"),
    pytest.param("Der Hafen kostet 3 Mio.", "Der Hafen kostet 4 Mio.", id="de"),
    pytest.param("東京は大阪に三対二で勝った。", "東京は京都に三対二で勝った。", id="ja"),
    pytest.param("فاز الهلال على النصر ٣-٢", "فاز الهلال على النصر ٤-٢", id="ar"),
    pytest.param("राम ने ५ आम खाए।", "राम ने ६ आम खाए।", id="hi"),
    pytest.param("ราคา 50 บาท", "ราคา 60 บาท", id="th"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_a_number_a_name_or_a_word_makes_two_results(one: str, other: str, bundled: StaticEmbedder) -> None:
    ranked = scored([one, other])
    assert ids(folded(ranked)) == [("0",), ("1",)]
    assert ids(folded(ranked, vectors=embedded(ranked, bundled))) == [("0",), ("1",)]


def test_a_text_inside_a_better_one_is_folded_and_one_around_it_is_not() -> None:
    long, part = "It rains in Lahti today. The boats stay in the harbour.", "The boats stay in the harbour."
    assert ids(folded(scored([long, part]))) == [("0", "1")]
    assert ids(folded(scored([part, long]))) == [("0",), ("1",)]


def test_a_title_inside_a_text_stays() -> None:
    assert ids(folded(scored([HARBOUR["en"], "Lahti"]))) == [("0",), ("1",)]


def test_a_later_state_of_an_article_is_folded_only_where_it_agrees() -> None:
    ranked = scored(
        ["The harbour has 340 berths.", "It opens in May.", "The harbour has 350 berths.", "It opens in May."],
        sources=["2023.txt", "2023.txt", "2024.txt", "2024.txt"],
    )
    assert ids(folded(ranked)) == [("0",), ("1", "3"), ("2",)]


def test_texts_without_words_are_one_only_if_they_are_equal() -> None:
    assert ids(folded(scored(["", "", "***", "…", "***"]))) == [("0", "1"), ("2", "4"), ("3",)]


def test_nothing_stays_nothing() -> None:
    assert folded([]) == []


def test_thousands_of_equal_results_are_one_and_few_texts_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def normalize(_: str, text: str) -> str:
        read.append(text)
        return text

    monkeypatch.setattr("rag.folding.unicodedata.normalize", normalize)
    (result,) = folded(scored(["Lahti lies by a lake."] * 20_000))
    assert (len(result.versions), len(read)) == (19_999, 1)
    read.clear()
    many = folded(scored([f"Boat {number} lies in the harbour." for number in range(20_000)]))
    assert (len(many), len(read)) == (20_000, MOST_COMPARED)


# -- Translations ------------------------------------------------------------------------------------------------------


def test_translations_are_one_result_in_the_language_of_the_asker() -> None:
    ranked = scored([text for each in zip(HARBOUR.values(), OTHERS.values(), strict=True) for text in each])
    languages = {found.chunk.source: tuple(HARBOUR)[at // 2] for at, found in enumerate(ranked)}
    vectors = vectors_of(0, 1, 0, 2, 0, 3, 0, 4, 0, 5)
    for place, language in enumerate(HARBOUR):
        results = folded(ranked, language=language, languages=languages, vectors=vectors)
        shown = str(2 * place)
        assert ids(results) == [
            (shown, *(str(at) for at in (0, 2, 4, 6, 8) if str(at) != shown)),
            *((str(at),) for at in (1, 3, 5, 7, 9)),
        ]
        assert [result.score for result in results] == [ranked[at].score for at in (0, 1, 3, 5, 7, 9)]
    assert folded(ranked, language="fi", languages=languages, vectors=vectors)[0].chunk.id == "0"


def test_the_bundled_model_finds_translations(bundled: StaticEmbedder) -> None:
    ranked = scored([each[language] for language in ("en", "de", "ru") for each in (HARBOUR, OTHERS)])
    languages = {found.chunk.source: ("en", "de", "ru")[at // 2] for at, found in enumerate(ranked)}
    results = folded(ranked, language="ru", languages=languages, vectors=embedded(ranked, bundled))
    assert ids(results) == [("4", "0", "2"), ("1",), ("3",), ("5",)]


def test_without_vectors_or_languages_nothing_is_a_translation() -> None:
    ranked = scored(list(HARBOUR.values()))
    languages = {found.chunk.source: code for found, code in zip(ranked, HARBOUR, strict=True)}
    vectors = vectors_of(0, 0, 0, 0, 0)
    apart = [(str(at),) for at in range(len(ranked))]
    assert ids(folded(ranked, languages=languages, vectors={})) == apart
    assert ids(folded(ranked, languages={}, vectors=vectors)) == apart
    del vectors["1"]
    assert ids(folded(ranked, languages=languages, vectors=vectors)) == [("0", "2", "3", "4"), ("1",)]


def test_near_texts_with_other_numbers_are_no_translations() -> None:
    ranked = scored(["Lahti won against Oulu 3:2.", "Lahti gewann gegen Oulu 4:2."])
    assert ids(folded(ranked, languages={"0.txt": "en", "1.txt": "de"}, vectors=vectors_of(0, 0))) == [("0",), ("1",)]


def test_a_pair_is_no_translation_where_another_text_is_about_as_near() -> None:
    ranked = scored(["It rains in Lahti.", "Es regnet in Lahti.", "In Lahti ist Regen."])
    vectors = vectors_of(0, 0, 0)
    alone = ids(folded(ranked[:2], languages={"0.txt": "en", "1.txt": "de"}, vectors=vectors))
    assert alone == [("0", "1")]
    languages = {"0.txt": "en", "1.txt": "de", "2.txt": "de"}
    crowded = FoldingSettings(nearness=0.6)
    assert ids(folded(ranked, languages=languages, vectors=vectors, settings=crowded)) == [("0",), ("1",), ("2",)]


def test_a_reposted_translation_is_a_version_too() -> None:
    ranked = scored([HARBOUR["de"], HARBOUR["en"], HARBOUR["en"], HARBOUR["de"]])
    languages = {"0.txt": "de", "1.txt": "en", "2.txt": "en", "3.txt": "de"}
    assert ids(folded(ranked, languages=languages, vectors=vectors_of(0, 0, 0, 0))) == [("1", "0", "2", "3")]


def test_a_translation_takes_only_one_text_of_a_language() -> None:
    later = HARBOUR["en"].replace("340", "350")
    ranked = scored([HARBOUR["de"], HARBOUR["en"], later])
    vectors = vectors_of(0, 0, 1)
    languages = {"0.txt": "de", "1.txt": "en", "2.txt": "en"}
    assert ids(folded(ranked, languages=languages, vectors=vectors)) == [("1", "0"), ("2",)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(HARBOUR["en"], HARBOUR["zh"], True, id="equal"),
        pytest.param(HARBOUR["en"], HARBOUR["zh"].replace("340", "341"), False, id="integer"),
        pytest.param(HARBOUR["en"], HARBOUR["zh"].replace("250万", "260万"), False, id="magnitude"),
        pytest.param(HARBOUR["en"], HARBOUR["zh"].replace("1931", "1932"), False, id="year"),
        pytest.param(HARBOUR["en"], HARBOUR["zh"][:12], False, id="length"),
    ],
)
def test_translations_agree_in_numbers_and_length(one: str, other: str, same: bool) -> None:
    for pair in ((Text(one, "en"), Text(other, "zh")), (Text(other, "zh"), Text(one, "en"))):
        assert says_the_same(*pair, settings=SETTINGS) is same


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("1,000 boats, 1.000 Boote, 1000", {(1000,)}),
        ("2.5 and 2,5 and ٢٫٥", {(2, 5)}),
        ("17.5.1931 or 1931-05-17", {(17,), (5,), (1931,)}),
        ("1990-1995", {(1990,), (1995,)}),
        ("१२ और １２", {(12,)}),
        ("²", set()),
        ("", set()),
    ],
)
def test_figures_are_alike_in_all_digits_and_separators(text: str, figures: set[tuple[int, ...]]) -> None:
    assert Text(text, "en").figures == figures


# -- At most so many of one document -----------------------------------------------------------------------------------


def places(sources: str, scores: Sequence[float]) -> list[tuple[str, float]]:
    ranked = scored([f"text {at}" for at in range(len(sources))], sources=list(sources), scores=scores)
    return [(result.chunk.source + result.chunk.id, result.score) for result in spread(ranked, SETTINGS)]


def test_further_results_of_a_document_stand_behind_those_of_others_that_are_not_far_worse() -> None:
    assert places("aaaaabcde", [1, 0.99, 0.98, 0.97, 0.96, 0.9, 0.85, 0.5, 0.4]) == [
        ("a0", 1),
        ("a1", 0.99),
        ("a2", 0.98),
        ("b5", 0.9),
        ("c6", 0.85),
        ("d7", 0.5),
        ("a3", 0.5),
        ("a4", 0.5),
        ("e8", 0.4),
    ]


@pytest.mark.parametrize(
    ("sources", "scores"),
    [
        pytest.param("aaaaab", [1, 0.99, 0.98, 0.97, 0.96, 0.9], id="two-documents"),
        pytest.param("aaaaabc", [1, 0.99, 0.98, 0.97, 0.96, 0.9, 0.6], id="third-is-weaker"),
        pytest.param("aabbccdd", [1, 0.99, 0.98, 0.97, 0.96, 0.9, 0.9, 0.9], id="none-has-more"),
        pytest.param("aaaabc", [0, 0, 0, 0, 0, 0], id="no-scores"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_the_results_of_the_one_right_document_stay(sources: str, scores: Sequence[float]) -> None:
    assert places(sources, scores) == [(f"{each}{at}", scores[at]) for at, each in enumerate(sources)]
