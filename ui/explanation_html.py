"""Explanation of an answer → HTML: what was searched for, what was found and what became of it. All is escaped."""

from collections.abc import Mapping, Sequence
from html import escape

from babel.numbers import format_decimal, format_percent

from rag.answers import Answer
from rag.explanation import Candidate, Explanation, Fate, Place
from rag.markup import plain
from ui.messages import Messages

CANDIDATES_SHOWN = 12
"""Those that were looked at closely stand first; more would only be scrolled past."""

_PREVIEW_LENGTH = 160
_NO_PLACE = "–"


def explanation_html(answer: Answer, *, messages: Messages) -> str:
    """Render why an answer is as it is, folded up; empty if it brings no explanation."""
    explanation = answer.explanation
    if explanation is None:
        return ""
    return (
        f'<details class="why" dir="{messages.direction}"><summary>{escape(messages.why)}</summary>'
        f"{_searched_html(answer.question, explanation, messages=messages)}"
        f"{_candidates_html(explanation.candidates, messages=messages)}"
        f"{_times_html(answer.timings, messages=messages)}</details>"
    )


def _searched_html(question: str, explanation: Explanation, *, messages: Messages) -> str:
    searched = [(messages.searched_in_context, explanation.in_context)] if explanation.in_context else []
    if explanation.standalone_question not in ("", question):
        searched.insert(0, (messages.searched_for, explanation.standalone_question))
    items = "".join(f'<dt>{escape(label)}</dt><dd dir="auto">{escape(query)}</dd>' for label, query in searched)
    return f'<dl class="searched">{items}</dl>' if items else ""


def _candidates_html(candidates: Sequence[Candidate], *, messages: Messages) -> str:
    if not candidates:
        return ""
    columns = (messages.document, messages.by_meaning, messages.by_words, messages.confidence, messages.outcome)
    head = "".join(f'<th scope="col" role="columnheader">{escape(column)}</th>' for column in columns)
    rows = "".join(
        _row_html(candidate, columns=columns, messages=messages) for candidate in candidates[:CANDIDATES_SHOWN]
    )
    caption = escape(messages.candidates.format(count=len(candidates)))
    left = len(candidates) - CANDIDATES_SHOWN
    more = f'<p class="hint">{escape(messages.more_candidates.format(count=left))}</p>' if left > 0 else ""
    return (
        f'<div class="scroll"><table role="table"><caption>{caption}</caption><thead role="rowgroup"><tr role="row">'
        f'{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table></div>{more}'
    )


def _row_html(candidate: Candidate, *, columns: Sequence[str], messages: Messages) -> str:
    ranked = candidate.ranked
    certainty = format_percent(ranked.score, locale=messages.language) if ranked else _NO_PLACE
    cells = (
        _place_text(candidate.dense, messages=messages),
        _place_text(candidate.lexical, messages=messages),
        certainty,
        _fate_text(candidate, messages=messages),
    )
    name = candidate.document.replace("\\", "/").rstrip("/").rpartition("/")[2] or candidate.document
    found = (
        f'<th scope="row" role="rowheader" data-label="{escape(columns[0])}">'
        f'<span class="file" title="{escape(candidate.document)}"><bdi>{escape(name)}</bdi></span>'
        f'<span class="preview" dir="auto">{escape(preview(candidate.text))}</span></th>'
    )
    data = "".join(
        f'<td role="cell" data-label="{escape(column)}">{escape(cell)}</td>'
        for column, cell in zip(columns[1:], cells, strict=True)
    )
    return f'<tr role="row">{found}{data}</tr>'


def preview(text: str) -> str:
    """Return the beginning of a text on one line, without Markdown, cut between words where it has spaces."""
    start = " ".join(plain(text[: _PREVIEW_LENGTH * 4]).split())
    if len(start) <= _PREVIEW_LENGTH and len(text) <= _PREVIEW_LENGTH * 4:
        return start
    cut = start[: _PREVIEW_LENGTH - 1]
    words, space, _ = cut.rpartition(" ")
    # Some languages write no spaces: then the last one is far from the end.
    return (words if space and len(words) > _PREVIEW_LENGTH // 2 else cut).rstrip() + "…"


def _place_text(place: Place | None, *, messages: Messages) -> str:
    if place is None:
        return _NO_PLACE
    return f"{place.rank} ({format_decimal(place.score, format='0.00', locale=messages.language)})"


def _fate_text(candidate: Candidate, *, messages: Messages) -> str:
    fates = {
        Fate.SHOWN: messages.shown.format(number=candidate.passage),
        Fate.SAME: messages.same,
        Fate.SURPLUS: messages.surplus,
        Fate.OUTRANKED: messages.outranked,
    }
    return fates[candidate.fate]


def _times_html(timings: Mapping[str, float], *, messages: Messages) -> str:
    steps = {
        "rewriting": messages.step_rewriting,
        "retrieval": messages.step_retrieval,
        "model": messages.step_model,
        "quoting": messages.step_quoting,
    }
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(_milliseconds(timings[step], messages=messages))}</dd>"
        for step, name in steps.items()
        if step in timings
    )
    return f'<h4 class="label">{escape(messages.times)}</h4><dl class="times">{items}</dl>' if items else ""


def _milliseconds(seconds: float, *, messages: Messages) -> str:
    return messages.milliseconds.format(count=format_decimal(round(seconds * 1000), locale=messages.language))
