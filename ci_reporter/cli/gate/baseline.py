"""`ci-reporter gate baseline`: record what is normal, before the deploy."""

from __future__ import annotations

import os

import click

from ci_reporter.cli import output
from ci_reporter.cli.gate.options import probing
from ci_reporter.cli.reporting import reported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command(
    "baseline",
    short_help="Record what is normal, before the deploy.",
    context_settings={"max_content_width": 100},
    epilog="Example:  ci-reporter gate baseline https://shop.example/health --out before.ndjson",
)
@probing
@click.option("--window", metavar="TIME", envvar="CI_REPORTER_GATE_WINDOW", show_envvar=True, help="Default: 2m.")
@click.option("--out", required=True, metavar="FILE", help="Where the recording goes.")
@reported
def command(window: str | None, out: str, **given: Any) -> None:
    """Probe the service as it is, and write the recording that `gate URL --baseline FILE` compares with.

    A service that does not answer is said, and recorded: it is no reason to stop a deploy that may mend it.
    """
    from ci_reporter.cli.gate.run import Gate
    from ci_reporter.gate.probing.buffer import write
    from ci_reporter.gate.statistics import figures

    gate = Gate.of({**given, "window": window}, compared=True)
    recording = gate.session.baseline()
    write(recording, out)
    seen = figures.of(recording)
    if seen.errors:
        output.warn(f"baseline: {seen.errors} of {seen.probes} probes failed; see {out}", os.environ)
    p50, p95 = ("no answer" if each is None else f"{each:.3g} ms" for each in (seen.p50_ms, seen.p95_ms))
    gate.session.progress.say(f"baseline: {seen.probes} probes, p50 {p50}, p95 {p95}, in {out}")
