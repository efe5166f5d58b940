"""Reports → the runs of their steps, in the transaction that keeps the reports.

One statement for many runs: a database across a network is asked once. What a row has of its CI system stays as it is;
counts are added, so only reports that are new may come here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.hub.runs.change import insert_rows, take_numbers
from ci_reporter.hub.runs.record import WORST_FIRST
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.runs.values import many
from ci_reporter.hub.runs.writing import join
from ci_reporter.hub.store import Row, Store
from ci_reporter.hub.store.bounds import bounded
from ci_reporter.hub.store.tables import Statement
from ci_reporter.model import Result
from ci_reporter.providers import one_line, run_name
from ci_reporter.system.addresses import public_url

_MOST_KNOWN = 20_000  # runs whose names, branch and so on were read already
# What a later report of a run may tell and its first one did not.
_DEPLOYS = re.compile(r'"environment"\s*:\s*"')
_COVERED = re.compile(r'"coverage_pct"\s*:\s*\d')
_TEXTS = ("branch", "default_branch", "tag", "revision", "change", "event", "actor", "environment")
_NOTHING = {
    **{f"steps_{result}": 0 for result in Result},
    "steps_unstarted": 0,
    "steps_coverage_pct": 0.0,
    "steps_coverage_ms": -1,
    **dict.fromkeys(("provider", "run_id", "link", "url", *_TEXTS), ""),
    "attempt": 0,
    "state": str(Status.UNKNOWN),
}
_SHORT = 200  # characters that are never too many bytes


class _Name(NamedTuple):
    repository: str
    ci_run_id: str


class RunsOfReports:
    """Keeps a row for each run that reports come from. One thread writes."""

    def __init__(self) -> None:
        self._known: dict[_Name, None] = {}

    def write(self, run: Statement, rows: Sequence[Row]) -> None:
        """Write what follows of new reports: a `WithNew` of a store."""
        of_runs: dict[_Name, list[Row]] = {}
        for row in rows:
            if row.ci_run_id is not None:
                of_runs.setdefault(_Name(bounded(row.series[0]), bounded(row.ci_run_id)), []).append(row)
        if not of_runs:
            return
        known = self._known.keys() & of_runs.keys()
        names = sorted(of_runs)
        new = _write(run, [_sum(name, of_runs[name], reads_all=name not in known) for name in names])
        if forgotten := sorted(known & new):
            # Of a transaction that was undone, or deleted since then: its row lacks what only reports say.
            _upsert(run, [_described(name, of_runs[name]) for name in forgotten])
        if len(self._known) + len(of_runs) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(dict.fromkeys(names))


def keep_runs(store: Store) -> None:
    """Let a store keep the runs of what it writes from now on."""
    store.also_write(RunsOfReports().write)


def _empty(name: _Name, row: Row) -> dict[str, Any]:
    at_ms = row.at_ms
    return {
        **_NOTHING,
        "repository": name.repository,
        "ci_run_id": name.ci_run_id,
        "pipeline": bounded(row.series[1]),
        "series_branch": bounded(row.series[4]),
        "received_ms": row.received_ms,
        "first_step_ms": at_ms,
        "last_step_ms": at_ms,
    }


def _sum(name: _Name, rows: Sequence[Row], *, reads_all: bool) -> dict[str, Any]:
    """The steps of a run together; of reports that tell nothing new the JSON is not read."""
    found = _described(name, rows if reads_all else _telling(rows), rows[0])
    for row in rows:
        found["first_step_ms"] = min(found["first_step_ms"], max(row.at_ms - (row.duration_ms or 0), 0))
        found["last_step_ms"] = max(found["last_step_ms"], row.at_ms)
        found["revision"] = found["revision"] or row.revision or ""
        found[f"steps_{row.result}"] += 1
        found["steps_unstarted"] += row.duration_ms is None and row.result != Result.SKIP
    found["state"] = next(str(result) for result in WORST_FIRST if found[f"steps_{result}"])
    return found


def _telling(rows: Sequence[Row]) -> list[Row]:
    """The reports that may tell more of a run than its first one has: of those with coverage the last one counts."""
    covered = [row for row in rows if _COVERED.search(row.body)]
    last = [max(covered, key=lambda row: row.at_ms)] if covered else []
    return [*(row for row in rows if _DEPLOYS.search(row.body)), *last]


def _described(name: _Name, rows: Sequence[Row], first: Row | None = None) -> dict[str, Any]:
    """What reports say of their run; no step is counted."""
    found = _empty(name, first or rows[0])
    for row in rows:
        flat = json.loads(row.body)
        if isinstance(flat, dict):
            _describe(found, row, flat)
    return found


def _describe(found: dict[str, Any], row: Row, flat: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        if flat.get(name) is not None and not found[name]:
            found[name] = _text(flat[name])
    url = _text(flat.get("run_url"))
    if not found["url"] and url.startswith(("https://", "http://")):
        found["url"] = public_url(url)
    percent = flat.get("coverage_pct")
    is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
    if is_number and row.at_ms >= found["steps_coverage_ms"]:
        found["steps_coverage_pct"], found["steps_coverage_ms"] = float(percent or 0), row.at_ms
    provider, run_id, attempt = (_text(flat.get(name)) for name in ("provider", "pipeline_id", "attempt"))
    if provider and run_id:
        found |= {
            "provider": provider,
            "run_id": run_id,
            "attempt": int(attempt) if attempt.isdecimal() and len(attempt) < 5 else 1,
        }
        usual = bounded(run_name(provider, run_id, attempt))
        found["link"] = usual if usual != found["ci_run_id"] else ""


def _text(value: object) -> str:
    """A text or a whole number, as every database can hold it."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT and value.isprintable() else bounded(one_line(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _write(run: Statement, runs: Sequence[dict[str, Any]]) -> set[_Name]:
    """Gives the runs that were not there before."""
    number = take_numbers(run, len(runs))
    now_ms = max(each["received_ms"] for each in runs)
    changed = sorted(_upsert(run, runs))
    for sql, values in many(_ADD_PIPELINES, _PIPELINE, runs):
        run(sql, **values)
    insert_rows(run, [_change(row, number + at, now_ms) for at, row in enumerate(changed, 1)])
    for each in runs:
        if each["link"]:
            join(run, each["repository"], each["ci_run_id"], each["link"])
    return {_Name(repository, ci_run_id) for repository, ci_run_id, *_, was, _ in changed if was is None}


