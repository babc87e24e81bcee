import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedding import StaticEmbedder
from rag.late_interaction import NEIGHBOUR_SHARE, TextTokens, coverage

TEXTS = {
    "en": "The minister led a delegation of thirty people to Japan.",
    "de": "Der Minister leitete eine Delegation von dreißig Personen nach Japan.",
    "fi": "Ministeri johti kolmenkymmenen hengen valtuuskuntaa Japaniin.",
    "ja": "大臣は三十人の代表団を率いて日本を訪れた。",
    "ar": "قاد الوزير وفدا من ثلاثين شخصا إلى اليابان.",
    "hi": "मंत्री ने तीस लोगों के प्रतिनिधिमंडल का जापान तक नेतृत्व किया।",
    "th": "รัฐมนตรีนำคณะผู้แทนสามสิบคนไปญี่ปุ่น",
    "zh": "部长率领三十人的代表团访问日本。",
}
QUESTIONS = {
    "en": "Why do children go to school?",
    "de": "Warum gehen Kinder in die Schule?",
    "fi": "Miksi lapset käyvät koulua?",
    "ja": "子供はなぜ学校に行くのですか。",
    "ar": "لماذا يذهب الأطفال إلى المدرسة؟",
    "hi": "बच्चे स्कूल क्यों जाते हैं?",
    "th": "ทำไมเด็กไปโรงเรียน",
    "zh": "孩子们为什么上学？",
}
ANSWERS = {
    "en": "At school children learn to read and to write.",
    "de": "In der Schule lernen Kinder lesen und schreiben.",
    "fi": "Koulussa lapset oppivat lukemaan ja kirjoittamaan.",
    "ja": "学校で子供は読み書きを学ぶ。",
    "ar": "في المدرسة يتعلم الأطفال القراءة والكتابة.",
    "hi": "स्कूल में बच्चे पढ़ना और लिखना सीखते हैं।",
    "th": "ที่โรงเรียนเด็กเรียนรู้การอ่านและการเขียน",
    "zh": "孩子们在学校学习读书和写字。",
}
LANGUAGES = tuple(TEXTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_covers_itself_fully(language: str, bundled: StaticEmbedder) -> None:
    (score,) = coverage(TEXTS[language], [TEXTS[language]], embedder=bundled)
    assert score == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_text_around_takes_nothing_away(language: str, bundled: StaticEmbedder) -> None:
    around = f"{ANSWERS[language]}\n{TEXTS[language]}\n{ANSWERS[language]}"
    alone, inside = coverage(QUESTIONS[language], [ANSWERS[language], around], embedder=bundled)
    assert inside >= alone - 0.02  # a token at the edge of a text may be split another way


def test_scores_lie_between_0_and_1_for_whatever_texts(bundled: StaticEmbedder) -> None:
    texts = [*TEXTS.values(), *QUESTIONS.values(), "", "   ", "\x00", "…", "😀😀", "a", "1", "\u200b", "x" * 5000]
    for question in texts:
        scores = coverage(question, texts, embedder=bundled)
        assert len(scores) == len(texts)
        assert all(0.0 <= score <= 1.0 + 1e-5 for score in scores), question


@pytest.mark.parametrize("question", ["", "  "])
def test_a_question_without_words_is_covered_by_nothing(question: str, bundled: StaticEmbedder) -> None:
    assert coverage(question, ["Lahti", ""], embedder=bundled) == [0.0, 0.0]


def test_an_empty_text_covers_nothing_and_shifts_no_other(bundled: StaticEmbedder) -> None:
    texts = ["", TEXTS["en"], "", "", ANSWERS["en"], ""]
    scores = coverage(TEXTS["en"], texts, embedder=bundled)
    assert [scores[at] for at in (0, 2, 3, 5)] == [0.0] * 4
    assert scores[1] == pytest.approx(1.0, abs=1e-5)
    assert scores[4] == pytest.approx(coverage(TEXTS["en"], [ANSWERS["en"]], embedder=bundled)[0], abs=1e-6)


def test_no_texts_give_no_scores(bundled: StaticEmbedder) -> None:
    assert coverage("Lahti", [], embedder=bundled) == []


def test_scores_come_in_the_order_of_the_texts_and_do_not_depend_on_the_others(bundled: StaticEmbedder) -> None:
    texts = [TEXTS["de"], ANSWERS["en"], TEXTS["ja"]]
    forward = coverage(QUESTIONS["en"], texts, embedder=bundled)
    backward = coverage(QUESTIONS["en"], texts[::-1], embedder=bundled)
    assert forward == pytest.approx(backward[::-1], abs=1e-6)


@pytest.mark.parametrize("text_language", LANGUAGES)
@pytest.mark.parametrize("question_language", LANGUAGES)
def test_the_text_that_answers_covers_more_across_languages(
    question_language: str, text_language: str, bundled: StaticEmbedder
) -> None:
    right, wrong = coverage(
        QUESTIONS[question_language], [ANSWERS[text_language], TEXTS[text_language]], embedder=bundled
    )
    assert right > wrong


# -- With the order of words -------------------------------------------------------------------------------------------

# A phrase, a text that holds it, and one that holds its words apart from each other.
PHRASES = {
    "en": (
        "hotels in New York",
        "There are many hotels in New York for guests of the fair.",
        "New guests of the fair in York: there are many hotels for.",
    ),
    "de": (
        "Bank am Fluss",
        "Wir saßen auf der Bank am Fluss, und das Geld blieb zu Hause.",
        "Wir saßen am Haus, und auf der Bank blieb zu Fluss das Geld.",
    ),
    "fi": (
        "Lahden vanha satama",
        "Kesällä avattiin Lahden vanha satama ja uusi asema.",
        "Kesällä avattiin vanha asema ja Lahden uusi satama.",
    ),
    "ja": (
        "京都の古い寺",
        "夏に京都の古い寺と大阪の新しい駅を見た。",
        "夏に京都の新しい駅と大阪の古い寺を見た。",
    ),
    "ar": (
        "ميناء الإسكندرية القديم",
        "زرنا ميناء الإسكندرية القديم ثم متحف القاهرة الجديد.",
        "زرنا متحف الإسكندرية الجديد ثم ميناء القاهرة القديم.",
    ),
    "hi": (
        "मुंबई का पुराना बंदरगाह",
        "हमने मुंबई का पुराना बंदरगाह और दिल्ली का नया स्टेशन देखा।",
        "हमने मुंबई का नया स्टेशन और दिल्ली का पुराना बंदरगाह देखा।",
    ),
    "th": (
        "ท่าเรือเก่าของกรุงเทพ",
        "เราไปดูท่าเรือเก่าของกรุงเทพและสถานีใหม่ของเชียงใหม่",
        "เราไปกรุงเทพและดูของเก่า สถานีของเชียงใหม่ ท่าเรือใหม่",
    ),
    "zh": (
        "上海的旧港口",
        "我们参观了上海的旧港口和北京的新车站。",
        "我们参观了上海的新车站和北京的旧港口。",
    ),
}
STRANGE = ("", "   ", "\x00", "…", "😀😀", "a", "1", "\u200b", "x" * 5000, unicodedata.normalize("NFD", "Tässä"))


def phrase_scores(question: str, texts: Sequence[str], bundled: StaticEmbedder) -> list[float]:
    (asked,) = bundled.token_ids([question])
    scores = TextTokens(bundled.token_ids(texts), embedder=bundled).phrase_coverage(asked)
    assert scores.shape == (len(texts),)
    return [float(score) for score in scores]


def slow_phrase_coverage(question: str, text: str, bundled: StaticEmbedder) -> float:
    """What `phrase_coverage` gives, as one would write it if time did not matter."""
    asked, offered = (bundled.token_rows(ids).astype(np.float64) for ids in bundled.token_ids([question, text]))
    if not len(asked) or not len(offered):
        return 0.0
    weights = [float(np.linalg.norm(row)) for row in asked]
    wanted, found = with_neighbours(asked), with_neighbours(offered)
    best = [max(0.0, *(float(one @ other) for other in found)) for one in wanted]
    return sum(weight * match**2 for weight, match in zip(weights, best, strict=True)) / sum(weights)


def with_neighbours(rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    mixed = []
    for at, row in enumerate(rows):
        own = row.copy()
        for neighbour in (at - 1, at + 1):
            if 0 <= neighbour < len(rows):
                own += NEIGHBOUR_SHARE * rows[neighbour]
        mixed.append(own / np.linalg.norm(own))
    return mixed


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_covered_as_a_plain_reference_says(language: str, bundled: StaticEmbedder) -> None:
    texts = [*TEXTS.values(), *ANSWERS.values(), *(text for phrase in PHRASES.values() for text in phrase), *STRANGE]
    for question in (QUESTIONS[language], TEXTS[language], PHRASES[language][0]):
        expected = [slow_phrase_coverage(question, text, bundled) for text in texts]
        assert phrase_scores(question, texts, bundled) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("question", STRANGE, ids=ascii)
def test_strange_questions_are_covered_as_a_plain_reference_says(question: str, bundled: StaticEmbedder) -> None:
    texts = [*TEXTS.values(), *(text for text in STRANGE if len(text) < 100)]
    expected = [slow_phrase_coverage(question[:100], text, bundled) for text in texts]
    assert phrase_scores(question[:100], texts, bundled) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_in_the_order_of_the_question_cover_more_of_it(language: str, bundled: StaticEmbedder) -> None:
    question, together, apart = PHRASES[language]
    in_order, scattered = phrase_scores(question, [together, apart], bundled)
    assert in_order > scattered + 0.02


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_covers_itself_fully_with_its_order(language: str, bundled: StaticEmbedder) -> None:
    assert phrase_scores(TEXTS[language], [TEXTS[language]], bundled) == [pytest.approx(1.0, abs=1e-5)]


def test_phrase_scores_lie_between_0_and_1(bundled: StaticEmbedder) -> None:
    texts = [*TEXTS.values(), *QUESTIONS.values(), *STRANGE]
    offered = bundled.token_ids(texts)
    for question, asked in zip(texts, offered, strict=True):
        scores = TextTokens(offered, embedder=bundled).phrase_coverage(asked)
        assert len(scores) == len(texts)
        assert all(0.0 <= score <= 1.0 + 1e-9 for score in scores), question


def test_a_token_has_no_neighbours_in_another_text(bundled: StaticEmbedder) -> None:
    texts = ["New", "York", "York", "New", "", "in New", "York"]
    alone = [phrase_scores("New York", [text], bundled)[0] for text in texts]
    assert phrase_scores("New York", texts, bundled) == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("question", ["", "  "])
def test_no_phrase_of_an_empty_question_is_covered(question: str, bundled: StaticEmbedder) -> None:
    assert phrase_scores(question, ["Lahti", ""], bundled) == [0.0, 0.0]


@pytest.mark.parametrize("texts", [[], [""], ["", "", ""]], ids=len)
def test_without_words_to_look_at_no_phrase_is_covered(texts: list[str], bundled: StaticEmbedder) -> None:
    assert phrase_scores("Lahti", texts, bundled) == [0.0] * len(texts)


def test_empty_texts_shift_no_phrase_score(bundled: StaticEmbedder) -> None:
    scores = phrase_scores(TEXTS["fi"], ["", TEXTS["fi"], "", "", ANSWERS["fi"], ""], bundled)
    assert [scores[at] for at in (0, 2, 3, 5)] == [0.0] * 4
    assert [scores[1], scores[4]] == pytest.approx(
        phrase_scores(TEXTS["fi"], [TEXTS["fi"], ANSWERS["fi"]], bundled), abs=1e-6
    )


# -- Vectors of whole texts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [[*TEXTS.values()], [*STRANGE], ["", TEXTS["ja"], "", "", TEXTS["th"], ""], [""], ["", ""], []],
    ids=["languages", "strange", "empty ones among them", "one empty", "two empty", "none"],
)
def test_text_vectors_are_what_the_model_gives(texts: list[str], bundled: StaticEmbedder) -> None:
    vectors = TextTokens(bundled.token_ids(texts), embedder=bundled).vectors(range(len(texts)))
    expected = bundled.embed_passages(texts)
    assert vectors.shape == expected.shape
    assert vectors == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_vectors_have_length_1_and_zeros_where_there_are_no_words(language: str, bundled: StaticEmbedder) -> None:
    vectors = TextTokens(bundled.token_ids([TEXTS[language], ""]), embedder=bundled).vectors([0, 1])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 0.0], abs=1e-6)
