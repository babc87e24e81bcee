from dataclasses import replace

import numpy as np
import pytest

from index.embedding import StaticEmbedder
from rag.abstention import answerability, is_beside_the_point, others_odds
from rag.extractive import choose_quotes, find_quotes
from rag.kinship import ByKinship
from rag.quote_scores import Reading, read_passages
from rag.settings import AnswerWeights, QuotingSettings
from tests.builders import make_passage

NOTHING = ByKinship(0, 0, 0)
ALIKE = AnswerWeights(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)


@pytest.fixture
def reading(bundled: StaticEmbedder) -> Reading:
    passages = [
        make_passage("The bridge did open in 1932. Bread is good."),
        replace(make_passage("The choir sings.", number=2), confidence=0.5),
        replace(make_passage("The river is wide.", number=3, language="ja"), confidence=0.2),
    ]
    return read_passages("When did the bridge open?", passages, language="en", embedder=bundled)


def test_without_weights_it_is_as_likely_as_not(reading: Reading) -> None:
    assert answerability(reading, 0, language="en", weights=ALIKE) == 0.5


@pytest.mark.parametrize(
    ("measure", "value"),
    [("passage_odds", 6.21), ("others_odds", -0.693), ("intercept", 1.0)],
)
def test_weights_are_log_odds_of_the_measures(measure: str, value: float, reading: Reading) -> None:
    weights = replace(ALIKE, **{measure: ByKinship(1, 0, 0)})
    sure = answerability(reading, 0, language="en", weights=weights)
    assert np.log(sure / (1 - sure)) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("measure", ["nearby", "covered", "anywhere"])
def test_what_is_covered_counts(measure: str, reading: Reading) -> None:
    sure = answerability(reading, 0, language="en", weights=replace(ALIKE, **{measure: ByKinship(1, 0, 0)}))
    values = getattr(reading, measure)
    assert np.log(sure / (1 - sure)) == pytest.approx(values if measure == "anywhere" else values[0])


@pytest.mark.parametrize(("best", "odds"), [(0, 1), (3, 3)])
def test_weights_are_those_for_the_language_of_the_best_unit(best: int, odds: int, reading: Reading) -> None:
    sure = answerability(reading, best, language="en", weights=replace(ALIKE, intercept=ByKinship(1, 2, 3)))
    assert np.log(sure / (1 - sure)) == pytest.approx(odds)


def test_others_are_the_passages_without_the_best_unit_each_once(reading: Reading) -> None:
    assert others_odds(reading, 1) == pytest.approx((0 + np.log(0.25)) / 2)
    assert others_odds(reading, 2) == pytest.approx((6.2126 + np.log(0.25)) / 2, abs=0.001)


def test_a_lone_passage_is_compared_with_typical_ones(bundled: StaticEmbedder) -> None:
    lone = read_passages("Bread?", [make_passage("Bread is good.")], language="en", embedder=bundled)
    assert -3 < others_odds(lone, 0) < 0


# With the shipped weights: what is there is told from what is not, in tiny collections too.
PASSAGES = {
    "en": "The old harbour of Varnholm was dredged in 1974. The work took three summers and cost nine million crowns.",
    "de": "Der alte Hafen von Varnholm wurde 1974 ausgebaggert. Die Arbeiten dauerten drei Sommer.",
    "fi": "Varnholmin vanha satama ruopattiin vuonna 1974. Työ kesti kolme kesää ja maksoi yhdeksän miljoonaa.",
    "ja": "ヴァルンホルムの旧港は1974年に浚渫された。工事は三度の夏にわたった。",
    "ar": "جرى تعميق ميناء فارنهولم القديم عام 1974. استمر العمل ثلاثة فصول صيف.",
    "hi": "वार्नहोम के पुराने बंदरगाह की खुदाई 1974 में हुई। काम तीन गर्मियों तक चला।",
    "zh": "瓦恩霍尔姆旧港于1974年疏浚。工程持续了三个夏天。",
    "ru": "Старую гавань Варнхольма углубили в 1974 году. Работы длились три лета.",
}
ASKED = {
    "en": ("When was the old harbour of Varnholm dredged?", "Who painted the ceiling of the opera house?"),
    "de": ("Wann wurde der alte Hafen von Varnholm ausgebaggert?", "Wer malte die Decke der Oper?"),
    "fi": ("Milloin Varnholmin vanha satama ruopattiin?", "Kuka maalasi oopperan katon?"),
    "ja": ("ヴァルンホルムの旧港はいつ浚渫されましたか。", "歌劇場の天井を描いたのは誰ですか。"),
    "ar": ("متى جرى تعميق ميناء فارنهولم القديم؟", "من رسم سقف دار الأوبرا؟"),
    "hi": ("वार्नहोम के पुराने बंदरगाह की खुदाई कब हुई?", "ओपेरा हाउस की छत किसने रंगी?"),
    "zh": ("瓦恩霍尔姆旧港何时疏浚？", "歌剧院的天花板是谁画的？"),
    "ru": ("Когда углубили старую гавань Варнхольма?", "Кто расписал потолок оперного театра?"),
}


@pytest.mark.parametrize("language", PASSAGES)
def test_a_question_that_the_passage_answers_is_told_from_one_that_it_does_not(
    language: str, bundled: StaticEmbedder
) -> None:
    settings = QuotingSettings()
    sure = []
    for question, score in zip(ASKED[language], (0.9, 0.2), strict=True):
        passage = replace(make_passage(PASSAGES[language], language=language), confidence=score)
        reading = read_passages(question, [passage], language=language, embedder=bundled)
        best = int(reading.shares(settings.weights, language=language).argmax())
        sure.append(answerability(reading, best, language=language, weights=settings.answer_weights))
    threshold = settings.threshold.same_language
    assert sure[1] < threshold < 0.5 < sure[0]


@pytest.mark.parametrize("question", ["hi", "Hallo!", "Wann?", "²³½", "…", "x" * 400, "Когда?", "متى؟", "कब?"])
def test_a_question_with_hardly_a_word_is_answered_by_nothing(question: str) -> None:
    assert is_beside_the_point(question, make_passage("The bridge of Dejima did open in 1932."))


@pytest.mark.parametrize(
    "question", ["Dejima?", "デジマ", "Дэдзима?", "bridge", "BRIDGES", "1932?", "When did it open?", "出島とは？"]
)
def test_a_word_that_the_passage_holds_is_a_question(question: str) -> None:
    assert not is_beside_the_point(question, make_passage("The bridge of Dejima did open in 1932."))


def test_title_and_heading_hold_the_word_as_well() -> None:
    passage = replace(make_passage("It is an island."), title="Dejima", heading="History")
    assert not is_beside_the_point("Dejima", passage)
    assert not is_beside_the_point("history?", passage)
    assert is_beside_the_point("Kyoto?", passage)


def test_nothing_is_quoted_for_a_greeting(bundled: StaticEmbedder) -> None:
    quotes = find_quotes(
        "Hallo!", [make_passage("The bridge is old.")], language="de", embedder=bundled, settings=QuotingSettings()
    )
    assert [quote.score for quote in quotes] == [0]
    assert choose_quotes(quotes, language="de", settings=QuotingSettings()) == []
