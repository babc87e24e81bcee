"""Long answers in pieces: whole sentences, whole characters, marks where they belong."""

import random
from collections.abc import Callable

import pytest
from icu4py.breakers import CharacterBreaker

from rag.marks import find_marks
from tests.ui.slack.hostile_slack import hostile_text
from ui.slack.splitting import shortened, split_spans


def split(text: str, language: str, longest: int) -> list[str]:
    spans = split_spans(text, language, fits=lambda start, end: end - start <= longest)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("language", "sentences", "between"),
    [
        ("en", ["Lahti is in Finland [1].", "Dr. Smith came on 3.5.2020 [2][3].", "“It snows.” [4]"], " "),
        ("fi", ["Se avattiin 3. toukokuuta. [1]", "Lahti on Suomessa [2]."], " "),
        ("ja", ["ラハティはフィンランドにあります。[1]", "「雪が降る。」と彼は言った[2]。"], ""),
        ("ar", ["تقع لاهتي في فنلندا [1].", "هل يتساقط الثلج هناك؟ [2]"], " "),
        ("hi", ["लाहती फ़िनलैंड में है। [1]", "वहाँ बर्फ़ गिरती है। [2]"], " "),
    ],
    ids=["en", "fi", "ja", "ar", "hi"],
)
def test_a_text_is_cut_between_sentences_and_behind_their_marks(
    language: str, sentences: list[str], between: str
) -> None:
    text = between.join(sentences)
    assert split(text, language, max(map(len, sentences))) == sentences
    assert split(text, language, len(text)) == [text]
    assert split(text, language, len(text) - 1) == [between.join(sentences[:-1]), sentences[-1]]


def test_a_text_is_cut_between_paragraphs_where_the_pieces_stay_long_enough() -> None:
    text = "One is here. Two is here.\n\nThree is here. Four."
    assert split(text, "en", 42) == ["One is here. Two is here.", "Three is here. Four."]
    text = "One.\n\nTwo is here. Three is here. Four is here."
    assert split(text, "en", 36) == ["One.\n\nTwo is here. Three is here.", "Four is here."]


def test_a_mark_at_the_start_of_a_line_belongs_to_that_line() -> None:
    assert split("A line is here.\n[1] It says so.", "en", 20) == ["A line is here.", "[1] It says so."]


@pytest.mark.parametrize(
    ("text", "language", "pieces"),
    [
        ("many words without any end at all", "en", ["many words", "without any", "end at all"]),
        ("supercalifragilistic", "en", ["supercalifra", "gilistic"]),
        ("คำถามภาษาไทยไม่มีช่องว่าง", "th", ["คำถามภาษาไทย", "ไม่มีช่อง", "ว่าง"]),
        ("長い日本語の文が句点なしで続く", "ja", ["長い日本語の文が句点なし", "で続く"]),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "en", ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]),
        ("word " + "a\u0301" * 8, "en", ["word", "a\u0301" * 6, "a\u0301" * 2]),
    ],
    ids=["words", "word", "th", "ja", "emoji", "accents"],
)
def test_a_sentence_that_is_too_long_is_cut_where_a_line_may_break_or_between_characters(
    text: str, language: str, pieces: list[str]
) -> None:
    assert split(text, language, 12) == pieces


def test_a_mark_in_a_sentence_that_is_too_long_stays_with_its_word() -> None:
    assert split("some words and more [1] and more", "en", 20) == ["some words and", "more [1] and more"]


def test_where_no_sentence_ends_a_mark_does() -> None:
    clauses = ["ลาห์ตีเป็นเมือง [1]", "ลาห์ตีเป็นเมือง [2][3]", "ลาห์ตีเป็นเมือง [4]"]
    assert split(" ".join(clauses), "th", 36) == clauses


def test_nothing_is_cut_out_of_nothing() -> None:
    assert split("", "en", 5) == []
    assert split(" \n ", "en", 5) == []


LONGEST = (1, 7, 60, 300)


@pytest.mark.parametrize("language", ["en", "ja", "ar", "th", "und"])
def test_pieces_of_any_text_are_short_enough_and_lose_nothing_but_white_space(language: str) -> None:
    chance = random.Random(language)  # noqa: S311 - no secret
    for _ in range(20):
        text = hostile_text(chance, longest=15)[:2500].replace("\ud800", "")
        longest = chance.choice(LONGEST)
        spans = list(split_spans(text, language, fits=lambda start, end, most=longest: end - start <= most))  # type: ignore[misc]  # the default binds the loop's value
        assert all(0 < end - start <= longest for start, end in spans)
        kept = "".join(text[start:end] for start, end in spans)
        assert "".join(kept.split()) == "".join(text.split())
        assert all(text[start:end] == text[start:end].strip() for start, end in spans)
        assert sorted(spans) == spans
        if longest < 60:
            continue
        inner = {start for start, _ in spans}
        characters, offset = set(), 0
        for character in CharacterBreaker(text, "und"):
            characters.add(offset)
            offset += len(character)
        assert inner <= characters
        assert not [mark for mark in find_marks(text) for start in inner if mark.start < start < mark.end]


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("short", 5, "short"),
        ("  short  ", 5, "short"),
        ("many words here", 11, "many words…"),
        ("supercalifragilistic", 6, "super…"),
        ("日本語の文章です", 11, "日本語…"),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 13, "👩‍👩‍👧‍👦…"),
    ],
)
def test_a_text_is_shortened_at_a_word_whatever_its_script(text: str, longest: float, expected: str) -> None:
    assert shortened(text, longest) == expected


@pytest.mark.parametrize("size", [len, lambda text: len(text.encode())], ids=["characters", "bytes"])
def test_a_text_is_shortened_in_any_measure(size: Callable[[str], float]) -> None:
    text = shortened("日本語 words ja sanoja " * 20, 50, size=size)
    assert text.endswith("…")
    assert 30 < size(text) <= 50
