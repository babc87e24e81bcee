from dataclasses import replace

import pytest

from rag.answers import Answer, Citation
from rag.document_questions import Candidate, found_candidates, is_answered, stated_questions, topic_candidates
from rag.prompts import about_question
from tests.builders import make_document
from tests.fakes import make_citation, make_passage

BODY = "It is paid back when the empty bottle is returned to a shop."
DEPOSIT = make_document(
    f"{BODY}\n\n## Deposit\n\n{BODY}\n\n## Bottles made of glass\n\n{BODY}\n\n## Who pays for it?\n\n{BODY}\n\n"
    f"## Cans made of metal\n\n{BODY}\n",
    source="deposit.md",
    title="Deposit",
)
ANSWER = Answer("Why?", "en", "So.", True, confidence=0.8)


def cited(*places: tuple[str, int]) -> tuple[Citation, ...]:
    """Footnotes on ten characters of documents."""
    citation = make_citation("It is paid", passage=make_passage(BODY))
    return tuple(replace(citation, document=source, start=start, end=start + 10) for source, start in places)


@pytest.mark.parametrize(
    ("places", "confidence", "expected"),
    [
        ([("a.md", 100)], 0.8, True),
        ([("a.md", 199), ("b.md", 0)], 0.8, True),
        ([("a.md", 150), ("b.md", 0), ("c.md", 0)], 0.8, False),
        ([("a.md", 99)], 0.8, False),
        ([("a.md", 200)], 0.8, False),
        ([("b.md", 150), ("a.md", 150)], 0.8, False),
        ([("a.md", 150)], 0.49, False),
        ([("a.md", 150)], None, False),
        ([], 0.8, False),
    ],
)
def test_question_is_answered_from_the_place_it_is_about(
    places: list[tuple[str, int]], confidence: float | None, expected: bool
) -> None:
    answer = replace(ANSWER, citations=cited(*places), confidence=confidence)
    assert is_answered(Candidate("Why?", "a.md", 100, 200), answer, least=0.5) is expected


def test_question_about_no_place_is_answered_from_anywhere() -> None:
    answer = replace(ANSWER, citations=cited(("b.md", 0), ("c.md", 0), ("d.md", 0)))
    assert is_answered(Candidate("Why?"), answer, least=0.5)


def test_quoted_document_is_asked_about_what_stands_below_the_quote_then_above() -> None:
    start = DEPOSIT.text.index(BODY, DEPOSIT.text.index("Who pays"))
    answer = replace(ANSWER, citations=cited(("deposit.md", start)))
    assert [each.question for each in found_candidates(answer, DEPOSIT)] == [
        about_question("Cans made of metal", "en"),
        about_question("Bottles made of glass", "en"),
    ]


def test_other_document_is_asked_about_its_topic_first() -> None:
    assert [each.question for each in found_candidates(replace(ANSWER, language="de"), DEPOSIT)] == [
        about_question(topic, "de") for topic in ("Deposit", "Bottles made of glass", "Cans made of metal")
    ]


def test_place_of_a_question_is_its_section() -> None:
    (found,) = stated_questions(DEPOSIT)
    assert (found.question, found.document) == ("Who pays for it?", "deposit.md")
    assert DEPOSIT.text[found.start : found.end].strip() == BODY


def test_section_far_into_a_long_document_is_found_in_its_place() -> None:
    text = f"## Beginning of it all\n\n{BODY}\n\n{'Lahti grows. ' * 5000}\n\n## Later changes\n\n{BODY}\n"
    document = make_document(text, source="long.md", title="Long")
    answer = replace(ANSWER, citations=cited(("long.md", text.index("## Later") - 30)))
    (found,) = found_candidates(answer, document)
    assert found.question == about_question("Later changes", "en")
    assert text[found.start : found.end].strip() == BODY


def test_title_that_is_a_file_name_is_no_topic() -> None:
    assert list(topic_candidates(replace(DEPOSIT, title="scan_0012"), language="en")) == []
