import pytest

from rag.emphasis import answering_value
from rag.question_types import Asked, asked_for


def bold(text: str, question: str, *, language: str, asked_in: str | None = None) -> str | None:
    asked = asked_for(question, asked_in or language)
    assert asked is not None
    value = answering_value(text, question, asked, language=language)
    return text[value.start : value.end] if value else None


@pytest.mark.parametrize(
    ("language", "question", "text", "answer"),
    [
        ("en", "When was the bridge built?", "The bridge was built in 1932, and painted in 1960.", "1932"),
        (
            "en",
            "How many companies are listed?",
            "The exchange has 374 companies listed, worth 162 billion euros.",
            "374",
        ),
        ("en", "How much did the library cost?", "In 1999 the library cost $5 million.", "$5 million"),
        (
            "de",
            "Wann wurde das Museum eröffnet?",
            "Das Museum wurde am 3. Mai 1898 eröffnet (Neubau 1950).",
            "3. Mai 1898",
        ),
        ("de", "Wie viele Zimmer hat das Hotel?", "Das Hotel hat 120 Zimmer, liegt aber 3 km vor der Stadt.", "120"),
        ("fi", "Milloin kirjasto avattiin?", "Kirjasto avattiin 5. toukokuuta 1975.", "5. toukokuuta 1975"),
        ("fi", "Kuinka paljon lippu maksaa?", "Lippu maksaa 12 euroa.", "12 euroa"),
        ("ja", "図書館はいつ開館しましたか？", "図書館は1975年4月1日に開館し、蔵書は32万冊。", "1975年4月1日"),
        ("ja", "社員は何人いますか？", "社員は1200人で、本社は3階にあります。", "1200人"),
        ("ar", "متى افتتح الجسر؟", "افتتح الجسر في ٥ مايو ١٩٣١.", "٥ مايو ١٩٣١"),
        ("hi", "पुल कब खोला गया?", "पुल 1931 में खोला गया था।", "1931"),
        ("th", "สะพานเปิดเมื่อใด", "สะพานเปิดใช้งานเมื่อวันที่ 5 พฤษภาคม 2474", "5 พฤษภาคม 2474"),
        ("zh", "图书馆什么时候开放的？", "图书馆于1975年5月开放。", "1975年5月"),
        ("ru", "Сколько стоит билет?", "Билет стоит 300 рублей.", "300 рублей"),
        ("tr", "Köprü ne zaman açıldı?", "Köprü 5 Mayıs 1931 günü açıldı.", "5 Mayıs 1931"),
    ],
)
def test_the_value_nearest_to_the_words_of_the_question_is_the_answer(
    language: str, question: str, text: str, answer: str
) -> None:
    assert bold(text, question, language=language) == answer


def test_the_only_date_answers_a_question_in_another_language() -> None:
    assert bold("橋は1931年に完成した。", "When was it finished?", language="ja", asked_in="en") == "1931年"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When was the bridge of 1931 opened?", "The bridge of 1931 was opened."),  # in the question
        ("When was the bridge opened?", "The bridge was opened long ago."),
        ("How many people live there?", "People live there since 1931."),  # a year is no number of people
        ("When was the town hall changed?", "It was moved in 1931 and sold in 1932."),  # not clear which
        ("How many bridges are there?", "There are two of them, and the town hall is over there, 400 m away."),
    ],
)
def test_nothing_is_bold_unless_it_is_clear(question: str, text: str) -> None:
    assert bold(text, question, language="en") is None


LIST = "Das Bootshaus ist geöffnet:\n• Montag: 9–17 Uhr\n• Samstag: 10–14 Uhr"
TABLE = "Boot · Stunde · Tag\nEiner · 8 € · 40 €\nZweier · 12 € · 60 €"


def test_in_a_list_the_value_of_the_item_that_is_asked_for_is_bold() -> None:
    assert bold(LIST, "Wann ist das Bootshaus am Samstag geöffnet?", language="de") == "10–14 Uhr"
    assert bold(LIST, "Wann ist das Bootshaus geöffnet?", language="de") is None


def test_in_a_row_of_several_values_none_is_bold() -> None:
    assert bold(TABLE, "Wie viel kostet der Zweier am Tag?", language="de") is None
    assert bold("Zweier · 12 € · 60 €", "Wie viel kostet der Zweier am Tag?", language="de") is None
    assert bold("Zweier · 12 €", "Wie viel kostet der Zweier?", language="de") == "12 €"


def test_a_year_in_a_count_must_stand_before_what_is_counted() -> None:
    text = "In 1931 the town had 1500 houses."
    assert bold(text, "How many houses had the town?", language="en") == "1500"
    assert answering_value(text, "How many schools had it?", Asked.QUANTITY, language="en") is None
