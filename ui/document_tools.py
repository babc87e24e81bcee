"""What tools of other assistants take, checked, and what they do. Knows no protocol; `ui/tool_list.py` offers them."""

import json
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from index.catalog import DocumentRecord
from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFacts, DocumentFilter
from index.language import normalise_language
from rag.answers import Done, Failed, PassagesFound, Token
from rag.settings import AssistantSettings
from ui.answering import Answering
from ui.tool_results import (
    AskResult,
    ListedDocument,
    ListResult,
    ReadResult,
    SearchResult,
    ToolResult,
    ask_result,
    link_to,
    search_result,
)

LARGEST_WINDOW = 8000
"""Characters of a document in one call: some 2,000 tokens in English, 8,000 in Chinese, which clients still take."""
PAGE = 100
"""Documents in one call of `list_documents`."""
_LONGEST_QUESTION = AssistantSettings().longest_question
# How far back from its end a window is cut shorter, to end with a line or a word.
_END_SOUGHT = LARGEST_WINDOW // 4
_SECONDS_BETWEEN_REPORTS = 1.0
_SUGGESTED_NAMES = 3


class ToolRefusalError(FootnoteError):
    """What was asked for cannot be done; the message tells a model why, and what to do instead."""


class ToolFailureError(FootnoteError):
    """An answer failed; the message is a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a call can use besides its arguments."""

    answering: Answering
    base: str | None
    """Address of the page, for links; `None` if there is none."""
    report: Callable[[int, str], Awaitable[None]]
    """Takes how far the call is, a number that grows, and what is happening."""


