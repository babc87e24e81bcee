"""A model's text as plain text: nothing hidden, nothing that a program would fetch, show as markup or obey."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.answers import Passage
from rag.visible_text import visible

# HTML that does or shows something, and the elements of prompts. A name between pointed brackets that is neither, such
# as in List<Item>, is text.
_ELEMENTS = (
    "a|abbr|answer|audio|b|base|blockquote|body|br|button|center|code|dd|details|div|dl|dt|em|embed|font|form|frame|h[1-6]"
    "|head|hr|html|i|iframe|img|image|input|ins|li|link|mark|math|meta|object|ol|option|p|passages?|picture|pre"
    "|script|section|select|small|source|span|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th"
    "|thead|title|tr|u|ul|video"
)
_LABEL = r"(?:[^\[\]\n]|\[[^\[\]\n]{0,80}\]){0,300}+"
_TARGET = r"(?:[^()\n]|\([^()\n]{0,300}\)){0,2000}+"
_IN_ADDRESS = r"[\w\-.~:/?#@!$&'*+,;=%()|{}^\\]"

# Each kind of markup: in full, and as far as it may have come where a piece of the text ends. Quantifiers are bounded
# or possessive, for a model may be made to write anything. Something must follow what may still go on.
_KINDS = {
    "link or image": (
        rf"!?\[(?P<label>{_LABEL})\]\({_TARGET}\)",
        rf"!|!?\[{_LABEL}(?:\[[^\[\]\n]{{0,80}})?|!?\[{_LABEL}\](?:\({_TARGET}(?:\([^()\n]{{0,300}})?)?",
    ),
    "element": (
        rf"</?(?:{_ELEMENTS})(?:[\s/][^<>]{{0,2000}})?>",
        rf"</?(?:[a-z][a-z0-9]{{0,10}}|(?:{_ELEMENTS})[\s/][^<>]{{0,2000}})?",
    ),
    "comment": (
        r"<!--(?:[^<-]|-(?!->)){0,500}-->",
        r"<!-?|<!--(?:[^<-]|-(?!->)){0,500}",
    ),
    "mark of a chat template": (
        r"<[|｜][^<>|｜\n]{1,60}[|｜]>|</?s>|<(?:start|end)_of_turn>",
        r"<[|｜][^<>|｜\n]{0,60}[|｜]?|<(?:start|end)_[a-z_]{0,7}",
    ),
    "address": (
        rf"(?P<address>(?:(?:https?|ftp)://|www\.){_IN_ADDRESS}{{1,2000}}+(?=[\s\S]))",
        rf"h|ht|htt|https?:?|https?:/|f|ft|ftp:?|ftp:/|ww?w?|(?:(?:https?|ftp)://|www\.){_IN_ADDRESS}{{0,2000}}",
    ),
    "emphasis, but no power as in 2**3": (
        r"(?<![0-9A-Za-z)])\*\*(?=[\s\S])|\*\*(?=[^0-9])",
        r"\*{1,2}",
    ),
    "heading": (
        r"(?<![^\n])#{1,6} (?=[\s\S])",
        r"(?<![^\n])#{1,6} ?",
    ),
}
_MARKUP = re.compile(
    "|".join(whole for whole, _ in _KINDS.values())
    + rf"|(?P<unfinished>(?:{'|'.join(begun for _, begun in _KINDS.values())})\Z)",
    re.IGNORECASE | re.ASCII,
)
_MARK = re.compile(r"\s*\^?\d{1,3}(?:[\s,;–-]+\^?\d{1,3})*\s*")
_AFTER_ADDRESS = ".,;:!?)}'|\\"


class PlainAnswer:
    """Takes a model's text piece by piece and gives it back as plain text, the same however it was cut.

    Dropped: characters that nobody sees, HTML, marks of chat templates, emphasis and the marks of headings; of images
    and links everything but their text. An address stays only if a passage holds it word for word, so that nothing
    asked can leave in one that a hostile document made the model write. Footnote marks stay.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Begin with nothing read. `passages` are what the model was shown."""
        self._passages = passages
        self._held = "\n"  # the last character that was read over, then what may still become markup
        self._last = ""

    def read(self, piece: str) -> str:
        """Return what is certain with this piece."""
        self._take(piece)
        return self._given(is_end=False)

    def close(self) -> str:
        """Return what was held back at the end of the text."""
        self._held += "\n"  # ends whatever may be under way
        return self._given(is_end=True)[:-1]

    def _take(self, piece: str) -> None:
        seen = visible(piece.replace("\r", ""), before=self._last)
        self._held += seen
        self._last = seen[-1:] or self._last

    def _given(self, *, is_end: bool) -> str:
        text, at = self._held, 1
        parts: list[str] = []
        while found := _MARKUP.search(text, at):
            parts.append(text[at : found.start()])
            at = found.start()
            if found["unfinished"] is None:
                parts.append(self._kept(found))
                at = found.end()
            elif not is_end:
                break
            else:
                parts.append(text[at])
                at += 1
        if found is None:
            parts.append(text[at:])
            at = len(text)
        self._held = text[at - 1 :]
        return "".join(parts)

    def _kept(self, found: re.Match[str]) -> str:
        """What stays of one construct."""
        if found["label"] is not None:
            label = "".join(plain_answer([found["label"]], self._passages))  # the label of a link may be an image
            return f"[{label}]" if _MARK.fullmatch(label) else label
        if found["address"]:
            address = found["address"].rstrip(_AFTER_ADDRESS)
            known = any(address in passage.text for passage in self._passages)
            return found["address"] if known else found["address"][len(address) :]
        return ""


def plain_answer(pieces: Iterable[str], passages: Sequence[Passage]) -> Iterator[str]:
    """Pass a streamed text on as plain text; see `PlainAnswer`."""
    answer = PlainAnswer(passages)
    for piece in pieces:
        if text := answer.read(piece):
            yield text
    if text := answer.close():
        yield text
