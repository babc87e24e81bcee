import time

import pytest

from rag.visible_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nothing hidden: naïve, ½, ①, 😀.", "Nothing hidden: naïve, ½, ①, 😀."),
        ("a\x00b\x07c\x1b[2Jd\x7fe\x9ff", "abc[2Jdef"),
        ("tab\tand\nline", "tab\tand\nline"),
        (
            "one\r\ntwo\rthree\x0bfour\x0cfive\x85six\u2028seven\u2029eight",
            "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight",
        ),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        ("\u202eturned\u202c \u2066around\u2069 \u200eleft\u200f", "turned around left"),
        ("tag\U000e0041\U000e007f \U000e0100selector\ufe0f", "tag selector"),
        ("filler\u3164\u115f\uffa0", "filler"),
        ("half \ud800 character, no character \ufffe", "half  character, no character "),
        ("replacement \ufffd stays", "replacement \ufffd stays"),
    ],
)
def test_what_nobody_sees_is_dropped(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text",
    ["می‌شود", "क्‍ष और क्‌ष", "ක්‍රියා", "👩‍🔬 👨‍👩‍👧", "👩🏽‍🔬"],
    ids=["Persian", "Hindi", "Sinhala", "emoji", "skin tone"],
)
def test_joiners_stay_where_they_join(text: str) -> None:
    assert visible(text) == text
    parts = [text[:2], text[2:]]
    assert parts[0] + visible(parts[1], before=parts[0]) == text


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_joiners_that_join_nothing_are_dropped(joiner: str) -> None:
    assert visible(f"{joiner}a{joiner}b[{joiner}1{joiner}]【{joiner}１{joiner}】 {joiner}") == "ab[1]【１】 "
    assert visible(f"ک{joiner}{joiner}{joiner}ت") == f"ک{joiner}ت"
    assert visible(f"{joiner}x", before="[") == "x"


def test_long_texts_take_no_time() -> None:
    started = time.monotonic()
    for junk in ("\u200b", "\u200d", "\r", "ک\u200c", "\U000e0041"):
        visible(junk * 100_000)
    assert time.monotonic() - started < 2
