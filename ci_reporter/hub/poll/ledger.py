"""Who looks at which target, and how far: leases and states in the database, so replicas share the work.

A replica renews its leases a few times before they end, and claims what nobody has, up to its fair share; it gives back
what is more than that. Who dies leaves its targets to the others when its leases end: late, never dropped. Where only
one hub can use the database (SQLite) it takes all at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.hub.upstream.state import State

LEASE_MS = 60_000
_FORGET_MS = 86_400_000


class Told(NamedTuple):
    """What is known of a target: when it was last looked at with success, and what is wrong since."""

    looked_ms: int
    problem: str


class Claims(NamedTuple):
    """The targets that are ours now, the states of those that were not before, and what all patterns stand for."""

    mine: frozenset[str]
    new: Mapping[str, State]
    names: Mapping[str, tuple[str, ...]]


class Ledger:
    """The leases of one replica. Its calls wait for the database: the event loop makes them in a thread."""

    def __init__(self, tables: Tables, replica: str, *, alone: bool) -> None:
        self._tables, self.replica, self._alone = tables, replica, alone
        self._mine: frozenset[str] = frozenset()

    def claim(self, targets: Iterable[str], told: Mapping[str, Told], now_ms: int) -> Claims:
        """Renew, claim and give back. Raises StoreError."""
        wanted = sorted(targets)
        until_ms = now_ms + LEASE_MS
        text = json.dumps({name: list(each) for name, each in told.items()}, separators=(",", ":"))

        def work(run: Statement) -> tuple[frozenset[str], dict[str, str], dict[str, str]]:
            run(_HEARTBEAT, replica=self.replica, until_ms=until_ms, told=text)
            run("DELETE FROM poll_replica WHERE until_ms < :old_ms", old_ms=now_ms - _FORGET_MS)
            live = 1 if self._alone else len(run(_LIVE, now_ms=now_ms))
            rows = {name: (lease, lease_ms) for name, lease, lease_ms in run(_LEASES)}
            for name in wanted:
                if name not in rows:
                    run(_ADD, target=name)
                    rows[name] = ("", 0)
            shares = _shares(wanted, rows, self, live, now_ms)
            for name in shares.released:
                run(_RELEASE, target=name, lease=self.replica)
            run(_RENEW, lease=self.replica, lease_ms=until_ms)
            won = frozenset(name for name in shares.claimed if self._take(run, name, until_ms, now_ms))
            mine = shares.kept | won
            states = {name: run(_STATE, target=name)[0][0] for name in mine - self._mine}
            lookups = dict(run(_LOOKUPS))
            return mine, states, lookups

        mine, states, lookups = self._tables.transact(work)
        self._mine = mine
        new = {name: State.from_json(text) for name, text in states.items()}
        return Claims(mine, new, {name: State.from_json(each).names for name, each in lookups.items()})

    def save(self, target: str, state: State) -> bool:
        """Keep how far a target was looked at; False when it is somebody else's by now. Raises StoreError."""
        text = state.to_json()
        return bool(self._tables.transact(lambda run: run(_SAVE, target=target, lease=self.replica, state=text)))

    def release(self) -> None:
        """Leave all targets to others at once: this replica stops. Raises StoreError."""
        self._tables.transact(lambda run: (run(_RELEASE_ALL, lease=self.replica), run(_GONE, replica=self.replica)))
        self._mine = frozenset()

    def is_free(self, lease: str, lease_ms: int, now_ms: int) -> bool:
        """Whether a target with this lease may be taken."""
        return lease == "" or lease_ms <= now_ms or self._alone

    def _take(self, run: Statement, target: str, until_ms: int, now_ms: int) -> bool:
        """Compare and set: of two replicas that want a target, one gets it."""
        limit = until_ms + LEASE_MS if self._alone else now_ms
        return bool(run(_TAKE, target=target, lease=self.replica, lease_ms=until_ms, limit_ms=limit))


class _Shares(NamedTuple):
    kept: frozenset[str]
    claimed: list[str]
    released: list[str]


def _shares(wanted: list[str], rows: Mapping[str, tuple[str, int]], ledger: Ledger, live: int, now_ms: int) -> _Shares:
    """What to keep, to claim and to give back: of 10 targets and 3 replicas, each has at most 4."""
    mine = [name for name in wanted if rows[name][0] == ledger.replica]
    fair = -(-len(wanted) // max(1, live))
    free = [
        name
        for name in wanted
        if rows[name][0] != ledger.replica and ledger.is_free(rows[name][0], rows[name][1], now_ms)
    ]
    known = {*wanted}
    unwanted = [name for name, (lease, _) in rows.items() if lease == ledger.replica and name not in known]
    return _Shares(frozenset(mine[:fair]), free[: max(0, fair - len(mine))], [*mine[fair:], *unwanted])


def told_of(tables: Tables) -> dict[str, Told]:
    """What all replicas tell of their targets: for pages, and for who starts anew. Raises StoreError."""
    found: dict[str, Told] = {}
    for (text,) in tables.select("SELECT told FROM poll_replica ORDER BY until_ms"):
        for name, each in _from_json(text).items():
            known = found.get(name)
            if known is None or each.looked_ms >= known.looked_ms:
                found[name] = each
    return found


def _from_json(text: str) -> dict[str, Told]:
    try:
        found: Any = json.loads(text)
        return {str(name): Told(int(looked_ms), str(problem)) for name, (looked_ms, problem) in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


_HEARTBEAT = """
INSERT INTO poll_replica (replica, until_ms, told) VALUES (:replica, :until_ms, :told)
ON CONFLICT (replica) DO UPDATE SET until_ms = excluded.until_ms, told = excluded.told
"""
_LIVE = "SELECT replica FROM poll_replica WHERE until_ms > :now_ms"
_LEASES = "SELECT target, lease, lease_ms FROM poll_target"
_STATE = "SELECT state FROM poll_target WHERE target = :target"
_LOOKUPS = "SELECT target, state FROM poll_target WHERE target LIKE 'lookup %'"
_ADD = "INSERT INTO poll_target (target, state, lease, lease_ms) VALUES (:target, '', '', 0) ON CONFLICT DO NOTHING"
_RENEW = "UPDATE poll_target SET lease_ms = :lease_ms WHERE lease = :lease"
_TAKE = """
UPDATE poll_target SET lease = :lease, lease_ms = :lease_ms
WHERE target = :target AND (lease = '' OR lease_ms <= :limit_ms) RETURNING target
"""
_RELEASE = "UPDATE poll_target SET lease = '', lease_ms = 0 WHERE target = :target AND lease = :lease"
_RELEASE_ALL = "UPDATE poll_target SET lease = '', lease_ms = 0 WHERE lease = :lease"
_GONE = "UPDATE poll_replica SET until_ms = 0 WHERE replica = :replica"
_SAVE = "UPDATE poll_target SET state = :state WHERE target = :target AND lease = :lease RETURNING target"
