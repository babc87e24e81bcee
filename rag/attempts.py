"""When a chat model is asked once more, and with how large a context."""

import logging

from rag.errors import ChatModelError, ConnectionLostError, ContextTooSmallError, EmptyAnswerError

log = logging.getLogger(__name__)

# With less, the rules alone fill the context.
LEAST_CONTEXT_TOKENS = 1000

# Seconds before the first new try after a lost connection, doubled for each further one: what the client waits, too.
_FIRST_PAUSE = 0.5


class Attempts:
    """The tries at one question, as long as no text of an answer has come.

    A lost connection is tried anew; with half the context where that was too large, and once where nothing came, which
    is how LM Studio answers then. Overload and refusals are no business of this: the client tries those again itself.
    """

    def __init__(self, *, budget: int, reconnections: int) -> None:
        """Begin with the first try.

        Args:
            budget: Tokens of its context; 0 if nothing of the prompt can be left out.
            reconnections: How often to try again after a lost connection.
        """
        self.budget = budget
        self.pause = 0.0
        """Seconds to wait before the next try."""
        self._reconnections = reconnections
        self._may_be_empty = True

    def has_another(self, error: ChatModelError, *, sent: int) -> bool:
        """Tell whether another try may go better than the one that failed like this, and prepare it.

        Args:
            error: How the last one failed.
            sent: Tokens of its prompt.
        """
        if isinstance(error, ConnectionLostError) and self._reconnections:
            self._reconnections -= 1
            self.pause = 2 * self.pause or _FIRST_PAUSE
        elif LEAST_CONTEXT_TOKENS <= sent // 2 < self.budget and self._is_helped_by_less(error):
            self.budget = sent // 2
            self.pause = 0.0
        else:
            return False
        log.warning("Asking again, within %d tokens: %s", self.budget, error)
        return True

    def _is_helped_by_less(self, error: ChatModelError) -> bool:
        if isinstance(error, EmptyAnswerError):
            may, self._may_be_empty = self._may_be_empty, False
            return may
        return isinstance(error, ContextTooSmallError)
