"""Question sets in BEIR layout: passages, questions, and which passages are right for which question.

    DIR/corpus.jsonl     {"_id": …, "title": …, "text": …, "language": …}: one passage a line
    DIR/queries.jsonl    {"_id": …, "text": …, "language": …}: one question a line
    DIR/qrels/test.tsv   query-id, corpus-id, score: right if the score is above 0; the first line may name the columns

`title` and `language` may be left out; the language is detected then.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.documents import Document
from index.language import detect_language, normalise_language
from rag.errors import EvaluationError
from rag.question_text import whole

DEFAULT_SPLIT = "test"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the relevance of the passages that are judged for it: right above 0."""

    id: str
    text: str
    language: str
    relevance: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The judged questions, and the passages they are asked of, which stay on disk."""

    corpus: Path
    passages: int
    questions: tuple[Question, ...]

    def documents(self) -> Iterator[Document]:
        """Read the passages one by one, each as a document whose source is its id.

        A passage without a title has none: nothing should be found by its id.
        """
        for _, row in _rows(self.corpus):
            text = whole(row["text"]).replace("\r\n", "\n").replace("\r", "\n")
            title = whole(row.get("title") or "")
            stated = normalise_language(row.get("language") or "")
            yield Document(
                source=row["_id"],
                title=title,
                language=stated or detect_language(text),
                text=text,
                content_hash=hashlib.sha256(f"{title}\n{text}".encode()).hexdigest(),
            )


def load_question_set(folder: Path, *, split: str | None = None) -> QuestionSet:
    """Read questions and judgements, and check the passages.

    Args:
        folder: A folder in BEIR layout.
        split: Name of the judgements in `qrels/`, without `.tsv`; if omitted `test`, or the only one there is.

    Raises:
        EvaluationError: If a file is missing or malformed, an id is used twice or unknown, or no question has a right
            passage.
    """
    if not folder.is_dir():
        raise EvaluationError(f"'{folder}' is no folder: name one in BEIR layout, with corpus.jsonl in it.")
    corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
    judgements = _judgements_file(folder / "qrels", split)
    passages = {row["_id"] for _, row in _unique(corpus)}
    if not passages:
        raise EvaluationError(f"'{corpus}' holds no passage.")
    rows = {row["_id"]: row for _, row in _unique(queries)}
    relevance: dict[str, dict[str, int]] = {}
    for number, query_id, doc_id, score in _judgements(judgements):
        for identifier, known, file in ((query_id, rows, queries), (doc_id, passages, corpus)):
            if identifier not in known:
                raise EvaluationError(f"'{judgements}', line {number}: {identifier!r} is not in '{file.name}'.")
        if relevance.setdefault(query_id, {}).setdefault(doc_id, score) != score:
            raise EvaluationError(f"'{judgements}', line {number}: {query_id!r} and {doc_id!r} are judged twice.")
    questions = tuple(
        _question(rows[query_id], judged)
        for query_id, judged in relevance.items()
        if any(s > 0 for s in judged.values())
    )
    if not questions:
        raise EvaluationError(f"'{judgements}' names no right passage for any question.")
    return QuestionSet(corpus, len(passages), questions)


def write_question_set(folder: Path, passages: Iterable[Document], questions: Sequence[Question]) -> QuestionSet:
    """Write a question set that `load_question_set` reads, judged in `qrels/test.tsv`, and return it.

    Args:
        folder: Where to write; it exists and is empty.
        passages: Each with its id as source. What the metadata says is written, too; nothing else reads it.
        questions: With their judgements, which name these passages.

    Raises:
        OSError: If the folder cannot be written.
        ValueError: If an id holds a tab or a line end, which would part the fields of a judgement.
    """
    written = 0
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as corpus:
        for passage in passages:
            written += 1
            row = {"_id": passage.source, "title": passage.title, "text": passage.text, "language": passage.language}
            corpus.write(_json_line({**row, "metadata": passage.metadata}))
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as queries:
        for question in questions:
            queries.write(_json_line({"_id": question.id, "text": question.text, "language": question.language}))
    (folder / "qrels").mkdir()
    with (folder / "qrels" / f"{DEFAULT_SPLIT}.tsv").open("w", encoding="utf-8") as judgements:
        judgements.write("query-id\tcorpus-id\tscore\n")
        for question in questions:
            for doc_id, score in question.relevance.items():
                judgements.write(f"{_field(question.id)}\t{_field(doc_id)}\t{score}\n")
    return QuestionSet(folder / "corpus.jsonl", written, tuple(questions))


def sample(questions: tuple[Question, ...], *, most: int) -> tuple[Question, ...]:
    """Return at most `most` questions of each language, always the same ones; a larger sample holds a smaller one."""
    taken: dict[str, int] = {}
    kept = set()
    for question in sorted(questions, key=lambda question: hashlib.sha256(question.id.encode()).digest()):
        taken[question.language] = taken.get(question.language, 0) + 1
        if taken[question.language] <= most:
            kept.add(question.id)
    return tuple(question for question in questions if question.id in kept)


def _question(row: Mapping[str, Any], relevance: Mapping[str, int]) -> Question:
    text = whole(row["text"])
    return Question(row["_id"], text, normalise_language(row.get("language") or "") or detect_language(text), relevance)


def _judgements_file(folder: Path, split: str | None) -> Path:
    found = {path.stem: path for path in sorted(folder.glob("*.tsv"))}
    if split is None and len(found) == 1:
        return next(iter(found.values()))
    wanted = split or DEFAULT_SPLIT
    if wanted in found:
        return found[wanted]
    there = f"there are {', '.join(found)}" if found else "there is none"
    raise EvaluationError(f"'{folder / f'{wanted}.tsv'}' does not exist ({there}): name another one with --split.")


def _judgements(path: Path) -> Iterator[tuple[int, str, str, int]]:
    """The lines of a file of judgements, numbered: query_id, doc_id and relevance."""
    for number, line in _lines(path):
        fields = tuple(line.split("\t"))
        if number == 1 and fields[-1].isalpha():
            continue
        try:
            query_id, doc_id, score = fields
            yield number, query_id, doc_id, int(score)
        except ValueError as error:
            raise EvaluationError(
                f"'{path}', line {number}: expected query-id, corpus-id and a whole number, parted by tabs."
            ) from error


def _unique(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file, each with an id that no row before it has."""
    seen: set[str] = set()
    for number, row in _rows(path):
        if row["_id"] in seen:
            raise EvaluationError(f"'{path}', line {number}: the id {row['_id']!r} is used twice.")
        seen.add(row["_id"])
        yield number, row


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file, numbered, with an id and a text each."""
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"'{path}', line {number} is not valid JSON: {error}.") from error
        if not isinstance(row, dict) or not row.get("_id") or "text" not in row:
            raise EvaluationError(f'\'{path}\', line {number}: expected an object with "_id" and "text".')
        for name in ("_id", "text", "title", "language"):
            if not isinstance(row.get(name) or "", str):
                raise EvaluationError(f"'{path}', line {number}: \"{name}\" is not a text.")
        row["_id"], row["text"] = whole(row["_id"]), row["text"] or ""
        yield number, row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, numbered from 1, without their ends."""
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise EvaluationError(f"'{path}' is not valid UTF-8 after line {number}. Save it as UTF-8.") from error
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise EvaluationError(f"'{path}' {reason}.") from error


def _json_line(row: Mapping[str, Any]) -> str:
    return whole(json.dumps(row, ensure_ascii=False)) + "\n"


def _field(identifier: str) -> str:
    """An id that can stand between tabs."""
    if re.search(r"[\t\r\n]", identifier):
        raise ValueError(f"The id {identifier!r} holds a tab or a line end.")
    return identifier
