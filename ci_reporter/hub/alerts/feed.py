"""Where events come from, each given to one replica: new reports, and positions in what else changed.

A report is put into the inbox by the transaction that keeps it, and taken out by the one that judges it: killed at any
moment, the hub judges it once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ci_reporter.hub.alerts.book import Claim
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.model import uuid7
from ci_reporter.schema import from_json

_MOST_BATCHES = 20
_PIECE = 200  # reports of one row of the inbox
_MOST_REPORTS = 400  # that are judged in one transaction: nobody else writes to an SQLite file meanwhile
_log = logging.getLogger("ci_reporter.hub.alerts")


class Arrived(NamedTuple):
    """A report in the inbox."""

    row: Row
    event: Event


class Batch(NamedTuple):
    """What one transaction has written."""

    batch_id: str
    arrived: Sequence[Arrived]


def put(run: Statement, rows: Sequence[Row]) -> None:
    """Put new reports into the inbox, in the transaction that keeps them."""
    sql = "INSERT INTO alert_inbox (batch_id, reports) VALUES (:batch_id, :reports)"
    batch_id = uuid7()
    for number, at in enumerate(range(0, len(rows), _PIECE)):
        run(sql, batch_id=f"{batch_id}-{number:06d}", reports=json.dumps(rows[at : at + _PIECE]))


def arrived(tables: Tables) -> list[Batch]:
    """What is in the inbox, the oldest first, not all at once."""
    sql = "SELECT batch_id, reports FROM alert_inbox ORDER BY batch_id LIMIT :most"
    found: list[Batch] = []
    for batch_id, text in tables.select(sql, most=_MOST_BATCHES):
        found.append(Batch(batch_id, _read(text)))
        if sum(len(each.arrived) for each in found) >= _MOST_REPORTS:
            break
    return found


def claim_of(batches: Sequence[Batch], event_of: Callable[[Arrived], Event]) -> Claim:
    """Take these batches out of the inbox: their events, but for those that another replica has taken meanwhile."""
    made = [(batch.batch_id, [event_of(each) for each in batch.arrived]) for batch in batches]

    def claim(run: Statement) -> list[Event]:
        sql = "DELETE FROM alert_inbox WHERE batch_id = :batch_id RETURNING batch_id"
        return [event for batch_id, events in made if run(sql, batch_id=batch_id) for event in events]

    return claim


def turn_of(tables: Tables, feed: str, make: Callable[[], Sequence[Event]]) -> Claim:
    """Events of a look at how things are, such as runs that take too long: of two replicas that look at once, one."""
    rows = tables.select("SELECT position FROM alert_feed WHERE feed = :feed", feed=feed)
    before = int(rows[0][0]) if rows else None
    events = make()

    def claim(run: Statement) -> Sequence[Event]:
        if before is None:
            sql = "INSERT INTO alert_feed (feed, position) VALUES (:feed, 1) ON CONFLICT DO NOTHING RETURNING feed"
            return events if run(sql, feed=feed) else ()
        sql = "UPDATE alert_feed SET position = position + 1 WHERE feed = :feed AND position = :before RETURNING feed"
        return events if run(sql, feed=feed, before=before) else ()

    return claim


def _read(text: str) -> list[Arrived]:
    found = []
    for values in json.loads(text):
        row = Row._make(tuple(each) if isinstance(each, list) else each for each in values)
        try:
            report = from_json(json.loads(row.body))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            _log.error("report %s cannot be held against the alert rules: %s", row.report_id, exc)
            continue
        kind = Kind.GATE if report.gate else Kind.STEP
        found.append(Arrived(row, Event(kind=kind, report=report, at_ms=row.at_ms, cause=row.report_id)))
    return found
