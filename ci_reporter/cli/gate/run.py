"""A gate as a step of this run: set up, looked through, acted upon, recorded, told; then the program ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ci_reporter.cli import output
from ci_reporter.cli.aftermath import Aftermath, prepare
from ci_reporter.cli.gate import evidence, options
from ci_reporter.cli.gate.acting import act
from ci_reporter.cli.gate.progress import Progress
from ci_reporter.cli.gate.session import Before, Seen, Session, expected_revision, given_baseline, last_good
from ci_reporter.cli.place import Place, here, prometheus
from ci_reporter.cli.recording import report_of
from ci_reporter.errors import CIReporterError, StateError, UsageError
from ci_reporter.gate.probing import targets
from ci_reporter.gate.rules import lint
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run.outcome import Outcome
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.journal import Running
from ci_reporter.model import Report, Result, Run, Step, rfc3339, seconds_of
from ci_reporter.providers import detect, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_FOLDER = "gate"
_UNDECIDED = 3
_LONGEST = 200
_RESULTS = {"pass": Result.SUCCESS, "fail": Result.FAILURE}


class Cancelled(BaseException):
    """We were told to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate: where it runs, what it was given, the session that probes."""

    place: Place
    run: Run
    given: Mapping[str, Any]
    session: Session
    begun: Report
    running: Running | None
    warnings: tuple[str, ...]

    @staticmethod
    def of(given: Mapping[str, Any], *, compared: bool) -> Gate:
        """Check all settings, look where we are, note that the step begins. Raises UsageError before any probe."""
        rules = options.ruleset(given, compared=compared)
        environment = given.get("environment") or given.get("on")
        for warning in lint.warnings(rules):
            output.warn(warning, os.environ)
        place = _without_reports(here({"environment": environment, "quiet": given["quiet"] or None}))
        place = replace(place, config=replace(place.config, dry_run=place.config.dry_run or bool(given.get("dry_run"))))
        targets.of_watch(rules, place.env)  # what its headers need is there, or is said now
        run = prepare(place, detect(place.env, read_text))
        session = Session(
            rules=rules,
            env=place.env,
            kept=os.path.join(place.journal.path, _FOLDER),
            environment=place.config.environment,
            progress=Progress(place.env, quiet=given["quiet"]),
            prometheus=_prometheus(place, rules),
        )
        step = Step(name=given.get("name") or "gate", result=Result.CANCELLATION, started_at=rfc3339(time.time()))
        begun = report_of(place, run, step)
        return Gate(place=place, run=run, given=given, session=session, begun=begun, running=None, warnings=())

    def look(self, before: Before | str | None) -> Look:
        """Go through the phases, and act on what comes of it. A cancelled gate is recorded as such, and ends here."""
        if isinstance(before, str):
            before = given_baseline(before)
        if before is None:
            before = last_good(self.session) if self.session.rules.plan.baseline.last_good else Before()
        expected = expected_revision(self.session.rules, self.place.folder, self.run.revision)
        gate = self._noted()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _cancel)
        try:
            seen = gate.session.look(expected, before)
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, signal.SIG_DFL)
            return Look(
                gate=gate,
                seen=seen,
                outcome=act(gate.session, seen, self.run.ci_run_id, dry_run=self.place.config.dry_run),
            )
        except Cancelled as exc:
            name = signal.Signals(exc.number).name
            gate._finish(self._broken_off(signal=name.removeprefix("SIG"), exit_code=128 + exc.number))
        except CIReporterError as exc:  # nothing was decided, and that is no pass
            self.session.progress.clear()
            output.fail(str(exc), self.place.env)
            gate._finish(self._broken_off(result=Result.ERROR, reason=f"gate: {exc}"[:_LONGEST], exit_code=_UNDECIDED))

    def _broken_off(self, **how: Any) -> Report:
        """The report of a gate that came to no verdict."""
        now_s, started_s = time.time(), seconds_of(self.begun.step.started_at)
        duration_ms = round((now_s - (started_s or now_s)) * 1000)
        step = replace(self.begun.step, finished_at=rfc3339(now_s), duration_ms=duration_ms, attempts=1, **how)
        return replace(self.begun, step=step)

    def end(self, look: Look) -> NoReturn:
        """Write the evidence, record the step, deliver, and end the program with the verdict's code."""
        gate, outcome = look.gate, look.outcome
        gate.session.progress.clear()
        finished = replace(
            gate.begun,
            step=evidence.step(gate.begun.step, outcome, time.time()),
            gate=evidence.noun(look.seen, outcome),
        )
        for problem in evidence.write(gate, look.seen, outcome):
            output.warn(problem, gate.place.env)
        gate._finish(finished)

    def _noted(self) -> Gate:
        try:
            return replace(self, running=self.place.journal.begin(self.begun))
        except StateError as exc:
            return replace(self, warnings=(f"{exc}; the gate goes on all the same",))

    def _finish(self, report: Report) -> NoReturn:
        ended = time.monotonic()
        aftermath = Aftermath(
            place=self.place, running=self.running, command=(), masks=frozenset(), before_s=0.0, ended=ended
        )
        sys.exit(aftermath.conclude(report, self.warnings))


@dataclass(frozen=True, kw_only=True)
class Look:
    """A gate that has been gone through."""

    gate: Gate
    seen: Seen
    outcome: Outcome


def _prometheus(place: Place, rules: RuleSet) -> Prometheus | None:
    if not rules.queries:
        return None
    found = prometheus(place.config)
    if found is None:
        query = rules.queries[0]
        where = f"{rules.source} line {query.line}"
        raise UsageError(f"{where}: signal {query.signal!r} is a promql:, and CI_REPORTER_PROMETHEUS is not set")
    return found


def _cancel(number: int, _frame: object) -> NoReturn:
    raise Cancelled(number)


def _without_reports(place: Place) -> Place:
    """Coverage and tests are other steps' matter, whatever the configuration file says of every step."""
    none: dict[str, Any] = {"coverage": (), "tests": (), "coverage_min_pct": None, "coverage_drop_points": None}
    return replace(place, config=replace(place.config, **none, tests_min=None, json=False))
