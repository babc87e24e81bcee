"""Bots that talk to a server which speaks Slack's protocols, on this machine."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from index.filters import EVERYTHING, DocumentFilter
from index.language import load_language_model
from rag.answers import Answer, Event, Failed, Turn
from tests.fakes import ScriptedAssistant
from tests.slack_server import BOT_TOKEN, SIGNING_SECRET, SlackServer, event_body, running_slack_server, signed
from ui.answering import Answering
from ui.feedback import FeedbackStore
from ui.slack.bot import BotLimits, SlackBot
from ui.slack.channels import ChannelRules
from ui.slack.events import SlackEvents
from ui.slack.slack_web import SlackWeb
from ui.slack.sources import AnswerSource, OwnAnswers
from ui.slack.state_file import StateFile

FAST = BotLimits(lease_seconds=30.0, channel_seconds=0.0, first_look_seconds=0.0)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _language_model() -> None:
    load_language_model()


@pytest.fixture(scope="session")
def _running_slack_server() -> Iterator[SlackServer]:
    with running_slack_server() as server:
        yield server


@pytest.fixture
def slack(_running_slack_server: SlackServer) -> SlackServer:
    """Slack, in which nothing has happened yet."""
    _running_slack_server.reset()
    return _running_slack_server


class GatedAssistant(ScriptedAssistant):
    """Gives the first words of an answer, and the rest when the gate is opened."""

    def __init__(self, answers: Mapping[str, Answer | Failed | Exception], *, words: int = 1) -> None:
        super().__init__(answers)
        self.gate = threading.Event()
        self.words = words
        self.at_gate = threading.Event()

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter = EVERYTHING,
        interface: str | None = "en",
        explain: bool = False,
    ) -> Iterator[Event]:
        """Wait before the event that comes after the first words."""
        events = super().stream(question, history=history, within=within, interface=interface, explain=explain)
        for number, event in enumerate(events):
            if number == 1 + self.words:
                self.at_gate.set()
                self.gate.wait(timeout=20)
            yield event


class Process:
    """One process of the bot as Slack sees it: `/slack/events` of a server."""

    def __init__(self, make_bot: Callable[[], SlackBot]) -> None:
        self.bots: list[SlackBot] = []

        def made() -> SlackBot:
            self.bots.append(make_bot())
            return self.bots[-1]

        self.app = SlackEvents(made, signing_secret=SIGNING_SECRET)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://bot")

    async def send(self, event: dict[str, Any], *, headers: dict[str, str] | None = None, **wrapping: Any) -> None:
        """Deliver an event; it must be acknowledged."""
        response = await self.post(json.dumps(event_body(event, **wrapping)), headers=headers)
        assert response.status_code == 200

    async def send_form(self, fields: Mapping[str, str]) -> httpx.Response:
        """Deliver a command, or what was done in a message."""
        body = urlencode(fields)
        return await self.post(body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    async def send_interaction(self, payload: dict[str, Any]) -> httpx.Response:
        """Deliver a button or a shortcut."""
        return await self.send_form({"payload": json.dumps(payload)})

    async def post(self, body: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a signed request."""
        fields = signed(body) | {"Content-Type": "application/json"} | (headers or {})
        return await self.client.post("/slack/events", content=body.encode(), headers=fields)

    async def post_unsigned(self, body: str | bytes, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a request as it is."""
        fields = {"Content-Type": "application/json"} | (headers or {})
        return await self.client.post("/slack/events", content=body, headers=fields)

    def abandon(self) -> None:
        """Give no sign of life any more, as if the process hung; what it is doing goes on."""
        watch = self.bots[0]._watch
        assert watch is not None
        watch.cancel()


@asynccontextmanager
async def running_bot(
    slack: SlackServer,
    home: Path,
    assistant: ScriptedAssistant | AnswerSource,
    *,
    rules: ChannelRules | None = None,
    limits: BotLimits = FAST,
    link: Callable[[Any], str | None] = lambda _: None,
) -> AsyncIterator[Process]:
    """Run one process of the bot until the block ends."""

    def make_bot() -> SlackBot:
        answers: AnswerSource = (
            OwnAnswers(Answering(assistant), feedback=FeedbackStore(home))
            if isinstance(assistant, ScriptedAssistant)
            else assistant
        )
        return SlackBot(
            SlackWeb(BOT_TOKEN, url=slack.api_url),
            answers=answers,
            state=StateFile(home),
            rules=rules or ChannelRules(),
            link=link,
            limits=limits,
        )

    process = Process(make_bot)
    try:
        yield process
    finally:
        await process.app.close(within=5)


async def until(happened: Callable[[], object]) -> None:
    """Wait for something that another task or thread does."""
    deadline = asyncio.get_running_loop().time() + 15
    while not happened():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("It did not happen within 15 seconds.")
        await asyncio.sleep(0.01)
