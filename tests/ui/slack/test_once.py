"""One answer for each message: claims in a file that several processes share."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.errors import StoreError
from ui.slack.incoming import Incoming
from ui.slack.once import KEEP_SECONDS, Claims
from ui.slack.state_file import STATE_FILE, StateFile


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def message(ts: str = "1.1", *, channel: str = "C1", thread: str | None = None, team: str = "T1") -> Incoming:
    return Incoming(team, channel, ts, thread or ts, "UASKER", "When?", False, True, False)


@pytest.fixture
def state() -> Iterator[Callable[[Path], StateFile]]:
    """Opens the file of a home, as often as there are processes; closed in the end."""
    opened: list[StateFile] = []

    def open_state(home: Path) -> StateFile:
        opened.append(StateFile(home))
        return opened[-1]

    yield open_state
    for file in opened:
        file.close()


@pytest.fixture
def processes(tmp_path: Path, clock: Clock, state: Callable[[Path], StateFile]) -> tuple[Claims, Claims]:
    """The claims of two processes with one home."""
    return Claims(state(tmp_path), lease=30, clock=clock), Claims(state(tmp_path), lease=30, clock=clock)


def test_message_is_claimed_once(processes: tuple[Claims, Claims]) -> None:
    first, second = processes
    assert first.claim(message(), event_id="Ev1") is not None
    assert first.claim(message(), event_id="Ev1") is None
    assert second.claim(message(), event_id="Ev2") is None
    assert second.claim(message(team="T2"), event_id="Ev3") is None  # a channel that two workspaces share
    assert second.claim(message(channel="C2"), event_id="Ev4") is not None


def test_event_is_one_messages_only(processes: tuple[Claims, Claims]) -> None:
    claims, _ = processes
    assert claims.claim(message("1.1"), event_id="Ev1") is not None
    assert claims.claim(message("1.2"), event_id="Ev1") is None


def test_of_many_who_claim_at_once_one_gets_it(tmp_path: Path, state: Callable[[Path], StateFile]) -> None:
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: Claims(state(tmp_path)).claim(message()), range(16)))
    assert sum(claim is not None for claim in got) == 1


def test_abandoned_claim_is_taken_over_with_what_was_posted(processes: tuple[Claims, Claims], clock: Clock) -> None:
    first, second = processes
    claim = first.claim(message())
    assert claim is not None
    first.record_posted(claim, ["2.1", "2.2"])
    clock.now += 29
    assert second.take_over_abandoned() == []
    clock.now += 2
    [taken] = second.take_over_abandoned()
    assert (taken.ts, taken.posted, taken.tries) == ("1.1", ("2.1", "2.2"), 2)
    assert second.holds(taken)
    assert not first.holds(claim)
    first.record_posted(claim, [])  # too late
    first.finish(claim)
    clock.now += 31
    [again] = first.take_over_abandoned()
    assert (again.posted, again.tries) == (("2.1", "2.2"), 3)


def test_renewed_claim_is_left_alone(processes: tuple[Claims, Claims], clock: Clock) -> None:
    first, second = processes
    first.claim(message())
    clock.now += 20
    first.renew()
    clock.now += 20
    assert second.take_over_abandoned() == []
    assert second.claim(message()) is None


def test_finished_claim_is_never_taken_over(processes: tuple[Claims, Claims], clock: Clock) -> None:
    first, second = processes
    claim = first.claim(message())
    assert claim is not None
    first.finish(claim)
    clock.now += 100
    assert second.take_over_abandoned() == []
    assert second.claim(message()) is None


def test_claim_that_was_let_go_is_there_for_the_next_at_once(processes: tuple[Claims, Claims]) -> None:
    first, second = processes
    claim = first.claim(message())
    assert claim is not None
    first.let_go(claim)
    first.renew()
    assert [taken.ts for taken in second.take_over_abandoned()] == ["1.1"]


def test_old_claims_are_forgotten(processes: tuple[Claims, Claims], clock: Clock) -> None:
    claims, _ = processes
    claims.claim(message(), event_id="Ev1")
    assert claims.has_answered_in("C1", "1.1")
    clock.now += KEEP_SECONDS + 1
    assert claims.take_over_abandoned() == []
    assert not claims.has_answered_in("C1", "1.1")


def test_threads_and_posts_are_known(processes: tuple[Claims, Claims]) -> None:
    claims, other = processes
    claim = claims.claim(message("1.2", thread="1.1"))
    assert claim is not None
    claims.record_posted(claim, ["1.3"])
    assert other.has_answered_in("C1", "1.1")
    assert not other.has_answered_in("C1", "1.2")
    assert other.posted_in("C1", "1.1") == {"1.3"}


def test_file_of_another_version_is_refused(tmp_path: Path, state: Callable[[Path], StateFile]) -> None:
    with state(tmp_path).transaction() as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match="has version 7, this program reads version 1"):
        Claims(state(tmp_path)).renew()


def test_failed_transaction_leaves_nothing(tmp_path: Path, state: Callable[[Path], StateFile]) -> None:
    file = state(tmp_path)

    def write_half() -> None:
        with file.transaction() as connection:
            connection.execute("INSERT INTO answers VALUES ('a', '{}', 1)")
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="no such table"):
        write_half()
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (0,)


def test_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"slack\.sqlite3' cannot be used"):
        Claims(StateFile(tmp_path)).renew()
