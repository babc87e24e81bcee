"""What only one person sees: `/ask`, the shortcut of a message, thanks for a rating."""

from pathlib import Path
from typing import Any

import pytest

from index.filters import DocumentFilter
from rag.answers import Failed
from rag.errors import ChatModelError
from tests.fakes import ScriptedAssistant
from tests.slack_server import BOT_ID, SlackServer
from tests.ui.slack.conftest import GatedAssistant, Process, running_bot, until
from tests.ui.slack.test_bot import answered, assistant_with, has_answer, settled, shown
from ui.feedback import FeedbackStore, Rating
from ui.slack.blocks import answer_text
from ui.slack.channels import ChannelRules

pytestmark = pytest.mark.anyio


def command(slack: SlackServer, text: str, *, channel: str = "C1") -> dict[str, str]:
    return {
        "command": "/ask", "text": text, "user_id": "UASKER", "channel_id": channel, "team_id": "T1",
        "trigger_id": "1.2", "response_url": f"{slack.url}/respond/1",
    }  # fmt: skip


def shortcut(slack: SlackServer, text: str) -> dict[str, Any]:
    return {
        "type": "message_action", "callback_id": "ask_about_message", "trigger_id": "1.2",
        "user": {"id": "UASKER"}, "channel": {"id": "C1"}, "team": {"id": "T1"},
        "message": {"type": "message", "user": "UOTHER", "ts": "1.1", "text": text},
        "response_url": f"{slack.url}/respond/1",
    }  # fmt: skip


async def test_ask_is_acknowledged_while_the_answer_is_slow(slack: SlackServer, tmp_path: Path) -> None:
    assistant = GatedAssistant({"Milloin laki annettiin?": answered("Milloin laki annettiin?", "Vuonna 1875.")})
    async with running_bot(slack, tmp_path, assistant) as bot:
        response = await bot.send_form(command(slack, "Milloin laki annettiin?"))
        assert response.status_code == 200
        assert response.json()["response_type"] == "ephemeral"
        assert "🔎 Milloin laki annettiin?" in shown(response.json())
        await until(assistant.at_gate.is_set)
        assert slack.responses == []
        assistant.gate.set()
        await until(lambda: slack.responses)
        await settled(bot)
    [told] = slack.responses
    assert told["response_type"] == "ephemeral"
    assert answer_text(told) == "Vuonna 1875. [1]"
    assert slack.messages["C1"] == []


async def test_ask_that_fails_says_so(slack: SlackServer, tmp_path: Path) -> None:
    failed = Failed("今は答えられません。", ChatModelError("The server is gone."))
    async with running_bot(slack, tmp_path, ScriptedAssistant({"いつ？": failed})) as bot:
        await bot.send_form(command(slack, "いつ？"))
        await until(lambda: slack.responses)
    assert "今は答えられません。" in shown(slack.responses[0])


@pytest.mark.parametrize(
    ("channel", "text", "said"),
    [("C1", "", "Ask in any language."), ("C9", "When?", "I do not answer questions in this channel.")],
    ids=["nothing", "elsewhere"],
)
async def test_ask_without_an_answer_says_why(
    slack: SlackServer, tmp_path: Path, channel: str, text: str, said: str
) -> None:
    rules = ChannelRules(channels={"C9": None})
    async with running_bot(slack, tmp_path, assistant_with(), rules=rules) as bot:
        await bot.send_form(command(slack, text, channel=channel))
        await until(lambda: slack.responses)
    assert said in shown(slack.responses[0])


async def test_long_answer_to_ask_comes_in_as_many_responses_as_slack_takes(slack: SlackServer, tmp_path: Path) -> None:
    text = ("This sentence says that the law was changed in the year after. " * 250).strip()
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", text))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: slack.responses)
        await settled(bot)
    assert len(slack.responses) == 4
    assert [told["replace_original"] for told in slack.responses] == [False] * 4


