"""The bot over the HTTP API of another server, with a key."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from index.filters import DocumentFilter
from rag.answers import Turn
from tests.fakes import ScriptedAssistant
from tests.slack_server import SlackServer
from tests.ui.api.served_app import app_over, served
from tests.ui.slack.conftest import running_bot, until
from tests.ui.slack.test_bot import ME, answered, assistant_with, has_answer, settled, shown
from tests.ui.slack.test_private import rated
from ui.client import KeyRefusedError, UnreachableError
from ui.feedback import FeedbackStore, Rating
from ui.keys import KeyStore, Scope
from ui.slack.blocks import answer_text
from ui.slack.channels import ChannelRules
from ui.slack.remote_answers import RemoteAnswers

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Remote:
    url: str
    key: str
    home: Path
    assistant: ScriptedAssistant


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    home = tmp_path_factory.mktemp("server")
    assistant = assistant_with(answered("誰？", "愛野。", language="ja"), answered("いつ？", "1933年。", language="ja"))
    keys = KeyStore(home)
    _, key = keys.create("slack", scopes=frozenset({Scope.READ}))
    with served(app_over(assistant, home=home, keys=keys)) as url:
        yield Remote(url, key, home, assistant)


async def test_answers_and_feedback_go_through_the_api(slack: SlackServer, tmp_path: Path, remote: Remote) -> None:
    slack.locales["UASKER"] = "ja-JP"
    rules = ChannelRules(channels={"C1": DocumentFilter(folders=frozenset({"hr"}))})
    answers = RemoteAnswers(remote.url, api_key=remote.key)
    await answers.check()
    async with running_bot(slack, tmp_path, answers, rules=rules) as bot:
        asked = slack.say("C1", f"{ME} 誰？")
        await bot.send(asked)
        await until(lambda: has_answer(slack, "C1"))
        await settled(bot)
        await bot.send(slack.say("C1", "いつ？", thread=asked["ts"]))
        await until(lambda: len([one for one in slack.own("C1") if answer_text(one)]) == 2)
        await settled(bot)
        await rated(slack, bot, slack.own("C1")[1], "bad")
    assert [answer_text(message) for message in slack.own("C1")] == ["愛野。 [1]", "1933年。 [1]"]
    assert remote.assistant.asked == [("誰？", ()), ("いつ？", (Turn("誰？", "愛野。 [1]"),))]
    assert remote.assistant.filters == [rules.channels["C1"]] * 2
    assert remote.assistant.interfaces == ["ja", "ja"]
    [entry] = FeedbackStore(remote.home).all()
    assert (entry.question, entry.answer, entry.rating) == ("いつ？", "1933年。 [1]", Rating.BAD)
    assert not FeedbackStore(tmp_path).all()


async def test_refused_key_is_named_before_anybody_asks(remote: Remote) -> None:
    answers = RemoteAnswers(remote.url, api_key="fn_wrong")
    with pytest.raises(KeyRefusedError, match=r"^The server refuses FOOTNOTE_API_KEY: .* footnote keys create slack$"):
        await answers.check()
    await answers.close()


async def test_server_that_is_gone_is_told_to_the_asker_only(slack: SlackServer, tmp_path: Path) -> None:
    answers = RemoteAnswers("http://127.0.0.1:9", api_key=None)
    with pytest.raises(UnreachableError):
        await answers.check()
    async with running_bot(slack, tmp_path, answers) as bot:
        await bot.send(slack.say("C1", f"{ME} Montako asukasta kaupungissa on?"))
        await until(lambda: slack.ephemeral)
        await settled(bot)
    assert slack.own("C1") == []
    assert "Jokin meni vikaan" in shown(slack.ephemeral[0])
