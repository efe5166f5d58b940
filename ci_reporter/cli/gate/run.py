"""A gate as a step of this run: set up, looked through, acted upon, recorded, told; then the program ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ci_reporter.cli import output
from ci_reporter.cli.conclusion import show
from ci_reporter.cli.gate import evidence, options
from ci_reporter.cli.gate.acting import act
from ci_reporter.cli.gate.progress import Progress
from ci_reporter.cli.gate.session import Before, Seen, Session, expected_revision, given_baseline, last_good
from ci_reporter.cli.process import current_context
from ci_reporter.context import Context
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.frozen import replace
from ci_reporter.gate.probing import targets
from ci_reporter.gate.rules import lint
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.run.outcome import Outcome
from ci_reporter.http import shown
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.model import Report, Result, Run, Step, rfc3339, seconds_of
from ci_reporter.providers import detect, read_text
from ci_reporter.sinks.configured import access
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import finish, timing
from ci_reporter.step.prepare import prepare
from ci_reporter.step.start import StartedStep, new_report, start

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

    context: Context
    run: Run
    given: Mapping[str, Any]
    session: Session
    begun: Report
    started: StartedStep

    @staticmethod
    def of(given: Mapping[str, Any], *, compared: bool) -> Gate:
        """Check all settings, look where we are, note that the step begins. Raises UsageError before any probe."""
        rules = options.ruleset(given, compared=compared)
        environment = given.get("environment") or given.get("on")
        for warning in lint.warnings(rules):
            output.warn(warning, os.environ)
        flags = {name: given.get(name) or None for name in ("quiet", "dry_run")}
        context = current_context({"environment": environment, **flags})
        targets.of_watch(rules, context.env)  # what its headers need is there, or is said now
        run = prepare(context, detect(context.env, read_text))
        session = Session(
            rules=rules,
            env=context.env,
            kept=os.path.join(context.journal.path, _FOLDER),
            environment=context.config.environment,
            progress=Progress(context.env, quiet=given["quiet"]),
            prometheus=_prometheus(context, rules),
        )
        step = Step(name=given.get("name") or "gate", result=Result.CANCELLATION, started_at=rfc3339(time.time()))
        begun = new_report(context, run, step)
        started = StartedStep(report=begun)
        return Gate(context=context, run=run, given=given, session=session, begun=begun, started=started)

    def look(self, before: Before | str | None) -> Look:
        """Go through the phases, and act on what comes of it. A cancelled gate is recorded as such, and ends here."""
        if isinstance(before, str):
            before = given_baseline(before)
        if before is None:
            before = last_good(self.session) if self.session.rules.plan.baseline.last_good else Before()
        expected = expected_revision(self.session.rules, self.context.folder, self.run.revision)
        gate = replace(self, started=start(self.context, self.begun, "the gate goes on all the same"))
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _cancel)
        try:
            seen = gate.session.look(expected, before)
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, signal.SIG_DFL)
            return Look(
                gate=gate,
                seen=seen,
                outcome=act(gate.session, seen, self.run.ci_run_id, dry_run=self.context.config.dry_run),
            )
        except Cancelled as exc:
            name = signal.Signals(exc.number).name
            gate._finish(self._broken_off(signal=name.removeprefix("SIG"), exit_code=128 + exc.number))
        except CIReporterError as exc:  # nothing was decided, and that is no pass
            self.session.progress.clear()
            output.fail(str(exc), self.context.env)
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
            output.warn(problem, gate.context.env)
        gate._finish(finished)

    def _finish(self, report: Report) -> NoReturn:
        conclusion = finish(self.context, self.started, Draft(report=report), timing(self.context.config, report))
        show(conclusion, self.context)
        sys.exit(conclusion.exit_code)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A gate that has been gone through."""

    gate: Gate
    seen: Seen
    outcome: Outcome


def _prometheus(context: Context, rules: RuleSet) -> Prometheus | None:
    """The Prometheus whose counts a gate judges, where its rules ask for one."""
    if not rules.queries:
        return None
    url = context.config.prometheus
    if not url:
        query = rules.queries[0]
        where = f"{rules.source} line {query.line}"
        raise UsageError(f"{where}: signal {query.signal!r} is a promql:, and CI_REPORTER_PROMETHEUS is not set")
    return Prometheus(url=shown(url), access=access(context.config, "prometheus"))


def _cancel(number: int, _frame: object) -> NoReturn:
    raise Cancelled(number)
