"""`ci-reporter run [options] -- CMD`: the help, and the messages for what `options.parse` does not take."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ci_reporter.cli.execute import execute
from ci_reporter.cli.options import run_settings, spread
from ci_reporter.config import plugins
from ci_reporter.config.setting import Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUN_SETTINGS = run_settings()


def option(flag: str, setting: Setting) -> click.Option:
    """A setting as click's option."""
    return click.Option(
        ["-q", flag, "quiet"] if setting.field == "quiet" else [flag, setting.option_field],
        is_flag=setting.is_flag,
        multiple=setting.many,
        default=None,
        metavar=setting.metavar or None,
        help=f"{setting.help}  [{setting.variable}]",
    )


def sink_options() -> list[click.Option]:
    """The option of each sink: where it is."""
    declared = (each for found in plugins.declarations("sinks") for each in found.declared)
    return [option(each.flag, each) for each in declared if each.option]


def step_options() -> list[click.Option]:
    """All options of a step."""
    return [option(flag, setting) for flag, setting in RUN_SETTINGS.items() if flag.startswith("--")]


def explicit_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of click's values those that somebody gave, as `options.parse` has them."""
    found = {field: list(value) if isinstance(value, tuple) else value for field, value in options.items()}
    return {field: value for field, value in found.items() if value not in (None, False, [])}


def _run(command: tuple[str, ...], **options: Any) -> None:
    execute(explicit_options(options), list(command))


class RunCommand(click.Command):
    """A command with the options of a step: a list of globs may stand behind one flag."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        return super().parse_args(ctx, spread(args, RUN_SETTINGS))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options, then the settings that are variables only."""
        super().format_options(ctx, formatter)
        with formatter.section("Variables without an option"):
            formatter.write_dl([(_names(each), each.help) for each in _run_settings() if not each.option])


def _run_settings() -> list[Setting]:
    """All but the settings of channels, which would be half of the page: `ci-reporter notify --help` has them."""
    return plugins.settings(plugins.declarations("sinks"))


def _names(setting: Setting) -> str:
    return f"{setting.variable}[_FILE]" if setting.secret else setting.variable


command = RunCommand(
    "run",
    callback=_run,
    params=[
        *step_options(),
        click.Argument(["command"], nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND..."),
    ],
    context_settings={"allow_interspersed_args": False, "max_content_width": 100},
    short_help="Run a command and record it as a step.",
    help="""Run a command and record it as a step.

    The command gets this process's stdin, stdout, stderr and signals. `run` ends with the command's exit code: 128+N
    when signal N ended it, 124 after --timeout, 126 when it cannot be executed, 127 when it is not found. Every option
    is also a key of .ci-reporter.yml.""",
    epilog="Example:  ci-reporter run --name unit --timeout 10m -- pytest -q",
)
