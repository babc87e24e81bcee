from dataclasses import replace

import pytest

from rag.answers import Passage
from rag.disagreement import MOST_SHOWN, find_disagreement
from rag.quote_units import Quote
from tests.builders import make_passage


def passage(text: str, *, number: int, language: str = "en", date: str = "", title: str = "A title") -> Passage:
    made = make_passage(text, number=number, language=language, document=f"{number}.md", start=10 * number)
    return replace(made, date=date, title=title)


def whole(of: Passage, *, score: float = 1.0) -> Quote:
    return Quote(of, of.start, of.end, score)


def disagreeing(question: str, *quotes: Quote, language: str = "en") -> list[str]:
    return [quote.text for quote in find_disagreement(quotes[:1], quotes, question, language=language)]


def texts_disagree(question: str, one: str, other: str, *, language: str = "en") -> bool:
    quotes = [whole(passage(text, number=number, language=language)) for number, text in ((1, one), (2, other))]
    found = disagreeing(question, *quotes, language=language)
    assert found in ([], [one, other])
    return bool(found)


@pytest.mark.parametrize(
    ("language", "question", "sentence", "one", "other"),
    [
        ("en", "How much is the membership fee?", "The membership fee is {} a year.", "50 euros", "60 euros"),
        ("en", "When was the old bridge opened?", "The old bridge was opened on {}.", "5 May 1931", "5 June 1931"),
        ("en", "How many employees does Norvik have?", "Norvik has {} employees at three sites.", "1,200", "1,450"),
        ("de", "Wie hoch ist der Mitgliedsbeitrag?", "Der Mitgliedsbeitrag beträgt {} im Jahr.", "50 Euro", "60 €"),
        ("de", "Wann wurde das Museum gegründet?", "Das Museum wurde {} von Bürgern gegründet.", "1898", "1902"),
        ("fi", "Milloin kirjasto avattiin?", "Kirjasto avattiin {} toukokuuta 1975.", "5.", "12."),
        ("fi", "Kuinka paljon lippu maksaa?", "Lippu maksaa {}.", "12 euroa", "15 euroa"),
        ("ja", "図書館はいつ開館しましたか？", "市立図書館は{}年に開館しました。", "1975", "1977"),
        ("ja", "社員は何人いますか？", "当社の社員は{}人です。", "1200", "1450"),
        ("ar", "متى افتتح الجسر؟", "افتتح الجسر القديم في عام {}.", "١٩٣١", "١٩٣٤"),
        ("hi", "पुल कब खोला गया?", "पुराना पुल {} में खोला गया था।", "1931", "1934"),
        ("th", "สะพานเปิดเมื่อใด", "สะพานเก่าเปิดใช้งานในปี {}", "1931", "1934"),
        ("zh", "图书馆什么时候开放的？", "市图书馆于{}年正式开放。", "1975", "1977"),
        ("ru", "Когда открыли музей?", "Музей открыли {} мая 1931 года.", "5", "9"),
        ("ru", "Сколько стоит билет?", "Билет стоит {} рублей.", "300", "350"),
        ("tr", "Köprü ne zaman açıldı?", "Eski köprü {} yılında açıldı.", "1931", "1934"),
        ("fa", "پل چه زمانی افتتاح شد؟", "پل قدیمی در سال {} افتتاح شد.", "۱۳۱۱", "۱۳۱۳"),
        ("es", "¿Cuánto cuesta la entrada?", "La entrada cuesta {} euros por persona.", "12", "15"),
        ("ko", "다리는 언제 개통되었습니까?", "오래된 다리는 {}년에 개통되었습니다.", "1931", "1934"),
    ],
)
def test_two_documents_with_another_value_for_the_same_thing_disagree(
    language: str, question: str, sentence: str, one: str, other: str
) -> None:
    assert texts_disagree(question, sentence.format(one), sentence.format(other), language=language)


def test_the_sentences_need_not_be_the_same() -> None:
    one, other = "The membership fee is 50 euros a year.", "The fee for membership is 60 euros a year."
    assert texts_disagree("How much is the membership fee?", one, other)