def _upsert(run: Statement, runs: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [row for sql, values in many(_UPSERT, _ROW, runs) for row in run(sql, **values)]


def _change(row: Sequence[Any], number: int, now_ms: int) -> dict[str, Any]:
    values = dict(zip(("repository", "subject", "pipeline", "branch", "was", "became"), row, strict=True))
    return values | {"number": number, "kind": "steps", "at_ms": now_ms, "was": values["was"] or "", "body": ""}


_NULLABLE = ("link", "url", *_TEXTS)
_COUNTS = (*(f"steps_{result}" for result in Result), "steps_unstarted")
_VALUES = {
    **{name: f":{name}" for name in ("repository", "ci_run_id", "provider", "run_id", "attempt", "pipeline")},
    **{name: f":{name}" for name in ("series_branch", "received_ms", "first_step_ms", "last_step_ms", *_COUNTS)},
    **{name: f"NULLIF(:{name}, '')" for name in _NULLABLE},
    "steps_coverage_pct": "CASE WHEN :steps_coverage_ms >= 0 THEN :steps_coverage_pct END",
    "steps_coverage_ms": "NULLIF(:steps_coverage_ms, -1)",
    "begun_ms": ":first_step_ms",
    "state": ":state",
    "host": "''",
    "older": "''",
    "updated_ms": "0",
}
_ROW = f"({', '.join(_VALUES.values())})"


def _extreme(name: str, sign: str) -> str:
    """The smaller or larger of what there is and what comes, where both may be NULL."""
    return f"""{name} = CASE WHEN run.{name} IS NULL OR excluded.{name} {sign} run.{name}
      THEN excluded.{name} ELSE run.{name} END"""


_LATER = "excluded.steps_coverage_ms >= COALESCE(run.steps_coverage_ms, 0)"
# As record.state_of has it: the CI system's word, and without one the worst result of all steps.
_WORST = " ".join(f"WHEN run.steps_{each} + excluded.steps_{each} > 0 THEN '{each}'" for each in WORST_FIRST)
_STATE = f"""state = CASE WHEN run.status = 'queued' THEN 'running'
  WHEN run.status IS NOT NULL AND run.status <> 'unknown' THEN run.status {_WORST} END"""
_BEGUN = """begun_ms = CASE
  WHEN run.queued_ms IS NULL AND run.started_ms IS NULL AND run.first_step_ms IS NULL THEN excluded.begun_ms
  WHEN excluded.begun_ms < run.begun_ms THEN excluded.begun_ms ELSE run.begun_ms END"""
_UPSERT = f"""
INSERT INTO run ({", ".join(_VALUES)}) VALUES {{rows}}
ON CONFLICT (repository, ci_run_id) DO UPDATE SET
  was = run.state, {_STATE}, {_BEGUN},
  {", ".join(f"{name} = COALESCE(run.{name}, excluded.{name})" for name in _NULLABLE)},
  {", ".join(f"{name} = run.{name} + excluded.{name}" for name in _COUNTS)},
  {_extreme("first_step_ms", "<")}, {_extreme("last_step_ms", ">")},
  steps_coverage_pct = CASE WHEN {_LATER} THEN excluded.steps_coverage_pct ELSE run.steps_coverage_pct END,
  steps_coverage_ms = CASE WHEN {_LATER} THEN excluded.steps_coverage_ms ELSE run.steps_coverage_ms END
RETURNING repository, ci_run_id, pipeline, series_branch, was, state
"""  # noqa: S608
_PIPELINE = "(:repository, :pipeline, :series_branch)"
_ADD_PIPELINES = """
INSERT INTO pipeline (repository, pipeline, series_branch) VALUES {rows} ON CONFLICT DO NOTHING
"""
