"""Does the check accept an answer in the asker's language and catch one in another, and is that language found?

    python -m bench.answer_language TATOEBA [XQUAD [NWAY]] [--odd]

TATOEBA holds LASER's sentence pairs (`deu-eng.jsonl.gz`, with `src` and `eng`). For each language with sentences of its
own in `prompts/phrases.toml`, each sentence of three words or more stands for an answer: the right one as it is, and a
wrong one, which is English three times out of four and else in one of the languages nearest to the wanted one. Right
answers count as accepted unless the check says they are in another language, wrong ones as caught only if it does.

XQUAD holds questions and passages in BEIR layout. Each question is asked without a conversation, in an interface in
another language; the sentences of the passages stand for answers of usual length.

NWAY holds `qald-questions.nway.jsonl.xz` and `wikidict-titles.nway.jsonl.xz`, rows of `{language: text}`: questions as
above, and titles that five languages in Latin letters or more write alike, which should take the interface's language.

The margins were chosen with the odd rows of TATOEBA (`--odd`). XQUAD's questions and the names below were looked at
while question words were added; QALD's questions, and the titles after the first 60,000 rows, were not.
"""

import argparse
import gzip
import json
import lzma
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import regex

from index.han_forms import SIMPLIFIED
from index.language import DEFAULT_LANGUAGES, same_language
from index.lengths import text_weight
from index.sentences import sentence_spans
from rag.answer_language import is_in_language, question_language
from rag.answers import Turn

