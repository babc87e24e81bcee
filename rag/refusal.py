"""The word by which a model says that the documents do not answer: kept out of what is shown."""

import re

from rag.prompts import NOT_IN_DOCUMENTS

_REFUSAL = re.compile(NOT_IN_DOCUMENTS.replace("_", r"\\?[_\s]"))
# Models like to dress a lone word up: `NOT_IN_DOCUMENTS`, **NOT\_IN\_DOCUMENTS**, "NOT_IN_DOCUMENTS". More characters
# than this are no dress, but a model that repeats one without end.
_ORNAMENTS = " \t\r\n\"'`*_\\[](){}<>.:«»„“”‘’"
_MOST_ORNAMENTS = 100


class RefusalFilter:
    """Takes a model's text piece by piece and gives it back without that word, the same however it was cut.

    Of a text that begins with the word nothing is given back. Models also add it to half an answer.
    """

    def __init__(self) -> None:
        self._held = ""
        self._begun = False
        self.is_refusal = False
        """Whether the text begins with the word."""

    def read(self, piece: str) -> str:
        """Return what is certain with this piece."""
        if self.is_refusal:
            return ""
        self._held += piece
        given = ""
        while found := _REFUSAL.search(self._held):
            before, self._held = self._held[: found.start()], self._held[found.end() :]
            if not self._begun and _is_ornament(before):
                self.is_refusal = True
                return ""
            self._begun = True
            given += before
        safe = _refusal_may_start(self._held)
        if self._begun or not _is_ornament(self._held[:safe]):
            self._begun = True
            given += self._held[:safe]
            self._held = self._held[safe:]
        return given

    def close(self) -> str:
        """Return what was held back at the end of the text."""
        return "" if self.is_refusal else self._held


def _is_ornament(text: str) -> bool:
    return len(text) <= _MOST_ORNAMENTS and not text.strip(_ORNAMENTS)


def _refusal_may_start(text: str) -> int:
    """Where the word for "not in the documents" begins that the text may end in the middle of; else its length."""
    for start in range(max(0, len(text) - len(NOT_IN_DOCUMENTS) - 2), len(text)):
        plain = re.sub(r"\\?[_\s]|\\$", "_", text[start:])
        if text[start] == "N" and NOT_IN_DOCUMENTS.startswith(plain):
            return start
    return len(text)
