"""A thread in Slack as the turns of a conversation."""

from collections.abc import Mapping

import pytest

from rag.answers import Turn
from tests.slack_server import BOT_TOKEN, SlackServer
from tests.ui.slack.test_bot import answered
from ui.slack.blocks import SlackMessage, answer_messages, failure_message
from ui.slack.history import ThreadHistory, thread_turns
from ui.slack.incoming import Identity, read_message
from ui.slack.slack_web import SlackWeb

ME = Identity(user="UBOT", bot="BBOT", team="T1")


def person(text: str, number: int = 1, *, user: str = "UASKER", **fields: object) -> dict[str, object]:
    return {"type": "message", "channel": "C1", "user": user, "text": text, "ts": ts(number), **fields}


def ts(number: int) -> str:
    return f"{1_700_000_000 + number}.000100"


def bot(*messages: SlackMessage) -> list[Mapping[str, object]]:
    return [person(message.text, 99, user="UBOT", bot_id="BBOT", blocks=list(message.blocks)) for message in messages]


def answer(text: str, to: int = 1, *, answer_id: str = "a") -> list[Mapping[str, object]]:
    return bot(*answer_messages(answered("?", text), answer_id=answer_id, question=ts(to), link=lambda _: None))


def test_questions_are_paired_with_their_answers() -> None:
    thread = [
        person("<@UBOT> Who?"), *answer("Aino."), person("Thanks!", 2, user="UOTHER"), person("When?", 3),
        *answer("1933.", 3), person("And where?", 4),
    ]  # fmt: skip
    assert thread_turns(thread, me=ME) == [Turn("Who?", "Aino. [1]"), Turn("When?", "1933. [1]")]


def test_questions_that_are_asked_at_once_keep_their_own_answers() -> None:
    sentence = "This sentence says that the employer pays for it. "
    thread = [
        person("When?", 1), person("Who pays?", 2, user="UOTHER"), *answer(f"{sentence * 80}So be it.", 2),
        *answer("In 1929."), person("And how much?", 3),
    ]  # fmt: skip
    first, second = thread_turns(thread, me=ME)
    assert first == Turn("When?", "In 1929. [1]")
    assert second.question == "Who pays?"
    assert second.answer.replace("\n\n", " ") == f"{sentence * 80}So be it. [1]"


def test_what_is_left_of_an_earlier_try_is_no_part_of_an_answer() -> None:
    thread = [person("When?"), *answer("In 1929.", answer_id="new"), *answer("The end of it.", answer_id="old")]
    assert thread_turns(thread, me=ME) == [Turn("When?", "In 1929. [1]")]


def test_answer_to_a_question_that_was_deleted_is_no_turn() -> None:
    assert thread_turns([person("Lunch?"), *answer("In 1929.", 2)], me=ME) == []


def test_what_people_and_other_bots_say_is_no_question() -> None:
    thread = [
        person("<@UBOT> Who?"), person("<@UOTHER> do you know?", 2), person("Beep", 3, bot_id="BOTHER"),
        person("joined", 4, subtype="channel_join"), *answer("Aino."),
    ]  # fmt: skip
    assert thread_turns(thread, me=ME) == [Turn("Who?", "Aino. [1]")]


def test_failures_and_greetings_are_no_answers() -> None:
    thread = [*bot(failure_message("Ask in any language.")), person("誰？"), *bot(failure_message("失敗しました。")),
              person("誰ですか？", 2), *answer("愛野。", 2)]  # fmt: skip
    assert thread_turns(thread, me=ME) == [Turn("誰ですか？", "愛野。 [1]")]


def test_long_answer_is_one_turn() -> None:
    text = "This sentence says that the law was changed in the year after. " * 60
    [turn] = thread_turns([person("When?"), *answer(text.strip())], me=ME)
    assert turn.answer.replace("\n\n", " ") == f"{text.strip()} [1]"


def test_edited_question_is_still_one() -> None:
    thread = [person("Who?", edited={"ts": "1"}), *answer("Aino.")]
    assert thread_turns(thread, me=ME) == [Turn("Who?", "Aino. [1]")]


def test_last_ten_turns_are_kept() -> None:
    thread = [entry for number in range(12) for entry in (person(f"{number}?", number), *answer(f"{number}.", number))]
    assert [turn.question for turn in thread_turns(thread, me=ME)] == [f"{number}?" for number in range(2, 12)]


@pytest.mark.anyio
async def test_thread_is_read_in_pages_and_once_for_a_message(slack: SlackServer) -> None:
    root = slack.say("C1", "Who?")
    for number in range(450):
        slack.say("C1", f"{number}", thread=root["ts"])
    asked = read_message(slack.say("C1", "<@UBOT> And when?", thread=root["ts"]), team="T1", me=ME)
    slack.say("C1", "later", thread=root["ts"])
    assert asked is not None
    history = ThreadHistory(SlackWeb(BOT_TOKEN, url=slack.api_url))
    assert not await history.has_part(asked, me=ME)
    assert await history.turns(asked, me=ME) == []
    assert slack.count("conversations.replies") == 3


@pytest.mark.anyio
async def test_thread_without_the_bot_is_not_read_for_every_message(slack: SlackServer) -> None:
    root = slack.say("C1", "Lunch?")
    history = ThreadHistory(SlackWeb(BOT_TOKEN, url=slack.api_url))
    for text in ("Yes", "No", "Perhaps"):
        message = read_message(slack.say("C1", text, thread=root["ts"]), team="T1", me=ME)
        assert message is not None
        assert not await history.has_part(message, me=ME)
    assert slack.count("conversations.replies") == 1
    mention = read_message(slack.say("C1", "<@UBOT> and you?", thread=root["ts"]), team="T1", me=ME)
    assert mention is not None
    history.noticed(mention)
    after = read_message(slack.say("C1", "Well?", thread=root["ts"]), team="T1", me=ME)
    assert after is not None
    assert await history.has_part(after, me=ME)
