"""A day in the CI of three repositories: what ran when, and how it ended. The same day each time, but for the clock.

What there is to find: acme/api has been broken on main for more than a day, the build of acme/web became slower three
hours ago, acme/shop lost two points of coverage five hours ago, its end-to-end tests are flaky, its nightly run did not
start, and the last deploy of acme/web failed its gate.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ci_reporter.model import Report, rfc3339
from ci_reporter.schema import from_json

HOUR = 3600
BEFORE = 30 * HOUR  # the story begins so long before now; only the last 24 hours are shown


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that runs again and again."""

    repository: str
    pipeline: str
    ci_job: str
    step: str
    seconds: float
    every_minutes: int
    branch: str = "main"
    coverage: float = 0  # share of the code; 0: none is measured
    tests: int = 0
    flaky: int = 0
    gate: bool = False
    broken_since: float = 0  # hours before now; 0: it is not
    slower_since: float = 0
    uncovered_since: float = 0
    absent_since: float = 0


STEPS = (
    Step(
        repository="acme/shop",
        pipeline="CI",
        ci_job="unit (3.12)",
        step="pytest",
        seconds=95,
        every_minutes=35,
        coverage=0.91,
        tests=412,
        uncovered_since=5,
    ),
    Step(
        repository="acme/shop",
        pipeline="CI",
        ci_job="unit (3.12)",
        step="pytest",
        seconds=95,
        every_minutes=20,
        branch="change",
        coverage=0.9,
        tests=412,
    ),
    Step(repository="acme/shop", pipeline="CI", ci_job="lint", step="ruff", seconds=4, every_minutes=20),
    Step(
        repository="acme/shop",
        pipeline="CI",
        ci_job="e2e",
        step="playwright",
        seconds=310,
        every_minutes=60,
        tests=58,
        flaky=2,
    ),
    Step(
        repository="acme/shop",
        pipeline="Nightly",
        ci_job="load",
        step="k6",
        seconds=900,
        every_minutes=24 * 60,
        absent_since=26.5,
    ),
    Step(
        repository="acme/api",
        pipeline="CI",
        ci_job="test",
        step="go test",
        seconds=70,
        every_minutes=45,
        coverage=0.78,
        tests=230,
        broken_since=25,
    ),
    Step(
        repository="acme/api",
        pipeline="CI",
        ci_job="test",
        step="go test",
        seconds=70,
        every_minutes=30,
        branch="change",
        coverage=0.78,
        tests=230,
    ),
    Step(repository="acme/web", pipeline="CI", ci_job="test", step="jest", seconds=48, every_minutes=25, tests=640),
    Step(
        repository="acme/web",
        pipeline="CI",
        ci_job="build",
        step="vite",
        seconds=62,
        every_minutes=25,
        slower_since=3,
    ),
    Step(
        repository="acme/shop", pipeline="Deploy", ci_job="prod", step="gate", seconds=315, every_minutes=240, gate=True
    ),
    Step(
        repository="acme/api", pipeline="Deploy", ci_job="prod", step="gate", seconds=315, every_minutes=300, gate=True
    ),
    Step(
        repository="acme/web",
        pipeline="Deploy",
        ci_job="prod",
        step="gate",
        seconds=205,
        every_minutes=180,
        gate=True,
        broken_since=4,
    ),
)


def reports(now: float) -> list[Report]:
    """Every run until now, the oldest first."""
    chance = random.Random(20260131)
    found = [report for step in STEPS for report in _runs(step, now, chance)]
    return sorted(found, key=lambda report: report.step.finished_at or "")


def _runs(step: Step, now: float, chance: random.Random) -> Iterator[Report]:
    every = step.every_minutes * 60
    end = now - max(60, step.absent_since * HOUR)
    first = end - (end - (now - BEFORE)) // every * every
    for number in range(int((end - first) // every) + 1):
        finished = first + number * every
        yield from_json(_report(step, finished, (now - finished) / HOUR, chance))


def _report(step: Step, finished: float, hours_ago: float, chance: random.Random) -> dict[str, Any]:
    fails = hours_ago < step.broken_since or (step.branch == "change" and chance.random() < 0.15)
    slower = 2.2 if hours_ago < step.slower_since else 1.0
    ms = round(1000 * step.seconds * slower * chance.lognormvariate(0, 0.06))
    number = 17_000_000_000 + int(finished) % 1_000_000_000
    return {
        "schema": 1,
        # Sorted by time, as a UUID of version 7 is.
        "report_id": f"{int(finished * 1000):012x}-{STEPS.index(step):04x}",
        "ci_run_id": f"github-{number}-1",
        "provider": "github",
        "repository": step.repository,
        "pipeline": step.pipeline,
        "pipeline_id": str(number),
        "job_name": step.ci_job,
        "step": step.step,
        "branch": step.branch,
        "default_branch": "main",
        "change": "128" if step.branch == "change" else None,
        "revision": f"{number:040x}",
        "started_at": rfc3339(finished - ms / 1000),
        "finished_at": rfc3339(finished),
        "duration_ms": ms,
        "exit_code": int(fails),
        "result": "failure" if fails else "success",
        "attempts": 2 if step.flaky and chance.random() < 0.5 else 1,
        "cpu_user_ms": round(ms * 1.4),
        "cpu_system_ms": round(ms * 0.2),
        "max_rss_bytes": round(chance.uniform(180e6, 220e6)),
        "measures": {"bundle_bytes": round(chance.uniform(480e3, 490e3))} if step.step == "vite" else {},
        **_measurements(step, hours_ago, fails, chance),
    }


def _measurements(step: Step, hours_ago: float, fails: bool, chance: random.Random) -> dict[str, Any]:
    """Coverage, test results and the gate's verdict, of a step that has them."""
    measured: dict[str, Any] = {}
    if step.coverage:
        share = step.coverage - (0.02 if hours_ago < step.uncovered_since else 0)
        measured["coverage"] = {"unit": "line", "covered": round(share * 5000) + chance.randint(0, 9), "total": 5000}
    if step.tests:
        failed, flaky = (3 if fails else 0), (chance.randint(1, step.flaky) if step.flaky else 0)
        counts = {"passed": step.tests - failed, "failed": failed, "errors": 0, "skipped": 4, "flaky": flaky}
        measured["tests"] = {"total": step.tests + 4, **counts}
    if step.gate:
        measured["gate"] = _gate(step, fails, hours_ago, chance)
    return measured


def _gate(step: Step, fails: bool, hours_ago: float, chance: random.Random) -> dict[str, Any]:
    unsure = step.repository == "acme/api" and hours_ago < 1
    p95 = chance.uniform(180, 190)
    return {
        "verdict": "fail" if fails else "inconclusive" if unsure else "pass",
        "decided_at_s": 195.0 if fails else 300.0,
        "probes": 40 if unsure else 1500,
        "rules": {"latency": "fail" if fails else "pass", "errors": "pass"},
        "p50_ms_before": 82.0,
        "p95_ms_before": 184.0,
        "error_ratio_before": 0.001,
        "p50_ms": 140.0 if fails else 83.0,
        "p95_ms": p95 * (1.6 if fails else 1),
        "error_ratio": 0.004 if fails else 0.001,
    }
