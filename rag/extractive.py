"""Answers without a chat model: the sentences that answer, quoted word for word."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.analysis import name_keys
from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answers import Citation, Passage
from rag.late_interaction import QuoteEmbedder, coverage
from rag.prompts import Phrases
from rag.question_types import asked_for, offers
from rag.settings import QuotingSettings

# Quotation marks of the quoted language (Unicode CLDR, delimiters); English ones for the others.
_QUOTATION_MARKS = {
    "de": "„“", "cs": "„“", "pl": "„”", "ro": "„”", "hu": "„”", "bg": "„“", "sk": "„“", "sl": "„“",
    "fi": "””", "sv": "””", "fr": "«»", "es": "«»", "it": "«»", "pt": "“”", "ru": "«»", "uk": "«»", "el": "«»",
    "nb": "«»", "no": "«»", "da": "”“", "ja": "「」", "zh-Hant": "「」", "ar": "”“", "he": "””", "fa": "«»",
}  # fmt: skip
_OWN_MARK = re.compile(r"\[\s*(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*\]")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage: `passage.text[start - passage.start : end - passage.start]` is its text."""

    passage: Passage
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The exact words."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: Passage
    start: int
    end: int
    text: str
    surroundings: str
    """It with the sentences before and after it."""


def find_quotes(
    question: str, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: QuotingSettings
) -> list[Quote]:
    """Return every sentence of the passages with its score, best first.

    A sentence scores by how much of the question it covers, alone and together with its neighbours (the sentence that
    answers often leaves out what the one before it has named), by how well its passage suits, by the names it shares
    with the question in any script, and by whether it holds what is asked for. The weights are those that quoted most
    answers of a sample of XQuAD; see `bench/RESULTS.md`.

    Args:
        question: In any language.
        passages: Where to look.
        language: The question's language.
        embedder: Vectors for the comparison.
        settings: What scores are typical.
    """
    sentences = [sentence for passage in passages for sentence in _sentences(passage)]
    if not sentences:
        return []
    texts = [sentence.text for sentence in sentences]
    own = coverage(question, texts, embedder=embedder)
    near = coverage(question, [sentence.surroundings for sentence in sentences], embedder=embedder)
    (asked,) = embedder.embed_questions([question])
    alike = embedder.embed_passages(texts) @ asked
    passages_alike = embedder.embed_passages([passage.text for passage in passages]) @ asked
    passage_alike = {passage.number: float(value) for passage, value in zip(passages, passages_alike, strict=True)}
    kind, names = asked_for(question, language), name_keys(question)
    quotes = []
    for at, sentence in enumerate(sentences):
        own_score = (
            own[at]
            + 0.5 * near[at]
            + 0.3 * float(alike[at])
            + 0.3 * passage_alike[sentence.passage.number]
            + 0.2 * (len(names & name_keys(sentence.text)) / len(names) if names else 0.0)
        )
        score = (
            own_score / settings.typical.of(language, sentence.passage.language)
            + 0.8 * sentence.passage.score
            + 0.15 * (kind is not None and offers(sentence.text, kind))
        )
        quotes.append(Quote(sentence.passage, sentence.start, sentence.end, score))
    return sorted(quotes, key=lambda quote: (-quote.score, quote.passage.number, quote.start))


def _sentences(passage: Passage) -> list[_Sentence]:
    spans = sentence_spans(passage.text, passage.language)
    return [
        _Sentence(
            passage,
            passage.start + start,
            passage.start + end,
            passage.text[start:end],
            passage.text[spans[max(at - 1, 0)][0] : spans[min(at + 1, len(spans) - 1)][1]],
        )
        for at, (start, end) in enumerate(spans)
    ]


