"""Deploys → watches → verdicts, each step a state in the database, changed by whoever is first.

    watching → passed | failed | unknown | superseded

A verdict, its message in the outbox and the plan to roll back are one transaction; the call follows it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ci_reporter.gate.probing import promql
from ci_reporter.gate.probing.promql import NoData
from ci_reporter.gate.recording import Count
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, PASS, Verdict
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.deploys.commits import Compare, Since
from ci_reporter.hub.alerts.deploys.ledger import Ledger, Plan, insert
from ci_reporter.hub.alerts.deploys.prober import Prober, since
from ci_reporter.hub.alerts.deploys.verdict import Seen, join, read, sentences, to_lines, verdict
from ci_reporter.hub.alerts.deploys.watchfile import Watch
from ci_reporter.hub.alerts.event import Event
from ci_reporter.hub.alerts.feed import Arrived
from ci_reporter.hub.store.tables import Statement, Tables, Value
from ci_reporter.model import Gate, Report, Result, Step, rfc3339, seconds_of
from ci_reporter.notify.alert import Link
from ci_reporter.schema import from_json, to_json
from ci_reporter.system.deadline import Deadline

WATCHING, PASSED, FAILED, UNKNOWN, SUPERSEDED = "watching", "passed", "failed", "unknown", "superseded"
_STATES = {PASS: PASSED, FAIL: FAILED, INCONCLUSIVE: UNKNOWN}
_RESULTS = {PASSED: Result.SUCCESS, FAILED: Result.FAILURE, UNKNOWN: Result.SKIP}
_VERDICTS = {PASSED: "pass", FAILED: "fail", UNKNOWN: "inconclusive"}
_SHORT = 12
_PROMQL_S, _STEP_S = 10.0, 15.0
_OTHERS = "watch = :watch AND state = :state AND deployment <> :deployment"
_GOING_ON = f"SELECT baseline FROM deploy_watch WHERE {_OTHERS} ORDER BY begun_ms LIMIT 1"  # noqa: S608
_SUPERSEDE = f"UPDATE deploy_watch SET state = :superseded WHERE {_OTHERS}"  # noqa: S608
_INSERT = """
INSERT INTO deploy_watch
  (watch, deployment, repository, environment, revision, report, begun_ms, state, baseline, samples)
VALUES (:watch, :deployment, :repository, :environment, :revision, :report, :begun_ms, :state, :baseline, '')
ON CONFLICT DO NOTHING RETURNING watch
"""
_log = logging.getLogger("ci_reporter.hub.alerts")


class Row(NamedTuple):
    """A watch in the database."""

    watch: str
    deployment: str
    report: str
    begun_ms: int
    revision: str | None
    baseline: str
    samples: str


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the watcher needs: who compares revisions, secrets of rollbacks, Prometheus, the clock.

    `alone` says that no other hub uses the database: what was being called when this one started was cut off.
    """

    compare: Compare
    env: Mapping[str, str]
    prometheus: Prometheus | None = None
    alone: bool = True
    clock: Callable[[], float] = time.time


