"""What ran when: a row a job or step, as bars over time; what waited has a thin line before its bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from ci_reporter.hub.page.rendering import kind, word
from ci_reporter.surfaces.terminal import duration, plain

_WIDTH, _ROW, _NAMES, _ABOVE = 1000, 26, 260, 24
_LONGEST_NAME = 36
_SHORTEST_BAR = 2.0
_LABEL = 70  # how wide a time is
MOST_ROWS = 300
_SCALES_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_LINE = Markup('<line class="axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
_SCALE = Markup('<text class="scale" x="{}" y="14">{}</text>')
_BAR = Markup(
    '<g><title>{said}</title><text class="{text_class}" x="{indent}" y="{text_y}">{name}</text>{waited}'
    '<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/></g>'
)
_WAITED = Markup('<line class="waited" x1="{}" x2="{}" y1="{}" y2="{}"/>')
_CHART = Markup('<svg class="gantt" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')


class Row(NamedTuple):
    """A job, or a step within one. `ended_ms` is now for what goes on."""

    name: str
    status: str
    began_ms: int
    ended_ms: int
    queued_ms: int | None = None
    is_step: bool = False


def gantt(rows: Sequence[Row]) -> Markup:
    """The chart; nothing without rows. The table beside it says the same in words."""
    rows = rows[:MOST_ROWS]
    if not rows:
        return Markup()
    first = min(row.began_ms if row.queued_ms is None else row.queued_ms for row in rows)
    last = max(row.ended_ms for row in rows)
    scale = (_WIDTH - _NAMES) / max(1, last - first)
    height = _ABOVE + _ROW * len(rows)
    drawn = [
        *_ticks((last - first) / 1000, scale * 1000, height),
        *(_bar(row, at, first, scale) for at, row in enumerate(rows)),
    ]
    label = f"Timeline of {len(rows)} jobs and steps over {duration(last - first)}"
    return _CHART.format(_WIDTH, height, label, Markup("").join(drawn))


def _bar(row: Row, at: int, first_ms: int, scale: float) -> Markup:
    y = _ABOVE + at * _ROW
    x = _NAMES + (row.began_ms - first_ms) * scale
    inset = 7 if row.is_step else 4
    waited = Markup()
    said = f"{plain(row.name, 200)}: {word(row.status)}, {duration(row.ended_ms - row.began_ms)}"
    if row.queued_ms is not None and row.queued_ms < row.began_ms:
        middle = y + _ROW / 2
        waited = _WAITED.format(f"{_NAMES + (row.queued_ms - first_ms) * scale:.1f}", f"{x:.1f}", middle, middle)
        said += f", waited {duration(row.began_ms - row.queued_ms)}"
    return _BAR.format(
        said=said,
        text_class="step" if row.is_step else "job",
        indent=14 if row.is_step else 0,
        text_y=y + 17,
        name=plain(row.name, _LONGEST_NAME - 2 * row.is_step),
        waited=waited,
        kind=kind(row.status),
        x=f"{x:.1f}",
        y=y + inset,
        width=f"{max(_SHORTEST_BAR, (row.ended_ms - row.began_ms) * scale):.1f}",
        height=_ROW - 2 * inset,
    )


def _ticks(seconds: float, scale: float, height: int) -> Iterator[Markup]:
    """At most nine lines, at round times."""
    every_s = next((each for each in _SCALES_S if seconds / each <= 8), max(seconds / 8, 1e-3))
    for at in range(int(seconds / every_s) + 1):
        x = _NAMES + at * every_s * scale
        yield _LINE.format(f"{x:.1f}", _ABOVE - 4, height)
        if x + _LABEL <= _WIDTH or not at:  # one that sticks out is left out: its line says where it would be
            shown = duration(round(at * every_s * 1000)) if at else "0"
            yield _SCALE.format(f"{x:.1f}", shown)
