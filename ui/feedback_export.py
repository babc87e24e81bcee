"""Feedback as a question set: what `footnote eval` can measure the search with, and what was rated bad, for reading."""

import json
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from index.catalog import Catalog
from index.documents import Chunk, Document
from index.errors import StoreError
from rag.question_sets import Question, write_question_set
from ui.feedback import CitedQuote, Feedback, FeedbackError, Rating, feedback_dict

BAD_FILE = "bad.jsonl"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds, and what of the good answers it had to leave out."""

    questions: int
    passages: int
    bad: int
    """Answers rated bad."""
    uncited: int
    """Good answers without footnotes: nothing tells which passage is right."""
    lost_quotes: int
    """Footnotes of good answers whose words do not stand in their document any more."""
    lost_answers: int
    """Good answers all of whose footnotes are lost."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A good answer, and for each of its footnotes the passages that hold the cited words."""

    entry: Feedback
    right: list[list[Chunk]]


def export_feedback(entries: Sequence[Feedback], catalog: Catalog, folder: Path) -> Export:
    """Write a question set in BEIR layout, whole or not at all, with what was rated bad beside it in `bad.jsonl`.

    The passages are the chunks of all documents, under their title and headings: that is what a search of the user's
    index finds, and all it sees of each. A question is that of an answer rated good, as it was searched; a follow-up
    that no chat model has put into other words lacks what it followed. Its right passages are those that hold words
    which the answer cites: others may be right as well, so a figure says whether the search still finds what readers
    liked. The same question from several readers is one, with all their passages.

    Args:
        entries: The ratings; nothing is written if there is none.
        catalog: The documents.
        folder: A folder that is empty or does not exist yet.

    Raises:
        FeedbackError: If there is nothing to export, or the folder holds something or cannot be written.
        StoreError: If the catalog cannot be read, or changes meanwhile.
    """
    if not entries:
        raise FeedbackError("There is no feedback to export.")
    good = [entry for entry in entries if entry.rating is Rating.GOOD]
    bad = [entry for entry in entries if entry.rating is Rating.BAD]
    revision = catalog.revision
    with _new_folder(folder) as unfinished:
        judged = [_judged(entry, catalog) for entry in good if entry.citations]
        questions = _questions(judged)
        written = write_question_set(unfinished, _passages(catalog), questions)
        rows = (json.dumps(row, ensure_ascii=False) for row in feedback_dict(bad)["feedback"])
        (unfinished / BAD_FILE).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        if catalog.revision != revision:
            raise StoreError("The index has changed during the export. Run the command again.")
    return Export(
        questions=len(questions),
        passages=written.passages,
        bad=len(bad),
        uncited=len(good) - len(judged),
        lost_quotes=sum(not chunks for answer in judged for chunks in answer.right),
        lost_answers=sum(not any(answer.right) for answer in judged),
    )


def export_dict(export: Export) -> dict[str, Any]:
    """Return the shape of `footnote feedback --export DIR --json`."""
    return asdict(export)


def _questions(answers: Iterable[_Judged]) -> list[Question]:
    """One question for each text that was asked and has a right passage."""
    questions: dict[str, Question] = {}
    for answer in answers:
        right = {chunk.id: 1 for chunks in answer.right for chunk in chunks}
        entry = answer.entry
        text = entry.standalone_question
        if text in questions:
            questions[text] = replace(questions[text], relevance={**questions[text].relevance, **right})
        elif right:
            questions[text] = Question(entry.answer_id, text, entry.language, right)
    return list(questions.values())


def _judged(entry: Feedback, catalog: Catalog) -> _Judged:
    return _Judged(entry, [_holding(citation, catalog) for citation in entry.citations])


def _holding(citation: CitedQuote, catalog: Catalog) -> list[Chunk]:
    """The chunks that hold the cited words; none if these are lost."""
    document = catalog.get_document(citation.document)
    start = _place(citation, document) if document else None
    if document is None or start is None:
        return []
    end = start + len(citation.quote)
    return [
        chunk
        for chunk in _chunks(catalog, document)
        if document.text[max(start, chunk.start) : min(end, chunk.end)].strip()
    ]


def _place(citation: CitedQuote, document: Document) -> int | None:
    """Where the cited words stand now: where they were, else nearest to there; `None` if nowhere."""
    if not citation.quote:
        return None
    if document.text.startswith(citation.quote, citation.start):
        return citation.start
    places = (found.start() for found in re.finditer(re.escape(citation.quote), document.text))
    return min(places, key=lambda place: abs(place - citation.start), default=None)


def _passages(catalog: Catalog) -> Iterator[Document]:
    """All chunks, each as a document of its own."""
    documents = (catalog.get_document(source) for source in sorted(catalog.languages()))
    for document in filter(None, documents):
        for chunk in _chunks(catalog, document):
            yield replace(
                document,
                source=chunk.id,
                title=" › ".join(filter(None, (document.title, chunk.heading))),
                text=chunk.text,
                metadata={"document": document.source, "start": str(chunk.start), "end": str(chunk.end)},
            )


def _chunks(catalog: Catalog, document: Document) -> list[Chunk]:
    """The chunks of a document in order."""
    return sorted(catalog.chunks(catalog.seqs([document.source])).values(), key=lambda chunk: chunk.start)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one, which takes its place when the block ends; gone if anything fails before."""
    try:
        folder = folder.resolve()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FeedbackError(f"'{folder}' is no empty folder. Name one that is empty or does not exist yet.")
        unfinished = folder.parent / f".footnote-{uuid.uuid4().hex}"
        unfinished.mkdir(parents=True)
        try:
            yield unfinished
            unfinished.replace(folder)  # refused by the system if something has been put there meanwhile
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise FeedbackError(f"'{folder}' cannot be written: {error.strerror}. Name another folder.") from error
