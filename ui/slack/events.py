"""The bot as a part of the server: `/slack/events`, where Slack sends what it is subscribed to, signed."""

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ui.slack.bot import SECONDS_TO_ANSWER, SlackBot
from ui.slack.wiring import create_bolt

# Far above what an event or a command has, a message of 40,000 characters among them.
_LARGEST_BODY = 1_000_000


class SlackEvents:
    """An ASGI app for one path. Requests without Slack's signature are refused with 401, whatever is in them.

    Args:
        make_bot: Makes the bot, in the event loop of the first request.
        signing_secret: What Slack signs with.
    """

    def __init__(self, make_bot: Callable[[], SlackBot], *, signing_secret: str) -> None:
        self._make_bot = make_bot
        self._signing_secret = signing_secret
        self._verifier = SignatureVerifier(signing_secret)
        self._bot: SlackBot | None = None
        self._bolt: AsyncApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            raise RuntimeError(f"/slack/events is no place for {scope['type']!r}.")
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    def start(self) -> None:
        """Make the bot now, so that answers which a crash cut off are gone on with; needs a running event loop."""
        self._ready()

    async def close(self, *, within: float = SECONDS_TO_ANSWER) -> None:
        """Let the answers on their way end."""
        if self._bot is not None:
            await self._bot.close(within=within)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("Slack sends events here with POST.", status_code=405, headers={"Allow": "POST"})
        body = await _read(request)
        if body is None:
            return PlainTextResponse("Slack sends nothing as large as this.", status_code=413)
        # Bolt looks at the signature as well, but only after it has looked into the body, where it expects no nonsense.
        if not self._is_signed(request, body):
            return PlainTextResponse("This is not signed as Slack signs.", status_code=401)
        if not _is_readable(request, body):
            return PlainTextResponse("This is no event of Slack's.", status_code=400)
        return to_starlette_response(await self._ready().async_dispatch(to_async_bolt_request(request, body)))

    def _is_signed(self, request: Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        if not re.fullmatch("[0-9]{1,12}", timestamp):
            return False
        return self._verifier.is_valid(body, timestamp, request.headers.get("x-slack-signature", ""))

    def _ready(self) -> AsyncApp:
        if self._bolt is None:
            self._bot = self._make_bot()
            self._bot.start()
            self._bolt = create_bolt(self._bot, signing_secret=self._signing_secret)
        return self._bolt


async def _read(request: Request) -> bytes | None:
    """Read a body; nothing if it is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            return None
    return body


def _is_readable(request: Request, body: bytes) -> bool:
    """Whether Bolt can make something of a body: an object in JSON, or a form that has one."""
    try:
        text = body.decode("utf-8")
        if "json" not in request.headers.get("content-type", ""):
            payload = dict(parse_qsl(text)).get("payload", "{}")
            return isinstance(json.loads(payload), dict)
        told = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and isinstance(told.get("event", {}), dict)
