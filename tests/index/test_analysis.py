import time

import pytest

from index.analysis import analyse, name_keys


def share(first: str, second: str) -> set[str]:
    return set(analyse(first)) & set(analyse(second))


def test_a_word_gives_itself_its_first_letters_and_its_sound_if_it_may_be_a_name() -> None:
    assert analyse("Die Delegation") == ["die", "delegation", "dele", "delega", "^trktn"]
    assert analyse("Wir delegieren") == ["wir", "delegieren", "dele", "delegi"]


def test_without_any_capital_every_word_may_be_a_name() -> None:
    assert analyse("herr pinkwart") == ["herr", "pinkwart", "pink", "pinkwa", "^pnkrt"]


def test_full_width_forms_meet_plain_ones() -> None:
    assert analyse("ＮＲＷ　２０１１") == analyse("NRW 2011") == ["nrw", "2011"]


def test_a_long_number_has_no_prefix() -> None:
    assert analyse("1234567") == ["1234567"]


@pytest.mark.parametrize(
    "digits",
    [
        pytest.param("٢٠١١", id="arabic"),
        pytest.param("۲۰۱۱", id="persian"),
        pytest.param("२०११", id="devanagari"),
        pytest.param("২০১১", id="bengali"),
        pytest.param("๒๐๑๑", id="thai"),
        pytest.param("២០១១", id="khmer"),
        pytest.param("၂၀၁၁", id="burmese"),
        pytest.param("２０１１", id="full-width"),
    ],
)
def test_digits_of_all_scripts_are_the_same(digits: str) -> None:
    assert analyse(digits) == ["2011"]


@pytest.mark.parametrize(
    "number",
    ["1,234,567", "1.234.567", "1 234 567", "1\u202f234\u00a0567", "1'234'567", "1’234’567", "12,34,567", "١٬٢٣٤٬٥٦٧"],
)
def test_a_number_meets_itself_whatever_separates_thousands(number: str) -> None:
    assert share(number, "1234567") == {"1234567"}


def test_decimals_meet_with_point_and_comma() -> None:
    assert "3.14" in share("3,14", "3.14")
    assert "1234.5" in share("1,234.5", "1.234,5")


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        pytest.param("İstanbul", "istanbul", id="tr-dotted"),
        pytest.param("Diyarbakır", "DIYARBAKIR", id="tr-dotless"),
        pytest.param("Việt", "Vie\u0323\u0302t", id="vi-decomposed"),
        pytest.param("Straße", "STRASSE", id="de-sz"),
        pytest.param("médecin", "medecin", id="fr-accent"),
        pytest.param("Ἀθῆναι", "Αθηναι", id="el-polytonic"),
        pytest.param("ΟΔΟΣ", "οδός", id="el-final-sigma"),
        pytest.param("ёлка", "елка", id="ru-yo"),
        pytest.param("Beograd", "Београд", id="sr-city"),
        pytest.param("čovječanstvo", "човјечанство", id="sr-word"),
        pytest.param("Đorđević", "Ђорђевић", id="sr-name"),
        pytest.param("ljubav", "љубав", id="sr-digraph"),
        pytest.param("حُكُومَة", "حكومة", id="ar-vowels"),
        pytest.param("حكـــومة", "حكومه", id="ar-tatweel-and-ta-marbuta"),
        pytest.param("أحمد", "احمد", id="ar-hamza"),
        pytest.param("کتاب", "كتاب", id="fa-kaf"),
        pytest.param("שָׁלוֹם", "שלום", id="he-points"),
        pytest.param("हिन्दी", "हिंदी", id="hi-nasal"),
        pytest.param("चाँद", "चांद", id="hi-chandrabindu"),
        pytest.param("ज़रूर", "जरूर", id="hi-nukta"),
        pytest.param("क्\u200dष", "क्ष", id="hi-joiner"),
        pytest.param("漢字臺灣", "汉字台湾", id="zh-traditional"),
        pytest.param("経済", "經濟", id="ja-zh"),
        pytest.param("Kaffee\u00adhaus", "Kaffeehaus", id="soft-hyphen"),
        pytest.param("ｶﾀｶﾅ", "カタカナ", id="ja-half-width"),
        pytest.param("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", id="ko-decomposed"),
    ],
)
def test_spellings_of_one_word_give_the_same_first_term(spelling: str, other: str) -> None:
    assert analyse(spelling)[0] == analyse(other)[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("Müller", "Mueller", id="de-transcribed"),
        pytest.param("Müller", "Muller", id="de-without-dots"),
        pytest.param("müller", "mueller", id="de-lower-case"),
        pytest.param("l'homme", "homme", id="fr"),
        pytest.param("qu’il", "il", id="fr-curly"),
        pytest.param("dell'arte", "arte", id="it"),
        pytest.param("Tesla's", "tesla", id="en"),
        pytest.param("O'Brien", "OBrien", id="en-name"),
        pytest.param("м'ята", "мята", id="uk"),
        pytest.param('צה"ל', "צהל", id="he-acronym"),
        pytest.param("والحكومة", "حكومة", id="ar-and-the"),
        pytest.param("للحكومة", "الحكومة", id="ar-to-the"),
        pytest.param("בישראל", "ישראל", id="he-in"),
        pytest.param("Nordrhein-Westfalen", "Westfalen", id="de-hyphen-part"),
        pytest.param("e-mail", "email", id="en-hyphen-joined"),
        pytest.param("U.S.", "US", id="en-acronym"),
        pytest.param("talossakin", "talossa", id="fi-inflected"),
        pytest.param("Bundesregierung", "Bundesrat", id="de-compound"),
        pytest.param("경제에서", "경제", id="ko-particle"),
        pytest.param("Việt Nam", "Vietnam", id="vi-two-syllables"),
        pytest.param("東京都", "東京", id="ja"),
        pytest.param("กรุงเทพมหานคร", "กรุงเทพ", id="th-prefix"),
    ],
)
def test_a_word_is_found_in_what_it_is_part_of(text: str, word: str) -> None:
    assert set(analyse(word)) & set(analyse(text)) - {"^prn"}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        pytest.param("foo_bar", {"foo_bar", "foo", "bar"}, id="snake"),
        pytest.param("getHTTPResponse", {"gethttpresponse", "get", "http", "response"}, id="camel"),
        pytest.param("A-12/34", {"a12/34", "12", "34"}, id="part-number"),
        pytest.param("v2.1.3", {"v2.1.3"}, id="version"),
        pytest.param("user@example.com", {"user@example.com", "example.com", "user"}, id="e-mail"),
        pytest.param("https://example.com/a-b?q", {"example.com/ab", "example.com"}, id="url"),
        pytest.param("C++ und C#.", {"c++", "c#"}, id="language"),
        pytest.param("2011-03-11", {"20110311", "2011"}, id="date"),
        pytest.param("COVID-19", {"covid19", "covid", "19"}, id="with-number"),
        pytest.param("10:30", {"10:30"}, id="time"),
    ],
)
def test_what_is_written_as_one_is_found_as_typed_and_by_its_parts(text: str, terms: set[str]) -> None:
    assert terms <= set(analyse(text))


