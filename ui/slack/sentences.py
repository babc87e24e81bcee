"""What the bot says besides answers, in the language of the message it speaks about."""

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path

from rag.answer_language import question_language
from ui.messages import messages_for

_OWN = Path(__file__).with_name("sentences.toml")


class Sentence(StrEnum):
    """Everything the bot may have to say; the names of `ui.messages.Messages`, or of `sentences.toml`."""

    SEARCHING = "searching"
    FAILED = "failed"
    BUSY = "busy"
    THANKS = "thanks"
    INTRODUCTION = "introduction"
    NOT_HERE = "not_here"
    TOO_LONG = "too_long"
    TOO_OLD = "too_old"


def sentence(which: Sentence, *, language: str) -> str:
    """Return a sentence in `language`, in English if it is not translated."""
    own = _own_sentences().get(which)
    if own is None:
        return str(getattr(messages_for(language), which))
    return own.get(language.lower().partition("-")[0], own["en"])


def language_of(text: str, *, interface: str | None) -> str:
    """Name the language of a message; that of its writer's Slack where the message does not tell."""
    return question_language(text[:500], interface=interface)


@cache
def _own_sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(_OWN.read_text(encoding="utf-8"))
