"""Answer → HTML: pure functions, in which everything that came from people, documents or models is escaped."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Literal
from urllib.parse import urlencode

from rag.answers import Answer, Citation, Passage
from rag.examples import Example
from rag.marks import WrittenMark, find_marks
from rag.prompts import phrases, support_sentence
from ui.messages import Messages, language_name

# More would bury the sentence which says that nothing was found.
NEAREST_SHOWN = 3

# One of these before a mark would let it start a line of its own.
_SPACES = " \u00a0"
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


def answer_html(answer: Answer, *, anchor: str = "answer", messages: Messages) -> str:
    """Render the text of an answer, each footnote mark as a superscript link to its quote.

    Args:
        answer: The answer; a mark without a citation stays the plain text it is, and so do brackets in code.
        anchor: Start of every HTML id, unique on the page.
        messages: The sentences to say it in.
    """
    cited = {citation.number: citation for citation in answer.citations}
    linked: set[int] = set()

    def mark_html(number: int) -> str:
        citation = cited[number]
        identity = "" if number in linked else f' id="{anchor}-mark-{number}"'
        linked.add(number)
        label = escape(messages.footnote.format(number=number, title=citation.title))
        place = _place(citation.document, citation.start, citation.end, quote=citation.quote)
        return (
            f'<sup class="footnote"><a{identity} {place} data-footnote="{number}" data-title="{escape(citation.title)}"'
            f' aria-label="{label}">{number}</a></sup>'
        )

    said = phrases(answer.language)
    label = escape(said.unsupported)
    doubtful = f'<span class="unsupported" title="{label}">'
    spans = [(one.start, one.end, doubtful, "</span>") for one in answer.statements if not one.supported]
    spans += [(start, end, "<strong>", "</strong>") for start, end in answer.emphasis]
    marks = [(mark, mark_html(mark.number)) for mark in find_marks(answer.text) if mark.number in cited]
    paragraphs = _paragraphs_html(answer.text, marks, spans=sorted(spans))
    sentences = [answer.notice] if answer.notice else []
    if support := support_sentence(answer):
        sentences.append(support)
    notices = "".join(sentence_html(sentence, kind="notice") for sentence in sentences)
    return f'<div class="answer-text" lang="{escape(answer.language)}">{paragraphs}</div>{notices}'


def partial_answer_html(text: str, *, citation_count: int) -> str:
    """Render the text streamed so far; its marks lead nowhere before the whole answer is there."""
    marks = [
        (mark, f'<sup class="footnote"><span>{mark.number}</span></sup>')
        for mark in find_marks(text)
        if 1 <= mark.number <= citation_count
    ]
    return f'<div class="answer-text">{_paragraphs_html(text, marks)}</div>'


def sources_html(answer: Answer, *, anchor: str = "answer", messages: Messages) -> str:
    """Render what an answer rests on: each cited passage once, in the order of the footnotes, its quotes marked.

    Of an answer that was not found, the nearest passages are shown instead, as such and without marks. Empty if there
    is neither.
    """
    if not answer.answered:
        return _nearest_html(answer.passages[:NEAREST_SHOWN], messages=messages)
    passages = {passage.number: passage for passage in answer.passages}
    cited: dict[int, list[Citation]] = {}
    for citation in sorted(answer.citations, key=lambda citation: citation.number):
        cited.setdefault(citation.passage, []).append(citation)
    if not cited:
        return ""
    items = "".join(
        _source_html(passages[number], citations, anchor=anchor, messages=messages)
        for number, citations in cited.items()
    )
    return f'<h3 class="label">{escape(messages.sources)}</h3>{items}'


def turn_html(
    question: str,
    *,
    answer: str,
    actions: str = "",
    sources: str = "",
    why: str = "",
    busy: bool = False,
    messages: Messages,
) -> str:
    """Render one turn of parts that are HTML already: the question above, the answer, beside it what it rests on."""
    return (
        f'<article class="turn" dir="{messages.direction}"><h2 class="question" dir="auto">{escape(question)}</h2>'
        f'<div class="said"><div class="answer" aria-busy="{str(busy).lower()}">{answer}</div>'
        f'{actions}</div><section class="sources" aria-label="{escape(messages.sources)}">{sources}</section>'
        f"{why}</article>"
    )


def translation_html(quote: str, translation: str, *, messages: Messages) -> str:
    """Render a quote and, named as such, what a chat model made of it."""
    return (
        f'<p class="label">{escape(messages.original)}</p><blockquote dir="auto">{escape(quote)}</blockquote>'
        f'<p class="label">{escape(messages.translation)}</p>'
        f'<blockquote class="translation" lang="{messages.language}" dir="auto">{escape(translation)}</blockquote>'
    )


def actions_html(markdown: str, *, exchange_id: str, rating: str, can_repeat: bool, messages: Messages) -> str:
    """Render what can be done with an answer: copy and rate it if there is one, ask again or otherwise if it is last.

    Args:
        markdown: The answer to copy; empty if there is none.
        exchange_id: Whose actions they are.
        rating: `good`, `bad` or nothing yet.
        can_repeat: Whether it is the last answer.
        messages: The sentences to say it in.
    """

    def button(action: str, label: str, attributes: str = "") -> str:
        text = escape(label)
        return f'<button type="button" class="action {action}" data-action="{action}" title="{text}"{attributes}>' + (
            f'<span class="hidden">{text}</span></button>'
        )

    buttons = []
    if markdown:
        buttons.append(button("copy", messages.copy_answer, f' data-markdown="{escape(markdown)}"'))
        for name, label in (("good", messages.good_answer), ("bad", messages.bad_answer)):
            buttons.append(button(name, label, f' aria-pressed="{str(rating == name).lower()}"'))
    if can_repeat:
        buttons += [button("repeat", messages.regenerate), button("edit", messages.edit)]
    return f'<div class="actions" role="group" data-exchange="{escape(exchange_id)}">{"".join(buttons)}</div>'


def suggestions_html(questions: Sequence[str], *, messages: Messages) -> str:
    """Render what could be asked next; nothing if there is nothing."""
    if not questions:
        return ""
    items = "".join(
        f'<li><button type="button" data-question="{escape(question)}" dir="auto">{escape(question)}</button></li>'
        for question in questions
    )
    return (
        f'<section class="suggestions" dir="{messages.direction}"><h3 class="label">{escape(messages.suggestions)}</h3>'
        f"<ul>{items}</ul></section>"
    )


def sentence_html(sentence: str, *, kind: Literal["notice", "waiting", "failed"]) -> str:
    """Render a sentence of the page itself, where an answer would stand."""
    role = ' role="alert"' if kind == "failed" else ""
    return f'<p class="{kind}"{role} dir="auto">{escape(sentence)}</p>'


def masthead_html(document_count: int, *, messages: Messages) -> str:
    """Render the page's head: the way to the conversations, the name, the way to the documents."""
    menu, count = escape(messages.menu), escape(messages.documents.format(count=document_count))
    return (
        f'<header class="masthead" dir="{messages.direction}">'
        f'<button type="button" class="menu" data-action="menu" aria-label="{menu}" title="{menu}"></button>'
        f'<span class="name">Footnote</span>'
        f'<button type="button" class="count" data-action="documents">{count}</button></header>'
    )


