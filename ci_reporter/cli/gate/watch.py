"""`ci-reporter gate URL`: converge, warm up, watch, decide; act, tell, exit."""

from __future__ import annotations

import click

from ci_reporter.cli.gate.options import deciding, gate_options, probing
from ci_reporter.cli.reporting import report_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command(
    "watch",
    short_help="Converge, warm up, watch, decide; `gate URL` is short for it.",
    context_settings={"max_content_width": 100},
    epilog="Example:  ci-reporter gate https://shop.example/health --rules gate.yml --baseline before.ndjson",
)
@probing
@click.option(
    "--baseline",
    envvar="CI_REPORTER_GATE_BASELINE",
    show_envvar=True,
    metavar="FILE",
    help="Recording from before the deploy, by `gate baseline`.",
)
@deciding
@report_errors
def command(quiet: bool, as_json: bool, **given: Any) -> None:
    """Wait until the deployed revision answers everywhere, watch the service, and decide.

    Without --rules: the address must answer 2xx and healthy, less than 1 % of the probes may fail, no three in a row
    within 5 minutes. With a baseline, latency and errors are compared with it.
    """
    from ci_reporter.cli.gate.run import run_to_end, set_up
    from ci_reporter.gate.run.gate import run_gate

    run_to_end(set_up(gate_options(given), quiet=quiet), run_gate, as_json=as_json)
