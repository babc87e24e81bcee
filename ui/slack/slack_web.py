"""Slack's Web API as far as the bot uses it: the only module that calls it. Rate limits are waited for."""

import logging
import re
from collections.abc import Awaitable

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from index.errors import FootnoteError
from ui.slack.blocks import NO_UNFURL, PARSE, SlackMessage
from ui.slack.incoming import Identity

# Bolt looks for a token in the environment, and says that it does not need it.
_NO_NEWS = "`token` will be unused"
SLACK_URL = "https://slack.com/api/"

# Slack names the seconds to wait; after so many refusals in a row the call has failed.
_PATIENCE_WITH_LIMITS = 6
# Messages of a thread that are read at once, and at most.
_PAGE = 200
_MOST_PAGES = 5
# What Slack calls what went wrong.
_CODE = re.compile("[a-z_]{1,60}")

_BLOCKS_REFUSED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}


class SlackError(FootnoteError):
    """Slack refused a call, or was not reached; `code` is Slack's own word for it."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack's {method} failed: {code}. See https://docs.slack.dev/reference/methods/{method}")
        self.code = code

    @property
    def refuses_blocks(self) -> bool:
        """Whether the same message without its blocks, or with simpler ones, might be taken."""
        return self.code in _BLOCKS_REFUSED


def quiet_logger() -> logging.Logger:
    """Return a logger for Bolt and Slack's client that leaves out what people write: below warnings they log it."""
    quiet = logging.getLogger("ui.slack.protocol")
    quiet.setLevel(logging.WARNING)
    quiet.addFilter(_is_news)
    return quiet


def _is_news(record: logging.LogRecord) -> bool:
    return _NO_NEWS not in record.getMessage()


class SlackWeb:
    """One bot's calls.

    Args:
        token: The bot's, `xoxb-…`.
        url: Slack's address, another one in tests.

    Every method raises `SlackError` if the call failed.
    """

    def __init__(self, token: str, *, url: str = SLACK_URL) -> None:
        # A request that was sent and not answered is not repeated: it may have posted something.
        self._retries = [
            AsyncConnectionErrorRetryHandler(error_types=[aiohttp.ClientConnectorError]),
            AsyncRateLimitErrorRetryHandler(max_retry_count=_PATIENCE_WITH_LIMITS),
        ]
        self.client = AsyncWebClient(token, base_url=url, logger=quiet_logger(), retry_handlers=list(self._retries))

    async def identity(self) -> Identity:
        """Return who the bot is."""
        told = await _called("auth.test", self.client.auth_test())
        return Identity(str(told["user_id"]), str(told.get("bot_id") or ""), str(told.get("team_id") or ""))

    async def locale(self, user: str) -> str | None:
        """Return the language in which somebody sees Slack, such as `de-DE`."""
        told = await _called("users.info", self.client.users_info(user=user, include_locale=True))
        locale = (told.get("user") or {}).get("locale")
        return str(locale) if locale else None

    async def post(self, channel: str, message: SlackMessage, *, thread: str | None) -> str:
        """Post a message and return its `ts`."""
        call = self.client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=_blocks(message) or None,
            thread_ts=thread,
            parse=PARSE,
            unfurl_links=NO_UNFURL["unfurl_links"],
            unfurl_media=NO_UNFURL["unfurl_media"],
        )
        return str((await _called("chat.postMessage", call))["ts"])

    async def update(self, channel: str, ts: str, message: SlackMessage) -> None:
        """Put a message in the place of another."""
        # Without blocks those that stand there are to go, hence an empty list.
        call = self.client.chat_update(channel=channel, ts=ts, text=message.text, blocks=_blocks(message), parse=PARSE)
        await _called("chat.update", call)

    async def delete(self, channel: str, ts: str) -> None:
        """Take a message of the bot away."""
        await _called("chat.delete", self.client.chat_delete(channel=channel, ts=ts))

    async def tell(self, channel: str, user: str, message: SlackMessage, *, thread: str | None) -> None:
        """Show a message to one person only."""
        call = self.client.chat_postEphemeral(
            channel=channel,
            user=user,
            text=message.text,
            blocks=_blocks(message) or None,
            thread_ts=thread,
            parse=PARSE,
        )
        await _called("chat.postEphemeral", call)

    async def respond(self, url: str, message: SlackMessage, *, replace: bool) -> None:
        """Answer a command or a shortcut; only who used it sees that."""
        webhook = AsyncWebhookClient(url, logger=quiet_logger(), retry_handlers=list(self._retries))
        body: dict[str, object] = {
            "text": message.text,
            "blocks": _blocks(message),
            "parse": PARSE,
            "response_type": "ephemeral",
            "replace_original": replace,
            **NO_UNFURL,
        }
        try:
            told = await webhook.send_dict(body)
        except (TimeoutError, SlackClientError, aiohttp.ClientError) as error:
            raise SlackError("response_url", type(error).__name__) from error
        if told.status_code != 200:
            raise SlackError("response_url", told.body if _CODE.fullmatch(told.body) else f"status_{told.status_code}")

    async def start_stream(self, channel: str, thread: str, text: str, *, team: str, user: str) -> str:
        """Begin a message that grows, and return its `ts`."""
        call = self.client.chat_startStream(
            channel=channel, thread_ts=thread, markdown_text=text, recipient_team_id=team, recipient_user_id=user
        )
        return str((await _called("chat.startStream", call))["ts"])

    async def append_stream(self, channel: str, ts: str, text: str) -> None:
        """Let it grow."""
        await _called("chat.appendStream", self.client.chat_appendStream(channel=channel, ts=ts, markdown_text=text))

    async def stop_stream(self, channel: str, ts: str) -> None:
        """Say that it will not grow any more."""
        await _called("chat.stopStream", self.client.chat_stopStream(channel=channel, ts=ts))

    async def set_status(self, channel: str, thread: str, status: str) -> None:
        """Show below a thread what the bot is doing; its next message takes that away."""
        call = self.client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=status)
        await _called("assistant.threads.setStatus", call)

    async def thread_messages(self, channel: str, thread: str, *, until: str) -> list[dict[str, object]]:
        """Return the messages of a thread up to one, that one included, oldest first; of a very long one the first."""
        messages: list[dict[str, object]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            call = self.client.conversations_replies(
                channel=channel, ts=thread, latest=until, inclusive=True, limit=_PAGE, cursor=cursor
            )
            told = await _called("conversations.replies", call)
            messages += [{**entry, "channel": channel} for entry in told.get("messages") or ()]
            cursor = (told.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return messages


def _blocks(message: SlackMessage) -> list[dict[str, object]]:
    return [dict(block) for block in message.blocks]


def error_code(error: SlackApiError) -> str:
    """Return Slack's word for what went wrong; a proxy's page instead of Slack's JSON has none."""
    told = getattr(error.response, "data", error.response)
    code = told.get("error") if isinstance(told, dict) else None
    return str(code or "no_answer")


async def _called(method: str, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        raise SlackError(method, error_code(error)) from error
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
        raise SlackError(method, type(error).__name__) from error
