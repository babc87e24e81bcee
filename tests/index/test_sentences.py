import random
import unicodedata

import pytest

from index.sentences import CLAUSES_LONGEST, sentence_spans


def sentences(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        pytest.param(language, expected, id=f"{language}-{number}")
        for number, (language, expected) in enumerate(
            [
                ("en", ["We met at 5 p.m. on Monday.", "It was late."]),
                ("en", ["At 6 p.m. Eastern it began.", "It closed at 5 p.m.", "The end."]),
                ("en", ["Dr. J. R. Smith joined the U.S. Army.", 'He said "Hi."', "Then he left."]),
                ("en", ["See No. 5, e.g. Fig. 3.", "Say no.", "Peter did."]),
                ("en", ["It costs 3.5 euros.", "Mail a.b@c.org.", "See https://x.org/?q=Ab.Cd!e and go.", "Bye"]),
                ("en", ["Then it rained.[1]", "It stopped.[2][3]", "(Really.)", "Great! 🎉"]),
                ("de", ["Am 3. Mai kam Dr. Müller, z. B. mit Nr. 5.", "Er ging.", "Er ist 17.", "Sie auch."]),
                (
                    "de",
                    [
                        "„Kommst du?“ fragte er.",
                        "„Ja.“",
                        "Im 19. Jahrhundert, d. h. früher.",
                        "Firmen usw.",
                        "Die Firma.",
                    ],
                ),
                ("de", ["Papst Johannes XXIII. Roncalli bzw. Prof. Dr. h. c. Meyer.", "Es war am 1. 5. 2024.", "Gut."]),
                ("fi", ["Se oli 17. helmikuuta klo 12.30.", "Esim. Nokia, mm. Lahti ja ns. Lahti-projekti.", "Hyvä!"]),
                ("fi", ["Hän oli 5. Lahden hiihdoissa.", "Se on 100 milj. euroa jne.", "Hän lähti."]),
                ("sv", ["Det kostar t.ex. Kalle 5 kr.", "Den 3 maj kom dr. Berg.", "Han gick."]),
                ("fr", ["M. Dupont et Mme. Durand sont là.", "« Oui. »", "Elle part."]),
                ("es", ["El Sr. García llegó.", "¿Quién es?", "¡Vaya!", "EE. UU. ganó."]),
                ("pl", ["Mówi np. Jan o ul. Długiej.", "Było to w 5. Dywizji.", "Koniec."]),
                ("ru", ["А. С. Пушкин жил на ул. Мойка.", "Это было в XIX в.", "И т. д.", "Он ушёл."]),
                ("ja", ["「行く。」と言った。", "次です！", "本当？", "はい。", "『そう。』", "彼は「うん。」"]),
                ("zh", ["代表团抵达东京。", "“很好。”", "他说。", "真的吗？", "是！", "（完。）"]),
                ("ko", ["대표단이 도착했다.", "누가 왔습니까?", "좋다!"]),
                ("ar", ["وصل الوفد إلى طوكيو.", "هل تعرف د. أحمد؟", "نعم."]),
                ("fa", ["هیئت وارد شد.", "آیا می‌دانید؟", "بله."]),
                ("ur", ["وفد پہنچا۔", "کیا یہ سچ ہے؟", "ہاں۔"]),
                ("hi", ["ए.पी.जे. अब्दुल कलाम राष्ट्रपति थे।", "सच।"]),
                ("th", ["ใน พ.ศ. 2500 รัฐบาลให้สิทธิ ดร. สมชาย"]),
                ("hi", ["यह डॉ. शर्मा हैं।", "क्या आप आएंगे?", "हाँ।"]),
                ("hy", ["Պատվիրակությունը ժամանեց։", "Այո։"]),
                ("el", ["Πού είναι ο κ. Παπάς;", "Εδώ."]),
                ("my", ["သူသွားသည်။", "သူမလာသည်။"]),
                ("und", ["One here.", "Two there."]),
            ]
        )
    ],
)
def test_sentences_end_where_they_end(language: str, expected: list[str]) -> None:
    separator = "" if language in ("ja", "zh") else " "
    assert sentences(separator.join(expected), language) == expected


def test_thai_is_split_at_spaces_between_thai_words_only() -> None:
    expected = [
        "คณะผู้แทนเดินทางถึงกรุงโตเกียวในวันอังคาร เพื่อลงนามในข้อตกลงความร่วมมือ",
        "รัฐมนตรีว่าการกระทรวงเศรษฐกิจเป็นหัวหน้าคณะ มีผู้เข้าร่วมประมาณ 30 คน",
        "ทั้งนักวิทยาศาสตร์และตัวแทนบริษัท โดยจะเดินทางต่อไปยังเมืองเกียวโตและโอซากา ในวันพฤหัสบดี",
    ]
    assert sentences(" ".join(expected), "th") == expected


