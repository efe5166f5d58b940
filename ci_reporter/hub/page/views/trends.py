"""`/trends`: results and durations over time, and DORA's four figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ci_reporter.hub.api.trends import BUCKETS
from ci_reporter.hub.page.charts.lines import results
from ci_reporter.hub.page.rendering import address, pct, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import seconds_of
from ci_reporter.surfaces.terminal import duration

_OF = ("repository", "pipeline", "branch")
_DAYS = {"7": 7, "30": 30, "90": 90, "365": 365}
_DAY_MS = 86_400_000
_FIGURES = {
    "deployment_frequency": "Deployment frequency",
    "lead_time": "Lead time",
    "change_failure_rate": "Change failure rate",
    "time_to_restore": "Time to restore",
}


def _trends(reading: Reading, visit: Visit) -> Answer:
    days, bucket = visit.get("days") or "30", visit.get("bucket") or "day"
    if days not in _DAYS or bucket not in BUCKETS:
        raise Problem(400, f"days: one of {', '.join(_DAYS)}; bucket: one of {', '.join(BUCKETS)}")
    given = visit.some(*_OF)
    since = visit.now_ms - _DAYS[days] * _DAY_MS
    found = ask(reading, visit, "/trends", **given, bucket=bucket, since=since)
    dora = ask(reading, visit, "/dora", **given, since=since)
    chosen = {**given, "days": days, "bucket": bucket}
    body = render(
        "trends.html",
        visit=visit,
        found=found,
        figures=[(name, _said(dora[key]), dora[key]) for key, name in _FIGURES.items()],
        window=dora["window"],
        chart=results(found["items"]),
        series=_series(found["items"]),
        given=given,
        choices={
            "days": [(each, each == days, address("/trends", **chosen | {"days": each})) for each in _DAYS],
            "by": [(each, each == bucket, address("/trends", **chosen | {"bucket": each})) for each in BUCKETS],
        },
    )
    return Answer(body)


VIEW = View(path="/trends", answer=_trends, params=(*_OF, "days", "bucket"))


def _said(figure: Mapping[str, Any]) -> str:
    """A figure as people say it."""
    value = figure["value"]
    if value is None:
        return "unknown"
    if figure["unit"] == "ratio":
        return pct(value)
    if figure["unit"] == "s":
        return duration(round(value * 1000))
    return f"{value:.1f} a day" if value >= 1 else f"{value * 7:.1f} a week"


def _series(items: list[Mapping[str, Any]]) -> str:
    """The columns that the zoomable chart draws: times in seconds, medians, 95 in 100, share of successes."""
    times = [seconds_of(item["at"]) for item in items]
    columns = [[item[name] for item in items] for name in ("duration_p50_ms", "duration_p95_ms")]
    seconds = [[None if value is None else value / 1000 for value in column] for column in columns]
    return json.dumps([times, *seconds])
