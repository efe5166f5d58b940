"""Numbers that cannot be: what a reader takes for a number and no step has had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_YEARS_MS = 10 * 366 * 86_400_000
_BYTES = 2**60
_COUNT = 10**9
_RANGES: Mapping[str, tuple[float, float]] = {
    "duration_ms": (0, _YEARS_MS),
    "exit_code": (-(2**31), 2**32 - 1),  # Windows has 32 bits, as a number with a sign or without
    "coverage_pct": (0, 100),
    "attempts": (0, _COUNT),
    "cpu_user_ms": (0, _YEARS_MS),
    "cpu_system_ms": (0, _YEARS_MS),
    "max_rss_bytes": (0, _BYTES),
}
_COUNTS = ("total", "passed", "failed", "errors", "skipped", "flaky")


def out_of_range(known: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field with a number that cannot be, and what it may be; `known` are the values of a report."""
    for field, (least, most) in _RANGES.items():
        if field in known and not least <= known[field] <= most:
            return _problem(field, known[field], least, most)
    if (coverage := known.get("coverage")) and not 0 <= coverage.covered <= coverage.total <= _COUNT:
        return _problem("coverage.covered", coverage.covered, 0, min(max(coverage.total, 0), _COUNT))
    if tests := known.get("tests"):
        for name in _COUNTS:
            if not 0 <= getattr(tests, name) <= _COUNT:
                return _problem(f"tests.{name}", getattr(tests, name), 0, _COUNT)
    return None


def _problem(field: str, value: float, least: float, most: float) -> tuple[str, str]:
    return field, f"{value:g} is not between {least:g} and {most:g}"
