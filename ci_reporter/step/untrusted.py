"""Records of a run that nobody trusts, such as that of a fork's pull request: what is taken from them, and what is not.

Whoever writes a record can write anything: that it was another run, of the default branch, in the year 2099; ten
thousand names, each of which would be a series that a Pushgateway keeps. So the run is the one that the CI system
names, times are those of that run, and the number of names is limited. What remains is the author's word: which steps
there were, how they ended, how long they took, coverage and tests.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence

from ci_reporter.context import Context
from ci_reporter.frozen import Frozen, replace
from ci_reporter.journal.records import gather_records
from ci_reporter.model import Coverage, Report, Run, Step, seconds_of
from ci_reporter.sinks.configured import sink_names, sinks
from ci_reporter.step.deliver import Delivery, deliver
from ci_reporter.system.deadline import Deadline

MOST_RECORDS = 100
_LONGEST_NAME = 100
_CLOCKS_DIFFER_S = 300.0
_LARGEST_CODE, _ALL_PCT, _LARGEST_COUNT = 255, 100.0, 10**9
_UNITS = ("line", "statement", "instruction", "region", "branch")
# With the run, the job and the step it gives a record its id: published twice, it is the same record.
_NAMESPACE = uuid.UUID("5b0e1d0c-6d0f-5c3a-9a3e-0f6a3a1c9d51")


class Adopted(Frozen):
    """The records that were taken, how many were not, and what there is to say."""

    reports: tuple[Report, ...] = ()
    left_out: int = 0
    undelivered: bool = False
    warnings: tuple[str, ...] = ()


def collect_untrusted(context: Context, run: Run, started: str, patterns: Sequence[str]) -> Adopted:
    """Record and deliver what files tell of a run. Raises StateError where nothing can be written."""
    theirs, problems = gather_records(patterns, context.folder)
    reports = adopt(theirs, run, (seconds_of(started) or 0.0, time.time()))
    names, journal = sink_names(context.config), context.journal
    known = {each.report_id for each in journal.reports(run.ci_run_id)}
    for report in reports:
        if report.report_id not in known:
            journal.finish(None, report, () if context.config.dry_run else names)
    targets = () if context.config.dry_run else sinks(context)
    delivery = deliver(journal, targets, None, Deadline(context.config.budget_s)) if targets and reports else Delivery()
    lost = (f"not delivered: {why}; 'ci-reporter flush' sends it again" for why in delivery.reasons)
    return Adopted(
        reports=reports,
        left_out=len(theirs) - len(reports),
        undelivered=bool(delivery.reasons),
        warnings=(*problems, *delivery.notes, *lost),
    )


def adopt(theirs: Sequence[Report], run: Run, between: tuple[float, float]) -> tuple[Report, ...]:
    """The records as those of this run, which lasted from one moment to the other, in seconds since the epoch."""
    found: dict[tuple[str, str], Report] = {}
    for each in theirs:
        if _is_within(each, between):
            taken = _trustworthy_part(each, run)
            found.setdefault((taken.run.job_name or "", taken.step.name), taken)
    return tuple(found.values())[:MOST_RECORDS]


def _is_within(report: Report, between: tuple[float, float]) -> bool:
    """Whether a step can have been of the run: a time of tomorrow would make all later records of it out of date."""
    times = [seconds_of(report.step.started_at), seconds_of(report.step.finished_at)]
    first, last = between[0] - _CLOCKS_DIFFER_S, between[1] + _CLOCKS_DIFFER_S
    return all(each is not None and first <= each <= last for each in times)


def _trustworthy_part(report: Report, run: Run) -> Report:
    """The record without what it says of its run, of a deploy, and in free text."""
    job, name = _name(report.run.job_name or "unknown"), _name(report.step.name)
    started, finished = report.step.started_at, report.step.finished_at
    exit_code, pct = report.step.exit_code, report.coverage_pct
    step = Step(
        name=name,
        result=report.step.result,
        started_at=started,
        finished_at=finished,
        duration_ms=max(0, round(((seconds_of(finished) or 0.0) - (seconds_of(started) or 0.0)) * 1000)),
        exit_code=exit_code if exit_code is not None and 0 <= exit_code <= _LARGEST_CODE else None,
    )
    return Report(
        report_id=str(uuid.uuid5(_NAMESPACE, "\n".join((run.ci_run_id, job, name)))),
        run=replace(run, job_name=job),
        step=step,
        coverage_pct=pct if pct is not None and 0 <= pct <= _ALL_PCT else None,
        coverage=_coverage(report.coverage),
        tests=report.tests if report.tests and _is_possible(vars(report.tests)) else None,
        tags={"untrusted": "true"},
    )


def _coverage(theirs: Coverage | None) -> Coverage | None:
    """Coverage of a unit that there is: the unit is a label."""
    return theirs if theirs and theirs.unit in _UNITS and _is_possible(vars(theirs)) else None


def _is_possible(counts: Mapping[str, object]) -> bool:
    """Whether counts are such as a project can have."""
    return all(0 <= each <= _LARGEST_COUNT for each in counts.values() if isinstance(each, int))


def _name(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text[:_LONGEST_NAME])
