"""The page of a run as Markdown: into a file, onto stdout, or below what the summary of a GitHub job has already."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.jobsummary import append_summary, summary_room
from ci_reporter.cli.writing import write_file
from ci_reporter.context import Context, masking_of
from ci_reporter.errors import StateError
from ci_reporter.gate.run.archive import gate_page
from ci_reporter.journal.records import gather_records
from ci_reporter.journal.series import covered_before
from ci_reporter.model import Report
from ci_reporter.surfaces.github import LARGEST_SUMMARY, SUMMARY
from ci_reporter.surfaces.markdown.page import RunRecords, page

_STDOUT = "-"
_FULL = "summary.md"
_NO_LIMIT = 1 << 40


records_option = click.option(
    "--records",
    multiple=True,
    metavar="GLOB",
    help="Records (steps.ndjson) of this run's other jobs; ** matches any depth.",
)


def write_page(context: Context, run: RunRecords, to: str, full: str | None) -> None:
    """Write the page of these steps to `to`, and, where it is too long for that, all of it to `full`."""
    mask = masking_of(context).mask
    most = summary_room(to) if _is_summary(context, to) else LARGEST_SUMMARY
    made = page(run, most=most)
    if made.cut:
        rest = context.path(full) if full else os.path.join(context.journal.path, _FULL)
        made = page(run, most=most, rest=_write_rest(context, rest, mask(page(run, most=_NO_LIMIT).text)))
    text = mask(made.text)
    if to == _STDOUT:
        output.result(text.rstrip("\n"))
    elif _is_summary(context, to):
        append_summary(text, context.env)
    else:
        write_file(context.path(to), text)


def _write_rest(context: Context, path: str, text: str) -> str:
    """Write the whole page; where it is, from the working folder. Without it the short one is still worth having."""
    try:
        write_file(path, text)
    except StateError as exc:
        output.warn(str(exc), context.env)
        return ""
    return os.path.relpath(path, context.folder)


def reports_of(context: Context, ci_run_id: str, records: Sequence[str]) -> tuple[list[Report], list[str]]:
    """The steps of a run, also those in files of its other jobs, in the order they started; and what could not be read.

    The latter is a warning already.
    """
    theirs, problems = gather_records(records, context.folder)
    for problem in problems:
        output.warn(problem, context.env)
    every = (*theirs, *context.journal.reports(ci_run_id))
    found = {each.report_id: each for each in every if each.run.ci_run_id == ci_run_id}
    return sorted(found.values(), key=lambda each: each.step.started_at or ""), problems


def records_of(context: Context, reports: Sequence[Report], unread: Sequence[str] = ()) -> RunRecords:
    """These steps with what the state folder knows of their past and gates, and with what could not be read."""
    return RunRecords(
        reports=tuple(reports),
        before=_before(context, reports),
        gates=_gates(context, reports),
        unread=(*unread, *context.journal.foreign_files_warning()),
    )


def _before(context: Context, reports: Sequence[Report]) -> Mapping[str, Report]:
    """The earlier record that the coverage of each step is compared with, by report id."""
    if all(report.coverage_pct is None for report in reports):
        return {}
    records = list(context.journal.reports())
    found = ((report.report_id, covered_before(report, records)) for report in reports)
    return {report_id: earlier for report_id, earlier in found if earlier}


def _gates(context: Context, reports: Sequence[Report]) -> Mapping[str, str]:
    """The pages of the gates among the steps, by report id."""
    folder = os.path.join(context.journal.path, "gate")
    return {report.report_id: gate_page(folder, report.report_id) for report in reports if report.gate}


def _is_summary(context: Context, path: str) -> bool:
    return bool(path) and path == context.env.get(SUMMARY)
