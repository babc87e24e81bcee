import random

import pytest

from rag.answer_language import LanguageCheck, LanguageGate, check_answer, is_in_language, question_language
from rag.answers import Turn

SAID = {
    "en": "The delegation visits three firms in the region [1].",
    "de": "Die Delegation besucht drei Unternehmen in der Region [1].",
    "fi": "Valtuuskunta vierailee kolmessa alueen yrityksessä [1].",
    "sv": "Delegationen besöker tre företag i regionen [1].",
    "fr": "La délégation visite trois entreprises de la région [1].",
    "es": "La delegación visita tres empresas de la región [1].",
    "tr": "Heyet bölgedeki üç şirketi ziyaret ediyor [1].",
    "vi": "Phái đoàn thăm ba công ty trong khu vực [1].",
    "ru": "Делегация посещает в регионе три предприятия, которые работают с отходами [1].",
    "uk": "Делегація відвідає три підприємства регіону [1].",
    "ar": "يزور الوفد ثلاث شركات في المنطقة [1].",
    "fa": "هیئت از سه شرکت در منطقه بازدید می‌کند [1].",
    "he": "המשלחת מבקרת בשלוש חברות באזור [1].",
    "hi": "प्रतिनिधिमंडल क्षेत्र की तीन कंपनियों का दौरा करता है [1]।",
    "th": "คณะผู้แทนเยี่ยมชมบริษัทสามแห่งในภูมิภาค [1]",
    "ja": "代表団は地域の企業三社を訪問します[1]。",
    "ko": "대표단은 지역의 회사 세 곳을 방문합니다 [1].",
    "zh": "代表团将访问该地区的三家企业[1]。",
    "zh-Hant": "代表團將訪問該地區的三家企業[1]。",
}
LANGUAGES = tuple(SAID)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentence_is_in_its_own_language_and_in_no_other(language: str) -> None:
    assert {other: is_in_language(SAID[language], other) for other in LANGUAGES} == {
        other: other == language for other in LANGUAGES
    }


@pytest.mark.parametrize("language", ["de", "fi", "ja", "ar", "hi", "th", "zh", "ru"])
@pytest.mark.parametrize(
    "sentence",
    [
        "https://example.com/a-and-b.",
        "Andreas Pinkwart [1].",
        "NRW Invest, JETRO [1][2]",
        "2019.",
        "[1]",
        "",
        "U2 – 12 %",
    ],
)
def test_names_and_numbers_are_in_no_language(sentence: str, language: str) -> None:
    assert is_in_language(sentence, language) is None


def test_name_in_another_script_is_no_other_language_but_words_are() -> None:
    assert is_in_language("東京タワー [1].", "de") is None
    assert is_in_language("東京タワーです [1].", "de") is False
    assert is_in_language("Мюнхен [1].", "de") is None
    assert is_in_language("Это Мюнхен [1].", "de") is False
    assert is_in_language("東京都港区", "ja") is None
    assert is_in_language("他在东京。", "ja") is False


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Der Vertrag heißt „Memorandum of Understanding on the Circular Economy“ [1].", "de"),
        ("Sopimuksen nimi on ”Memorandum” ja yhtiö on Ishizaka Sangyo Corporation Ltd [1].", "fi"),
        ("契約の名称は「Memorandum of Understanding on the Circular Economy」です[1]。", "ja"),
        ("Этот договор называется «Memorandum of Understanding on the Circular Economy» [1].", "ru"),
        ("协议名为《Memorandum of Understanding on the Circular Economy》，由两家公司签署[1]。", "zh"),
        ("वह Nordrhein-Westfalen Invest GmbH Düsseldorf के प्रमुख हैं [1]।", "hi"),
        ("契約は https://example.com/the-contract-and-all-of-it にあります[1]。", "ja"),
        ("Sen nimi on ”Memorandum of Understanding on the Circular Economy” [1].", "fi"),
        ("وقعت North Rhine-Westphalia Invest مذكرة مع JETRO [1].", "ar"),
    ],
)
def test_quotations_and_foreign_names_do_not_count(sentence: str, language: str) -> None:
    assert is_in_language(sentence, language) is True


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Bridge 桥于1987年开放 Kalvebod It cost 30 million", "en"),
        ("桥于1987年开放。\n\n“quote” It cost 30 million euros.", "en"),
    ],
)
def test_sentence_whose_words_beside_names_are_in_another_script_cannot_be_told(sentence: str, language: str) -> None:
    assert is_in_language(sentence, language) is None


