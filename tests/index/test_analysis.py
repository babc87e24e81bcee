import pytest

from index.analysis import analyse, name_keys


def test_words_are_folded_and_long_ones_add_their_first_letters() -> None:
    assert analyse("Die Delegation") == ["die", "delegation", "deleg~", "^trktn"]


def test_full_width_forms_meet_plain_ones() -> None:
    assert analyse("ＮＲＷ　２０１１") == analyse("NRW 2011") == ["nrw", "2011"]


def test_a_long_number_has_no_prefix() -> None:
    assert analyse("1234567") == ["1234567"]


def test_turkish_capital_dotted_i_meets_its_small_form() -> None:
    assert analyse("İstanbul") == analyse("istanbul")


def test_hindi_words_keep_their_vowel_signs() -> None:
    assert analyse("हिन्दी में") == ["हिन्दी", "हिन्द~", "^hnt", "में"]


def test_vietnamese_composed_and_decomposed_letters_are_the_same() -> None:
    assert analyse("Vi\u1ec7t") == analyse("Vie\u0323\u0302t") == ["vi\u1ec7t"]


def test_han_and_kana_give_pairs() -> None:
    assert analyse("埼玉県の") == ["埼玉", "玉県", "県の"]
    assert analyse("バス") == ["バス"]
    assert analyse("車") == ["車"]


def test_thai_gives_pairs_of_characters() -> None:
    assert analyse("รถยนต์") == ["รถ", "ถย", "ยน", "นต", "ต์"]


def test_mixed_scripts_in_one_word_are_kept_apart() -> None:
    assert analyse("CO2排出") == ["co2", "排出"]


def test_a_text_without_letters_or_digits_has_no_terms() -> None:
    assert analyse(" —…!? 🚲 ") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Министр Пинкварт", "Pinkwart", id="ru-name"),
        pytest.param("ピンクヴァルト大臣", "Pinkwart", id="ja"),
        pytest.param("الوزير بينكوارت", "Pinkwart", id="ar"),
        pytest.param("компания Исидзака", "Ishizaka", id="ru"),
        pytest.param("इशिज़ाका कंपनी", "Ishizaka", id="hi"),
        pytest.param("Вестфалии", "Westfalen", id="ru-de"),
        pytest.param("デュッセルドルフ", "Düsseldorf", id="ja-de"),
    ],
)
def test_a_name_meets_itself_in_another_script(text: str, name: str) -> None:
    assert name_keys(text) & name_keys(name)


def test_names_that_only_look_alike_do_not_meet() -> None:
    assert not name_keys("Toyota Hitachi") & name_keys("Mennekes Lahti")
