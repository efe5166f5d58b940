"""The options that `gate watch`, `gate baseline`, `gate around` and `gate aa` share, and the values they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from ci_reporter.config import values
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ci_reporter.gate.run.options import GateOptions

    F = TypeVar("F", bound=Callable[..., Any])

_TEXTS = ("rules", "on", "environment", "baseline", "name", "out", "junit", "markdown")


def probing(function: F) -> F:
    """Where to look and how often."""
    for option in reversed(_PROBING):
        function = option(function)
    return function


def deciding(function: F) -> F:
    """What to expect, how long to watch, and what to write."""
    for option in reversed(_DECIDING):
        function = option(function)
    return function


def _option(*flags: str, variable: str = "", help: str, **more: Any) -> Callable[[F], F]:  # noqa: A002
    name = variable or flags[0].removeprefix("--").replace("-", "_").upper()
    return click.option(*flags, envvar=f"CI_REPORTER_GATE_{name}", help=help, show_envvar=True, **more)


_PROBING = (
    click.argument("url", required=False, envvar="CI_REPORTER_GATE_URL"),
    _option("--rules", metavar="FILE", help="Rules, as gate.yml."),
    _option("--on", metavar="NAME", help="The deploy's name, such as deploy-to-prod: only the rules for it."),
    _option("--rate", metavar="RATE", help="Probes a second, such as 10/s. Default: 5/s."),
    _option("--control", metavar="URL", help="An address apart from the deploy: when it is bad too, nobody is blamed."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but the verdict and what went wrong."),
)
_DECIDING = (
    _option(
        "--expect-revision",
        metavar="auto|SHA|none",
        help="The commit that must answer. Default: auto, that of build-info.json or of this run.",
    ),
    _option("--watch", metavar="TIME", variable="WATCH_TIME", help="How long to watch. Default: 5m."),
    _option("--warmup", metavar="TIME", help="How long to let it warm up first; discarded. Default: 15s."),
    _option("--converge-timeout", metavar="TIME", help="How long the rollout may take. Default: 10m."),
    _option("--junit", metavar="FILE", help="Write the verdict as JUnit XML, a test case a rule."),
    _option("--markdown", metavar="FILE", help="Append the verdict as Markdown. Default on GitHub: the job's summary."),
    _option("--out", metavar="FILE", help="Write the recording of the watch."),
    click.option("--name", metavar="NAME", default="gate", help="Name of the step in the record. Default: gate."),
    click.option("--environment", metavar="NAME", help="What was deployed to, such as production. Default: --on."),
    click.option("--dry-run", is_flag=True, help="Probe and judge, but run no action and send nothing."),
    click.option("--json", "as_json", is_flag=True, help="The verdict as one JSON object on stdout."),
)


def gate_options(given: Mapping[str, Any]) -> GateOptions:
    """What the command line says, as values; a command that lacks an option leaves it out. Raises UsageError."""
    from ci_reporter.gate.rules import kinds
    from ci_reporter.gate.run.options import GateOptions

    texts = {name: given[name] for name in _TEXTS if given.get(name) is not None}
    return GateOptions(
        **texts,
        dry_run=bool(given.get("dry_run")),
        url=_read(given, "url", kinds.address),
        control=_read(given, "control", kinds.address),
        rate=_read(given, "rate", values.rate),
        expect_revision=_read(given, "expect_revision", kinds.revision),
        window_s=_read(given, "window", values.within_a_day_s),
        watch_s=_read(given, "watch", values.within_a_day_s),
        warmup_s=_read(given, "warmup", values.up_to_a_day_s),
        converge_timeout_s=_read(given, "converge_timeout", values.within_a_day_s),
    )


def duration(flag: str, text: str) -> float:
    """Seconds of an option that is a duration. Raises UsageError."""
    found = _read({flag: text}, flag, values.within_a_day_s)
    assert isinstance(found, float)  # noqa: S101
    return found


def _read(given: Mapping[str, Any], key: str, reader: Callable[[str], Any]) -> Any:
    text = given.get(key)
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError as exc:
        where = "URL" if key == "url" else f"option --{key.replace('_', '-').removeprefix('--')}"
        raise UsageError(f"{where}: {values.quote(text)} {exc}") from None