def test_relatives_are_told_apart_only_where_it_is_clear() -> None:
    assert is_in_language("Det er en by i nord.", "da") is not False
    assert is_in_language("Det er en by i nord.", "nb") is not False
    assert is_in_language("Hvad hedder hun, og hvor mange penge fik de efter mødet?", "nb") is False
    assert is_in_language("Hva heter hun, og hvor mye penger fikk de etter møtet?", "da") is False


@pytest.mark.parametrize("language", ["und", "", "tlh", "eo"])
def test_language_that_is_not_told_apart_is_never_missed(language: str) -> None:
    assert is_in_language(SAID["de"], language) is None


def test_answer_is_checked_sentence_by_sentence() -> None:
    right, wrong = "Die Delegation kommt im Mai nach Lahti [1].", "She visits three firms there [2]."
    assert check_answer(f"{right} Toyota. {wrong}", "de") == LanguageCheck("de", 43 / 76, ((52, 85),))
    assert check_answer(f"{wrong} {wrong}", "de") == LanguageCheck("en", 0.0, ((0, 33), (34, 67)))
    assert check_answer(right, "de") == LanguageCheck("de", 1.0)
    assert check_answer("Toyota [1].", "th") == LanguageCheck("th", 1.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_gate_lets_a_text_in_the_wanted_language_through(language: str) -> None:
    text = f"{SAID[language]} Toyota. {SAID[language]}\n\nAndreas Pinkwart"
    gate = LanguageGate(language)
    assert (gate.read(text) + gate.close(), gate.wrong, gate.held) == (text, False, "")


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_gate_holds_everything_from_the_first_wrong_sentence_on(language: str) -> None:
    gate = LanguageGate(language)
    shown = gate.read(f"{SAID[language]}\n{SAID['en']} {SAID[language]}")
    assert (shown + gate.close(), gate.wrong) == (f"{SAID[language]}\n", True)
    assert gate.held == f"{SAID['en']} {SAID[language]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_gate_holds_a_wrong_answer_of_one_sentence_to_its_end(language: str) -> None:
    other = "fi" if language == "en" else "en"
    gate = LanguageGate(language)
    assert (gate.read(SAID[other]) + gate.close(), gate.wrong, gate.held) == ("", True, SAID[other])


def test_gate_waits_for_some_words_and_then_shows_each_character_at_once() -> None:
    gate = LanguageGate("de")
    assert gate.read("Die Delegation besucht") == ""
    assert gate.read(" drei") == "Die Delegation besucht drei"
    assert gate.read(" U") == " U"


def test_gate_judges_names_together_with_what_follows() -> None:
    gate = LanguageGate("de")
    assert gate.read("Toyota. The firm is in the region. ") == ""
    assert (gate.wrong, gate.held) == (True, "Toyota. The firm is in the region. ")


def test_gate_does_not_hold_names_for_ever() -> None:
    gate = LanguageGate("th")
    names = "Toyota, Hitachi, Ishizaka, " * 20
    assert gate.read(names[:239]) == ""
    assert gate.read(names[239:]) == names


@pytest.mark.parametrize("language", ["en", "de", "fi", "ja", "ar", "hi", "th", "zh", "ru", "tr"])
def test_gate_does_not_depend_on_where_the_stream_is_cut(language: str) -> None:
    cutting = random.Random(language)  # noqa: S311
    for text in (
        f"{SAID[language]} „Foo bar.“ {SAID[language]} {SAID[language]}",
        f"{SAID[language]} {SAID['sv']} {SAID[language]}",
    ):
        whole = LanguageGate(language)
        expected = (whole.read(text) + whole.close(), whole.wrong, whole.held)
        for _ in range(20):
            gate = LanguageGate(language)
            cuts = sorted(cutting.sample(range(1, len(text)), 12))
            pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
            shown = "".join(map(gate.read, pieces))
            assert (shown + gate.close(), gate.wrong, gate.held) == expected


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("ما الذي وقعته NRW Invest و JETRO؟", "ar"),
        ("Was ist 東京タワー?", "de"),
        ("GmbH とは？", "ja"),
        ("iPhone 15 कीमत", "hi"),
        ("iPhone 15 ราคา", "th"),
        ("что такое Retrieval Augmented Generation", "ru"),
        ("Τι είναι το Retrieval Augmented Generation;", "el"),
        ("University of Oxford 在哪里？", "zh"),
        ("北萊茵代表團由誰率領？", "zh-Hant"),
        ("What does 令和 mean?", "en"),
        ("Warum?", "de"),
        ("Kuka?", "fi"),
        ("Neden?", "tr"),
        ("Harvard Stadyumu nerededir?", "tr"),
    ],
)
@pytest.mark.parametrize("interface", ["vi", "pl"])
def test_question_with_words_of_its_own_keeps_its_language(question: str, language: str, interface: str) -> None:
    assert question_language(question, interface=interface) == language


