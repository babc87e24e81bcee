"""The types that cross the boundary of `index/`: documents, their chunks, and what a searcher found."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """One article as loaded.

    `text` is what offsets point into: for plain text the decoded file, for Markdown the part after the front matter,
    for HTML the extracted article. Line ends are line feeds, a byte order mark is gone; nothing else is changed.
    """

    source: str
    """Where it came from, as shown to people: a path relative to the folder that holds the home, else absolute."""
    title: str
    language: str
    """ISO 639-1 code, or `und` if nothing could be told."""
    text: str
    content_hash: str
    """SHA-256 of the bytes it was loaded from, in hexadecimal."""
    date: str | None = None
    """ISO 8601 date, if the document states one."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Anything else the document states about itself, such as author and licence."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored slice of a document: one to three sentences, `document.text[start:end] == text`."""

    id: str
    """Unique in a home. Made of source, content and chunking, so that it never names other characters."""
    source: str
    """`Document.source` of the document it belongs to."""
    text: str
    start: int
    end: int
    heading: str = ""
    """The headings above it, outermost first, joined by ` › `."""

    @property
    def location(self) -> str:
        """A stable, readable address: source and character range."""
        return f"{self.source}#char={self.start},{self.end}"


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk with its score (higher is better) and the searchers that found it (`dense`, `lexical`)."""

    chunk: Chunk
    score: float
    searchers: tuple[str, ...] = ()
    versions: tuple[Chunk, ...] = ()
    """Near-duplicates and translations of it, folded into this result."""
