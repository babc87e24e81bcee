"""Which documents a search is about: by language, name, folder, tag, date and type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from index.errors import FilterError
from index.language import normalise_language, same_language
from index.loading import HTML_SUFFIXES, MARKDOWN_SUFFIXES, SUFFIXES, TEXT_SUFFIXES, is_url

_SUFFIXES = {"markdown": MARKDOWN_SUFFIXES, "text": TEXT_SUFFIXES, "html": HTML_SUFFIXES}
TYPES = tuple(_SUFFIXES)
"""What `DocumentFilter.types` may name."""

_MONTH_OR_YEAR = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a filter looks at, of one document."""

    source: str
    language: str
    date: str | None = None
    tags: frozenset[str] = frozenset()
    """In folded case."""


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Lets documents pass that meet every condition set; within one condition, any of its values.

    Raises:
        FilterError: If a language, a type or a date is none; the message names what would be one.
    """

    languages: frozenset[str] = frozenset()
    """Codes as in `Document.language`; `zh` and `zh-Hant` are one language."""
    documents: frozenset[str] = frozenset()
    """`Document.source`, whole."""
    folders: frozenset[str] = frozenset()
    """Beginnings of `Document.source`, in whole names: `news` has `news/a.md`, not `newspaper/a.md`.

    Pages of the web are below their site: `https://example.org`."""
    tags: frozenset[str] = frozenset()
    """Of the front matter's `tags`, in upper or lower case."""
    types: frozenset[str] = frozenset()
    """Some of `TYPES`."""
    since: str | None = None
    """The first day, `2018-05-01`; `2018-05` and `2018` are the first day of that time."""
    until: str | None = None
    """The last day; `2018-05` and `2018` are the last day of that time. A document without a date is in no time."""

    def __post_init__(self) -> None:
        for language in sorted(self.languages):
            if normalise_language(language) != language and language != "und":
                raise FilterError(
                    f"{language!r} is no language code. Give an ISO 639 code such as 'en', 'ja' or 'zh-Hant'."
                )
        for kind in sorted(self.types - _SUFFIXES.keys()):
            raise FilterError(f"{kind!r} is no type of document. Choose from: {', '.join(TYPES)}.")
        for bound in (self.since, self.until):
            if bound is not None and not _is_date(bound):
                raise FilterError(f"{bound!r} is no date. Write it as 2018-05-31, 2018-05 or 2018.")
        if self.since and self.until and not _reaches(self.until, self.since):
            raise FilterError(f"No day is since {self.since!r} and until {self.until!r}. Exchange the two.")

    def passes(self, document: DocumentFacts) -> bool:
        """Whether a document meets the conditions."""
        return all(self._verdicts(document))

    def _verdicts(self, document: DocumentFacts) -> Iterator[bool]:
        if self.languages:
            yield any(same_language(document.language, language) for language in self.languages)
        if self.documents:
            yield document.source in self.documents
        if self.folders:
            yield any(_is_below(document.source, folder) for folder in self.folders)
        if self.tags:
            yield not document.tags.isdisjoint(tag.strip().casefold() for tag in self.tags)
        if self.types:
            suffix = _suffix(document.source)
            yield any(suffix in _SUFFIXES[kind] for kind in self.types)
        if self.since or self.until:
            yield document.date is not None and self._is_in_time(document.date)

    def _is_in_time(self, stated: str) -> bool:
        """Whether the time a date names, a day or a month or a year, has a day in common with the bounds."""
        day = stated[:10]  # of a date with a time of day
        return (self.since is None or _reaches(day, self.since)) and (self.until is None or _reaches(self.until, day))


EVERYTHING = DocumentFilter()
"""The filter that lets every document pass."""


def split_tags(stated: str) -> frozenset[str]:
    """Give the tags of a front matter's `tags`, which the loader has joined by commas, in folded case."""
    return frozenset(tag.strip().casefold() for tag in stated.split(",")) - {""}


def _is_date(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return bool(_MONTH_OR_YEAR.fullmatch(text))
    try:
        date.fromisoformat(text)
    except ValueError:  # such as 30 February
        return False
    return True


def _reaches(later: str, earlier: str) -> bool:
    """Whether the last day of one time is not before the first day of another; both to the day, month or year."""
    common = min(len(later), len(earlier))
    return later[:common] >= earlier[:common]


def _suffix(source: str) -> str:
    if not is_url(source):
        return PurePosixPath(source).suffix.lower()
    path = source.partition("?")[0].partition("://")[2].partition("/")[2]  # the host may well end in .md
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if suffix in SUFFIXES else ".html"


def _is_below(source: str, folder: str) -> bool:
    # The current folder, `.`, holds all that is not absolute; no page of the web lies in it.
    return is_url(source) == is_url(folder) and PurePosixPath(source).is_relative_to(folder)
