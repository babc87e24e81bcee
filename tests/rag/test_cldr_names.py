import pytest

from rag.cldr_names import era_names, locale_of, month_names, unit_names, weekday_names


@pytest.mark.parametrize(
    ("language", "name", "number"),
    [("en", "May", 5), ("de", "März", 3), ("fi", "toukokuuta", 5), ("ar", "مايو", 5), ("hi", "मई", 5), ("ru", "мая", 5),
     ("ru", "май", 5), ("th", "พฤษภาคม", 5), ("tr", "Mayıs", 5), ("pt-BR", "maio", 5)],
)  # fmt: skip
def test_months_have_their_number(language: str, name: str, number: int) -> None:
    assert month_names(language)[name] == number


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Monday"), ("ja", "月曜日"), ("fi", "maanantaina"), ("zh", "星期一")]
)
def test_monday_is_the_first_weekday(language: str, name: str) -> None:
    assert weekday_names(language)[name] == 0


def test_eras_are_known() -> None:
    assert {"BC", "AD"} <= era_names("en")
    assert "v. Chr." in era_names("de")


@pytest.mark.parametrize(
    ("language", "name", "meaning"),
    [
        ("en", "kilometers", "length-kilometer"), ("en", "km", "length-kilometer"),
        ("en", "kilometres", "length-kilometer"),
        ("ru", "километров", "length-kilometer"), ("th", "กิโลเมตร", "length-kilometer"), ("de", "Euro", "EUR"),
        ("ja", "円", "JPY"), ("fi", "prosenttia", "concentr-percent"),
    ],
)  # fmt: skip
def test_units_and_currencies_are_known_by_all_their_names(language: str, name: str, meaning: str) -> None:
    assert unit_names(language)[name] == meaning


@pytest.mark.parametrize(
    ("language", "name"), [("en", "dollars"), ("ru", "рублей"), ("ar", "دولار"), ("fr", "couronnes")]
)
def test_the_noun_in_names_of_currencies_is_known_by_itself(language: str, name: str) -> None:
    assert name in unit_names(language)


def test_a_language_that_cldr_does_not_know_has_no_names() -> None:
    assert locale_of("xx") is None
    assert (month_names("xx"), weekday_names("xx"), era_names("xx"), unit_names("xx")) == ({}, {}, frozenset(), {})
