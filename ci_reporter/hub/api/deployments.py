"""Deployments: the steps of one run that name the same environment, as one; and DORA's four figures of them.

A gate's verdict says whether a deployment went well. Without a gate the steps' results do, which say less: a deploy
that ended well may serve errors. Neither says anything of one that was cancelled or whose gate was inconclusive.

Source: DORA, "DORA's software delivery metrics: the four keys".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.runs import times, worst
from ci_reporter.hub.api.steps import paged, report_of
from ci_reporter.hub.api.window import window
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.reading import Kind, Reading, Selection
from ci_reporter.model import Report, Result, rfc3339, seconds_of

_DORA_DAYS = 30
_MOST = 2000  # reports of deploys that the four figures are made of
_DAY_MS = 86_400_000
_OF_VERDICT = {"pass": "success", "fail": "failure"}
_OF_RESULT = {
    Result.SUCCESS: "success",
    Result.FAILURE: "failure",
    Result.ERROR: "failure",
    Result.TIMEOUT: "failure",
}


class _Deployment(NamedTuple):
    """The steps of a deployment, oldest first, as they are stored and as they say it."""

    rows: Sequence[Row]
    reports: Sequence[Report]

    @property
    def verdict(self) -> str | None:
        """What its last gate decided."""
        return next((each.gate.verdict for each in reversed(self.reports) if each.gate), None)

    @property
    def outcome(self) -> str | None:
        """`success`, `failure`, or unknown."""
        if self.verdict is not None:
            return _OF_VERDICT.get(self.verdict)
        return _OF_RESULT.get(Result(worst(self.rows)))

    @property
    def finished_ms(self) -> int:
        """When it ended."""
        return max(row.at_ms for row in self.rows)

    @property
    def committed_ms(self) -> int | None:
        """When its commit was made, where a step says it, and it is before the deployment ended."""
        times_s = (seconds_of(each.run.committed_at) for each in reversed(self.reports))
        found_ms = next((round(each * 1000) for each in times_s if each is not None), None)
        return found_ms if found_ms is not None and found_ms <= self.finished_ms else None

    @property
    def place(self) -> tuple[str, str | None]:
        """What was deployed where."""
        return self.rows[0].series[0], self.reports[0].environment


def deployments(reading: Reading, query: Query) -> Mapping[str, Any]:
    """Deployments, newest first. A page may have fewer items than asked for, and still a next one."""
    count = query.values["per_page"]
    rows = reading.reports(query.selection(), count + 1, cursor.position(query), Kind.DEPLOYMENT)
    found = _of_first_steps(reading, rows[:count])
    return paged(query, rows, count, [_deployment(each) for each in found])


def dora(reading: Reading, query: Query) -> Mapping[str, Any]:
    """The four figures, each with how many deployments it rests on."""
    since_ms, until_ms = window(query, _DORA_DAYS)
    selection = query.selection()._replace(since_ms=since_ms, until_ms=until_ms)
    rows = reading.reports(selection, _MOST + 1, None, Kind.DEPLOYMENT)
    complete = len(rows) <= _MOST
    if not complete:
        since_ms = rows[_MOST].at_ms
    found = sorted(_of_first_steps(reading, rows[:_MOST]), key=lambda each: each.finished_ms)
    days = (until_ms - since_ms) / _DAY_MS
    return {
        "window": {"since": rfc3339(since_ms / 1000), "until": rfc3339(until_ms / 1000), "complete": complete},
        "deployment_frequency": _frequency(found, days),
        "lead_time": _lead_time(found),
        "change_failure_rate": _failure_rate(found),
        "time_to_restore": _time_to_restore(found),
    }


class Figures(NamedTuple):
    """DORA's figures of what was deployed to one place; None where nothing tells. Times are seconds."""

    repository: str
    environment: str
    values: Mapping[str, float | None]


def figures(reading: Reading, now_ms: int) -> list[Figures]:
    """The figures of each repository and environment with a deployment in the last 30 days."""
    since_ms = now_ms - _DORA_DAYS * _DAY_MS
    rows = reading.reports(Selection(since_ms=since_ms, until_ms=now_ms), _MOST, None, Kind.DEPLOYMENT)
    places: dict[tuple[str, str], list[_Deployment]] = {}
    for each in sorted(_of_first_steps(reading, rows), key=lambda each: each.finished_ms):
        repository, environment = each.place
        places.setdefault((repository, environment or ""), []).append(each)
    return [Figures(*place, _values(found)) for place, found in places.items()]


