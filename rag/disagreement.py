"""Documents that give different dates or amounts for the same thing.

Told only where it is nearly certain, because "your documents disagree" is a strong thing to say: the sentences are in
one language, share most of their words and the same words of the question, name nothing that the other does not, and
their values are of one unit. Two sentences about two towns, years or editions do not disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from index.language import same_language
from rag.emphasis import answering_value
from rag.markup import plain
from rag.numbers import numbers_occur
from rag.question_types import Asked, asked_for
from rag.quote_units import Quote
from rag.shared_words import content_terms, shared_words
from rag.values import Value, find_values

_KINDS = (Asked.TIME, Asked.QUANTITY)

MOST_SHOWN = 3
"""How many documents are heard."""

_NEARLY_AS_GOOD = 0.3
"""Share of the best sentence's score from which another one is as much of an answer."""
_ALIKE = 0.6
"""Least share of their words, values left out, that two sentences about the same thing have in common (Dice)."""


@dataclass(frozen=True)  # without slots, which cached properties cannot do with
class _Claim:
    """A sentence that answers with a date or an amount."""

    quote: Quote
    text: str
    value: Value
    question: str

    @property
    def written(self) -> str:
        """The value as it stands in the sentence."""
        return self.text[self.value.start : self.value.end]

    @cached_property
    def rest(self) -> str:
        """The sentence without the value."""
        return f"{self.text[: self.value.start]} {self.text[self.value.end :]}"

    @cached_property
    def terms(self) -> frozenset[str]:
        """Of the sentence without the value."""
        return content_terms(self.rest)

    @cached_property
    def asked_terms(self) -> frozenset[str]:
        """The question's terms in the sentence."""
        return self.terms & content_terms(self.question)

    @cached_property
    def asked_names(self) -> frozenset[str]:
        """The question's names in the sentence, around it, and in its document's title; all words in some scripts."""
        passage = self.quote.passage
        around = f"{passage.title}\n{passage.heading}\n{passage.text}"
        names = " ".join(word for word in self.question.split() if not word[0].islower())
        return frozenset(around[start:end].casefold() for start, end in shared_words(around, names))

    @cached_property
    def other_values(self) -> frozenset[str]:
        """Further dates and amounts in the sentence."""
        language = self.quote.passage.language
        values = (value for kind in _KINDS for value in find_values(self.rest, kind, language=language))
        return frozenset(self.rest[value.start : value.end] for value in values)

    def names_what_lacks(self, other: "_Claim") -> bool:
        """Whether it has a word with a capital that the other sentence lacks."""
        words = (word for word in self.rest.split() if word[0].isupper())
        return any(terms and not terms & other.terms for terms in map(content_terms, words))


def find_disagreement(
    chosen: Sequence[Quote], quotes: Sequence[Quote], question: str, *, language: str
) -> tuple[Quote, ...]:
    """Return sentences of different documents that answer with different dates or amounts: the newest document first.

    Empty if the question asks for neither, or no document contradicts the best quote.

    Args:
        chosen: The quotes of the answer, best first.
        quotes: All sentences with their scores, best first.
        question: What was asked.
        language: The question's language.
    """
    asked = asked_for(question, language)
    if asked not in _KINDS or not chosen:
        return ()
    answering = (_claim(quote, question, asked) for quote in quotes if _is_in(quote, chosen[0]))
    first = next((claim for claim in answering if claim), None)
    if first is None:
        return ()
    disputed = [first]
    for claim in _other_claims(quotes, first, asked):
        if len(disputed) < MOST_SHOWN and all(_contradict(claim, other) for other in disputed):
            disputed.append(claim)
    newest_first = sorted(disputed, key=lambda claim: claim.quote.passage.date, reverse=True)
    return tuple(claim.quote for claim in newest_first) if len(disputed) > 1 else ()


def _is_in(quote: Quote, other: Quote) -> bool:
    return quote.passage is other.passage and other.start <= quote.start and quote.end <= other.end


def _claim(quote: Quote, question: str, asked: Asked) -> _Claim | None:
    text = plain(quote.text)
    value = answering_value(text, question, asked, language=quote.passage.language)
    return _Claim(quote, text, value, question) if value else None


def _other_claims(quotes: Sequence[Quote], first: _Claim, asked: Asked) -> Iterator[_Claim]:
    """The claims of other documents in the same language that are nearly as good."""
    ours = first.quote.passage
    for quote in quotes:
        if quote.score < _NEARLY_AS_GOOD * first.quote.score:
            return
        theirs = quote.passage
        if theirs.document == ours.document or not same_language(theirs.language, ours.language):
            continue
        # Most sentences hold no figure, or have too little in common with it, which is quickly seen.
        if (
            not any(map(str.isdecimal, quote.text))
            or _alike(content_terms(plain(quote.text)), first.terms) < _ALIKE / 2
        ):
            continue
        if claim := _claim(quote, first.question, asked):
            yield claim


def _contradict(one: _Claim, other: _Claim) -> bool:
    return (
        one.quote.passage.document != other.quote.passage.document
        and one.value.unit == other.value.unit
        and _differ(one, other)
        and one.asked_terms == other.asked_terms
        and one.asked_names == other.asked_names
        and _alike(one.terms, other.terms) >= _ALIKE
        and not (one.names_what_lacks(other) and other.names_what_lacks(one))
        and (one.other_values == other.other_values or not (one.other_values and other.other_values))
    )


def _differ(one: _Claim, other: _Claim) -> bool:
    """Whether neither sentence holds the value of the other: `2020` and `5 May 2020` do not differ."""
    months = {one.value.month, other.value.month} - {None}
    return len(months) == 2 or not any(
        numbers_occur(claim.written, against.text, language=against.quote.passage.language)
        for claim, against in ((one, other), (other, one))
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / max(len(one) + len(other), 1)
