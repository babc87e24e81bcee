"""Text → sentences: ICU's rules for every script, once the full stops that end nothing are hidden from it."""

import re
from collections.abc import Iterator

from index.abbreviations import ABBREVIATIONS, CLOSING_ABBREVIATIONS, NUMBER_ABBREVIATIONS
from index.blocks import find_blocks
from index.function_words import FUNCTION_WORDS

# Thai, Lao, Burmese and Khmer are written with few full stops or none; there a space ends a clause. Sentences that say
# the same in other scripts have 60 to 160 characters.
CLAUSES_SHORTEST = 60
CLAUSES_LONGEST = 160

# Languages that write an ordinal number with a full stop ("3. Mai", "5. Platz").
_WITH_ORDINAL_STOPS = "az bs cs da de et eu fi fo hr hu is lb lv nn no pl sk sl sr tr"
_ORDINAL_LANGUAGES = frozenset(_WITH_ORDINAL_STOPS.split())

_LOOK_BACK = 24
_STOP = re.compile(r"\.(?=[ \t\u00a0]|[^\W\d_])")
# Vowel signs of Indic scripts are marks, which `\w` leaves out.
_DOTTED = re.compile(r"(?<![\w\u0900-\u0dff])(?:[\w\u0900-\u0dff]{1,4}\.[ \u00a0]?)*[\w\u0900-\u0dff’'-]+$")
_ORDINAL = re.compile(r"(?:^|[^\w.,:/])(?:\d{1,2}|[IVX]{1,6})$")
_NEXT_WORD = re.compile(r"[\s\"'„“”‚‘’»«(\[]{0,8}(\w[\w'’]{0,30})")

_ADDRESS = re.compile(r"(?:https?://|www\.|(?<![\w.+-])[\w.+-]{1,64}@)[\w\-.~:/?#@!$&'*+,;=%()\[\]]*[\w/=&#]", re.ASCII)
_MARKER = re.compile(r"(?<=[.!?。！？।])(?:\[[\w ,–-]{1,12}\])+(?=\s|$)")
_SPACE_BEFORE_GUILLEMET = re.compile(r"(?<=[.!?…])[ \u00a0\u202f](?=»)")  # « Oui. »
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")

_ENUMERATOR = re.compile(r"\W*(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,5})[.)．、]$")
_TAIL = re.compile(r"[)\]}”»’」』】》〉〕）］｝\"']+(?:\s|$)|[,;:、，；]")
_OPENING = "([{“‘«„‚「『（【《〈〔［｛"
_QUOTING = re.compile(r"と|って|など")

_UNSPACED = "\u0e01-\u0e45\u0e47-\u0eff\u1000-\u109f\u1780-\u17ff"
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_CLAUSE_END = re.compile(f"(?<=[{_UNSPACED}]) +(?=[{_UNSPACED}])")


def sentence_spans(text: str, language: str) -> list[tuple[int, int]]:
    """Find the sentences of a text as (start, end) offsets in code points, in order.

    The spans are not empty, do not overlap, have no white space at their ends, and together cover every character that
    is not white space. The end of a heading, list item, table row or paragraph ends a sentence; a line break inside a
    wrapped paragraph does not.

    Args:
        text: Markdown or plain text.
        language: ISO 639-1 code or `und`: decides which abbreviations and ordinal numbers do not end a sentence.
    """
    visible = _hide_false_ends(_unwrap(text), language)
    spans: list[tuple[int, int]] = []
    for start, end in _merged(visible, _icu_spans(visible, language), language):
        spans.extend(_clauses(text, start, end))
    return spans


def _unwrap(text: str) -> str:
    """The text, offsets unchanged, with a line break only where a block ends."""
    parts: list[str] = []
    position = 0
    for block in find_blocks(text):
        parts.append(text[position : block.start])
        content = text[block.start : block.end]
        parts.append(content if block.kind == "fence" else content.replace("\n", " "))
        position = block.end
    parts.append(text[position:])
    return "".join(parts)


