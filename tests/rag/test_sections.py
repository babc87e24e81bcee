import pytest

from rag.sections import Section, find_sections

BODY = "It is paid back when the empty bottle is returned."


def found(text: str, language: str = "en") -> list[tuple[str, bool, str]]:
    return [(each.heading, each.asks, text[each.start : each.end].strip()) for each in find_sections(text, language)]


def test_section_is_what_stands_below_a_heading_up_to_the_next() -> None:
    text = f"Before.\n\n# **Deposit**\n\n{BODY}\n\n## How it is *paid*\n\n{BODY} Twice.\n"
    assert found(text) == [("Deposit", False, BODY), ("How it is paid", False, f"{BODY} Twice.")]


def test_offsets_are_those_of_the_text() -> None:
    text = f"# Deposit\n\n{BODY}"
    assert list(find_sections(text, "en")) == [Section("Deposit", False, len("# Deposit"), len(text))]


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How is the deposit paid back?"),
        ("de", "Wie wird das Pfand erstattet?"),
        ("ja", "預り金はどのように返されますか？"),
        ("ar", "كيف يُعاد مبلغ التأمين؟"),
        ("el", "Πώς επιστρέφεται η εγγύηση;"),
    ],
)
@pytest.mark.parametrize("form", ["## {}", "**{}**", "{}", "- {}"])
def test_question_on_a_line_of_its_own_heads_a_section(language: str, question: str, form: str) -> None:
    text = f"{form.format(question)}\n\n{BODY}\n"
    assert found(text, language) == [(question, True, BODY)]


@pytest.mark.parametrize(
    "text",
    [
        "# Empty\n\n## Next\n\n# Short\n\nNo.\n",
        f"It ends so. Does it?\n\n{BODY}",
        f"そうだ。そうか？\n\n{BODY}",
        f"{BODY} {BODY}",
        "",
    ],
)
def test_what_is_no_heading_or_has_nothing_below_is_left_out(text: str) -> None:
    assert found(text) == []
