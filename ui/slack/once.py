"""One answer for each message, whoever else may have got it: another process, a retry, the same event twice.

A message is *claimed* by whoever inserts its row first, on lease: a process that lives renews its leases, so a lease
that ran out belonged to one that died. What it had posted so far is in the row; whoever takes the claim over goes on
with that. In the end the claim is *done*.

A message is known by channel and `ts`, which together are unique in all of Slack; its team is not part of that, because
a channel that two workspaces share may bring the same message under both.
"""

import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ui.slack.incoming import Incoming
from ui.slack.state_file import StateFile

# How long a claim stands without a sign of life; it is renewed three times as often.
LEASE_SECONDS = 30.0
# An answer that three processes did not survive, or that Slack refused three times, is given up.
MOST_TRIES = 3
# Slack tries an event three times within an hour, and a delivery that was held up for a day is no question any more.
KEEP_SECONDS = 2 * 24 * 3600.0

_FIELDS = "channel, ts, team, thread, asker, direct, posted, tries, claimed_at"


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is this process's to answer."""

    channel: str
    ts: str
    team: str
    thread: str
    asker: str
    direct: bool
    posted: tuple[str, ...] = ()
    """`ts` of the messages that were posted for it so far, by a process that died."""
    tries: int = 1
    claimed_at: float = 0.0


class Claims:
    """The claims of one process in the file that all processes share."""

    def __init__(
        self, file: StateFile, *, lease: float = LEASE_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        self.lease = lease
        self._file = file
        self._clock = clock
        self._owner = uuid.uuid4().hex

    def claim(self, message: Incoming, *, event_id: str = "") -> Claim | None:
        """Claim a message; nothing if it is or was answered, or if its event was another message's already."""
        now = self._clock()
        with self._file.transaction() as connection:
            if event_id and not _is_own_event(connection, event_id, message, now):
                return None
            row = connection.execute(
                f"SELECT {_FIELDS}, done, lease_until FROM claims WHERE channel = ? AND ts = ?",  # noqa: S608
                (message.channel, message.ts),
            ).fetchone()
            if row is not None:
                *fields, done, lease_until = row
                abandoned = not done and lease_until <= now
                return self._take_over(connection, _claim(fields), now) if abandoned else None
            claim = Claim(
                message.channel, message.ts, message.team, message.thread, message.user, message.direct, claimed_at=now
            )
            connection.execute(
                "INSERT INTO claims (channel, ts, team, thread, asker, direct, owner, lease_until, posted, tries, "
                "done, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 1, 0, ?)",
                (
                    claim.channel,
                    claim.ts,
                    claim.team,
                    claim.thread,
                    claim.asker,
                    claim.direct,
                    self._owner,
                    now + self.lease,
                    now,
                ),
            )
            return claim

    def take_over_abandoned(self) -> list[Claim]:
        """Claim what processes have left that live no longer, oldest first; forget what is old."""
        now = self._clock()
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM claims WHERE claimed_at < ?", (now - KEEP_SECONDS,))
            connection.execute("DELETE FROM events WHERE seen_at < ?", (now - KEEP_SECONDS,))
            rows = connection.execute(
                f"SELECT {_FIELDS} FROM claims WHERE done = 0 AND lease_until <= ? ORDER BY claimed_at",  # noqa: S608
                (now,),
            ).fetchall()
            return [self._take_over(connection, _claim(row), now) for row in rows]

    def record_posted(self, claim: Claim, posted: Sequence[str]) -> None:
        """Write down which messages stand in Slack for it."""
        self._update(claim, "posted = ?", " ".join(posted))

    def finish(self, claim: Claim) -> None:
        """Write down that nothing is left to do."""
        self._update(claim, "done = ?", 1)

    def holds(self, claim: Claim) -> bool:
        """Whether it is still this process's: one that stood still for longer than a lease may have lost it."""
        with self._file.reading() as connection:
            query = "SELECT 1 FROM claims WHERE channel = ? AND ts = ? AND owner = ? AND done = 0"
            return connection.execute(query, (claim.channel, claim.ts, self._owner)).fetchone() is not None

    def let_go(self, claim: Claim) -> None:
        """Leave it to whoever looks next, without waiting for the lease to end."""
        self._update(claim, "lease_until = ?", 0)

    def renew(self) -> None:
        """Show that this process lives."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE claims SET lease_until = ? WHERE owner = ? AND done = 0 AND lease_until > 0",
                (self._clock() + self.lease, self._owner),
            )

    def has_answered_in(self, channel: str, thread: str) -> bool:
        """Whether a message of this thread was claimed lately."""
        with self._file.reading() as connection:
            query = "SELECT 1 FROM claims WHERE channel = ? AND thread = ? LIMIT 1"
            return connection.execute(query, (channel, thread)).fetchone() is not None

    def posted_in(self, channel: str, thread: str) -> set[str]:
        """Return `ts` of all messages that are known to be answers in this thread."""
        with self._file.reading() as connection:
            query = "SELECT posted FROM claims WHERE channel = ? AND thread = ?"
            return {ts for (posted,) in connection.execute(query, (channel, thread)) for ts in posted.split()}

    def _take_over(self, connection: sqlite3.Connection, claim: Claim, now: float) -> Claim:
        connection.execute(
            "UPDATE claims SET owner = ?, lease_until = ?, tries = tries + 1 WHERE channel = ? AND ts = ?",
            (self._owner, now + self.lease, claim.channel, claim.ts),
        )
        return replace(claim, tries=claim.tries + 1)

    def _update(self, claim: Claim, change: str, value: object) -> None:
        """Change what is still this process's."""
        with self._file.transaction() as connection:
            connection.execute(
                f"UPDATE claims SET {change} WHERE channel = ? AND ts = ? AND owner = ?",  # noqa: S608
                (value, claim.channel, claim.ts, self._owner),
            )


def _is_own_event(connection: sqlite3.Connection, event_id: str, message: Incoming, now: float) -> bool:
    """Whether an event is new, or was this very message's before."""
    connection.execute(
        "INSERT OR IGNORE INTO events (event_id, channel, ts, seen_at) VALUES (?, ?, ?, ?)",
        (event_id, message.channel, message.ts, now),
    )
    row = connection.execute("SELECT channel, ts FROM events WHERE event_id = ?", (event_id,)).fetchone()
    return bool(row == (message.channel, message.ts))


def _claim(row: Sequence[object]) -> Claim:
    channel, ts, team, thread, asker, direct, posted, tries, claimed_at = row
    return Claim(
        str(channel),
        str(ts),
        str(team),
        str(thread),
        str(asker),
        bool(direct),
        tuple(str(posted).split()),
        int(str(tries)),
        float(str(claimed_at)),
    )
