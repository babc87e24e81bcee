"""Plain text for the terminal."""

import unicodedata
from collections.abc import Sequence

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from rag.answers import Answer
from rag.prompts import phrases


def answer_plain(answer: Answer) -> str:
    """Return the answer, then where each footnote points; the nearest passages if nothing answers."""
    parts = [printable(answer.notice)] if answer.notice else []
    parts.append(printable(answer.text))
    if answer.citations:
        parts.append(
            "\n".join(
                f"[{citation.number}] {printable(citation.title)} ({citation.language}) "
                f"{citation.document}, characters {citation.start}–{citation.end}"
                for citation in answer.citations
            )
        )
    elif answer.passages:
        nearest = [
            f"- {printable(passage.title)} ({passage.language}) {passage.document}\n  {_first_words(passage.text)}"
            for passage in answer.passages[:3]
        ]
        parts.append("\n".join([phrases(answer.language).nearest, *nearest]))
    return "\n\n".join(parts)


def search_plain(results: Sequence[ScoredChunk], documents: Sequence[DocumentRecord]) -> str:
    """Return one block per place found."""
    titles = {record.source: record.title for record in documents}
    return (
        "\n\n".join(
            f"{rank}. {printable(titles.get(found.chunk.source, found.chunk.source))}  "
            f"{found.score:.2f} ({', '.join(found.searchers)})\n"
            f"   {found.chunk.location}\n   {_first_words(found.chunk.text)}"
            for rank, found in enumerate(results, start=1)
        )
        or "Nothing was found."
    )


def documents_plain(documents: Sequence[DocumentRecord]) -> str:
    """Return one line per document."""
    return (
        "\n".join(
            f"{record.state:<8} {record.language:<8} {record.chunks:>5}  {record.source}"
            + (f"  {printable(record.reason)}" if record.reason else f"  {printable(record.title)}")
            for record in documents
        )
        or "No documents. Run: footnote ingest FOLDER"
    )


def printable(text: str) -> str:
    """Return the text without control characters: a document must not move the cursor or colour the terminal."""
    return "".join(
        character for character in text if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )


def _first_words(text: str, *, length: int = 200) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
