"""The bot's listeners in Bolt: each tells Slack at once that it has got something, and works afterwards."""

import re
from collections.abc import Mapping

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from ui.slack.blocks import FEEDBACK_ACTION, failure_message
from ui.slack.bot import SlackBot
from ui.slack.incoming import Identity, plain_text, text_of
from ui.slack.private import PrivateQuestion, answer_privately
from ui.slack.ratings import Press, save_rating
from ui.slack.slack_web import quiet_logger

_ANYTHING = re.compile(".*")
_LOOKING = "🔎"
_NOBODY = Identity(user="", bot="", team="")

Body = Mapping[str, object]


def create_bolt(bot: SlackBot, *, signing_secret: str = "") -> AsyncApp:
    """Make the Bolt app of a bot.

    Args:
        bot: What does the work.
        signing_secret: What requests over HTTP are signed with; Socket Mode needs none.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Bolt's own way asks Slack who the bot is before it acknowledges anything; the bot asks afterwards.
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot.web.client.token)

    app = AsyncApp(
        name="footnote",
        logger=quiet_logger(),
        # Without a token, so that Bolt uses `authorize`.
        client=AsyncWebClient(base_url=bot.web.client.base_url, logger=quiet_logger()),
        signing_secret=signing_secret,
        authorize=authorize,
        request_verification_enabled=bool(signing_secret),
    )

    async def on_message(event: Body, body: Body) -> None:
        team, event_id = text_of(body, "team_id"), text_of(body, "event_id")
        bot.spawn(bot.on_message(event, team=team, event_id=event_id))

    async def on_home_opened(event: Body) -> None:
        if event.get("tab") == "messages":
            bot.spawn(bot.greet(text_of(event, "channel"), user=text_of(event, "user")))

    async def on_command(ack: AsyncAck, command: Body) -> None:
        question = PrivateQuestion(
            plain_text(text_of(command, "text"), me=_NOBODY),
            channel=text_of(command, "channel_id"),
            user=text_of(command, "user_id"),
            response_url=text_of(command, "response_url"),
        )
        if question.text:  # Slack hides the command, and lets nothing take the place of what acknowledges it
            asked = failure_message(f"{_LOOKING} {question.text}")
            await ack(text=asked.text, blocks=[dict(block) for block in asked.blocks], response_type="ephemeral")
        else:
            await ack()
        bot.spawn(answer_privately(bot, question))

    async def on_shortcut(ack: AsyncAck, body: Body) -> None:
        await ack()
        if body.get("type") != "message_action":
            return
        message = _part(body, "message")
        question = PrivateQuestion(
            plain_text(text_of(message, "text"), me=_NOBODY),
            channel=text_of(_part(body, "channel"), "id"),
            user=text_of(_part(body, "user"), "id"),
            response_url=text_of(body, "response_url"),
        )
        bot.spawn(answer_privately(bot, question))

    async def on_rating(ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        container, message = _part(body, "container"), _part(body, "message")
        bot.spawn(
            save_rating(
                bot,
                Press(
                    value=text_of(action, "value"),
                    user=text_of(_part(body, "user"), "id"),
                    channel=text_of(_part(body, "channel"), "id") or text_of(container, "channel_id"),
                    thread=text_of(message, "thread_ts") or text_of(container, "thread_ts") or None,
                    response_url=text_of(body, "response_url") if container.get("is_ephemeral") else "",
                ),
            )
        )

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    async def nothing() -> None:
        """Slack sends what the bot has no use for; without a listener Bolt logs it."""

    app.event("app_mention")(on_message)
    app.event("message")(on_message)
    app.event("app_home_opened")(on_home_opened)
    app.event(_ANYTHING)(nothing)
    app.command(_ANYTHING)(on_command)
    app.shortcut(_ANYTHING)(on_shortcut)
    app.action(re.compile(f"{FEEDBACK_ACTION}.*"))(on_rating)
    app.action(_ANYTHING)(acknowledge)
    return app


def _part(value: Body, name: str) -> Body:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}
