import pytest

from index.embedding import StaticEmbedder
from rag.reranking import coverage

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