def choose_quotes(quotes: Sequence[Quote], *, language: str, searched: int, settings: QuotingSettings) -> list[Quote]:
    """Return the quotes of an answer, best first: nothing if no sentence suits well enough.

    Sentences are taken by score until the next would make the answer too long; neighbours are joined to one quote, and
    one that ends with a colon takes what it announces along.

    Args:
        quotes: Scored sentences, best first.
        language: The question's language.
        searched: How many chunks were searched.
        settings: Limits.
    """
    chosen: list[Quote] = []
    length = 0.0
    for quote in quotes:
        if not chosen and quote.score < _threshold(quote, language, searched, settings):
            continue
        if len(chosen) == settings.sentences or (chosen and quote.score < settings.share_of_best * chosen[0].score):
            break
        # The best one may be long; the same words in two documents are one answer.
        repeated = any(quote.text.casefold() == other.text.casefold() for other in chosen)
        if not chosen or (length + text_weight(quote.text) <= settings.length and not repeated):
            chosen.append(quote)
            length += text_weight(quote.text)
    announced = [_with_what_follows(quote, quotes, room=settings.length - length) for quote in chosen]
    return sorted(_joined(announced), key=lambda quote: (-quote.score, quote.start))


def _threshold(quote: Quote, language: str, searched: int, settings: QuotingSettings) -> float:
    """The least score of an answer: higher the more chunks were searched, for chance finds better ones among many."""
    size = math.log(max(min(searched, settings.threshold_grows_to), 1) / settings.threshold_size)
    return settings.threshold.of(language, quote.passage.language) + settings.threshold_growth * size


def _with_what_follows(quote: Quote, quotes: Sequence[Quote], *, room: float) -> Quote:
    """A sentence that ends with a colon, with the sentences or list items after it as far as there is room."""
    if not quote.text.endswith((":", "：")):
        return quote
    end = quote.end
    following = sorted((other for other in quotes if other.passage is quote.passage), key=lambda other: other.start)
    for other in following:
        if other.start < end:
            continue
        room -= text_weight(other.text)
        if room < 0:
            break
        end = other.end
    return replace(quote, end=end)


def _joined(quotes: Sequence[Quote]) -> list[Quote]:
    """Make one quote of neighbours in a paragraph and of those that overlap, with the score of the better."""
    joined: list[Quote] = []
    for quote in sorted(quotes, key=lambda quote: (quote.passage.number, quote.start)):
        last = joined[-1] if joined else None
        if last is not None and last.passage is quote.passage and _adjoin(last, quote):
            joined[-1] = replace(last, end=max(last.end, quote.end), score=max(last.score, quote.score))
        else:
            joined.append(quote)
    return joined


def _adjoin(one: Quote, other: Quote) -> bool:
    """Whether the second begins in the first, or follows it in the same paragraph."""
    between = one.passage.text[one.end - one.passage.start : other.start - one.passage.start]
    return other.start < one.end or (not between.strip() and between.count("\n") < 2)


def answer_text(quotes: Sequence[Quote], phrases: Phrases) -> str:
    """Return the introducing line and the quotes, each with its footnote mark."""
    lines = [f"{_quoted(quote)} [{number}]" for number, quote in enumerate(quotes, start=1)]
    return "\n\n".join([phrases.quoted, *lines])


def quote_citations(quotes: Sequence[Quote]) -> tuple[Citation, ...]:
    """Return the footnotes of an extractive answer, in the order of the quotes."""
    return tuple(
        Citation(
            number=number,
            passage=quote.passage.number,
            document=quote.passage.document,
            title=quote.passage.title,
            language=quote.passage.language,
            quote=quote.text,
            start=quote.start,
            end=quote.end,
            chunk=quote.passage.chunk,
        )
        for number, quote in enumerate(quotes, start=1)
    )


def _quoted(quote: Quote) -> str:
    opening, closing = tuple(_QUOTATION_MARKS.get(quote.passage.language, "“”"))
    space = "\u202f" if quote.passage.language == "fr" else ""
    # A document's own [7] would be taken for a footnote of this answer; the citation keeps it as it is.
    text = _OWN_MARK.sub(r"(\1)", quote.text)
    return f"{opening}{space}{text}{space}{closing}"
