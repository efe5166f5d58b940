"""The outbox in the database: what waits for which channel, and whose turn it is to send there.

A message is `pending` from the transaction that decided it until a channel has answered. Killed in between, whoever has
the next turn sends it again, with the same id: a channel that keeps ids takes it once.

A turn is a lease. Who wants it watches the row: while its `beat` does not move for `LEASE_S` seconds of his own
monotonic clock, its owner is gone. No machine's time of day is compared with another's, so a clock that jumps takes
nobody's turn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from ci_reporter.errors import StoreError
from ci_reporter.hub.alerts.book import FOLDED, PENDING, REFUSED, SENT, lock
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.model import uuid7
from ci_reporter.notify.alert import Alert, from_json, to_json
from ci_reporter.notify.outbox import Waiting
from ci_reporter.system.deadline import Deadline

LEASE_S = 30.0  # longer than any turn lasts, which a budget of 10 s sees to
_LONGEST_PAUSE_MS = 3_600_000
_MOST = 5000  # messages that are looked at in one turn
DIGEST = "(digest)"
_KEEP = """
INSERT INTO alert_message
  (message_id, channel, rule, grp, transition, labels, alert, number, state, reason, attempts, created_ms)
VALUES (:message_id, :channel, :rule, :grp, '', '{}', :alert, :number, :pending, :reason, 0, :now)
ON CONFLICT (message_id, channel) DO UPDATE SET reason = excluded.reason, attempts = alert_message.attempts + 1
"""
_SETTLE = """
UPDATE alert_message SET state = :state, reason = :reason, settled_ms = :now
WHERE message_id = :message_id AND channel = :channel AND state = :pending
"""


class DatabaseOutbox:
    """The messages that wait.

    `alone` says that no other process uses the database: a turn that is taken is then ours from before, or of a process
    that was killed.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        alone: bool = False,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._owner = uuid7()
        self._alone = alone
        self._lease_s = lease_s
        self._clock = clock
        self._monotonic = monotonic
        self._watched: dict[str, tuple[int, float]] = {}  # channel → a beat of another's, and since when we see it
        self._unwritten: dict[tuple[str, str], str] = {}  # what channels said while the database was gone

    def pending(self, channel: str = "") -> list[Waiting]:
        """What waits, oldest first, for one channel or for all."""
        self._write_answers()
        rows = self._tables.select(
            "SELECT alert, channel, reason FROM alert_message WHERE state = :pending"
            " AND (:channel = '' OR channel = :channel) ORDER BY number LIMIT :most",
            pending=PENDING,
            channel=channel,
            most=_MOST,
        )
        return [Waiting(alert=from_json(json.loads(row[0])), channel=row[1], reason=row[2]) for row in rows]

    def keep(self, alert: Alert, channel: str, why: str | None = None) -> None:
        """Keep an alert for a channel until the channel takes it."""
        self._tables.transact(lambda run: self._keep(run, alert, channel, why))

    def remove(self, alert_id: str, channel: str, problem: str = "") -> None:
        """The channel has taken it, or, where there is a problem, never will.

        Where that cannot be written down now, this process remembers it, and sends it to nobody again.
        """
        self._unwritten[alert_id, channel] = problem
        with suppress(StoreError):
            self._write_answers()

    def fold(self, messages: Sequence[Alert], replaced: Iterable[str], channel: str) -> None:
        """Keep messages in the place of others, in one transaction: nothing is lost between, and nothing is double."""
        known = {each.alert.alert_id for each in self.pending(channel)}
        new, others = [each for each in messages if each.alert_id not in known], tuple(replaced)
        if not (new or others):
            return

        def work(run: Statement) -> None:
            for each in new:
                self._keep(run, each, channel, None)
            for alert_id in others:
                self._settle(run, alert_id, channel, FOLDED, None)

        self._tables.transact(work)

    @contextmanager
    def turn(self, channel: str, deadline: Deadline) -> Iterator[DatabasePacing | None]:  # noqa: ARG002  no wait
        """Be the only one that sends to this channel; None where another one does: it sends what waits."""
        if not self._take(channel):
            yield None
            return
        try:
            yield DatabasePacing(self._tables, channel)
        finally:
            sql = "UPDATE alert_channel SET owner = NULL WHERE channel = :channel AND owner = :owner"
            with suppress(StoreError):  # then it ends as that of one that was killed
                self._tables.transact(lambda run: run(sql, channel=channel, owner=self._owner))

    def _write_answers(self) -> None:
        answers = dict(self._unwritten)
        if not answers:
            return

        def work(run: Statement) -> None:
            for (alert_id, channel), problem in answers.items():
                self._settle(run, alert_id, channel, REFUSED if problem else SENT, problem or None)

        self._tables.transact(work)
        for each in answers:
            self._unwritten.pop(each, None)  # another channel's thread may have written it, too

    def _take(self, channel: str) -> bool:
        def work(run: Statement) -> bool:
            run(
                "INSERT INTO alert_channel (channel, beat, sent, pause_until_ms, failures, retry_ms)"
                " VALUES (:channel, 0, '[]', 0, 0, 0) ON CONFLICT DO NOTHING",
                channel=channel,
            )
            owner, beat = run("SELECT owner, beat FROM alert_channel WHERE channel = :channel", channel=channel)[0]
            if owner not in (None, self._owner) and not self._is_gone(channel, beat):
                return False
            sql = (
                "UPDATE alert_channel SET owner = :owner, beat = beat + 1"
                " WHERE channel = :channel AND beat = :beat RETURNING beat"
            )
            return bool(run(sql, owner=self._owner, channel=channel, beat=beat))

        return self._tables.transact(work)

    def _is_gone(self, channel: str, beat: int) -> bool:
        """Whether the owner of a turn has been silent for longer than a turn may last."""
        now_s = self._monotonic()
        known = self._watched.get(channel)
        if known is None or known[0] != beat:
            known = self._watched[channel] = (beat, now_s)
        return self._alone or now_s - known[1] >= self._lease_s

    def _keep(self, run: Statement, alert: Alert, channel: str, why: str | None) -> None:
        run(
            _KEEP,
            message_id=alert.alert_id,
            channel=channel,
            rule=DIGEST,
            grp=alert.alert_id,
            alert=json.dumps(to_json(alert)),
            number=lock(run),
            pending=PENDING,
            reason=why,
            now=round(self._clock() * 1000),
        )

    def _settle(self, run: Statement, alert_id: str, channel: str, state: str, reason: str | None) -> None:
        run(
            _SETTLE,
            message_id=alert_id,
            channel=channel,
            state=state,
            reason=reason,
            now=round(self._clock() * 1000),
            pending=PENDING,
        )


