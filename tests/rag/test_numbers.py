import pytest

from rag.numbers import numbers_occur


@pytest.mark.parametrize(
    ("statement", "text", "language"),
    [
        ("There are 620 companies.", "Mehr als 620 Unternehmen", "de"),
        ("هناك ٦٢٠ شركة", "Mehr als 620 Unternehmen", "de"),
        ("६२० कंपनियाँ", "Mehr als 620 Unternehmen", "de"),
        ("６２０社", "Mehr als 620 Unternehmen", "de"),
        ("620", "عددها ٦٢٠", "ar"),
        ("1,000 cars", "1.000 Autos", "de"),
        ("1 000 autoa", "1.000 Autos", "de"),
        ("1\u00a0000 autoa", "1000 cars", "en"),
        ("1\u202f000 voitures", "1'000 Autos", "de"),
        ("١٬٠٠٠", "1000", "en"),
        ("1000", "1 000 autoa", "fi"),
        ("1,00,000", "100 000", "fi"),
        ("1.234,56", "1,234.56", "en"),
        ("3.5", "3,5", "de"),
        ("1,000,000", "one city of 1 million", "en"),
        ("1.9 million marks", "1,9 Millionen Mark", "de"),
        ("190万マルク", "1,9 Millionen Mark", "de"),
        ("1億2000万台", "120 million cars", "en"),
        ("12 crore", "120 million", "en"),
        ("2.5 miljardia", "2,5 Milliarden", "de"),
        ("17.2.2017", "17 February 2017", "en"),
        ("17 February 2017", "17.2.2017", "fi"),
        ("2017年2月17日", "17.2.2017", "fi"),
        ("2017年2月17日", "17. Februar 2017", "de"),
        ("2017-02-17", "17.2.2017", "fi"),
        ("2017년 2월 17일", "17 February 2017", "en"),
        ("2/17/2017", "17.2.2017", "fi"),
        ("5月", "im Mai", "de"),
        ("3つの分野", "kolmella alalla", "fi"),
        ("3 fields", "auf diesen drei Feldern", "de"),
        ("3 fields", "三つの分野", "ja"),
        ("In 2019 620 companies", "620 Unternehmen, Stand 2019", "de"),
        ("at 12:30", "klo 12.30", "fi"),
        ("1つ", "eine Firma", "de"),
        ("in den 1930er Jahren", "20世纪30年代", "zh"),
        ("in the '30s", "1930-luvulla", "fi"),
        ("دهه ۱۹۳۰", "in the '30s", "en"),
        ("20世纪30年代", "in the 1930s", "en"),
        ("20 世纪 30 年代中期", "Mitte der 30er Jahre", "de"),
        ("in the 1870s", "19世紀70年代", "ja"),
        ("tháng 5 năm 2013", "im Mai 2013", "de"),
        ("ngày 17 tháng 2 năm 2017", "17.2.2017", "fi"),
        ("17 February 2017", "ngày 17 tháng 2 năm 2017", "vi"),
        ("trong 5 tháng", "5 Monate", "de"),
        ("no number at all", "nor here", "en"),
        ("m² and ① and ½", "nothing of that", "en"),
    ],
)
def test_number_of_the_statement_stands_in_the_text(statement: str, text: str, language: str) -> None:
    assert numbers_occur(statement, text, language=language)


@pytest.mark.parametrize(
    ("statement", "text", "language"),
    [
        ("621 companies", "Mehr als 620 Unternehmen", "de"),
        ("62 companies", "Mehr als 620 Unternehmen", "de"),
        ("3.5", "35", "de"),
        ("35", "3,5", "de"),
        ("1.234,57", "1,234.56", "en"),
        ("19万マルク", "1,9 Millionen Mark", "de"),
        ("17.2.2018", "17.2.2017", "fi"),
        ("2017年3月17日", "17.2.2017", "fi"),
        ("18.2.2017", "17 February 2017", "en"),
        ("4つの分野", "kolmella alalla", "fi"),
        ("620 in 2019", "620", "en"),
        ("1310", "در سال ۱۳۱۳", "fa"),
        ("1310", "1313", "hu"),
        ("1910", "ten men and 10 horses", "en"),
        ("1330", "30 horses", "en"),
        ("1930", "1830", "en"),
        ("20世纪30年代", "in the 1940s", "en"),
        ("19世纪30年代", "in the 1930s", "en"),
        ("tháng 6 năm 2013", "im Mai 2013", "de"),
        ("ngày 17 tháng 3 năm 2017", "17.2.2017", "fi"),
        ("9" * 6000, "9", "en"),
    ],
)
def test_number_of_the_statement_does_not_stand_in_the_text(statement: str, text: str, language: str) -> None:
    assert not numbers_occur(statement, text, language=language)


def test_small_numbers_are_not_looked_for_where_their_words_are_unknown() -> None:
    assert numbers_occur("3 alaa", "három területen", language="hu")
    assert not numbers_occur("13 alaa", "három területen", language="hu")


@pytest.mark.parametrize(
    ("number", "word", "other", "language"),
    [
        (10, "Ten companies", "It tends to", "en"),
        (7, "sept usines", "en septembre", "fr"),
        (8, "otto fabbriche", "in ottobre", "it"),
        (7, "sete fábricas", "em setembro", "pt"),
        (9, "nouă fabrici", "în noul oraș", "ro"),
        (3, "трёх заводов", "трудный двор", "ru"),
        (2, "двух заводов", "трудный двор", "ru"),
        (7, "семи заводов", "вся семья", "ru"),
        (3, "τριών εργοστασίων", "στο τρένο", "el"),
        (9, "chín nhà máy", "chính phủ", "vi"),
        (3, "ba nhà máy", "bao nhiêu bang", "vi"),
    ],
)
def test_a_small_number_is_its_word_and_no_other_that_begins_alike(
    number: int, word: str, other: str, language: str
) -> None:
    assert numbers_occur(f"{number} plants", word, language=language)
    assert not numbers_occur(f"{number} plants", other, language=language)


def test_text_full_of_digits_is_read_in_time() -> None:
    assert not numbers_occur("77", "1.2.3,4 5 " * 5000, language="en")