async def test_acknowledgement_echoes_the_question_as_it_was_written(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        echo = (await bot.send_form(command(slack, "Does &lt;!channel&gt; hold for *A* &amp; <#C1|general>?"))).json()
        nothing = await bot.send_form(command(slack, " "))
        await until(lambda: len(slack.responses) == 2)
    words = "🔎 Does <!channel> hold for *A* & #general?"
    [block] = echo["blocks"]
    assert block["elements"] == [{"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}]
    assert echo["text"] == "🔎 Does &lt;!channel&gt; hold for ∗A∗ &amp; #general?"
    assert (nothing.status_code, nothing.text) == (200, "")


async def test_shortcut_answers_the_message_from_the_channels_documents(slack: SlackServer, tmp_path: Path) -> None:
    hr = DocumentFilter(folders=frozenset({"hr"}))
    assistant = assistant_with(answered("Does <b> & c hold for #general?", "Yes."))
    async with running_bot(slack, tmp_path, assistant, rules=ChannelRules(channels={"C1": hr})) as bot:
        text = "Does &lt;b&gt; &amp; c hold for <#C1|general>?"
        response = await bot.send_interaction(shortcut(slack, text))
        assert (response.status_code, response.text) == (200, "")
        await until(lambda: slack.responses)
    assert answer_text(slack.responses[0]) == "Yes. [1]"
    assert slack.responses[0]["replace_original"] is False
    assert assistant.filters == [hr]


def pressed(slack: SlackServer, message: dict[str, Any], rating: str, *, user: str, hidden: bool) -> dict[str, Any]:
    """The press of one of Slack's own feedback buttons."""
    [buttons] = [block for block in message["blocks"] if block["type"] == "context_actions"]
    side = "positive_button" if rating == "good" else "negative_button"
    value = buttons["elements"][0][side]["value"]
    return {
        "type": "block_actions", "user": {"id": user}, "team": {"id": "T1"}, "channel": {"id": "C1"},
        "container": {"type": "message", "channel_id": "C1", "is_ephemeral": hidden, "message_ts": "1.1"},
        "message": {"ts": message.get("ts"), "thread_ts": message.get("thread_ts"), "bot_id": BOT_ID},
        "actions": [{"type": "feedback_buttons", "action_id": "answer_feedback", "value": value}],
        "response_url": f"{slack.url}/respond/2", "trigger_id": "1.2",
    }  # fmt: skip


async def rated(slack: SlackServer, bot: Process, message: dict[str, Any], rating: str, user: str = "UASKER") -> None:
    thanked = len(slack.ephemeral)
    response = await bot.send_interaction(pressed(slack, message, rating, user=user, hidden=False))
    assert response.status_code == 200
    await until(lambda: len(slack.ephemeral) > thanked)


async def test_rating_is_kept_for_each_person_and_can_be_changed(slack: SlackServer, tmp_path: Path) -> None:
    slack.locales["UASKER"] = "fi-FI"
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("C1", "<@UBOT> When?"))
        await until(lambda: has_answer(slack, "C1"))
        await settled(bot)
    async with running_bot(slack, tmp_path, assistant) as bot:  # another process knows the answer as well
        [message] = slack.own("C1")
        await rated(slack, bot, message, "good")
        await rated(slack, bot, message, "bad")
        await rated(slack, bot, message, "good", user="UOTHER")
    feedback = FeedbackStore(tmp_path).all()
    assert sorted(entry.rating for entry in feedback) == [Rating.BAD, Rating.GOOD]
    assert {(entry.question, entry.answer, entry.channel) for entry in feedback} == {("When?", "In 1875. [1]", "slack")}
    assert {quote.quote for entry in feedback for quote in entry.citations} == {"It was in 1875."}
    assert [told["user"] for told in slack.ephemeral] == ["UASKER", "UASKER", "UOTHER"]
    assert "Kiitos" in shown(slack.ephemeral[0])
    assert slack.ephemeral[0]["thread_ts"] == message["thread_ts"]


async def test_answer_that_only_one_sees_can_be_rated(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: slack.responses)
        await bot.send_interaction(pressed(slack, slack.responses[0], "bad", user="UASKER", hidden=True))
        await until(lambda: len(slack.responses) == 2)
    assert [entry.rating for entry in FeedbackStore(tmp_path).all()] == [Rating.BAD]
    assert "Thank you" in shown(slack.responses[1])
    assert slack.responses[1]["replace_original"] is False


async def test_rating_of_a_forgotten_answer_is_not_thanked_for(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send(slack.say("C1", "<@UBOT> When?"))
        await until(lambda: has_answer(slack, "C1"))
        await settled(bot)
    async with running_bot(slack, tmp_path / "other", assistant_with()) as bot:
        await rated(slack, bot, slack.own("C1")[0], "good")
    assert "too old to be rated" in shown(slack.ephemeral[0])


REFUSAL = '{"ok":false,"error":"invalid_blocks"}'


@pytest.mark.parametrize(
    "refused", [(400, "invalid_blocks"), (400, REFUSAL), (200, "invalid_blocks"), (200, REFUSAL)], ids=str
)
async def test_refused_blocks_of_a_private_answer_become_simpler(
    slack: SlackServer, tmp_path: Path, refused: tuple[int, str]
) -> None:
    slack.refused_responses.extend([refused, refused])
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: slack.responses)
    assert slack.responses[0]["blocks"] == []
    assert slack.responses[0]["text"].startswith("In 1875.")


@pytest.mark.parametrize("body", ["", "ok", '{"ok":true}'], ids=["empty", "word", "json"])
async def test_private_answer_that_slack_took_is_not_sent_again(
    slack: SlackServer, tmp_path: Path, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.refused_responses.append((200, body))
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: not slack.refused_responses)
        await settled(bot)
    assert slack.responses == []
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ((200, '{"ok":false,"error":"expired_url"}'), "expired_url"),
        ((200, '{"ok":false}'), "no_answer"),
        ((404, "used_url"), "used_url"),
        ((502, "<html>Bad gateway</html>"), "status_502"),
    ],
    ids=["json", "no-word", "word", "page"],
)
async def test_private_answer_that_slack_refuses_is_logged(
    slack: SlackServer, tmp_path: Path, refusal: tuple[int, str], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.refused_responses.append(refusal)
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: not slack.refused_responses)
        await settled(bot)
    assert slack.responses == []
    assert f"response_url failed: {code}." in caplog.text


