"""Answers without a chat model: the sentences that answer, quoted word for word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from index.analysis import name_keys
from index.embedding import Embedder
from index.language import same_language
from index.sentences import sentence_spans
from rag.answers import Citation, Passage
from rag.prompts import Phrases
from rag.question_types import asked_for, offers
from rag.reranking import TokenEmbedder, coverage
from rag.settings import QuotingSettings

# Quotation marks of the quoted language (Unicode CLDR, delimiters); English ones for the others.
_QUOTATION_MARKS = {
    "de": "„“", "cs": "„“", "pl": "„”", "ro": "„”", "hu": "„”", "bg": "„“", "sk": "„“", "sl": "„“",
    "fi": "””", "sv": "””", "fr": "«»", "es": "«»", "it": "«»", "pt": "“”", "ru": "«»", "uk": "«»", "el": "«»",
    "nb": "«»", "no": "«»", "da": "”“", "ja": "「」", "zh-Hant": "「」", "ar": "”“", "he": "””", "fa": "«»",
}  # fmt: skip


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


class QuoteEmbedder(Embedder, TokenEmbedder, Protocol):
    """Vectors of whole texts and of their tokens, as the bundled model gives both."""


def find_quotes(question: str, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder) -> list[Quote]:
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
    quotes = [
        Quote(
            sentence.passage,
            sentence.start,
            sentence.end,
            own[at]
            + 0.5 * near[at]
            + 0.3 * float(alike[at])
            + 0.3 * passage_alike[sentence.passage.number]
            + 0.6 * sentence.passage.score
            + 0.2 * (len(names & name_keys(sentence.text)) / len(names) if names else 0.0)
            + 0.3 * (kind is not None and offers(sentence.text, kind)),
        )
        for at, sentence in enumerate(sentences)
    ]
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


def choose_quotes(quotes: Sequence[Quote], *, language: str, settings: QuotingSettings) -> list[Quote]:
    """Return the quotes of an answer: none if even the best suits too little, else at most three, best first.

    Scores are lower across languages, and less sure; so both limits depend on whether question and passage share one.
    """
    if not quotes:
        return []
    across = not same_language(quotes[0].passage.language, language)
    if quotes[0].score < (settings.threshold_across if across else settings.threshold):
        return []
    floor = quotes[0].score * (settings.share_of_best_across if across else settings.share_of_best)
    chosen = [quote for quote in quotes if quote.score >= floor][: settings.quotes]
    distinct = {quote.text.casefold(): quote for quote in reversed(chosen)}  # the same words in two documents: the better
    return sorted(distinct.values(), key=lambda quote: -quote.score)


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
    opening, closing = _QUOTATION_MARKS.get(quote.passage.language, "“”")
    space = "\u202f" if quote.passage.language == "fr" else ""
    return f"{opening}{space}{quote.text}{space}{closing}"
