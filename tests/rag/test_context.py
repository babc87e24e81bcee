from collections.abc import Sequence

import pytest

from rag.answers import Passage, Turn
from rag.context import count_tokens, fit
from rag.prompts import render_passages
from tests.fakes import make_passage

SENTENCES = {
    "en": "The delegation visits the recycling plant in Lahti on the third of May.",
    "de": "Die Delegation besucht am dritten Mai die Wiederverwertungsanlage in Lahti.",
    "fi": "Valtuuskunta vierailee kierrätyslaitoksella Lahdessa kolmantena toukokuuta.",
    "tr": "Heyet üç Mayıs günü Lahti'deki geri dönüşüm tesisini ziyaret ediyor.",
    "ru": "Делегация посетит третьего мая завод по переработке отходов в Лахти.",
    "ar": "يزور الوفد مصنع إعادة التدوير في لاهتي في الثالث من مايو.",
    "he": "המשלחת מבקרת במפעל המיחזור בלאהטי בשלושה במאי.",
    "hi": "प्रतिनिधिमंडल तीन मई को लाहती में पुनर्चक्रण संयंत्र का दौरा करेगा।",
    "th": "คณะผู้แทนจะเยี่ยมชมโรงงานรีไซเคิลที่ลาห์ติในวันที่สามพฤษภาคม",
    "ja": "代表団は五月三日にラハティのリサイクル工場を訪問します。",
    "zh": "代表团将于五月三日参观拉赫蒂的回收工厂。",
    "ko": "대표단은 오월 삼일에 라흐티의 재활용 공장을 방문합니다.",
    "ta": "பிரதிநிதிகள் குழு மே மூன்றாம் தேதி லாதியில் உள்ள ஆலையைப் பார்வையிடும்.",
}
# The most that one of six tokenizers takes for them: those of Qwen, Llama 3 and 4, DeepSeek, tekken and o200k.
MOST_TOKENS = {
    "en": 15,
    "de": 21,
    "fi": 27,
    "tr": 31,
    "ru": 25,
    "ar": 21,
    "he": 44,
    "hi": 58,
    "th": 34,
    "ja": 23,
    "zh": 20,
    "ko": 23,
    "ta": 94,
}


def sentences(count: int, *, language: str = "en") -> str:
    stop = {"ja": "。", "zh": "。", "hi": "।"}.get(language, ".")
    words = {
        "ja": "これは文です",
        "zh": "这是一句话",
        "hi": "यह एक वाक्य है",
        "ar": "هذه جملة واحدة",
        "de": "Das ist ein Satz",
    }
    between = "" if language in ("ja", "zh") else " "
    return between.join(f"{words.get(language, 'This is a sentence')}{stop}" for _ in range(count))


def shown(passages: Sequence[Passage], budget: int, history: Sequence[Turn] = ()) -> list[Passage]:
    return fit(passages, history, budget=budget, rules="", question="")[0]


@pytest.mark.parametrize("language", SENTENCES)
def test_estimate_is_near_what_the_most_wasteful_tokenizer_takes(language: str) -> None:
    assert 0.9 * MOST_TOKENS[language] <= count_tokens(SENTENCES[language]) <= 2 * MOST_TOKENS[language]


def test_tokens_of_nothing_and_of_single_characters() -> None:
    assert [count_tokens(text) for text in ("", "a", "語", "😀", "\U00012000")] == [0, 1, 1, 2, 2]


def test_everything_stays_where_there_is_room() -> None:
    passages = [make_passage(sentences(5), number=number) for number in range(1, 7)]
    history = [Turn("Q", "A"), Turn("Q2", "A2")]
    assert fit(passages, history, budget=4096, rules="rules", question="?") == (passages, history)


@pytest.mark.parametrize("language", ["en", "de", "ja", "zh", "hi", "ar"])
@pytest.mark.parametrize("budget", [300, 500, 700])
def test_last_passages_go_first_and_one_is_cut_at_the_end_of_a_sentence(budget: int, language: str) -> None:
    text = sentences(30, language=language)
    passages = [make_passage(text, number=number, language=language) for number in (4, 2, 1)]
    found = shown(passages, budget)
    assert [passage.number for passage in found] == [4, 2, 1][: len(found)]
    *whole, last = found
    assert whole == passages[: len(whole)]
    assert text.startswith(last.text)
    assert last.text[-1] in ".。।"
    assert last.end == last.start + len(last.text)
    assert count_tokens(render_passages(found)) <= 0.8 * budget
    assert count_tokens(render_passages(passages)) > 0.8 * budget


def test_more_room_never_shows_less() -> None:
    passages = [make_passage(sentences(20), number=number) for number in range(1, 5)]
    lengths = [sum(len(passage.text) for passage in shown(passages, budget)) for budget in range(100, 2000, 25)]
    assert lengths == sorted(lengths)


def test_beginning_of_the_best_passage_stays_even_without_room() -> None:
    (passage,) = shown([make_passage(sentences(20)), make_passage("Another.", number=2)], 0)
    assert passage.text == "This is a sentence. This is a sentence. This is a sentence."


@pytest.mark.parametrize("text", ["word " * 2000, "語" * 5000, "x" * 10_000], ids=["words", "Han", "no break"])
def test_sentence_that_is_too_long_is_cut_inside(text: str) -> None:
    (passage,) = shown([make_passage(text)], 1000)
    assert text.startswith(passage.text)
    assert 700 <= count_tokens(render_passages([passage])) <= 800


def test_escaped_characters_count_as_written() -> None:
    passages = [make_passage("if a < b && c > d. " * 50)]
    (passage,) = shown(passages, 400)
    assert count_tokens(render_passages([passage])) <= 0.8 * 400


def test_rules_and_question_take_their_room() -> None:
    passages = [make_passage(sentences(60))]
    rules, question = "r" * 500, "q" * 500
    found, _ = fit(passages, [], budget=700, rules=rules, question=question)
    taken = count_tokens(rules) + count_tokens(question) + count_tokens(render_passages(found))
    assert taken <= 0.8 * 700


@pytest.mark.parametrize(("letter", "kept"), [("a", 7), ("語", 3)], ids=["Latin", "Han"])
def test_latest_whole_turns_get_a_quarter(letter: str, kept: int) -> None:
    history = [Turn(f"Q{number}", letter * 100) for number in range(10)]
    passages = [make_passage("A passage.")]
    assert fit(passages, history, budget=2000, rules="", question="") == (passages, history[-kept:])


def test_turns_never_get_more_than_a_few_hundred_words() -> None:
    history = [Turn("Q", "a" * 1000) for _ in range(10)]
    assert len(fit([], history, budget=100_000, rules="", question="")[1]) == 2


def test_turn_that_is_too_long_is_left_out_with_those_before_it() -> None:
    history = [Turn("Q1", "short"), Turn("Q2", "long " * 2000), Turn("Q3", "short")]
    assert fit([], history, budget=4096, rules="", question="")[1] == history[2:]


def test_no_passages_are_none() -> None:
    assert fit([], [], budget=4096, rules="", question="") == ([], [])
