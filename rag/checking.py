"""Does what the cited passages say support a claim? Each mark is verified or refused, with the reason."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from index.log_content import Content
from rag.answers import Citation, Passage, Problem
from rag.claims import Claim
from rag.clock import Clock
from rag.facts import FactsOf
from rag.late_interaction import QuoteEmbedder
from rag.settings import CitationSettings
from rag.support import PassageSupport, Supports, supporting

log = logging.getLogger(__name__)

# Different claims of one answer that are checked, each in one to four milliseconds. An answer of 20,000 characters has
# some 200 sentences; what comes after so many claims is not checked, and so not supported.
_MOST_CLAIMS = 300


@dataclass(frozen=True, slots=True)
class Checked:
    """What remains of marks that stand together."""

    citations: tuple[Citation, ...] = ()
    """Without their number in the answer."""
    problem: Problem | None = None
    missing: tuple[str, ...] = ()


class Checker:
    """Holds claims against passages, whose sentences and facts are read once, when they are first needed."""

    def __init__(
        self, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
    ) -> None:
        self._passages = passages
        self._facts = {passage.number: FactsOf(passage) for passage in passages}
        self._language = language
        self._embedder = embedder
        self._settings = settings
        self._checked: dict[tuple[str, str, tuple[int, ...]], Checked] = {}

    @cached_property
    def _support(self) -> PassageSupport:
        return PassageSupport(self._passages, embedder=self._embedder)

    def check(self, claim: Claim | None, cited: Sequence[int]) -> Checked:
        """Tell which of the passages that are cited together for a claim support it.

        Every fact of the claim has to stand in one of them. A passage then supports it if it says something like it, or
        holds a fact that those which do so lack. The same claim is compared once.

        Args:
            claim: `None` if the marks stand behind no words.
            cited: Numbers of passages, each once.
        """
        if claim is None or not cited:
            return Checked(problem=Problem.UNCITED)
        key = claim.text, claim.piece, tuple(cited)
        if key not in self._checked:
            if len(self._checked) == _MOST_CLAIMS:
                log.info("Removed marks %s: %d claims of this answer were checked already.", cited, _MOST_CLAIMS)
                return Checked(problem=Problem.NOT_COVERED)
            clock = Clock()
            self._checked[key] = self._compared(claim, cited)
            clock.lap("checking")
        return self._checked[key]

    def _compared(self, claim: Claim, cited: Sequence[int]) -> Checked:
        missing = self._missing(claim.piece, cited)
        if nowhere := _common(missing.values()):
            log.info("Removed marks %s: %r is not in these passages.", cited, Content(", ".join(nowhere)))
            return Checked(problem=Problem.FACT_MISSING, missing=nowhere)
        supports = self._support.of(claim.text)
        enough = supporting(supports, self._passages, language=self._language, settings=self._settings)
        kept = [number for number in cited if number in enough]
        if not kept:
            log.info("Removed marks %s: nothing in these passages says %r.", cited, Content(claim.text))
            return Checked(problem=Problem.NOT_COVERED)
        for number in cited:
            if number not in kept and set(_common(missing[other] for other in kept)) - set(missing[number]):
                kept.append(number)
        return Checked(tuple(self._citation(claim, number, supports) for number in cited if number in kept))

    def missing(self, text: str, cited: Sequence[int]) -> tuple[str, ...]:
        """Return the facts of a text that stand in none of these passages."""
        return _common(self._missing(text, cited).values())

    def known(self, cited: Sequence[int]) -> tuple[int, ...]:
        """Return the numbers that passages have, each once."""
        return tuple(number for number in dict.fromkeys(cited) if number in self._facts)

    def _missing(self, text: str, cited: Sequence[int]) -> dict[int, tuple[str, ...]]:
        return {number: self._facts[number].missing(text, language=self._language) for number in cited}

    def _citation(self, claim: Claim, number: int, supports: Supports) -> Citation:
        passage = next(passage for passage in self._passages if passage.number == number)
        least = self._settings.least.of(self._language, passage.language)
        start, end = self._support.quote(claim.text, supports, passage=number, least=least)
        return Citation(
            number=0,
            passage=number,
            document=passage.document,
            title=passage.title,
            language=passage.language,
            quote=passage.text[start:end],
            start=passage.start + start,
            end=passage.start + end,
            chunk=passage.chunk,
        )


def _common(missing: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What is missing everywhere, in order."""
    first, *others = missing
    return tuple(fact for fact in first if all(fact in other for other in others))
