"""Text in Slack's two markups, shown as the plain text it is: mrkdwn, and the Markdown of its streams.

Messages are rich text blocks (`ui.slack.blocks`), in which nothing is markup. mrkdwn is left for what stands beside the
blocks: notifications, and programs that show no blocks. It has no way to write `*` as itself, so that what could be
markup there becomes a character that looks like it.
"""

import re

from ui.plain import printable
from ui.slack.splitting import shortened

# `chat.update` refuses more than 4,000, and was seen to count bytes, not characters.
_LONGEST_BYTES = 3_800

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LINE_SEPARATORS = str.maketrans("\u2028\u2029", "\n\n")

_LOOK_ALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
# Between letters and digits these begin and end nothing: `snake_case`, 2*3. A backtick does everywhere.
_FORMATTING = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|`")
# Names of emoji may be in any script: some teams have :了解:.
_EMOJI = re.compile(r":(?=[^\s:]{1,100}:)")
_COLON_LOOK_ALIKE = "∶"
_QUOTE = re.compile(r"^([ \t\u00a0]*)(>+)", re.MULTILINE)
_ALL_MENTION = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)

# The characters that Slack lets a backslash escape, as far as they mean anything within a line, and those of tables.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()~|])")
_LINE_START = re.compile(r"^([ \t]*)(?:[0-9]{1,9}(?=\.)|(?=[-+#=]))", re.MULTILINE)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}://|www\.|mailto:)[!#-;=?-_a-~]+(?<![.,;:!?\])'])", re.IGNORECASE)
# The next letters may still make an address of them, or the number of a list; of a colon an emoji.
_WORD_BEGUN = "".join(map(chr, range(0x21, 0x7F)))
_EMOJI_BEGUN = re.compile(r":[^\s:]{0,100}\Z")
_WORD_JOINER = "\u2060"


def escaped(text: str) -> str:
    """Return a text so that mrkdwn shows it as it is: no mention, link, date, emoji, quote or formatting.

    Addresses are shown as such, and are no links if `parse` is `none`.
    """
    text = printable(text.translate(_LINE_SEPARATORS))
    text = _QUOTE.sub(lambda found: found[1] + "›" * len(found[2]), text)
    text = _EMOJI.sub(_COLON_LOOK_ALIKE, text)
    text = _FORMATTING.sub(lambda found: _LOOK_ALIKES[found[0]], text)
    return _ALL_MENTION.sub("＠", text).translate(_ENTITIES)


def streamed_text(text: str) -> str:
    """Return the beginning of an answer, or all of it, as mrkdwn for the `text` of a message: short enough for it."""
    text = text[: 2 * _LONGEST_BYTES]  # so that no time is lost on what will not be shown
    return escaped(shortened(text, _LONGEST_BYTES, size=lambda part: len(escaped(part).encode())))


def streamed_markdown(text: str, *, complete: bool = False) -> str:
    """Return the beginning of an answer as Markdown that shows it as it is, for `markdown_text` of Slack's streams.

    What is returned for a longer beginning begins with what was returned for a shorter one, so that only the rest need
    be sent. The end is held back as long as more text may turn it into something else, unless the text is complete.
    """
    text = printable(text.translate(_LINE_SEPARATORS))
    if not complete:
        text = text.rstrip(_WORD_BEGUN)
        while begun := _EMOJI_BEGUN.search(text):
            text = text[: begun.start()].rstrip(_WORD_BEGUN)
    pieces, position = [], 0
    for address in _ADDRESS.finditer(text):
        pieces += [_markdown(text, position, address.start()), f"`{address[0]}`"]
        position = address.end()
    return "".join([*pieces, _markdown(text, position, len(text))])


def _markdown(text: str, start: int, end: int) -> str:
    """A stretch of a text as Markdown; whether it is at the start of a line depends on what is before it."""
    places = {found.end() for found in _LINE_START.finditer(text, 0, end) if start <= found.end() < end}
    pieces = []
    for at in sorted(places):
        pieces += [text[start:at], "\x00"]
        start = at
    escaped_text = _MARKDOWN.sub(r"\\\1", "".join([*pieces, text[start:end]])).replace("\x00", "\\")
    return _EMOJI.sub(":" + _WORD_JOINER, escaped_text).translate(_ENTITIES)
