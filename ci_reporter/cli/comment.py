"""`ci-reporter comment`: the page of this run as a comment on its pull or merge request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

import click

from ci_reporter.cli import output
from ci_reporter.cli.page import records_of, records_option, reports_of
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import Context, current_run, masking_of, recorded_run_id
from ci_reporter.errors import DeliveryError, StateError, UsageError
from ci_reporter.http.github import LONGEST_COMMENT as LONGEST_ON_GITHUB
from ci_reporter.http.gitlab import LONGEST_COMMENT as LONGEST_ON_GITLAB
from ci_reporter.model import Run
from ci_reporter.sinks.configured import sink_names
from ci_reporter.step.change import Change, change_of
from ci_reporter.step.comment import Body, Fate, body, key_of, write_comment
from ci_reporter.step.upstream import COMMENT, token_of, upstream
from ci_reporter.surfaces.markdown.page import RunRecords, page
from ci_reporter.system.deadline import Deadline

_NAMES = {"github": ("pull request", "#"), "gitlab": ("merge request", "!")}
_SAID = {
    Fate.CREATED: "commented on {}",
    Fate.UPDATED: "gave our comment on {} a new text",
    Fate.UNCHANGED: "our comment on {} says this already",
    Fate.NEWER: "our comment on {} is of a newer run and stays as it is",
}


@click.command("comment", epilog="Example:  ci-reporter comment --key unit-tests")
@click.option(
    "--key",
    metavar="KEY",
    envvar="CI_REPORTER_COMMENT_KEY",
    help="What tells this comment from other ones of ours. Default: the pipeline's name.  [CI_REPORTER_COMMENT_KEY]",
)
@click.option("--change", metavar="NUMBER", help="The pull or merge request. Default: the one of this run.")
@click.option("--run", "run_id", metavar="CI_RUN_ID", help="The steps of that run. Default: of this run.")
@records_option
@click.option("--dry-run", is_flag=True, help="Print the comment, and send nothing.")
@click.option("--strict", is_flag=True, help="Exit 70 when the comment could not be written.")
@report_errors
def command(
    key: str | None,
    change: str | None,
    run_id: str | None,
    records: Sequence[str],
    dry_run: bool,
    strict: bool,
) -> None:
    """Comment on the pull or merge request: what failed, every step, coverage and its change, the gate.

    There is one comment for each key: the first run writes it, each later run gives it a new text. It needs a token in
    CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN with `pull-requests: write`, or in CI_REPORTER_GITLAB_TOKEN or GITLAB_TOKEN
    with the scope `api`. Without a change, a token or records nothing happens. A failure does not fail the job, unless
    --strict says so.
    """
    if key is not None and key != key_of(key):
        raise UsageError(f"option --key: {key[:40]!r} is not a key (write letters, digits, '.', '_' and '-')")
    context = current_context()
    run = current_run(context)
    ci_run_id = run_id or recorded_run_id(context)
    found = _records(context, ci_run_id, records)
    reports = found.reports
    compose = partial(_body, context, found, key or key_of(run.pipeline or ""), run)
    if dry_run and reports:
        output.result(compose(LONGEST_ON_GITHUB if run.provider == "github" else LONGEST_ON_GITLAB).text.rstrip())
        return
    about = change_of(context, run, change)
    if why_not := _why_not(context, run, about) if reports else f"no step of run {ci_run_id} is recorded":
        output.say(f"ci-reporter: no comment: {why_not}")
    elif about and not _write(context, run, about, compose) and (strict or context.config.strict):
        sys.exit(DeliveryError.exit_code)


def _records(context: Context, ci_run_id: str, records: Sequence[str]) -> RunRecords:
    """The steps of the run, also those in files of its other jobs, in the order they started."""
    try:
        context.journal.recover(sink_names(context.config))
    except StateError as exc:
        output.warn(str(exc), context.env)
    return records_of(context, *reports_of(context, ci_run_id, records))


def _why_not(context: Context, run: Run, about: Change | None) -> str:
    """Why there will be no comment: these are everyday cases, so nobody is warned."""
    if run.provider not in _NAMES:
        return "this is neither a job of GitHub Actions nor of GitLab CI"
    name, _ = _NAMES[run.provider]
    if about is None:
        return f"this run is of no {name}"
    if token_of(context, run) is None:
        return f"there is no token, as in a job of a fork (set CI_REPORTER_{run.provider.upper()}_TOKEN)"
    return ""


def _body(context: Context, records: RunRecords, key: str, run: Run, most: int) -> Body:
    """The page of these steps as a comment of at most so many bytes, and so of at most so many characters."""
    masking = masking_of(context)
    room = most
    while True:
        found = body(masking.mask(page(records, most=room).text), key, run)
        excess = len(found.text.encode("utf-8", "replace")) - most
        if excess <= 0:
            return found
        room -= excess


def _write(context: Context, run: Run, about: Change, compose: Callable[[int], Body]) -> bool:
    """Write the comment, and say what became of it; False where it failed."""
    api = upstream(context, run, COMMENT, about.repository)
    where = f"{about.repository or run.repository}{_NAMES[run.provider][1]}{about.number}"
    try:
        fate = write_comment(api, about.number, compose(api.longest_comment), Deadline(context.config.budget_s))
    except DeliveryError as exc:
        if about.from_fork:
            output.say(f"ci-reporter: no comment on {where}, which comes from a fork: {exc}")
            return True
        output.warn(f"no comment on {where}: {exc}", context.env)
        return False
    output.say(f"ci-reporter: {_SAID[fate].format(where)}")
    return True
