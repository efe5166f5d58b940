"""Durations run by run as bars that lead to the runs; buckets of a trend as stacked bars and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ci_reporter.hub.page.rendering import kind, run_address, word
from ci_reporter.surfaces.terminal import duration

_HEIGHT, _WIDTH = 120, 1000
_LEAST = 3
_CHART = Markup('<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="group" aria-label="{}">{}</svg>')
_LINKED = Markup(
    '<a href="{}" tabindex="-1" aria-hidden="true"><title>{}</title>'
    '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/></a>'
)
_STACKED = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>')
Flat = Mapping[str, Any]


def durations(runs: Sequence[Flat]) -> Markup:
    """A bar a run, the newest on the right; `runs` are newest first. Nothing where fewer than two have a time."""
    known = [run for run in reversed(runs) if run.get("duration_ms") is not None]
    longest = max((run["duration_ms"] for run in known), default=0)
    if len(known) < 2 or not longest:
        return Markup()
    step = _WIDTH / max(20, len(known))
    bars = []
    for at, run in enumerate(known):
        status = run["status"]
        height = max(_LEAST, run["duration_ms"] / longest * _HEIGHT)
        said = f"{word(status)} · {duration(run['duration_ms'])} · {run['ci_run_id']}"
        where = run_address(run["ci_run_id"], run["repository"])
        size = (f"{at * step:.1f}", f"{_HEIGHT - height:.1f}", f"{step * 0.8:.1f}", f"{height:.1f}")
        bars.append(_LINKED.format(where, said, kind(status), *size))
    label = f"Durations of the last {len(known)} runs, up to {duration(longest)}"
    return _CHART.format("durations", _WIDTH, _HEIGHT, label, Markup("").join(bars))


def results(buckets: Sequence[Flat]) -> Markup:
    """How many steps had which result in each bucket of a trend, as stacked bars."""
    most = max((bucket["count"] for bucket in buckets), default=0)
    if not most:
        return Markup()
    step = _WIDTH / max(10, len(buckets))
    bars = Markup("").join(_stack(bucket, at * step, step * 0.85, most) for at, bucket in enumerate(buckets))
    label = f"Results in {len(buckets)} buckets, at most {most} steps in one; the table below has the figures"
    return _CHART.format("results", _WIDTH, _HEIGHT, label, bars)


def _stack(bucket: Flat, x: float, width: float, most: int) -> Markup:
    of_kind = {"good": 0, "idle": 0, "bad": 0}
    for result, count in bucket["results"].items():
        of_kind[kind(result)] += count
    said = f"{bucket['at'][:16].replace('T', ' ')} UTC: " + ", ".join(
        f"{n} {word(r)}" for r, n in bucket["results"].items()
    )
    bars, y = [], float(_HEIGHT)
    for name, count in of_kind.items():
        height = count / most * _HEIGHT
        y -= height
        if count:
            bars.append(_STACKED.format(name, f"{x:.1f}", f"{y:.1f}", f"{width:.1f}", f"{height:.1f}", said))
    return Markup("").join(bars)
