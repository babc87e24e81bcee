import random

import pytest

from index.chunking import chunk_document
from index.documents import Chunk, Document
from index.lengths import text_weight
from index.settings import ChunkingSettings

SETTINGS = ChunkingSettings(target_length=240)


def document(text: str, *, language: str = "en", source: str = "a.md", content_hash: str = "0") -> Document:
    return Document(source=source, title="", language=language, text=text, content_hash=content_hash)


def chunks(text: str, *, language: str = "en", settings: ChunkingSettings = SETTINGS) -> list[Chunk]:
    return chunk_document(document(text, language=language), settings=settings)


def texts(text: str, *, language: str = "en", settings: ChunkingSettings = SETTINGS) -> list[str]:
    return [chunk.text for chunk in chunks(text, language=language, settings=settings)]


def test_chunk_holds_at_most_three_sentences() -> None:
    assert texts("One is here now. Two is here now. Three is here now. Four is here now.") == [
        "One is here now. Two is here now. Three is here now.",
        "Four is here now.",
    ]


def test_chunk_stops_before_the_target_length_is_passed() -> None:
    sentence = "This sentence has about eighty characters, which is not far from the usual here."
    assert texts(" ".join([sentence] * 5)) == [f"{sentence} {sentence}", f"{sentence} {sentence}", sentence]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The delegation arrived in Tokyo on Tuesday and signed an agreement on cooperation."),
        ("de", "Die Delegation traf am Dienstag in Tokio ein und unterzeichnete ein Abkommen zur Zusammenarbeit."),
        ("fi", "Valtuuskunta saapui tiistaina Tokioon ja allekirjoitti yhteistyösopimuksen."),
        ("ja", "代表団は火曜日に東京に到着し、協力協定に署名しました。"),
        ("zh", "代表团星期二抵达东京，签署了一项合作协议。"),
        ("ko", "대표단은 화요일에 도쿄에 도착하여 협력 협정에 서명했습니다."),
        ("ar", "وصل الوفد إلى طوكيو يوم الثلاثاء ووقع اتفاقية للتعاون بين الجانبين."),
        ("hi", "प्रतिनिधिमंडल मंगलवार को टोक्यो पहुँचा और सहयोग के समझौते पर हस्ताक्षर किए।"),
        ("th", "คณะผู้แทนเดินทางถึงกรุงโตเกียวในวันอังคารและลงนามในข้อตกลงว่าด้วยความร่วมมือระหว่างกัน"),
    ],
    ids=lambda value: value if len(value) == 2 else "",
)
def test_chunks_of_the_same_content_hold_as_many_sentences_in_every_script(language: str, sentence: str) -> None:
    separator = {"ja": "", "zh": "", "th": "\n\n"}.get(language, " ")
    group = separator.join([sentence] * (2 if text_weight(sentence) > 79 else 3))
    assert texts(separator.join([sentence] * 6), language=language)[0] == group
    assert 60 <= text_weight(sentence) <= 105


def test_heading_goes_into_the_chunks_below_it_and_ends_the_chunk_before() -> None:
    text = "Before.\n\n# Outer #\n\nFirst.\n\nInner\n-----\nSecond.\n\n# Next\nThird."
    assert [(chunk.heading, chunk.text) for chunk in chunks(text)] == [
        ("", "Before."),
        ("Outer", "First."),
        ("Outer › Inner", "Second."),
        ("Next", "Third."),
    ]


def test_paragraph_above_a_rule_is_no_heading() -> None:
    assert texts("A paragraph of\ntwo lines.\n---\nNext.") == ["A paragraph of\ntwo lines.\n---\nNext."]


def test_heading_levels_may_be_skipped() -> None:
    text = "### Deep\na\n\n# Top\nb\n\n### Deep again\nc\n\n## Middle\nd"
    assert [chunk.heading for chunk in chunks(text)] == ["Deep", "Top", "Top › Deep again", "Top › Middle"]


def test_heading_with_nothing_below_is_a_chunk() -> None:
    text = "# Programme\n## 10:00 Opening\n## 11:00 Talk\nBy Smith.\n## 12:00 End"
    assert [(chunk.heading, chunk.text) for chunk in chunks(text)] == [
        ("Programme", "10:00 Opening"),
        ("Programme › 11:00 Talk", "By Smith."),
        ("Programme", "12:00 End"),
    ]


def test_document_of_headings_only_is_chunked() -> None:
    assert [(chunk.heading, chunk.text) for chunk in chunks("# Only\n\nThis\n====\n")] == [("", "Only"), ("", "This")]


def test_number_sign_in_code_is_no_heading() -> None:
    text = "# Title\n```sh\n# comment\nmake\n```"
    assert [(chunk.heading, chunk.text) for chunk in chunks(text)] == [("Title", "```sh\n# comment\nmake\n```")]


def test_list_stays_with_the_line_that_introduces_it() -> None:
    text = "It was a long day. You need:\n\n- one egg\n- two spoons of sugar\n- milk\n- butter\n\nThen mix."
    assert texts(text)[0].startswith(
        "It was a long day. You need:\n\n- one egg\n- two spoons of sugar\n- milk\n- butter"
    )


def test_long_list_is_cut_between_items() -> None:
    items = [f"- item number {number} of a list that goes on and on" for number in range(12)]
    pieces = texts("\n".join(items))
    assert [piece.count("- item") for piece in pieces] == [5, 5, 2]
    assert "\n".join(pieces) == "\n".join(items)


def test_table_rows_stay_whole() -> None:
    row = "| " + "A first sentence. A second one. | " * 3 + "|"
    assert texts(f"| a | b | c |\n|---|---|---|\n{row}\n{row}\n{row}") == [
        f"| a | b | c |\n|---|---|---|\n{row}\n{row}",
        row,
    ]