class Watcher:
    """Watches deploys. Calls raise StoreError."""

    def __init__(self, tables: Tables, book: Book, probers: Sequence[Prober], around: Around) -> None:
        self._tables = tables
        self._book = book
        self._probers = {each.watch.name: each for each in probers}
        self._around = around
        self._ledger = Ledger(tables, book, probers, around.env, alone=around.alone, clock=around.clock)
        self._kept: dict[tuple[str, str], int] = {}

    def hear(self, arrived: Arrived) -> None:
        """A report has arrived: if it is of a deploy that went well so far, watch what was deployed."""
        report = arrived.event.report
        self.begin(report, arrived.row.ci_run_id or report.report_id)

    def begin(self, report: Report, deployment: str) -> None:
        """Something was deployed: watch it, unless that did not go well, or it is watched already."""
        bad_gate = report.gate is not None and report.gate.verdict != "pass"
        if report.step.result is not Result.SUCCESS or bad_gate or not report.environment:
            return
        for prober in self._probers.values():
            if prober.watch.is_of(report):
                self._begin(prober, report, deployment)

    def look(self) -> None:
        """Judge what is watched, plan and make rollbacks, and see whether they worked."""
        for row in self._rows():
            self._look_at(row)
        self._ledger.look()

    def _now_ms(self) -> int:
        return round(self._around.clock() * 1000)

    def _begin(self, prober: Prober, report: Report, deployment: str) -> None:
        """Write the watch down, with what the service answered before; one deployment is watched once."""
        watch, now_ms = prober.watch, self._now_ms()
        ended_s = seconds_of(report.step.finished_at) or now_ms / 1000
        if now_ms / 1000 - ended_s > watch.watch_s:
            return  # a report that waited for long: what is now is not of this deploy
        begun_s = min(seconds_of(report.step.started_at) or ended_s, now_ms / 1000)
        before = self._measurement(prober, begun_s - watch.before_s, begun_s)

        values: dict[str, Value] = {
            "watch": watch.name,
            "deployment": deployment,
            "repository": report.run.repository or "",
            "environment": report.environment,
            "revision": report.run.revision,
            "report": json.dumps({name: value for name, value in to_json(report).items() if value is not None}),
            "begun_ms": now_ms,
            "state": WATCHING,
        }
        self._tables.transact(lambda run: _insert(run, values, to_lines(before)))

    def _rows(self) -> list[Row]:
        sql = f"SELECT {', '.join(Row._fields)} FROM deploy_watch WHERE state = :state ORDER BY begun_ms"  # noqa: S608
        return [Row(*row) for row in self._tables.select(sql, state=WATCHING)]

    def _look_at(self, row: Row) -> None:
        prober = self._probers.get(row.watch)
        if prober is None:  # the configuration has it no more
            self._book.judge(lambda run: self._conclude(run, row, UNKNOWN, "it is not watched any more", []))
            return
        begun_s, at_s = row.begun_ms / 1000, self._around.clock() - row.begun_ms / 1000
        before = read(row.baseline)
        seen = join(read(row.samples), self._measurement(prober, begun_s, begun_s + prober.watch.watch_s))
        found = verdict(prober.watch, before, seen, at_s)
        if found and found.settled and found.verdict in _STATES:
            self._end(row, prober.watch, found, list(sentences(prober.watch, before, seen, found)))
        elif at_s >= prober.watch.watch_s:
            said = "nothing was seen of it, so nothing is known"
            self._book.judge(lambda run: self._conclude(run, row, UNKNOWN, said, []))
        else:
            self._keep(row, seen)

    def _measurement(self, prober: Prober, begin_s: float, end_s: float) -> Seen:
        """What the prober and Prometheus know of a time."""
        probes = since(prober.between(begin_s, end_s), begin_s)
        counts: tuple[Count, ...] = ()
        for query in prober.watch.queries if self._around.prometheus else ():
            assert self._around.prometheus  # noqa: S101
            found = promql.history(
                query,
                self._around.prometheus,
                start_s=begin_s,
                end_s=min(end_s, self._around.clock()),
                step_s=_STEP_S,
                deadline=Deadline(_PROMQL_S),
            )
            counts = () if isinstance(found, NoData) else tuple(found)
        return Seen(probes=probes, counts=counts)

    def _keep(self, row: Row, seen: Seen) -> None:
        """Keep the answers now and then: a hub that is started again goes on with the watch."""
        key, count = (row.watch, row.deployment), len(seen.probes)
        if count - self._kept.get(key, 0) < 6:
            return
        self._kept[key] = count
        sql = "UPDATE deploy_watch SET samples = :samples WHERE watch = :watch AND deployment = :deployment"
        lines = to_lines(Seen(probes=seen.probes))
        self._tables.transact(lambda run: run(sql, samples=lines, watch=row.watch, deployment=row.deployment))

    def _end(self, row: Row, watch: Watch, found: Verdict, said: list[str]) -> None:
        state = _STATES[found.verdict]
        good = self._last_good(row)
        since_good = self._commits(row, good) if state == FAILED else None
        plan = self._ledger.plan(watch, row.revision, good) if state == FAILED else Plan()
        notes = [*said, *([plan.said] if plan.said else []), *(since_good.lines if since_good else ())]
        links = _links(row, watch, since_good)
        event = _event(row, watch, state, notes, links, self._now_ms())

        def claim(run: Statement) -> Sequence[Event]:
            events = self._conclude(run, row, state, "\n".join(said), [event])
            if events and plan.is_due:
                insert(run, row.watch, row.deployment, plan, self._now_ms())
            return events

        self._book.judge(claim)

    def _conclude(self, run: Statement, row: Row, state: str, said: str, events: Sequence[Event]) -> Sequence[Event]:
        """End the watch, unless somebody has; then its events are his."""
        sql = (
            "UPDATE deploy_watch SET state = :state, said = :said, samples = ''"
            " WHERE watch = :watch AND deployment = :deployment AND state = :watching RETURNING watch"
        )
        values = {"watch": row.watch, "deployment": row.deployment, "watching": WATCHING}
        return events if run(sql, state=state, said=said, **values) else ()

    def _last_good(self, row: Row) -> str | None:
        """The revision that was deployed there before, and was good; else the one that answered well before."""
        rows = self._tables.select(
            "SELECT revision FROM deploy_watch WHERE watch = :watch AND state = :passed AND begun_ms < :begun"
            " AND revision IS NOT NULL ORDER BY begun_ms DESC LIMIT 1",
            watch=row.watch,
            passed=PASSED,
            begun=row.begun_ms,
        )
        if rows:
            return str(rows[0][0])
        answered = [each.revision for each in read(row.baseline).probes if each.ok and each.revision]
        return answered[-1] if answered and answered[-1] != row.revision else None

    def _commits(self, row: Row, good: str | None) -> Since | None:
        if not row.revision:
            return None
        if good is None:
            return Since(lines=("no earlier deploy that was good is known, so there are no commits to show",))
        return self._around.compare(from_json(json.loads(row.report)).run, good, row.revision)


