"""The documents as callers of the API read them: lists, states, texts."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel

from index.catalog import DocumentRecord
from index.language import normalise_language, same_language
from index.spelling import folded
from ui.answering import Answering
from ui.api.document_schemas import DocumentDetails, DocumentItem, DocumentList, TextRange
from ui.api.refusals import RefusalError
from ui.document_ids import document_id, source_of_id
from ui.library import Library
from ui.problems import Problem

# Lists and texts come from SQLite in some milliseconds; long ones should not keep others waiting.
_READING_AT_ONCE = 4

T = TypeVar("T")


class Documents:
    """The documents of a home as callers of the API see them."""

    def __init__(self, answering: Answering, *, library: Library) -> None:
        self.library = library
        self._assistant = answering.assistant
        self._reading = CapacityLimiter(_READING_AT_ONCE)

    async def read(self, step: Callable[[], T]) -> T:
        """Read documents in a thread, when it is its turn."""
        return await to_thread.run_sync(step, limiter=self._reading)

    def record(self, named: str) -> DocumentRecord:
        """Return the document of an id, or of a source.

        Raises:
            RefusalError: If there is none.
        """
        source = source_of_id(named)
        names = {named, source}
        for record in self._assistant.documents():
            if record.source in names:
                return record
        raise RefusalError(
            Problem.NOT_FOUND,
            f"There is no document {(source or named)[:200]!r}: the list of documents gives their ids.",
        )

    def listed(self, *, query: str, language: str | None, state: str | None, limit: int, after: str) -> bytes:
        """Return a page of the list, as JSON."""
        needle = folded(query).strip()
        found = [
            record
            for record in sorted(self._assistant.documents(), key=lambda record: record.source)
            if (state is None or record.state == state)
            and (language is None or same_language(record.language, language))
            and (needle in folded(record.source) or needle in folded(record.title))
        ]
        rest = [record for record in found if record.source > after]
        shown = rest[:limit]
        return as_json(
            DocumentList(
                documents=[DocumentItem.of(record, uploaded=self._is_upload(record)) for record in shown],
                total=len(found),
                next_cursor=document_id(shown[-1].source) if len(rest) > len(shown) else None,
            )
        )

    def details(self, named: str, *, with_text: bool) -> bytes:
        """Return one document, as JSON."""
        record = self.record(named)
        document = self._assistant.get_document(record.source)
        uploaded = self._is_upload(record)
        return as_json(DocumentDetails.of_document(record, document, uploaded=uploaded, with_text=with_text))

    def text(self, named: str, *, start: int, end: int | None) -> TextRange:
        """Return a stretch of a document's text.

        Raises:
            RefusalError: If there is no such document, it has no text, or less.
        """
        record = self.record(named)
        document = self._assistant.get_document(record.source)
        if document is None:
            raise RefusalError(
                Problem.NOT_FOUND, f"{record.source!r} has no text, because it could not be read: {record.reason}"
            )
        total = len(document.text)
        end = total if end is None else end
        if not start <= end <= total:
            raise RefusalError(
                Problem.INVALID, f"No text is from {start} to {end}: give 0 <= start <= end <= {total}, in code points."
            )
        return TextRange(
            id=document_id(record.source),
            document=record.source,
            start=start,
            end=end,
            text=document.text[start:end],
            total=total,
        )

    def _is_upload(self, record: DocumentRecord) -> bool:
        return self.library.is_upload(record.source)


def language_code(language: str) -> str:
    """Return the code of a language as documents have it.

    Raises:
        RefusalError: If it is none.
    """
    code = "und" if language == "und" else normalise_language(language)
    if code is None:
        raise RefusalError(
            Problem.INVALID,
            f"{language[:100]!r} is no language code: give one of ISO 639, such as 'en', 'ja' or 'zh-Hant'.",
        )
    return code


def as_json(model: BaseModel) -> bytes:
    """Return the JSON of a response, made where a long one keeps nobody waiting."""
    return model.model_dump_json().encode()
