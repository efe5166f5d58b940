"""`ci-reporter alerts`: what the alert rules watch, and what they would have said."""

from __future__ import annotations

import click

from ci_reporter.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    "lint": "Check the alert rules: what each watches, what it can never decide.",
    "try": "Hold the rules against kept records: what would have been said, to whom, when.",
}


@click.group(
    "alerts",
    cls=LazyGroup,
    lazy=_SUBCOMMANDS,
    prefix="alerts.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter alerts try --report .ci-reporter/steps.ndjson",
)
def command() -> None:
    """Check and try the alert rules of .ci-reporter.yml. Nothing is sent."""
