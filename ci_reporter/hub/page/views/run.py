"""`/runs/{ci_run_id}`: what failed first, then gates, what ran when, every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ci_reporter.hub.api.masking import masked
from ci_reporter.hub.page.charts.gantt import Row, gantt
from ci_reporter.hub.page.charts.gates import before_and_after
from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.runs.reading import Select, record_at
from ci_reporter.hub.runs.record import Record
from ci_reporter.hub.runs.run import Job
from ci_reporter.hub.store.reading import Reading
from ci_reporter.hub.store.tables import Tables
from ci_reporter.model import rfc3339, seconds_of

_MOST_TESTS = 200
_PLACES = "SELECT repository FROM run WHERE ci_run_id = :ci_run_id ORDER BY repository LIMIT 100"
Flat = Mapping[str, Any]


def view(tables: Tables) -> View:
    """The view; what CI systems told of a run is in these tables."""
    return View(path="/runs/{ci_run_id}", answer=partial(_run, tables.select), params=("repository",))


def _run(select: Select, reading: Reading, visit: Visit) -> Answer:
    run = _found(select, reading, visit)
    before = _before(reading, visit, run)
    steps = run["steps"]
    body = render(
        "run.html",
        visit=visit,
        run=run,
        steps=steps,
        failed=_failed_tests(steps),
        gates=[(step, before_and_after(step["gate"])) for step in steps if step.get("gate")],
        chart=gantt(_rows(run, visit.now_ms)),
        before=before,
        coverage_change=_change(before, run),
        events=address("/events", run=run["ci_run_id"], repository=run["repository"]),
    )
    return Answer(body)


def _found(select: Select, reading: Reading, visit: Visit) -> dict[str, Any]:
    """What the reports of the run's steps say, and over it what its CI system has told. Raises Problem."""
    repository = visit.get("repository")
    try:
        reported = dict(ask(reading, visit, "/runs/{ci_run_id}", repository=repository))
    except Problem as exc:
        if exc.status != 404:
            raise
        told = _told(select, visit, repository)
        if told is None:
            raise
        return {**told, "steps": []}
    told = _told(select, visit, reported["repository"]) or {}
    return reported | {name: value for name, value in told.items() if value is not None}


def _told(select: Select, visit: Visit, repository: str | None) -> dict[str, Any] | None:
    """The run as the hub has put it together, if the visitor may see it."""
    name = visit.names["ci_run_id"]
    if repository is None:
        places = [place for (place,) in select(_PLACES, ci_run_id=name) if visit.access.sees(place)]
        if len(places) > 1:
            raise Problem(409, f"{len(places)} repositories have a run with this id: name the repository")
        repository = places[0] if places else None
    if repository is None or not visit.access.sees(repository):
        return None
    found = record_at(select, repository, name)
    return None if found is None else masked(_flat(found))


def _flat(record: Record) -> dict[str, Any]:
    told = record.told
    names = ("pipeline", "branch", "tag", "revision", "change", "event", "title", "actor", "environment")
    return {
        "ci_run_id": record.ci_run_id,
        "repository": told.key.repository,
        **{name: getattr(told, name) or None for name in names},
        "run_url": told.url,
        "state": str(record.state),
        "started_at": _time(record.started_ms),
        "finished_at": _time(record.finished_ms),
        "duration_ms": record.duration_ms,
        "waited_ms": record.waited_ms,
        "coverage_pct": told.coverage_pct if record.steps.coverage_pct is None else record.steps.coverage_pct,
        "jobs": [_job(job) for job in told.jobs],
    }


def _job(job: Job) -> dict[str, Any]:
    times = {"queued_at": job.queued_ms, "started_at": job.started_ms, "finished_at": job.finished_ms}
    known = {"name": job.name, "status": str(job.status), "url": job.url, "runner": job.runner}
    return known | {name: _time(ms) for name, ms in times.items()}


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms / 1000)


def _failed_tests(steps: Sequence[Flat]) -> list[tuple[Flat, Flat]]:
    """Each failed test with its step; those that are only named have no message."""
    found: list[tuple[Flat, Flat]] = []
    for step in steps:
        told = {each["name"]: each for each in step.get("failures") or ()}
        names = [*told, *(name for name in step.get("failed_tests") or () if name not in told)]
        found += [(step, told.get(name) or {"name": name}) for name in names]
    return found[:_MOST_TESTS]


def _before(reading: Reading, visit: Visit, run: Flat) -> Flat | None:
    """The run before this one, of the same pipeline and branch."""
    same = {name: run.get(name) for name in ("repository", "pipeline", "branch")}
    at_s = seconds_of(run.get("started_at") or run.get("finished_at"))
    if at_s is None or not same["repository"]:
        return None
    try:
        found = ask(reading, visit, "/runs", **same, until=round(at_s * 1000), per_page=2)["items"]
    except Problem:
        return None
    return next((each for each in found if each["ci_run_id"] != run["ci_run_id"]), None)


def _change(before: Flat | None, run: Flat) -> float | None:
    was, now = before and before["coverage_pct"], run.get("coverage_pct")
    return None if was is None or now is None else round(now - was, 2)


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
