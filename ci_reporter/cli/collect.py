"""`ci-reporter collect`: a job that nobody wrapped, or report files that another step made, as a step."""

from __future__ import annotations

import re
import sys
import time

import click

from ci_reporter.cli.conclusion import show
from ci_reporter.cli.options import spread
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import RUN_SETTINGS, explicit_options, option
from ci_reporter.cli.started import STARTED
from ci_reporter.context import current_run
from ci_reporter.errors import UsageError
from ci_reporter.model import Result, seconds_of
from ci_reporter.providers.status import result_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ci_reporter.context import Context
    from ci_reporter.step.collect import JobEnd

_OF_A_COMMAND = frozenset(
    {"timeout_s", "grace_s", "retries", "outlive_parent", "shell", "tail_bytes", "wrap_logs", "record_command"}
)


@report_errors
def _collect(
    result: str | None,
    started: str | None,
    from_api: bool,
    records: tuple[str, ...],
    untrusted: tuple[str, ...],
    **options: Any,
) -> None:
    from ci_reporter.step.collect import collect

    context = current_context(explicit_options(options))
    job = _job_end(result, started)
    if untrusted:
        _from_untrusted(context, job or from_api or records or options["coverage"] or options["tests"], untrusted)
    if from_api or records:
        files = options["coverage"] or options["tests"]
        _from_api(context, from_api, job or files, records)
    if not (job or context.config.coverage or context.config.tests):
        raise UsageError(
            "collect: nothing to record (name files with --coverage or --tests, or how a job ended with --result, or"
            " give --from-api)"
        )
    conclusion = collect(context, current_run(context), job, before_s=time.monotonic() - STARTED)
    show(conclusion, context, as_json=context.config.json)
    sys.exit(conclusion.exit_code)


def _from_api(context: Context, from_api: bool, more: object, records: tuple[str, ...]) -> NoReturn:
    """Record the jobs that the API tells. Raises UsageError for what does not go with that."""
    from ci_reporter.cli.from_api import collect_from_api

    if not from_api:
        raise UsageError("collect: --records goes with --from-api")
    if more:
        raise UsageError("collect: --from-api reads no files and takes no --result (call collect once for each)")
    collect_from_api(context, records)


def _from_untrusted(context: Context, more: object, patterns: tuple[str, ...]) -> NoReturn:
    """Record what another run has recorded. Raises UsageError for what does not go with that."""
    from ci_reporter.cli.untrusted import collect_from_untrusted

    if more:
        raise UsageError("collect: --untrusted goes with nothing else (call collect once for each)")
    collect_from_untrusted(context, patterns)


def _job_end(result: str | None, started: str | None) -> JobEnd | None:
    """What --result and --started say. Raises UsageError."""
    from ci_reporter.step.collect import JobEnd

    if result is None:
        if started is not None:
            raise UsageError("collect: --started is of a job whose --result is given, too")
        return None
    found = result_of(result)
    if found is None:
        words = ", ".join(Result)
        raise UsageError(f"collect: --result {result!r} is not a result (write {words}, or your CI system's word)")
    return JobEnd(result=found, started_s=None if started is None else _seconds(started))


def _seconds(started: str) -> float:
    """Seconds since the epoch, from such seconds or from RFC 3339. Raises UsageError."""
    found = float(started) if re.fullmatch(r"\d{1,10}(\.\d{1,9})?", started, re.ASCII) else seconds_of(started)
    if found is None:
        raise UsageError(
            f"collect: --started {started!r} is not a time (write seconds since the epoch, as `date +%s` prints them,"
            " or 2026-01-31T12:00:00Z)"
        )
    return found


class _Collect(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread([*args, "--"], RUN_SETTINGS)[:-1] if "--" not in args else args)


command = _Collect(
    "collect",
    callback=_collect,
    params=[
        click.Option(
            ["--result"],
            metavar="RESULT",
            help="Record the job, which ended like this: success, failure, error, timeout, cancellation, skip, or "
            "the CI system's word for it, such as $CI_JOB_STATUS.",
        ),
        click.Option(
            ["--started"],
            metavar="TIME",
            help="With --result: when the job started, in seconds since the epoch or as 2026-01-31T12:00:00Z.",
        ),
        click.Option(
            ["--from-api"],
            is_flag=True,
            help="Ask GitHub or GitLab for the jobs of this run, and record those that have no record.",
        ),
        click.Option(
            ["--records"],
            multiple=True,
            metavar="GLOB",
            help="With --from-api: records (steps.ndjson) of other jobs, to know what they have recorded; ** "
            "matches any depth.",
        ),
        click.Option(
            ["--untrusted"],
            multiple=True,
            metavar="GLOB",
            help="In a GitHub workflow `on: workflow_run`: take these records (steps.ndjson) of the run that started "
            "it, such as that of a fork's pull request. Which run it was is not read from them.",
        ),
        *(
            option(flag, setting)
            for flag, setting in RUN_SETTINGS.items()
            if flag.startswith("--") and setting.field not in _OF_A_COMMAND
        ),
    ],
    context_settings={"max_content_width": 100},
    help="""Record what another step left behind: coverage and test results of files that are there already.

    The record is a step of its own, called `collect` unless --name says otherwise. A file that cannot be read
    is a warning; with --strict-reports it fails the step.

    With --result it is the record of a job that ended without being wrapped, called as the job is: for hooks such as
    GitLab's after_script, where only the CI system's word is left. Files from before its start are not counted; a limit
    that it misses is a warning. Exit code, CPU time and memory are unknown.

    With --from-api, in the last job of a run, it records the jobs whose image has no Python: name, result, duration, as
    the CI system tells them. It needs a token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN that may read actions, or in
    CI_REPORTER_GITLAB_TOKEN or GITLAB_TOKEN with the scope read_api.""",
    epilog="Example:  ci-reporter collect --name reports --coverage coverage.xml --tests 'build/**/TEST-*.xml'",
)
