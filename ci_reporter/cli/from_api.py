"""What `ci-reporter collect --from-api` says: a line for each job that it recorded, and what it left out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from ci_reporter.cli import output
from ci_reporter.context import Context, current_run
from ci_reporter.errors import DeliveryError, StateError
from ci_reporter.schema import to_json
from ci_reporter.step.from_api import Collected, collect_jobs
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from ci_reporter.http.upstream import Job

_MOST_NAMES = 10


def collect_from_api(context: Context, records: Sequence[str]) -> NoReturn:
    """Record the jobs of this run that nobody recorded, say so, exit. A failure fails the job only with --strict."""
    try:
        found = collect_jobs(context, current_run(context), records)
    except (DeliveryError, StateError) as exc:
        output.warn(f"the jobs of this run are not recorded: {exc}", context.env)
        sys.exit(DeliveryError.exit_code if context.config.strict else 0)
    _show(context, found)
    sys.exit(DeliveryError.exit_code if context.config.strict and found.undelivered else 0)


def _show(context: Context, found: Collected) -> None:
    quiet, painted = context.config.quiet, output.colour(sys.stderr, context.env)
    for warning in found.warnings:
        output.warn(warning, context.env)
    for note in () if quiet else found.notes:
        output.say(f"ci-reporter: {note}")
    for report in () if quiet else found.reports:
        output.say(terminal.last_line(report, _fate(context, found), colour=painted))
    if not quiet:
        output.say(f"ci-reporter: {'; '.join(_sentence(found))}")
    for report in found.reports if context.config.json else ():
        output.result(json.dumps(to_json(report)))
    for preview in found.previews:
        output.result(preview)


def _fate(context: Context, found: Collected) -> str:
    if context.config.dry_run:
        return "recorded, nothing sent (dry run)"
    if not context.config.sinks:
        return "recorded"
    return "recorded, not all delivered" if found.undelivered else "pushed"


def _sentence(found: Collected) -> Iterator[str]:
    """What became of all jobs, in the parts of a sentence."""
    jobs = found.jobs
    yield f"{_count(len(found.reports))} recorded"
    if jobs.covered:
        yield f"{_count(len(jobs.covered))} had a record already"
    if jobs.running:
        yield f"{_count(len(jobs.running))} not over yet, so not recorded: {_names(jobs.running)}"
    if jobs.earlier:
        yield f"{_count(len(jobs.earlier))} of another attempt left out"
    if jobs.unclear:
        ends = ", ".join(dict.fromkeys(repr(each.status) for each in jobs.unclear))
        yield f"{_count(len(jobs.unclear))} left out for an end that is not known ({ends}): {_names(jobs.unclear)}"


def _names(jobs: Sequence[Job]) -> str:
    shown = [terminal.plain(each.name) for each in jobs[:_MOST_NAMES]]
    more = len(jobs) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _count(jobs: int) -> str:
    return "1 job" if jobs == 1 else f"{jobs} jobs"
