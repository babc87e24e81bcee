import random
import re
import time

import pytest

from rag.marks import Mark, MarkReader, WrittenMark, find_marks

ALPHABET = [
    *"[]【】［］()`/: \n1290,-–٣①^†aé",
    "```",
    "https://a.b",
    "[1]",
    "［２］",
    "`x[1]`",
    "[3-5]",
    "?q[1]=",
    "です",
]


def read(pieces: list[str]) -> list[str | Mark]:
    reader = MarkReader()
    parts = [part for piece in pieces for part in reader.read(piece)] + reader.close()
    joined: list[str | Mark] = []
    for part in parts:
        if joined and isinstance(part, str) and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a [1] b", ["a ", Mark((1,)), " b"]),
        ("a [1, 3] b", ["a ", Mark((1, 3)), " b"]),
        ("a【2†source】", ["a", Mark((2,))]),
        ("[2-4]", [Mark((2, 3, 4))]),
        ("`row[1]` [2]", ["`row[1]` ", Mark((2,))]),
        ("``a`[1]`` [2]", ["``a`[1]`` ", Mark((2,))]),
        ("a ` b [1]\n` [2]", ["a ` b ", Mark((1,)), "\n` ", Mark((2,))]),
        ("```\nx[1]\n```\n[2]", ["```\nx[1]\n```\n", Mark((2,))]),
        ("```x[1]``` [2]", ["```x[1]``` ", Mark((2,))]),
        ("```py\nx[1]", ["```py\nx[1]"]),
        ("https://a.example/[1] [2]", ["https://a.example/[1] ", Mark((2,))]),
        ("https://a.example/x[1]/y [2]", ["https://a.example/x[1]/y ", Mark((2,))]),
        ("https://a.example[1].", ["https://a.example", Mark((1,)), "."]),
        ("https://a.example[1", ["https://a.example[1"]),
        ("[1](https://a.example/[2])", [Mark((1,)), " (https://a.example/[2])"]),
        ("x[1.2] [sic] [2024] [1a]", ["x[1.2] [sic] [2024] [1a]"]),
        ("`" * 250 + " [1]", ["`" * 250 + " [1]"]),
        ("a " + "`" + "b" * 250 + " [1]", ["a `" + "b" * 250 + " ", Mark((1,))]),
    ],
)
def test_marks_are_told_from_what_stands_between_them(text: str, parts: list[str | Mark]) -> None:
    assert read([text]) == parts
    assert read(list(text)) == parts


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("a [1].[12]", [WrittenMark(2, 5, 1), WrittenMark(6, 10, 12)]),
        ("`row[1]` [2]", [WrittenMark(9, 12, 2)]),
        ("```\nx[1]\n\ny[1]\n```\n[2]", [WrittenMark(19, 22, 2)]),
        ("https://a.example/?x[1]=2 [2]", [WrittenMark(26, 29, 2)]),
        ("https://a.example[1].", [WrittenMark(17, 20, 1)]),
        ("[2011] [sic] [1, 2] [1", []),
    ],
)
def test_marks_of_a_finished_answer_are_found_where_they_stand(text: str, marks: list[WrittenMark]) -> None:
    assert find_marks(text) == marks


def test_marks_do_not_depend_on_where_the_text_was_cut() -> None:
    source = random.Random(3)  # noqa: S311 - the same texts in every run
    for _ in range(1500):
        text = "".join(source.choices(ALPHABET, k=source.randint(0, 30)))
        places = sorted(source.choices(range(len(text) + 1), k=6))
        pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
        assert read(pieces) == read(list(text)) == read([text]), text


def test_text_outside_code_and_addresses_holds_no_mark_once_the_marks_are_gone() -> None:
    source = random.Random(4)  # noqa: S311 - the same texts in every run
    for _ in range(1500):
        text = "".join(source.choices("[]［］19 ,-^a", k=source.randint(0, 20)))
        left = "".join(part for part in read([text]) if isinstance(part, str))
        assert not re.search(r"[\[［]\s*\d{1,3}\s*[\]］]", left), text


@pytest.mark.parametrize("junk", ["`", "[`", "://[", "[", "a `b ", "https://a[1", "```\n"])
def test_junk_is_read_in_time(junk: str) -> None:
    start = time.perf_counter()
    read([junk * (50_000 // len(junk))])
    assert time.perf_counter() - start < 5
