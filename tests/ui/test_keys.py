"""Keys: made once, kept as a hash, found out by nobody, refused soon after they are revoked."""

import hashlib
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from index.errors import StoreError
from ui.keys import (
    EVERY_SCOPE,
    KEYS_FILE,
    LONGEST_NAME,
    SECONDS_KNOWN,
    USE_NOTED_EVERY,
    Caller,
    Key,
    KeysError,
    KeyStore,
    Scope,
    key_dict,
)

READ = frozenset({Scope.READ})


@dataclass
class Clock:
    """A time that passes when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> KeyStore:
    return KeyStore(tmp_path / "home", clock=clock)


def raw(store: KeyStore, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute(statement, values).fetchall()
        connection.commit()
        return rows


def test_a_key_has_an_id_and_256_random_bits(store: KeyStore) -> None:
    made = [store.create(f"bot {number}", scopes=READ) for number in range(3)]
    for key, text in made:
        assert re.fullmatch(rf"fn_{key.id}_[A-Za-z0-9_-]{{43}}", text)
    assert len({key.id for key, _ in made}) == len({text for _, text in made}) == 3


def test_the_secret_is_nowhere_in_the_home(store: KeyStore) -> None:
    _, text = store.create("ci", scopes=READ)
    secret = text.split("_", 2)[2]
    files = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"ci" in files
    assert secret.encode() not in files
    assert raw(store, "SELECT hash FROM keys") == [(hashlib.sha256(secret.encode()).digest(),)]


@pytest.mark.parametrize("scopes", [READ, EVERY_SCOPE], ids=["read", "write"])
def test_a_key_says_who_calls_and_what_they_may(store: KeyStore, scopes: frozenset[Scope]) -> None:
    key, text = store.create("Yrjön botti 李雷", scopes=scopes)
    verified = store.verify(text)
    assert verified == key
    assert verified is not None
    assert verified.caller == Caller("Yrjön botti 李雷", scopes)
    assert key_dict(key) == {
        "id": key.id,
        "name": "Yrjön botti 李雷",
        "scopes": sorted(scopes),
        "created_at": key.created_at,
        "last_used_at": None,
        "revoked_at": None,
    }
    assert datetime.fromisoformat(key.created_at).tzinfo == UTC


def altered(text: str, *, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def test_nothing_else_is_a_key(store: KeyStore) -> None:
    key, text = store.create("ci", scopes=READ)
    _, other = store.create("cd", scopes=READ)
    wrong = ["", "fn_", text[:-1], text + "A", text.upper(), text.replace("fn_", "sk_"), f" {text}", f"{text}\n"]
    wrong += [altered(text, at=len(text) - 1), altered(text, at=len("fn_") + 8 + 1)]
    wrong += [
        f"fn_{key.id}_{other.split('_', 2)[2]}",
        f"fn_aaaaaaaa_{text.split('_', 2)[2]}",
        f"fn_{key.id}_{'ä' * 43}",
    ]
    assert [store.verify(guess) for guess in wrong] == [None] * len(wrong)
    assert store.verify(text) == key


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_revoked_key_is_refused_within_a_second_everywhere(store: KeyStore, clock: Clock, by: str) -> None:
    key, text = store.create("ci", scopes=READ)
    assert store.verify(text) == key
    revoked = KeyStore(store.path.parent).revoke(key.id if by == "id" else "ci")  # as another process does
    assert revoked.revoked_at is not None
    assert store.verify(text) == key  # what was read a moment ago
    clock.now += SECONDS_KNOWN
    assert store.verify(text) is None
    assert store.all() == (revoked,)


def test_a_new_key_of_another_process_is_known_within_a_second(store: KeyStore, clock: Clock) -> None:
    store.create("ci", scopes=READ)
    assert store.verify("fn_aaaaaaaa_" + "A" * 43) is None
    key, text = KeyStore(store.path.parent).create("cd", scopes=READ)
    clock.now += SECONDS_KNOWN
    assert store.verify(text) == key


def test_within_a_second_no_request_reads_the_file(store: KeyStore, clock: Clock) -> None:
    key, text = store.create("ci", scopes=READ)
    assert store.verify(text) == key
    store.path.write_bytes(b"no database")
    assert store.verify(text) == key
    clock.now += SECONDS_KNOWN
    with pytest.raises(StoreError, match=r"holds no usable keys: .* until then no key opens anything\.$"):
        store.verify(text)


def test_once_there_was_a_key_one_is_asked_for(store: KeyStore, clock: Clock) -> None:
    assert (store.asks_for_a_key(), store.has_usable_key(), store.path.exists()) == (False, False, False)
    KeyStore(store.path.parent).create("ci", scopes=READ)
    assert not store.asks_for_a_key()
    clock.now += SECONDS_KNOWN
    assert (store.asks_for_a_key(), store.has_usable_key()) == (True, True)
    store.revoke("ci")
    assert (store.asks_for_a_key(), store.has_usable_key()) == (True, False)
    assert KeyStore(store.path.parent).asks_for_a_key()
    store.path.unlink()
    clock.now += SECONDS_KNOWN
    assert store.asks_for_a_key()  # a running server does not open by itself


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\nb", "\x1b[31m", "\u202eevil", "x" * (LONGEST_NAME + 1)])
def test_a_name_that_cannot_be_shown_is_refused_and_nothing_is_made(store: KeyStore, name: str) -> None:
    with pytest.raises(KeysError, match=r"cannot be the name of a key: it has 1 to 100 visible characters\.$"):
        store.create(name, scopes=READ)
    assert not store.path.exists()


def test_a_name_is_given_to_one_usable_key(store: KeyStore) -> None:
    first, _ = store.create(" e\u0301cole ", scopes=READ)
    assert first.name == "école"
    with pytest.raises(KeysError, match=r"^There is a key named 'école' already\. Revoke it first, or choose another"):
        store.create("école", scopes=READ)
    with pytest.raises(KeysError, match=rf"^'{first.id}' is the id of another key\. Choose another name\.$"):
        store.create(first.id, scopes=READ)
    store.revoke("école")
    second, _ = store.create("école", scopes=EVERY_SCOPE)
    assert store.revoke("école").id == second.id


def test_what_cannot_be_revoked_says_why(store: KeyStore) -> None:
    with pytest.raises(KeysError, match=r"^The key 'ci' is not there\. `footnote keys list` shows all keys\.$"):
        store.revoke("ci")
    assert not store.path.exists()
    store.create("ci", scopes=READ)
    store.revoke("ci")
    with pytest.raises(KeysError, match=r"^The key 'ci' has been revoked already\."):
        store.revoke("ci")


def test_use_is_noted_to_the_hour(store: KeyStore) -> None:
    key, _ = store.create("ci", scopes=READ)
    assert store.is_use_to_be_noted(key)
    store.note_use(key)
    (used,) = store.all()
    assert used.last_used_at is not None
    assert used.last_used_at >= key.created_at
    assert not store.is_use_to_be_noted(used)
    earlier = (datetime.now(UTC) - USE_NOTED_EVERY + timedelta(minutes=1)).isoformat(timespec="seconds")
    raw(store, "UPDATE keys SET last_used_at = ?", earlier)
    store.note_use(key)
    assert store.all()[0].last_used_at == earlier
    long_ago = (datetime.now(UTC) - USE_NOTED_EVERY - timedelta(minutes=1)).isoformat(timespec="seconds")
    raw(store, "UPDATE keys SET last_used_at = ?", long_ago)
    assert store.is_use_to_be_noted(store.all()[0])
    store.note_use(key)
    assert (store.all()[0].last_used_at or "") > earlier


def test_keys_are_listed_in_the_order_they_were_made(store: KeyStore) -> None:
    made = [store.create(f"bot {number}", scopes=READ)[0] for number in range(12)]
    assert store.all() == tuple(made)


def test_several_at_once_lose_no_key(tmp_path: Path) -> None:
    def create(number: int) -> Key:
        return KeyStore(tmp_path).create(f"bot {number}", scopes=READ)[0]

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(create, range(24)))
    assert set(KeyStore(tmp_path).all()) == made
    assert len(made) == 24


def test_only_one_of_several_gets_a_name(tmp_path: Path) -> None:
    def create(_: int) -> bool:
        try:
            KeyStore(tmp_path).create("ci", scopes=READ)
        except KeysError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(create, range(8))) == [False] * 7 + [True]


PROGRAM = """
import sys
from pathlib import Path
from ui.keys import KeyStore, Scope
store = KeyStore(Path(sys.argv[1]))
for number in range(1000):
    key, _ = store.create(f"bot {number}", scopes=frozenset({Scope.READ}))
    print(key.id, flush=True)
