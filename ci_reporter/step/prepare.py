"""What the end of a step needs: modules loaded ahead, and what git knows of the run."""

from __future__ import annotations

from ci_reporter import http, metrics
from ci_reporter.context import Context
from ci_reporter.model import Run
from ci_reporter.sinks.configured import sink_names


def prepare(context: Context, run: Run) -> Run:
    """Load what recording and delivery need; ask git for what identifies the run where the environment does not."""
    config = context.config
    if sink_names(config):
        http.prepare()
    if config.pushgateway or config.openmetrics:
        metrics.prepare()
    if run.repository and run.revision and run.revision != "HEAD":
        return run

    from ci_reporter.providers import git

    return git.fill(run, context.folder, context.env)
