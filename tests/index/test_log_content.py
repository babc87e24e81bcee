"""Words that are not for the log."""

import pytest

from index.errors import EmbeddingError, FootnoteError, StoreError
from index.log_content import Content, described


@pytest.mark.parametrize(
    "text", ["Wann fiel die Mauer?", "متى سقط الجدار؟", "壁はいつ崩壊しましたか？"], ids=["de", "ar", "ja"]
)
def test_content_shows_only_how_long_it_is(text: str) -> None:
    expected = f"<{len(text)} characters>"
    assert [str(Content(text)), repr(Content(text)), f"{Content(text)}"] == [expected, expected, expected]


def test_an_error_is_described_without_what_a_server_said() -> None:
    error = FootnoteError("The model refused (HTTP 400: bad prompt 'Kuka?'). Check the model.")
    error.content = "bad prompt 'Kuka?'"
    assert described(error) == "The model refused (HTTP 400: <18 characters>). Check the model."


def test_what_a_cause_said_is_left_out_too() -> None:
    cause = FootnoteError("HTTP 400: bad text")
    cause.content = "bad text"
    error = EmbeddingError("Nothing was embedded (HTTP 400: bad text).")
    error.__cause__ = cause
    assert described(error) == "Nothing was embedded (HTTP 400: <8 characters>)."


def test_an_error_of_our_own_words_stays_as_it_is() -> None:
    assert described(StoreError("The disk is full.")) == "The disk is full."
