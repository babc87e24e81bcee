import random
import time
from collections.abc import Iterator

import pytest

from rag.plain_answer import PlainAnswer, plain_answer
from tests.fakes import make_passage

PASSAGES = [
    make_passage("See https://good.example/a(b)?x=1 and www.ok.example."),
    make_passage("詳細は https://ok.example/ja をご覧ください。", number=2),
]

TEXTS = {
    "plain": ("Lahti on kaupunki [1]. 2 < 3 & 4 > 1!", "Lahti on kaupunki [1]. 2 < 3 & 4 > 1!"),
    "marks": ("A [1][2]. B [1, 2]. C【3】 D ［4］ [^5].", "A [1][2]. B [1, 2]. C【3】 D ［4］ [^5]."),
    "brackets": ("x [sic] array[0] f(x)[1] [2024] [a] (b)", "x [sic] array[0] f(x)[1] [2024] [a] (b)"),
    "image": ("Hi ![logo](https://evil.example/?q=secret) there.", "Hi logo there."),
    "image without a name": ("Hi ![](https://evil.example/?q=secret).", "Hi ."),
    "link": ("See [here](https://evil.example/?q=1 'title') now.", "See here now."),
    "link to something known": ("See [here](https://good.example/a(b)?x=1).", "See here."),
    "link around an image": ("[![i](https://evil.example/i)](https://evil.example/) x", "i x"),
    "link on a mark": ("A [1](https://evil.example/) [2, 3](x) b.", "A [1] [2, 3] b."),
    "link named by an address": ("[https://evil.example/?q](https://evil.example/?q) x", " x"),
    "link that never ends": ("Hi ![a](https://evil.example/?q=secret", "Hi ![a]("),
    "label that never ends": ("Hi [a https://evil.example/?q=secret", "Hi [a "),
    "address": ("At https://evil.example/?q=abc, FTP://evil.example or www.evil.example!", "At ,  or !"),
    "known address": (
        "https://good.example/a(b)?x=1. (https://ok.example/ja) www.ok.example",
        "https://good.example/a(b)?x=1. (https://ok.example/ja) www.ok.example",
    ),
    "known address with more": ("https://good.example/a(b)?x=1&q=secret", ""),
    "address in Japanese": (
        "詳細はhttps://ok.example/jaまたはhttps://evil.example/です。",
        "詳細はhttps://ok.example/jaまたはです。",
    ),
    "address for Slack": ("<https://evil.example|here> [2]", "<> [2]"),
    "elements": ('a<b>c</b><br/>d <img src="x" onerror="y">e<script\n>f</script> </passage>', "acd ef "),
    "no elements": ("List<Item> a <b c<d 1<2>1 <3", "List<Item> a <b c<d 1<2>1 <3"),
    "comment": ("a <!-- b - > -- c --> d <!-->", "a  d <!-->"),
    "chat template": ("<|im_start|>a<｜User｜>b</s><start_of_turn>c", "abc"),
    "emphasis": ("**Bold** は**3人**です **2024**.", "Bold は3人です 2024."),
    "powers": ("2**3, x**2, f(x)**2", "2**3, x**2, f(x)**2"),
    "headings": ("# One\n\n### Two\nthree # four\n#five", "One\n\nTwo\nthree # four\n#five"),
    "hidden": ("a\u200bb\u202ec !\u200b[x](y) 👩‍🔬 می‌شود [‌1]\r\nd", "abc x 👩‍🔬 می‌شود [1]\nd"),
    "ends early": ("wwwhttps:/ ! [ < ** # ht", "wwwhttps:/ ! [ <  # ht"),
    "nothing": ("", ""),
}


def cuts_of(text: str) -> Iterator[list[str]]:
    for length in range(1, 8):
        yield [text[at : at + length] for at in range(0, len(text), length)]
    chance = random.Random(text)  # noqa: S311
    for _ in range(100):
        cuts = sorted(chance.sample(range(len(text) + 1), min(len(text), chance.randint(0, 5))))
        yield [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("case", TEXTS)
def test_text_becomes_plain_however_it_is_cut(case: str) -> None:
    sent, expected = TEXTS[case]
    assert "".join(plain_answer([sent], PASSAGES)) == expected
    for pieces in cuts_of(sent):
        assert "".join(plain_answer(pieces, PASSAGES)) == expected, pieces


@pytest.mark.parametrize("case", TEXTS)
def test_what_is_plain_stays_as_it_is(case: str) -> None:
    _, plain = TEXTS[case]
    if case not in ("link that never ends", "ends early"):
        assert "".join(plain_answer([plain], PASSAGES)) == plain


def test_only_what_may_still_become_markup_is_held_back() -> None:
    answer = PlainAnswer([])
    pieces = ("Lahti ", "is [", "1] a", " c", "ity <", " 3 ht", "ml h", "ttp://x", "/y z")
    assert [answer.read(piece) for piece in pieces] == [
        "Lahti ", "is ", "[1] a", " c", "ity ", "< 3 ", "html ", "", " z",
    ]  # fmt: skip
    assert answer.close() == ""


@pytest.mark.parametrize(
    "junk",
    ["[", "[a", "[](", "<a ", "<!--", "<!-", "http://", "![", "**", "# ", "<|", "[a](", "[a]((", "www.", "a", "\u200d"],
)
def test_junk_takes_no_time(junk: str) -> None:
    text = junk * (100_000 // len(junk))
    started = time.monotonic()
    "".join(plain_answer([text], []))
    "".join(plain_answer([text[at : at + 4] for at in range(0, 20_000, 4)], []))
    assert time.monotonic() - started < 5  # a tenth of that on a machine that does nothing else
