import math
from dataclasses import replace

import pytest

from index.embedding import StaticEmbedder
from rag.answers import Passage
from rag.kinship import ByKinship
from rag.quote_scores import Reading, read_passages
from rag.settings import QuoteWeights
from tests.builders import make_passage

NOTHING = ByKinship(0, 0, 0)
ALIKE = QuoteWeights(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
QUESTION = "When did the bridge open?"
BRIDGE = make_passage("The bridge is long. It did open in 1932. Bread is good.")
CHOIR = replace(make_passage("The choir sings. The bridge is long.", number=2), confidence=0.5)


@pytest.fixture
def reading(bundled: StaticEmbedder) -> Reading:
    return read_passages(QUESTION, [BRIDGE, CHOIR], language="en", embedder=bundled)


def read(*texts: str, question: str, bundled: StaticEmbedder, language: str = "en") -> Reading:
    passages: list[Passage] = [make_passage(text, number=at) for at, text in enumerate(texts, start=1)]
    return read_passages(question, passages, language=language, embedder=bundled)


def test_every_unit_has_a_value_of_each_measure(reading: Reading) -> None:
    assert [unit.text for unit in reading.units] == [
        "The bridge is long.", "It did open in 1932.", "Bread is good.", "The choir sings.", "The bridge is long.",
    ]  # fmt: skip
    for measure in (reading.distinctive, reading.nearby, reading.covered, reading.passage_odds, reading.offers):
        assert measure.shape == (5,)
    for share in (reading.distinctive, reading.nearby, reading.covered):
        assert ((share >= 0) & (share <= 1)).all()


def test_what_is_asked_for_is_offered_by_the_sentences_that_hold_it(reading: Reading) -> None:
    assert reading.offers.tolist() == [0, 1, 0, 0, 0]


def test_a_sentence_that_asks_answers_less(bundled: StaticEmbedder) -> None:
    reading = read("When did it open? It did open in 1932.", question=QUESTION, bundled=bundled)
    assert reading.asks.tolist() == [1, 0]
    asking, saying = reading.shares(replace(ALIKE, asks=-2.0), language="en")
    assert asking / saying == pytest.approx(math.exp(-2))


def test_the_heading_counts_as_what_stands_beside(bundled: StaticEmbedder) -> None:
    passage = make_passage("At nine.")
    bare, below = (
        read_passages(QUESTION, [replace(passage, heading=heading)], language="en", embedder=bundled)
        for heading in ("", "When did the bridge open?")
    )
    assert below.distinctive.tolist() == bare.distinctive.tolist()
    assert below.nearby[0] == pytest.approx(1, abs=0.01)
    assert bare.nearby[0] < 0.5
    assert below.anywhere > bare.anywhere


def test_nothing_is_offered_where_the_question_does_not_tell(bundled: StaticEmbedder) -> None:
    assert read("It did open in 1932.", question="The bridge?", bundled=bundled).offers.tolist() == [0]


def test_the_same_words_count_alike_wherever_they_stand(reading: Reading) -> None:
    assert reading.distinctive[0] == reading.distinctive[4]


def test_what_stands_beside_is_taken_in_but_not_from_another_passage(reading: Reading) -> None:
    assert reading.nearby[0] == reading.nearby[1] > max(reading.distinctive[0], reading.distinctive[1])
    assert reading.nearby[2] > reading.distinctive[2]
    assert reading.distinctive[4] < reading.nearby[4] == reading.nearby[3] < reading.nearby[1]


def test_every_unit_has_the_odds_of_its_passage(reading: Reading) -> None:
    assert reading.passage_odds.tolist() == pytest.approx([6.21, 6.21, 6.21, 0, 0], abs=0.01)


def test_together_they_cover_at_least_what_one_covers(reading: Reading) -> None:
    assert reading.covered.max() <= reading.anywhere <= 1


def test_a_text_that_holds_the_question_covers_it_whole(bundled: StaticEmbedder) -> None:
    reading = read(QUESTION, question=QUESTION, bundled=bundled)
    assert reading.distinctive[0] == pytest.approx(1)
    assert reading.anywhere == pytest.approx(1)


def test_words_that_all_sentences_hold_count_less(bundled: StaticEmbedder) -> None:
    question = "tall bridge"
    rare = read("A bridge. A choir. A river. A tall house.", question=question, bundled=bundled)
    common = read("A bridge. A bridge here. A bridge there. A tall house.", question=question, bundled=bundled)
    assert common.distinctive[3] > rare.distinctive[3]
    assert common.distinctive[0] < rare.distinctive[0]


def test_order_of_words_counts(bundled: StaticEmbedder) -> None:
    reading = read("new bridge of York", "bridge of New York", question="the bridge of new york", bundled=bundled)
    assert reading.distinctive[1] > reading.distinctive[0]


@pytest.mark.parametrize(
    ("language", "question", "answer", "other"),
    [
        ("de", "Wer baute die Brücke?", "Die Brücke baute Anna Berg.", "Das Brot schmeckt gut."),
        ("fi", "Kuka rakensi sillan?", "Sillan rakensi Anna Berg.", "Leipä on hyvää."),
        ("ja", "橋を建てたのは誰ですか。", "橋を建てたのは山田花子だ。", "パンはおいしい。"),
        ("ar", "من بنى الجسر؟", "بنت المهندسة سلمى الجسر.", "الخبز لذيذ."),
        ("hi", "पुल किसने बनाया?", "पुल अनीता ने बनाया।", "रोटी अच्छी है।"),
        ("th", "ใครสร้างสะพาน", "วิศวกรสมศรีสร้างสะพาน", "ขนมปังอร่อย"),
        ("zh", "谁建造了这座桥？", "这座桥由工程师王芳建造。", "面包很好吃。"),
        ("ru", "Кто построил мост?", "Мост построила Анна Берг.", "Хлеб вкусный."),
        ("tr", "Köprüyü kim yaptı?", "Köprüyü Anna Berg yaptı.", "Ekmek güzel."),
    ],
)
def test_the_sentence_about_it_covers_more_in_every_script(
    language: str, question: str, answer: str, other: str, bundled: StaticEmbedder
) -> None:
    passages = [make_passage(text, number=at, language=language) for at, text in enumerate((other, answer), start=1)]
    reading = read_passages(question, passages, language=language, embedder=bundled)
    assert [unit.text for unit in reading.units] == [other, answer]
    assert reading.distinctive[1] > 2 * reading.distinctive[0]


# -- Shares ------------------------------------------------------------------------------------------------------------


def test_without_weights_all_are_alike(reading: Reading) -> None:
    assert reading.shares(ALIKE, language="en").tolist() == pytest.approx([0.2] * 5)


def test_weights_are_log_odds(reading: Reading) -> None:
    shares = reading.shares(replace(ALIKE, offers=ByKinship(2, 0, 0)), language="en")
    assert shares[1] / shares[0] == pytest.approx(7.389, abs=0.001)
    assert shares.sum() == pytest.approx(1)


@pytest.mark.parametrize(("language", "ratio"), [("en", 1), ("fi", 2.718), ("ja", 7.389)])
def test_weights_are_those_for_the_two_languages(language: str, ratio: float, reading: Reading) -> None:
    shares = reading.shares(replace(ALIKE, offers=ByKinship(0, 1, 2)), language=language)
    assert shares[1] / shares[0] == pytest.approx(ratio, abs=0.001)


def test_sentences_in_several_languages_are_told_apart_by_kinship(bundled: StaticEmbedder) -> None:
    passages = [make_passage("Brot.", language="de"), make_passage("Хлеб.", number=2, language="ru")]
    reading = read_passages("Brot?", passages, language="de", embedder=bundled)
    shares = reading.shares(replace(ALIKE, kinship=ByKinship(0, 0, 1)), language="de")
    assert shares[1] / shares[0] == pytest.approx(2.718, abs=0.001)


# -- Borders -----------------------------------------------------------------------------------------------------------


def test_no_passages_have_no_units(bundled: StaticEmbedder) -> None:
    for passages in ([], [make_passage(" \n ")]):
        reading = read_passages(QUESTION, passages, language="en", embedder=bundled)
        assert (reading.units, reading.anywhere, reading.distinctive.shape) == ((), 0, (0,))


def test_a_question_without_words_is_covered_by_nothing(bundled: StaticEmbedder) -> None:
    reading = read("The choir sings. Bread is good.", question="", bundled=bundled)
    assert reading.distinctive.tolist() == reading.covered.tolist() == [0, 0]
    assert reading.shares(ALIKE, language="en").tolist() == [0.5, 0.5]


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_certain_scores_of_a_reranker_are_finite_odds(score: float, bundled: StaticEmbedder) -> None:
    passage = replace(make_passage("Bread."), confidence=score)
    reading = read_passages("Bread?", [passage], language="en", embedder=bundled)
    assert abs(reading.passage_odds[0]) == pytest.approx(6.21, abs=0.01)
