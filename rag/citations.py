"""Footnote marks of a model's answer: each one is tied to the exact words that support it, or removed."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.answers import Citation, Passage, Statement
from rag.checking import Checker
from rag.claims import BLANKS, begins_line, claim_after, claim_before
from rag.late_interaction import QuoteEmbedder
from rag.marks import Mark, MarkReader
from rag.settings import CitationSettings
from rag.statements import MarkGroup, find_statements

log = logging.getLogger(__name__)

# What may stand between marks that belong together: [1], [2].
_BETWEEN_MARKS = BLANKS + ",，、;；"
# A line that begins with a mark is held back up to here at most; what the mark vouches for has ended by then.
_LONGEST_HELD = 2000


@dataclass(frozen=True, slots=True)
class CitedText:
    """An answer's text, whose marks are the numbers of its citations and nothing else.

    Brackets in code and inside an address are no marks.
    """

    text: str
    citations: tuple[Citation, ...]
    statements: tuple[Statement, ...] = ()


def cite(
    text: str, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
) -> CitedText:
    """Tie each mark of an answer to the words of its passage that support it best; remove marks with no support.

    Args:
        text: The model's answer with marks that name passages.
        passages: What the model was shown.
        language: The answer's language.
        embedder: Vectors for the comparison.
        settings: How much support is enough.
    """
    writer = CitationWriter(passages, language=language, embedder=embedder, settings=settings)
    writer.read(text)
    writer.close()
    return writer.cited()


class CitationWriter:
    """Takes a model's answer piece by piece and gives it back with checked footnotes, wherever the pieces were cut.

    A mark stays if its passage supports what the sentence says since the mark before: if it says something like it, no
    less than the other passages or nearly so, and every fact of it (see `rag.facts`) stands in one of the passages that
    are cited together. Footnotes are numbered by order of appearance; two marks on the same words share a number.
    What has been given back is final. Held back is only what may still be a mark, and a line that begins with one.
    """

    def __init__(
        self, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
    ) -> None:
        self._checker = Checker(passages, language=language, embedder=embedder, settings=settings)
        self._language = language
        self._reader = MarkReader()
        self._text: list[str] = []
        self._plain: list[str] = []  # the text without marks
        self._blanks = ""  # white space behind it, which goes if nothing or a mark that is removed follows
        self._cited: list[int] = []  # the passages named by marks that stand together, until it is clear what follows
        self._behind = ""  # what stands between these marks and that
        self._line: str | None = None  # what follows marks that begin a line
        self._groups: list[MarkGroup] = []
        self._since = 0  # where the last of them stands, in the text without marks
        self._footnotes: dict[tuple[str, int, int], Citation] = {}
        self._new: list[str | Citation] = []

    def read(self, piece: str) -> list[str | Citation]:
        """Return what is certain with this piece: text with its final marks, and each citation before its mark."""
        self._take(self._reader.read(piece))
        return self._news()

    def close(self) -> list[str | Citation]:
        """Return what was held back at the end of the answer."""
        self._take(self._reader.close())
        self._end_marks()
        return self._news()

    def cited(self) -> CitedText:
        """Return all that has been given back, with its citations and statements."""
        return CitedText(
            "".join(self._text),
            tuple(self._footnotes.values()),
            find_statements("".join(self._plain), self._groups, checker=self._checker, language=self._language),
        )

    def _take(self, parts: Iterable[str | Mark]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._take_text(part)
            else:
                if self._line is not None:
                    self._end_marks()
                self._cited += part.numbers
                self._behind = ""

    def _take_text(self, text: str) -> None:
        while text:
            if self._line is not None:
                taken = len(text.partition("\n")[0][: _LONGEST_HELD - len(self._line)])
                self._line += text[:taken]
            elif self._cited:
                taken = len(text) - len(text.lstrip(_BETWEEN_MARKS))
                self._behind += text[:taken]
            else:
                taken = len(text)
                self._write(text)
            text = text[taken:]
            if not text:
                return
            if self._line is None and text[0] != "\n" and begins_line(self._plain_text()):
                self._line = ""
            else:
                self._end_marks(following=text[0])

    def _end_marks(self, *, following: str = "") -> None:
        """Give back the marks that are held and what stands behind them, in view of the character that follows."""
        if not self._cited:
            return
        plain, behind = self._plain_text(), self._behind + (self._line or "")
        passages = self._checker.known(self._cited)
        claim = None
        if not passages:
            log.info("Removed marks %s: there are no such passages.", self._cited)
        elif self._line is None:
            claim = claim_before(plain, since=self._since, language=self._language)
        else:
            claim = claim_after(plain + behind, at=len(plain), language=self._language)
        checked = self._checker.check(claim, passages)
        marks = "".join(f"[{number}]" for number in dict.fromkeys(map(self._footnote, checked.citations)))
        if marks:
            self._write_blanks()
            self._give(marks)
        elif "\n" in self._blanks or not self._text:  # a line begins here
            behind = behind.lstrip(BLANKS)
        elif not (behind + following)[:1].isalnum():
            self._blanks = self._blanks.rstrip(BLANKS)
        at = len(self._plain_text())
        if claim and self._line is not None:  # white space may be gone before it
            claim = claim.moved(at + len(behind) - len(plain) - len(self._behind + self._line))
        self._groups.append(MarkGroup(at, marks, claim, passages, checked))
        self._since = at if passages else self._since
        self._cited, self._behind, self._line = [], "", None
        self._write(behind)

    def _footnote(self, citation: Citation) -> int:
        """The number of a citation in the answer."""
        place = (citation.document, citation.start, citation.end)
        if place not in self._footnotes:
            self._footnotes[place] = replace(citation, number=len(self._footnotes) + 1)
            self._new.append(self._footnotes[place])
        return self._footnotes[place].number

    def _write(self, text: str) -> None:
        """Give back text, but for white space at either end of the answer."""
        words = text.rstrip()
        if words:
            if not self._text:
                self._blanks, words = "", text.strip()
            self._write_blanks()
            self._give(words)
            self._plain.append(words)
            self._blanks = ""
        if self._text:
            self._blanks += text[len(text.rstrip()) :]

    def _write_blanks(self) -> None:
        if self._blanks:
            self._give(self._blanks)
            self._plain.append(self._blanks)
            self._blanks = ""

    def _give(self, text: str) -> None:
        self._text.append(text)
        self._new.append(text)

    def _plain_text(self) -> str:
        return "".join(self._plain) + self._blanks

    def _news(self) -> list[str | Citation]:
        """What is to be given back now, with neighbouring texts made one."""
        news: list[str | Citation] = []
        for new in self._new:
            if isinstance(new, str) and news and isinstance(news[-1], str):
                news[-1] += new
            else:
                news.append(new)
        self._new = []
        return news