class DatabasePacing:
    """When messages went to a channel, and for how long it wants to be left alone; all replicas share it."""

    def __init__(self, tables: Tables, channel: str) -> None:
        self._tables = tables
        self._channel = channel

    def sent_at(self) -> list[float]:
        """When messages went out, in seconds since the epoch, oldest first."""
        return sorted(float(each) for each in json.loads(self._read("sent")))

    def note(self, sent_at: Sequence[float]) -> None:
        """Write down when messages went out, before they do."""
        sql = "UPDATE alert_channel SET sent = :sent WHERE channel = :channel"
        self._tables.transact(lambda run: run(sql, sent=json.dumps(list(sent_at)), channel=self._channel))

    def pause_s(self, now_s: float) -> float:
        """For how long the channel wants to be left alone, at most an hour: a channel or a clock may be wrong."""
        left_ms = int(self._read("pause_until_ms")) - now_s * 1000
        return left_ms / 1000 if 0 < left_ms <= _LONGEST_PAUSE_MS else 0.0

    def pause(self, now_s: float, seconds: float) -> None:
        """Write down that the channel wants to be left alone from now on."""
        until_ms = round(now_s * 1000) + min(round(seconds * 1000), _LONGEST_PAUSE_MS)
        sql = "UPDATE alert_channel SET pause_until_ms = :until WHERE channel = :channel"
        self._tables.transact(lambda run: run(sql, until=until_ms, channel=self._channel))

    def _read(self, column: str) -> str:
        sql = f"SELECT {column} FROM alert_channel WHERE channel = :channel"  # noqa: S608  a column of ours
        return str(self._tables.select(sql, channel=self._channel)[0][0])
