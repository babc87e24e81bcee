"""In which language people see Slack, as far as Slack tells."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from index.language import normalise_language
from ui.slack.slack_web import SlackError, SlackWeb

_KNOWN_SECONDS = 3600.0
# An answer need not wait longer for what is only a hint.
_PATIENCE_SECONDS = 2.0
_MOST_KNOWN = 2000
# Without the scope `users:read` Slack never tells.
_NEVER_TOLD = {"missing_scope", "unknown_method", "not_allowed_token_type"}

log = logging.getLogger(__name__)


class Locales:
    """Asks Slack once an hour for each person."""

    def __init__(self, web: SlackWeb, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._web = web
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._told = True

    async def language(self, user: str) -> str | None:
        """Return the code of somebody's language, or `None` if it cannot be told."""
        until, language = self._known.get(user, (0.0, None))
        if not self._told or until > self._clock():
            return language
        try:
            language = _code(await asyncio.wait_for(self._web.locale(user), _PATIENCE_SECONDS))
        except TimeoutError:
            log.info("Slack does not tell in time in which language somebody sees it.")
        except SlackError as error:
            log.info("Slack does not tell in which language somebody sees it: %s", error.code)
            self._told = error.code not in _NEVER_TOLD
            language = None
        self._known[user] = (self._clock() + _KNOWN_SECONDS, language)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return language


def _code(locale: str | None) -> str | None:
    return normalise_language(locale) if locale else None
