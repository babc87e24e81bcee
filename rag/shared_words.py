"""Where a text has the words of another one, by their stems."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from index.analysis import analyse
from index.function_words import is_function_word

_SOUND_MARK = "^"


def content_terms(text: str) -> frozenset[str]:
    """Return the terms of a text (see `index.analysis`) without function words and sounds."""
    return frozenset(term for term in analyse(text) if not is_function_word(term) and not term.startswith(_SOUND_MARK))


def shared_words(text: str, other: str) -> list[tuple[int, int]]:
    """Return the spans of the text's terms that the other text has too; a word and its stem are two."""
    wanted = content_terms(other)
    return [span for run in _runs().finditer(text) for span in _shared_in(run, wanted)]


def _shared_in(run: Any, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    from index.han_forms import SIMPLIFIED

    spelt = run[0].lower().translate(SIMPLIFIED)  # as terms are, character by character
    if is_function_word(run[0]):
        return
    for term in dict.fromkeys(analyse(run[0])):
        if term in wanted and len(term) > 1:
            # Without its accents a term may not be found; then it stands at the beginning of the word.
            at = max(spelt.find(term), 0)
            yield run.start() + at, min(run.start() + at + len(term), run.end())


@cache
def _runs() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{M}\p{N}]{1,200}")
