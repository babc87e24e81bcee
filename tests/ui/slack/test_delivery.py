"""How an answer gets into its thread where Slack loses replies or limits the rate."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.slack_server import BOT_TOKEN, BOT_USER, Refusal, SlackServer
from tests.ui.slack.conftest import GatedAssistant, running_bot, until
from tests.ui.slack.test_bot import answered, has_answer, settled
from ui.slack.blocks import answer_text, failure_message
from ui.slack.bot import BotLimits
from ui.slack.delivery import Deliveries, Delivery, Place
from ui.slack.pace import Pace
from ui.slack.slack_web import SlackError, SlackWeb

pytestmark = pytest.mark.anyio
NO_STREAM = Refusal("unknown_method")
WHOLE = failure_message("In the year 1875.")


def delivery_to(slack: SlackServer) -> Delivery:
    """A delivery that nothing delays."""

    async def record(_: Sequence[str]) -> None:
        pass

    async def is_ours() -> bool:
        return True

    shared = Deliveries(SlackWeb(BOT_TOKEN, url=slack.api_url), pace=Pace(0.0), first_look=0.0)
    place = Place("C1", slack.say("C1", "When?")["ts"], "UASKER", "T1")
    return Delivery(shared, place, record=record, is_ours=is_ours)


def tries(slack: SlackServer, method: str) -> list[float]:
    return [call.at for call in slack.calls if call.method == method]


def texts(slack: SlackServer) -> list[str]:
    return [message["text"] for message in slack.own("C1")]


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable"])
@pytest.mark.parametrize("method", ["chat.startStream", "chat.postMessage"])
async def test_message_that_may_have_begun_to_grow_is_looked_for_and_not_posted_again(
    slack: SlackServer, tmp_path: Path, method: str, error: str
) -> None:
    if method == "chat.postMessage":
        slack.always_refused["chat.startStream"] = NO_STREAM
    slack.refusals[method].append(Refusal(error, does_it=True))
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=0.0)
    assistant = GatedAssistant({"When?": answered("When?", "In the year 1875.")}, words=3)
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("C1", f"<@{BOT_USER}> When?"))
        await until(lambda: slack.own("C1"))
        assistant.gate.set()
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
    [message] = slack.own("C1")
    assert answer_text(message) == "In the year 1875. [1]"
    assert "streaming" not in message


async def test_message_that_may_have_begun_to_grow_is_not_thought_to_be_withdrawn(slack: SlackServer) -> None:
    slack.refusals["chat.startStream"].append(Refusal("internal_error", does_it=True))
    delivery = delivery_to(slack)
    delivery.show("In the year")
    await until(lambda: slack.own("C1"))
    with pytest.raises(SlackError, match="internal_error"):
        await delivery.withdraw(WHOLE)


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        ("chat.startStream", []),
        ("chat.appendStream", ["In "]),
        ("chat.postMessage", []),
        ("chat.update", ["In the"]),
    ],
)
async def test_complete_answer_does_not_wait_for_the_rate_of_what_grows(
    slack: SlackServer, method: str, shown: list[str]
) -> None:
    if method in {"chat.postMessage", "chat.update"}:
        slack.always_refused["chat.startStream"] = NO_STREAM
    slack.refusals[method].append(Refusal(retry_after=60))
    delivery = delivery_to(slack)
    delivery.show("In the")
    if shown:
        await until(lambda: slack.own("C1"))
        delivery.show("In the year 1875")
    await until(lambda: tries(slack, method))
    before = texts(slack)
    async with asyncio.timeout(15):
        await delivery.finish([WHOLE])
    assert before == shown
    assert texts(slack) == ["In the year 1875."]
    assert "streaming" not in slack.own("C1")[0]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.update"])
async def test_answer_goes_on_growing_when_slack_allows_it(slack: SlackServer, method: str) -> None:
    if method == "chat.update":
        slack.always_refused["chat.startStream"] = NO_STREAM
    slack.refusals[method].append(Refusal(retry_after=1))
    delivery = delivery_to(slack)
    if method != "chat.startStream":
        delivery.show("In the")
        await until(lambda: slack.own("C1"))
    delivery.show("In the year 1875")
    await until(lambda: texts(slack) in (["In the year "], ["In the year 1875"]))  # a stream shows complete words
    refused, repeated = tries(slack, method)
    assert repeated - refused >= 1.0
    await delivery.finish([WHOLE])
    assert texts(slack) == ["In the year 1875."]


PAGE = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nGone"
LIMITED = b"HTTP/1.1 429 Too Many Requests\r\n%sContent-Type: text/html\r\nContent-Length: 4\r\n\r\nWait"


@pytest.mark.parametrize(
    ("reply", "in_doubt", "retry_after"),
    [
        (b"", True, None),
        (PAGE, True, None),
        (LIMITED % b"Retry-After: 7\r\n", False, 7.0),
        (LIMITED % b"", False, 1.0),
    ],
    ids=["none", "page", "limited", "limited-for-some-time"],
)
async def test_call_without_slacks_own_answer_may_have_been_done(
    reply: bytes, in_doubt: bool, retry_after: float | None
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        web = SlackWeb(BOT_TOKEN, url=f"http://127.0.0.1:{port}/").without_waiting()
        with pytest.raises(SlackError) as raised:
            await web.post("C1", WHOLE, thread=None)
    assert (raised.value.in_doubt, raised.value.retry_after) == (in_doubt, retry_after)


async def test_call_that_reached_nobody_was_not_done() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(SlackError, match="ClientConnector") as raised:
        await SlackWeb(BOT_TOKEN, url=f"http://127.0.0.1:{port}/").post("C1", WHOLE, thread=None)
    assert not raised.value.in_doubt
