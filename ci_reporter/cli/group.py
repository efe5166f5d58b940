"""The click group: each command is imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from ci_reporter import __version__

COMMANDS = {
    "run": "Run a command and record it as a step.",
    "collect": "Record what another step left behind: coverage, test results.",
    "context": "Show where we are: run, job, branch, revision.",
    "summary": "Show the steps of this run.",
    "coverage": "Look at coverage files, merge them, hold them against a change.",
    "tests": "Look at test results: counts, failed, flaky and slow ones.",
    "flush": "Send what has not been delivered yet.",
    "gc": "Delete groups nobody pushes any more from the Pushgateway.",
    "gate": "Decide whether a deploy may go green.",
    "doctor": "Check Pushgateway, Prometheus and settings; say what to do.",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of their names, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the commands in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"ci_reporter.cli.{cmd_name}").command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter run --name unit -- pytest -q",
)
@click.version_option(__version__, prog_name="ci-reporter", message="%(prog)s %(version)s")
def cli() -> None:
    """Record what a CI step did, push it, and say what became of it.

    Settings come from options, CI_REPORTER_* variables and .ci-reporter.yml, in this order.
    """
