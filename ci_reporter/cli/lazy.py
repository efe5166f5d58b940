"""A click group whose commands are imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword

import click

from ci_reporter.config.hint import hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LazyGroup(click.Group):
    """Commands by name, with what the help says.

    Each is `command` in `ci_reporter.cli.<prefix><name>`, or in `<name>_` where that is a keyword of Python: `try`.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, str], prefix: str = "", **more: Any) -> None:
        super().__init__(*args, **more)
        self._lazy = lazy
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the commands in the order people need them."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command of that name."""
        if cmd_name not in self._lazy:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        found = import_module(f"ci_reporter.cli.{self._prefix}{module}").command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name that nobody knows is answered with the nearest one."""
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            ctx.fail(f"no command named {args[0]!r} ({hint(args[0], self._lazy)})")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lazy.items()))
