"""`ci-reporter alerts lint`: the rules, what each watches, and what it can never decide."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import Context
from ci_reporter.errors import UsageError
from ci_reporter.notify.policies.lint import sentence, warnings
from ci_reporter.notify.policies.policy import Policy


@click.command(
    "lint",
    short_help="Check the alert rules: what each watches, what it can never decide.",
    epilog="Example:  ci-reporter alerts lint",
)
@report_errors
def command() -> None:
    """Check the rules under `alerts:` in .ci-reporter.yml.

    Exit 2 for a rule that is wrong; a warning for one that can never say anything, or not here.
    """
    context = current_context()
    rules = rules_of(context)
    found = warnings(rules, context)
    for rule in rules:
        output.result(sentence(rule))
    for warning in found:
        output.warn(warning, os.environ)
    counted = "1 rule" if len(rules) == 1 else f"{len(rules)} rules"
    output.result(f"{counted}, {len(found) or 'no'} warning{'' if len(found) == 1 else 's'}")


def rules_of(context: Context) -> Sequence[Policy]:
    """The rules of the settings. Raises UsageError for a wrong one, and where there are none."""
    from ci_reporter.step.alerts import policies

    found = policies(context.config)
    if not found:
        raise UsageError('there are no alert rules (write alerts: with - if: "result == failure" to .ci-reporter.yml)')
    return found
