"""Answer → Markdown, to be copied or saved: footnotes as `[^1]`, and nothing else that was not meant as Markdown."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from rag.answers import Answer, Citation
from rag.marks import WrittenMark, find_marks
from rag.prompts import phrases, support_sentence
from ui.messages import Messages, language_name
from ui.plain import one_line, printable

_SPECIAL = re.compile(r"([\\`*_\[\]<>{}~|&$])")
# What only the start of a line makes a heading, a list, a rule, a definition or the underline of a heading.
_LINE_START = re.compile(r"^([0-9]{1,9}(?=[.)])|)(?=[-+#=:.)])", re.MULTILINE)
# Many programs make a link of these wherever they stand; in code they do not.
_ADDRESS = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]{0,30}://|www\.|(?:mailto|xmpp):)[!-_a-~]+|[a-z0-9._+-]{1,64}@[a-z0-9._-]+)(?<![.,;:!?])",
    re.IGNORECASE,
)
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_LINE_SEPARATORS = str.maketrans("\u2028\u2029", "\n\n")
# Directly behind a mark these would make it a link or a footnote of its own.
_JOINED_TO_MARK = ("(", ":")
_KEPT_IN_ADDRESS = ":/?#@!$&'+,;=%~"


def answer_markdown(answer: Answer, *, messages: Messages, link: Callable[[Citation], str] | None = None) -> str:
    """Return an answer with its footnotes below it; everything else in it reads as the plain text it is.

    Args:
        answer: The answer.
        messages: The sentences and language names to say it in.
        link: Gives the http(s) address of the place that a footnote points at; titles become links to it then. Any
            other address is left out.
    """
    parts = [_text_markdown(answer)]
    parts += [f"*{escaped(one_line(said))}*" for said in (answer.notice, support_sentence(answer)) if said]
    label = escaped(phrases(answer.language).unsupported)
    doubtful = [answer.text[one.start : one.end] for one in answer.statements if not one.supported]
    parts.append("\n".join(f"- {label}: {escaped(one_line(text))}" for text in doubtful))
    parts.append("\n".join(_footnote(citation, messages=messages, link=link) for citation in answer.citations))
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Return a text so that Markdown shows it as it is, except at the start of a line: no markup, links or HTML."""
    text = printable(text)
    pieces, position = [], 0
    for address in _ADDRESS.finditer(text):
        pieces += [_SPECIAL.sub(r"\\\1", text[position : address.start()]), f"`{address[0]}`"]
        position = address.end()
    return "".join([*pieces, _SPECIAL.sub(r"\\\1", text[position:])])


def _text_markdown(answer: Answer) -> str:
    """The paragraphs of an answer; a line break in one stays one."""
    text = answer.text.translate(_LINE_SEPARATORS)
    marked = _marked(text, _marks(answer), emphasis=answer.emphasis)
    paragraphs = (
        "  \n".join(_LINE_START.sub(r"\1\\", line.strip()) for line in paragraph.strip().split("\n"))
        for paragraph in _PARAGRAPH_BREAK.split(marked)
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _marks(answer: Answer) -> list[WrittenMark]:
    cited = {citation.number for citation in answer.citations}
    return [mark for mark in find_marks(answer.text) if mark.number in cited]


def _marked(text: str, marks: Sequence[WrittenMark], *, emphasis: Sequence[tuple[int, int]]) -> str:
    """The text escaped, its marks written as footnotes and its emphasis as bold."""
    inserted = [(mark.start, mark.end, f"[^{mark.number}]") for mark in marks]
    inserted += [(offset, offset, "**") for span in emphasis for offset in span]
    pieces: list[str] = []
    position = 0
    for start, end, markup in sorted(inserted):
        pieces += [_after(pieces, text[position:start]), markup]
        position = end
    return "".join([*pieces, _after(pieces, text[position:])])


def _after(pieces: Sequence[str], text: str) -> str:
    follows_mark = bool(pieces) and pieces[-1].startswith("[^")
    return ("\\" if follows_mark and text.startswith(_JOINED_TO_MARK) else "") + escaped(text)


def _footnote(citation: Citation, *, messages: Messages, link: Callable[[Citation], str] | None) -> str:
    title, source = escaped(one_line(citation.title)), escaped(one_line(citation.document))
    address = link(citation) if link else ""
    if address.startswith(("https://", "http://")):
        title = f"[{title}]({quote(address, safe=_KEPT_IN_ADDRESS)})"
    name = language_name(citation.language, shown_in=messages.language)
    origin = ", ".join([title, escaped(one_line(name))] if name else [title])
    return f"[^{citation.number}]: “{escaped(one_line(citation.quote))}” — {origin} ({source})"
