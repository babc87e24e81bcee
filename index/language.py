"""Text → language code, offline: by its script where that decides, else by a small model."""

import math
import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from threading import Lock
from typing import Protocol

from index.function_words import FUNCTION_WORDS
from index.language_codes import LANGUAGE_CODES
from index.scripts import LANGUAGES_OF_SCRIPT, main_script, script_of

UNKNOWN = "und"

NOT_PROSE = re.compile(r"```.*?```|https?://\S+|www\.\S+|[^\s@]{1,64}@[^\s@]{1,255}|<[^<>\n]{1,200}>", re.DOTALL)
"""Code, addresses and tags, which are in no language."""

DEFAULT_LANGUAGES: frozenset[str] = frozenset(
    language for languages in LANGUAGES_OF_SCRIPT.values() for language in languages
)
"""The living languages that `detect_language` chooses from unless told otherwise."""

# Three samples of this length tell the language of a long text as well as the whole of it.
_SAMPLE_LENGTH = 2000
# In a text of up to so many words, each function word counts as much as this many nats of the model's score, shared by
# the languages that have it. Of 11,340 sentences of one to three words (LASER-Tatoeba, 56 languages) 89.7 -> 90.3 % are
# right then, of the 14,280 questions of XQuAD 99.5 -> 99.9 %. Longer texts do not need it.
_SHORT = 12
_WORD_WEIGHT = 2.0
_WORD = re.compile(r"[^\W\d_][\w'’\u0900-\u097f]*")
_CODE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8})*)")
_LOADING = Lock()
_TRADITIONAL = frozenset(("hant", "tw", "hk", "mo"))


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


def detect_language(text: str, *, among: Collection[str] | None = None, default: str = UNKNOWN) -> str:
    """Name the language most of a text is in, as an ISO 639-1 code.

    Chinese is `zh` in either script. A script that one language is written in decides at once; the first text in Latin,
    Cyrillic, Arabic or Devanagari letters loads the model (see `load_language_model`).

    Args:
        text: A question of a few words or a whole document, of which samples are read.
        among: The languages to choose from, as codes; a code with a script (`zh-Hant`) stands for its language.
        default: Returned for a text without letters, and if none of `among` is written in the script of the text.
    """
    scores = language_scores(text, among=among)
    return max(scores, key=lambda language: scores[language]) if scores else default


def language_scores(text: str, *, among: Collection[str] | None = None) -> dict[str, float]:
    """Score the languages that a text may be in: those written in its script, likelier ones higher.

    Only differences mean something: logarithms (nats) of how much likelier one language is than another. A language
    that has a script for itself stands alone with 0; a text without letters has no scores.

    Args:
        text: A question of a few words or a whole document, of which samples are read.
        among: The languages to choose from, as for `detect_language`.
    """
    sample = _sample(text)
    script = main_script(sample)
    if script is None:
        return {}
    wanted = {code.partition("-")[0]: code for code in (DEFAULT_LANGUAGES if among is None else among)}
    candidates = [language for language in LANGUAGES_OF_SCRIPT[script] if language in wanted]
    if len(candidates) > 1 and script != "han":
        return {wanted[language]: score for language, score in _model_scores(sample, candidates).items()}
    return {wanted[language]: 0.0 - place for place, language in enumerate(candidates)}


def chinese_variant(text: str) -> str | None:
    """Tell simplified (`zh`) from traditional (`zh-Hant`) Chinese; None where the characters serve for both.

    By the characters that only one of two national sets has, GB 2312 of the mainland and Big5 of Taiwan.
    """
    characters = Counter(text)
    simplified = sum(count for one, count in characters.items() if _has("gb2312", one) and not _has("big5", one))
    traditional = sum(count for one, count in characters.items() if _has("big5", one) and not _has("gb2312", one))
    if simplified == traditional:
        return None
    return "zh" if simplified > traditional else "zh-Hant"


def is_beyond_japanese(text: str) -> bool:
    """Whether a text holds a Han character that Japanese is not written with, by the national set JIS X 0208."""
    return any(script_of(one) == "han" and not _has("shift_jis", one) for one in text)


def normalise_language(code: str) -> str | None:
    """Turn a code as people write it (`DE`, `de-DE`, `ger`, `zh_TW`) into the one used here; None if it is none.

    The result is ISO 639-1 where that has a code, else ISO 639-3. Regions and scripts are dropped, except that Chinese
    in traditional script stays `zh-Hant`.
    """
    found = _CODE.fullmatch(code.strip())
    if found is None:
        return None
    language = LANGUAGE_CODES.get(found[1].lower())
    subtags = re.split("[-_]", found[2].lower())
    if language == "zh" and _TRADITIONAL.intersection(subtags) and "hans" not in subtags:
        return "zh-Hant"
    return language


def load_language_model() -> _Identifier:
    """Load the model of py3langid, once, in 0.6 s.

    Two thirds of that are the decompression of 65 MiB, which lets other threads run: a program that is going to need
    the model can call this from a thread of its own while it loads something else.
    """
    with _LOADING:
        return _load_language_model()


@lru_cache(maxsize=1)
def _load_language_model() -> _Identifier:
    from py3langid import langid

    identifier: _Identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    return identifier


def _model_scores(sample: str, candidates: list[str]) -> dict[str, float]:
    scores = {
        language: math.log(max(probability, 1e-9))
        for language, probability in load_language_model().rank(sample)
        if language in candidates
    }
    words = _WORD.findall(sample.lower())
    for word in words if len(words) <= _SHORT else ():
        speakers = [language for language in scores if word in FUNCTION_WORDS.get(language, ())]
        for language in speakers:
            scores[language] += _WORD_WEIGHT / len(speakers)
    return scores


@lru_cache(maxsize=4096)
def _has(encoding: str, character: str) -> bool:
    """Whether a character set has a Han character."""
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return script_of(character) == "han"


def _sample(text: str) -> str:
    """The text without addresses, tags and code, or its beginning, middle and end if it is long."""
    if len(text) > 3 * _SAMPLE_LENGTH:
        middle = (len(text) - _SAMPLE_LENGTH) // 2
        text = "\n".join((text[:_SAMPLE_LENGTH], text[middle : middle + _SAMPLE_LENGTH], text[-_SAMPLE_LENGTH:]))
    prose = NOT_PROSE.sub(" ", text)
    return prose if main_script(prose) else text


def same_language(one: str, other: str) -> bool:
    """Whether two codes name the same language, in whatever script."""
    return one.partition("-")[0] == other.partition("-")[0]
