import pytest

from rag.names import NamesOf, find_names


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("The minister Andreas Pinkwart led it.", "en", ["Andreas", "Pinkwart"]),
        ("Andreas Pinkwart led it.", "en", ["Pinkwart"]),
        ("Minister of the state. However, nobody came.", "en", []),
        ("When it rains, I stay: Bread is baked.", "en", []),
        ("The plant of Tesla's and NRW", "en", ["Tesla's", "NRW"]),
        ("An der Spitze stand Andreas Pinkwart aus NRW.", "de", ["Andreas", "Pinkwart", "NRW"]),
        ("Der Minister sprach mit der Delegation über Brot.", "de", []),
        ("Das nördliche Öl-Werk baut der Autor Andreas Pinkwart.", "de", ["Autor", "Andreas", "Pinkwart"]),
        ("Делегацию возглавил Андреас Пинкварт.", "ru", ["Андреас", "Пинкварт"]),
        ("Ο υπουργός Ανδρέας Πίνκβαρτ ήρθε.", "el", ["Ανδρέας", "Πίνκβαρτ"]),
        ("Heyet Ankara'ya Andreas ile geldi.", "tr", ["Ankara'ya", "Andreas"]),
        ("Valtuuskunta tuli Lahteen.", "fi", ["Lahteen"]),
        ("団長はピンクヴァルトです。", "ja", ["ピンクヴァルト"]),
        ("部长率领代表团。", "zh", []),
        ("部长Pinkwart率领NRW代表团。", "zh", ["Pinkwart", "NRW"]),
        ("Pinkwartは団長、Tesla社の人です。", "ja", ["Tesla"]),
        ("2015 Bread was baked.", "en", []),
        ("장관은 Pinkwart는", "ko", ["Pinkwart"]),
        ("الوزير", "ar", []),
    ],
)
def test_names_are_found_as_far_as_writing_shows_them(text: str, language: str, names: list[str]) -> None:
    assert find_names(text, language=language) == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pinkwart", "minister PINKWART"),
        ("Tesla's", "Tesla"),
        ("Tesla", "Teslas Werk"),
        ("Helsingin", "Helsinki"),
        ("Пинкварта", "Пинкварт"),
        ("Ankara'ya", "Ankara'nın"),
        ("Minister", "Wirtschaftsminister"),
        ("NFL", "the National Football League"),
        ("Muller", "Müller"),
        ("ピンクヴァルト", "ピンクヴァルト大臣"),
    ],
)
def test_a_name_is_known_in_another_form(name: str, text: str) -> None:
    assert NamesOf(text).hold(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pinkwart", "minister Laschet"),
        ("Turku", "Helsinki"),
        ("Paris", "Parma"),
        ("NFL", "the Northern Light"),
        ("ピンクヴァルト", "ラシェット大臣"),
    ],
)
def test_another_name_is_not_taken_for_it(name: str, text: str) -> None:
    assert not NamesOf(text).hold(name)
