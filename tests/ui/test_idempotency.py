"""Idempotency keys: one request, one response, whoever asks again and whatever crashed."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import StoreError
from ui import idempotency
from ui.idempotency import (
    KEPT_SECONDS,
    LEASE_SECONDS,
    IdempotencyStore,
    KeptResponse,
    Lease,
    OtherRequest,
    Running,
    parse_key,
)

CREATED = KeptResponse(201, '{"documents": ["日本語.md"]}'.encode(), {"Location": "/api/v1/documents/YQ"})


class Clock:
    """Stands still until it is told the time."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[[], IdempotencyStore]


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Make:
    """Open the keys of the home, as another process does."""
    return lambda: IdempotencyStore(tmp_path, clock=clock)


def begin(store: IdempotencyStore, key: str = "k", *, caller: str = "Aino", fingerprint: str = "f") -> object:
    return store.begin(key, caller=caller, fingerprint=fingerprint)


def lease(store: IdempotencyStore, key: str = "k", *, fingerprint: str = "f") -> Lease:
    begun = begin(store, key, fingerprint=fingerprint)
    assert isinstance(begun, Lease)
    return begun


def test_the_same_request_gets_the_response_that_was_kept(make: Make) -> None:
    make().complete(lease(make()), CREATED)
    assert begin(make()) == CREATED


def test_a_key_of_another_request_is_refused_while_it_runs_and_after(make: Make) -> None:
    held = lease(make())
    assert begin(make(), fingerprint="g") == OtherRequest()
    make().complete(held, CREATED)
    assert begin(make(), fingerprint="g") == OtherRequest()


def test_a_request_that_runs_is_not_begun_again(make: Make) -> None:
    lease(make())
    assert begin(make()) == Running()


def test_keys_are_per_caller(make: Make) -> None:
    make().complete(lease(make()), CREATED)
    assert isinstance(begin(make(), caller="Väinö", fingerprint="g"), Lease)
    assert isinstance(begin(make(), caller="", fingerprint="g"), Lease)
    assert isinstance(begin(make(), "ino:k", caller="A"), Lease)


def test_a_request_that_was_released_can_be_sent_again(make: Make) -> None:
    make().release(lease(make()))
    assert isinstance(begin(make(), fingerprint="g"), Lease)


def test_a_crash_blocks_a_key_for_one_lease(make: Make, clock: Clock) -> None:
    lease(make())
    clock.now += LEASE_SECONDS - 1
    assert begin(make()) == Running()
    clock.now += 1
    assert isinstance(begin(make()), Lease)


def test_a_sign_of_life_keeps_the_lease(make: Make, clock: Clock) -> None:
    held = lease(make())
    clock.now += LEASE_SECONDS - 1
    make().renew(held)
    clock.now += LEASE_SECONDS - 1
    assert begin(make()) == Running()


def test_who_has_lost_a_lease_changes_nothing_any_more(make: Make, clock: Clock) -> None:
    late = lease(make())
    clock.now += LEASE_SECONDS
    held = lease(make())
    make().complete(late, KeptResponse(200, b"late"))
    make().release(late)
    make().renew(late)
    assert begin(make()) == Running()
    make().complete(held, CREATED)
    make().complete(held, KeptResponse(200, b"twice"))
    make().release(held)
    assert begin(make()) == CREATED


def test_a_response_is_kept_for_a_day(make: Make, clock: Clock) -> None:
    make().complete(lease(make()), CREATED)
    clock.now += KEPT_SECONDS - 1
    assert begin(make()) == CREATED
    clock.now += 1
    assert isinstance(begin(make(), fingerprint="g"), Lease)


def test_the_oldest_responses_go_first_and_none_that_runs(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MOST_KEPT", 3)
    running = lease(make(), "running")
    for number in range(4):
        clock.now += 1
        make().complete(lease(make(), f"key-{number}"), KeptResponse(200, b"%d" % number))
    assert begin(make(), "running") == Running()
    assert isinstance(begin(make(), "key-0"), Lease)  # the first that was kept had to go
    make().release(running)
    assert begin(make(), "key-3") == KeptResponse(200, b"3")


def test_of_many_at_once_one_gets_the_lease(make: Make) -> None:
    begun: list[object] = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        begun.append(begin(make()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry for entry in begun if entry == Running()] == [Running()] * 7
    assert sum(isinstance(entry, Lease) for entry in begun) == 1


def test_neither_key_nor_caller_is_in_the_file(make: Make, tmp_path: Path) -> None:
    lease(make(), "secret-key")
    assert b"secret-key" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Aino" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_file_that_is_damaged_says_what_to_do(make: Make, tmp_path: Path) -> None:
    (tmp_path / "idempotency.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"holds no usable idempotency keys: .* Move it away"):
        begin(make())


def test_a_file_of_a_newer_version_is_left_alone(make: Make, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "idempotency.sqlite3")
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(StoreError, match="has version 7, this program reads version 1"):
        begin(make())


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"8e03978e"', "8e03978e"),
        (" k ", "k"),
        ("k" * 255, "k" * 255),
        ("k" * 256, None),
        ("", None),
        ('""', None),
        ('"k', None),
        ('k"', None),
        ("a b", None),
        ("avain-ä", None),
        ("a\\b", None),
        ("a\x00b", None),
    ],
    ids=[
        "plain", "quoted", "spaces-around", "longest", "too-long", "empty", "empty-quoted", "open", "closed", "space",
        "no-ascii", "backslash", "nul",
    ],
)  # fmt: skip
def test_a_key_is_visible_ascii_quoted_or_not(header: str, key: str | None) -> None:
    assert parse_key(header) == key
