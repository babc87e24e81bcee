"""Plain text for the terminal."""

import unicodedata
from collections.abc import Sequence

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from rag.answers import Answer
from rag.prompts import phrases

# Embeddings, overrides and isolates of the bidirectional algorithm show text in another order than it has. The marks
# that Arabic and Hebrew texts need are others.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def answer_plain(answer: Answer) -> str:
    """Return the answer, then where each footnote points; the nearest passages if nothing answers."""
    parts = [printable(answer.notice)] if answer.notice else []
    parts.append(printable(answer.text))
    if answer.citations:
        parts.append(
            "\n".join(
                f"[{citation.number}] {one_line(citation.title)} ({citation.language}) "
                f"{one_line(citation.document)}, characters {citation.start}–{citation.end}"
                for citation in answer.citations
            )
        )
    elif answer.passages:
        nearest = [
            f"- {one_line(passage.title)} ({passage.language}) {one_line(passage.document)}\n"
            f"  {_first_words(passage.text)}"
            for passage in answer.passages[:3]
        ]
        parts.append("\n".join([phrases(answer.language).nearest, *nearest]))
    return "\n\n".join(parts)


def search_plain(results: Sequence[ScoredChunk], documents: Sequence[DocumentRecord]) -> str:
    """Return one block per place found."""
    titles = {record.source: record.title for record in documents}
    return (
        "\n\n".join(
            f"{rank}. {one_line(titles.get(found.chunk.source, found.chunk.source))}  "
            f"{found.score:.2f} ({', '.join(found.searchers)})\n"
            f"   {one_line(found.chunk.location)}\n   {_first_words(found.chunk.text)}"
            for rank, found in enumerate(results, start=1)
        )
        or "Nothing was found."
    )


def documents_plain(documents: Sequence[DocumentRecord]) -> str:
    """Return one line per document."""
    return (
        "\n".join(
            f"{record.state:<8} {record.language:<8} {record.chunks:>5}  {one_line(record.source)}"
            + (f"  {one_line(record.reason)}" if record.reason else f"  {one_line(record.title)}")
            for record in documents
        )
        or "No documents. Run: footnote ingest FOLDER"
    )


def printable(text: str) -> str:
    """Return the text without what a document could move the cursor, colour the terminal or turn words around with."""
    return "".join(
        character
        for character in text
        if character in "\n\t"
        or (unicodedata.category(character) not in ("Cc", "Cs") and character not in _DIRECTION_CONTROLS)
    )


def one_line(text: str) -> str:
    """Return the text printable, with a space for each stretch of white space: a name, a title, a reason."""
    return " ".join(printable(text).split())


def _first_words(text: str, *, length: int = 200) -> str:
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
