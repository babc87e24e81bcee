"""What goes into the assistant and what comes out: turns, passages, citations, answers and the events of a stream."""

from dataclasses import dataclass, field
from enum import StrEnum

from index.errors import FootnoteError
from rag.explanation import Explanation


@dataclass(frozen=True, slots=True)
class Turn:
    """One past exchange of a conversation."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document shown to the model, numbered from 1; `document.text[start:end] == text`."""

    number: int
    document: str
    """The document's source, its name in the index."""
    title: str
    language: str
    text: str
    start: int
    end: int
    score: float
    chunk: str
    """Id of the best chunk in it."""
    heading: str = ""
    searchers: tuple[str, ...] = ()
    date: str = ""
    """The document's date as it states it, ISO 8601 to the day, month or year; empty if it states none."""
    confidence: float = 0.0
    """How sure the search is that it is right, from 0 to 1; its score, unless a reranker's model gave that."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked footnote: `document.text[start:end] == quote`.

    `number` is the footnote's number in the answer: footnotes count from 1 in order of appearance, and two marks on
    the same words share one. `passage` is the number of the passage that holds the quote.
    """

    number: int
    passage: int
    document: str
    title: str
    language: str
    quote: str
    start: int
    end: int
    chunk: str


class Problem(StrEnum):
    """Why a statement of a chat model is not supported."""

    UNCITED = "uncited"
    """It carries no mark, or only marks of passages that do not exist."""
    FACT_MISSING = "fact_missing"
    """A number, date, address, quotation or name in it stands in none of the passages it cites."""
    NOT_COVERED = "not_covered"
    """Nothing in the passages it cites says something like it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, and whether the documents support it: `answer.text[start:end]`, marks included."""

    start: int
    end: int
    citations: tuple[int, ...] = ()
    """Numbers of the citations that stand in it, each checked."""
    problem: Problem | None = None
    """`None` if it is supported."""
    missing: tuple[str, ...] = ()
    """The facts that were not found, as written in the answer."""

    @property
    def supported(self) -> bool:
        """Whether the passages it cites say it."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant returns. "Not in the documents" is a normal answer, with `answered` false.

    `text` is Markdown-free plain text with paragraphs; its `[n]` marks are numbers of `citations`, and no mark in it
    lacks a citation; brackets in code and addresses are no marks (`rag.marks.find_marks`). `passages` are the nearest
    passages, best first, also when nothing was answered.
    """

    question: str
    language: str
    """Language of the question, in which the answer is written."""
    text: str
    answered: bool
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    model: str | None = None
    """Name of the chat model that wrote it; `None` for verbatim quotes."""
    notice: str = ""
    """A sentence for the reader, in their language, when something did not go as asked (the model failed)."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds per step."""
    statements: tuple[Statement, ...] = ()
    """The sentences of the text in order; in verbatim quotes each quote is one, and supported."""
    emphasis: tuple[tuple[int, int], ...] = ()
    """Characters of the text that hold the very date or amount asked for, to be shown bold."""
    confidence: float | None = None
    """How sure it is that the quotes answer, from 0 to 1; `None` if a chat model wrote the answer."""
    answer_language: str = ""
    """The language a model's text turned out to be in, `language` if it cannot be told; empty for quotes."""
    standalone_question: str = ""
    """What was searched for: the question, in a chat model's words if it does not stand alone."""
    explanation: Explanation | None = None
    """What was found and what became of it, if that was asked for."""


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """First event of a stream: what the answer will be drawn from."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text. A mark `[n]` arrives whole, after the citation n that it stands for.

    It may be empty: the chat model is at work, and nothing can be shown yet.
    """

    text: str


@dataclass(frozen=True, slots=True)
class CitationsFound:
    """Citations whose marks come with the next token."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Last event of a stream: the complete answer, whose text is that of the tokens together."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """Last event of a stream that could not be answered, not even with quotes."""

    message: str
    """A sentence for the reader, in their language."""
    error: FootnoteError
    """What happened, for the log."""


Event = PassagesFound | Token | CitationsFound | Done | Failed
