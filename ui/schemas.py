"""The JSON shapes that scripts read. Names and meanings are stable; a new field may be added, none is removed.

`start` and `end` are character offsets (Unicode code points) into the document's text as loaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from rag.answers import Answer, Citation, Passage, Problem, Statement
from rag.evaluation import Evaluation
from rag.explanation import Candidate, Explanation, Place
from ui.browser_json import Fields
from ui.render import NEAREST_SHOWN

# Bounds of what a browser may bring back, far above what an answer has.
_LONGEST_TEXT = 100_000
_LONGEST_NAME = 4_000
_MOST_ENTRIES = 200
_LARGEST_OFFSET = 10**9
_LONGEST_TIME = 10**6


def answer_dict(answer: Answer) -> dict[str, Any]:
    """Return the shape of `footnote ask --json`."""
    return {
        "question": answer.question,
        "language": answer.language,
        "answer": answer.text,
        "answered": answer.answered,
        "citations": [citation_dict(citation) for citation in answer.citations],
        "passages": [passage_dict(passage) for passage in answer.passages],
        "model": answer.model,
        "notice": answer.notice,
        "timings": answer.timings,
        "statements": [_statement_dict(statement) for statement in answer.statements],
        "emphasis": [{"start": start, "end": end} for start, end in answer.emphasis],
        "confidence": None if answer.confidence is None else round(answer.confidence, 4),
        "answer_language": answer.answer_language or None,
        "standalone_question": answer.standalone_question,
        **({"explanation": explanation_dict(answer.explanation)} if answer.explanation else {}),
    }


def _statement_dict(statement: Statement) -> dict[str, Any]:
    return {
        "start": statement.start,
        "end": statement.end,
        "supported": statement.supported,
        "citations": list(statement.citations),
        "problem": statement.problem,
        "missing": list(statement.missing),
    }


def explanation_dict(explanation: Explanation) -> dict[str, Any]:
    """Return the field `explanation` of `footnote ask --json --explain`."""
    return {
        "standalone_question": explanation.standalone_question,
        "in_context": explanation.in_context or None,
        "context_share": explanation.context_share,
        "candidates": [_candidate_dict(candidate) for candidate in explanation.candidates],
        "seconds": dict(explanation.seconds),
    }


def _candidate_dict(candidate: Candidate) -> dict[str, Any]:
    return {
        "document": candidate.document,
        "start": candidate.start,
        "end": candidate.end,
        "text": candidate.text,
        "dense": _place_dict(candidate.dense),
        "lexical": _place_dict(candidate.lexical),
        "ranked": _place_dict(candidate.ranked),
        "fate": candidate.fate,
        "passage": candidate.passage,
        "same_as": candidate.same_as or None,
    }


def _place_dict(place: Place | None) -> dict[str, float] | None:
    return None if place is None else {"rank": place.rank, "score": place.score}


def citation_dict(citation: Citation) -> dict[str, Any]:
    """Return an entry of the field `citations` of `answer_dict`."""
    return {
        "number": citation.number,
        "document": citation.document,
        "title": citation.title,
        "language": citation.language,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "chunk": citation.chunk,
    }


def passage_dict(passage: Passage) -> dict[str, Any]:
    """Return an entry of the field `passages` of `answer_dict`."""
    return {
        "number": passage.number,
        "document": passage.document,
        "title": passage.title,
        "language": passage.language,
        "heading": passage.heading,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "score": round(passage.score, 4),
    }


def kept_answer_dict(answer: Answer) -> dict[str, Any]:
    """Return the shape of `answer_dict` for a browser to keep: without what `ui.render` does not show of it."""
    cited = {citation.passage for citation in answer.citations}
    shown = (
        tuple(passage for passage in answer.passages if passage.number in cited)
        if answer.answered
        else answer.passages[:NEAREST_SHOWN]
    )
    return answer_dict(replace(answer, passages=shown, explanation=None))


def answer_from_dict(value: object) -> Answer:
    """Make the answer that `answer_dict` made this of, without its explanation; nothing in it is trusted.

    Raises:
        ValueError: If it cannot have been made by `answer_dict`; the message says which field tells.
    """
    fields = Fields(value, name="answer")
    passages = tuple(_passage_from(entry) for entry in fields.objects("passages", most=_MOST_ENTRIES))
    _check_distinct([passage.number for passage in passages], of="passages")
    citations = tuple(_citation_from(entry, passages) for entry in fields.objects("citations", most=_MOST_ENTRIES))
    _check_distinct([citation.number for citation in citations], of="citations")
    text = fields.text("answer", longest=_LONGEST_TEXT)
    numbers = {citation.number for citation in citations}
    seconds = fields.fields("timings")
    confidence = fields.decimal("confidence", least=0, most=1) if fields.has("confidence") else None
    return Answer(
        question=fields.text("question", longest=_LONGEST_TEXT),
        language=fields.language("language"),
        text=text,
        answered=fields.flag("answered"),
        citations=citations,
        passages=passages,
        model=fields.text("model", longest=_LONGEST_NAME) if fields.has("model") else None,
        notice=fields.text("notice", longest=_LONGEST_NAME),
        timings={
            step: seconds.decimal(step, least=0, most=_LONGEST_TIME) for step in seconds.names(most=_MOST_ENTRIES)
        },
        statements=tuple(
            _statement_from(entry, numbers, length=len(text))
            for entry in fields.objects("statements", most=_MOST_ENTRIES)
        ),
        emphasis=tuple(_span_from(entry, length=len(text)) for entry in fields.objects("emphasis", most=_MOST_ENTRIES)),
        confidence=confidence,
        answer_language=fields.language("answer_language", absent=""),
        standalone_question=fields.text("standalone_question", longest=_LONGEST_TEXT),
    )


def _passage_from(fields: Fields) -> Passage:
    text = fields.text("text", longest=_LONGEST_TEXT)
    start, end = _span_from(fields, length=_LARGEST_OFFSET)
    if end - start != len(text):
        raise fields.error("end", "is not where its text ends")
    return Passage(
        number=fields.integer("number", least=1, most=_MOST_ENTRIES),
        document=fields.text("document", longest=_LONGEST_NAME),
        title=fields.text("title", longest=_LONGEST_NAME),
        language=fields.language("language"),
        text=text,
        start=start,
        end=end,
        score=fields.decimal("score", least=-_LARGEST_OFFSET, most=_LARGEST_OFFSET),
        chunk="",
        heading=fields.text("heading", longest=_LONGEST_NAME),
    )


def _citation_from(fields: Fields, passages: Sequence[Passage]) -> Citation:
    """The citation; passages do not overlap, so that its offsets tell which one it is from."""
    quote, document = fields.text("quote", longest=_LONGEST_TEXT), fields.text("document", longest=_LONGEST_NAME)
    start, end = _span_from(fields, length=_LARGEST_OFFSET)
    for passage in passages:
        inside = passage.document == document and passage.start <= start and end <= passage.end
        if inside and quote and passage.text[start - passage.start : end - passage.start] == quote:
            return Citation(
                number=fields.integer("number", least=1, most=_MOST_ENTRIES),
                passage=passage.number,
                document=document,
                title=fields.text("title", longest=_LONGEST_NAME),
                language=fields.language("language"),
                quote=quote,
                start=start,
                end=end,
                chunk=fields.text("chunk", longest=_LONGEST_NAME),
            )
    raise fields.error("quote", "is in none of the passages")


def _statement_from(fields: Fields, citations: set[int], *, length: int) -> Statement:
    cited = fields.integers("citations", most=_MOST_ENTRIES, least=1, greatest=_MOST_ENTRIES)
    if not citations.issuperset(cited):
        raise fields.error("citations", "names a citation that is not there")
    missing = fields.texts("missing", most=_MOST_ENTRIES, longest=_LONGEST_NAME)
    problem = fields.text("problem", longest=_LONGEST_NAME, absent="")
    if problem and problem not in list(Problem):
        raise fields.error("problem", "is none that there is")
    return Statement(
        *_span_from(fields, length=length), tuple(cited), Problem(problem) if problem else None, tuple(missing)
    )


def _span_from(fields: Fields, *, length: int) -> tuple[int, int]:
    start = fields.integer("start", least=0, most=length)
    return start, fields.integer("end", least=start, most=length)


def _check_distinct(numbers: Sequence[int], *, of: str) -> None:
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"Two of the {of} have the same number.")


def search_dict(query: str, results: Sequence[ScoredChunk], documents: Sequence[DocumentRecord]) -> dict[str, Any]:
    """Return the shape of `footnote search --json`."""
    by_source = {record.source: record for record in documents}
    return {
        "query": query,
        "results": [
            {
                "document": found.chunk.source,
                "title": by_source[found.chunk.source].title,
                "language": by_source[found.chunk.source].language,
                "text": found.chunk.text,
                "start": found.chunk.start,
                "end": found.chunk.end,
                "score": round(found.score, 4),
                "searchers": list(found.searchers),
                "versions": [
                    {
                        "document": version.source,
                        "title": by_source[version.source].title,
                        "language": by_source[version.source].language,
                        "start": version.start,
                        "end": version.end,
                    }
                    for version in found.versions
                    if version.source in by_source
                ],
            }
            for found in results
            if found.chunk.source in by_source
        ],
    }


def documents_dict(documents: Sequence[DocumentRecord]) -> dict[str, Any]:
    """Return the shape of `footnote documents --json`."""
    return {
        "documents": [
            {
                "document": record.source,
                "title": record.title,
                "language": record.language,
                "date": record.date,
                "state": record.state,
                "reason": record.reason,
                "chunks": record.chunks,
                "changed_at": record.changed_at,
            }
            for record in documents
        ]
    }


def evaluation_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the shape of `footnote eval --json`; a pair is named by the language of questions, then of passages."""
    return {
        "overall": _rounded(evaluation.overall),
        "same_language": _rounded(evaluation.same_language),
        "across_languages": _rounded(evaluation.across_languages),
        "pairs": {str(pair): _rounded(scores) for pair, scores in evaluation.pairs.items()},
        "latency_ms": dict(evaluation.latency_ms),
    }


def _rounded(scores: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if scores is None else {metric: round(value, 4) for metric, value in scores.items()}
