"""List of documents → HTML: the table to find and manage them in, and how adding some goes. Everything is escaped."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Literal

from index.catalog import DocumentRecord
from index.ingest import Outcome, State
from index.spelling import folded
from ui.document_html import written_date
from ui.messages import Messages, language_name

ROWS = 50
"""Rows shown at first, and added by each "Show more"."""

_LONGEST_SEARCH = 200
_SIGNS = {
    "waiting": "…",
    "reading": "…",
    State.INDEXED: "✓",
    State.CHANGED: "✓",
    State.UNCHANGED: "=",
    State.FAILED: "✗",
    State.REMOVED: "−",
}

Progress = Literal["waiting", "reading"] | Outcome
"""How far one document is that is being added: not begun, begun, or done with this outcome."""


def documents_table_html(
    records: Sequence[DocumentRecord],
    *,
    search: str = "",
    shown: int = ROWS,
    messages: Messages,
    writable: bool,
    is_upload: Callable[[str], bool],
) -> str:
    """Render the documents that a search leaves, in their order.

    Buttons carry what they do in `data-action`: `open`, `reindex`, `remove` with the source in `data-document`, and
    `more` with the number of rows to show next in `data-shown`.

    Args:
        records: All documents.
        search: What a title, source, language name or language code must have in it; upper case does not count.
        shown: Rows to show at most.
        messages: The sentences to say it in.
        writable: Whether documents can be indexed anew and removed.
        is_upload: Whether the document with this source was uploaded, so that removing it deletes its file.
    """
    if not records:
        return _nothing_html(messages.no_documents)
    found = matching_documents(records, search, messages=messages)
    if not found:
        return _nothing_html(messages.none_found)
    shown = max(shown, 1)
    columns = _columns(messages, writable=writable)
    head = "".join(f'<th scope="col" role="columnheader">{escape(column)}</th>' for column in columns)
    rows = "".join(
        _row_html(record, messages=messages, writable=writable, is_upload=is_upload(record.source))
        for record in found[:shown]
    )
    more = (
        f'<button type="button" class="more" data-action="more" data-shown="{shown + ROWS}">'
        f"{escape(messages.show_more)}</button>"
    )
    caption = escape(messages.documents.format(count=len(found)))
    return (
        f'<div class="documents" dir="{messages.direction}"><table role="table">'
        f'<caption class="hidden">{caption}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
        f"{more if len(found) > shown else ''}</div>"
    )


def matching_documents(records: Iterable[DocumentRecord], search: str, *, messages: Messages) -> list[DocumentRecord]:
    """Return the documents that have what is searched for in title, source, language name or language code."""
    needle = folded(search[:_LONGEST_SEARCH]).strip()

    def fields(record: DocumentRecord) -> tuple[str, ...]:
        name = language_name(record.language, shown_in=messages.language)
        return (record.title, record.source, name, record.language)

    return [record for record in records if any(needle in folded(field) for field in fields(record))]


def outcomes_html(rows: Sequence[tuple[str, Progress]], *, messages: Messages) -> str:
    """Render how adding documents goes: each one's name, how far it is, and what was wrong or noticed."""
    items = "".join(_progress_html(name, progress, messages=messages) for name, progress in rows)
    return f'<ul class="outcomes" dir="{messages.direction}" aria-live="polite">{items}</ul>' if rows else ""


def _nothing_html(sentence: str) -> str:
    return f'<p class="notice" role="status" dir="auto">{escape(sentence)}</p>'


def _columns(messages: Messages, *, writable: bool) -> list[str]:
    columns = [
        messages.column_title,
        messages.column_language,
        messages.column_chunks,
        messages.column_date,
        messages.column_state,
    ]
    return [*columns, messages.column_actions] if writable else columns


def _row_html(record: DocumentRecord, *, messages: Messages, writable: bool, is_upload: bool) -> str:
    language, source = escape(record.language), escape(record.source)
    name = escape(language_name(record.language, shown_in=messages.language))
    day = escape(written_date(record.date, language=messages.language)) if record.date else ""
    title = f'<span class="name" lang="{language}" dir="auto">{escape(record.title)}</span>'
    if record.chunks:  # of a document that never could be read there is nothing to open
        title = (
            f'<button type="button" class="open" data-action="open" data-document="{source}" '
            f'title="{escape(messages.open_document)}">{title}</button>'
        )
    cells = [
        name,
        str(record.chunks),
        f'<time datetime="{escape(record.date or "")}">{day}</time>' if day else "",
        _state_html(record.state, record.reason or "", messages=messages),
    ]
    if writable:
        cells.append(_actions_html(record, messages=messages, is_upload=is_upload))
    labels = _columns(messages, writable=writable)
    heading = (
        f'<th scope="row" role="rowheader" data-label="{escape(labels[0])}">{title}'
        f'<span class="file"><bdi>{source}</bdi></span></th>'
    )
    data = "".join(
        f'<td role="cell" data-label="{escape(label)}">{cell}</td>'
        for label, cell in zip(labels[1:], cells, strict=True)
    )
    return f'<tr role="row">{heading}{data}</tr>'


def _actions_html(record: DocumentRecord, *, messages: Messages, is_upload: bool) -> str:
    source, title = escape(record.source), escape(record.title)
    upload = ' data-upload="true"' if is_upload else ""
    buttons = (
        ("reindex", messages.reindex, ""),
        ("remove", messages.remove, f' data-title="{title}"{upload}'),
    )
    return "".join(
        f'<button type="button" data-action="{action}" data-document="{source}"{more} '
        f'aria-label="{escape(label)}: {title}">{escape(label)}</button>'
        for action, label, more in buttons
    )


def _progress_html(name: str, progress: Progress, *, messages: Messages) -> str:
    state, reason = (progress.state, progress.reason) if isinstance(progress, Outcome) else (progress, "")
    return f'<li><bdi class="name">{escape(name)}</bdi> {_state_html(state, reason, messages=messages)}</li>'


def _state_html(state: str, reason: str, *, messages: Messages) -> str:
    """A sign, the state in words and the reason, which is English whatever the page speaks."""
    words = {
        "waiting": messages.waiting,
        "reading": messages.reading,
        State.INDEXED: messages.state_indexed,
        State.CHANGED: messages.state_changed,
        State.UNCHANGED: messages.state_unchanged,
        State.FAILED: messages.state_failed,
        State.REMOVED: messages.state_removed,
    }
    why = f'<span class="reason" lang="en" dir="ltr">{escape(reason)}</span>' if reason else ""
    return (
        f'<span class="state" data-state="{escape(state)}"><span class="sign" aria-hidden="true">'
        f"{_SIGNS.get(state, '')}</span> {escape(words.get(state, state))}</span>{why}"
    )
