"""After the command: write the record, deliver it within the budget, say what became of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ci_reporter import http, metrics, runner
from ci_reporter.cli import output
from ci_reporter.cli.delivery import Delivered, deliver
from ci_reporter.cli.kept import completed
from ci_reporter.cli.place import Place, sinks
from ci_reporter.errors import CIReporterError, DeliveryError, StateError
from ci_reporter.http import Deadline
from ci_reporter.journal import Running
from ci_reporter.metrics import Samples
from ci_reporter.model import Report, Run
from ci_reporter.schema import to_json
from ci_reporter.sinks import openmetrics
from ci_reporter.surfaces import terminal

_ORPHAN_BUDGET_S = 0.5  # who lost its parent is about to be killed


def prepare(place: Place, run: Run) -> Run:
    """Load what the aftermath needs and ask git for what identifies the run where the environment did not say it."""
    if place.sink_names:
        http.prepare()
    if place.config.pushgateway or place.config.openmetrics:
        metrics.prepare()
    if _reads(place):
        from ci_reporter.cli import reports  # noqa: F401
    if run.repository and run.revision and run.revision != "HEAD":
        return run

    from ci_reporter.providers import git

    return git.fill(run, place.folder, place.env)


def _reads(place: Place) -> bool:
    config = place.config
    limits = (config.coverage_min_pct, config.coverage_drop_points, config.tests_min)
    return bool(config.coverage or config.tests) or limits != (None, None, None)


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """A command that has ended. `before_s` is the time we took before it started, `ended` the moment it ended.

    Report files older than `files_since` are not the step's own.
    """

    place: Place
    running: Running | None
    command: Sequence[str]
    masks: frozenset[str]
    before_s: float
    ended: float
    files_since: str | None = None

    def conclude(self, report: Report, warnings: Sequence[str]) -> int:
        """Record, deliver, say; the exit code to end with: the command's own, unless it is 0 and not enough."""
        about_measures: Sequence[str] = ()
        if self.command:
            report, about_measures = completed(self.place, report, self.command, self.masks)
        deadline = self._deadline(report)
        missed, about_files, report = self._read(report, deadline)
        recorded, about_state = self._recorded(report)
        delivered = Delivered() if self.place.config.dry_run else self._delivered(report, deadline)
        kept = "'ci-reporter flush' sends it again" if recorded or self.running else "it could not be kept either"
        lost = [f"not delivered: {why}; {kept}" for why in delivered.reasons]
        fate = self._fate(delivered, recorded=recorded)
        for problem in (*warnings, *about_measures, *about_files, *about_state, *delivered.notes, *lost):
            output.warn(problem, self.place.env)
        for limit in missed:
            output.fail(limit, self.place.env)
        self._say(report, fate)
        if report.step.exit_code or missed:
            return report.step.exit_code or CIReporterError.exit_code
        return DeliveryError.exit_code if delivered.refused and self.place.config.strict else 0

    def _deadline(self, report: Report) -> Deadline:
        """The one deadline of everything sent from now on."""
        budget_s = self.place.config.budget_s
        return Deadline(min(budget_s, _ORPHAN_BUDGET_S) if report.step.reason == runner.ORPHANED else budget_s)

    def _read(self, report: Report, deadline: Deadline) -> tuple[Sequence[str], Sequence[str], Report]:
        """Read report files and judge them: the limits that were missed, what to say, the report with all that."""
        if not _reads(self.place):
            return (), (), report
        from ci_reporter.cli import reports

        read = reports.read(self.place, report, since=self.files_since)
        judgement = reports.judge(self.place, read.report, read.problems, deadline)
        for note in () if self.place.config.quiet else read.notes:
            output.say(f"ci-reporter: {note}")
        return judgement.missed, (*read.problems, *judgement.notes), reports.failed(read.report, judgement)

    def _recorded(self, report: Report) -> tuple[bool, list[str]]:
        """Write the record, then the OpenMetrics file; whether there is a record, and what went wrong."""
        journal = self.place.journal
        owing = () if self.place.config.dry_run else self.place.sink_names
        try:
            journal.finish(self.running, report, owing)
        except StateError as exc:  # without a running file, that the folder cannot be used has been said
            return False, [str(exc)] if self.running else []
        try:
            journal.recover(self.place.sink_names)
            if self.place.openmetrics:
                openmetrics.write(self.place.openmetrics, list(journal.reports(report.run.ci_run_id)))
        except (StateError, DeliveryError) as exc:
            return True, [str(exc)]
        return True, journal.passed_over()

    def _delivered(self, report: Report, deadline: Deadline) -> Delivered:
        targets = sinks(self.place.config, self._about_us())
        return deliver(self.place.journal, targets, report, deadline) if targets else Delivered()

    def _about_us(self) -> tuple[Samples, ...]:
        overhead_s = self.before_s + time.monotonic() - self.ended
        waiting = len(self.place.journal.spool) - (len(self.place.sink_names) if self.running else 0)
        return (
            metrics.sample_of(metrics.OVERHEAD, [((), round(overhead_s, 4))]),
            metrics.sample_of(metrics.PUSH_FAILURES, [((), float(max(0, waiting)))]),
        )

    def _say(self, report: Report, fate: str) -> None:
        config = self.place.config
        if not config.quiet:
            colour = output.colour(sys.stderr, self.place.env)
            output.say(terminal.last_line(report, fate, colour=colour))
        if config.json:
            output.result(json.dumps(to_json(report)))
        if config.dry_run:
            for sink in sinks(config, self._about_us()):
                output.result(sink.preview(report))

    def _fate(self, delivered: Delivered, *, recorded: bool) -> str:
        kept = "recorded" if recorded else "not recorded"
        if self.place.config.dry_run:
            return f"{kept}, nothing sent (dry run)"
        if delivered.refused:
            return "not delivered"
        if self.place.sink_names:
            return "pushed"
        return kept
