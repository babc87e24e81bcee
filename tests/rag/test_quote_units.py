import pytest

from rag.answers import Passage
from rag.quote_units import Quote, completed, joined, quote_units
from tests.builders import make_passage

SHORT_LIST = (
    "We open late. Opening hours are these:\n\n- Monday: 9 to 17\n- Tuesday: closed\n- Friday: 12 to 20\n\nCome in."
)
TABLE = "| Boat | Hour | Day |\n|---|---:|---:|\n| Single | 8 € | 40 € |\n| Double | 12 € | 60 € |"
LONG_ITEMS = [f"- {name}: " + f"{name.lower()} " * 20 + "end" for name in ("Apple", "Berry", "Cherry", "Date")]
LONG_LIST = "These are sold:\n\n" + "\n".join(LONG_ITEMS)


def quote(passage: Passage, text: str, *, score: float = 1.0) -> Quote:
    start = passage.start + passage.text.index(text)
    return Quote(passage, start, start + len(text), score)


def complete(*quotes: Quote, length: float = 1000, most: int = 3) -> list[str]:
    found = completed(quotes, length=length, most=most)
    for each in found:
        offset = each.passage.start
        assert each.passage.text[each.start - offset : each.end - offset] == each.text
    return [each.text for each in found]


# -- Units -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "units"),
    [
        ("en", "One is here. Two is\nthere.", ["One is here.", "Two is there."]),
        ("de", "Das gilt z. B. hier. Und **dort**.", ["Das gilt z. B. hier.", "Und dort."]),
        ("ja", "図書館です。月曜は休みです。", ["図書館です。", "月曜は休みです。"]),
        ("ar", "هذا أول. وهذا ثان؟", ["هذا أول.", "وهذا ثان؟"]),
        ("hi", "यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("zh", "这是一。这是二。", ["这是一。", "这是二。"]),
    ],
)
def test_prose_has_a_unit_a_sentence(language: str, text: str, units: list[str]) -> None:
    passage = make_passage(text, language=language, start=7)
    found = quote_units(passage)
    assert [unit.text for unit in found] == units
    assert all(passage.text[unit.start - 7 : unit.end - 7].split()[0][:1] in unit.text + "*" for unit in found)


def test_items_and_rows_are_units_without_their_marks_and_know_what_introduces_them() -> None:
    text = f"{SHORT_LIST}\n\n---\n\n{TABLE}\n\n```sh\nmake all\nmake test\n```"
    units = quote_units(make_passage(text))
    introduction, header = "Opening hours are these:\n", "Boat · Hour · Day\n"
    assert [unit.text for unit in units] == [
        "We open late.", "Opening hours are these:", introduction + "• Monday: 9 to 17",
        introduction + "• Tuesday: closed", introduction + "• Friday: 12 to 20", "Come in.", "Boat · Hour · Day",
        header + "Single · 8 € · 40 €", header + "Double · 12 € · 60 €", "make all\nmake test",
    ]  # fmt: skip
    assert [text[unit.start : unit.end] for unit in units[4:8]] == [
        "- Friday: 12 to 20", "Come in.", "| Boat | Hour | Day |", "| Single | 8 € | 40 € |",
    ]  # fmt: skip


def test_an_item_of_several_sentences_is_one_unit_unless_it_is_long() -> None:
    short = "- **Ada**, born in 1815. She wrote programs."
    long = "- " + "This sentence goes on and on for a while. " * 10
    assert [unit.text for unit in quote_units(make_passage(short))] == ["Ada, born in 1815. She wrote programs."]
    assert len(quote_units(make_passage(long.strip()))) == 10


@pytest.mark.parametrize("text", ["", " \n ", "---", "|---|---|"])
def test_a_passage_without_words_has_no_units(text: str) -> None:
    assert quote_units(make_passage(text)) == []


# -- Lists and tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["Opening hours are these:", "- Monday: 9 to 17", "- Friday: 12 to 20"])
def test_a_short_list_is_quoted_whole_with_its_introduction(part: str) -> None:
    passage = make_passage(SHORT_LIST, start=50)
    assert complete(quote(passage, part)) == [SHORT_LIST[14:-10]]


def test_the_parts_of_a_list_are_one_quote() -> None:
    passage = make_passage(SHORT_LIST)
    parts = [quote(passage, "- Monday: 9 to 17"), quote(passage, "- Friday: 12 to 20", score=0.5)]
    assert complete(*parts) == [SHORT_LIST[14:-10]]


def test_a_short_table_is_quoted_whole_with_its_header() -> None:
    assert complete(quote(make_passage(f"Prices.\n\n{TABLE}\n\nThat is all."), "| Double | 12 € | 60 € |")) == [TABLE]


