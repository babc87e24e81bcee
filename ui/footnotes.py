"""An answer as text alone, for programs that show nothing else: footnotes below it, and nothing of a document active.

Chat programs show what a model says as Markdown, and quotes are words of documents, which anybody may have written: no
link, image or HTML in them may come to life. A backslash takes the meaning of those signs; all else stays as it is, so
that it reads well where it is shown as plain text.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from rag.answers import Citation
from rag.marks import WrittenMark, find_marks
from rag.markup import plain
from rag.visible_text import visible
from ui.plain import one_line

LONGEST_TITLE = 150
LONGEST_QUOTE = 400
"""Characters: four or five sentences of the footnote's words; `Citation.quote` has all of them."""

# What makes a link of the words before it, begins HTML or an address in pointed brackets, or says where links of a
# name lead. Whoever reads Markdown needs the next character to know that a pointed bracket begins something.
_ACTIVE = re.compile(r"(?<=\])[(:]|<(?=[A-Za-z/!?])")
# What may stand before the first bracket of a line that says where links lead.
_LINE_START = re.compile(r"[\s>*+\-0-9.)]*")
_LIST = "\n\n[1] "
_ENTRY = re.compile(r"\[([0-9]{1,3})\] .*: “")
# A line break in Markdown, and in plain text as well.
_BREAK = "  \n"


class Written(NamedTuple):
    """A piece of text, and the footnote marks in it: where each stands in all that was written."""

    text: str
    marks: tuple[WrittenMark, ...]


class AnswerText:
    """Takes an answer piece by piece and gives it back as what is sent, the same however it was cut."""

    def __init__(self, *, markdown: bool = True) -> None:
        """Begin with nothing. `markdown` says whether it may be shown as Markdown: without it, nothing is changed."""
        self._markdown = markdown
        self._read = ""
        self._given = 0  # of it
        self._length = 0  # of what was given instead

    def add(self, piece: str) -> Written:
        """Return what is certain with this piece."""
        self._read += piece
        return self._give(len(self._read) - (self._markdown and self._read.endswith("<")))

    def close(self) -> Written:
        """Return what was held back at the end."""
        return self._give(len(self._read))

    def _give(self, end: int) -> Written:
        start, before = self._given, self._length
        escaped = [at for at in self._active() if at < end]
        marks = [mark for mark in find_marks(self._read) if start <= mark.start] if "[" in self._read[start:] else []
        pieces = [self._read[a:b] for a, b in zip([start, *escaped], [*escaped, end], strict=True)]
        text = "\\".join(pieces)
        self._given, self._length = end, before + len(text)
        moved = [(mark, before - start + bisect_right(escaped, mark.start)) for mark in marks]
        return Written(text, tuple(WrittenMark(mark.start + by, mark.end + by, mark.number) for mark, by in moved))

    def _active(self) -> list[int]:
        if not self._markdown:
            return []
        return [
            found.start()
            for found in _ACTIVE.finditer(self._read, self._given)
            if _is_active(self._read, found.start())
        ]


def footnotes(
    citations: Sequence[Citation], *, link: Callable[[Citation], str] | None = None, markdown: bool = True
) -> str:
    """Return the footnotes as they are put below an answer, each in a line; nothing if there are none.

    Args:
        citations: In the order of their numbers.
        link: Gives the address of the place that a footnote points at.
        markdown: Whether the text may be shown as Markdown.
    """
    lines = [_footnote(citation, link=link, markdown=markdown) for citation in citations]
    return "\n\n" + (_BREAK if markdown else "\n").join(lines) if lines else ""


def without_footnotes(text: str) -> str:
    """Return an answer that came back from a client without the footnotes that were put below it, whole or cut off."""
    text = text.replace("\r\n", "\n")
    answer, _, rest = text.rpartition(_LIST)
    first, *others = [_ENTRY.match(line) for line in f"[1] {rest}".rstrip().split("\n")]
    if others and others[-1] is None:  # the reader has stopped it there
        others.pop()
    numbers = [int(entry[1]) if entry else 0 for entry in (first, *others)]
    return answer if answer and numbers == [*range(1, len(numbers) + 1)] else text


def place_address(base: str, *, document: str, start: int, end: int) -> str:
    """Return the address at which the page shows the words of a document; `base` is the page's own."""
    return f"{base.rstrip('/')}/?document={quote(document, safe='')}&start={start}&end={end}"


def _footnote(citation: Citation, *, link: Callable[[Citation], str] | None, markdown: bool) -> str:
    title = _shown(citation.title, longest=LONGEST_TITLE) or _shown(citation.document, longest=LONGEST_TITLE)
    words = _shown(plain(citation.quote), longest=LONGEST_QUOTE)
    # With the number before it, so that an answer that came back can be told from its footnotes.
    text = f"[{citation.number}] {title}: “{words}”"
    written = AnswerText(markdown=markdown)
    text = written.add(text).text + written.close().text
    return f"{text} <{link(citation)}>" if link else text


def _shown(text: str, *, longest: int) -> str:
    line = one_line(visible(text))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _is_active(text: str, at: int) -> bool:
    """Whether what stands there means something in Markdown, and no backslash has taken that from it already."""
    if text[at] == ":":
        opening = text.rfind("[", 0, at)
        line = text[text.rfind("\n", 0, opening) + 1 : opening]
        return opening >= 0 and _LINE_START.fullmatch(line) is not None
    backslashes = at - len(text[:at].rstrip("\\"))
    return text[at] == "(" or backslashes % 2 == 0