@pytest.mark.parametrize(
    ("language", "question", "one", "other"),
    [
        (
            "en",
            "How many inhabitants has the city?",
            "Lahti has 120,000 inhabitants.",
            "Espoo has 300,000 inhabitants.",
        ),
        (
            "de",
            "Wie viele Einwohner hat die Stadt?",
            "Die Stadt Lahti hat 120.000 Einwohner.",
            "Die Stadt Espoo hat 300.000 Einwohner.",
        ),
        ("en", "When was the bridge opened?", "The bridge was opened in 1931.", "The bridge was opened on 5 May 1931."),
        ("de", "Wann endet die Frist?", "Die Frist endet am 3.5.2020.", "Die Frist endet am 3. Mai 2020."),
        ("en", "How much is the fee?", "The fee is 50 euros.", "The fee is 50 dollars."),
        ("en", "How much is the fee?", "In 2023 the fee was 50 euros.", "In 2024 the fee was 60 euros."),
        (
            "en",
            "How many people live there?",
            "About 1.9 million people live there.",
            "About 1,900,000 people live there.",
        ),
        ("ja", "人口は何人ですか？", "人口は12万人です。", "人口は120,000人です。"),
        ("ar", "كم عدد الموظفين؟", "عدد الموظفين 1200 موظف.", "عدد الموظفين ١٢٠٠ موظف."),
        ("en", "What is the fee?", "The fee is 50 euros.", "The fee is 60 euros."),  # asks for no number
        ("de", "Wie lange dauert die Fahrt?", "Die Fahrt dauert 2 Stunden.", "Die Fahrt kostet 20 Euro."),
        (
            "en",
            "When was the bridge opened?",
            "The bridge was opened in 1931.",
            "The bridge was closed after a flood in 1967.",
        ),
        ("en", "When did the war of 1914 end?", "The war of 1914 ended in 1918.", "The war of 1914 ended badly."),
    ],
)
def test_what_is_said_of_other_things_or_in_another_way_is_no_disagreement(
    language: str, question: str, one: str, other: str
) -> None:
    assert not texts_disagree(question, one, other, language=language)


FEE = "How much is the fee?"


def test_the_newest_document_comes_first_and_one_without_a_date_last() -> None:
    dates = ("", "2022-03-01", "2024")
    quotes = [
        whole(passage(f"The fee is {number}0 euros.", number=number, date=date)) for number, date in enumerate(dates, 1)
    ]
    assert disagreeing(FEE, *quotes) == ["The fee is 30 euros.", "The fee is 20 euros.", "The fee is 10 euros."]


def test_no_more_documents_are_heard_than_can_be_read() -> None:
    quotes = [whole(passage(f"The fee is {number}0 euros.", number=number)) for number in range(1, 6)]
    assert len(disagreeing(FEE, *quotes)) == MOST_SHOWN


def test_each_value_is_given_once() -> None:
    texts = ("The fee is 50 euros.", "The fee is 60 euros.", "The yearly fee is 60 euros.", "The fee is € 50.")
    quotes = [whole(passage(text, number=number)) for number, text in enumerate(texts, 1)]
    assert disagreeing(FEE, *quotes) == ["The fee is 50 euros.", "The fee is 60 euros."]


def test_one_document_does_not_disagree_with_itself() -> None:
    one = passage("The fee is 50 euros.", number=1)
    other = replace(passage("The fee is 60 euros.", number=2), document=one.document)
    assert disagreeing(FEE, whole(one), whole(other)) == []


def test_a_sentence_that_is_far_less_of_an_answer_is_not_heard() -> None:
    one, other = passage("The fee is 50 euros.", number=1), passage("The fee is 60 euros.", number=2)
    assert disagreeing(FEE, whole(one), whole(other, score=0.29)) == []


def test_texts_in_two_languages_are_not_compared() -> None:
    one = passage("Norvik 50 euro.", number=1)
    other = passage("Norvik 60 euro.", number=2, language="de")
    assert disagreeing("How many euro has Norvik?", whole(one), whole(other)) == []


def test_the_same_sentence_under_titles_that_name_other_things_is_no_disagreement() -> None:
    one = passage("The city has 120,000 inhabitants.", number=1, title="Lahti")
    other = passage("The city has 300,000 inhabitants.", number=2, title="Espoo")
    question = "How many inhabitants does Lahti have?"
    assert disagreeing(question, whole(one), whole(other)) == []
    assert len(disagreeing(question, whole(one), whole(replace(other, title="About Lahti")))) == 2


def test_markdown_does_not_hide_a_disagreement() -> None:
    one, other = passage("The fee is **50 euros**.", number=1), passage("The [fee](x.md) is 60 euros.", number=2)
    assert disagreeing(FEE, whole(one), whole(other)) == ["The fee is **50 euros**.", "The [fee](x.md) is 60 euros."]


def test_only_what_the_answer_quotes_can_be_contradicted() -> None:
    one, other = passage("The fee is 50 euros.", number=1), passage("The fee is 60 euros.", number=2)
    quotes = [whole(one), whole(other)]
    elsewhere = whole(passage("The hall is open.", number=3))
    assert find_disagreement([elsewhere], quotes, FEE, language="en") == ()
    assert find_disagreement([], quotes, FEE, language="en") == ()
