"""`/runs/{ci_run_id}`: what failed first, then gates, what ran when, every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ci_reporter.hub.page.charts.gantt import Row, gantt
from ci_reporter.hub.page.charts.gates import before_and_after
from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import seconds_of

_MOST_TESTS = 200
Flat = Mapping[str, Any]


def _run(reading: Reading, visit: Visit) -> Answer:
    run = ask(reading, visit, "/runs/{ci_run_id}", repository=visit.get("repository"))
    steps = run["steps"]
    before = _before(reading, visit, run)
    body = render(
        "run.html",
        visit=visit,
        run=run,
        steps=steps,
        waited_ms=_waited_ms(run),
        failed=_failed_tests(steps),
        gates=[(step, before_and_after(step["gate"])) for step in steps if step.get("gate")],
        chart=gantt(_rows(run, visit.now_ms)),
        before=before,
        coverage_change=_change(before, run),
        events=address("/events", run=run["ci_run_id"], repository=run["repository"]),
    )
    return Answer(body)


VIEW = View(path="/runs/{ci_run_id}", answer=_run, params=("repository",))


def _before(reading: Reading, visit: Visit, run: Flat) -> Flat | None:
    """The run before this one, of the same pipeline and branch."""
    began_ms = _ms(run["queued_at"]) or _ms(run["started_at"])
    if began_ms is None or not run["repository"]:
        return None
    same = {name: run[name] for name in ("repository", "pipeline", "branch")}
    found = ask(reading, visit, "/runs", **same, until=began_ms, per_page=2)["items"]
    return next((each for each in found if each["ci_run_id"] != run["ci_run_id"]), None)


def _waited_ms(run: Flat) -> int | None:
    queued_ms, began_ms = _ms(run["queued_at"]), _ms(run["started_at"])
    return None if queued_ms is None or began_ms is None else max(0, began_ms - queued_ms)


def _change(before: Flat | None, run: Flat) -> float | None:
    was, now = before and before["coverage_pct"], run["coverage_pct"]
    return None if was is None or now is None else round(now - was, 2)


def _failed_tests(steps: Sequence[Flat]) -> list[tuple[Flat, Flat]]:
    """Each failed test with its step; those that are only named have no message."""
    found: list[tuple[Flat, Flat]] = []
    for step in steps:
        told = {each["name"]: each for each in step.get("failures") or ()}
        names = [*told, *(name for name in step.get("failed_tests") or () if name not in told)]
        found += [(step, told.get(name) or {"name": name}) for name in names]
    return found[:_MOST_TESTS]


def _rows(run: Flat, now_ms: int) -> list[Row]:
    """Jobs as the CI system tells them, each with its steps; steps whose job nobody tells stand alone."""
    steps = [(step.get("job_name"), row) for step in run["steps"] if (row := _step_row(step)) is not None]
    rows: list[Row] = []
    shown = set()
    for job in run.get("jobs") or ():
        shown.add(job["name"])
        rows += [*_job_row(job, now_ms), *(row for name, row in steps if name == job["name"])]
    alone = [row._replace(is_step=False) for name, row in steps if name not in shown]
    return [*rows, *sorted(alone, key=lambda row: row.began_ms)]


def _job_row(job: Flat, now_ms: int) -> Iterator[Row]:
    began_ms, ended_ms, queued_ms = (_ms(job.get(name)) for name in ("started_at", "finished_at", "queued_at"))
    if began_ms is None:
        if queued_ms is None or ended_ms is not None:
            return
        began_ms = now_ms  # it still waits
    yield Row(job["name"], str(job["status"]), began_ms, max(began_ms, ended_ms or now_ms), queued_ms)


def _step_row(step: Flat) -> Row | None:
    began_ms, ended_ms = _ms(step.get("started_at")), _ms(step.get("finished_at"))
    if began_ms is None:
        return None
    ended_ms = began_ms + (step.get("duration_ms") or 0) if ended_ms is None else ended_ms
    return Row(step["step"], step["result"], began_ms, max(began_ms, ended_ms), is_step=True)


def _ms(stamp: str | None) -> int | None:
    seconds = seconds_of(stamp)
    return None if seconds is None else round(seconds * 1000)
