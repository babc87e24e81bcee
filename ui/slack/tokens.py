"""The tokens of a Slack app: which there must be, and where they are found."""

from dataclasses import dataclass

from pydantic import SecretStr

from index.errors import SettingsError
from ui.settings import Settings

_PLACES = {
    "SLACK_BOT_TOKEN": ("xoxb-", "OAuth & Permissions, as Bot User OAuth Token, once the app is installed"),
    "SLACK_APP_TOKEN": ("xapp-", "Basic Information, App-Level Tokens; make one with the scope connections:write"),
    "SLACK_SIGNING_SECRET": ("", "Basic Information, App Credentials"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """What a bot proves with who it is, and that Slack is Slack."""

    bot: str
    app: str = ""
    signing_secret: str = ""


def socket_tokens(settings: Settings) -> Tokens:
    """Return the tokens that Socket Mode needs.

    Raises:
        SettingsError: If one is missing, or is another one's.
    """
    return Tokens(
        bot=_token("SLACK_BOT_TOKEN", settings.slack_bot_token),
        app=_token("SLACK_APP_TOKEN", settings.slack_app_token),
    )


def events_tokens(settings: Settings) -> Tokens | None:
    """Return the tokens for `/slack/events`, or `None` if there is to be no such path.

    Raises:
        SettingsError: If the signing secret is set and the bot's token is not, or is another one.
    """
    if settings.slack_signing_secret is None:
        return None
    return Tokens(
        bot=_token("SLACK_BOT_TOKEN", settings.slack_bot_token),
        signing_secret=_token("SLACK_SIGNING_SECRET", settings.slack_signing_secret),
    )


def _token(variable: str, secret: SecretStr | None) -> str:
    beginning, place = _PLACES[variable]
    if secret is None or not secret.get_secret_value().strip():
        raise SettingsError(f"{variable} is not set. It stands at https://api.slack.com/apps, in your app: {place}.")
    token = secret.get_secret_value().strip()
    if not token.startswith(beginning):
        raise SettingsError(
            f"{variable} does not begin with {beginning!r}, so it is another token. The right one stands at "
            f"https://api.slack.com/apps, in your app: {place}."
        )
    return token
