"""Text in Slack's markups: shown as it is, and active nowhere."""

import random
import re

import pytest

from tests.ui.slack.hostile_slack import PAYLOADS, hostile_text
from tests.ui.slack.slack_limits import active_in_mrkdwn
from ui.plain import printable
from ui.slack.mrkdwn import escaped, streamed_markdown, streamed_text

_LOOK_ALIKES = str.maketrans({"∗": "*", "ˍ": "_", "∼": "~", "ˋ": "`", "∶": ":", "›": ">", "＠": "@"})


def read_back(text: str) -> str:
    """What a reader takes the escaped text for."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_LOOK_ALIKES)


def shown_by_markdown(text: str) -> str:
    """What Markdown shows of our escapes."""
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text.replace("\u2060", ""))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.mark.parametrize("payload", PAYLOADS, ids=[f"payload-{number}" for number in range(len(PAYLOADS))])
def test_nothing_is_active_in_escaped_text(payload: str) -> None:
    for text in (payload, f"a {payload} b", f"日{payload}本", f"a\n{payload}\n{payload}", payload * 3):
        assert active_in_mrkdwn(escaped(text)) == []
        assert read_back(escaped(text)) == printable(text.replace("\u2028", "\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("call @channel, mail a@b.example", "call ＠channel, mail a@b.example"),
        ("*a* snake_case_name 2*3*4 _b_", "∗a∗ snake_case_name 2*3*4 ˍbˍ"),
        ("`a`", "ˋaˋ"),
        ("a :tada: 12:30", "a ∶tada: 12:30"),
        ("> a\n >> b > c", "› a\n ›› b &gt; c"),
        ("مرحبا، ٣ كتب [1]", "مرحبا، ٣ كتب [1]"),
        ("日本語。[1]「引用」", "日本語。[1]「引用」"),
        ("Hyvää: päivää – “näin” [1].", "Hyvää: päivää – “näin” [1]."),
    ],
)
def test_only_what_could_be_markup_is_changed(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_any_mixture_of_hostile_texts_is_inactive_and_short_enough() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    for _ in range(120):
        text = streamed_text(hostile_text(chance, longest=12))
        assert active_in_mrkdwn(text) == []
        assert len(text.encode()) <= 3800


def test_a_long_text_ends_at_a_word_with_an_ellipsis() -> None:
    text = streamed_text("Sana on tässä. " * 1000)
    assert text.endswith(("Sana…", "on…", "tässä.…"))
    assert 3700 < len(text.encode()) <= 3800


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A sentence [1].", r"A sentence \[1\]."),
        ("*a* _b_ ~~c~~ `d`", r"\*a\* \_b\_ \~\~c\~\~ \`d\`"),
        ("<!here> & [x](y)", r"&lt;!here&gt; &amp; \[x\]\(y\)"),
        ("# a\n- b\n  + c\n1. d\n2) e\n=", "\\# a\n\\- b\n  \\+ c\n1\\. d\n2\\) e\n\\="),
        ("C# - 1.5", "C# - 1.5"),
        (
            "see https://a.example/b_c?d=1&e, or www.b.example.",
            "see `https://a.example/b_c?d=1&e`, or `www.b.example`.",
        ),
        ("a :tada: 12:30", "a :\u2060tada: 12:30"),
        (r"\*", r"\\\*"),
    ],
)
def test_markdown_of_a_stream_shows_the_text_as_it_is(text: str, expected: str) -> None:
    assert streamed_markdown(text, complete=True) == expected


def test_a_longer_beginning_goes_on_where_a_shorter_one_ended() -> None:
    chance = random.Random(11)  # noqa: S311 - no secret
    for _ in range(150):
        text = hostile_text(chance, longest=6)[:1500]
        sent = ""
        for end in sorted(chance.randint(0, len(text)) for _ in range(12)):
            now = streamed_markdown(text[:end])
            assert now.startswith(sent)
            sent = now
        assert streamed_markdown(text, complete=True).startswith(sent)


def test_markdown_holds_every_character_and_no_token() -> None:
    chance = random.Random(13)  # noqa: S311 - no secret
    for _ in range(150):
        text = hostile_text(chance, longest=6)
        written = streamed_markdown(text, complete=True)
        outside = re.sub(r"(?<!\\)`[^`]*`", "", written)  # addresses are code
        assert not re.search(r"[<>]", outside)
        assert not re.search(r"(?<!\\)(?:\\\\)*[*_~\[|{(]", re.sub(r"\\.", "", outside))
        assert not re.search(r":[^\s:\u2060][^\s:]*:", outside)
        assert shown_by_markdown(written).replace("`", "") == printable(text.replace("\u2028", "\n")).replace("`", "")


def test_the_end_of_a_stream_is_held_back_until_it_is_decided() -> None:
    assert streamed_markdown("See https://a.exam") == "See "
    assert streamed_markdown("See https://a.example now") == "See `https://a.example` "
    assert streamed_markdown("日本語のhttps") == "日本語の"
    assert streamed_markdown("日本語の文") == "日本語の文"
    assert streamed_markdown("a\n") == "a\n"
    assert streamed_markdown("a :了") == "a "
