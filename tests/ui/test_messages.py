"""The page's sentences: complete, with the same slots everywhere, and chosen by the reader's language."""

import re
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from string import Formatter

import pytest

from ui.messages import Messages, all_messages, english, language_name, messages_for, preferred_messages

LOCALES = Path(__file__).resolve().parents[2] / "ui" / "locales"
LANGUAGES = (
    "ar", "cs", "de", "en", "es", "fa", "fi", "fr", "he", "hi", "it", "ja",
    "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
SENTENCES = [field.name for field in fields(Messages) if field.name != "language"]
# What is written as in English: units, and words that both languages took from the same place.
SAME_AS_ENGLISH = {
    "cs": {"milliseconds"},
    "de": {"milliseconds", "original"},
    "es": {"milliseconds"},
    "fi": {"milliseconds"},
    "fr": {"milliseconds", "sources", "document", "manage_documents", "column_date", "column_actions"}
    | {"conversations", "menu"},
    "it": {"milliseconds", "menu", "password"},
    "nl": {"milliseconds", "filters", "filters_on", "document", "menu"},
    "pl": {"milliseconds", "menu"},
    "pt": {"milliseconds", "menu"},
    "sv": {"milliseconds", "original"},
    "tr": {"milliseconds"},
}
# What a sentence of the language cannot do without; a translation in the wrong file lacks it.
SCRIPTS = {
    "ar": r"[\u0600-\u06ff]",
    "fa": r"[\u0600-\u06ff]",
    "he": r"[\u0590-\u05ff]",
    "hi": r"[\u0900-\u097f]",
    "ja": r"[\u3040-\u30ff\u4e00-\u9fff]",
    "ko": r"[\uac00-\ud7af]",
    "ru": r"[а-яё]",
    "th": r"[\u0e00-\u0e7f]",
    "uk": r"[а-яіїєґ]",
    "zh": r"[\u4e00-\u9fff]",
}


def slots(sentence: str) -> list[tuple[str, str | None, str | None]]:
    """The names in braces with their formats, sorted; each as often as it stands there."""
    found = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(sentence) if name is not None]
    return sorted(found, key=str)


def test_the_promised_languages_are_there() -> None:
    assert tuple(all_messages()) == LANGUAGES
    assert [messages.language for messages in all_messages().values()] == list(LANGUAGES)
    assert {file.name for file in LOCALES.iterdir()} == {f"{language}.toml" for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_has_all_sentences_in_one_order(language: str) -> None:
    assert list(tomllib.loads((LOCALES / f"{language}.toml").read_text(encoding="utf-8"))) == SENTENCES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_with_the_slots_of_the_english_one(language: str) -> None:
    for name in SENTENCES:
        sentence = getattr(all_messages()[language], name)
        assert isinstance(sentence, str), name
        assert sentence == sentence.strip() != "", name
        assert "\n" not in sentence, name
        assert slots(sentence) == slots(getattr(english(), name)), name


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_sentence_was_left_in_english(language: str) -> None:
    sentences = asdict(all_messages()[language])
    # Some write a space that no line breaks at.
    same = {name for name in SENTENCES if sentences[name].replace("\xa0", " ") == getattr(english(), name)}
    assert same == SAME_AS_ENGLISH.get(language, set())


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_every_sentence_is_written_in_the_script_of_its_language(language: str) -> None:
    # `{types}, {megabytes} MB` needs no word of any language.
    foreign = {
        name
        for name, sentence in asdict(all_messages()[language]).items()
        if not re.search(SCRIPTS[language], sentence.lower()) and re.sub(r"\{\w+\}|[\d\W]|MB", "", sentence)
    }
    assert foreign == {"language"}


def test_a_language_that_lacks_a_sentence_or_has_one_too_many_is_refused() -> None:
    sentences = dict.fromkeys(SENTENCES, "x")
    assert Messages(language="fi", **sentences).title == "x"
    with pytest.raises(TypeError, match="'title'"):
        Messages(language="fi", **{name: "x" for name in SENTENCES if name != "title"})
    with pytest.raises(TypeError, match="'unheard_of'"):
        Messages(language="fi", **sentences, unheard_of="x")  # type: ignore[call-arg]


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
        ("uk-UA, ru;q=0.8", "uk"),
        (";;,,=", "en"),
        ("", "en"),
    ],
)
def test_page_speaks_the_first_language_it_can(header: str, given: str) -> None:
    assert preferred_messages(header).language == given


@pytest.mark.parametrize("language", LANGUAGES)
def test_direction(language: str) -> None:
    assert messages_for(language).direction == ("rtl" if language in ("ar", "fa", "he") else "ltr")


@pytest.mark.parametrize(
    ("language", "shown_in", "name"),
    [
        ("de", "fi", "saksa"),
        ("fi", "ja", "フィンランド語"),
        ("ar", "en", "Arabic"),
        ("sv", "uk", "шведська"),
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


@pytest.mark.parametrize("shown_in", LANGUAGES)
def test_every_language_of_the_page_has_a_name_in_every_other(shown_in: str) -> None:
    names = [language_name(language, shown_in=shown_in) for language in LANGUAGES]
    assert len(set(names)) == len(LANGUAGES)
    assert set(names).isdisjoint(LANGUAGES)
