"""The page's sentences: complete, with the same slots everywhere, and chosen by the reader's language."""

from dataclasses import fields
from string import Formatter

import pytest

from ui.messages import (
    ENGLISH,
    EXAMPLE_QUESTIONS,
    MESSAGES,
    Messages,
    language_name,
    messages_for,
    preferred_messages,
)

SENTENCES = [field.name for field in fields(Messages) if field.name != "language"]


def slots(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_the_promised_languages_are_there() -> None:
    assert set(MESSAGES) == {"ar", "de", "en", "es", "fi", "fr", "hi", "ja", "ru", "sv", "zh"}


@pytest.mark.parametrize("language", sorted(MESSAGES))
def test_every_sentence_is_there_with_the_slots_of_the_english_one(language: str) -> None:
    for name in SENTENCES:
        sentence = getattr(MESSAGES[language], name)
        assert sentence.strip(), name
        assert slots(sentence) == slots(getattr(ENGLISH, name)), name


@pytest.mark.parametrize("language", sorted(set(MESSAGES) - {"en"}))
def test_no_sentence_was_left_in_english(language: str) -> None:
    # "Stop" and "Sources" are also words of German and French.
    same = {name for name in SENTENCES if getattr(MESSAGES[language], name) == getattr(ENGLISH, name)}
    assert same <= {"stop", "sources"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [("fi", "fi"), ("fi-FI", "fi"), ("zh-Hant", "zh"), ("zh_CN", "zh"), ("AR", "ar"), ("tlh", "en"), ("", "en")],
)
def test_language_falls_back_to_english(asked: str, given: str) -> None:
    assert messages_for(asked).language == given


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi"),
        ("en;q=0.5, ja", "ja"),
        ("nb-NO, sv;q=0.7, en;q=0.6", "sv"),
        ("de, fr", "de"),
        ("fr;q=0, de;q=0.1", "de"),
        ("tlh, *;q=0.5", "en"),
        ("de;q=much, fr;q=0.3", "fr"),
        (";;,,=", "en"),
        ("", "en"),
    ],
)
def test_page_speaks_the_first_language_it_can(header: str, given: str) -> None:
    assert preferred_messages(header).language == given


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr"), ("ja", "ltr")])
def test_direction(language: str, direction: str) -> None:
    assert messages_for(language).direction == direction


@pytest.mark.parametrize(
    ("language", "shown_in", "name"),
    [
        ("de", "fi", "saksa"),
        ("fi", "ja", "フィンランド語"),
        ("ar", "en", "Arabic"),
        ("zh-Hant", "en", "Traditional Chinese"),
        ("de-AT", "en", "Austrian German"),
        ("und", "en", ""),
        ("", "en", ""),
        ("xx", "en", "xx"),
        ("<script>", "en", "<script>"),
    ],
)
def test_languages_are_named_in_the_language_of_the_reader(language: str, shown_in: str, name: str) -> None:
    assert language_name(language, shown_in=shown_in) == name


def test_examples_are_asked_in_several_languages() -> None:
    assert [example.language for example in EXAMPLE_QUESTIONS] == ["fi", "ja", "de", "en", "ar"]
