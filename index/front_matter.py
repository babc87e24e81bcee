"""The YAML between `---` lines at the top of a Markdown file: what a document states about itself."""

import re

from index.errors import LoadError

_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_LONGEST = 64 * 1024
_EMPTY = frozenset(("", "~", "null"))


def split_front_matter(text: str, *, source: str) -> tuple[dict[str, str], str]:
    """Split a Markdown text into its front matter, keys in lower case, and the text after it.

    Values are strings as written: `2018-05-03`, `no` and `1.10` stay what they are. A list becomes its items joined by
    commas, a mapping `author: {name: …}` becomes `author.name`; what is nested deeper is left out. A text without front
    matter is returned whole.

    Raises:
        LoadError: If the front matter is not closed, is not valid YAML or is not a mapping.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return {}, text
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise LoadError(
            f"{source!r}: the front matter that line 1 opens is never closed: end it with a line of three hyphens,"
            " or put an empty line first if the text is meant to start with a rule."
        )
    values = _parse(text[opening.end() : closing.start()], source)
    return _flat(values), text[closing.end() :]


def _parse(block: str, source: str) -> dict[object, object]:
    import yaml

    if len(block) > _LONGEST:
        raise LoadError(
            f"{source!r}: the front matter has {len(block)} characters, more than {_LONGEST}: move text below it."
        )
    try:
        # Stricter than `safe_load`: everything stays a string. So `language: no` is not false, and merge keys cannot
        # grow without limit. The loader in C is no choice, it crashes on deep nesting (PyYAML 6.0.3).
        values = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 2}" if mark else ""
        raise LoadError(
            f"{source!r}: front matter{line}: {error.problem or error.context}: write `key: value`,"
            " and quote a value that holds a colon or starts with a special character."
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise LoadError(f"{source!r}: front matter: {reason}: write lines of `key: value`.") from error
    if values in (None, ""):
        return {}
    if not isinstance(values, dict):
        raise LoadError(
            f"{source!r}: the front matter is no list of `key: value` lines: write it so, or put an empty line first"
            " if the text is meant to start with a rule."
        )
    return values


def _flat(values: dict[object, object]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = str(key).strip().lower()
        nested = value.items() if isinstance(value, dict) else ()
        for inner_name, inner in ((name, value), *((f"{name}.{inner_key}", inner) for inner_key, inner in nested)):
            text = _scalar(inner)
            if text not in _EMPTY:
                flat[inner_name] = text
    return flat


def _scalar(value: object) -> str:
    """A scalar as it is, the scalars of a list joined, anything else as nothing."""
    if isinstance(value, list):
        return ", ".join(item for item in value if isinstance(item, str))
    return " ".join(value.split()) if isinstance(value, str) else ""
