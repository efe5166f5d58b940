"""`ci-reporter doctor`: check everything that a push needs; say what works and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.cli.run import explicit_options, option, sink_options
from ci_reporter.config import PrometheusSettings
from ci_reporter.context import Context, current_run
from ci_reporter.sinks import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOWHERE = (
    "no sink is set: steps are recorded here and sent nowhere"
    " (set CI_REPORTER_PUSHGATEWAY, or 'pushgateway' in .ci-reporter.yml, to push them)"
)


@click.command(
    "doctor", epilog="Example:  ci-reporter doctor --pushgateway http://gw:9091 --prometheus http://prom:9090"
)
@report_errors
def command(**where: Any) -> None:
    """Check settings, state folder, sinks and Prometheus; exit 1 when one of them needs your attention."""
    well = True
    for finding in _findings(current_context(explicit_options(where))):
        well = well and finding.ok
        output.result(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.seen}")
        if not finding.ok:
            output.result(f"      → {finding.remedy}")
    sys.exit(0 if well else 1)


command.params = [*sink_options(), *(option(each.flag, each) for each in PrometheusSettings.declared if each.main)]


def _findings(context: Context) -> Iterator[Finding]:
    run = current_run(context)
    yield Finding(ok=True, seen=f"settings are valid; this is {run.provider}, run {run.ci_run_id}")
    yield _state_folder(context.journal.path)
    for settings in context.config.sinks.values():
        yield from settings.findings(context)
    if not context.config.sinks:
        yield Finding(ok=True, seen=_NOWHERE)


def _state_folder(path: str) -> Finding:
    at = path
    while not os.path.exists(at):
        at = os.path.dirname(at)
    if os.path.isdir(at) and os.access(at, os.W_OK):
        return Finding(ok=True, seen=f"state folder {path}")
    remedy = "make it writable, or name another with CI_REPORTER_DIR"
    return Finding(ok=False, seen=f"state folder {path} cannot be written", remedy=remedy)
