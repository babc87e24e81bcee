"""The footnotes of an answer as blocks of a Slack message."""

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

from rag.answers import Answer, Citation, Passage
from ui.messages import Messages, language_name
from ui.plain import one_line
from ui.render import NEAREST_SHOWN
from ui.slack.rich_text import Block, Part, link_part, notes, quotation, rich_text, section, shown, text_part
from ui.slack.splitting import shortened

_MOST_FOOTNOTES = 20

_LONGEST_QUOTE = 400
_LONGEST_TITLE = 150
_LONGEST_ADDRESS = 2_000
_KEPT_IN_ADDRESS = ":/?#@!$&'+,;=%~"


Link = Callable[[Citation], str | None]
"""Gives the address of the place that a footnote points at, if it has one."""


def footnote_parts(answer: Answer, *, messages: Messages, link: Link) -> Iterator[Part]:
    """The footnotes in order, below a heading; the nearest passages if nothing answers."""
    if answer.answered:
        cited = sorted(answer.citations, key=lambda citation: citation.number)
        numbers = [f"[{citation.number}] " for citation in cited]
        heading = [text_part(messages.sources, bold=True)]
    else:
        cited = [_as_citation(passage) for passage in answer.passages[:NEAREST_SHOWN]]
        numbers = [""] * len(cited)
        heading = [text_part(messages.nearest, bold=True), text_part(f"\n{messages.nearest_hint}")]
    for place, (citation, number) in enumerate(zip(cited[:_MOST_FOOTNOTES], numbers, strict=False)):
        title = shortened(one_line(citation.title) or one_line(citation.document), _LONGEST_TITLE) or "…"
        elements = [section(heading)] if place == 0 else []
        elements.append(section(_origin(citation, title, number=number, answer=answer, messages=messages, link=link)))
        if said := shortened(shown(citation.quote), _LONGEST_QUOTE):
            elements.append(quotation(said))
        yield Part(rich_text(elements), f"{number}{title}")
    if (more := len(cited) - _MOST_FOOTNOTES) > 0:
        said = messages.more_candidates.format(count=more)
        yield Part(notes([said]), said)


def _origin(
    citation: Citation, title: str, *, number: str, answer: Answer, messages: Messages, link: Link
) -> list[Block]:
    """Number, title, and the language if it is not the answer's."""
    address = _address(link(citation))
    parts = [text_part(number, bold=True)] if number else []
    parts.append(link_part(address, title) if address else text_part(title, bold=True))
    name = one_line(language_name(citation.language, shown_in=messages.language))
    if name and citation.language != answer.language:
        parts.append(text_part(f" · {shortened(name, _LONGEST_TITLE)}"))
    return parts


def _address(address: str | None) -> str:
    """The address if it is one that a reader may follow, with every character that has a meaning to Slack encoded."""
    if not address or not address.startswith(("https://", "http://")):
        return ""
    try:
        has_host = bool(urlsplit(address).hostname)
    except ValueError:
        return ""
    encoded = quote(address, safe=_KEPT_IN_ADDRESS, errors="replace")
    return encoded if has_host and len(encoded) <= _LONGEST_ADDRESS else ""


def _as_citation(passage: Passage) -> Citation:
    return Citation(
        number=passage.number,
        passage=passage.number,
        document=passage.document,
        title=passage.title,
        language=passage.language,
        quote=passage.text,
        start=passage.start,
        end=passage.end,
        chunk=passage.chunk,
    )
