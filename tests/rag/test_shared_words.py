import pytest

from index.function_words import is_function_word
from rag.shared_words import content_terms, shared_words


@pytest.mark.parametrize(
    ("text", "other", "shared"),
    [
        ("The bridges were opened.", "When was the bridge opened?", {"bridge", "opened", "brid", "open"}),
        ("Die Brücke wurde eröffnet.", "Wann wurde die Brücke gebaut?", {"Brücke", "Brüc"}),
        ("図書館は開館した。", "図書館はいつ開館しましたか？", {"図書", "書館", "館は", "開館", "館し", "した"}),
        ("สะพานเก่า", "สะพานอยู่ที่ไหน", {"สะพาน", "สะพา"}),
        ("افتتح الجسر", "متى افتتح الجسر؟", {"افتتح", "افتت", "الجسر", "جسر"}),
        ("Nothing alike.", "Who is it?", set()),
    ],
)
def test_words_and_their_stems_are_found_where_they_stand(text: str, other: str, shared: set[str]) -> None:
    assert {text[start:end] for start, end in shared_words(text, other)} == shared


def test_function_words_and_sounds_are_no_content() -> None:
    assert content_terms("The Turku of it") == {"turku", "turk"}
    assert is_function_word("The")
    assert not is_function_word("Turku")
