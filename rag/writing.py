"""A chat model's words on their way to the reader: in the right language, each footnote checked, and final once shown.

Nothing is shown before the first footnote holds. An answer without any is not shown at all, and what a reader has seen
cannot be taken back.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from rag.answer_language import LanguageGate
from rag.answers import Citation, CitationsFound, Passage, Token
from rag.citations import CitationWriter, CitedText
from rag.errors import ChatModelError, PartialAnswerError
from rag.late_interaction import QuoteEmbedder
from rag.plain_answer import PlainAnswer, plain_answer
from rag.refusal import RefusalFilter
from rag.settings import CitationSettings

log = logging.getLogger(__name__)

Translate = Callable[[str], str]
"""Puts what is in another language into the wanted one, marks included."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a model's answer."""

    cited: CitedText
    """What was shown; without citations nothing was."""
    refused: bool = False
    """Whether the model says that the passages do not answer."""
    failure: ChatModelError | None = None
    """Why the answer is not complete, if it is not."""


def write(
    pieces: Generator[str],
    passages: Sequence[Passage],
    *,
    language: str,
    translate: Translate,
    embedder: QuoteEmbedder,
    settings: CitationSettings,
) -> Generator[Token | CitationsFound, None, Written]:
    """Yield what of a model's answer can be shown, as it comes; return what became of it.

    The tokens together are the text of the result if that has citations; else all are empty. An empty one comes where a
    piece brings nothing to show, so that whoever follows can leave, which ends the model's work.

    Args:
        pieces: What the model writes; closed in the end.
        passages: What it was shown.
        language: The one it shall answer in.
        translate: Asked once at most, for what is in another language.
        embedder: Vectors to check footnotes with.
        settings: How much support a footnote needs.
    """
    checked = _Checked(passages, language=language, embedder=embedder, settings=settings)
    failure: ChatModelError | None = None
    try:
        with closing(pieces):
            for piece in pieces:
                yield from list(checked.read(piece)) or [Token("")]
                if checked.is_refusal:
                    return Written(checked.cited, refused=True)
    except ChatModelError as error:
        failure = error
        log.warning("The chat model failed: %s", error)
        if isinstance(error, PartialAnswerError) and not checked.is_shown:
            checked = _Checked(passages, language=language, embedder=embedder, settings=settings)
            yield from checked.read(error.usable)
    yield from checked.close(translate if failure is None else None)
    return Written(checked.cited, checked.is_refusal, failure)


class _Checked:
    """Takes a model's text and gives out events, nothing before the first footnote."""

    def __init__(
        self, passages: Sequence[Passage], *, language: str, embedder: QuoteEmbedder, settings: CitationSettings
    ) -> None:
        self._passages = passages
        self._plain = PlainAnswer(passages)
        self._refusal = RefusalFilter()
        self._gate = LanguageGate(language)
        self._writer = CitationWriter(passages, language=language, embedder=embedder, settings=settings)
        self._waiting = ""
        self.is_shown = False
        """Whether a reader has seen anything."""

    @property
    def cited(self) -> CitedText:
        """What was given out, once it is closed."""
        return self._writer.cited()

    @property
    def is_refusal(self) -> bool:
        """Whether the model says that the passages do not answer."""
        return self._refusal.is_refusal

    def read(self, piece: str) -> Iterator[Token | CitationsFound]:
        """Give out what can be shown with this piece."""
        text = self._gate.read(self._refusal.read(self._plain.read(piece)))
        return self._events(self._writer.read(text))

    def close(self, translate: Translate | None) -> Iterator[Token | CitationsFound]:
        """Give out the rest, put into the right language if it is in another and someone can."""
        rest = self._gate.read(self._refusal.read(self._plain.close()) + self._refusal.close()) + self._gate.close()
        if self._gate.wrong:
            held = self._gate.held
            rest += "".join(plain_answer([translate(held)], self._passages)) if translate else held
        yield from self._events([*self._writer.read(rest), *self._writer.close()])

    def _events(self, parts: Iterable[str | Citation]) -> Iterator[Token | CitationsFound]:
        for part in parts:
            if isinstance(part, str):
                self._waiting += part
            else:
                yield from self._released()
                self.is_shown = True
                yield CitationsFound((part,))
        if self.is_shown:
            yield from self._released()

    def _released(self) -> Iterator[Token]:
        text, self._waiting = self._waiting, ""
        if text:
            yield Token(text)
