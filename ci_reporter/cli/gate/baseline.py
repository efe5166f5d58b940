"""`ci-reporter gate baseline`: record what is normal, before the deploy."""

from __future__ import annotations

import click

from ci_reporter.cli import output
from ci_reporter.cli.gate.options import gate_options, probing
from ci_reporter.cli.reporting import report_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ci_reporter.cli.gate.run import GateSetup
    from ci_reporter.gate.recording import Recording
    from ci_reporter.model import Step


@click.command(
    "baseline",
    short_help="Record what is normal, before the deploy.",
    context_settings={"max_content_width": 100},
    epilog="Example:  ci-reporter gate baseline https://shop.example/health --out before.ndjson",
)
@probing
@click.option("--window", metavar="TIME", envvar="CI_REPORTER_GATE_WINDOW", show_envvar=True, help="Default: 2m.")
@click.option("--out", required=True, metavar="FILE", help="Where the recording goes.")
@report_errors
def command(out: str, quiet: bool, **given: Any) -> None:
    """Probe the service as it is, and write the recording that `gate URL --baseline FILE` compares with.

    A service that does not answer gets a warning, and is recorded: the deploy may be what mends it.
    """
    from ci_reporter.cli.gate.run import begin, conclude, set_up
    from ci_reporter.errors import StateError
    from ci_reporter.gate.probing.buffer import write
    from ci_reporter.gate.run.gate import record_baseline

    setup = set_up(gate_options({**given, "expect_revision": "none", "name": "baseline"}), quiet=quiet, compared=True)
    _check_writable(out)
    started = begin(setup)
    recording = record_baseline(setup.plan.rules, setup.world)
    setup.progress.clear()
    problem = None
    try:
        write(recording, out)
        _say(setup, recording, out)
    except StateError as exc:
        problem = str(exc)
        output.fail(problem, setup.context.env)
    conclude(setup, started, _final_step(started.report.step, setup.world.signals(), problem))


def _check_writable(path: str) -> None:
    """Find out before minutes of probing whether the recording can be written. Raises UsageError."""
    import os

    from ci_reporter.errors import UsageError

    folder, problem = os.path.dirname(path) or ".", None
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as exc:
        problem = exc.strerror
    if os.path.isdir(path):
        problem = "is a directory"
    elif not problem and not os.path.exists(path) and not os.access(folder, os.W_OK):
        problem = "Permission denied"
    if problem:
        raise UsageError(f"--out: cannot write {path}: {problem}")


def _final_step(begun: Step, came: Sequence[int], problem: str | None) -> Step:
    from ci_reporter.cli.gate.run import signal_name, told_to_stop
    from ci_reporter.frozen import replace
    from ci_reporter.model import Result

    if came:
        name, reason = signal_name(came[0]), told_to_stop(came[0])
        return replace(begun, result=Result.CANCELLATION, exit_code=128 + came[0], signal=name, reason=reason)
    if problem:
        return replace(begun, result=Result.ERROR, exit_code=1, reason=problem[:200])
    return replace(begun, result=Result.SUCCESS, exit_code=0)


def _say(setup: GateSetup, recording: Recording, out: str) -> None:
    from ci_reporter.gate.statistics import figures

    seen = figures.of(recording)
    if seen.errors:
        output.warn(f"baseline: {seen.errors} of {seen.probes} probes failed; see {out}", setup.context.env)
    p50, p95 = ("no answer" if each is None else f"{each:.3g} ms" for each in (seen.p50_ms, seen.p95_ms))
    setup.progress.say(f"baseline: {seen.probes} probes, p50 {p50}, p95 {p95}, in {out}")