def welcome_html(document_count: int, examples: Sequence[Example], *, messages: Messages) -> str:
    """Render what an empty conversation shows: what this is, and questions to begin with."""
    lead = messages.introduction if document_count else messages.no_documents
    items = "".join(
        f'<li><button type="button" class="example" data-question="{escape(example.text)}">'
        f'<span class="language">{escape(language_name(example.language, shown_in=messages.language))}</span>'
        f'<span class="text" lang="{escape(example.language)}" dir="auto">{escape(example.text)}</span></button></li>'
        for example in (examples if document_count else ())
    )
    offered = f'<h2 class="label">{escape(messages.examples)}</h2><ul class="examples">{items}</ul>' if items else ""
    return (
        f'<div class="welcome" dir="{messages.direction}"><h1 class="title">{escape(messages.title)}</h1>'
        f'<p class="lead">{escape(lead)}</p>{offered}</div>'
    )


def marked_text_html(passage: Passage, citations: Sequence[Citation], *, anchor: str = "answer") -> str:
    """Render the text of a passage with exactly the quoted characters in `<mark>`.

    Quotes may touch, overlap or hold each other: the text is cut where any of them starts or ends, and each piece says
    in `data-footnotes` which footnotes it belongs to. The piece where a quote starts carries its id; where it ends, and
    only if there are several, `data-ends` carries the number to show.
    """
    length = len(passage.text)
    spans = {
        citation.number: (max(citation.start - passage.start, 0), min(citation.end - passage.start, length))
        for citation in citations
    }
    cuts = sorted({0, length, *(offset for span in spans.values() for offset in span)})
    pieces = []
    for start, end in pairwise(cuts):
        text = escape(passage.text[start:end])
        covering = [number for number, span in spans.items() if span[0] <= start and end <= span[1]]
        if not covering:
            pieces.append(text)
            continue
        starting = [f"{anchor}-quote-{number}" for number in covering if spans[number][0] == start]
        identity = f' id="{starting[0]}"' if starting else ""
        others = "".join(f'<span id="{name}"></span>' for name in starting[1:])
        footnotes = " ".join(map(str, covering))
        ending = " ".join(str(number) for number in covering if spans[number][1] == end)
        label = f' data-ends="{ending}"' if ending and len(spans) > 1 else ""
        pieces.append(f'<mark{identity} data-footnotes="{footnotes}"{label} tabindex="-1">{others}{text}</mark>')
    return "".join(pieces)


