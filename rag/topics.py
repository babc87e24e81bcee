"""Questions about a topic, such as “What do the documents say about “Tea in Tokyo”?”, made and read in all languages.

The words around the topic are the same in each of them, so only the topic is searched: of 84 headings of the starter
articles 51 then lead to their own section first, with the whole sentence 7.
"""

import re
from dataclasses import dataclass
from functools import cache

from index.function_words import is_function_word
from index.lengths import text_weight
from index.scripts import UNSPACED_SCRIPTS, main_script
from rag.markup import plain
from rag.prompts import phrase_languages, phrases
from rag.visible_text import visible

# In the measure of `text_weight`. What is longer is a sentence; what is shorter, "Results" or "Part 2", names nothing.
_LONGEST = 120
_SHORTEST = 8
_SUSPECT = re.compile(r"[<>\[\]{}|`\\@_]|//|www\.")
_FILE_NAME = re.compile(r"\.[a-z0-9]{2,5}$", re.IGNORECASE)
# A heading's own number, such as in "3.2 Costs" or "IV. Costs".
_NUMBERING = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3})+\.?|\(?\d{1,3}[.):]|[IVX]{1,5}\.)\s+")
_QUOTATION_MARKS = '“”„‟«»「」『』"״'
_ALIKE = str.maketrans({**dict.fromkeys(_QUOTATION_MARKS, '"'), "\u00a0": " ", "\u202f": " "})
_WITHOUT_MARKS = str.maketrans(dict.fromkeys(_QUOTATION_MARKS, ""))
_SUBTITLE = re.compile(r":\s|：| \| ")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class TopicQuestion:
    """A question about a topic, taken apart."""

    language: str
    """That of the words around the topic, which may be in another."""
    topic: str


def read_topic_question(question: str) -> TopicQuestion | None:
    """Return the language and topic of a question made with `Phrases.about`; `None` for any other question.

    Any quotation marks do, but there have to be some.
    """
    text = question.strip()
    folded = text.translate(_ALIKE)
    for language, before, after in _frames():
        if folded.startswith(before) and folded.endswith(after) and len(before) + len(after) < len(folded):
            topic = text[len(before) : len(text) - len(after)].strip()
            return TopicQuestion(language, topic) if topic else None
    return None


def as_topic(heading: str) -> str:
    """Return a heading as the topic of a question: in one line, without number, Markdown and quotation marks.

    Nothing if it says too little to be asked about ("Results", "How it works"), too much, or is not made of words.
    """
    topic = clean_heading(heading)
    words = [
        word for word in re.split(r"[\s,;:!?…–—/-]+", topic) if _LETTER.search(word) and not is_function_word(word)
    ]
    says_enough = text_weight(topic) >= _SHORTEST and (len(words) > 1 or main_script(topic) in UNSPACED_SCRIPTS)
    return topic if says_enough else ""


def title_as_topic(title: str) -> str:
    """Return a document's title, without its subtitle, as the topic of a question; nothing if it is no title.

    One word is enough, since it names the whole document, unless it is the name of a file.
    """
    cleaned = clean_heading(title)
    name = _SUBTITLE.split(cleaned)[0].strip()
    if len(_LETTER.findall(name)) < 2 or _FILE_NAME.search(cleaned):
        return ""
    return "" if " " not in name and any(map(str.isdigit, name)) else name


def clean_heading(heading: str) -> str:
    """Return a heading in one line, without number, Markdown and quotation marks.

    Nothing if it is long, or holds what no heading needs but addresses, code and the marks of prompts do: it becomes a
    question of the reader's, and so reaches a chat model as their own words.
    """
    text = " ".join(visible(plain(heading)).translate(_WITHOUT_MARKS).split())
    text = _NUMBERING.sub("", text)
    return "" if text_weight(text) > _LONGEST or _SUSPECT.search(text) else text


@cache
def _frames() -> tuple[tuple[str, str, str], ...]:
    """Each language, with what stands before and after the topic."""
    found = []
    for language in phrase_languages():
        before, after = phrases(language).about.translate(_ALIKE).split("{topic}")
        found.append((language, before.rstrip(), after.lstrip()))
    return tuple(found)