def _insert(run: Statement, values: Mapping[str, Value], baseline: str) -> None:
    """Keep a watch, unless it is there; it takes the place of one that goes on.

    A deploy that nobody has judged yet may be bad, so what was before it is what the new one is compared with.
    """
    others = {name: values[name] for name in ("watch", "deployment", "state")}
    going_on = run(_GOING_ON, **others)
    if run(_INSERT, **values, baseline=going_on[0][0] if going_on else baseline):
        run(_SUPERSEDE, **others, superseded=SUPERSEDED)


def _event(row: Row, watch: Watch, state: str, notes: Sequence[str], links: tuple[Link, ...], now_ms: int) -> Event:
    """The verdict, as the gate of that deployment: its rule tells that it failed, and that a later one is good."""
    report = from_json(json.loads(row.report))
    what = f" of {row.revision[:_SHORT]}" if row.revision else ""
    step = Step(name=watch.name, result=_RESULTS[state], finished_at=rfc3339(now_ms / 1000))
    return Event(
        kind=watch.kind,
        report=_verdict_report(report, step, _VERDICTS[state], row.deployment),
        at_ms=now_ms,
        cause=row.deployment,
        notes=tuple(notes),
        title=f"{watch.name} in {watch.environment} is worse since the deploy{what}",
        links=links,
    )


def _verdict_report(report: Report, step: Step, verdict: str, report_id: str) -> Report:
    """The deploy's report with the watch's verdict in the place of its own result."""
    return Report(
        report_id=report_id, run=report.run, step=step, environment=report.environment, gate=Gate(verdict=verdict)
    )


def _links(row: Row, watch: Watch, found: Since | None) -> tuple[Link, ...]:
    links = []
    if watch.log:
        links.append(Link(text="Service log", url=watch.log.replace("{revision}", row.revision or "")))
    if found and found.url:
        links.append(Link(text="Commits", url=found.url))
    return tuple(links)