"""


def test_a_key_that_was_shown_survives_the_death_of_its_maker(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = [process.stdout.readline().strip() for _ in range(5)]
        process.kill()
        shown += process.stdout.read().split()
    assert [key.id for key in KeyStore(tmp_path).all()][: len(shown)] == shown


def test_a_file_of_a_newer_version_is_left_alone(store: KeyStore) -> None:
    store.create("ci", scopes=READ)
    raw(store, "PRAGMA user_version = 2")
    for step in (store.all, lambda: store.create("cd", scopes=READ)):
        with pytest.raises(StoreError, match=rf"{KEYS_FILE}' has version 2, this program reads version 1\."):
            step()


@pytest.mark.parametrize("column", ["scopes = 'read all'", "scopes = NULL", "hash = NULL"])
def test_a_damaged_key_is_a_sentence(store: KeyStore, column: str) -> None:
    key, _ = store.create("ci", scopes=READ)
    raw(store, "PRAGMA ignore_check_constraints = ON")
    raw(store, "CREATE TABLE loose AS SELECT * FROM keys")
    raw(store, "DROP TABLE keys")
    raw(store, "ALTER TABLE loose RENAME TO keys")
    raw(store, f"UPDATE keys SET {column}")  # noqa: S608
    with pytest.raises(StoreError, match=rf"holds no usable keys: the key '{key.id}' cannot be read\."):
        store.all()


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("A file.", encoding="utf-8")
    store = KeyStore(tmp_path / "home")
    assert store.all() == ()
    with pytest.raises(StoreError, match=r"^The keys in '.*' cannot be read or written: .* --home\.$"):
        store.create("ci", scopes=READ)
