"""`ci-reporter gate judge`: decide from recordings, without a network."""

from __future__ import annotations

import json
import os
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors


@click.command(
    "judge",
    short_help="Judge a recording: the verdict, and when it was due.",
    epilog="Example:  ci-reporter gate judge --baseline before.ndjson --watch after.ndjson",
)
@click.option("--watch", required=True, envvar="CI_REPORTER_GATE_WATCH", metavar="FILE", help="Recording of the watch.")
@click.option(
    "--baseline", envvar="CI_REPORTER_GATE_BASELINE", metavar="FILE", help="Recording from before the deploy."
)
@click.option("--rules", "rules_path", envvar="CI_REPORTER_GATE_RULES", metavar="FILE", help="Rules, as gate.yml.")
@click.option("--on", "environment", envvar="CI_REPORTER_GATE_ON", metavar="NAME", help="Only rules `on` that deploy.")
@click.option("--json", "as_json", is_flag=True, help="The verdict as one JSON object.")
@report_errors
def command(watch: str, baseline: str | None, rules_path: str | None, environment: str | None, as_json: bool) -> None:
    """Judge a recording offline: the verdict, and when it would have been reached.

    Exit codes: 0 pass, 1 fail, 2 a file is wrong, 3 inconclusive under `inconclusive: fail`.
    """
    from ci_reporter.cli.gate import text
    from ci_reporter.gate.offline import judge_recording
    from ci_reporter.gate.verdict import to_json

    verdict = judge_recording(watch, baseline=baseline, rules=rules_path, on=environment)
    for note in verdict.notes:
        output.warn(note, os.environ)
    if as_json:
        output.result(json.dumps(to_json(verdict), allow_nan=False))
    else:
        output.result(text.verdict_text(verdict, colour=output.colour(sys.stdout, os.environ)))
    sys.exit(verdict.exit_code)
