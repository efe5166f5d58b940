"""What is still to be handed on: ids in a table, written with the reports and deleted when a gateway has them.

So neither a crash nor a restart loses one, and a gateway that is away costs a row each, and no memory. Of several hubs
on one database one hands on at a time: the one that has the lease.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ci_reporter.hub.store import Row
from ci_reporter.hub.store.tables import Statement, Table, Tables

LEASE_MS = 60_000
_NAME = "pushgateway"
_INSERT = """
INSERT INTO forward (report_id, received_ms, due_ms, attempts)
SELECT report_id, at_ms, at_ms, 0 FROM :new AS new WHERE true
ON CONFLICT DO NOTHING
"""
# A report that retention has deleted has no body any more.
_DUE = """
SELECT f.report_id, f.attempts, r.body FROM forward f LEFT JOIN report r ON r.report_id = f.report_id
WHERE f.due_ms <= :now_ms ORDER BY f.received_ms, f.report_id LIMIT :count
"""
_DELETE = "DELETE FROM forward WHERE report_id IN (SELECT report_id FROM :done AS done)"
_DEFER = """
UPDATE forward SET attempts = attempts + 1, due_ms = :due_ms WHERE report_id IN (SELECT report_id FROM :later AS later)
"""
_BACKLOG = "SELECT count(*), min(received_ms) FROM forward"
_TAKE_LEASE = """
INSERT INTO forward_lease (name, owner, until_ms) VALUES (:name, :owner, :until_ms)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
WHERE forward_lease.owner = excluded.owner OR forward_lease.until_ms < :now_ms
RETURNING owner
"""
_END_LEASE = "DELETE FROM forward_lease WHERE name = :name AND owner = :owner"


class Waiting(NamedTuple):
    """A report that waits; `body` is None where it is not kept any more."""

    report_id: str
    attempts: int
    body: str | None


class Backlog(NamedTuple):
    """How many wait, and when the oldest of them came."""

    reports: int
    oldest_ms: int | None


def enqueue(run: Statement, rows: Sequence[Row]) -> None:
    """Note that these are to be handed on; in the transaction that writes them."""
    run(_INSERT, new=Table("report_id text, at_ms bigint", [(row.report_id, row.received_ms) for row in rows]))


def due(tables: Tables, now_ms: int, count: int) -> list[Waiting]:
    """What is to be handed on now, in the order of arrival. Raises StoreError."""
    return [Waiting(*row) for row in tables.select(_DUE, now_ms=now_ms, count=count)]


def settle(tables: Tables, done: Collection[str], later: Collection[str], due_ms: int) -> None:
    """Forget what is done, and put off what is not. Raises StoreError."""

    def work(run: Statement) -> None:
        run(_DELETE, done=Table("report_id text", [(each,) for each in done]))
        run(_DEFER, later=Table("report_id text", [(each,) for each in later]), due_ms=due_ms)

    if done or later:
        tables.transact(work)


def backlog(tables: Tables) -> Backlog:
    """How much waits. Raises StoreError."""
    return Backlog(*tables.select(_BACKLOG)[0])


def take_lease(tables: Tables, owner: str, now_ms: int) -> bool:
    """Whether this hub is the one that hands on now, and for the next minute. Raises StoreError."""
    until_ms = now_ms + LEASE_MS
    return bool(
        tables.transact(lambda run: run(_TAKE_LEASE, name=_NAME, owner=owner, until_ms=until_ms, now_ms=now_ms))
    )


def end_lease(tables: Tables, owner: str) -> None:
    """Let another hub hand on at once. Raises StoreError."""
    tables.transact(lambda run: run(_END_LEASE, name=_NAME, owner=owner))
