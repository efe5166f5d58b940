"""What the command line says at the end of a step: warnings, missed limits, one line; a machine gets the record."""

from __future__ import annotations

import json
import sys

from ci_reporter.cli.jobsummary import append_summary
from ci_reporter.cli.output import colour, fail, result, say, warn
from ci_reporter.context import Context
from ci_reporter.model import Report
from ci_reporter.schema import to_json
from ci_reporter.step.finish import Conclusion
from ci_reporter.surfaces import github, terminal
from ci_reporter.surfaces.failures import failed_count


def show(conclusion: Conclusion, context: Context, *, as_json: bool = False) -> None:
    """Say all that a conclusion has to say; `as_json` prints the record on stdout."""
    config = context.config
    for note in () if config.quiet else conclusion.notes:
        say(f"ci-reporter: {note}")
    for warning in conclusion.warnings:
        warn(warning, context.env)
    for limit in conclusion.missed:
        fail(limit, context.env)
    if config.ci_summary != "none" and context.env.get("GITHUB_ACTIONS") == "true":
        _annotate(conclusion, context)
        if config.ci_summary == "step":
            append_summary(github.summary(conclusion.report, conclusion.failed), context.env)
    if not config.quiet:
        painted = colour(sys.stderr, context.env)
        say(terminal.last_line(conclusion.report, conclusion.fate, colour=painted))
    if as_json:
        result(json.dumps(to_json(conclusion.report)))
    for preview in conclusion.previews:
        result(preview)


def _annotate(conclusion: Conclusion, context: Context) -> None:
    """Show failed tests at their lines of the change; missed limits are annotations, too."""
    if not conclusion.failed:
        return
    report = conclusion.report
    most = min(
        github.MOST_ANNOTATIONS - len(conclusion.missed), github.MOST_OF_A_JOB - _annotations_so_far(context, report)
    )
    for line in github.annotate(conclusion.failed, most, failed_count(report)):
        say(line)


def _annotations_so_far(context: Context, report: Report) -> int:
    """How many annotations earlier steps of this job have made, at most."""
    earlier = context.journal.reports(report.run.ci_run_id)
    return sum(
        min(github.MOST_ANNOTATIONS, failed_count(each))
        for each in earlier
        if each.run.job_name == report.run.job_name and each.report_id != report.report_id
    )
