"""What a reader may ask next: questions that the documents answer, and that have not been asked yet.

A chat model writes some, if there is one. Others stand in the documents, or ask about their headings. Each one is
tried with quotes, without the model, and stays only if they answer it with words that were not shown before.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest

from index.documents import Document
from index.lengths import cut_spans, text_weight
from rag.answer_language import is_in_language
from rag.answers import Answer, Citation, Passage, Turn
from rag.document_questions import Candidate, found_candidates, is_answered
from rag.errors import ChatModelError
from rag.prompts import as_data, language_name, render_passages, suggestions_prompt
from rag.question_types import asks
from rag.settings import SuggestionSettings
from rag.shared_words import content_terms
from rag.topics import read_topic_question
from rag.visible_text import visible

log = logging.getLogger(__name__)

Ask = Callable[[str], Answer]
"""Answers a question with quotes."""
GetDocument = Callable[[str], Document | None]
"""Gives a document by its source."""
Complete = Callable[[str, str], str]
"""Gives a chat model's reply to a system prompt and a text; raises `ChatModelError`."""

# Share of the fewer names that two questions have in common from which they are taken for one.
_ALIKE = 0.75
_MOST_WRITTEN = 5
_BULLET = re.compile(r"^\s*(?:[-*•–]\s|\(?\d{1,2}[.):、])\s*")
_WRAPPING = " \t\"'`*_“”„«»「」"
# Languages that write no question mark.
_UNMARKED = ("th", "lo", "km", "my")


def suggested_questions(
    answer: Answer,
    *,
    history: Sequence[Turn],
    count: int,
    ask: Ask,
    get_document: GetDocument,
    complete: Complete | None,
    settings: SuggestionSettings,
) -> tuple[str, ...]:
    """Return questions that may follow an answer, in its language, best first: often fewer than wanted, or none.

    Args:
        answer: What was answered last.
        history: The turns before it.
        count: How many at most.
        ask: What each question is tried with.
        get_document: Where headings are read.
        complete: Asks the chat model, if there is one: one call. Its failure goes to the log.
        settings: Limits.
    """
    written = written_questions(answer, complete=complete, settings=settings) if complete else ()
    found = _found(answer, get_document=get_document, settings=settings)
    known = [answer.question, *(turn.question for turn in history)]
    told = list(answer.citations)
    kept: list[str] = []
    tries = 0
    for candidate in chain(map(Candidate, written), found):
        if len(kept) == count or tries == settings.tries:
            break
        if any(are_alike(candidate.question, other) for other in (*known, *kept)):
            continue
        tries += 1
        tried = ask(candidate.question)
        if is_answered(candidate, tried, least=settings.least_confidence):
            best = tried.citations[0]
            if not any(_overlap(best, other) for other in told):
                kept.append(candidate.question)
                told.append(best)
    return tuple(kept)


def are_alike(question: str, other: str) -> bool:
    """Return whether nearly all that one of two questions names is named in the other."""
    one, another = _named(question), _named(other)
    return len(one & another) >= _ALIKE * max(min(len(one), len(another)), 1)


def written_questions(answer: Answer, *, complete: Complete, settings: SuggestionSettings) -> Iterator[str]:
    """Yield the questions that a chat model thinks of after an answer; none if it fails."""
    passages = [_beginning(passage, settings.passage_length) for passage in answer.passages[: settings.passages]]
    if not passages:
        return
    name = language_name(answer.language)
    system = suggestions_prompt().render({"passages": render_passages(passages), "language": name})
    told = f"<question>{as_data(answer.question)}</question>\n<answer>{as_data(answer.text)}</answer>"
    try:
        reply = complete(system, told)
    except ChatModelError as error:
        log.warning("The chat model suggested no questions, so they are found without it: %s", error)
        return
    yield from read_questions(reply, answer.language, longest=settings.longest)


def read_questions(reply: str, language: str, *, longest: float) -> Iterator[str]:
    """Yield the questions of a model's reply, at most five: one a line, without numbers, bullets and quotation marks.

    Args:
        reply: What the model said; lines that are no question in the language are left out.
        language: Code of the language.
        longest: Of a question, in the measure of `text_weight`.
    """
    lines = (_BULLET.sub("", line).strip(_WRAPPING) for line in visible(reply).splitlines())
    questions = (
        line
        for line in lines
        if line
        and text_weight(line) <= longest
        and (asks(line, language) or language in _UNMARKED)
        and is_in_language(line, language) is not False
    )
    return islice(dict.fromkeys(questions), _MOST_WRITTEN)


def _found(answer: Answer, *, get_document: GetDocument, settings: SuggestionSettings) -> Iterator[Candidate]:
    """What the documents give rise to, in turn from each: those that are cited, then those that come near."""
    # Of quotes only the best is sure to be to the point; those of a model were checked.
    cited = [citation.document for citation in (answer.citations if answer.model else answer.citations[:1])]
    near = [passage.document for passage in answer.passages if passage.confidence >= settings.near]
    sources = list(dict.fromkeys((*cited, *near)))[: settings.documents]
    documents = (document for source in sources if (document := get_document(source)) is not None)
    for some in zip_longest(*(found_candidates(answer, document) for document in documents)):
        yield from (candidate for candidate in some if candidate is not None)


def _overlap(one: Citation, other: Citation) -> bool:
    return one.document == other.document and one.start < other.end and other.start < one.end


def _beginning(passage: Passage, length: float) -> Passage:
    start, end = next(cut_spans(passage.text, 0, len(passage.text), longest=length), (0, 0))
    return replace(passage, text=passage.text[start:end], start=passage.start + start, end=passage.start + end)


def _named(question: str) -> frozenset[str]:
    asked = read_topic_question(question)
    return content_terms(asked.topic if asked else question)