def test_of_a_long_list_the_introduction_and_the_item_are_quoted() -> None:
    passage = make_passage(LONG_LIST)
    first, second, *_, last = LONG_ITEMS
    assert complete(quote(passage, first)) == [f"These are sold:\n\n{first}"]
    assert complete(quote(passage, second)) == [f"These are sold:\n\n{first}\n{second}"]
    assert complete(quote(passage, last)) == ["These are sold:", last]


def test_of_a_long_list_the_introduction_brings_as_many_items_as_there_is_room_for() -> None:
    passage = make_passage(LONG_LIST)
    assert complete(quote(passage, "These are sold:")) == ["\n".join(["These are sold:", "", *LONG_ITEMS[:2]])]


def test_of_a_long_table_the_header_and_the_row_are_quoted() -> None:
    rows = [f"| Boat number {number} with a name | {number} € |" for number in range(20)]
    passage = make_passage("\n".join(["| Boat | Day |", "|---|---|", *rows]))
    assert complete(quote(passage, rows[15])) == ["| Boat | Day |", rows[15]]


def test_no_introduction_is_quoted_where_there_are_enough_quotes() -> None:
    passage, other = make_passage(LONG_LIST), make_passage("One. Two. Three.", number=2, start=999)
    last = quote(passage, LONG_ITEMS[-1])
    others = [quote(other, "One.", score=0.9), quote(other, "Three.", score=0.8)]
    assert complete(last, *others) == [LONG_ITEMS[-1], "One.", "Three."]
    assert complete(last, others[0]) == ["These are sold:", LONG_ITEMS[-1], "One."]


def test_a_list_takes_no_more_room_than_there_is() -> None:
    passage = make_passage(SHORT_LIST)
    friday = "- Friday: 12 to 20"
    assert complete(quote(passage, friday), length=18) == [friday]
    assert complete(quote(passage, friday), length=42) == ["Opening hours are these:", friday]
    assert complete(quote(passage, "- Monday: 9 to 17"), length=50) == ["Opening hours are these:\n\n- Monday: 9 to 17"]


def test_a_list_without_introduction_and_rows_without_header_stay_alone_if_the_rest_is_long() -> None:
    assert complete(quote(make_passage("\n".join(LONG_ITEMS)), LONG_ITEMS[2])) == [LONG_ITEMS[2]]
    rows = "\n".join(f"| boat number {number} with a long name | {number} € |" for number in range(20))
    assert complete(quote(make_passage(rows), "| boat number 7 with a long name | 7 € |")) == [
        "| boat number 7 with a long name | 7 € |"
    ]


@pytest.mark.parametrize(
    ("language", "colon"), [("en", "So it is:"), ("ja", "次の通り："), ("ru", "Вот так:"), ("de", "**So:**")]
)
def test_a_colon_takes_along_what_it_announces(language: str, colon: str) -> None:
    passage = make_passage(f"{colon}\n\n> what was said.\n\nMore.", language=language)
    assert complete(quote(passage, colon)) == [f"{colon}\n\n> what was said."]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "When does the pool open?", "At seven."),
        ("de", "Wann öffnet das Bad?", "Um sieben."),
        ("ja", "プールは何時に開きますか？", "七時です。"),
        ("ar", "متى يفتح المسبح؟", "في السابعة."),
        ("el", "Πότε ανοίγει η πισίνα;", "Στις επτά."),
    ],
)
def test_a_question_takes_along_the_sentence_after_it(language: str, question: str, answer: str) -> None:
    passage = make_passage(f"{question}\n{answer}\n\nMore.", language=language)
    assert complete(quote(passage, question)) == [f"{question}\n{answer}"]


def test_a_semicolon_asks_in_greek_alone() -> None:
    passage = make_passage("It was late;\n\nMore.")
    assert complete(quote(passage, "It was late;")) == ["It was late;"]


# -- Joining -----------------------------------------------------------------------------------------------------------


def test_neighbours_in_a_paragraph_and_overlapping_quotes_are_joined_with_the_better_score() -> None:
    passage = make_passage("One. Two.\nThree.\n\nFour.")
    quotes = [
        quote(passage, "Four.", score=4),
        quote(passage, "Three.", score=3),
        quote(passage, "Two.\nThree.", score=5),
    ]
    assert [(each.text, each.score) for each in joined(quotes)] == [("Two.\nThree.", 5), ("Four.", 4)]
    quotes.append(quote(passage, "One."))
    assert [(each.text, each.score) for each in joined(quotes)] == [("One. Two.\nThree.", 5), ("Four.", 4)]


def test_nothing_completes_to_nothing() -> None:
    assert completed([], length=100, most=3) == []
