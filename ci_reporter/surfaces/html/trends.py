"""How a step's duration and coverage went over its last runs: a bar a run, and a line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ci_reporter.model import Report
from ci_reporter.surfaces import terminal

_BAR, _GAP, _HEIGHT = 10, 3, 40


def durations(runs: Sequence[Report]) -> str:
    """A bar a run, as high as it took, in the colour of its result; nothing where no duration is known."""
    known = [report.step.duration_ms or 0 for report in runs]
    longest = max(known, default=0)
    if not longest:
        return ""
    bars = [_bar(report, at, longest) for at, report in enumerate(runs)]
    label = f"Durations of the last {len(runs)} runs, up to {terminal.duration(longest)}"
    return _svg(len(runs), label, "".join(bars)) + _scale(f"up to {terminal.duration(longest)}")


def coverage(runs: Sequence[Report]) -> str:
    """A line over the runs whose coverage is known; nothing where there are not two."""
    known = [(at, report.coverage_pct) for at, report in enumerate(runs) if report.coverage_pct is not None]
    if len(known) < 2:
        return ""
    low, high = min(pct for _, pct in known), max(pct for _, pct in known)
    span = max(1.0, high - low)
    points = " ".join(
        f"{at * (_BAR + _GAP) + _BAR / 2:.1f},{_HEIGHT - 4 - (pct - low) / span * (_HEIGHT - 8):.1f}"
        for at, pct in known
    )
    label = f"Coverage of the last {len(known)} runs, {low:.1f} % to {high:.1f} %"
    drawn = _svg(len(runs), label, f'<polyline class="trend" points="{points}"/>')
    return drawn + _scale(f"{low:.1f} % to {high:.1f} %")


def _scale(text: str) -> str:
    """The same for the eye; who has it read out knows it from the chart's label."""
    return f'<span class="scale" aria-hidden="true">{text}</span>'


def _bar(report: Report, at: int, longest: int) -> str:
    height = max(2.0, (report.step.duration_ms or 0) / longest * _HEIGHT)
    said = f"{report.run.ci_run_id}: {terminal.outcome(report)}, {terminal.duration(report.step.duration_ms)}"
    return (
        f'<rect class="{report.step.result}" x="{at * (_BAR + _GAP)}" y="{_HEIGHT - height:.1f}" width="{_BAR}"'
        f' height="{height:.1f}"><title>{escape(terminal.plain(said, 200))}</title></rect>'
    )


def _svg(count: int, label: str, inside: str) -> str:
    width = count * (_BAR + _GAP)
    return (
        f'<svg viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}" role="img"'
        f' aria-label="{escape(label)}">{inside}</svg>'
    )