async def test_parts_of_a_private_answer_that_slack_took_are_not_repeated(slack: SlackServer, tmp_path: Path) -> None:
    text = ("This sentence says that the law was changed in the year after. " * 60).strip()
    slack.refused_responses.extend([(200, '{"ok":true}'), (200, "invalid_blocks")])
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", text))) as bot:
        await bot.send_form(command(slack, "When?"))
        await until(lambda: slack.responses)
        await settled(bot)
    [told] = slack.responses  # the server keeps only what came after the first part and the refusal of the second
    assert answer_text(told).endswith("[1]")
    assert told["blocks"][-1]["type"] == "actions"


async def test_anything_else_is_acknowledged(slack: SlackServer, tmp_path: Path, caplog: Any) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        await bot.send({"type": "reaction_added", "user": "UASKER"})
        message = {"blocks": [{"type": "context_actions", "elements": [{"positive_button": {"value": "x"}}]}]}
        press = pressed(slack, message, "good", user="UASKER", hidden=False)
        press["actions"][0]["action_id"] = "somebody_elses"
        assert (await bot.send_interaction(press)).status_code == 200
        global_shortcut = {"type": "shortcut", "callback_id": "x", "user": {"id": "UASKER"}, "team": {"id": "T1"}}
        assert (await bot.send_interaction(global_shortcut)).status_code == 200
        await settled(bot)
    assert slack.ephemeral == slack.responses == []
    assert caplog.text == ""
