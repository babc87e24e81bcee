"""Who may send events: Slack, by its signature, and nobody else."""

import json
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.slack_server import BOT_TOKEN, SIGNING_SECRET, SlackServer, event_body, signed
from tests.ui.api.served_app import served
from tests.ui.slack.conftest import FAST, running_bot, until
from tests.ui.slack.test_bot import answered, assistant_with, has_answer, settled
from ui.answering import Answering
from ui.build import build_library
from ui.feedback import FeedbackStore
from ui.keys import KeyStore, Scope
from ui.server import create_app
from ui.settings import Settings
from ui.slack.bot import SlackBot
from ui.slack.channels import ChannelRules
from ui.slack.events import SlackEvents
from ui.slack.slack_web import SlackWeb
from ui.slack.sources import OwnAnswers
from ui.slack.state_file import StateFile

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed("{}"),
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "now"},
        {"X-Slack-Request-Timestamp": "", "X-Slack-Signature": ""},
    ],
    ids=["missing", "another body's", "bad", "no time", "empty"],
)
async def test_request_without_slacks_signature_is_refused(
    slack: SlackServer, tmp_path: Path, headers: dict[str, str]
) -> None:
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant) as bot:
        body = json.dumps(event_body(slack.say("D1", "When?")))
        response = await bot.post_unsigned(body, headers=headers)
        await settled(bot)
    assert response.status_code == 401
    assert assistant.asked == []


@pytest.mark.parametrize(
    ("age", "secret"), [(600, None), (-600, None), (0, "another secret")], ids=["old", "future", "other secret"]
)
async def test_signature_that_is_not_of_now_and_of_slack_is_refused(
    slack: SlackServer, tmp_path: Path, age: float, secret: str | None
) -> None:
    body = json.dumps(event_body(slack.say("D1", "When?")))
    headers = signed(body, age=age, secret=secret) if secret else signed(body, age=age)
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        assert (await bot.post_unsigned(body, headers=headers)).status_code == 401


async def test_url_is_verified(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        response = await bot.post(json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}))
    assert (response.status_code, response.json()) == (200, {"challenge": "abc"})


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\xfe{", 401), (b"x" * 1_000_001, 413), (b"not json", 401), (b"[1, 2]", 401), (b"", 401)],
    ids=["no text", "too large", "no json", "no object", "empty"],
)
async def test_what_a_stranger_sends_is_not_looked_at(
    slack: SlackServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, body: bytes, status: int
) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        assert (await bot.post_unsigned(body)).status_code == status
    assert caplog.text == ""


async def test_what_bolt_finds_in_the_environment_is_not_used(
    slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "xoxb-of-another-app")
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    assert caplog.text == ""


async def test_events_are_a_part_of_the_server(slack: SlackServer, tmp_path: Path) -> None:
    assistant = assistant_with(answered("When?", "In 1875."))

    def bot_of(answering: Answering) -> SlackEvents:
        def make() -> SlackBot:
            answers = OwnAnswers(answering, feedback=FeedbackStore(tmp_path))
            web = SlackWeb(BOT_TOKEN, url=slack.api_url)
            return SlackBot(web, answers=answers, state=StateFile(tmp_path), rules=ChannelRules(), limits=FAST)

        return SlackEvents(make, signing_secret=SIGNING_SECRET)

    library = build_library(Settings.model_construct(home=tmp_path))
    keys = KeyStore(tmp_path)
    keys.create("somebody", scopes=frozenset({Scope.READ}))  # which Slack does not have
    app = create_app(
        assistant, library=library, feedback=FeedbackStore(tmp_path), keys=keys, page=False, slack=bot_of
    )  # fmt: skip
    body = json.dumps(event_body(slack.say("D1", "When?")))
    json_type = {"Content-Type": "application/json"}
    with served(app) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            refused = await client.post("/slack/events", content=body, headers=json_type)
            taken = await client.post("/slack/events", content=body, headers=signed(body) | json_type)
        await until(partial(has_answer, slack, "D1"))
    assert (refused.status_code, taken.status_code) == (401, 200)
    assert len(slack.own("D1")) == 1


async def test_other_methods_are_refused(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        response = await bot.client.get("/slack/events")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "body",
    ["[1, 2]", "3", '"text"', '{"event": 3}', "{", "[" * 100_000],
    ids=["list", "3", "text", "event", "cut", "deep"],
)
async def test_signed_nonsense_is_refused(slack: SlackServer, tmp_path: Path, body: str) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        assert (await bot.post(body)).status_code == 400
        form = await bot.post(f"payload={body}", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert form.status_code == 400 or body == '{"event": 3}'
