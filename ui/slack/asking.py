"""The way from a question in Slack to its answer: some at a time, the others in a queue that ends somewhere."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from index.errors import FootnoteError
from index.filters import DocumentFilter
from index.log_content import described
from rag.answers import Answer, Done, Failed, Token, Turn
from rag.errors import QuestionError
from ui.slack.sentences import Sentence, language_of, sentence
from ui.slack.sources import AnswerSource

# How many questions are answered at once, and how many may wait: more would wait for longer than people do.
AT_ONCE = 8
WAITING = 100

log = logging.getLogger(__name__)


class QueueFullError(FootnoteError):
    """Too many questions are waiting already."""


class Asking:
    """Asks for answers on behalf of people in Slack.

    Args:
        answers: Where they come from.
        at_once: How many questions are answered at the same time.
        waiting: How many may wait for that.
    """

    def __init__(self, answers: AnswerSource, *, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._answers = answers
        self._slots = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._inside = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is the question's turn.

        Raises:
            QueueFullError: If too many wait.
        """
        if self._inside >= self._most:
            raise QueueFullError(f"{self._inside} questions are waiting in Slack; no more are taken just now.")
        self._inside += 1
        try:
            async with self._slots:
                yield
        finally:
            self._inside -= 1

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        within: DocumentFilter,
        interface: str | None,
        show: Callable[[str], None] = lambda _: None,
    ) -> Answer | str:
        """Return the answer, or the sentence that stands for one, in the language of the question.

        Args:
            question: What was written, in plain text.
            history: Earlier turns of the thread.
            within: Which documents are searched.
            interface: The language in which its writer sees Slack.
            show: Told the beginning of the answer, each time it has grown.
        """
        text, outcome, why = "", None, Sentence.FAILED
        try:
            async for event in self._answers.stream(question, history=history, within=within, interface=interface):
                match event:
                    case Token(piece) if piece:
                        text += piece
                        show(text)
                    case Done(answer):
                        outcome = answer
                    case Failed(message, error):
                        log.error("A question in Slack has no answer: %s", described(error))
                        return message
        except QuestionError:
            why = Sentence.TOO_LONG
        except FootnoteError as error:
            log.error("A question in Slack has no answer: %s", described(error))
        except Exception:
            log.exception("A question in Slack has no answer")
        return outcome or await said(why, about=question, interface=interface)


async def said(which: Sentence, *, about: str, interface: str | None) -> str:
    """Return a sentence in the language of the message it is about."""
    # The first detection reads a model, and each takes some milliseconds.
    language = await asyncio.to_thread(language_of, about, interface=interface)
    return sentence(which, language=language)