NAMES = ("Ishizaka Lahti", "Pinkwart?", "Nordrhein-Westfalen 2019", "Preis?", "Toyota", "2019?", "…")


@pytest.mark.parametrize("question", NAMES)
@pytest.mark.parametrize("interface", ["de", "fi", "ja", "ar", "hi", "th", "zh-Hant", "ru", "tr"])
def test_names_and_numbers_take_the_language_of_the_interface(question: str, interface: str) -> None:
    assert question_language(question, interface=interface) == interface


@pytest.mark.parametrize("question", [*NAMES, "ピンクヴァルト", "Мюнхен"])
@pytest.mark.parametrize(
    ("earlier", "language"),
    [
        ("Kuka johti valtuuskuntaa?", "fi"),
        ("Wer leitet die Delegation?", "de"),
        ("代表団を率いるのは誰ですか。", "ja"),
        ("誰率領代表團？", "zh-Hant"),
        ("من يرأس الوفد؟", "ar"),
    ],
)
def test_names_and_numbers_take_the_language_of_the_last_question_that_tells(
    question: str, earlier: str, language: str
) -> None:
    history = [Turn("Who led the delegation?", ""), Turn(earlier, "Toyota"), Turn("NRW?", ""), Turn("2019", "")]
    assert question_language(question, history=history, interface="sv") == language


@pytest.mark.parametrize(
    ("question", "interface", "language"),
    [
        ("Toyota", None, "en"),
        ("Toyota", "", "en"),
        ("Toyota", "xx", "en"),
        ("Toyota", "pt-BR", "pt"),
        ("Toyota", "zh-TW", "zh-Hant"),
        ("Toyota", "nb", "no"),
        ("トヨタ", "en", "ja"),
        ("Αθήνα", "de", "el"),
        ("Київ", "uk", "uk"),
        ("東京", "ja", "ja"),
        ("中文", "zh-Hant", "zh-Hant"),
        ("中文", "en", "zh"),
    ],
)
def test_name_in_a_script_is_left_to_an_interface_in_this_script(
    question: str, interface: str | None, language: str
) -> None:
    assert question_language(question, interface=interface) == language


def test_question_in_another_language_changes_the_language_of_a_conversation() -> None:
    history = [Turn("Kuka johti valtuuskuntaa?", "")]
    assert question_language("Und wann kommt die zweite?", history=history, interface="fi") == "de"
    assert question_language("And when?", history=history, interface="fi") == "en"
    assert question_language("Missä?", history=history, interface="de") == "fi"
