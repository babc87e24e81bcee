"""The bot on its own: it connects to Slack (Socket Mode), so that Slack need not reach it."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from index.errors import SettingsError
from ui.slack.bot import SECONDS_TO_ANSWER, SlackBot
from ui.slack.slack_web import SLACK_URL, SlackError, SlackWeb, error_code, quiet_logger
from ui.slack.wiring import create_bolt

# How often Slack is asked whether the connection stands; after four times without an answer there is a new one.
_PING_SECONDS = 5.0
_TOKEN_REFUSED = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}

log = logging.getLogger(__name__)


class SocketMode:
    """A bot's connection to Slack, from `open` to `close`."""

    def __init__(
        self, bot: SlackBot, *, app_token: str, url: str = SLACK_URL, ping_seconds: float = _PING_SECONDS
    ) -> None:
        self._bot = bot
        self._handler = AsyncSocketModeHandler(
            create_bolt(bot),
            app_token,
            logger=quiet_logger(),
            web_client=AsyncWebClient(base_url=url, logger=quiet_logger()),
            ping_interval=ping_seconds,
        )
        self._app_token = app_token

    async def open(self) -> str:
        """Connect, and return the name under which people mention the bot; the connection mends itself.

        Raises:
            FootnoteError: If Slack refuses one of the tokens, or what answers questions cannot.
        """
        await self._bot.answers.check()
        try:
            me = await self._bot.identity()
        except SlackError as error:
            raise _refusal("SLACK_BOT_TOKEN", error) from error
        client = self._handler.client
        try:  # the client itself would try forever
            client.wss_uri = await client.issue_new_wss_url()
        except SlackApiError as error:
            refusal = SlackError("apps.connections.open", error_code(error))
            raise _refusal("SLACK_APP_TOKEN", refusal) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackError("apps.connections.open", type(error).__name__) from error
        await self._handler.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it without types
        self._bot.start()
        return me.user

    async def close(self, *, within: float = SECONDS_TO_ANSWER) -> None:
        """Take no more events, let the answers on their way end, and disconnect."""
        self._handler.client.socket_mode_request_listeners.clear()
        await self._bot.close(within=within)
        await self._handler.close_async()  # type: ignore[no-untyped-call] # the same


def run_socket_mode(make_bot: Callable[[SlackWeb], SlackBot], *, bot_token: str, app_token: str) -> None:
    """Answer in Slack until Ctrl+C or SIGTERM.

    Raises:
        FootnoteError: If Slack refuses one of the tokens, or what answers questions cannot.
    """
    asyncio.run(serve_socket_mode(make_bot, bot_token=bot_token, app_token=app_token))


async def serve_socket_mode(
    make_bot: Callable[[SlackWeb], SlackBot], *, bot_token: str, app_token: str, url: str = SLACK_URL
) -> None:
    """Do the same in a running event loop; `url` is Slack's address."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:  # on Windows Ctrl+C ends the loop
            log.debug("Signals do not end the bot in good order here.")
    connection = SocketMode(make_bot(SlackWeb(bot_token, url=url)), app_token=app_token, url=url)
    try:
        await connection.open()
        sys.stdout.write("The bot is connected to Slack (Ctrl+C stops it)\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        await connection.close()


def _refusal(variable: str, error: SlackError) -> Exception:
    if error.code not in _TOKEN_REFUSED:
        return error
    return SettingsError(
        f"Slack refuses {variable}: {error.code}. Copy it again from https://api.slack.com/apps, and reinstall the app "
        "there if its permissions have changed."
    )
