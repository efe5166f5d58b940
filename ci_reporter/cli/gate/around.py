"""`ci-reporter gate around -- CMD`: baseline, deploy, converge, watch, in one command."""

from __future__ import annotations

import sys

import click

from ci_reporter.cli.gate.options import deciding, probing
from ci_reporter.cli.reporting import reported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
@reported
def command(ctx: click.Context, /, **given: Any) -> None:
    """Record a baseline, run the deploy as a step of its own, and gate it.

    A deploy that fails is not watched: its exit code is ours.
    """
    from ci_reporter.cli.execute import record_command
    from ci_reporter.cli.gate.run import Gate
    from ci_reporter.cli.gate.session import Before
    from ci_reporter.errors import UsageError

    deploy: list[str] = ctx.obj
    if not deploy:
        raise UsageError("gate around: no command (write it behind --: gate around URL -- ./deploy.sh)")
    gate = Gate.of(given, compared=True)
    before = Before(recording=gate.session.baseline(), origin="the minutes before the deploy")
    code = record_command({"name": "deploy", "quiet": given["quiet"] or None}, deploy)
    if code:
        gate.session.progress.say(f"the deploy ended with {code}, so there is nothing to watch")
        sys.exit(code)
    gate.end(gate.look(before))
