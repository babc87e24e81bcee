"""Reads JSON that a browser kept, which anyone may have changed: every value has a type and a bound, or is refused."""

import re
from collections.abc import Mapping

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


class Fields:
    """The fields of one JSON object. Every method raises `ValueError` that names what is not as it must be."""

    def __init__(self, value: object, *, name: str) -> None:
        """Take a value that must be an object; `name` is how errors call it."""
        self._name = name
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} is not an object.")
        self._values = value

    def text(self, key: str, *, longest: int, absent: str | None = None) -> str:
        """Return a text of Unicode characters; `absent`, if that is a text, for `null` or nothing."""
        value = self._values.get(key)
        if value is None and absent is not None:
            return absent
        if not isinstance(value, str) or len(value) > longest or not _is_unicode(value):
            raise self.error(key, f"is not a text of at most {longest} characters")
        return value

    def language(self, key: str, *, absent: str | None = None) -> str:
        """Return a language code."""
        value = self._values.get(key)
        if value in (None, "") and absent is not None:
            return absent
        if not isinstance(value, str) or _LANGUAGE.fullmatch(value) is None:
            raise self.error(key, "is not a language code")
        return value

    def integer(self, key: str, *, least: int, most: int) -> int:
        """Return a whole number within bounds, both of them allowed."""
        value = self._values.get(key)
        if type(value) is not int or not least <= value <= most:  # a bool is an int, too
            raise self.error(key, f"is not a whole number from {least} to {most}")
        return value

    def decimal(self, key: str, *, least: float, most: float) -> float:
        """Return a number within bounds, both of them allowed."""
        value = self._values.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"is not a number from {least:g} to {most:g}")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._values.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "is neither true nor false")
        return value

    def has(self, key: str) -> bool:
        """Tell whether there is a value other than `null`."""
        return self._values.get(key) is not None

    def texts(self, key: str, *, most: int, longest: int) -> list[str]:
        """Return a list of texts."""
        entries = self._entries(key, most=most)
        return [entries.text(name, longest=longest) for name in entries.names(most=most)]

    def integers(self, key: str, *, most: int, least: int, greatest: int) -> list[int]:
        """Return a list of whole numbers, each within bounds, both of them allowed."""
        entries = self._entries(key, most=most)
        return [entries.integer(name, least=least, most=greatest) for name in entries.names(most=most)]

    def objects(self, key: str, *, most: int) -> list["Fields"]:
        """Return the objects of a list."""
        entries = self._entries(key, most=most)
        return [entries.fields(name) for name in entries.names(most=most)]

    def fields(self, key: str) -> "Fields":
        """Return an object."""
        return Fields(self._values.get(key), name=f"{self._name}.{key}")

    def names(self, *, most: int) -> list[str]:
        """Return what the fields are called."""
        if len(self._values) > most:
            raise ValueError(f"{self._name} has more than {most} fields.")
        return [str(name) for name in self._values]

    def _entries(self, key: str, *, most: int) -> "Fields":
        """A list as fields that are called by their number, from 1."""
        value = self._values.get(key)
        if not isinstance(value, list) or len(value) > most:
            raise self.error(key, f"is not a list of at most {most} entries")
        return Fields({str(number): entry for number, entry in enumerate(value, start=1)}, name=f"{self._name}.{key}")

    def error(self, key: str, problem: str) -> ValueError:
        """Make the error that says what is wrong with a field; its value is not repeated."""
        return ValueError(f"{self._name}.{key} {problem}.")


def _is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8: JSON can hold halves of characters, which no response can."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
