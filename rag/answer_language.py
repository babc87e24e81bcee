"""The language of a question, and whether an answer is in it: sentence by sentence, also while it is streamed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.function_words import FUNCTION_WORDS
from index.language import (
    NOT_PROSE,
    chinese_variant,
    detect_language,
    is_beyond_japanese,
    language_scores,
    normalise_language,
    same_language,
)
from index.lengths import text_weight
from index.scripts import function_words_in, main_script, scripts_of
from index.sentences import sentence_spans
from rag.answers import Turn

# How much likelier (nats) another language must be than the expected one to be believed: in running words, and where
# nothing tells that they are more than names. The first is chosen with the odd rows of `bench/answer_language.py`. The
# second is reached by 2 % of 3,000 titles that five languages and more write alike (Wikidata), with whatever language.
_MARGIN = 0.7
_MARGIN_OF_NAMES = 4.0
# Fewer words may be a name whatever they look like, more with capitals are a heading.
_FEWEST_WORDS = 3
_MOST_NAMES = 4
# Longer than names are, in characters of Latin script: what is in another script without function words; Japanese
# without kana.
_LONGER_THAN_NAMES = 36
# In the same measure: a streamed sentence is looked at from here on, each time that so many more characters are there,
# and not held any longer than that to be judged.
_FIRST_LOOK = 24
_LOOK_EVERY = 8
_LAST_LOOK = 240

_WORD = re.compile(r"[^\W\d_][\w'’\u0900-\u097f]*")
_CAPITALISED = re.compile(r"(?<=[\s\-/(])[^\W\d_a-z]\w*")
_KATAKANA = re.compile("[\u30a1-\u30ff]+")
# Words that are not written like this in Japanese, and hardly stand in the names of places and firms.
_CHINESE_ONLY = re.compile("[是了你她们們这這很吗嗎呢吧我他没沒说說]")
_MARK = re.compile(r"[\[【［][^\[\]【】［］\n]{0,40}[\]】］]")
_QUOTED = re.compile(
    '“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|”[^”\n]{1,400}”|«[^»\n]{1,400}»|»[^«\n]{1,400}«|"[^"\n]{1,400}"|「[^」\n]{1,400}」'
    "|『[^』\n]{1,400}』|《[^》\n]{1,400}》|‘[^’\n]{1,400}’(?!\\w)|‚[^‘\n]{1,400}‘"
)
_SENTENCE_END = re.compile(r"[.!?…؟।](?=\s)|[。！？\n]")


def question_language(question: str, *, history: Sequence[Turn] = (), interface: str | None = None) -> str:
    """Name the language a question is to be answered in, as an ISO 639-1 code, or `zh-Hant`.

    It is the question's own if that can be told. Names, numbers, or one or two words that several languages may have
    do not tell: then it is that of the last question that did, else the interface's, else English. What is in another
    script than Latin is left to the interface only if that is written in this script.

    Args:
        question: As it was typed.
        history: Earlier turns of the conversation, oldest first.
        interface: The language in which the reader sees the program, in any way people write codes.
    """
    shown = normalise_language(interface or "") or "en"
    earlier = _last_told([turn.question for turn in history], shown)
    expected = earlier or shown
    language = _told(question, expected) or earlier or _by_script(question, shown)
    return _with_variant(language, question, expected)


def is_in_language(sentence: str, language: str) -> bool | None:
    """Tell whether a sentence is in a language; None if it cannot be told.

    Marks, quotations in quotation marks, addresses and names do not count. A relative passes for the language itself
    unless it is clearly another (Danish for Norwegian); simplified Chinese does not pass for traditional.
    """
    text = _QUOTED.sub(" ", _MARK.sub(" ", NOT_PROSE.sub(" ", sentence)))
    script = main_script(text)
    wanted = normalise_language(language) or ""
    if script is None or not scripts_of(wanted):
        return None
    if script not in scripts_of(wanted):
        return False if _says_something(_without_names(text), script) else None
    if script == "han":
        return _is_in_han(text, wanted)
    return _is_likely_in(text, wanted)


@dataclass(frozen=True, slots=True)
class LanguageCheck:
    """In which language an answer is, compared with the one it should be in."""

    language: str
    """The one that most of it is in: the wanted one, unless more than half is in others."""
    share: float
    """Share of the wanted language in the sentences that could be judged, by length; 1 if none could."""
    wrong: tuple[tuple[int, int], ...] = ()
    """The sentences in another language: `text[start:end]`."""


def check_answer(text: str, language: str) -> LanguageCheck:
    """Compare each sentence of an answer with the language it should be in."""
    verdicts = {
        (start, end): is_in_language(text[start:end], language) for start, end in sentence_spans(text, language)
    }
    wrong = tuple(span for span, verdict in verdicts.items() if verdict is False)
    judged = sum(text_weight(text[start:end]) for (start, end), verdict in verdicts.items() if verdict is not None)
    share = 1 - sum(text_weight(text[start:end]) for start, end in wrong) / judged if judged else 1.0
    if share >= 0.5:
        return LanguageCheck(language, share, wrong)
    return LanguageCheck(detect_language(" ".join(text[start:end] for start, end in wrong)), share, wrong)


class LanguageGate:
    """Lets a streamed text through as long as it is in the wanted language.

    The beginning of a sentence is held back until it is clear, mostly for some words; one that cannot be judged is
    judged together with the next. From the first sentence in another language on everything is held. What is let
    through does not depend on where the stream is cut.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._is_open = False
        self._last = ""
        self.held = ""
        """What was read and not let through."""
        self.wrong = False
        """Whether a sentence is in another language; `held` begins with it, or with what could not be judged before."""

    def read(self, piece: str) -> str:
        """Return what may be shown now."""
        return "".join(map(self._next, piece))

    def close(self) -> str:
        """Return what was held at the end of the text, unless it is in another language."""
        self.wrong = self.wrong or is_in_language(self.held, self._language) is False
        return "" if self.wrong else self._release()

    def _next(self, character: str) -> str:
        ends = _SENTENCE_END.search(self._last + character) is not None
        self._last = character
        self.held += character
        if self.wrong:
            return ""
        if not self._is_open and not self.held.isspace():
            self._is_open = self._may_pass(ends=ends)
            if not self._is_open:
                return ""
        self._is_open = self._is_open and not ends
        return self._release()

    def _may_pass(self, *, ends: bool) -> bool:
        """Whether what is held is clear; sets `wrong` where it is clearly in another language."""
        weight = text_weight(self.held)
        is_complete = ends or weight >= _LAST_LOOK
        if not is_complete and (weight < _FIRST_LOOK or len(self.held) % _LOOK_EVERY):
            return False
        verdict = is_in_language(self.held, self._language)
        # The beginning of a sentence may be a foreign name.
        self.wrong = is_complete and verdict is False
        return verdict is True or (verdict is None and weight >= _LAST_LOOK)

    def _release(self) -> str:
        text, self.held = self.held, ""
        return text


