"""`footnote slack`, and what is missing for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from index.errors import SettingsError
from tests.slack_server import SlackServer, event_body
from tests.ui.slack.test_bot import has_answer
from ui.settings import Settings
from ui.slack.blocks import answer_text
from ui.slack.starting import run_slack, slack_events

ROOT = Path(__file__).resolve().parents[3]
TOKENS = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "slack_signing_secret": "s"}


def settings_with(home: Path, tokens: Mapping[str, str], *, channels: Path | None = None) -> Settings:
    """Settings that read no environment."""
    secrets: dict[str, Any] = {name: SecretStr(value) for name, value in tokens.items()}
    return Settings.model_construct(home=home, slack_channels=channels, **secrets)


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ({}, r"SLACK_BOT_TOKEN is not set\. .*OAuth & Permissions"),
        ({"slack_bot_token": "xoxb-1"}, r"SLACK_APP_TOKEN is not set\. .*connections:write"),
        ({"slack_bot_token": "xapp-1", "slack_app_token": "xoxb-1"}, "SLACK_BOT_TOKEN does not begin with 'xoxb-'"),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "  "}, "SLACK_APP_TOKEN is not set"),
    ],
    ids=["none", "no app token", "exchanged", "empty"],
)
def test_missing_token_is_named_with_its_place(tmp_path: Path, tokens: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        run_slack(settings_with(tmp_path, tokens))
    assert "\n" not in str(caught.value)
    assert "xapp-1" not in str(caught.value)


def test_missing_extra_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.slack.starting.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'footnote\[slack\]'"):
        run_slack(settings_with(tmp_path, TOKENS))
    with pytest.raises(SettingsError, match=r"pip install 'footnote\[slack\]'"):
        slack_events(settings_with(tmp_path, TOKENS))


def test_server_has_no_events_without_a_signing_secret(tmp_path: Path) -> None:
    assert slack_events(settings_with(tmp_path, {"slack_bot_token": "xoxb-1"})) is None


def test_signing_secret_without_a_token_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN is not set"):
        slack_events(settings_with(tmp_path, {"slack_signing_secret": "s"}))


def test_file_of_channels_is_read_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_SLACK_CHANNELS"):
        slack_events(settings_with(tmp_path, TOKENS, channels=tmp_path / "nowhere.toml"))


_PROGRAM = """
import asyncio, sys
from pathlib import Path
from typing import Any
from tests.slack_server import APP_TOKEN, BOT_TOKEN
from tests.ui.slack.conftest import FAST
from tests.ui.slack.test_bot import answered
from tests.fakes import ScriptedAssistant
from ui.answering import Answering
from ui.feedback import FeedbackStore
from ui.slack.bot import BotLimits, SlackBot
from ui.slack.channels import ChannelRules
from ui.slack.socket_mode import serve_socket_mode
from ui.slack.sources import OwnAnswers
from ui.slack.state_file import StateFile

url, home, pause = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
assistant = ScriptedAssistant({"When?": answered("When?", "In the year 1875, as they say here.")}, pause=pause)
limits = BotLimits(lease_seconds=1.0, channel_seconds=0.0, first_look_seconds=0.0)

def make_bot(web):
    answers = OwnAnswers(Answering(assistant), feedback=FeedbackStore(home))
    return SlackBot(web, answers=answers, state=StateFile(home), rules=ChannelRules(), limits=limits)

asyncio.run(serve_socket_mode(make_bot, bot_token=BOT_TOKEN, app_token=APP_TOKEN, url=url))
"""


@contextmanager
def process(slack: SlackServer, home: Path, *, pause: float) -> Iterator["subprocess.Popen[str]"]:
    """A process of the bot on its own, connected."""
    command = [sys.executable, "-c", _PROGRAM, slack.api_url, str(home), str(pause)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "The bot is connected to Slack (Ctrl+C stops it)\n"
        yield running
    finally:
        running.kill()
        running.communicate()


def test_killed_process_leaves_its_answer_to_the_next_which_ends_in_good_order(
    slack: SlackServer, tmp_path: Path
) -> None:
    with process(slack, tmp_path, pause=0.4) as first:
        wait(lambda: slack.connections == 1)
        slack.push("events_api", event_body(slack.say("C1", "<@UBOT> When?")))
        wait(lambda: bool(slack.own("C1")))
        first.kill()
    assert not has_answer(slack, "C1")
    with process(slack, tmp_path, pause=0.0) as second:
        wait(lambda: has_answer(slack, "C1"))
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=20) == 0
    assert [answer_text(message) for message in slack.own("C1")] == ["In the year 1875, as they say here. [1]"]


def wait(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "It did not happen within 20 seconds."
        time.sleep(0.02)
