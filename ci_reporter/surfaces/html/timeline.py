"""The steps of a run as bars over time, one row each: what ran beside what, and what everybody waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ci_reporter.model import Report, seconds_of
from ci_reporter.surfaces import terminal

_WIDTH, _ROW, _NAMES, _ABOVE = 1000, 24, 230, 22
_LONGEST_NAME = 34
_MOST = 200
_SHORTEST_BAR = 2.0
_SCALES_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def timeline(reports: Sequence[Report]) -> str:
    """The chart as SVG; nothing where no step has a time. The table beside it says the same in words."""
    bars = [(report, begun) for report in reports[:_MOST] if (begun := seconds_of(report.step.started_at)) is not None]
    if not bars:
        return ""
    first = min(begun for _, begun in bars)
    last = max(begun + _took_s(report) for report, begun in bars)
    scale = (_WIDTH - _NAMES) / max(0.001, last - first)
    height = _ABOVE + _ROW * len(bars)
    label = f"Timeline of {len(bars)} steps over {terminal.duration(round((last - first) * 1000))}"
    rows = [_row(report, begun - first, at, scale) for at, (report, begun) in enumerate(bars)]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(_ticks(last - first, scale, height))}{''.join(rows)}</svg>"
    )


def _row(report: Report, begun_s: float, at: int, scale: float) -> str:
    step, y = report.step, _ABOVE + at * _ROW
    width = max(_SHORTEST_BAR, _took_s(report) * scale)
    said = f"{terminal.plain(step.name)}: {terminal.outcome(report)}, {terminal.duration(step.duration_ms)}"
    return (
        f"<g><title>{escape(said)}</title>"
        f'<text x="0" y="{y + 16}">{escape(terminal.plain(step.name, _LONGEST_NAME))}</text>'
        f'<rect class="{step.result}" x="{_NAMES + begun_s * scale:.1f}" y="{y + 4}" width="{width:.1f}"'
        f' height="{_ROW - 8}" rx="3"/></g>'
    )


def _ticks(seconds: float, scale: float, height: int) -> Iterator[str]:
    """At most nine lines, at round times."""
    every_s = next((each for each in _SCALES_S if seconds / each <= 8), max(seconds / 8, 1e-3))
    count = int(seconds / every_s) if seconds >= every_s else 0
    for at in range(count + 1):
        x = _NAMES + at * every_s * scale
        anchor = "end" if x > _WIDTH - 40 else "start"
        shown = terminal.duration(round(at * every_s * 1000)) if at else "0"
        yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{_ABOVE - 4}" y2="{height}"/>'
        yield f'<text class="scale" x="{x:.1f}" y="12" text-anchor="{anchor}">{shown}</text>'


def _took_s(report: Report) -> float:
    return max(0, report.step.duration_ms or 0) / 1000
