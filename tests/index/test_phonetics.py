import pytest

from index.phonetics import phonetic_key


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param(("Pinkwart", "Пинкварт", "ピンクヴァルト", "بينكوارت", "פינקווארט", "Πίνκβαρτ"), id="pinkwart"),
        pytest.param(("Ishizaka", "Исидзака", "イシザカ", "이시자카", "إيشيزاكا", "इशिज़ाका"), id="ishizaka"),
        pytest.param(("Fukushima", "Фукусима", "Фукусиме", "فوكوشيما", "フクシマ"), id="fukushima"),
        pytest.param(("Westfalen", "Вестфалия", "ヴェストファーレン", "Westfalenin", "Westphalia"), id="westfalen"),
        pytest.param(("Düsseldorf", "Дюссельдорф", "デュッセルドルフ", "دوسلدورف", "뒤셀도르프"), id="duesseldorf"),
        pytest.param(("Nissan", "Ниссан", "نيسان", "닛산"), id="nissan"),
        pytest.param(("Saitama", "Сайтама", "सैतामा", "سايتاما"), id="saitama"),
    ],
)
def test_one_name_has_one_key_in_all_scripts(spellings: tuple[str, ...]) -> None:
    assert {phonetic_key(spelling) for spelling in spellings} == {phonetic_key(spellings[0])}
    assert phonetic_key(spellings[0])


@pytest.mark.parametrize("word", ["", "Ei", "Lahti", "埼玉", "2017", "—"])
def test_what_is_too_short_or_sounds_different_everywhere_has_no_key(word: str) -> None:
    assert phonetic_key(word) == ""