Span = tuple[int, int, str, str]
"""Characters of a text, and the tags around them."""


Mark = tuple[WrittenMark, str]
"""A footnote mark of a text, and the HTML it becomes."""


def _paragraphs_html(text: str, marks: Sequence[Mark], *, spans: Sequence[Span] = ()) -> str:
    """Render paragraphs; marks and spans are in order, and no span reaches into another."""
    bounds = [0, *(at for found in _PARAGRAPH_BREAK.finditer(text) for at in found.span()), len(text)]
    parts = zip(bounds[::2], bounds[1::2], strict=True)
    paragraphs = (_paragraph_html(text, start, end, marks, spans) for start, end in parts)
    return "".join(f'<p dir="auto">{paragraph}</p>' for paragraph in paragraphs if paragraph)


def _paragraph_html(text: str, start: int, end: int, marks: Sequence[Mark], spans: Sequence[Span]) -> str:
    end -= len(text[start:end]) - len(text[start:end].rstrip())
    start += len(text[start:end]) - len(text[start:end].lstrip())
    pieces = []
    for span_start, span_end, opening, closing in spans:
        if start <= span_start < span_end <= end:
            pieces.append(_line_html(text, start, span_start, marks))
            pieces.append(f"{opening}{_line_html(text, span_start, span_end, marks)}{closing}")
            start = span_end
    return "".join([*pieces, _line_html(text, start, end, marks)])


def _line_html(text: str, start: int, end: int, marks: Sequence[Mark]) -> str:
    pieces = []
    inside = slice(*(bisect_left(marks, at, key=lambda mark: mark[0].start) for at in (start, end)))
    for mark, html in marks[inside]:
        pieces += [_broken_html(text[start : mark.start].rstrip(_SPACES)), html]
        start = mark.end
    return "".join([*pieces, _broken_html(text[start:end])])


def _broken_html(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _source_html(passage: Passage, citations: Sequence[Citation], *, anchor: str, messages: Messages) -> str:
    backs = "".join(
        f'<a class="number" href="#{anchor}-mark-{citation.number}" data-mark="{citation.number}" '
        f'aria-label="{escape(messages.back.format(number=citation.number))}">{citation.number}</a>'
        for citation in citations
    )
    return (
        f'<section class="source"><header><div class="numbers">{backs}</div>'
        f"{_origin_html(passage, citations[0], messages=messages)}</header>"
        f'<blockquote lang="{escape(passage.language)}" dir="auto">'
        f"{marked_text_html(passage, citations, anchor=anchor)}</blockquote></section>"
    )


def _nearest_html(passages: Sequence[Passage], *, messages: Messages) -> str:
    if not passages:
        return ""
    items = "".join(
        f'<section class="source nearest"><header>{_origin_html(passage, passage, messages=messages)}</header>'
        f'<blockquote lang="{escape(passage.language)}" dir="auto">{escape(passage.text)}</blockquote></section>'
        for passage in passages
    )
    return (
        f'<h3 class="label">{escape(messages.nearest)}</h3><p class="hint">{escape(messages.nearest_hint)}</p>{items}'
    )


def _origin_html(passage: Passage, shown: Citation | Passage, *, messages: Messages) -> str:
    """Where a passage comes from; its title opens the document at what is `shown`."""
    language = escape(passage.language)
    name = escape(language_name(passage.language, shown_in=messages.language))
    parts = [f'<span class="language">{name}</span>'] if name else []
    if passage.heading:
        parts.append(f'<span class="heading" lang="{language}" dir="auto">{escape(passage.heading)}</span>')
    place = f'<p class="place">{" · ".join(parts)}</p>' if parts else ""
    quote = shown.quote if isinstance(shown, Citation) else shown.text
    link = _place(shown.document, shown.start, shown.end, quote=quote)
    return (
        f'<div class="origin"><h4 class="title" lang="{language}" dir="auto" title="{escape(passage.document)}">'
        f"<a {link}>{escape(passage.title)}</a></h4>{place}</div>"
    )


def _place(document: str, start: int, end: int, *, quote: str) -> str:
    """The attributes of a link to a place in a document: an address that can be shared, and what the script wants."""
    address = urlencode({"document": document, "start": start, "end": end})
    return (
        f'href="?{escape(address)}" data-document="{escape(document)}" data-start="{start}" data-end="{end}"'
        f' data-quote="{escape(quote)}"'
    )
