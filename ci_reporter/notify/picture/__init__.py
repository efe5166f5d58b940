"""Charts of an alert as one PNG, for channels that take a picture: what was before on the left, what is now beside it.

The picture has its own white ground, so that it can be read in a dark chat, too: many programs show transparency as
black. Its words are English, as its font knows no other letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor, inf, log10

from ci_reporter.frozen import Frozen, replace
from ci_reporter.notify.alert import Chart, Curve
from ci_reporter.notify.picture.canvas import Canvas, text_width
from ci_reporter.notify.picture.font import HEIGHT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.picture.canvas import Colour

NAME = "chart.png"
_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 300, 120, 24, 62, 48
_SIZE, _THICK = 3, 5.0
_WHITE, _INK, _QUIET, _GRID, _NOW = (255, 255, 255), (31, 35, 40), (89, 99, 110), (225, 228, 232), (246, 248, 250)
# Told apart by how dark they are, too: not everybody sees the colours, and some print them.
_COLOURS: tuple[Colour, ...] = ((10, 91, 196), (240, 136, 62))
_BAD: Colour = (209, 36, 47)
_GRID_LINES, _MOST_CHARTS = 4, 3


def picture(charts: Sequence[Chart]) -> bytes:
    """One below the other, at most three; empty where there is nothing to see."""
    shown = [each for each in map(_plain, charts) if _highest(each) is not None][:_MOST_CHARTS]
    if not shown:
        return b""
    canvas = Canvas(_WIDTH, _PANEL * len(shown), _WHITE)
    for at, chart in enumerate(shown):
        _draw(canvas, _Panel(chart=chart, top=at * _PANEL, most=_axis_end(chart)))
    return canvas.png()


def description(charts: Sequence[Chart]) -> str:
    """What the picture shows, for who cannot see it."""
    return "; ".join(f"{each.title}: {', '.join(curve.name for curve in each.curves)}" for each in charts)


class _Panel(Frozen):
    """A chart, and where it stands."""

    chart: Chart
    top: int
    most: float

    @property
    def count(self) -> int:
        return max(len(curve.values) for curve in self.chart.curves)

    @property
    def high(self) -> int:
        return self.top + _TOP

    @property
    def low(self) -> int:
        return self.top + _PANEL - _BOTTOM

    def x(self, at: float) -> int:
        """Where the middle of a value stands."""
        return round(_LEFT + (at + 0.5) * (_WIDTH - _LEFT - _RIGHT) / self.count)

    def y(self, value: float) -> float:
        return self.low - (self.low - self.high) * min(1.0, value / self.most)


def _draw(canvas: Canvas, panel: _Panel) -> None:
    chart = panel.chart
    if 0 < chart.split < panel.count:
        canvas.rectangle((panel.x(chart.split - 0.5), panel.high), (_WIDTH - _RIGHT, panel.low), _NOW)
    _draw_grid(canvas, panel)
    for curve, colour in zip(chart.curves, _COLOURS, strict=False):
        for part in _parts(curve, chart.split):
            canvas.curve([(panel.x(at), panel.y(value)) for at, value in part], colour, _THICK)
    for at in _gaps(chart):
        canvas.text((panel.x(at) - 9, panel.high), "×", _BAD, 4)
    _draw_names(canvas, panel)
    _draw_legend(canvas, panel)


def _draw_grid(canvas: Canvas, panel: _Panel) -> None:
    for step in range(_GRID_LINES + 1):
        value = panel.most * step / _GRID_LINES
        y = round(panel.y(value))
        canvas.rectangle((_LEFT, y), (_WIDTH - _RIGHT, y + 2), _QUIET if step == 0 else _GRID)
        label = f"{value:.6g}"
        canvas.text((_LEFT - 14 - text_width(label, _SIZE), y - 9), label, _QUIET, _SIZE)


def _draw_names(canvas: Canvas, panel: _Panel) -> None:
    """What the left part is, and the right one, below them; the line between them."""
    chart, y = panel.chart, panel.low + 14
    if not 0 < chart.split < panel.count:
        return
    x = panel.x(chart.split - 0.5)
    for dash in range(panel.high, panel.low, 16):
        canvas.rectangle((x, dash), (x + 2, dash + 8), _QUIET)
    for name, left, right in (("before", panel.x(-0.5), x), ("now", x, panel.x(panel.count - 0.5))):
        canvas.text(((left + right - text_width(name, _SIZE)) // 2, y), name, _QUIET, _SIZE)


def _draw_legend(canvas: Canvas, panel: _Panel) -> None:
    """The title on the left, and from the right the names of the curves in their colours."""
    y = panel.top + 16
    canvas.text((14, y), panel.chart.title, _INK, _SIZE)
    entries = [*zip((each.name for each in panel.chart.curves), _COLOURS, strict=False)]
    entries += [("× no value", _BAD)] if _gaps(panel.chart) else []
    right = _WIDTH - _RIGHT
    for name, colour in reversed(entries):
        right -= text_width(name, _SIZE)
        canvas.text((right, y), name, _INK if colour != _BAD else _BAD, _SIZE)
        if colour != _BAD:
            canvas.disc((right - 16, y + _SIZE * HEIGHT / 2 - 1), 7, colour)
        right -= 48


def _parts(curve: Curve, split: int) -> Iterator[list[tuple[int, float]]]:
    """The values that stand beside each other: a gap, or the beginning of what is now, ends a part."""
    part: list[tuple[int, float]] = []
    for at, value in enumerate((*curve.values, None)):
        if part and (value is None or at == split):
            yield part
            part = []
        if value is not None:
            part.append((at, value))


def _gaps(chart: Chart) -> list[int]:
    return [at for at, value in enumerate(chart.curves[0].values) if value is None] if chart.curves else []


def _axis_end(chart: Chart) -> float:
    """The first round number above all values: 1, 2, 4, 6, 8 or 10 times a power of ten, as four lines divide it."""
    highest = _highest(chart) or 0.0
    if highest <= 0:
        return 1.0
    unit = 10.0 ** floor(log10(highest))
    return next(step * unit for step in (1, 2, 4, 6, 8, 10, 20) if step * unit >= highest * 1.02)


def _highest(chart: Chart) -> float | None:
    return max((value for curve in chart.curves for value in curve.values if value is not None), default=None)


def _plain(chart: Chart) -> Chart:
    """Without what has no place above the axis."""
    curves = (
        replace(each, values=tuple(value if value is not None and 0 <= value < inf else None for value in each.values))
        for each in chart.curves
    )
    return replace(chart, curves=tuple(curves))
