"""The program's commands, each in the module of its name."""

from __future__ import annotations

import click

from ci_reporter.cli.lazy import LazyGroup
from ci_reporter.version import __version__

COMMANDS = {
    "run": "Run a command and record it as a step.",
    "collect": "Record what another step left behind: coverage, test results.",
    "context": "Show where we are: run, job, branch, revision.",
    "summary": "Show the steps of this run.",
    "logs": "Find a run's log lines; give plain output its run.",
    "coverage": "Look at coverage files, merge them, hold them against a change.",
    "tests": "Look at test results: counts, failed, flaky and slow ones.",
    "stamp": "Write version, revision and run into what the job built.",
    "inspect": "Read the stamp back.",
    "flush": "Send what has not been delivered yet.",
    "gc": "Delete groups nobody pushes any more from the Pushgateway.",
    "gate": "After a deploy: decide whether the job may go green.",
    "health": "Look once at a service: port, TLS, status, revision, checks.",
    "doctor": "Check Pushgateway, Prometheus and settings; say what to do.",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter run --name unit -- pytest -q",
)
@click.version_option(__version__, prog_name="ci-reporter", message="%(prog)s %(version)s")
def cli() -> None:
    """Record what a CI step did, push it, and say what became of it.

    Settings come from options, CI_REPORTER_* variables and .ci-reporter.yml, in this order.
    """
