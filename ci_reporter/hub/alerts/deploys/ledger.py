"""The ledger of rollbacks: planned with the verdict, written down as called before the call, then verified.

planned → called → verified | unverified | failed | unknown
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ci_reporter.errors import CIReporterError
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.deploys import rollback as way_back
from ci_reporter.hub.alerts.deploys.prober import Prober
from ci_reporter.hub.alerts.deploys.watchfile import Watch
from ci_reporter.hub.alerts.event import Event
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.model import Gate, Report, Result, Step, rfc3339
from ci_reporter.schema import from_json

PLANNED, CALLED, VERIFIED, UNVERIFIED, REFUSED, UNKNOWN = (
    *("planned", "called", "verified", "unverified", "failed", "unknown"),
)
_ONCE_WITHIN_MS = 3_600_000  # a rollback that is followed by another one helps nobody
_LOST_MS = 600_000  # a call takes 20 s: who has called and says nothing for so long is gone
_GOOD_IN_A_ROW = 3
_SHORT = 12
_log = logging.getLogger("ci_reporter.hub.alerts")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Whether a rollback is to be made, to which revision, and what is said of it before."""

    said: str = ""
    is_due: bool = False
    to_revision: str | None = None


class Ledger:
    """The rollbacks of a database. `alone`: what was being called when this hub started was cut off."""

    def __init__(
        self,
        tables: Tables,
        book: Book,
        probers: Sequence[Prober],
        env: Mapping[str, str],
        *,
        alone: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tables = tables
        self._book = book
        self._probers = {each.watch.name: each for each in probers}
        self._env = env
        self._alone = alone
        self._clock = clock
        self._is_first = True

    def look(self) -> None:
        """Make what is planned, and see whether what was made has worked."""
        for name, deployment in self._of(PLANNED):
            self._roll_back(name, deployment)
        for name, deployment in self._of(CALLED):
            self._verify(name, deployment)
        self._is_first = False

    def plan(self, watch: Watch, revision: str | None, good: str | None) -> Plan:
        """What to do about a deploy that is bad; nothing twice within an hour, and never to what is bad itself."""
        if not watch.rollback:
            return Plan()
        if good and good == revision:
            return Plan(said=f"not rolled back: {good[:_SHORT]} is the last good revision itself")
        sql = "SELECT count(*) FROM rollback WHERE watch = :watch AND planned_ms > :since"
        if self._tables.select(sql, watch=watch.name, since=self._now_ms() - _ONCE_WITHIN_MS)[0][0]:
            said = "not rolled back: that was done within the last hour already; a person should look"
            return Plan(said=said)
        to = f" to {good[:_SHORT]}" if good else ""
        said = f"rolling back{to} by {watch.rollback.way} {watch.rollback.shown}"
        return Plan(said=said, is_due=True, to_revision=good)

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    def _of(self, state: str) -> list[tuple[str, str]]:
        sql = "SELECT watch, deployment FROM rollback WHERE state = :state ORDER BY planned_ms"
        return [(row[0], row[1]) for row in self._tables.select(sql, state=state)]

    def _roll_back(self, name: str, deployment: str) -> None:
        """Write down that it is called, then call it."""
        prober = self._probers.get(name)
        if prober is None or prober.watch.rollback is None:
            self._settle(name, deployment, PLANNED, REFUSED, "the configuration has no rollback any more")
            return
        if not self._move(name, deployment, PLANNED, CALLED, None):
            return
        plan = prober.watch.rollback
        try:
            token = plan.token.read(self._env) or ""
            said = way_back.call(plan, self._known(name, deployment), token, self._clock())
        except (CIReporterError, ValueError) as exc:
            self._settle(name, deployment, CALLED, REFUSED, f"it could not be set in motion: {exc}")
            return
        _log.warning("rollback of %s after %s: %s", name, deployment, said)
        self._note(name, deployment, said)

    def _verify(self, name: str, deployment: str) -> None:
        """Whether the service is as it was before: three good answers in a row, from the revision if they name one."""
        called_ms, said, to_revision = self._tables.select(
            "SELECT called_ms, said, to_revision FROM rollback WHERE watch = :watch AND deployment = :deployment",
            watch=name,
            deployment=deployment,
        )[0]
        now_ms, prober = self._now_ms(), self._probers.get(name)
        if said is None and (now_ms - called_ms > _LOST_MS or (self._alone and self._is_first)):
            why = "the hub was stopped while it called, so it is not known whether it was heard; it is not called again"
            self._settle(name, deployment, CALLED, UNKNOWN, why)
        if said is None or prober is None or prober.watch.rollback is None:
            return
        probes = prober.between(called_ms / 1000, now_ms / 1000 + 1)[-_GOOD_IN_A_ROW:]
        good = [each for each in probes if each.ok and _is_of(each.revision, to_revision)]
        if len(good) == _GOOD_IN_A_ROW:
            what = f" with {to_revision[:_SHORT]}" if to_revision and good[-1].revision else ""
            self._settle(name, deployment, CALLED, VERIFIED, f"{said}; the service answers well again{what}")
        elif now_ms - called_ms > prober.watch.rollback.within_s * 1000:
            last = f": {probes[-1].reason}" if probes and probes[-1].reason else ""
            self._settle(name, deployment, CALLED, UNVERIFIED, f"{said}; the service does not answer well{last}")

    def _settle(self, name: str, deployment: str, was: str, became: str, said: str) -> None:
        """Write down what became of a rollback, and tell people, in one transaction."""
        sql = "SELECT report FROM deploy_watch WHERE watch = :watch AND deployment = :deployment"
        report = from_json(json.loads(self._tables.select(sql, watch=name, deployment=deployment)[0][0]))
        event = _event(name, report, became, said, self._now_ms())

        def claim(run: Statement) -> Sequence[Event]:
            return [event] if _move(run, name, deployment, (was, became), said, event.at_ms) else ()

        self._book.judge(claim)

    def _move(self, name: str, deployment: str, was: str, became: str, said: str | None) -> bool:
        return self._tables.transact(lambda run: _move(run, name, deployment, (was, became), said, self._now_ms()))

    def _note(self, name: str, deployment: str, said: str) -> None:
        sql = "UPDATE rollback SET said = :said WHERE watch = :watch AND deployment = :deployment"
        self._tables.transact(lambda run: run(sql, said=said, watch=name, deployment=deployment))

    def _known(self, name: str, deployment: str) -> dict[str, str]:
        """What a rollback is told."""
        repository, environment, revision, to_revision = self._tables.select(
            "SELECT w.repository, w.environment, w.revision, r.to_revision FROM deploy_watch w JOIN rollback r"
            " ON r.watch = w.watch AND r.deployment = w.deployment"
            " WHERE w.watch = :watch AND w.deployment = :deployment",
            watch=name,
            deployment=deployment,
        )[0]
        found = {
            "deployment": deployment,
            "repository": repository,
            "environment": environment,
            "revision": revision,
            "to_revision": to_revision,
        }
        return {key: value or "" for key, value in found.items()}


def _event(name: str, report: Report, became: str, said: str, now_ms: int) -> Event:
    """What became of it, as an event: one that worked ends what the watch has begun, any other one is bad news."""
    worked = became == VERIFIED
    words = {VERIFIED: "rolled back", UNVERIFIED: "rolled back, and still bad", REFUSED: "NOT rolled back"}
    result = Result.SUCCESS if worked else Result.FAILURE
    return Event(
        kind=f"watch {name}" if worked else f"rollback {name}",
        report=Report(
            report_id=report.report_id,
            run=report.run,
            step=Step(name=name if worked else "rollback", result=result, finished_at=rfc3339(now_ms / 1000)),
            environment=report.environment,
            gate=Gate(verdict="pass") if worked else None,
        ),
        at_ms=now_ms,
        cause=f"{report.run.ci_run_id or report.report_id} {became}",
        notes=(said,),
        title=f"{name} in {report.environment}: {words.get(became, 'perhaps rolled back')}",
    )


def insert(run: Statement, watch: str, deployment: str, plan: Plan, now_ms: int) -> None:
    """Plan a rollback, in the transaction of the verdict that it follows from."""
    run(
        "INSERT INTO rollback (watch, deployment, state, to_revision, planned_ms)"
        " VALUES (:watch, :deployment, :state, :to_revision, :now) ON CONFLICT DO NOTHING",
        watch=watch,
        deployment=deployment,
        state=PLANNED,
        to_revision=plan.to_revision,
        now=now_ms,
    )


def _move(run: Statement, name: str, deployment: str, states: tuple[str, str], said: str | None, now_ms: int) -> bool:
    """Take a rollback from one state to another, unless somebody has; whether it was us."""
    sql = (
        "UPDATE rollback SET state = :became, said = :said, called_ms = coalesce(called_ms, :now)"
        " WHERE watch = :watch AND deployment = :deployment AND state = :was RETURNING watch"
    )
    values = {"watch": name, "deployment": deployment, "was": states[0], "became": states[1]}
    return bool(run(sql, said=said, now=now_ms, **values))


def _is_of(found: str | None, wanted: str | None) -> bool:
    """Whether an answer is of a revision, as far as both are known; either may be cut short."""
    return not found or not wanted or found.startswith(wanted) or wanted.startswith(found)
