"""The table of deliveries: when, which event, what became of it. It has nothing of a payload but the repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ci_reporter.hub.runs.reading import Select
from ci_reporter.hub.store.tables import Statement
from ci_reporter.hub.webhooks.event import Event
from ci_reporter.hub.webhooks.source import Source

KEPT_MS = 7 * 86_400_000
MOST_KEPT = 20_000


class Outcome(StrEnum):
    """What became of a delivery."""

    RECORDED = "recorded"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What was delivered. `digest` is of the body, and tells one that is sent again under another id."""

    source: Source
    delivery_id: str
    digest: str
    received_ms: int
    name: str
    event: Event = field(default_factory=Event)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A delivery as the table has it."""

    source: str
    delivery_id: str
    received_ms: int
    repository: str
    event: str
    outcome: Outcome
    detail: str


_BY_ID = "SELECT 1 FROM delivery WHERE source = :source AND delivery_id = :delivery_id"
_BY_DIGEST = "SELECT 1 FROM delivery WHERE source = :source AND digest = :digest"
_INSERT = """
INSERT INTO delivery (source, delivery_id, digest, received_ms, repository, event, outcome, detail)
VALUES (:source, :delivery_id, :digest, :received_ms, :repository, :event, :outcome, :detail)
"""
_LAST = """
SELECT source, delivery_id, received_ms, repository, event, outcome, detail FROM delivery
WHERE received_ms <= :until_ms AND source LIKE :source ORDER BY received_ms DESC LIMIT :count
"""
_OLD = "DELETE FROM delivery WHERE received_ms < :before_ms"
_NTH = "SELECT received_ms FROM delivery ORDER BY received_ms DESC LIMIT 1 OFFSET :count"
_FAR_MS = 2**62


def is_known(run: Statement, delivery: Delivery) -> bool:
    """Whether it was delivered before."""
    source = str(delivery.source)
    by_id = run(_BY_ID, source=source, delivery_id=delivery.delivery_id)
    return bool(by_id or run(_BY_DIGEST, source=source, digest=delivery.digest))


def insert(run: Statement, delivery: Delivery, outcome: Outcome, detail: str) -> None:
    """Keep that it came."""
    run(
        _INSERT,
        source=str(delivery.source),
        delivery_id=delivery.delivery_id,
        digest=delivery.digest,
        received_ms=delivery.received_ms,
        repository=delivery.event.repository,
        event=delivery.name,
        outcome=str(outcome),
        detail=detail,
    )


def last_deliveries(select: Select, count: int, source: Source | None = None) -> list[Entry]:
    """The last ones, newest first, of all sources or of one."""
    rows: Sequence[tuple[object, ...]] = select(_LAST, until_ms=_FAR_MS, source=source or "%", count=count)
    return [_entry(*row) for row in rows]


def _entry(*values: object) -> Entry:
    named = dict(zip(Entry.__dataclass_fields__, values, strict=True))
    return Entry(**named | {"outcome": Outcome(str(named["outcome"]))})  # type: ignore[arg-type]


def prune(run: Statement, now_ms: int) -> None:
    """Forget those of long ago, and what is more than is kept."""
    oldest = run(_NTH, count=MOST_KEPT)
    run(_OLD, before_ms=max([now_ms - KEPT_MS, *(at_ms for (at_ms,) in oldest)]))