def _hide_false_ends(text: str, language: str) -> str:
    """The text, offsets unchanged, with marks that end no sentence replaced by ones that ICU does not stop at."""
    text = _UNUSABLE.sub("x", text)
    text = _ADDRESS.sub(lambda found: "x" * len(found[0]), text)
    text = _SPACE_BEFORE_GUILLEMET.sub(")", text)
    text = _MARKER.sub(lambda found: ")" * len(found[0]), text)
    return _STOP.sub(lambda found: "," if _is_inside_sentence(text, found.start(), language) else ".", text)


def _is_inside_sentence(text: str, stop: int, language: str) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation, an initial or an ordinal number."""
    before = text[max(0, stop - _LOOK_BACK) : stop]
    if _UNSPACED_LETTER.match(before[-1:]):
        return True  # Thai and its neighbours have abbreviations, but no sentence ends with this mark
    following = _NEXT_WORD.match(text, stop + 1)
    dotted = _DOTTED.search(before)
    if following is None or dotted is None:
        return False
    starts_sentence = following[1].lower() in FUNCTION_WORDS.get(language, ())
    if _ORDINAL.search(before):
        return language in _ORDINAL_LANGUAGES and not starts_sentence
    words = dotted[0].lower().split()
    endings = {"".join(words[first:]) for first in range(len(words))}  # of "u. a. z. B": u.a.z.b, a.z.b, z.b, b
    if starts_sentence and not endings.isdisjoint(CLOSING_ABBREVIATIONS.get(language, ())):
        return False
    letters = [character for character in words[-1].rpartition(".")[2] if character.isalnum()]  # vowel signs are not
    is_initial = len(letters) <= (1 if text[stop + 1].isspace() else 2) and all(map(str.isalpha, letters))  # "J. R."
    return (
        not endings.isdisjoint(ABBREVIATIONS.get(language, ()))
        or not endings.isdisjoint(CLOSING_ABBREVIATIONS.get(language, ()))
        or (words[-1] in NUMBER_ABBREVIATIONS and following[1][0].isdigit())
        or (is_initial and not starts_sentence)
    )


def _icu_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    from icu4py.breakers import SentenceBreaker

    # Summing lengths, because the offsets of `segments()` count UTF-16 units.
    start = end = 0
    for sentence in SentenceBreaker(text, language):
        end += len(sentence)
        # ICU counts every bracket and quotation mark behind a full stop to the sentence, the opening ones too.
        opening = len(sentence) - len(sentence.rstrip(_OPENING)) if end < len(text) else 0
        yield start, end - opening
        start = end - opening


def _merged(text: str, pieces: Iterator[tuple[int, int]], language: str) -> Iterator[tuple[int, int]]:
    """Strip the pieces of white space and join those that are not sentences of their own."""
    start = end = 0
    has_words = True
    for piece_start, piece_end in pieces:
        piece = text[piece_start:piece_end]
        content = piece.strip()
        if not content:
            continue
        content_start = piece_start + piece.index(content[0])
        content_end = content_start + len(content)
        joins = end > start and "\n" not in text[end:content_start]
        content_has_words = any(character.isalnum() for character in content)
        if joins and (not has_words or not content_has_words or _continues(text, start, end, content, language)):
            end, has_words = content_end, has_words or content_has_words
            continue
        if end > start:
            yield start, end
        start, end, has_words = content_start, content_end, content_has_words
    if end > start:
        yield start, end


def _continues(text: str, start: int, end: int, piece: str, language: str) -> bool:
    """Whether a piece belongs to the sentence `text[start:end]` before it."""
    if piece[0].islower() or _TAIL.match(piece) or (end - start < 8 and _ENUMERATOR.match(text[start:end])):
        return True
    return language == "ja" and text[end - 1] in "」』" and _QUOTING.match(piece) is not None


def _clauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a long run of a script without full stops at its spaces; anything else stays as it is."""
    if end - start <= CLAUSES_LONGEST or not _UNSPACED_LETTER.search(text, start, min(end, start + CLAUSES_LONGEST)):
        yield start, end
        return
    for space in _CLAUSE_END.finditer(text, start, end):
        if space.start() - start >= CLAUSES_SHORTEST and end - space.end() >= CLAUSES_SHORTEST // 2:
            yield start, space.start()
            start = space.end()
    yield start, end
