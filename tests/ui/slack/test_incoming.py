"""Which events are messages of people, and what they say."""

import pytest

from ui.slack.incoming import Identity, plain_text, read_message

ME = Identity(user="UBOT", bot="BBOT", team="T1")
MESSAGE = {"type": "message", "channel": "C1", "ts": "1700000001.000100", "user": "UASKER", "text": "Hello"}


@pytest.mark.parametrize(
    ("marked_up", "plain"),
    [
        ("<@UBOT> When?", "When?"),
        ("When, <@UBOT>?", "When, ?"),
        ("<@UBOT|footnote> When?", "When?"),
        ("ask <@UOTHER|aino> or <@UTHIRD>", "ask @aino or"),
        ("in <#C2|general> and <#C3>", "in #general and"),
        ("see <https://example.org/a?b=1&amp;c=2|the page>", "see the page"),
        ("see <https://example.org/a?b=1&amp;c=2>", "see https://example.org/a?b=1&c=2"),
        ("<!here> <!subteam^S1|@staff> <!date^1392734382^{date}|18 Feb>", "@staff 18 Feb"),
        ("a &lt;b&gt; &amp; c &amp;lt;", "a <b> & c &lt;"),
        ("ما هو <@UBOT>؟", "ما هو ؟"),
    ],
    ids=["mention", "inside", "label", "others", "channels", "link", "address", "groups", "entities", "ar"],
)
def test_markup_becomes_plain_text(marked_up: str, plain: str) -> None:
    assert plain_text(marked_up, me=ME) == plain


def test_message_is_read() -> None:
    read = read_message({**MESSAGE, "thread_ts": "1700000000.000100"}, team="T1", me=ME)
    assert read is not None
    assert (read.channel, read.ts, read.thread, read.user, read.text) == (
        "C1", "1700000001.000100", "1700000000.000100", "UASKER", "Hello",
    )  # fmt: skip
    assert (read.in_thread, read.direct, read.mentions_bot, read.mentions_others) == (True, False, False, False)


@pytest.mark.parametrize(
    "change",
    [
        {"user": "UBOT"}, {"bot_id": "BBOT"}, {"bot_id": "BOTHER"}, {"user": "USLACKBOT"}, {"user": None},
        {"subtype": "message_changed"}, {"subtype": "message_deleted"}, {"subtype": "channel_join"},
        {"subtype": "bot_message"}, {"hidden": True}, {"ts": None}, {"channel": 3},
    ],
    ids=lambda change: "-".join(f"{name}-{value}" for name, value in change.items())[:30],
)  # fmt: skip
def test_what_no_person_wrote_is_no_message(change: dict[str, object]) -> None:
    assert read_message({**MESSAGE, **change}, team="T1", me=ME) is None


@pytest.mark.parametrize(
    ("text", "bot", "others"),
    [("<@UBOT> you", True, False), ("<@UOTHER> you", False, True), ("<@UBOT> <@UOTHER>", True, True),
     ("<!here> all", False, True), ("<!subteam^S1|@staff>", False, True), ("<!date^1^{date}|x>", False, False)],
    ids=["bot", "other", "both", "all", "group", "date"],
)  # fmt: skip
def test_mentions_are_told_apart(text: str, bot: bool, others: bool) -> None:
    read = read_message({**MESSAGE, "text": text}, team="T1", me=ME)
    assert read is not None
    assert (read.mentions_bot, read.mentions_others) == (bot, others)


@pytest.mark.parametrize(
    ("fields", "edited"), [({}, False), ({"edited": {"ts": "1"}}, True)], ids=["as it was", "edited"]
)
def test_edited_message_is_known_as_one(fields: dict[str, object], edited: bool) -> None:
    read = read_message({**MESSAGE, **fields}, team="T1", me=ME)
    assert read is not None
    assert read.edited is edited


@pytest.mark.parametrize("fields", [{"channel": "D1"}, {"channel_type": "im"}], ids=["id", "type"])
def test_direct_message_is_one(fields: dict[str, object]) -> None:
    read = read_message({**MESSAGE, **fields}, team="T1", me=ME)
    assert read is not None
    assert read.direct
