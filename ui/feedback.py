"""What readers think of answers: ratings with comments, in a SQLite file of the home.

The file stands beside the catalog and is no part of it: the catalog can be made anew from the documents, while ratings
cannot.
"""

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from index.errors import FootnoteError, StoreError
from rag.answers import Answer, Citation
from ui.home_file import HomeFile

FEEDBACK_FILE = "feedback.sqlite3"
SCHEMA_VERSION = 1

LONGEST_COMMENT = 2000
"""Characters: half a page."""
# An answer may come back from a browser, which can send anything; no real one has more than these.
_LONGEST_TEXT = 20_000
_LONGEST_NAME = 1000
_MOST_CITATIONS = 100

_SCHEMA = """
CREATE TABLE feedback (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, answer_id TEXT NOT NULL UNIQUE, rating TEXT NOT NULL, comment TEXT NOT NULL,
    question TEXT NOT NULL, standalone_question TEXT NOT NULL, language TEXT NOT NULL, answer TEXT NOT NULL,
    answered INTEGER NOT NULL, citations TEXT NOT NULL, model TEXT, channel TEXT NOT NULL, created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
)
"""
_COLUMNS = (
    "answer_id, rating, comment, question, standalone_question, language, answer, answered, citations, model, channel, "
    "created_at, changed_at"
)
# The answer itself, once saved, stays what it was.
_SAVE = f"""
INSERT INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (answer_id) DO UPDATE
SET rating = excluded.rating, comment = excluded.comment, changed_at = excluded.changed_at
"""  # noqa: S608
_NEWEST_FIRST = f"SELECT {_COLUMNS} FROM feedback ORDER BY changed_at DESC, seq DESC"  # noqa: S608


class FeedbackError(FootnoteError):
    """A rating names no answer or is none, or there is nothing to export or no place for it."""


class Rating(StrEnum):
    """Thumbs up or down."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class CitedQuote:
    """A footnote of a rated answer: the words it stood for, and where they were."""

    number: int
    document: str
    start: int
    end: int
    quote: str
    language: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's rating of one answer, with what was asked and answered. `Feedback.of` makes one that can be saved."""

    answer_id: str
    rating: Rating
    comment: str
    question: str
    standalone_question: str
    """What was searched for."""
    language: str
    answer: str
    answered: bool
    citations: tuple[CitedQuote, ...]
    model: str | None
    """The chat model that wrote it; `None` for verbatim quotes."""
    channel: str
    """Where it was rated: `page`."""
    created_at: str
    """When the answer was first rated: UTC, ISO 8601."""
    changed_at: str

    @classmethod
    def of(cls, answer: Answer, *, answer_id: str, rating: str, comment: str = "", channel: str) -> Self:
        """Return a rating given now. Texts are cut to what can be kept, half characters replaced.

        Args:
            answer: What is rated.
            answer_id: The UUID under which the answer was shown.
            rating: `good` or `bad`.
            comment: What the reader has to say, up to `LONGEST_COMMENT` characters.
            channel: Where it was rated.

        Raises:
            FeedbackError: If the id is no UUID, or the rating neither of the two.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(
            answer_id=_canonical(answer_id),
            rating=_rating(rating),
            comment=_kept(comment.strip(), LONGEST_COMMENT),
            question=_kept(answer.question, _LONGEST_TEXT),
            standalone_question=_kept(answer.standalone_question or answer.question, _LONGEST_TEXT),
            language=_kept(answer.language, _LONGEST_NAME),
            answer=_kept(answer.text, _LONGEST_TEXT),
            answered=answer.answered,
            citations=tuple(_cited_quote(citation) for citation in answer.citations[:_MOST_CITATIONS]),
            model=None if answer.model is None else _kept(answer.model, _LONGEST_NAME),
            channel=_kept(channel, _LONGEST_NAME),
            created_at=now,
            changed_at=now,
        )


class FeedbackStore:
    """The feedback of one home. Safe to use from several threads and processes."""

    def __init__(self, home: Path) -> None:
        """Name the file; the first `save` creates it."""
        self.path = home / FEEDBACK_FILE
        self._file = HomeFile(
            self.path, _SCHEMA, holds="feedback", cure="Move it away; new feedback starts anew.", version=SCHEMA_VERSION
        )

    def save(self, feedback: Feedback) -> None:
        """Keep a rating; of an answer that has one, replace rating and comment. What was saved survives a power cut.

        Raises:
            StoreError: If the file cannot be written, is damaged, or was made by a newer version.
        """
        with self._file.writing() as connection:
            connection.execute(_SAVE, _row(feedback))

    def withdraw(self, answer_id: str) -> None:
        """Remove the rating of an answer, if it has one.

        Raises:
            StoreError: As for `save`.
        """
        with self._file.writing() as connection:
            connection.execute("DELETE FROM feedback WHERE answer_id = ?", (_canonical(answer_id),))

    def all(self) -> tuple[Feedback, ...]:
        """Return all feedback, what was given or changed last first.

        Raises:
            StoreError: If there is no home, or the file cannot be read.
        """
        if not self.path.parent.is_dir():
            raise StoreError(f"Nothing is indexed in '{self.path.parent}' yet. Run: footnote ingest FOLDER")
        return tuple(self._feedback(row) for row in self._file.rows(_NEWEST_FIRST))

    def _feedback(self, row: tuple[Any, ...]) -> Feedback:
        answer_id, rating, comment, question, standalone, language, answer, answered, citations, *others = row
        try:
            quotes = tuple(CitedQuote(**fields) for fields in json.loads(citations))
            return Feedback(
                answer_id,
                Rating(rating),
                comment,
                question,
                standalone,
                language,
                answer,
                bool(answered),
                quotes,
                *others,
            )
        except (ValueError, TypeError) as error:
            raise self._file.damaged(f"the rating of {answer_id!r} cannot be read") from error


def feedback_dict(entries: Iterable[Feedback]) -> dict[str, Any]:
    """Return the shape of `footnote feedback --json`. Names are stable, as those in `ui.schemas`."""
    return {"feedback": [asdict(entry) for entry in entries]}


def _row(feedback: Feedback) -> tuple[object, ...]:
    """The values of `_COLUMNS`."""
    fields = asdict(feedback)
    return tuple((fields | {"citations": json.dumps(fields["citations"], ensure_ascii=False)}).values())


def _cited_quote(citation: Citation) -> CitedQuote:
    quote, start = _kept(citation.quote, _LONGEST_TEXT), max(citation.start, 0)
    return CitedQuote(
        number=citation.number,
        document=_kept(citation.document, _LONGEST_NAME),
        start=start,
        end=start + len(quote),
        quote=quote,
        language=_kept(citation.language, _LONGEST_NAME),
    )


def _canonical(answer_id: str) -> str:
    """The one way to write a UUID."""
    try:
        return str(uuid.UUID(answer_id))
    except ValueError as error:
        raise FeedbackError(
            f"The rating is of the answer {_kept(answer_id, 100)!r}, which is no UUID. Load the page again."
        ) from error


def _rating(rating: str) -> Rating:
    try:
        return Rating(rating)
    except ValueError as error:
        raise FeedbackError(f"An answer is rated good or bad, not {_kept(rating, 100)!r}.") from error


def _kept(text: str, most: int) -> str:
    """The beginning of a text, with a sign in the place of each half character, which no file can hold."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text[:most])
