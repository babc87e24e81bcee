import time

import pytest

from rag.refusal import RefusalFilter


def filtered(pieces: list[str]) -> list[str]:
    reader = RefusalFilter()
    return [*map(reader.read, pieces), reader.close()]


@pytest.mark.parametrize(
    "refusal",
    [
        "NOT_IN_DOCUMENTS",
        " \n**NOT_IN_DOCUMENTS**\n",
        "`NOT\\_IN\\_DOCUMENTS`",
        "NOT_IN_DOCUMENTS. Sorry [1].",
        '"NOT IN DOCUMENTS"',
        "[NOT_IN_DOCUMENTS]",
        "„NOT_IN_DOCUMENTS“",
        "NOT_IN_DOCUMENTS\n\nThe passages are about Lahti.",
        f"{'.' * 100}NOT_IN_DOCUMENTS",
    ],
)
@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_nothing_of_a_refusal_is_given_back(refusal: str, length: int) -> None:
    reader = RefusalFilter()
    pieces = [refusal[at : at + length] for at in range(0, len(refusal), length)]
    assert "".join([*map(reader.read, pieces), reader.close()]) == ""
    assert reader.is_refusal


@pytest.mark.parametrize("length", [1, 3, 100])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lahti is old [1]. NOT_IN_DOCUMENTS", "Lahti is old [1]. "),
        ("Sorry: NOT_IN_DOCUMENTS", "Sorry: "),
        ("NOTHING is NOT_IN_DOC", "NOTHING is NOT_IN_DOC"),
        ("NOT IN", "NOT IN"),
        (f"{'.' * 101}NOT_IN_DOCUMENTS", "." * 101),
        ("NO. NOT IN DOUBT", "NO. NOT IN DOUBT"),
        ("", ""),
        ("*N", "*N"),
    ],
)
def test_the_word_is_dropped_from_the_rest_of_a_text(text: str, expected: str, length: int) -> None:
    reader = RefusalFilter()
    given = "".join(reader.read(text[at : at + length]) for at in range(0, len(text), length)) + reader.close()
    assert given == expected
    assert not reader.is_refusal


def test_text_that_is_no_refusal_is_not_held_back() -> None:
    assert filtered(["La", "hti ", "is", " N", "o"]) == ["La", "hti ", "is", " ", "No", ""]


@pytest.mark.parametrize("text", [". " * 10_000, "[" * 20_000, "N" * 20_000])
def test_a_model_that_repeats_itself_without_end_is_read_in_time(text: str) -> None:
    start = time.perf_counter()
    assert "".join(filtered(list(text))) == text
    assert time.perf_counter() - start < 2