class ToolCall(BaseModel):
    """A call of a tool: its arguments, checked; its JSON schema is the tool's input schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    async def run(self, situation: Situation) -> ToolResult:
        """Do it; cancelling the task ends it.

        Raises:
            ToolRefusalError: If it cannot be done.
            ToolFailureError: If an answer failed.
            FootnoteError: If a filter is none, a question is, or the index cannot be used.
        """


def _as_list(value: object) -> object:
    """Take what models often write for a list: one value, nothing, or the list as JSON."""
    if value is None:
        return []
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            pass
    return [value]


def _as_text(value: object) -> object:
    return "" if value is None else value


# Refused at the first mistake: with one error for each, a call of a megabyte would keep everybody waiting.
_LIST = Field(max_length=1000, fail_fast=True)
Names = Annotated[list[str], _LIST, BeforeValidator(_as_list)]
DocumentType = Literal["markdown", "text", "html"]
Date = Annotated[str, BeforeValidator(_as_text)]


class FilteredCall(ToolCall):
    """A call about some of the documents."""

    languages: Names = Field(default=[], description="Only documents in these languages: ISO 639 codes such as 'ja'.")
    folders: Names = Field(default=[], description="Only documents in these folders, or of these web sites.")
    types: Annotated[list[DocumentType], _LIST, BeforeValidator(_as_list)] = Field(
        default=[], description="Only documents of these types."
    )
    since: Date = Field(default="", description="Only documents of this day or later: 2018-05-31, 2018-05 or 2018.")
    until: Date = Field(default="", description="Only documents of this day or earlier.")

    def within(self, *, documents: list[str] | None = None, tags: list[str] | None = None) -> DocumentFilter:
        """Return the filter.

        Raises:
            FilterError: If a language or date is none.
        """
        return DocumentFilter(
            languages=frozenset(normalise_language(code) or code for code in self.languages),
            documents=frozenset(documents or ()),
            folders=frozenset(self.folders),
            tags=frozenset(tags or ()),
            types=frozenset(self.types),
            since=self.since or None,
            until=self.until or None,
        )


class SearchCall(FilteredCall):
    """A call of search_documents."""

    query: str = Field(
        min_length=1, max_length=_LONGEST_QUESTION, description="A question or some words, in any language."
    )
    top_k: int = Field(default=8, ge=1, le=50, description="How many passages at most.")
    documents: Names = Field(default=[], description="Only these documents, by name.")
    tags: Names = Field(default=[], description="Only documents with one of these tags.")

    async def run(self, situation: Situation) -> SearchResult:
        """Search."""
        answering, within = situation.answering, self.within(documents=self.documents, tags=self.tags)
        assistant = answering.assistant

        def search() -> SearchResult:
            found = assistant.search(self.query, top_k=self.top_k, within=within)
            note = "" if found or within == EVERYTHING or assistant.has_any(within) else _NONE_PASSES
            return search_result(found, assistant.documents(), base=situation.base, note=note)

        if not self.query.strip():
            raise ToolRefusalError("The query is empty. Give a question or some words, in any language.")
        return await answering.run(search)


class AskCall(FilteredCall):
    """A call of ask_documents."""

    question: str = Field(
        min_length=1,
        max_length=_LONGEST_QUESTION,
        description="A whole question that stands alone, in the language that the answer shall have.",
    )
    documents: Names = Field(default=[], description="Only these documents, by name.")
    tags: Names = Field(default=[], description="Only documents with one of these tags.")

    async def run(self, situation: Situation) -> AskResult:
        """Answer the question, and report how it goes."""
        answering, within = situation.answering, self.within(documents=self.documents, tags=self.tags)
        if within != EVERYTHING and not await answering.run(lambda: answering.assistant.has_any(within)):
            raise ToolRefusalError(_NONE_PASSES)
        written, reported = 0, time.monotonic()
        async with aclosing(answering.stream(self.question, within=within, channel="mcp")) as events:
            async for event in events:
                match event:
                    case PassagesFound(passages):
                        await situation.report(1, f"Found {len(passages)} passages.")
                    case Token(text):
                        written += len(text)
                        if written and time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                            reported = time.monotonic()
                            await situation.report(1 + written, f"Wrote {written} characters.")
                    case Done(answer):
                        return ask_result(answer, base=situation.base)
                    case Failed(message, error):
                        raise ToolFailureError(message) from error
        raise AssertionError("A stream ends with Done or Failed.")


class ReadCall(ToolCall):
    """A call of read_document."""

    document: str = Field(description="Name of the document, as in a search result, a citation or list_documents.")
    start: int = Field(default=0, ge=0, description="Where to begin, in characters; the start of a passage fits.")
    end: int | None = Field(
        default=None, ge=0, description=f"Where to end at the latest; at most {LARGEST_WINDOW} characters are given."
    )

    async def run(self, situation: Situation) -> ReadResult:
        """Read a window of the document."""
        assistant = situation.answering.assistant
        document = await situation.answering.run(lambda: assistant.get_document(self.document))
        if document is None:
            raise ToolRefusalError(
                await situation.answering.run(lambda: _unknown(self.document, assistant.documents()))
            )
        length = len(document.text)
        if self.start > length or (self.end is not None and self.end < self.start):
            raise ToolRefusalError(
                f"There is nothing from {self.start} to {length if self.end is None else self.end}: "
                f"the document has {length} characters. Give a start from 0 to {length}, and an end after it."
            )
        end = _window_end(document.text, self.start, length if self.end is None else min(self.end, length))
        return ReadResult(
            document=document.source,
            title=document.title,
            language=document.language,
            start=self.start,
            end=end,
            link=link_to(situation.base, document.source, self.start, end),
            date=document.date,
            length=length,
            next_start=end if end < length else None,
            text=document.text[self.start : end],
        )


class ListCall(FilteredCall):
    """A call of list_documents."""

    name: Date = Field(default="", description="Only documents whose title or name contains this.")
    start: int = Field(default=0, ge=0, description="How many documents to skip: next_start of the page before.")

    async def run(self, situation: Situation) -> ListResult:
        """List a page of the documents that are searched."""
        within, wanted = self.within(), self.name.casefold()
        records = [
            record
            for record in await situation.answering.run(situation.answering.assistant.documents)
            if record.chunks > 0
            and (wanted in record.title.casefold() or wanted in record.source.casefold())
            and within.passes(DocumentFacts(record.source, record.language, record.date))
        ]
        end = self.start + PAGE
        return ListResult(
            documents=[
                ListedDocument(document=record.source, title=record.title, language=record.language, date=record.date)
                for record in records[self.start : end]
            ],
            total=len(records),
            next_start=end if end < len(records) else None,
        )


_NONE_PASSES = "No document passes these filters. list_documents gives the documents that there are."


def _window_end(text: str, start: int, end: int) -> int:
    """Where a window ends: where it is asked to, or else within the largest window after a line, or a word."""
    if end - start <= LARGEST_WINDOW:
        return end
    end = start + LARGEST_WINDOW
    for separator in ("\n", " "):
        after = text.rfind(separator, end - _END_SOUGHT, end) + 1
        if after:
            return after
    return end


def _unknown(name: str, records: Sequence[DocumentRecord]) -> str:
    """Say that there is no such document, and which ones may be meant."""
    wanted = name.casefold().strip()
    meant = [
        record.source
        for record in records
        if wanted and record.chunks > 0 and (wanted in record.source.casefold() or wanted == record.title.casefold())
    ]
    hint = f" Perhaps {' or '.join(map(repr, meant[:_SUGGESTED_NAMES]))} is meant." if meant else ""
    return f"There is no document {name!r}.{hint} list_documents and search_documents give the names of documents."