@pytest.mark.parametrize("language", ["th", "lo", "km", "my"])
def test_short_run_of_an_unspaced_script_stays_whole(language: str) -> None:
    text = {"th": "ใคร เป็น หัวหน้า", "lo": "ໃຜ ເປັນ ຫົວຫນ້າ", "km": "អ្នក ណា ជា", "my": "ဘယ် သူ လဲ"}[language]
    assert sentences(text, language) == [text]


def test_line_break_inside_a_paragraph_does_not_end_a_sentence() -> None:
    assert sentences("A delegation\ntravels to\nTokyo. It is\nlarge.", "en") == [
        "A delegation\ntravels to\nTokyo.",
        "It is\nlarge.",
    ]
    assert sentences("Sie kamen am\n3. Mai an.", "de") == ["Sie kamen am\n3. Mai an."]


def test_line_breaks_between_long_lines_end_sentences() -> None:
    line = "A line of a text that is not wrapped " * 4
    assert sentences(f"Title\n{line}\nEnd", "en") == ["Title", line.strip(), "End"]


def test_blank_lines_headings_items_and_rows_end_sentences() -> None:
    text = "# Title\nIntro without stop\n\n- egg\n- milk and\n  cream\n1. first\n2. second\n\n| a | b |\n|---|---|\nend"
    assert sentences(text, "en") == [
        *("# Title", "Intro without stop", "- egg", "- milk and\n  cream", "1. first", "2. second"),
        *("| a | b |", "|---|---|", "end"),
    ]


def test_real_german_article_keeps_quotations_and_names_whole() -> None:
    text = (
        "Auf deutscher Seite nahmen Vertreter vom TÜV Rheinland, von e.GO Mobile und von Mennekes teil. "
        "„Der Schulterschluss ist wichtig“, betonte Pinkwart."
    )
    assert sentences(text, "de") == [text[:94], text[95:]]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000\t"])
def test_white_space_has_no_sentences(text: str) -> None:
    assert sentence_spans(text, "en") == []


def random_text(seed: int) -> str:
    chooser = random.Random(seed)  # noqa: S311
    pools = (
        "abc DEF.!? \n\n",
        "字。「」！かな",
        "กขค ๆ",
        "ابج؟ ۔",
        "कि्। ",
        "🎉👨‍👩‍👧🇫🇮",
        "\u0301\u200d\u2028\x85\x00\r\t\ud800",
        "#-|`*>=~[1]3. ",
    )
    return "".join(chooser.choice(chooser.choice(pools)) for _ in range(chooser.randint(0, 400)))


@pytest.mark.parametrize("language", ["en", "de", "ja", "th", "ar", "und"])
def test_spans_cover_all_that_is_not_white_space(language: str) -> None:
    for seed in range(150):
        text = random_text(seed)
        previous = 0
        for start, end in sentence_spans(text, language):
            assert previous <= start < end, (seed, text)
            assert text[start:end] == text[start:end].strip(), (seed, text)
            assert not text[previous:start].strip(), (seed, text)
            previous = end
        assert not text[previous:].strip(), (seed, text)


def test_offsets_count_code_points() -> None:
    text = "🎉🎉 One. 👨‍👩‍👧 Two."
    assert sentences(text, "en")[-1].endswith("Two.")
    assert sentence_spans(text, "en")[-1][1] == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "字" * 300_000,
        ". " * 100_000,
        "a@" * 100_000,
        "www." * 100_000,
        "กก " * 100_000,
        "(" * 300_000,
        "a! " * 100_000,
    ],
    ids=["letters", "han", "stops", "at-signs", "addresses", "thai", "brackets", "exclamations"],
)
@pytest.mark.timeout(10)
def test_hostile_text_takes_linear_time(text: str) -> None:
    assert sentence_spans(text, "de")[-1][1] == len(text.rstrip())


def test_thai_pieces_stay_below_the_limit_where_there_are_spaces() -> None:
    text = "คณะผู้แทนเดินทางถึงกรุงโตเกียว " * 50
    assert max(map(len, sentences(text, "th"))) <= CLAUSES_LONGEST
    assert unicodedata.normalize("NFC", text).split() == " ".join(sentences(text, "th")).split()
