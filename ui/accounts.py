"""Who may log in: names with hashed passwords, and how often one may try."""

import re
import time
import unicodedata
from collections import OrderedDict, deque
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError

from index.errors import SettingsError

LONGEST_NAME = 100
LONGEST_PASSWORD = 1000
# A shorter one can be guessed, whatever it is hashed with.
SHORTEST_PASSWORD = 8

# Without what separates accounts in the setting, and what would end its quotes.
_NAME = re.compile(rf"[^\s:'\"\\\x00-\x1f\x7f]{{1,{LONGEST_NAME}}}")
_CURE = "Make one with `footnote password NAME`, and keep the single quotes around what it prints."
# The library's own choice of cost: RFC 9106's second, 64 MiB and some tens of milliseconds.
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """Hash a password with Argon2id; each call gives another hash."""
    return _HASHER.hash(_composed(password))


def check_name(name: str) -> None:
    """Make sure that `name` can stand in the setting.

    Raises:
        SettingsError: If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name[:LONGEST_NAME]!r} cannot be used as a name to log in with: "
            f"it has 1 to {LONGEST_NAME} characters, none of them a space, a colon, a quote or a backslash."
        )


def account_line(name: str, password: str) -> str:
    """Give the setting that lets `name` log in with `password`.

    Raises:
        SettingsError: If the name or the password cannot be used.
    """
    check_name(name)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise SettingsError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. Choose another.")
    # In single quotes neither a shell nor `.env` looks for variables behind the dollar signs.
    return f"FOOTNOTE_AUTH='{_composed(name)}:{hash_password(password)}'"


class Accounts:
    """Names and the hashes of their passwords.

    Args:
        setting: `name:hash`, one or more, separated by spaces or new lines.

    Raises:
        SettingsError: If that is not what `setting` says; the hash is not shown.
    """

    def __init__(self, setting: str) -> None:
        self._hashes: dict[str, str] = {}
        for number, entry in enumerate(setting.split(), start=1):
            name, colon, hashed = entry.partition(":")
            if not (colon and _NAME.fullmatch(name)):  # what it has in its place may be secret
                raise SettingsError(f"Entry {number} of FOOTNOTE_AUTH does not begin with a name and a colon. {_CURE}")
            if not _is_usable(hashed):
                raise SettingsError(f"FOOTNOTE_AUTH has no usable password hash for {name!r}. {_CURE}")
            if _composed(name) in self._hashes:
                raise SettingsError(f"FOOTNOTE_AUTH names {name!r} twice. Leave one of them out.")
            self._hashes[_composed(name)] = hashed
        if not self._hashes:
            raise SettingsError(f"FOOTNOTE_AUTH names nobody. {_CURE}")

    def verify(self, name: str, password: str) -> bool:
        """Whether `password` is that of `name`; it takes some tens of milliseconds, for an unknown name too."""
        known = self._hashes.get(_composed(name))
        hashed = known or next(iter(self._hashes.values()))
        try:
            _HASHER.verify(hashed, _composed(password))
        except (VerificationError, ValueError):
            return False
        return known is not None


class Attempts:
    """Counts what failed lately, by key, for at most `keys` keys: the one that failed longest ago is forgotten first.

    Args:
        allowed: How many failures within `seconds` are too many.
        seconds: For how long a failure counts.
        keys: How many keys are remembered.
        clock: Gives the time in seconds; only differences matter.
    """

    def __init__(
        self, *, allowed: int, seconds: float, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.allowed = allowed
        self.seconds = seconds
        self.keys = keys
        self.clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def exhausted(self, key: str) -> bool:
        """Whether `key` has failed so often that it has to wait."""
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= self.clock() - self.seconds:
            failures.popleft()
        return len(failures) >= self.allowed

    def failed(self, key: str) -> None:
        """Count a failure."""
        self._failures.setdefault(key, deque(maxlen=self.allowed)).append(self.clock())
        self._failures.move_to_end(key)
        while len(self._failures) > self.keys:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget what failed before."""
        self._failures.pop(key, None)


def _is_usable(hashed: str) -> bool:
    """Whether a password can be checked with `hashed`: its form is right, its cost can be paid, and it needs one."""
    try:
        _HASHER.verify(hashed, "")
    except VerifyMismatchError:
        return True
    except (VerificationError, ValueError):  # `InvalidHashError` is one
        return False
    return False  # of the empty password


def _composed(text: str) -> str:
    """One spelling for letters with marks, which systems type in two."""
    return unicodedata.normalize("NFC", text)
