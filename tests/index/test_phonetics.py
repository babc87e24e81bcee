import pytest

from index.phonetics import phonetic_key


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param(
            (
                *("Pinkwart", "Пинкварт", "ピンクヴァルト", "بينكوارت", "פינקווארט", "Πίνκβαρτ", "पिंकवार्ट"),
                *("พิงก์วาร์ท", "პინკვარტი", "Պինկվարտ", "পিংকভার্ট", "பிங்க்வார்ட்"),
            ),
            id="pinkwart",
        ),
        pytest.param(("Ishizaka", "Исидзака", "イシザカ", "이시자카", "إيشيزاكا", "इशिज़ाका"), id="ishizaka"),
        pytest.param(("Fukushima", "Фукусима", "Фукусиме", "فوكوشيما", "フクシマ"), id="fukushima"),
        pytest.param(("Westfalen", "Вестфалия", "ヴェストファーレン", "Westfalenin", "Westphalia"), id="westfalen"),
        pytest.param(("Düsseldorf", "Дюссельдорф", "デュッセルドルフ", "دوسلدورف", "뒤셀도르프"), id="duesseldorf"),
        pytest.param(("Nissan", "Ниссан", "نيسان", "닛산"), id="nissan"),
        pytest.param(("Saitama", "Сайтама", "सैतामा", "سايتاما"), id="saitama"),
        pytest.param(
            ("Rotterdam", "Роттердам", "ロッテルダム", "רוטרדם", "روتردام", "로테르담", "รอตเทอร์ดาม", "როტერდამი"),
            id="rotterdam",
        ),
        pytest.param(
            ("Einstein", "Эйнштейн", "アインシュタイン", "איינשטיין", "أينشتاين", "아인슈타인", "आइंस्टीन", "ไอน์สไตน์"),
            id="einstein",
        ),
        pytest.param(("Tesla", "Тесла", "テスラ", "טסלה", "تسلا", "테슬라", "टेस्ला", "เทสลา", "Τέσλα"), id="tesla"),
        pytest.param(("Victoria", "Виктория", "ヴィクトリア", "فيكتوريا", "빅토리아", "Βικτώρια"), id="victoria"),
        pytest.param(("Amsterdam", "Амстердам", "アムステルダム", "אמסטרדם", "أمستردام", "Άμστερνταμ"), id="amsterdam"),
        pytest.param(("Westminster", "ウェストミンスター", "웨스트민스터", "Γουέστμινστερ", "ওয়েস্টমিনস্টার"), id="w"),
        pytest.param(("Richards", "Ричардс", "რიჩარდსი", "रिचर्ड्स"), id="richards"),
        pytest.param(("Cicerone", "Сисероне", "Cicérone"), id="soft-c"),
        pytest.param(("Kennedy", "Кеннеди", "ケネディ", "קנדי", "كينيدي", "케네디", "เคนเนดี", "கென்னடி"), id="kennedy"),
    ],
)
def test_one_name_has_one_key_in_all_scripts(spellings: tuple[str, ...]) -> None:
    assert dict.fromkeys(spellings, phonetic_key(spellings[0])) == {word: phonetic_key(word) for word in spellings}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("Pinkwart", "pnkrt", id="vowels-and-w-silent"),
        pytest.param("Westfalen", "pstpr", id="cut-after-five"),
        pytest.param("Einstein", "anstn", id="vowel-at-the-beginning"),
        pytest.param("Richards", "rsrts", id="ch"),
        pytest.param("טסלה", "tsr", id="two-hebrew-letters-are-two-sounds"),
    ],
)
def test_a_key_is_the_first_sound_and_the_consonants_after_it(name: str, key: str) -> None:
    assert phonetic_key(name) == key


@pytest.mark.parametrize("word", ["", "Ei", "Lahti", "埼玉", "2017", "—", "\ud800", "\u0301"])
def test_what_is_too_short_or_sounds_different_everywhere_has_no_key(word: str) -> None:
    assert phonetic_key(word) == ""


def test_names_are_told_apart() -> None:
    keys = [phonetic_key(name) for name in ("Toyota", "Hitachi", "Mennekes", "Merkel", "Berlin", "Rotterdam")]
    assert keys == ["", "hts", "mnks", "mrkr", "prn", "rtrtm"]


def test_a_very_long_word_is_heard_by_its_beginning() -> None:
    assert phonetic_key("Pinkwart" * 100_000) == phonetic_key("Pinkwart" * 8)
