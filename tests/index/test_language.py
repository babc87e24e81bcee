import subprocess
import sys

import pytest

from index.language import (
    DEFAULT_LANGUAGES,
    chinese_variant,
    detect_language,
    is_beyond_japanese,
    language_scores,
    load_language_model,
    normalise_language,
)
from index.scripts import function_words_in, main_script, scripts_of

SHORT_QUESTIONS = {
    "ar": ("من يرأس الوفد؟", "متى؟", "ما الموضوع؟"),
    "cs": ("Kdo řídí delegaci?", "Kdy?", "O co jde?"),
    "da": ("Hvem leder delegationen?", "Hvornår?", "Hvad handler det om?"),
    "de": ("Wer leitet die Delegation?", "Worum geht es?", "Wann war das?"),
    "el": ("Ποιος ηγείται;", "Πότε;", "Τι είναι;"),
    "en": ("Who leads the delegation?", "When?", "What is it about?"),
    "es": ("¿Quién dirige la delegación?", "¿Cuándo?", "¿De qué se trata?"),
    "et": ("Kes juhib delegatsiooni?", "Millal?", "Millest on jutt?"),
    "fa": ("چه کسی رهبری هیئت را بر عهده دارد؟", "چه زمانی؟", "موضوع چیست؟"),
    "fi": ("Kuka johtaa delegaatiota?", "Milloin?", "Mistä on kyse?"),
    "fr": ("Qui dirige la délégation ?", "Quand ?", "De quoi s'agit-il ?"),
    "he": ("מי עומד בראש?", "מתי?", "מה?"),
    "hi": ("प्रतिनिधिमंडल का नेतृत्व कौन कर रहा है?", "कब?", "यह क्या है?"),
    "hu": ("Ki vezeti a küldöttséget?", "Mikor?", "Miről van szó?"),
    "id": ("Siapa yang memimpin delegasi?", "Kapan?", "Apa itu?"),
    "it": ("Chi guida la delegazione?", "Quando?", "Di che cosa si tratta?"),
    "ja": ("代表団長は誰ですか", "いつ?", "営業時間は?"),
    "ko": ("누가 대표단을 이끄나요?", "언제?", "무엇입니까?"),
    "pl": ("Kto kieruje?", "Kiedy?", "O co chodzi?"),
    "pt": ("Quem lidera a delegação?", "Quando foi?", "Qual é o assunto?"),
    "ro": ("Cine conduce delegația?", "Când?", "Despre ce este vorba?"),
    "ru": ("Кто возглавляет делегацию?", "Когда?", "О чём речь?"),
    "sv": ("Vem leder delegationen?", "När?", "Vad handlar det om?"),
    "th": ("ใครเป็นหัวหน้าคณะ", "เมื่อไหร่", "คืออะไร"),
    "tr": ("Heyete kim başkanlık ediyor?", "Ne zaman?", "Konu ne?"),
    "uk": ("Хто очолює делегацію?", "Коли?", "Про що йдеться?"),
    "ur": ("وفد کی قیادت کون کر رہا ہے؟", "کب؟", "یہ کیا ہے؟"),
    "vi": ("Ai dẫn đầu phái đoàn?", "Khi nào?", "Có gì?"),
    "zh": ("谁率领代表团？", "什么时候?", "营业时间"),
}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        pytest.param(question, language, id=f"{language}-{number}")
        for language, questions in SHORT_QUESTIONS.items()
        for number, question in enumerate(questions, start=1)
    ],
)
def test_language_of_a_short_question_is_detected(question: str, language: str) -> None:
    assert detect_language(question) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("საქართველოს დელეგაცია", "ka"),
        ("Հայաստանի պատվիրակությունը", "hy"),
        ("គណៈប្រតិភូ", "km"),
        ("ຄະນະຜູ້ແທນ", "lo"),
        ("ကိုယ်စားလှယ်အဖွဲ့", "my"),
        ("தூதுக்குழு", "ta"),
        ("ప్రతినిధి బృందం", "te"),
        ("ನಿಯೋಗ", "kn"),
        ("പ്രതിനിധി സംഘം", "ml"),
        ("પ્રતિનિધિમંડળ", "gu"),
        ("ਵਫ਼ਦ", "pa"),
        ("প্রতিনিধি দল", "bn"),
        ("ልዑካን ቡድን", "am"),
        ("නියෝජිත පිරිස", "si"),
        ("トヨタ", "ja"),
        ("漢字と仮名", "ja"),
        ("東京都", "zh"),
        ("台灣代表團", "zh"),
    ],
    ids=lambda value: value if len(value) == 2 else "",
)
def test_script_decides(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_script_that_decides_does_not_load_the_model() -> None:
    code = (
        "import sys; from index.language import detect_language as d;"
        "assert (d('누가 이끄나요?'), d('誰ですか'), d('谁?'), d('Wer?', among={'de'})) == ('ko', 'ja', 'zh', 'de');"
        "assert not {'py3langid', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("text", ["", " \n", "123", "12:30 – 4 €", "🎉👍", "?!"])
def test_text_without_letters_gives_the_default(text: str) -> None:
    assert detect_language(text) == "und"
    assert detect_language(text, default="fi") == "fi"


def test_name_in_latin_letters_does_not_outweigh_the_sentence_around_it() -> None:
    assert detect_language("Nordrhein-Westfalenの代表団は誰が率いていますか") == "ja"
    assert detect_language("Andreas Pinkwart率领代表团访问日本") == "zh"
    assert detect_language("Was bedeutet der Name 令和 auf Deutsch?") == "de"


def test_chinese_text_that_quotes_some_kana_stays_chinese() -> None:
    assert (
        detect_language("这家名为「の家」的餐厅位于杜塞尔多夫的日本区，每天上午十点开门，深受当地居民和游客欢迎。")
        == "zh"
    )


@pytest.mark.parametrize(
    ("text", "among", "language"),
    [
        ("Kuka johtaa delegaatiota?", {"fi", "et"}, "fi"),
        ("Hvem leder delegasjonen?", {"da", "de"}, "da"),
        ("台灣代表團", ["zh-Hant", "ja"], "zh-Hant"),
        ("東京都", ["ja", "de"], "ja"),
        ("Who leads?", {"ja", "ko"}, "und"),
        ("誰ですか", {"en", "de"}, "und"),
        ("誰ですか", set[str](), "und"),
    ],
)
def test_candidates_can_be_restricted(text: str, among: set[str] | list[str], language: str) -> None:
    assert detect_language(text, among=among) == language


def test_long_text_is_judged_by_its_prose() -> None:
    german = "Die Delegation traf Vertreter der Wirtschaft und sprach über die Zusammenarbeit. " * 300
    code = "```python\nfor line in the_file: print(line)  # and then some more of this\n```\n" * 5
    assert detect_language(code + german + " https://example.com/the/and/of") == "de"


def test_default_candidates_are_languages_the_model_knows_or_their_script_decides() -> None:
    known = {language for language, _ in load_language_model().rank("x")}
    assert DEFAULT_LANGUAGES - known == {"bo"}
    assert 60 <= len(DEFAULT_LANGUAGES) <= 80


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("de", "de"),
        ("DE", "de"),
        (" de-DE ", "de"),
        ("de_AT", "de"),
        ("deu", "de"),
        ("ger", "de"),
        ("zh", "zh"),
        ("zh_Hant", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hans-TW", "zh"),
        ("cmn-Hant", "zh-Hant"),
        ("zh-CN", "zh"),
        ("nb", "no"),
        ("nob", "no"),
        ("nn", "nn"),
        ("iw", "he"),
        ("fil", "tl"),
        ("sr-Latn", "sr"),
        ("yue", "yue"),
        ("en-GB-oed", "en"),
        ("no", "no"),
        ("german", None),
        ("Deutsch", None),
        ("xx", None),
        ("qqq", None),
        ("und", None),
        ("", None),
        ("d", None),
        ("de DE", None),
        ("de-", None),
    ],
)
def test_language_codes_are_normalised(code: str, language: str | None) -> None:
    assert normalise_language(code) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ما الذي وقعته NRW Invest و JETRO؟", "ar"),
        ("Was ist 東京タワー?", "de"),
        ("GmbH とは？", "ja"),
        ("iPhone 15 कीमत", "hi"),
        ("iPhone 15 ราคา", "th"),
        ("что такое Retrieval Augmented Generation", "ru"),
        ("Πόσα tackles κατέγραψε ο Luke Kuechly;", "el"),
        ("University of Oxford 在哪里？", "zh"),
        ("What does δημοκρατία mean?", "en"),
        ("Was heißt ต้มยำกุ้ง?", "de"),
        ("Was heißt 서울?", "de"),
        ("NRW Invest GmbH Düsseldorf 대표는 누구입니까?", "ko"),
        ("NRW Invest GmbH Düsseldorf საქართველოში", "ka"),
        ("מי מנהל את NRW Invest GmbH Düsseldorf?", "he"),
    ],
)
def test_function_words_decide_in_a_question_of_two_scripts(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_text_of_names_in_two_scripts_is_in_the_one_that_says_most() -> None:
    assert detect_language("Toyota 豊田自動車株式会社 Toyota") == "zh"
    assert detect_language("Toyota Motor Corporation Ltd. 豊田") == "zh"
    assert main_script("Toyota ТОЙОТА АВТО") == "cyrillic"


def test_scores_are_of_the_languages_of_the_script() -> None:
    assert language_scores("誰ですか") == {"ja": 0.0}
    assert language_scores("東京都") == {"zh": 0.0, "ja": -1.0}
    assert language_scores("12:30") == {}
    assert language_scores("Wer leitet?", among=["ja"]) == {}
    scores = language_scores("Wer leitet die Delegation?", among=["nl", "de", "ja"])
    assert set(scores) == {"nl", "de"}
    assert scores["de"] - scores["nl"] > 4


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("这是什么？", "zh"),
        ("這是什麼？", "zh-Hant"),
        ("中文", None),
        ("Toyota", None),
        ("台灣代表團来訪", "zh-Hant"),
    ],
)
def test_chinese_variant_is_told_by_the_characters(text: str, variant: str | None) -> None:
    assert chinese_variant(text) == variant


def test_characters_that_japanese_lacks_are_found() -> None:
    assert is_beyond_japanese("东京在哪里")
    assert not is_beyond_japanese("東京都営業時間 Toyota トヨタ")


def test_function_words_tell_saying_from_naming() -> None:
    assert function_words_in("Was ist 東京タワー in IT?", "latin") == {"was", "ist", "in"}
    assert function_words_in("東京タワー", "kana") == frozenset()
    assert function_words_in("東京タワーです", "kana") == {"タワーです"}
    assert function_words_in("Andreas Pinkwart, Plan A", "latin") == frozenset()
    assert function_words_in("தூதுக்குழு", "tamil") == {"தூதுக்குழு"}


def test_scripts_of_a_language() -> None:
    assert scripts_of("sr") == {"latin", "cyrillic"}
    assert scripts_of("zh-Hant") == {"han"}
    assert scripts_of("und") == frozenset()
