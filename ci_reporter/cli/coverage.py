"""`ci-reporter coverage`: look at coverage files, merge them, hold them against a change."""

from __future__ import annotations

from importlib import import_module

import click

_SUBCOMMANDS = {
    "show": "Show what coverage files say.",
    "merge": "Unite shards into one file.",
    "diff": "Show the coverage of the lines a change touches.",
}


class _Lazy(click.Group):
    """A group whose commands live in modules of their names, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _SUBCOMMANDS:
            return None
        found = import_module(f"ci_reporter.cli.coverage_{cmd_name}").command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUBCOMMANDS.items()))


@click.group("coverage", cls=_Lazy, epilog="Example:  ci-reporter coverage show coverage.xml")
def command() -> None:
    """Look at coverage files, merge them, hold them against a change.

    Cobertura, coverage.py JSON, LCOV, JaCoCo, Clover, Go, SimpleCov, Istanbul, OpenCover, llvm-cov and gcovr files are
    told apart by their content.
    """
