import pytest

from rag.question_types import Asked
from rag.values import find_values


def written(text: str, asked: Asked, language: str) -> list[str]:
    return [text[value.start : value.end] for value in find_values(text, asked, language=language)]


@pytest.mark.parametrize(
    ("language", "text", "times"),
    [
        ("en", "Opened on 5 May 2020, closed May 5, 2021, in the 1990s and by 44 BC.",
         ["5 May 2020", "May 5, 2021", "1990s", "44 BC"]),
        ("en", "In 1999, 2004 and 2010.", ["1999", "2004", "2010"]),
        ("en", "It may march on Monday, 10:00–12:00, or at 9 am.", ["Monday, 10:00–12:00", "9 am"]),
        ("de", "Am 3. Mai 2021, im März 1999, 1914–1918, um 10–14 Uhr und 50 v. Chr.",
         ["3. Mai 2021", "März 1999", "1914–1918", "10–14 Uhr", "50 v. Chr."]),
        ("fi", "Avattiin 5. toukokuuta 2020, suljettiin lokakuussa 2021 ja 12.3.2022.",
         ["5. toukokuuta 2020", "lokakuussa 2021", "12.3.2022"]),
        ("ja", "2020年5月3日に開館し、1999年に移転。月曜日は10時〜18時、工事は5年間。",
         ["2020年5月3日", "1999年", "月曜日", "10時〜18時"]),
        ("ar", "افتتح في ٥ مايو ٢٠٢٠ ثم في عام ١٩٩٩", ["٥ مايو ٢٠٢٠", "١٩٩٩"]),
        ("hi", "5 मई 2020 को और 1999 में", ["5 मई 2020", "1999"]),
        ("th", "วันที่ 5 พฤษภาคม 2563 และปี 1999", ["5 พฤษภาคม 2563", "1999"]),
        ("zh", "于2020年5月3日和1999年", ["2020年5月3日", "1999年"]),
        ("ru", "5 мая 2020 года, потом в 1999 году", ["5 мая 2020", "1999"]),
        ("tr", "5 Mayıs 2020’de ve 1999’da", ["5 Mayıs 2020", "1999"]),
        ("fa", "در ۵ مهٔ ۲۰۲۰ و سال ۱۳۹۹", ["۵ مهٔ ۲۰۲۰", "۱۳۹۹"]),
        ("es", "El 5 de mayo de 2020 y en mayo de 1999", ["5 de mayo de 2020", "mayo de 1999"]),
        ("vi", "Mở ngày 5 tháng 5 năm 2020", ["ngày 5 tháng 5 năm 2020"]),
        ("ko", "2020년 5월 3일에 문을 열었다", ["2020년 5월 3일"]),
        ("hu", "2020. május 5-én nyílt", ["2020. május 5"]),
        ("und", "2020-05-03 oder 17.2.2017", ["2020-05-03", "17.2.2017"]),
    ],
)  # fmt: skip
def test_times_are_found_as_each_language_writes_them(language: str, text: str, times: list[str]) -> None:
    assert written(text, Asked.TIME, language) == times


@pytest.mark.parametrize(
    ("language", "text", "amounts"),
    [
        ("en", "About 1.9 million people paid $50 or 20% for 3,000 square kilometers in 10–15 hours.",
         ["1.9 million", "$50", "20%", "3,000 square kilometers", "10–15 hours"]),
        ("de", "1,9 Millionen Menschen, 50 €, 20 Prozent, 3 500 Quadratkilometer, 5 Dollar",
         ["1,9 Millionen", "50 €", "20 Prozent", "3 500 Quadratkilometer", "5 Dollar"]),
        ("fi", "1 500 euroa ja 20 prosenttia", ["1 500 euroa", "20 prosenttia"]),
        ("ja", "1億2000万人と12,000円、50%", ["1億2000万人", "12,000円", "50%"]),
        ("ar", "١٢٠٠٠ دولار و ٥٠٪", ["١٢٠٠٠ دولار", "٥٠٪"]),
        ("hi", "12,00,000 लोग और 50 किलोमीटर", ["12,00,000", "50 किलोमीटर"]),
        ("th", "ระยะทาง 50 กิโลเมตร", ["50 กิโลเมตร"]),
        ("zh", "约1200万人，3公里", ["1200万人", "3公里"]),
        ("ru", "1,9 миллиона человек, 50 рублей", ["1,9 миллиона", "50 рублей"]),
        ("tr", "%20 ve 12 kilometre", ["%20", "12 kilometre"]),
        ("xx", "50 € and 20 %", ["50 €", "20 %"]),
    ],
)  # fmt: skip
def test_amounts_are_found_with_their_magnitude_and_unit(language: str, text: str, amounts: list[str]) -> None:
    assert written(text, Asked.QUANTITY, language) == amounts


@pytest.mark.parametrize("text", ["the A380 and H2O", "COVID-19", "on 5 May 2020", "at 10:30", "no figure at all"])
def test_numbers_in_names_and_dates_are_no_amounts(text: str) -> None:
    assert written(text, Asked.QUANTITY, "en") == []


def test_a_number_that_may_be_a_year_says_so() -> None:
    values = find_values("In 1999 there were 1500 men, 1500 km and 2.000.", Asked.QUANTITY, language="en")
    assert [value.is_bare_year for value in values] == [True, True, False, False]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "5 km", "5 kilometers"), ("de", "5 €", "5 Euro"), ("fi", "5 prosenttia", "5 %"),
        ("ru", "5 км", "5 километров"), ("en", "5 people", "7 people"),
    ],
)  # fmt: skip
def test_a_unit_is_the_same_however_it_is_written(language: str, one: str, other: str) -> None:
    units = {find_values(text, Asked.QUANTITY, language=language)[0].unit for text in (one, other)}
    assert len(units) == 1


def test_units_that_differ_are_told_apart() -> None:
    values = find_values("5 km, 5 miles, 5 €, $5, 5 %, 5 men, 5", Asked.QUANTITY, language="en")
    assert len({value.unit for value in values}) == 7


@pytest.mark.parametrize(
    ("language", "text"), [("en", "5 June"), ("fi", "kesäkuussa 2020"), ("ru", "5 июня"), ("el", "5 Ιουνίου")]
)
def test_a_month_in_words_is_known_by_its_number(language: str, text: str) -> None:
    assert [value.month for value in find_values(text, Asked.TIME, language=language)] == [6]


def test_persons_are_not_looked_for() -> None:
    assert find_values("Ada Lovelace, 1815", Asked.PERSON, language="en") == []


@pytest.mark.parametrize(
    "junk", ["1 ", "1.1.", "5 de ", "1", "a1", "5 May ", "€", "1 000 ", "1999-", "月1", "万1", " "]
)
def test_hostile_junk_takes_no_time_to_speak_of(junk: str) -> None:
    text = junk * (10_000 // len(junk))
    for asked in (Asked.TIME, Asked.QUANTITY):
        assert all(value.start < value.end for value in find_values(text, asked, language="ja"))
