"""`ci-reporter gate around -- CMD`: baseline, deploy, converge, watch, in one command."""

from __future__ import annotations

from functools import partial

import click

from ci_reporter.cli.gate.options import deciding, gate_options, probing
from ci_reporter.cli.reporting import report_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.gate.run.outcome import Deploy
    from ci_reporter.model import Step


class _Around(click.Command):
    """What stands behind `--` is the deploy, whatever it looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.obj = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


@click.command(
    "around",
    cls=_Around,
    short_help="Baseline, deploy, converge, watch, in one command.",
    context_settings={"max_content_width": 100},
    epilog="Example:  ci-reporter gate around https://shop.example/health -- ./deploy.sh",
    options_metavar="[OPTIONS] [URL] -- COMMAND...",
)
@probing
@click.option("--window", metavar="TIME", envvar="CI_REPORTER_GATE_WINDOW", show_envvar=True, help="Of the baseline.")
@deciding
@click.pass_context
@report_errors
def command(ctx: click.Context, /, quiet: bool, as_json: bool, **given: Any) -> None:
    """Record a baseline, run the deploy as a step of its own, and gate it.

    A deploy that fails is not watched: the exit code is then 7, and the deploy's own is in the record.
    """
    from ci_reporter.cli.gate.run import run_to_end, set_up
    from ci_reporter.errors import UsageError
    from ci_reporter.gate.run.around import run_gate_around

    argv: list[str] = ctx.obj
    if not argv:
        raise UsageError("gate around: no command (write it behind --: gate around URL -- ./deploy.sh)")
    setup = set_up(gate_options(given), quiet=quiet, compared=True)
    decide = partial(run_gate_around, deploy=lambda: _deploy(argv, quiet=quiet))
    run_to_end(setup, decide, as_json=as_json)


def _deploy(argv: list[str], *, quiet: bool) -> Deploy:
    """Run the deploy command as a step of this run."""
    from ci_reporter.cli.execute import record_command
    from ci_reporter.gate.run.outcome import Deploy
    from ci_reporter.model import Result

    code, step = record_command({"name": "deploy", "quiet": quiet or None}, argv)
    if step.result != Result.CANCELLATION:
        return Deploy(exit_code=code)
    return Deploy(exit_code=code, signal=_signal(step))


def _signal(step: Step) -> int:
    """The signal that a deploy was told to stop by: a command that cleans up and exits with 9 has not died of it."""
    import re
    from signal import SIGTERM, Signals

    told = re.search(r"told to stop by (SIG[A-Z]+)", step.reason or "")
    return Signals[told[1]] if told else Signals[f"SIG{step.signal}"] if step.signal else SIGTERM
