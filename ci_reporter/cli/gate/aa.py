"""`ci-reporter gate aa URL`: how often the rules cry wolf on a service that does not change, and what they can see."""

from __future__ import annotations

import json
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.gate.options import probing
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.gate.backtest.aa import Found


@click.command(
    "aa",
    short_help="Look how the rules do on a service that does not change.",
    context_settings={"max_content_width": 100},
    epilog="Example:  ci-reporter gate aa https://shop.example/health --rules gate.yml --for 30m",
)
@probing
@click.option("--window", metavar="TIME", envvar="CI_REPORTER_GATE_WINDOW", help="Length of a baseline. Default: 2m.")
@click.option("--watch", metavar="TIME", envvar="CI_REPORTER_GATE_WATCH_TIME", help="Length of a watch. Default: 5m.")
@click.option("--for", "long", metavar="TIME", default="20m", show_default=True, help="How long to probe in all.")
@click.option("--recording", metavar="FILE", help="Look at a long baseline that `gate baseline` wrote, probe nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@report_errors
def command(long: str, recording: str | None, as_json: bool, quiet: bool, **given: Any) -> None:
    """Probe an unchanged service, cut that into baseline and watch again and again, and judge each pair.

    Every failure is a false alarm. Then each watch is made slower by 5 % to 200 %: the smallest slowdown that nine of
    ten pairs notice is the noise floor. Exits 0 whatever it finds.
    """
    from ci_reporter.cli.gate.options import duration, gate_options
    from ci_reporter.cli.gate.run import set_up
    from ci_reporter.gate import recording as recordings
    from ci_reporter.gate.backtest import aa
    from ci_reporter.gate.run.gate import record_baseline

    long_s = duration("for", long)
    setup = set_up(gate_options({**given, "expect_revision": "none"}), quiet=quiet, compared=True)
    rules, plan = setup.plan.rules, setup.plan.rules.plan
    seen = recordings.read(recording, "baseline") if recording else record_baseline(rules, setup.world, long_s)
    if setup.world.interrupted:
        sys.exit(128 + setup.world.signals()[0])
    found = aa.measure(seen, rules, plan.baseline.window_s, plan.watch_s)
    if not found.pairs:
        needed_s = plan.baseline.window_s + plan.watch_s
        raise UsageError(f"gate aa: too short: one baseline and one watch are {needed_s:g} s (raise --for)")
    output.result(json.dumps(_json(found)) if as_json else _text(found))


def _json(found: Found) -> dict[str, object]:
    return {
        "pairs": found.pairs,
        "independent": found.independent,
        "failed": found.failed,
        "by_rule": dict(found.by_rule),
        "noticed": {f"+{slower:.0%}": share for slower, share in found.noticed},
        "noise_floor": found.noise_floor,
    }


def _text(found: Found) -> str:
    lines = [
        f"false alarms: {found.failed} of {found.pairs} pairs of windows"
        f" ({found.independent} that share nothing) on a service that did not change"
    ]
    lines += [f"  {name}: {count}" for name, count in found.by_rule if count]
    floor = "none of these" if found.noise_floor is None else f"+{found.noise_floor:.0%}"
    lines.append(f"noise floor: the smallest slowdown that nine pairs of ten notice is {floor}")
    lines += [f"  {f'+{slower:.0%}':>6}  noticed in {share:.0%}" for slower, share in found.noticed]
    return "\n".join(lines)
