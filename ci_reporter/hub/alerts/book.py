"""Rules held against events, in one transaction with what they know and with what is to be told.

Any number of replicas may do it: who judges an event claims it in the same transaction, so it is judged once. Beside
that a transition of a rule's series is a key of the outbox: what is told twice by mistake is one row.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.alerts.rules import Place, RuleBook, Told, run_all, wanted
from ci_reporter.hub.silences.silence import Silence, active
from ci_reporter.hub.silences.windows import Window
from ci_reporter.hub.store.tables import Statement, Tables, Value
from ci_reporter.notify.alert import Alert, to_json
from ci_reporter.notify.policies.state import Entry
from ci_reporter.notify.policies.statefile import entry_from_json, entry_to_json

PENDING, SILENCED, SENT, REFUSED, FOLDED = "pending", "silenced", "sent", "refused", "folded"
_MOST_MESSAGES = 1_000_000  # of one transaction
_FORGET_MS = 60 * 86_400_000
_DEPLOYS_KEPT_MS = 400 * 86_400_000
_KEPT_MS = 30 * 86_400_000
_AHEAD_MS = 300_000  # by so much the clocks of CI systems may be ahead of ours
_INSERT = """
INSERT INTO alert_message
  (message_id, channel, rule, grp, transition, labels, alert, number, state, attempts, created_ms)
VALUES (:message_id, :channel, :rule, :grp, :transition, :labels, :alert, :number, :state, 0, :now)
ON CONFLICT DO NOTHING RETURNING message_id
"""


Claim = Callable[[Statement], Sequence[Event]]


class Book:
    """The rules over a database. `outgoing` takes the secrets out of an alert. Calls raise StoreError."""

    def __init__(
        self,
        tables: Tables,
        rules: RuleBook,
        outgoing: Callable[[Alert], Alert] = lambda alert: alert,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rules = rules
        self._tables = tables
        self._outgoing = outgoing
        self._clock = clock

    def judge(self, claim: Claim) -> list[Told]:
        """Judge events, and keep what came of it; what is to be told is then in the outbox.

        `claim` gives the events within the transaction, and sees to it that nobody else is given them.
        """
        return self._tables.transact(lambda run: self._judge(run, claim))

    def _judge(self, run: Statement, claim: Claim) -> list[Told]:
        number = lock(run)
        events = claim(run)
        if not events:
            return []
        now_ms = round(self._clock() * 1000)
        silences: list[Silence | Window] = [*active(run, now_ms), *self.rules.windows]
        events = [_not_after(each, now_ms) for each in events]
        entries = _read(run, wanted(self.rules, events))
        changed, told = run_all(
            self.rules, entries, events, lambda labels: any(each.holds_back(labels, now_ms) for each in silences)
        )
        for place, entry in changed.items():
            _write(run, place, entry, now_ms)
        return [each for at, each in enumerate(told, number) if self._keep(run, each, at, now_ms)]

    def _keep(self, run: Statement, told: Told, number: int, now_ms: int) -> bool:
        """Put it into the outbox, a row a channel; whether any was new."""
        alert = self._outgoing(told.alert)
        common: dict[str, Value] = {
            "message_id": alert.alert_id,
            "rule": told.place[0],
            "grp": told.place[1],
            "transition": told.transition,
            "labels": json.dumps(dict(told.labels)),
            "alert": json.dumps(to_json(alert)),
            "number": number,
            "state": SILENCED if told.silenced else PENDING,
            "now": now_ms,
        }
        new = [each for each in told.channels if run(_INSERT, channel=each, **common)]
        return bool(new)

    def forget(self) -> None:
        """Remove what nobody needs any more: series that were not seen for long, and messages long since told."""
        now_ms = round(self._clock() * 1000)

        def work(run: Statement) -> None:
            run("DELETE FROM alert_entry WHERE updated_ms < :until", until=now_ms - _FORGET_MS)
            run(
                "DELETE FROM alert_message WHERE created_ms < :until AND state NOT IN (:pending, :silenced)",
                until=now_ms - _KEPT_MS,
                pending=PENDING,
                silenced=SILENCED,
            )
            # The last good deploy of a watch may be long ago, and is still where a rollback leads.
            long_ago = now_ms - _DEPLOYS_KEPT_MS
            run("DELETE FROM deploy_watch WHERE begun_ms < :until AND state <> 'passed'", until=long_ago)
            run("DELETE FROM rollback WHERE planned_ms < :until", until=long_ago)

        self._tables.transact(work)


def _not_after(event: Event, now_ms: int) -> Event:
    """The event, at the latest now: a clock that is years ahead would make all that follows look late, and untold.

    The end of a job is heard of several times and must have the same time each time, so small differences stay.
    """
    if event.at_ms <= now_ms + (_AHEAD_MS if event.kind == Kind.JOB else 0):
        return event
    return replace(event, at_ms=now_ms)


def lock(run: Statement) -> int:
    """Let transactions that change what rules know come one after the other: each reads what the last one has left.

    An UPDATE locks the row until the transaction ends, in PostgreSQL too; a SELECT would not. Gives the number of the
    first message of this transaction: of two messages about one thing the later one must be sent last.
    """
    rows = run("UPDATE alert_feed SET position = position + 1 WHERE feed = 'lock' RETURNING position")
    return int(rows[0][0]) * _MOST_MESSAGES


def _read(run: Statement, places: Sequence[Place]) -> dict[Place, Entry]:
    found = {}
    for rule, grp in places:
        rows = run("SELECT entry FROM alert_entry WHERE rule = :rule AND grp = :grp", rule=rule, grp=grp)
        if rows and (entry := entry_of(rows[0][0])):
            found[rule, grp] = entry
    return found


def entry_of(text: str) -> Entry | None:
    """What a rule knows of a series; None where another version has written it otherwise."""
    try:
        return entry_from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _write(run: Statement, place: Place, entry: Entry, now_ms: int) -> None:
    run(
        "INSERT INTO alert_entry (rule, grp, entry, updated_ms) VALUES (:rule, :grp, :entry, :now)"
        " ON CONFLICT (rule, grp) DO UPDATE SET entry = excluded.entry, updated_ms = excluded.updated_ms",
        rule=place[0],
        grp=place[1],
        entry=json.dumps(entry_to_json(entry)),
        now=now_ms,
    )
