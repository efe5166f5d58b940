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
    if run.repository and run.revision and run.revision != "HEAD":
        return run

    from ci_reporter.providers import git

    return git.fill(run, context.folder, context.env)