# The wanted language, its file, and the files of the languages nearest to it.
LANGUAGES = {
    "ar": ("ara", "pes"), "bn": ("ben", "hin"), "cs": ("ces", "slk pol"), "da": ("dan", "nob swe"),
    "de": ("deu", "nld"), "el": ("ell", "bul"), "en": ("eng", "deu nld"), "es": ("spa", "por ita glg"),
    "fa": ("pes", "ara urd"), "fi": ("fin", "est"), "fr": ("fra", "ita spa"), "he": ("heb", "ara"),
    "hi": ("hin", "mar"), "hu": ("hun", "fin"), "id": ("ind", "zsm"), "it": ("ita", "spa por"),
    "ja": ("jpn", "cmn kor"), "ko": ("kor", "jpn"), "nb": ("nob", "dan swe"), "nl": ("nld", "deu afr"),
    "pl": ("pol", "ces slk"), "pt": ("por", "spa glg"), "ro": ("ron", "ita"), "ru": ("rus", "ukr bul"),
    "sv": ("swe", "dan nob"), "th": ("tha", "khm"), "tr": ("tur", "aze"), "uk": ("ukr", "rus bel"),
    "vi": ("vie", "eng"), "zh": ("cmn", "jpn"), "zh-Hant": ("cmn", "jpn cmn"),
}  # fmt: skip
# What an English answer is replaced with where English is wanted.
_INSTEAD_OF_ENGLISH = "fra"
_FEWEST_WORDS = 3
# Three words, in characters of Latin script, where words are not set apart.
_SHORTEST = 12
_SIMPLER = frozenset(SIMPLIFIED.values()) - frozenset(SIMPLIFIED)
_UNSPACED = frozenset(("ja", "th", "zh"))
# What is quoted does not count, so that a dialogue in quotation marks would be no answer.
_QUOTATION = regex.compile(r"\p{Quotation_Mark}\P{Quotation_Mark}+[\p{Quotation_Mark}--'’]", regex.V1)
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}'’]+")
_ROWS_SEEN = 60_001
_ALIKE_IN = ["de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv", "ro", "tr", "id", "vi", "cs", "da", "fi", "hu"]
_ALIKE = 5
# What the lines below share with the answers to "who" and "where": no language of their own. In a conversation or an
# interface in any of `INTERFACES` they take that language.
NAMES = (
    "Ishizaka Lahti", "Andreas Pinkwart", "NRW Invest", "Toyota", "Nordrhein-Westfalen 2019", "JETRO?", "iPhone 15",
    "São Paulo", "Gdańsk", "Kuala Lumpur", "Isto Vanhamäki", "Airbus A380", "Johann Sebastian Bach", "2019?", "…",
    "GmbH?", "Nokia 3310", "Mahatma Gandhi", "Hồ Chí Minh", "Preis?", "Zürich–Milano", "Ladec", "U2", "B2B?",
)  # fmt: skip
INTERFACES = ("en", "de", "fi", "ja", "ar", "hi", "th", "zh-Hant", "ru", "tr")
_LAST_QUESTIONS = {
    "en": "Who leads the delegation?", "de": "Wer leitet die Delegation?", "fi": "Kuka johtaa valtuuskuntaa?",
    "ja": "代表団を率いるのは誰ですか。", "ar": "من يرأس الوفد؟", "hi": "प्रतिनिधिमंडल का नेतृत्व कौन कर रहा है?",
    "th": "ใครเป็นหัวหน้าคณะผู้แทน", "zh-Hant": "誰率領代表團？", "ru": "Кто возглавляет делегацию?",
    "tr": "Heyete kim başkanlık ediyor?",
}  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What is counted for one language."""

    accepted: list[bool] = field(default_factory=list)
    caught: list[bool] = field(default_factory=list)
    """Wrong answers in English, or in what stands for it."""
    caught_near: list[bool] = field(default_factory=list)
    """Wrong answers in a near language."""

    @property
    def judged(self) -> list[bool]:
        """Whether each answer, right or wrong, was taken for what it is."""
        return [*self.accepted, *self.caught, *self.caught_near]


class Sentences:
    """The rows of one half of the sentence pairs, by language."""

    def __init__(self, folder: Path, *, odd: bool) -> None:
        self._folder = folder
        self._odd = odd

    def in_language(self, language: str) -> list[str]:
        """The sentences for a language of `LANGUAGES`; Chinese only where its script is certain."""
        sentences = self.in_file(LANGUAGES[language][0])
        if language in ("zh", "zh-Hant"):
            sentences = [text for text in sentences if _chinese(text) == language]
        return [text for text in sentences if _is_long_enough(text, language)]

    def in_file(self, code: str) -> list[str]:
        """The sentences of a file, `eng` for those of the German one's other side."""
        file, side = ("deu", "eng") if code == "eng" else (code, "src")
        with gzip.open(self._folder / f"{file}-eng.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [row[side] for row in rows if row["id"] % 2 == self._odd]


def measure(sentences: Sentences, language: str) -> Tally:
    """Judge the right and the wrong answers for one language."""
    tally = Tally()
    answers = sentences.in_language(language)
    english = sentences.in_file(_INSTEAD_OF_ENGLISH if language == "en" else "eng")
    near = [_distinct(sentences.in_file(code), code, language) for code in LANGUAGES[language][1].split()]
    english = [text for text in english if _is_long_enough(text, "en")]
    for number, answer in enumerate(answers):
        tally.accepted.append(is_in_language(answer, language) is not False)
        if number % 4 < 3:
            tally.caught.append(is_in_language(english[number % len(english)], language) is False)
        else:
            others = near[number // 4 % len(near)]
            tally.caught_near.append(is_in_language(others[number % len(others)], language) is False)
    return tally


def _distinct(texts: Sequence[str], code: str, language: str) -> list[str]:
    """Those long enough; of Chinese only those in the other script."""
    if code == "cmn":
        texts = [text for text in texts if language == "ja" or _chinese(text) not in (None, language)]
    spoken = "zh" if code in ("cmn", "jpn", "tha", "khm") else code
    return [text for text in texts if _is_long_enough(text, spoken)]


def _chinese(text: str) -> str | None:
    """Which Chinese a sentence is in by OpenCC's table, which the check does not use; None if it may be both."""
    if text.translate(SIMPLIFIED) != text:
        return "zh-Hant"
    return "zh" if any(ord(character) in _SIMPLER for character in text) else None


def _is_long_enough(text: str, language: str) -> bool:
    if _QUOTATION.search(text):
        return False
    if language.partition("-")[0] in _UNSPACED:
        return text_weight(text) >= _SHORTEST
    return len(_WORD.findall(text)) >= _FEWEST_WORDS


def print_answers(sentences: Sentences) -> None:
    """Print the table of the check."""
    print(f"{'language':<10}{'n':>6}{'accepted':>10}{'English':>10}{'near':>10}{'right':>10}  near ones")
    tallies = {}
    for language, (_, near) in LANGUAGES.items():
        tallies[language] = measure(sentences, language)
        print(f"{_line(language, tallies[language])}  {near}")
    every = Tally()
    for tally in tallies.values():
        every.accepted += tally.accepted
        every.caught += tally.caught
        every.caught_near += tally.caught_near
    print(_line("all", every))


def _line(language: str, tally: Tally) -> str:
    shares = [statistics.mean(found) for found in (tally.accepted, tally.caught, tally.caught_near, tally.judged)]
    return f"{language:<10}{len(tally.accepted):>6}" + "".join(f"{share:>10.3f}" for share in shares)


def print_questions(folder: Path) -> None:
    """Print how many questions are answered in their own language, and how sentences of the passages are judged."""
    own: defaultdict[str, list[bool]] = defaultdict(list)
    for row in _rows(folder / "queries.jsonl"):
        interface = "de" if row["language"] == "en" else "en"
        own[row["language"]].append(same_language(question_language(row["text"], interface=interface), row["language"]))
    accepted: defaultdict[str, list[bool]] = defaultdict(list)
    caught: defaultdict[str, list[bool]] = defaultdict(list)
    for row in _rows(folder / "corpus.jsonl"):
        language, text = row["language"], row["text"]
        for start, end in sentence_spans(text, language):
            accepted[language].append(is_in_language(text[start:end], language) is not False)
            for wanted in own if language == "en" else ():
                caught[wanted].append(is_in_language(text[start:end], wanted) is False)
    print(f"\n{'XQuAD':<20}" + "".join(f"{language:>7}" for language in own))
    print(f"{'question its own':<20}" + "".join(f"{statistics.mean(found):>7.3f}" for found in own.values()))
    for name, found in (("sentence accepted", accepted), ("English one caught", caught)):
        shares = (
            statistics.mean(found[language]) if language != "en" or found is accepted else None for language in own
        )
        print(f"{name:<20}" + "".join(f"{'-':>7}" if share is None else f"{share:>7.3f}" for share in shares))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def print_names() -> None:
    """Print how many names and numbers take the language of the interface, and of the conversation."""
    shown = [question_language(name, interface=interface) == interface for name in NAMES for interface in INTERFACES]
    told = [
        question_language(name, history=[Turn(question, ""), Turn("Nokia?", "")], interface="vi") == language
        for name in NAMES
        for language, question in _LAST_QUESTIONS.items()
    ]
    print(f"\n{len(NAMES)} names and numbers in {len(INTERFACES)} languages")
    print(f"interface {statistics.mean(shown):.3f}, conversation {statistics.mean(told):.3f}")


def print_unseen(folder: Path) -> None:
    """Print how many questions are answered in their own language, and how many titles in the interface's."""
    own: defaultdict[str, list[bool]] = defaultdict(list)
    for row in _nway_rows(folder / "qald-questions.nway.jsonl.xz"):
        for code, question in row.items():
            language = code.partition("-")[0]
            if language in DEFAULT_LANGUAGES and question:
                found = question_language(question, interface="de" if language == "en" else "en")
                own[language].append(same_language(found, language))
    print(f"\n{'QALD':<20}" + "".join(f"{language:>7}" for language in own) + f"{'all':>7}")
    everything = [right for found in own.values() for right in found]
    shares = [statistics.mean(found) for found in (*own.values(), everything)]
    print(f"{'question its own':<20}" + "".join(f"{share:>7.3f}" for share in shares) + f"  of {len(everything)}")
    titles = []
    for row in islice(_nway_rows(folder / "wikidict-titles.nway.jsonl.xz"), _ROWS_SEEN, None):
        alike = Counter(row[language] for language in _ALIKE_IN if language in row).most_common(1)
        titles += [title for title, times in alike if times >= _ALIKE]
    sample = random.Random(5).sample(titles, 3000)
    shown = [question_language(title, interface=interface) == interface for title in sample for interface in INTERFACES]
    print(f"{len(sample)} titles: interface {statistics.mean(shown):.3f}")


def _nway_rows(path: Path) -> Iterator[dict[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield {key: text for key, text in json.loads(line).items() if not key.startswith("_")}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tatoeba", type=Path)
    parser.add_argument("xquad", type=Path, nargs="?")
    parser.add_argument("nway", type=Path, nargs="?")
    parser.add_argument("--odd", action="store_true", help="the half of the sentences that the margins were chosen on")
    options = parser.parse_args()
    print_answers(Sentences(options.tatoeba, odd=options.odd))
    if options.xquad:
        print_questions(options.xquad)
    print_names()
    if options.nway:
        print_unseen(options.nway)


if __name__ == "__main__":
    main()
