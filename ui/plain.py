"""Plain text for the terminal."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from rag.answers import Answer
from rag.evaluation import METRICS, Evaluation, Pair, Scores
from rag.explanation import Candidate, Explanation, Fate, Place
from rag.prompts import phrases, support_sentence
from ui.feedback import Feedback
from ui.feedback_export import Export

# Embeddings, overrides and isolates of the bidirectional algorithm show text in another order than it has. The marks
# that Arabic and Hebrew texts need are others.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Candidates of an explanation that are printed; `--json` has all of them.
_CANDIDATES_SHOWN = 20


def remarks_plain(answer: Answer) -> str:
    """Return what follows an answer: its notice, which statements are not supported, where each footnote points.

    The nearest passages if nothing answers.
    """
    parts = [printable(answer.notice)] if answer.notice else []
    if support := support_sentence(answer):
        unsupported = phrases(answer.language).unsupported
        parts.append(
            "\n".join(
                [
                    support,
                    *(
                        f"- {unsupported}: {one_line(answer.text[statement.start : statement.end])}"
                        for statement in answer.statements
                        if not statement.supported
                    ),
                ]
            )
        )
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


def explanation_plain(explanation: Explanation, timings: Mapping[str, float]) -> str:
    """Return what was searched for, a line for each candidate and what became of it, and the time each step took."""
    lines = [f"Searched for: {one_line(explanation.standalone_question)}"]
    if explanation.in_context:
        lines.append(f"and, as {explanation.context_share:.0%} of the score: {one_line(explanation.in_context)}")
    lines.append(f"\n{'ranked':<10}{'dense':<12}{'lexical':<12}became")
    lines += [_candidate_line(candidate) for candidate in explanation.candidates[:_CANDIDATES_SHOWN]]
    if (more := len(explanation.candidates) - _CANDIDATES_SHOWN) > 0:
        lines.append(f"… and {more} more; --json has all of them.")
    lines += ["", f"Search: {_seconds(explanation.seconds)}", f"All: {_seconds(timings)}"]
    return "\n".join(lines)


def _candidate_line(candidate: Candidate) -> str:
    fates = {
        Fate.SHOWN: f"passage {candidate.passage}",
        Fate.SAME: f"left out, says the same as {one_line(candidate.same_as)}",
        Fate.SURPLUS: "left out, enough are better",
        Fate.OUTRANKED: "left out before ranking, enough were found more often or nearer",
    }
    places = "".join(
        f"{_place(place):<{width}}"
        for place, width in ((candidate.ranked, 10), (candidate.dense, 12), (candidate.lexical, 12))
    )
    return (
        f"{places}{fates[candidate.fate]}\n"
        f"{'':<10}{one_line(candidate.document)}, characters {candidate.start}–{candidate.end}: "
        f"{_first_words(candidate.text, length=80)}"
    )


def _place(place: Place | None) -> str:
    return "-" if place is None else f"{place.rank}. {place.score:.2f}"


def _seconds(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{step} {value * 1000:.0f} ms" for step, value in seconds.items())


def search_plain(results: Sequence[ScoredChunk], documents: Sequence[DocumentRecord]) -> str:
    """Return one block per place found."""
    by_source = {record.source: record for record in documents}
    titles = {record.source: record.title for record in documents}
    return (
        "\n\n".join(
            f"{rank}. {one_line(titles.get(found.chunk.source, found.chunk.source))}  "
            f"{found.score:.2f} ({', '.join(found.searchers)})\n"
            f"   {one_line(found.chunk.location)}\n   {_first_words(found.chunk.text)}"
            f"{_also_in([by_source[version.source] for version in found.versions if version.source in by_source])}"
            for rank, found in enumerate(results, start=1)
        )
        or "Nothing was found."
    )


def _also_in(versions: Sequence[DocumentRecord]) -> str:
    named = ", ".join(f"{one_line(record.title) or one_line(record.source)} ({record.language})" for record in versions)
    return f"\n   also in: {named}" if named else ""


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


def feedback_plain(entries: Sequence[Feedback]) -> str:
    """Return a block per rating: when it was given, the question, the comment, how the answer begins."""
    return "\n\n".join(_rated(entry) for entry in entries) or "No feedback yet."


def _rated(entry: Feedback) -> str:
    lines = [f"{entry.rating:<5} {one_line(entry.changed_at)}  {one_line(entry.question)}"]
    if comment := one_line(entry.comment):
        lines.append(f"      comment: {comment}")
    return "\n".join([*lines, f"      answer: {_first_words(entry.answer)}"])


def export_plain(export: Export, folder: Path) -> str:
    """Return in one line what an export holds and what it had to leave out."""
    left_out = ", ".join(
        f"{what}: {number}"
        for what, number in (
            ("good answers without footnotes", export.uncited),
            ("footnotes whose words no longer stand in their document", export.lost_quotes),
            ("good answers that had no other footnote", export.lost_answers),
        )
        if number
    )
    return (
        f"Wrote to {one_line(str(folder))}: questions: {export.questions}, passages: {export.passages}, "
        f"answers rated bad: {export.bad}. Left out: {left_out or 'nothing'}."
    )


def evaluation_plain(evaluation: Evaluation) -> str:
    """Return a table of the means, one of nDCG@10 by language pair if they were told apart, and the latencies."""
    lines = [" " * 16 + "".join(f"{metric:>12}" for metric in METRICS), _means("overall", evaluation.overall)]
    if evaluation.same_language:
        lines.append(_means("same language", evaluation.same_language))
    if evaluation.across_languages:
        lines.append(_means("across languages", evaluation.across_languages))
    if evaluation.pairs:
        lines += ["", "ndcg@10 by language of questions (rows) and of passages (columns)", *_by_pair(evaluation.pairs)]
    latency = evaluation.latency_ms
    return "\n".join([*lines, "", f"one search: p50 {latency['p50']:.1f} ms, p95 {latency['p95']:.1f} ms"])


def _means(name: str, scores: Scores) -> str:
    return f"{name:<16}" + "".join(f"{scores[metric]:>12.3f}" for metric in METRICS)


def _by_pair(pairs: Mapping[Pair, Scores]) -> list[str]:
    columns = sorted({pair.passage for pair in pairs})
    lines = [" " * 4 + "".join(f"{column:>7}" for column in columns)]
    for question in sorted({pair.question for pair in pairs}):
        scores = (pairs.get(Pair(question, passage)) for passage in columns)
        lines.append(
            f"{question:<4}" + "".join(f"{found['ndcg@10']:>7.3f}" if found else "      -" for found in scores)
        )
    return lines


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
