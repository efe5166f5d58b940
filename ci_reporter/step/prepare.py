"""What the end of a step needs: modules loaded ahead, and what git knows of the run.

Most steps have no sink, and then nothing that talks to one is imported, here or in `finish`.
"""

from __future__ import annotations

from ci_reporter.config import Config
from ci_reporter.context import Context
from ci_reporter.model import Run
from ci_reporter.sinks.configured import sink_names
from ci_reporter.step.limits import any_set
from ci_reporter.step.start import tells_people


def reads_reports(config: Config) -> bool:
    """Whether report files are read when the step ends."""
    return bool(config.coverage or config.tests) or any_set(config)


def prepare_command(context: Context, run: Run) -> Run:
    """Load what the end of a command needs, and ask git; called while the command runs."""
    if reads_reports(context.config):
        from ci_reporter.step import baseline, reports  # noqa: F401
    return prepare(context, run)


def prepare(context: Context, run: Run) -> Run:
    """Load what recording and delivery need; ask git for what identifies the run where the environment does not."""
    config = context.config
    if tells_people(config):
        from ci_reporter.step import alerts  # noqa: F401
    if sink_names(config):  # most steps have nothing to tell: a channel loads what it needs when there is something
        from ci_reporter import http

        http.prepare()
    if "pushgateway" in config.sinks or config.openmetrics:
        from ci_reporter import metrics

        metrics.prepare()
    run = _with_commit_time_in_utc(run)
    is_deploy = bool(config.environment and not run.committed_at)  # a deploy's lead time begins with its commit
    if run.repository and run.revision and run.revision != "HEAD" and not is_deploy:
        return run

    from ci_reporter.providers import git

    return git.fill(run, context.folder, context.env, for_deploy=is_deploy)


def _with_commit_time_in_utc(run: Run) -> Run:
    """CI systems write the time of a commit in its author's zone; what is not a time is left out."""
    if run.committed_at is None:
        return run
    from ci_reporter.frozen import replace
    from ci_reporter.model import rfc3339, seconds_of

    committed_s = seconds_of(run.committed_at)
    return replace(run, committed_at=None if committed_s is None else rfc3339(committed_s))
