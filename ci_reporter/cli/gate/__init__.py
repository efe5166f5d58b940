"""`ci-reporter gate`: after a deploy, decide whether the job may go green. `gate URL` is `gate watch URL`."""

from __future__ import annotations

import click

from ci_reporter.cli.lazy import LazyGroup

_SUBCOMMANDS = {
    "watch": "Converge, warm up, watch, decide; `gate URL` is short for it.",
    "baseline": "Record what is normal, before the deploy.",
    "around": "Baseline, deploy, converge, watch, in one command.",
    "judge": "Judge a recording: the verdict, and when it was due.",
    "replay": "Hold rules against the kept recordings of past deploys.",
    "aa": "Look how the rules do on a service that does not change.",
    "lint": "Check a rules file: errors and warnings.",
}


class _Gate(LazyGroup):
    """A group that takes what is not one of its commands for an argument of `watch`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*_SUBCOMMANDS, "-h", "--help"):
            args = ["watch", *args]
        return super().parse_args(ctx, args)


@click.group(
    "gate",
    cls=_Gate,
    lazy=_SUBCOMMANDS,
    prefix="gate.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter gate https://shop.example/health --watch 5m",
)
def command() -> None:
    """After a deploy: decide whether the job may go green.

    Waits until the deployed revision answers everywhere, watches it, and fails the job on a regression. Exit codes: 0
    pass, 1 fail, 2 usage, 3 inconclusive where that fails, 4 never converged or the wrong revision, 5 failed and
    rolled back, 6 failed and the rollback failed, 7 the deploy command of `gate around` failed.
    """