def _values(found: Sequence[_Deployment]) -> dict[str, float | None]:
    figures = {
        "deployment_frequency": _frequency(found, _DORA_DAYS),
        "lead_time": _lead_time(found),
        "change_failure_rate": _failure_rate(found),
        "time_to_restore": _time_to_restore(found),
    }
    return {name: each["value"] for name, each in figures.items()}


def _of_first_steps(reading: Reading, rows: Sequence[Row]) -> Iterator[_Deployment]:
    """The deployments whose first step is among the rows: each has one place, however many steps it has."""
    found = reading.steps_of_runs([(row.series[0], row.ci_run_id) for row in rows if row.ci_run_id])
    for row in rows:
        report = report_of(row)
        steps = found[row.series[0], row.ci_run_id] if row.ci_run_id else [row]
        deployment = _alike(steps, report)
        if report.environment is not None and deployment.rows[0].report_id == row.report_id:
            yield deployment


def _alike(rows: Sequence[Row], like: Report) -> _Deployment:
    """Those of a run's steps that were of the same environment."""
    pairs = [(row, report_of(row)) for row in rows]
    pairs = [(row, report) for row, report in pairs if report.environment == like.environment]
    return _Deployment([row for row, _ in pairs], [report for _, report in pairs])


def _deployment(found: _Deployment) -> dict[str, Any]:
    last = found.reports[-1]
    return {
        "environment": last.environment,
        "repository": last.run.repository,
        "ci_run_id": found.rows[0].ci_run_id,
        "pipeline": last.run.pipeline,
        "branch": last.run.branch,
        "revision": last.run.revision,
        "actor": last.run.actor,
        "run_url": last.run.run_url,
        "outcome": found.outcome,
        "verdict": found.verdict,
        "result": worst(found.rows),
        "step_count": len(found.rows),
        **times(found.rows),
    }


def _frequency(found: Sequence[_Deployment], days: float) -> dict[str, Any]:
    if not found or days <= 0:
        return _metric(None, "1/d", 0, "no deployments in the window")
    succeeded = sum(each.outcome == "success" for each in found)
    return _metric(succeeded / days, "1/d", len(found))


def _failure_rate(found: Sequence[_Deployment]) -> dict[str, Any]:
    known = [each.outcome for each in found if each.outcome]
    if not known:
        return _metric(None, "ratio", 0, "no deployments in the window whose outcome is known")
    return _metric(known.count("failure") / len(known), "ratio", len(known))


def _lead_time(found: Sequence[_Deployment]) -> dict[str, Any]:
    """From the commit to the end of its deployment: the median of those that went well.

    A commit counts where it comes first: to deploy it again, or to go back to an older one, delivers nothing new.
    """
    newest_ms: dict[tuple[str, str | None], int] = {}
    took_s = []
    for each in found:
        committed_ms = each.committed_ms
        if each.outcome == "success" and committed_ms is not None and committed_ms > newest_ms.get(each.place, -1):
            newest_ms[each.place] = committed_ms
            took_s.append((each.finished_ms - committed_ms) / 1000)
    if not took_s:
        return _metric(None, "s", 0, "no deployment in the window went well and says when its commit was made")
    return _metric(median(took_s), "s", len(took_s))


def _time_to_restore(found: Sequence[_Deployment]) -> dict[str, Any]:
    """From the first failure of a deployment to the next success in the same place: the median."""
    failing: dict[tuple[str, str | None], int] = {}
    restored_s = []
    for each in found:
        if each.outcome == "failure":
            failing.setdefault(each.place, each.finished_ms)
        elif each.outcome == "success" and each.place in failing:
            restored_s.append((each.finished_ms - failing.pop(each.place)) / 1000)
    if not restored_s:
        why = "what failed has not been restored yet" if failing else "nothing failed in the window"
        return _metric(None, "s", 0, why)
    return _metric(median(restored_s), "s", len(restored_s))


def _metric(value: float | None, unit: str, rests_on: int, why: str | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "rests_on": rests_on, "why": why}
