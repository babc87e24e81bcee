import pytest

from rag.markup import is_delimiter_row, plain


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**Bold**, *italic*, __strong__, _slanted_ and ~~old~~.", "Bold, italic, strong, slanted and old."),
        ("***Both*** of [**them**](https://example.org/a_(b) 'title').", "Both of them."),
        ("See [the form](forms/travel.md) or <https://example.org/x>.", "See the form or https://example.org/x."),
        ("![a bridge](bridge.png) opened", "a bridge opened"),
        ("Run `make *all*` twice", "Run make *all* twice"),
        ("``a ` tick``", "a ` tick"),
        (r"\*Not\* emphasis, \_nor\_ this", "*Not* emphasis, _nor_ this"),
        ("One<br>two<br/>three", "One two three"),
        ("Said so.[^12]", "Said so."),
        ("これは**重要**です。", "これは重要です。"),
        ("**Öffnungszeiten:** täglich", "Öffnungszeiten: täglich"),
        ("أهم **نقطة** هنا", "أهم نقطة هنا"),
        ("**สำคัญ**มาก", "สำคัญมาก"),
    ],
)
def test_inline_markdown_is_dropped_and_its_words_stay(markdown: str, shown: str) -> None:
    assert plain(markdown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24", "2*3*4", "snake_case_name", "x_1 and x_2", "about ~5 km or ~6 km", "[2011] and [sic]",
        "a < b > c", "In [7] and [1, 2].", "<script>alert(1)</script> & $x {y} %s \\n", "C# and F#", "a `lonely tick",
        "Preis: 5 €", "「東京」は首都です。", "**", "[text] (no link)",
    ],
)  # fmt: skip
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# A *heading*", "A heading"),
        ("- alone", "alone"),
        ("1. numbered", "1. numbered"),
        ("- one\n- **two**\n  wrapped", "• one\n• two wrapped"),
        ("1. eins\n2. zwei", "1. eins\n2. zwei"),
        ("- [x] done\n- [ ] open", "• done\n• open"),
        ("Three of them:\n\n* a\n* b", "Three of them:\n• a\n• b"),
        ("| Boat | Day |\n|:-----|----:|\n| One | **8 €** |", "Boat · Day\nOne · 8 €"),
        (r"| a \| b | c | |", "a | b · c"),
        ("|---|:-:|", ""),
        ("> quoted\n> twice", "quoted twice"),
        ("```sh\nrm *.txt  # a * b\n```", "rm *.txt  # a * b"),
        ("wrapped\nby hand", "wrapped by hand"),
        ("折り返した\n文です。", "折り返した文です。"),
        ("above\n\n---\n\nbelow", "above\nbelow"),
    ],
)
def test_blocks_become_lines(markdown: str, shown: str) -> None:
    assert plain(markdown) == shown


@pytest.mark.parametrize(
    ("half", "shown"), [("**Closed: on Monday", "Closed: on Monday"), ("on Monday.**", "on Monday.")]
)
def test_half_an_emphasis_at_the_edge_of_a_sentence_is_dropped(half: str, shown: str) -> None:
    assert plain(half) == shown


def test_link_text_in_digits_stays_in_its_brackets() -> None:
    assert plain("So it is.[1](#note-1)") == "So it is.[1]"


@pytest.mark.parametrize(
    "junk", ["*a ", "[", "[a](", "`a ", "**a ", "__a ", "|", "> ", "\\", "<http://", "[[a]", "_a _"]
)
def test_hostile_junk_takes_no_time_to_speak_of(junk: str) -> None:
    text = junk * (20_000 // len(junk))
    assert len(plain(text)) <= len(text)


def test_delimiter_row_is_one_of_hyphens_alone() -> None:
    assert is_delimiter_row("|---|:--:|")
    assert not is_delimiter_row("| a | - |")
