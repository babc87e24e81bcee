"""The bot made from the settings: for `footnote slack`, and as a part of the server."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from index.errors import SettingsError
from rag.answers import Citation
from ui.answering import Answering
from ui.feedback import FeedbackStore
from ui.footnotes import place_address
from ui.settings import Settings
from ui.slack.channels import ChannelRules, read_channels
from ui.slack.sources import AnswerSource, OwnAnswers
from ui.slack.tokens import events_tokens, socket_tokens

if TYPE_CHECKING:  # both import Bolt, which need not be there
    from ui.slack.bot import SlackBot
    from ui.slack.events import SlackEvents
    from ui.slack.slack_web import SlackWeb


def slack_events(settings: Settings) -> "Callable[[Answering], SlackEvents] | None":
    """Return what makes the app for `/slack/events`, or `None` where no signing secret is set.

    Raises:
        SettingsError: If the extra `slack` or the bot's token is missing, or the file of channels cannot be used.
    """
    tokens = events_tokens(settings)
    if tokens is None:
        return None
    _require_slack()
    rules = read_channels(settings.slack_channels)
    from ui.slack.events import SlackEvents
    from ui.slack.slack_web import SlackWeb

    def make(answering: Answering) -> SlackEvents:
        answers = OwnAnswers(answering, feedback=FeedbackStore(settings.home))
        return SlackEvents(
            lambda: _bot(SlackWeb(tokens.bot), answers=answers, rules=rules, settings=settings),
            signing_secret=tokens.signing_secret,
        )

    return make


def run_slack(settings: Settings, *, api_url: str | None = None) -> None:
    """Answer in Slack over Socket Mode until Ctrl+C or SIGTERM.

    Args:
        settings: What the user has set.
        api_url: The server whose answers are given; those of the home's own index, if omitted.

    Raises:
        FootnoteError: If something that is needed is missing or refused; the message says what.
    """
    tokens = socket_tokens(settings)
    _require_slack()
    rules = read_channels(settings.slack_channels)
    from ui.slack.socket_mode import run_socket_mode

    def run(make_answers: Callable[[], AnswerSource]) -> None:
        def make_bot(web: "SlackWeb") -> "SlackBot":
            return _bot(web, answers=make_answers(), rules=rules, settings=settings)

        run_socket_mode(make_bot, bot_token=tokens.bot, app_token=tokens.app)

    if api_url:
        from ui.slack.remote_answers import RemoteAnswers

        key = settings.api_key.get_secret_value() if settings.api_key else None
        run(lambda: RemoteAnswers(api_url, api_key=key))
        return
    from ui.build import open_assistant
    from ui.tracing import open_watches

    with open_assistant(settings) as assistant, open_watches(settings) as watches:
        run(lambda: OwnAnswers(Answering(assistant, watches=watches), feedback=FeedbackStore(settings.home)))


def _bot(web: "SlackWeb", *, answers: AnswerSource, rules: ChannelRules, settings: Settings) -> "SlackBot":
    from ui.slack.bot import SlackBot
    from ui.slack.state_file import StateFile

    def link(citation: Citation) -> str | None:
        if not settings.public_url:
            return None
        return place_address(settings.public_url, document=citation.document, start=citation.start, end=citation.end)

    return SlackBot(web, answers=answers, state=StateFile(settings.home), rules=rules, link=link)


def _require_slack() -> None:
    if find_spec("slack_bolt") is None or find_spec("aiohttp") is None:
        raise SettingsError("Slack needs slack-bolt and aiohttp. Install them with: pip install 'footnote[slack]'")