def _last_told(questions: Sequence[str], shown: str) -> str | None:
    """The language of the last question that tells one."""
    for question in reversed(questions):
        if language := _told(question, shown):
            return _with_variant(language, question, shown)
    return None


def _told(question: str, expected: str) -> str | None:
    """The language of a question, if it is clear that it is not in the expected one."""
    scores = language_scores(question)
    if not scores:
        return None
    best = max(scores, key=lambda language: scores[language])
    others = [language for language in scores if language != best]
    rivals = [language for language in others if same_language(language, expected)]
    if _has_words_of(best, question) or _is_running(_without_names(question)):
        return best if all(scores[best] - scores[rival] >= _MARGIN for rival in rivals) else None
    if main_script(question) != "latin" and not rivals:
        return None if _only_names(question) else best
    return best if all(scores[best] - scores[other] >= _MARGIN_OF_NAMES for other in others) else None


def _by_script(question: str, expected: str) -> str:
    """The expected language, or the likeliest if that one is not written in the script of the question."""
    script = main_script(question)
    return expected if script in {None, "latin", *scripts_of(expected)} else detect_language(question)


def _with_variant(language: str, question: str, expected: str) -> str:
    """Chinese as `zh` or `zh-Hant`: by the characters of the question, else as expected."""
    if language != "zh":
        return language
    return chinese_variant(question) or (expected if same_language(expected, "zh") else "zh")


def _has_words_of(language: str, text: str) -> bool:
    found = function_words_in(text, main_script(text) or "")
    return bool(found & FUNCTION_WORDS.get(language, found))


def _only_names(text: str) -> bool:
    """Whether a text is a few words with capitals, or in the script that Japanese writes foreign names in."""
    words = _WORD.findall(text)
    return len(words) <= _MOST_NAMES and all(word[0].isupper() or _KATAKANA.fullmatch(word) for word in words)


def _says_something(text: str, script: str) -> bool:
    """Whether a text in a script in which nothing was expected is more than a name."""
    is_long = _is_running(text) or text_weight("".join(_WORD.findall(text))) > _LONGER_THAN_NAMES
    return is_long or bool(function_words_in(text, script))


def _is_in_han(text: str, wanted: str) -> bool | None:
    """The verdict on a text in Chinese characters without kana: Chinese, or a Japanese name."""
    if wanted == "ja":
        is_chinese = _CHINESE_ONLY.search(text) or is_beyond_japanese(text) or text_weight(text) > _LONGER_THAN_NAMES
        return False if is_chinese else None
    return chinese_variant(text) in (None, wanted)


def _is_likely_in(text: str, wanted: str) -> bool | None:
    """The verdict on a text in a script that the wanted language may share with others."""
    # German writes all nouns with capitals.
    plain = text if wanted == "de" and not _only_names(text) else _without_names(text)
    is_running = _is_running(plain)
    scores = language_scores(plain if is_running else text)
    if wanted not in scores:  # what is left beside the names is in another script
        return None
    best = max(scores, key=lambda language: scores[language])
    if best == wanted:
        return True if is_running or len(scores) == 1 else None
    is_another = scores[best] - scores[wanted] >= (_MARGIN if is_running else _MARGIN_OF_NAMES)
    return False if is_another else None


def _is_running(text: str) -> bool:
    """Whether a text has more words than may be a name."""
    return len(_WORD.findall(text)) >= _FEWEST_WORDS


def _without_names(text: str) -> str:
    """The text without the words, other than the first, that begin with a capital."""
    return _CAPITALISED.sub(lambda word: " " if word[0][0].isupper() else word[0], text)
