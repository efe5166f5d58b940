"""One test over time: a mark a report that names it, where it was in time, in a row for each outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ci_reporter.hub.page.rendering import run_address
from ci_reporter.model import seconds_of

_WIDTH, _NAMES, _ROW, _SIZE = 1000, 70, 26, 5
_ROWS = {"failed": "bad", "flaky": "warn", "slow": "idle"}
_NAME = Markup('<text class="scale" x="0" y="{}">{}</text><line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>')
_MARK = Markup(
    '<a href="{}" tabindex="-1" aria-hidden="true"><title>{}</title><circle class="{}" cx="{}" cy="{}" r="{}"/></a>'
)
_CHART = Markup('<svg class="gantt" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>')


def outcomes(events: Sequence[Mapping[str, Any]]) -> Markup:
    """The chart; nothing where fewer than two reports name the test."""
    times = [seconds_of(event["finished_at"]) or 0.0 for event in events]
    if len(times) < 2 or max(times) == min(times):
        return Markup()
    scale = (_WIDTH - _NAMES - 2 * _SIZE) / (max(times) - min(times))
    rows = [each for each in _ROWS if any(each in event["outcomes"] for event in events)]
    drawn = [_name(name, at) for at, name in enumerate(rows)]
    for event, time in zip(events, times, strict=True):
        x = _NAMES + _SIZE + (time - min(times)) * scale
        drawn += [_mark(event, name, x, rows.index(name)) for name in event["outcomes"]]
    label = f"{len(events)} reports that name this test, the newest on the right"
    return _CHART.format(_WIDTH, len(rows) * _ROW, label, Markup("").join(drawn))


def _name(name: str, at: int) -> Markup:
    middle = at * _ROW + _ROW / 2
    return _NAME.format(middle + 4, name, _NAMES, _WIDTH, middle, middle)


def _mark(event: Mapping[str, Any], name: str, x: float, at: int) -> Markup:
    where = run_address(event["ci_run_id"] or "", event["repository"])
    said = f"{name} · {event['finished_at'][:16].replace('T', ' ')} UTC · {event['ci_run_id']}"
    return _MARK.format(where, said, _ROWS[name], f"{x:.1f}", at * _ROW + _ROW / 2, _SIZE)
