"""Document → HTML: what the panel behind a footnote shows. Pure functions, in which everything is escaped."""

import re
from collections.abc import Sequence
from datetime import date
from html import escape
from urllib.parse import urlsplit

from babel.dates import format_date

from index.documents import Document
from rag.markup import plain
from ui.article_html import article_html
from ui.document_window import (
    WINDOW,
    Span,
    bounded,
    find_quote,
    stretch_of,
    window_after,
    window_around,
    window_before,
)
from ui.messages import Messages, language_name
from ui.render import sentence_html

_FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST_ADDRESS = 2000


def document_html(
    document: Document,
    *,
    start: int | None,
    end: int | None,
    expected: str | None = None,
    first: int | None = None,
    last: int | None = None,
    window: int = WINDOW,
    can_translate: bool = False,
    messages: Messages,
) -> str:
    """Render a document around a quote, with `document.text[start:end]` in `<mark class="quoted">`.

    Of a long text only a window is shown, with buttons that carry the next larger one in `data-from` and `data-to`.

    Args:
        document: The document as it is now.
        start: Offset of the first quoted character; nothing is marked if it is `None`.
        end: Offset behind the last one.
        expected: The quote's characters. If they are no longer there, the nearest place that has them is marked; if
            none has, nothing is, and it is said so.
        first: Start of the window, as a button carried it; any number is borne.
        last: Its end.
        window: Characters to show if `first` and `last` are not given.
        can_translate: Whether there is a chat model that can put the quote into the reader's language.
        messages: The sentences to say it in.
    """
    text = document.text
    quote = find_quote(text, start, end, expected=expected)
    window_shown = (first, last) if first is not None and last is not None else window_around(quote, size=window)
    stretch = stretch_of(text, bounded(*window_shown, length=len(text)), quote=quote)
    changed = quote is None and (start is not None or bool(expected))
    quoted = text[slice(*quote)] if quote and can_translate and not _speaks(document, messages) else ""
    parts = (
        _head_html(document, stretch.headings, messages=messages),
        sentence_html(messages.document_changed, kind="notice") if changed else "",
        _translation_html(quoted, messages=messages) if quoted else "",
        _more_html(window_before(stretch), messages.text_before) if stretch.start > 0 else "",
        f'<div class="text" lang="{escape(document.language)}">{article_html(text, stretch, quote=quote)}</div>',
        _more_html(window_after(stretch, length=len(text)), messages.text_after) if stretch.end < len(text) else "",
    )
    return f'<article class="document" dir="{messages.direction}">{"".join(parts)}</article>'


def missing_document_html(*, messages: Messages) -> str:
    """Render what is shown in place of a document that is not in the index."""
    return sentence_html(messages.document_gone, kind="notice")


def written_date(iso_date: str, *, language: str) -> str:
    """Write a full ISO 8601 date as a reader of the language does; one that is not full stays as it is."""
    if not _FULL_DATE.match(iso_date):
        return iso_date
    try:
        return format_date(date.fromisoformat(iso_date[:10]), format="long", locale=language)
    except ValueError:
        return iso_date


def web_address(document: Document) -> str:
    """Return where the document can be read on the web, if it states a sound http(s) address, else nothing."""
    stated = (document.source, document.metadata.get("url", ""), document.metadata.get("source", ""))
    return next((address for address in stated if _is_web_address(address)), "")


def _is_web_address(address: str) -> bool:
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or re.search(r"[\s\"'<>\\^`{|}]", address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    # A name before an @ is there to be taken for the host.
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _head_html(document: Document, headings: Sequence[str], *, messages: Messages) -> str:
    language = escape(document.language)
    name = language_name(document.language, shown_in=messages.language)
    dated = messages.dated.format(date=written_date(document.date, language=messages.language)) if document.date else ""
    facts = " · ".join(f"<span>{escape(fact)}</span>" for fact in (name, dated) if fact)
    path = " › ".join(f"<bdi>{escape(plain(heading))}</bdi>" for heading in headings)
    address = escape(web_address(document))
    lines = (
        f'<h2 class="title" lang="{language}" dir="auto">{escape(document.title)}</h2>',
        f'<p class="facts">{facts}</p>' if facts else "",
        f'<p class="place" lang="{language}">{path}</p>' if path else "",
        f'<p class="file"><bdi>{escape(document.source)}</bdi></p>',
        f'<p><a class="original" href="{address}" title="{address}" target="_blank" '
        f'rel="noopener noreferrer nofollow">{escape(messages.original_page)}</a></p>'
        if address
        else "",
    )
    return f"<header>{''.join(lines)}</header>"


def _speaks(document: Document, messages: Messages) -> bool:
    """Whether who reads the page can read the document."""
    return document.language.partition("-")[0] == messages.language


def _translation_html(quote: str, *, messages: Messages) -> str:
    """The offer to translate a quote; the script puts the translation in its place."""
    return (
        '<div class="translate"><button type="button" class="quiet" data-action="translate" '
        f'data-quote="{escape(quote)}">{escape(messages.translate)}</button></div>'
    )


def _more_html(window: Span, label: str) -> str:
    return f'<button type="button" class="more" data-from="{window[0]}" data-to="{window[1]}">{escape(label)}</button>'
