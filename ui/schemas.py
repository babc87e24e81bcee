"""The JSON shapes that scripts read. Names and meanings are stable; a new field may be added, none is removed.

`start` and `end` are character offsets (Unicode code points) into the document's text as loaded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from index.catalog import DocumentRecord
from index.documents import ScoredChunk
from rag.answers import Answer, Passage, Statement
from rag.evaluation import Evaluation
from rag.explanation import Candidate, Explanation, Place


def answer_dict(answer: Answer) -> dict[str, Any]:
    """Return the shape of `footnote ask --json`."""
    return {
        "question": answer.question,
        "language": answer.language,
        "answer": answer.text,
        "answered": answer.answered,
        "citations": [
            {
                "number": citation.number,
                "document": citation.document,
                "title": citation.title,
                "language": citation.language,
                "quote": citation.quote,
                "start": citation.start,
                "end": citation.end,
                "chunk": citation.chunk,
            }
            for citation in answer.citations
        ],
        "passages": [_passage_dict(passage) for passage in answer.passages],
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


def _passage_dict(passage: Passage) -> dict[str, Any]:
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
