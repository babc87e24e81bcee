"""What of a statement must stand in the passages it cites to the letter, however well they cover it otherwise.

Numbers, dates and amounts in any spelling; e-mail addresses and URLs; what stands in quotation marks, and names. A
quotation and a name are looked for only where statement and passage are in one language: translated, they may be
spelt in several ways, so there they count as words like others.
"""

import re
import unicodedata
from functools import cached_property

from index.language import same_language
from rag.amounts import AmountsOf
from rag.answers import Passage
from rag.names import NamesOf, find_names
from rag.numbers import NumbersOf

_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"“”„«»「」]{3,2000}|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{2,64}){1,6}", re.IGNORECASE
)
_SCHEME = re.compile(r"https?://|www\.", re.IGNORECASE)
# Opening and closing marks of all languages that have pairs of them; „…“ and “…” close with each other's.
_QUOTATION = re.compile(
    r"[“„”]([^“„”\n]{2,500})[“”]|«([^«»\n]{2,500})»|»([^«»\n]{2,500})«|‹([^‹›\n]{2,500})›|「([^「」\n]{2,500})」"
    r"|『([^『』\n]{2,500})』|《([^《》\n]{2,500})》|\"([^\"\n]{2,500})\"|(?<!\w)[‘‚]([^‘’‚\n]{2,500})[’‘](?!\w)"
)
_OMISSION = re.compile(r"\[[^\]]{0,80}\]|\(\s?(?:\.{3}|…)\s?\)|\.{3}|…")
_NOT_WORDS = re.compile(r"[\W_]+")


class FactsOf:
    """The facts of a passage, read once to be looked up several times; those of its titles are names it may use."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    def missing(self, statement: str, *, language: str) -> tuple[str, ...]:
        """Return the facts of a statement that do not stand in the passage, as they are written.

        Args:
            statement: What a mark vouches for.
            language: The statement's language.
        """
        addresses = _addresses(statement)
        rest = _ADDRESS.sub(lambda found: " " * len(found[0]), statement)
        missing = [address for address in addresses if _plain_address(address) not in self._addresses]
        missing += self._numbers.missing(rest, language=language)
        missing += self._amounts.missing(rest, language=language)
        if same_language(language, self._passage.language):
            missing += [quotation for quotation in _quotations(rest) if not self._has_quotation(quotation)]
            missing += [name for name in find_names(rest, language=language) if not self._names.hold(name)]
        return tuple(dict.fromkeys(missing))

    @cached_property
    def _numbers(self) -> NumbersOf:
        return NumbersOf(self._passage.text, language=self._passage.language)

    @cached_property
    def _amounts(self) -> AmountsOf:
        return AmountsOf(self._passage.text, language=self._passage.language)

    @cached_property
    def _names(self) -> NamesOf:
        return NamesOf("\n".join((self._passage.title, self._passage.heading, self._passage.text)))

    @cached_property
    def _addresses(self) -> frozenset[str]:
        return frozenset(map(_plain_address, _addresses(self._passage.text)))

    @cached_property
    def _words(self) -> str:
        return _only_words(self._passage.text)

    def _has_quotation(self, quotation: str) -> bool:
        return all(_only_words(part) in self._words for part in _OMISSION.split(quotation))


def _addresses(text: str) -> list[str]:
    return [found[0].rstrip(".,;:!?)]}'’") for found in _ADDRESS.finditer(text)]


def _plain_address(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/").casefold()


def _quotations(text: str) -> list[str]:
    return [next(filter(None, found.groups())) for found in _QUOTATION.finditer(text)]


def _only_words(text: str) -> str:
    """The words in one spelling: NFKC, small letters, one space for all that stands between them, none at the ends."""
    return _NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
