"""Answers without a chat model: the sentences that answer, quoted word for word."""

from collections.abc import Sequence

from index.lengths import text_weight
from rag.abstention import answerability, is_beside_the_point
from rag.answers import Passage
from rag.late_interaction import TokenEmbedder
from rag.quote_scores import read_passages
from rag.quote_units import Quote, completed, joined
from rag.settings import QuotingSettings


def find_quotes(
    question: str, passages: Sequence[Passage], *, language: str, embedder: TokenEmbedder, settings: QuotingSettings
) -> list[Quote]:
    """Return every sentence, list item and table row of the passages, best first.

    The score is how likely it answers, so that all scores together say how likely the passages do; see `confidence_in`.

    Args:
        question: In any language.
        passages: Where to look.
        language: The question's language.
        embedder: Where token vectors come from.
        settings: What counts.
    """
    reading = read_passages(question, passages, language=language, embedder=embedder)
    if not reading.units:
        return []
    shares = reading.shares(settings.weights, language=language)
    best = int(shares.argmax())
    sure = 0.0
    if not is_beside_the_point(question, reading.units[best].passage):
        sure = answerability(reading, best, language=language, weights=settings.answer_weights)
    quotes = [
        Quote(unit.passage, unit.start, unit.end, sure * float(share))
        for unit, share in zip(reading.units, shares, strict=True)
    ]
    return sorted(quotes, key=lambda quote: (-quote.score, quote.passage.number, quote.start))


def confidence_in(quotes: Sequence[Quote]) -> float:
    """Return how likely the passages answer, from 0 to 1, given all that `find_quotes` found in them."""
    return sum(quote.score for quote in quotes)


def choose_quotes(quotes: Sequence[Quote], *, language: str, settings: QuotingSettings) -> list[Quote]:
    """Return the quotes of an answer, best first: nothing if the passages hardly answer.

    The best sentence is taken, and others as far as they may add an answer that it lacks: likely ones, the shorter the
    rather, and its neighbours rather than sentences elsewhere. Then they are made to be read alone (see
    `quote_units.completed`).

    Args:
        quotes: All that was found, best first.
        language: The question's language.
        settings: Limits.
    """
    sure = confidence_in(quotes)
    if not quotes or sure < settings.threshold.of(language, quotes[0].passage.language):
        return []
    chosen = [quotes[0]]  # which may be long
    length = text_weight(quotes[0].text)
    for quote in quotes[1:]:
        weight = text_weight(quote.text)
        # The same words in two documents are one answer.
        repeated = any(quote.text.casefold() == other.text.casefold() for other in chosen)
        gains = quote.score / sure >= settings.least_gain * weight / 100
        if not gains or repeated or length + weight > settings.length:
            continue
        before, after = len(joined(chosen)), len(joined([*chosen, quote]))
        is_likely = after == before or quote.score >= settings.least_share * quotes[0].score
        if is_likely and after <= settings.quotes:
            chosen.append(quote)
            length += weight
    return completed(chosen, length=settings.length, most=settings.quotes)
