"""`ci-reporter gate lint`: errors and warnings of a rules file."""

from __future__ import annotations

import os

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors


@click.command(
    "lint", short_help="Check a rules file: errors and warnings.", epilog="Example:  ci-reporter gate lint gate.yml"
)
@click.argument("path", metavar="FILE")
@report_errors
def command(path: str) -> None:
    """Check a rules file: exit 2 for an error or a rule that can never fail; warnings for what is only suspicious."""
    from ci_reporter.gate.rules import rulefile, undecidable
    from ci_reporter.gate.rules.lint import warnings

    rules = rulefile.load(path)
    found = warnings(rules)
    for warning in found:
        output.warn(warning, os.environ)
    undecidable.check(rules, undecidable.planned_facts(rules))
    counted = "1 rule" if len(rules.rules) == 1 else f"{len(rules.rules)} rules"
    output.result(f"{path}: {counted}, {len(found) or 'no'} warning{'' if len(found) == 1 else 's'}")
