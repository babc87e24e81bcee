"""Answers for as long as they may be rated: what feedback says of them, and no more."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

from rag.answers import Answer, Citation, Passage
from ui.schemas import answer_dict, answer_from_dict
from ui.slack.state_file import StateFile

# Buttons below older answers say that they cannot be rated any more.
KEEP_SECONDS = 30 * 24 * 3600.0


class KeptAnswers:
    """Answers by the id that their buttons carry."""

    def __init__(self, file: StateFile, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock

    def keep(self, answer_id: str, answer: Answer) -> None:
        """Keep question, answer and quotes; forget what is old."""
        kept = json.dumps(answer_dict(_rateable(answer)), ensure_ascii=False)
        now = self._clock()
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM answers WHERE kept_at < ?", (now - KEEP_SECONDS,))
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (answer_id, kept, now))

    def find(self, answer_id: str) -> Answer | None:
        """Return an answer, if it is still kept."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT answer FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
        return None if row is None else answer_from_dict(json.loads(row[0]))


def _rateable(answer: Answer) -> Answer:
    """The answer with its quotes in the place of its passages."""
    return replace(
        answer,
        citations=tuple(replace(citation, passage=citation.number) for citation in answer.citations),
        passages=tuple(_passage(citation) for citation in answer.citations),
        statements=(),
        emphasis=(),
        timings={},
        explanation=None,
    )


def _passage(citation: Citation) -> Passage:
    return Passage(
        number=citation.number,
        document=citation.document,
        title=citation.title,
        language=citation.language,
        text=citation.quote,
        start=citation.start,
        end=citation.start + len(citation.quote),
        score=0.0,
        chunk="",
    )