def test_code_fence_is_whole_if_it_fits() -> None:
    fence = "```\n" + "a = 1\n" * 80 + "```"
    assert texts(f"Look at this:\n\n{fence}\n\nText.") == [f"Look at this:\n\n{fence}", "Text."]


def test_longer_code_fence_is_cut_at_line_ends() -> None:
    lines = [f"value_{number} = compute(value_{number - 1})" for number in range(100)]
    pieces = texts("```py\n" + "\n".join(lines) + "\n```")
    assert "\n".join(pieces) == "```py\n" + "\n".join(lines) + "\n```"


def test_title_line_of_plain_text_goes_with_what_follows() -> None:
    text = f"{'A sentence before the title line. ' * 3}\n\nInnovative Ansätze\n\n{'What follows is here. ' * 2}"
    assert texts(text)[1].startswith("Innovative Ansätze\n\nWhat follows is here.")


def test_very_long_sentence_is_cut_at_clause_marks() -> None:
    clause = "and then there was one more thing that had to be said about it"
    pieces = texts(", ".join([clause] * 20) + ".")
    assert [piece[-1] for piece in pieces] == [",", ",", "."]
    assert " ".join(pieces) == ", ".join([clause] * 20) + "."
    assert max(map(text_weight, pieces)) <= SETTINGS.max_length


@pytest.mark.parametrize(
    "text",
    ["e\u0301" * 2000, "क्षि" * 2000, "👨\u200d👩\u200d👧" * 1000, "🇫🇮" * 1000, "가" * 2000, "กำ" * 2000],
    ids=["accent", "conjunct", "family", "flag", "jamo", "thai"],
)
def test_cut_never_falls_into_a_character(text: str) -> None:
    unit = text[: next(size for size in range(1, 9) if text == text[:size] * (len(text) // size))]
    pieces = texts(text)
    assert "".join(pieces) == text
    assert {len(piece) % len(unit) for piece in pieces} == {0}
    assert max(map(text_weight, pieces)) <= SETTINGS.max_length


def test_unspaced_japanese_sentence_is_cut_below_the_limit() -> None:
    text = "東京の代表団は協力協定に署名し" * 60
    pieces = texts(text, language="ja")
    assert "".join(pieces) == text
    assert max(map(text_weight, pieces)) <= SETTINGS.max_length
    assert min(map(text_weight, pieces)) >= SETTINGS.max_length / 3


@pytest.mark.parametrize("text", ["", " \n\t\n", "\u3000", "---", "***\n\n---"])
def test_text_that_says_nothing_has_no_chunks(text: str) -> None:
    assert chunks(text) == []


def test_ids_count_from_one_and_change_with_source_content_and_chunking() -> None:
    text = "One is here.\n\n# Two\n\nTwo is here."
    ids = [chunk.id for chunk in chunks(text)]
    assert [chunk_id.partition("-")[2] for chunk_id in ids] == ["1", "2"]
    assert chunk_document(document(text), settings=ChunkingSettings(target_length=240)) == chunks(text)
    recut = {chunk.id for chunk in chunk_document(document(text), settings=ChunkingSettings(target_length=30))}
    assert not recut & set(ids)
    for other in (document(text, source="b.md"), document(text, content_hash="1")):
        assert not {chunk.id for chunk in chunk_document(other, settings=SETTINGS)} & set(ids)


def test_chunks_are_slices_in_order_that_leave_out_nothing_but_headings_and_rules() -> None:
    chooser = random.Random(7)  # noqa: S311
    parts = (
        "One sentence. ",
        "字は。",
        "- item\n",
        "\n\n",
        "| a | b |\n",
        "word " * 90,
        "```\ncode\n```\n",
        "🎉e\u0301 ",
        "ก" * 700,
    )
    for _ in range(100):
        text = "".join(chooser.choices(parts, k=30))
        position = 0
        for chunk in chunks(text, language=chooser.choice(("en", "ja", "th"))):
            assert chunk.text == text[chunk.start : chunk.end]
            assert chunk.text.strip() == chunk.text
            assert not text[position : chunk.start].strip()
            assert text_weight(chunk.text) <= SETTINGS.max_length + 50  # the white space between its sentences
            position = chunk.end
        assert not text[position:].strip()


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0.0),
        ("abc", 3.0),
        ("äöü", 3.0),
        ("漢字", 6.4),
        ("かな", 4.0),
        ("한글", 4.4),
        ("漢a", 4.2),
        ("हिन्दी", 6.0),
        ("🎉", 1.0),
    ],
)
def test_weight_counts_dense_scripts_more(text: str, weight: float) -> None:
    assert text_weight(text) == pytest.approx(weight)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "字" * 100_000,
        "ก" * 100_000,
        "- item\n" * 30_000,
        "# h\n" * 30_000,
        "| a |\n" * 30_000,
        "```\n" * 30_000,
    ],
    ids=["letters", "han", "thai", "items", "headings", "rows", "fences"],
)
@pytest.mark.timeout(10)
def test_hostile_text_takes_linear_time(text: str) -> None:
    assert chunks(text)[-1].end <= len(text)


def test_settings_decide_the_lengths() -> None:
    text = "A sentence of some length. " * 4
    assert len(texts(text, settings=ChunkingSettings(target_length=30))) == 4
    assert len(texts(text, settings=ChunkingSettings(target_length=60))) == 2
    assert max(map(len, texts(text, settings=ChunkingSettings(target_length=10, max_length=20)))) <= 20
