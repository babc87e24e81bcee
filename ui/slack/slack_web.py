"""Slack's Web API as far as the bot uses it: the only module that calls it."""

import json
import logging
import re
from collections.abc import Awaitable

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
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
# Slack always names them; this is for a proxy that leaves them out.
_USUAL_SECONDS = 1.0
# Messages of a thread that are read at once, and at most.
_PAGE = 200
_MOST_PAGES = 5
# What Slack calls what went wrong.
_CODE = re.compile("[a-z_]{1,60}")

_NO_ANSWER = "no_answer"
_LIMITED = "ratelimited"
_BLOCKS_REFUSED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
# What Slack says when it may have done all the same what it was asked for.
_IN_DOUBT = {"internal_error", "fatal_error", "service_unavailable", _NO_ANSWER}


class SlackError(FootnoteError):
    """Slack refused a call, or was not reached; `code` is Slack's own word for it.

    Args:
        method: What was called.
        code: Slack's own word, or the name of an exception.
        in_doubt: Whether the call may have reached Slack, although no answer came.
        retry_after: Seconds after which Slack takes such calls again, if it limits their rate.
    """

    def __init__(self, method: str, code: str, *, in_doubt: bool = False, retry_after: float | None = None) -> None:
        super().__init__(f"Slack's {method} failed: {code}. See https://docs.slack.dev/reference/methods/{method}")
        self.code = code
        self.in_doubt = in_doubt or code in _IN_DOUBT
        """Whether Slack may have done it all the same."""
        self.retry_after = retry_after

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
        waits: Whether a call waits where Slack limits the rate, or fails.

    Every method raises `SlackError` if the call failed.
    """

    def __init__(self, token: str, *, url: str = SLACK_URL, waits: bool = True) -> None:
        self._token, self._url = token, url
        # A request that was sent and not answered is not repeated: it may have posted something.
        self._retries: list[AsyncRetryHandler] = [
            AsyncConnectionErrorRetryHandler(error_types=[aiohttp.ClientConnectorError])
        ]
        if waits:
            self._retries.append(AsyncRateLimitErrorRetryHandler(max_retry_count=_PATIENCE_WITH_LIMITS))
        self.client = AsyncWebClient(token, base_url=url, logger=quiet_logger(), retry_handlers=list(self._retries))

    def without_waiting(self) -> "SlackWeb":
        """Return the same bot's calls, which fail at once where Slack limits the rate."""
        return SlackWeb(self._token, url=self._url, waits=False)

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

    async def respond(self, url: str, message: SlackMessage) -> None:
        """Answer a command or a shortcut; only who used it sees that."""
        webhook = AsyncWebhookClient(url, logger=quiet_logger(), retry_handlers=list(self._retries))
        body: dict[str, object] = {
            "text": message.text,
            "blocks": _blocks(message),
            "parse": PARSE,
            "response_type": "ephemeral",
            "replace_original": False,
            **NO_UNFURL,
        }
        try:
            told = await webhook.send_dict(body)
        except (TimeoutError, SlackClientError, aiohttp.ClientError) as error:
            raise SlackError("response_url", type(error).__name__) from error
        code = _response_code(told.body)
        if told.status_code != 200 or code:
            raise SlackError("response_url", code or f"status_{told.status_code}")

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

    async def is_empty(self, channel: str) -> bool:
        """Whether nothing was written in a channel, or in direct messages."""
        told = await _called("conversations.history", self.client.conversations_history(channel=channel, limit=1))
        return not told.get("messages")

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
    return str(code or (_NO_ANSWER if _retry_after(error) is None else _LIMITED))


def _response_code(body: str) -> str:
    """Slack's word for a refusal at a `response_url`, which often has status 200; empty where it took what was sent."""
    try:
        told = json.loads(body)
    except ValueError:
        word = body.strip()
        return word if _CODE.fullmatch(word) and word != "ok" else ""
    return str(told.get("error") or _NO_ANSWER) if isinstance(told, dict) and not told.get("ok") else ""


def _retry_after(error: SlackApiError) -> float | None:
    if getattr(error.response, "status_code", None) != 429:
        return None
    named = str(error.response.headers.get("Retry-After"))
    return float(named) if named.isdecimal() else _USUAL_SECONDS


async def _called(method: str, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        raise SlackError(method, error_code(error), retry_after=_retry_after(error)) from error
    except aiohttp.ClientConnectorError as error:  # nothing was sent
        raise SlackError(method, type(error).__name__) from error
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
        raise SlackError(method, type(error).__name__, in_doubt=True) from error