def test_what_an_apostrophe_cuts_off_is_no_term() -> None:
    assert analyse("l'homme d'état") == ["homme", "homm", "etat"]


def test_hindi_words_keep_their_vowel_signs() -> None:
    assert analyse("हिन्दी में") == ["हिंदी", "हिंद", "^hnt", "में"]


def test_vietnamese_words_keep_their_tones_and_neighbours_join_without() -> None:
    assert analyse("Hà Nội") == ["ha", "nội", "hanoi"]


def test_han_and_kana_give_pairs() -> None:
    assert analyse("埼玉県の") == ["埼玉", "玉县", "县の"]
    assert analyse("バス") == ["バス"]
    assert analyse("車") == ["车"]


def test_hangul_words_give_themselves_and_pairs() -> None:
    assert analyse("경제에서") == ["경제에서", "경제", "제에", "에서", "^knks"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("น้ำท่วมบ้าน", {"น้ำ", "ท่วม", "บ้าน"}, id="th"),
        pytest.param("ພາສາລາວ", {"ພາສາ", "ລາວ"}, id="lo"),
        pytest.param("សៀវភៅថ្មី", {"សៀវភៅ", "ថ្មី"}, id="km"),
        pytest.param("စာအုပ်အသစ်", {"စာအုပ်", "အသစ်"}, id="my"),
    ],
)
def test_scripts_without_spaces_are_cut_into_words(text: str, words: set[str]) -> None:
    assert words <= set(analyse(text))


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
        pytest.param("רות פינקווארט", "Pinkwart", id="he"),
        pytest.param("핑크와르트 장관", "Pinkwart", id="ko"),
        pytest.param("मंत्री पिंकवार्ट", "Pinkwart", id="hi"),
        pytest.param("พิงก์วาร์ท", "Pinkwart", id="th"),
        pytest.param("მინისტრი პინკვარტი და Google", "Pinkwart", id="ka"),
        pytest.param("Ο υπουργός Πίνκβαρτ", "Pinkwart", id="el"),
        pytest.param("նախարար Պինկվարտ", "pinkwart", id="hy"),
        pytest.param("компания Исидзака", "Ishizaka", id="ru"),
        pytest.param("इशिज़ाका कंपनी", "Ishizaka", id="hi-ja"),
        pytest.param("Вестфалии", "Westfalen", id="ru-de"),
        pytest.param("デュッセルドルフ", "Düsseldorf", id="ja-de"),
        pytest.param("والرئيس بنابليون", "Napoleon", id="ar-clitic"),
    ],
)
def test_a_name_meets_itself_in_another_script(text: str, name: str) -> None:
    assert name_keys(name)
    assert name_keys(text) & name_keys(name)


def test_names_that_only_look_alike_do_not_meet() -> None:
    assert not name_keys("Toyota Hitachi") & name_keys("Mennekes Lahti")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 1_000_000, id="word"),
        pytest.param("aB" * 500_000, id="camel"),
        pytest.param("a-" * 500_000, id="hyphens"),
        pytest.param("1," * 500_000, id="digits"),
        pytest.param("1 234 " * 150_000, id="groups"),
        pytest.param("e" + "\u0301\u0323" * 50_000, id="marks"),
        pytest.param("ก" * 300_000, id="thai"),
        pytest.param("漢" * 1_000_000, id="han"),
        pytest.param("한" * 1_000_000, id="hangul"),
        pytest.param("\ud800\udfff" * 10_000, id="surrogates"),
        pytest.param("".join(map(chr, range(32))) * 10_000, id="controls"),
        pytest.param("ệ" * 300_000, id="vietnamese"),
        pytest.param("\ufdfa" * 20_000, id="expanding"),
    ],
)
def test_hostile_text_takes_linear_time_and_gives_short_terms(text: str) -> None:
    started = time.process_time()
    terms = analyse(text)
    assert time.process_time() - started < 10
    assert len(terms) <= 20 * len(text)
    assert all(0 < len(term) <= 256 for term in terms)


def test_no_term_holds_white_space_or_what_cannot_be_written_down() -> None:
    text = " ".join(f"{chr(code)}a A{chr(code)}b {chr(code)}" for code in range(0x20000))
    terms = analyse(text)
    assert [term for term in terms if len(term.split()) != 1] == []
    assert "\ufffd".join(terms).encode()
