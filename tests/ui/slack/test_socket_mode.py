"""The bot over Socket Mode: a websocket that Slack closes now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from index.errors import SettingsError
from tests.fakes import ScriptedAssistant
from tests.slack_server import APP_TOKEN, BOT_TOKEN, BOT_USER, SlackServer, event_body
from tests.ui.slack.conftest import FAST, until
from tests.ui.slack.test_bot import answered, assistant_with
from ui.answering import Answering
from ui.feedback import FeedbackStore
from ui.slack.blocks import answer_text
from ui.slack.bot import SlackBot
from ui.slack.channels import ChannelRules
from ui.slack.slack_web import SlackWeb
from ui.slack.socket_mode import SocketMode
from ui.slack.sources import OwnAnswers
from ui.slack.state_file import StateFile

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def connected(
    slack: SlackServer,
    home: Path,
    assistant: ScriptedAssistant,
    *,
    bot_token: str = BOT_TOKEN,
    app_token: str = APP_TOKEN,
) -> AsyncIterator[SocketMode]:
    bot = SlackBot(
        SlackWeb(bot_token, url=slack.api_url),
        answers=OwnAnswers(Answering(assistant), feedback=FeedbackStore(home)),
        state=StateFile(home),
        rules=ChannelRules(),
        limits=FAST,
    )
    connection = SocketMode(bot, app_token=app_token, url=slack.api_url, ping_seconds=0.2)
    try:
        assert await connection.open() == BOT_USER
        await until(lambda: slack.connections == 1)
        yield connection
    finally:
        await connection.close(within=5)


async def test_envelope_is_acknowledged_and_answered_once(slack: SlackServer, tmp_path: Path) -> None:
    assistant = assistant_with(answered("متى؟", "في عام 1875.", language="ar"))
    async with connected(slack, tmp_path, assistant):
        body = event_body(slack.say("D1", "متى؟"))
        await asyncio.to_thread(slack.push, "events_api", body, envelope="e1")
        await asyncio.to_thread(slack.push, "events_api", body, envelope="e2", retry_attempt=1)
        await until(lambda: any(answer_text(message) for message in slack.own("D1")))
        await until(lambda: len(slack.acknowledged) == 2)
    assert {told["envelope_id"] for told in slack.acknowledged} == {"e1", "e2"}
    assert [answer_text(message) for message in slack.own("D1")] == ["في عام 1875. [1]"]
    assert len(assistant.asked) == 1


@pytest.mark.parametrize("politely", [True, False], ids=["disconnect", "broken"])
async def test_lost_connection_is_made_again(slack: SlackServer, tmp_path: Path, politely: bool) -> None:
    async with connected(slack, tmp_path, assistant_with(answered("When?", "In 1875."))):
        await asyncio.to_thread(slack.disconnect if politely else slack.break_connections)
        await until(lambda: slack.connections == 2)
        await asyncio.to_thread(slack.push, "events_api", event_body(slack.say("D1", "When?")))
        await until(lambda: any(answer_text(message) for message in slack.own("D1")))


async def test_command_is_acknowledged_with_the_question(slack: SlackServer, tmp_path: Path) -> None:
    async with connected(slack, tmp_path, assistant_with(answered("When?", "In 1875."))):
        command = {
            "command": "/ask",
            "text": "When?",
            "user_id": "UASKER",
            "channel_id": "C1",
            "team_id": "T1",
            "response_url": f"{slack.url}/respond/1",
        }
        await asyncio.to_thread(slack.push, "slash_commands", command)
        await until(lambda: slack.responses)
    payload = slack.acknowledged[0]["payload"]
    assert (payload["text"], payload["response_type"]) == ("🔎 When?", "ephemeral")


@pytest.mark.parametrize(
    ("bot_token", "app_token", "variable"),
    [("xoxb-wrong", APP_TOKEN, "SLACK_BOT_TOKEN"), (BOT_TOKEN, "xapp-wrong", "SLACK_APP_TOKEN")],
    ids=["bot", "app"],
)
async def test_refused_token_is_named(
    slack: SlackServer, tmp_path: Path, bot_token: str, app_token: str, variable: str
) -> None:
    with pytest.raises(SettingsError, match=f"^Slack refuses {variable}: invalid_auth"):
        async with connected(slack, tmp_path, assistant_with(), bot_token=bot_token, app_token=app_token):
            pass
