"""The last runs of a card: a bar a run, the newest on the right, as high as it took, in the colour of its result."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ci_reporter.hub.page.rendering import kind, run_address, word
from ci_reporter.hub.page.wall.card import MOST_BARS, Bar
from ci_reporter.model import rfc3339
from ci_reporter.surfaces.terminal import duration

_WIDTH, _GAP, _HEIGHT, _LEAST, _LEAST_BAD = 16, 4, 36, 5, 16
_BAR = Markup(
    '<a href="{}" tabindex="-1" aria-hidden="true"><title>{}</title>'
    '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>{}</a>'
)
_CROSS = Markup('<path class="cross" d="M{0} {1}l8 8m0-8l-8 8"/>')  # for who cannot tell red from green
_CHART = Markup(
    '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="group" aria-label="{}">{}</svg>'
)


def last_runs(bars: Sequence[Bar], repository: str) -> Markup:
    """The chart; `bars` are newest first."""
    longest = max((bar.duration_ms or 0 for bar in bars), default=0)
    empty = MOST_BARS - len(bars)
    drawn = Markup("").join(
        _bar(bar, empty + at, longest, repository) for at, bar in enumerate(reversed(bars[:MOST_BARS]))
    )
    label = f"Last {len(bars)} runs, newest last: {', '.join(word(bar.status) for bar in reversed(bars))}"
    return _CHART.format(MOST_BARS * (_WIDTH + _GAP) - _GAP, _HEIGHT, label, drawn)


def _bar(bar: Bar, at: int, longest: int, repository: str) -> Markup:
    share = (bar.duration_ms or 0) / longest if longest else 0.5
    is_bad = kind(bar.status) == "bad"
    least = _LEAST_BAD if is_bad else _LEAST
    height = round(least + share * (_HEIGHT - least)) if bar.duration_ms is not None or not longest else _HEIGHT
    where = run_address(bar.ci_run_id, repository)
    x = at * (_WIDTH + _GAP)
    cross = _CROSS.format(x + 4, _HEIGHT - 12) if is_bad else Markup()
    return _BAR.format(where, _said(bar), kind(bar.status), x, _HEIGHT - height, _WIDTH, height, cross)


def _said(bar: Bar) -> str:
    stamp = rfc3339(bar.at_ms / 1000)
    parts = [word(bar.status), duration(bar.duration_ms) if bar.duration_ms is not None else ""]
    parts += [f"{stamp[:10]} {stamp[11:16]} UTC" if bar.at_ms else "", (bar.revision or "")[:10], bar.title or ""]
    return " · ".join(part for part in parts if part)
