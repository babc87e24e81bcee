"""Conversations made of the questions of a question set: follow-ups that leave out what they are about."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from bench.xquad import Query

# What a speaker says instead of the topic, and how a follow-up often begins.
_PRONOUNS = {
    "en": "it", "de": "es", "ru": "он", "zh": "它", "ar": "هو", "hi": "वह", "th": "มัน", "es": "eso", "el": "αυτό",
    "tr": "o", "ro": "acesta", "vi": "nó",
}  # fmt: skip
_OPENERS = {
    "en": "And ", "de": "Und ", "ru": "А ", "zh": "那", "ar": "و", "hi": "और ", "th": "แล้ว", "es": "Y ", "el": "Και ",
    "tr": "Peki ", "ro": "Și ", "vi": "Còn ",
}  # fmt: skip
# A word is about the topic of an article if it is this many times as frequent in its questions as in the others.
_TOPICAL = 15
_LEAST_TOPICAL = 3
# Inflected forms of one word meet in its first letters.
_STEM = 5


@dataclass(frozen=True, slots=True)
class Conversation:
    """Earlier questions, and one that follows."""

    kind: str
    earlier: tuple[str, ...]
    last: Query


def word_spans(text: str, language: str) -> list[tuple[int, int]]:
    """Return where the words of a question are, in any script."""
    if language not in ("zh", "th"):
        return [found.span() for found in regex.finditer(r"[\p{L}\p{M}\p{N}]+", text)]
    from icu4py.breakers import WordBreaker

    spans, at = [], 0
    for word in WordBreaker(text, language):
        if regex.search(r"[\p{L}\p{N}]", word):
            spans.append((at, at + len(word)))
        at += len(word)
    return spans


def elliptical(
    text: str, language: str, *, dropped: Collection[str], linking: Collection[str], form: int
) -> str | None:
    """Return a question without some words: `None` if it holds none of them, or few others.

    Args:
        text: The question.
        language: Its language.
        dropped: Stems of the words to leave out.
        linking: Stems of common words, which go as well where they stand between two of those.
        form: 0 only leaves out, 1 puts a pronoun in the place of the longest run of them, 2 begins with "and" as well.
    """
    spans = word_spans(text, language)
    out = [_stem(text[start:end]) in dropped for start, end in spans]
    if not any(out) or len(spans) - sum(out) < 3:
        return None
    runs = _runs(_with_links(out, [_stem(text[start:end]) in linking for start, end in spans]))
    longest = max(runs, key=lambda run: spans[run[1] - 1][1] - spans[run[0]][0])
    pieces, at = [], 0
    for first, last in runs:
        pieces.append(text[at : spans[first][0]])
        if form and (first, last) == longest:
            pieces.append(_PRONOUNS[language])
        at = spans[last - 1][1]
    said = regex.sub(r"\s+", " ", "".join(pieces) + text[at:]).strip()
    return _OPENERS[language] + said[0].lower() + said[1:] if form == 2 else said


def _with_links(out: Sequence[bool], links: Sequence[bool]) -> list[bool]:
    """Also leave out the links between two words that are left out."""
    wide = list(out)
    for first, last in pairwise(at for at, left_out in enumerate(out) if left_out):
        if all(links[first + 1 : last]):
            wide[first:last] = [True] * (last - first)
    return wide


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last place (exclusive) of each run of true values."""
    edges = [at for at in range(len(flags) + 1) if (flags[at - 1] if at else False) != (at < len(flags) and flags[at])]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _stem(word: str) -> str:
    return word.casefold()[:_STEM]


class Topics:
    """The words that the questions of an article are about."""

    def __init__(self, queries: Sequence[Query], language: str) -> None:
        self._language = language
        self._in_article: dict[int, Counter[str]] = defaultdict(Counter)
        for query in queries:
            self._in_article[query.article].update(self.stems(query.text))
        self._questions = Counter(query.article for query in queries)
        self._total = Counter[str]()
        for counts in self._in_article.values():
            self._total.update(counts)
        self.common = {stem for stem, count in self._total.items() if count * 50 >= len(queries)}
        """Stems in one question of fifty or more, which say nothing of a topic."""

    def stems(self, text: str) -> set[str]:
        """Return the stems of a text's words."""
        return {_stem(text[start:end]) for start, end in word_spans(text, self._language)}

    def of(self, article: int) -> set[str]:
        """Return the stems of the article's own words."""
        inside, everywhere = self._questions[article], sum(self._questions.values())
        return {
            stem
            for stem, count in self._in_article[article].items()
            if stem not in self.common
            and count >= _LEAST_TOPICAL
            and count * (everywhere - inside) >= _TOPICAL * inside * (self._total[stem] - count)
        }


def conversations(queries: Sequence[Query], language: str, *, articles: Sequence[int]) -> Iterator[Conversation]:
    """Yield the conversations that can be made of a language's questions, always the same."""
    topics = Topics(queries, language)
    by_article: dict[int, list[Query]] = defaultdict(list)
    for query in queries:
        by_article[query.article].append(query)
    for at, article in enumerate(articles):
        elsewhere = by_article[articles[(at + 1) % len(articles)]]
        before: tuple[str, ...] = ()  # the conversation that the last elliptical question ended
        for turn, (first, second) in enumerate(pairwise(by_article[article])):
            shared = {stem for stem in topics.stems(first.text) if stem not in topics.common}
            dropped = shared | topics.of(article)
            said = elliptical(second.text, language, dropped=dropped, linking=topics.common, form=turn % 3)
            if said is None:
                before = ()
                continue
            short = replace(second, text=said)
            yield Conversation("elliptical", (first.text,), short)
            yield Conversation("same topic", (first.text,), second)
            yield Conversation("new topic", (first.text,), elsewhere[turn % len(elsewhere)])
            if before:
                yield Conversation("third turn", before, short)
            before = () if before else (first.text, said)
