"""What a job demands of its own reports: enough coverage, no drop, tests that ran. Pure: reports in, sentences out.

Unknown is never enough: where a limit is set and nothing could be read, the limit is missed.
"""

from __future__ import annotations

from ci_reporter.config import Config
from ci_reporter.frozen import Frozen
from ci_reporter.model import Coverage, Report, Tests

_ROUNDING = 1e-9


class Limits(Frozen):
    """Percent, percentage points and a count; None means that there is no limit."""

    coverage_min_pct: float | None = None
    coverage_drop_points: float | None = None
    tests_min: int | None = None
    require_baseline: bool = False


class Baseline(Frozen):
    """Coverage to compare with, and where it comes from. Where there is none, `pct` is None and `source` says why."""

    pct: float | None
    source: str


class Check(Frozen):
    """The limits that a report misses, and what else to say."""

    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of(config: Config) -> Limits:
    """The limits that the settings set."""
    return Limits(
        coverage_min_pct=config.coverage_min_pct,
        coverage_drop_points=config.coverage_drop_points,
        tests_min=config.tests_min,
        require_baseline=config.require_baseline,
    )


def any_set(config: Config) -> bool:
    """Whether there is anything to hold a report to."""
    return (config.coverage_min_pct, config.coverage_drop_points, config.tests_min) != (None, None, None)


def check(report: Report, limits: Limits, baseline: Baseline | None = None) -> Check:
    """Hold a report against the limits. `baseline` is needed where `coverage_drop_points` is set."""
    missed = [_too_little(report, limits.coverage_min_pct), _too_few(report.tests, limits.tests_min)]
    notes: list[str] = []
    if limits.coverage_drop_points is not None and baseline is not None:
        if baseline.pct is None:
            (missed if limits.require_baseline else notes).append(
                f"coverage has nothing to be compared with: {baseline.source}"
            )
        else:
            missed.append(_drop(report, limits.coverage_drop_points, baseline.pct, baseline.source))
    return Check(missed=tuple(filter(None, missed)), notes=tuple(notes))


def _too_little(report: Report, least: float | None) -> str | None:
    pct = report.coverage_pct
    if least is None or (pct is not None and pct >= least - _ROUNDING):
        return None
    if pct is None:
        return f"coverage is unknown, and at least {least:g} % is required"
    return f"coverage is {pct:.2f} %{_of(report.coverage)}, {least - pct:.2f} points below the required {least:g} %"


def _too_few(tests: Tests | None, least: int | None) -> str | None:
    if least is None:
        return None
    if tests is None:
        return f"the number of tests is unknown, and at least {least} must run"
    ran = tests.total - tests.skipped
    if ran >= least:
        return None
    skipped = f" ({tests.skipped} were skipped)" if tests.skipped else ""
    return f"{ran or 'no'} test{'' if ran == 1 else 's'} ran{skipped}, and at least {least} must run"


def _drop(report: Report, most: float, before: float, source: str) -> str | None:
    pct = report.coverage_pct
    if pct is None:
        return f"coverage is unknown, and {source} had {before:.2f} %"
    if before - pct <= most + _ROUNDING:
        return None
    fell = f"coverage fell by {before - pct:.2f} points, from {before:.2f} % ({source}) to {pct:.2f} %"
    return f"{fell}; at most {most:g} is allowed"


def _of(coverage: Coverage | None) -> str:
    return f" ({coverage.covered} of {coverage.total} {coverage.unit}s)" if coverage else ""
