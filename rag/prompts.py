"""The only reader of `prompts/`: the templates of the steps, and the sentences that appear in answers, by language."""

import html
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from string import Template

from rag.answers import Answer, Passage
from rag.errors import PromptError
from rag.foreign_marks import in_parentheses
from rag.visible_text import visible

# Beside the packages, in a checkout as in an installed wheel.
PROMPTS_FOLDER = Path(__file__).resolve().parents[1] / "prompts"

NOT_IN_DOCUMENTS = "NOT_IN_DOCUMENTS"
"""What a model replies, alone on its line, when the passages do not answer the question.

A fixed word instead of a sentence: code recognises it in every language (`rag.refusal`), and the reader gets
`Phrases.not_found`, written by a person.
"""

# What some chat templates set apart the turns of a conversation with, such as [INST]: servers read it in any text.
_TEMPLATE_MARK = re.compile(r"\[(/?(?:[A-Z][A-Z0-9_]{2,40}|gMASK|sMASK))\]")
# Pointed brackets in other forms, which models read like those of an element.
_BRACKETS = str.maketrans({"＜": "<", "﹤": "<", "＞": ">", "﹥": ">", "｜": "|"})
# More is no title, but an attempt to fill the prompt.
_LONGEST_TITLE = 200

# Codes met in the wild whose sentences are found under another one.
_ALIASES = {"no": "nb", "nn": "nb", "zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "zh-MO": "zh-Hant"}


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences that appear in answers, in one language."""

    language: str
    """The language they are in, which is not the one asked for if that has none."""
    quoted: str
    """Introduces verbatim quotes."""
    not_found: str
    nearest: str
    """Introduces the nearest passages, offered as no more than that."""
    model_failed: str
    broke_off: str
    """Said when the model stopped in the middle of its answer."""
    unverified: str
    """Said when no statement of a model's answer could be tied to the documents, before quotes from them."""
    instruction: str
    """Tells the model, in the language itself, to write it, briefly, and to cite."""
    supported: str
    """How many statements the documents support; a format with `supported` and `total`."""
    unsupported: str
    """Label of a statement that they do not support."""
    other_language: str
    """Said when the answer is in another language than the question."""
    failed: str
    """Said when the question could not be answered at all."""
    disagree: str
    """Introduces quotes of documents that contradict each other."""
    dated: str
    """Label of such a quote; a format with `date`."""
    about: str
    """Asks what the documents say about something; a format with `topic`, which stands in quotation marks."""
    translate: str
    """Tells the model, in the language itself, to write a translation in it."""


class Prompt:
    """One template of `prompts/`, checked against the variables its step provides.

    The step must use what it provides and the template may name nothing else, so that neither a renamed variable nor
    a typing error reaches a model.
    """

    def __init__(self, name: str, *, variables: Collection[str], folder: Path = PROMPTS_FOLDER) -> None:
        """Read and check `<name>.md`.

        Raises:
            PromptError: If it cannot be read, or its variables are not exactly `variables`.
        """
        path = folder / f"{name}.md"
        try:
            self._template = Template(path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(
                f"The prompt '{path}' cannot be read ({error}). Reinstall Footnote or restore it."
            ) from error
        if not self._template.is_valid():
            raise PromptError(f"The prompt '{path}' holds a '$' that begins no variable. Write '$$' for a dollar sign.")
        self._variables = frozenset(self._template.get_identifiers())
        if unknown := sorted(self._variables - set(variables)):
            raise PromptError(f"The prompt '{path}' uses {unknown!r}, but its step provides {sorted(variables)!r}.")
        if missing := sorted(set(variables) - self._variables):
            raise PromptError(f"The prompt '{path}' lacks {missing!r}. Put each variable into it, as '$name'.")
        self._name = name

    def render(self, values: Mapping[str, str]) -> str:
        """Fill the variables in; what looks like a variable inside a value stays as it is.

        Raises:
            PromptError: If a value is missing or belongs to no variable.
        """
        if set(values) != self._variables:
            raise PromptError(f"The prompt {self._name!r} needs {sorted(self._variables)!r}, got {sorted(values)!r}.")
        return self._template.substitute(values)


@cache
def answer_prompt() -> Prompt:
    """The system prompt of the answering chain."""
    return Prompt("answer", variables=("instruction", "language", "not_in_documents", "passages"))


def render_answer_prompt(passages: Sequence[Passage], *, language: str) -> str:
    """Return what the model is told before a question: the rules, the passages, and last the language to answer in.

    The last line is in that language itself, if it has phrases: small models follow what they read last, in the
    language they read it in.
    """
    values = {
        "instruction": _instruction(language),
        "language": language_name(language),
        "not_in_documents": NOT_IN_DOCUMENTS,
        "passages": render_passages(passages),
    }
    return answer_prompt().render(values).rstrip()


@cache
def repair_prompt() -> Prompt:
    """The system prompt that has an answer in another language written in the wanted one; the answer is the message."""
    return Prompt("repair", variables=("instruction", "language"))


@cache
def rewrite_prompt() -> Prompt:
    """The system prompt that has a follow-up written as a question of its own; the follow-up is the message."""
    return Prompt("rewrite", variables=("conversation", "language"))


@cache
def suggestions_prompt() -> Prompt:
    """The system prompt that has questions written that a reader may ask next; what was answered is the message."""
    return Prompt("suggestions", variables=("language", "passages"))


@cache
def translation_prompt() -> Prompt:
    """The system prompt that has a quote written in another language; the quote is the message."""
    return Prompt("translation", variables=("instruction", "language"))


def render_passages(passages: Sequence[Passage]) -> str:
    """Write passages as the elements a prompt holds, so that no document can leave its own.

    What `as_data` does to a text is done to title and heading as well.
    """
    return "\n".join(_element(passage) for passage in passages)


def as_data(text: str) -> str:
    """Return text from outside so that it can stand in a prompt as nothing but text.

    Characters that nobody sees are dropped; `&`, `<` and `>` are escaped, which also breaks the marks of chat templates
    (`<|im_start|>`), those in square brackets (`[INST]`) become `(INST)`. A document's own `[7]` becomes `(7)`, because
    a model would copy it and it would count as a citation of passage 7; the word for "not in the documents" loses its
    underlines, because a model would copy that, too.
    """
    return html.escape(_harmless(text), quote=False)


def render_repair_prompt(language: str) -> str:
    """Return what the model is told before an answer that it shall write again in a language."""
    name = language_name(language)
    return repair_prompt().render({"instruction": _instruction(language) or name, "language": name})


def render_translation_prompt(language: str) -> str:
    """Return what the model is told before a quote that it shall write in a language; last in that language itself."""
    said = _own_phrases(language)
    values = {"instruction": said.translate if said else "", "language": language_name(language)}
    return translation_prompt().render(values).rstrip()


def support_sentence(answer: Answer) -> str:
    """Return how many statements of a model's answer the documents support, in its language.

    Nothing for quotes, and for a single statement that is supported.
    """
    supported = sum(statement.supported for statement in answer.statements)
    if answer.model is None or len(answer.statements) == supported <= 1:
        return ""
    return phrases(answer.language).supported.format(supported=supported, total=len(answer.statements))


def phrases(language: str) -> Phrases:
    """Return the sentences in a language, else in its main variant (`pt-BR` → `pt`), else in English."""
    table = _phrases()
    return next((table[code] for code in _variants(language) if code in table), table["en"])


def about_question(topic: str, language: str) -> str:
    """Return the question what the documents say about a topic; nothing in a language without phrases."""
    said = _own_phrases(language)
    return said.about.format(topic=topic) if said else ""


def phrase_languages() -> tuple[str, ...]:
    """Return the languages that have sentences of their own, in alphabetical order."""
    return tuple(sorted(_phrases()))


def language_name(code: str) -> str:
    """Return the English name of a language, for a prompt; the code itself if it has none."""
    names = _language_names()
    return next((names[variant] for variant in _variants(code) if variant in names), code)


def _instruction(language: str) -> str:
    """What a model is told in the language itself; nothing if that has no phrases, rather than to write English."""
    said = _own_phrases(language)
    return said.instruction if said else ""


def _own_phrases(language: str) -> Phrases | None:
    """The sentences in a language or its main variant, but not those in English for want of any."""
    said = phrases(language)
    return said if said.language != "en" or "en" in _variants(language) else None


def _element(passage: Passage) -> str:
    attributes = {"number": str(passage.number), "title": passage.title, "language": passage.language}
    if passage.heading:
        attributes["heading"] = passage.heading
    written = "".join(f' {name}="{html.escape(_one_line(value))}"' for name, value in attributes.items())
    return f"<passage{written}>\n{as_data(passage.text)}\n</passage>"


def _harmless(text: str) -> str:
    text = _TEMPLATE_MARK.sub(r"(\1)", in_parentheses(visible(text).translate(_BRACKETS)))
    return text.replace(NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS.replace("_", "-"))


def _one_line(text: str) -> str:
    return " ".join(_harmless(text).split())[:_LONGEST_TITLE]


def _variants(language: str) -> tuple[str, ...]:
    """Return the codes to look a language up under, closest first."""
    code = language.replace("_", "-")
    main = code.split("-")[0].lower()
    return code, _ALIASES.get(code, code), main, _ALIASES.get(main, main)


@cache
def _phrases_file() -> dict[str, dict[str, str]]:
    path = PROMPTS_FOLDER / "phrases.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PromptError(
            f"The phrases '{path}' cannot be read ({error}). Reinstall Footnote or restore it."
        ) from error


@cache
def _phrases() -> dict[str, Phrases]:
    keys = {field.name for field in fields(Phrases)} - {"language"}
    found = {}
    for language, entries in _phrases_file().items():
        if language == "names":
            continue
        if set(entries) != keys | {"name"}:
            raise PromptError(
                f"The phrases of {language!r} must have the keys {sorted(keys | {'name'})!r}, not {sorted(entries)!r}."
            )
        found[language] = Phrases(language, **{key: entries[key] for key in keys})
    return found


@cache
def _language_names() -> dict[str, str]:
    content = _phrases_file()
    return content["names"] | {
        language: entries["name"] for language, entries in content.items() if language != "names"
    }
