"""What the bot says besides answers."""

import tomllib
from pathlib import Path

import pytest

import ui.slack.sentences
from ui.messages import all_messages
from ui.slack.sentences import Sentence, language_of, sentence

OWN = tomllib.loads(Path(ui.slack.sentences.__file__).with_name("sentences.toml").read_text(encoding="utf-8"))


def test_own_sentences_are_there_in_every_language_of_the_interface() -> None:
    assert {name: set(sentences) for name, sentences in OWN.items()} == {
        name: set(all_messages()) for name in ("not_here", "too_long", "too_old")
    }


@pytest.mark.parametrize("which", list(Sentence), ids=str)
def test_every_sentence_is_translated(which: Sentence) -> None:
    said = {language: sentence(which, language=language) for language in all_messages()}
    assert all(said.values())
    assert len(set(said.values())) == len(said)


def test_language_without_sentences_is_spoken_to_in_english() -> None:
    assert sentence(Sentence.NOT_HERE, language="is") == "I do not answer questions in this channel."
    assert sentence(Sentence.NOT_HERE, language="zh-Hant") == "我不在此频道回答问题。"


def test_language_is_that_of_the_message_or_else_of_the_interface() -> None:
    assert language_of("Milloin laki annettiin?", interface="de") == "fi"
    assert language_of("", interface="de") == "de"
