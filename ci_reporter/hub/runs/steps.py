"""Reports → the runs of their steps, in the transaction that keeps the reports.

One statement for many runs: a database across a network is asked once. What a row has of its CI system stays as it is;
counts are added, so only reports that are new may come here.

Of ten steps of a run the first one says what the other nine say again. So a run that was written a while ago is only
counted up: a small UPDATE that leaves the indexes alone, and the JSON of its reports is not read. What the answer shows
to be missing in the row, and what no row was there for, is written as for a new run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.hub.runs.change import Kind, insert_rows, take_numbers
from ci_reporter.hub.runs.record import WORST_FIRST
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.runs.writing import join
from ci_reporter.hub.store import Row, Store
from ci_reporter.hub.store.bounds import bounded
from ci_reporter.hub.store.tables import Statement, Table, Value
from ci_reporter.model import Result
from ci_reporter.providers import one_line, run_name
from ci_reporter.system.addresses import public_url

_MOST_KNOWN = 20_000  # runs whose names, branch and so on were read already
# What a later report of a run may tell and its first one did not.
_TELLS_COVERAGE = re.compile(r'"coverage_pct"\s*:\s*\d')
_TELLS_ENVIRONMENT = re.compile(r'"environment"\s*:\s*"')
_TEXTS = ("branch", "default_branch", "tag", "revision", "change", "event", "actor", "environment")
_COUNTS = (*(f"steps_{result}" for result in Result), "steps_unstarted")
_NO_COUNTS = dict.fromkeys(_COUNTS, 0)
_NOTHING = {
    **_NO_COUNTS,
    **dict.fromkeys(("steps_coverage_pct", "steps_coverage_ms", "link", "url", *_TEXTS)),
    **dict.fromkeys(("provider", "run_id", "host", "older"), ""),
    **dict.fromkeys(("attempt", "updated_ms"), 0),
    "state": str(Status.UNKNOWN),
}
_SHORT = 200  # characters that are never too many bytes


class _Name(NamedTuple):
    repository: str
    ci_run_id: str


class _Answer(NamedTuple):
    """What a statement says of a run that it has written."""

    repository: str
    ci_run_id: str
    pipeline: str
    series_branch: str
    was: str | None
    state: str
    first_step_ms: int
    revision: str | None

    @property
    def name(self) -> _Name:
        return _Name(self.repository, self.ci_run_id)


_OfRuns = Mapping[_Name, Sequence[Row]]


class RunsOfReports:
    """Keeps a row for each run that reports come from. One thread writes."""

    def __init__(self) -> None:
        self._known: set[_Name] = set()

    def write(self, run: Statement, rows: Sequence[Row]) -> None:
        """Write what follows of new reports: a `WithNew` of a store."""
        of_runs: dict[_Name, list[Row]] = {}
        for row in rows:
            if row.ci_run_id is not None:
                of_runs.setdefault(_Name(bounded(row.series[0]), bounded(row.ci_run_id)), []).append(row)
        if not of_runs:
            return
        number = take_numbers(run, len(of_runs))
        later = {name: of_runs[name] for name in sorted(self._known & of_runs.keys())}
        answers = _count_up(run, later)
        found = {each.name for each in answers}  # a run of a transaction that was undone is known here, and not there
        answers += _describe_all(run, {name: of_runs[name] for name in sorted(of_runs.keys() - found)})
        _insert_changes(run, answers, number, max(row.received_ms for row in rows))
        if len(self._known) + len(of_runs) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(of_runs)


def keep_runs(store: Store) -> None:
    """Let a store keep the runs of what it writes from now on."""
    store.also_write(RunsOfReports().write)


def _count_up(run: Statement, of_runs: _OfRuns) -> list[_Answer]:
    """Count the steps of runs that are in the database, and write what its rows lack."""
    if not of_runs:
        return []
    new = [
        (*name, *_counts(rows).values(), max(row.at_ms for row in rows), *_coverage(rows))
        for name, rows in of_runs.items()
    ]
    answers = [_Answer(*each) for each in run(_COUNT_UP, new=Table(_COUNTED, new))]
    lacking = [each.name for each in answers if _tells_more(of_runs[each.name], each)]
    if lacking:
        _upsert(run, [_description(name, of_runs[name]) for name in sorted(lacking)])
    return answers


def _tells_more(rows: Sequence[Row], known: _Answer) -> bool:
    return any(
        _began_ms(row) < known.first_step_ms
        or (row.revision is not None and known.revision is None)
        or _TELLS_ENVIRONMENT.search(row.body)
        for row in rows
    )


def _describe_all(run: Statement, of_runs: _OfRuns) -> list[_Answer]:
    """Write runs with all that their reports say."""
    if not of_runs:
        return []
    runs = [_description(name, rows) | _counts(rows) for name, rows in of_runs.items()]
    for each in runs:
        each["state"] = next(str(result) for result in WORST_FIRST if each[f"steps_{result}"])
    answers = _upsert(run, runs)
    pipelines = sorted({(each["repository"], each["pipeline"], each["series_branch"]) for each in runs})
    run(_ADD_PIPELINES, new=Table("repository text, pipeline text, series_branch text", pipelines))
    for each in runs:
        if each["link"]:
            join(run, each["repository"], each["ci_run_id"], each["link"])
    return answers


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many steps had each result, and how many do not say when they began."""
    found = dict(_NO_COUNTS)
    for row in rows:
        found[f"steps_{row.result}"] += 1
        found["steps_unstarted"] += row.duration_ms is None and row.result != Result.SKIP
    return found


def _coverage(rows: Sequence[Row]) -> tuple[float | None, int | None]:
    """The last coverage that these tell, and when."""
    covered = [row for row in rows if _TELLS_COVERAGE.search(row.body)]
    if not covered:
        return None, None
    last = max(covered, key=lambda row: row.at_ms)
    percent = _percent(json.loads(last.body))
    return (None, None) if percent is None else (percent, last.at_ms)


def _percent(flat: Any) -> float | None:
    percent = flat.get("coverage_pct") if isinstance(flat, dict) else None
    return float(percent) if isinstance(percent, int | float) and not isinstance(percent, bool) else None


def _began_ms(row: Row) -> int:
    return max(row.at_ms - (row.duration_ms or 0), 0)


def _description(name: _Name, rows: Sequence[Row]) -> dict[str, Any]:
    """What reports say of their run; no step is counted."""
    first = rows[0]
    began_ms = min(map(_began_ms, rows))
    found: dict[str, Any] = {
        **_NOTHING,
        "repository": name.repository,
        "ci_run_id": name.ci_run_id,
        "pipeline": bounded(first.series[1]),
        "series_branch": bounded(first.series[4]),
        "received_ms": first.received_ms,
        "first_step_ms": began_ms,
        "begun_ms": began_ms,
        "last_step_ms": max(row.at_ms for row in rows),
    }
    for row in rows:
        flat = json.loads(row.body)
        if isinstance(flat, dict):
            _describe(found, row, flat)
        found["revision"] = found["revision"] or row.revision
    return found


def _describe(found: dict[str, Any], row: Row, flat: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        if flat.get(name) is not None and not found[name]:
            found[name] = _text(flat[name]) or None
    url = _text(flat.get("run_url"))
    if not found["url"] and url.startswith(("https://", "http://")):
        found["url"] = public_url(url)
    percent = _percent(flat)
    if percent is not None and row.at_ms >= (found["steps_coverage_ms"] or 0):
        found["steps_coverage_pct"], found["steps_coverage_ms"] = percent, row.at_ms
    provider, run_id, attempt = (_text(flat.get(name)) for name in ("provider", "pipeline_id", "attempt"))
    if provider and run_id:
        found |= {
            "provider": provider,
            "run_id": run_id,
            "attempt": int(attempt) if attempt.isdecimal() and len(attempt) < 5 else 1,
        }
        usual = bounded(run_name(provider, run_id, attempt))
        found["link"] = usual if usual != found["ci_run_id"] else None


def _text(value: object) -> str:
    """A text or a whole number, as every database can hold it."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT and value.isprintable() else bounded(one_line(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _upsert(run: Statement, runs: Sequence[Mapping[str, Any]]) -> list[_Answer]:
    new = Table(_DESCRIBED, [[each[name] for name in _WRITTEN] for each in runs])
    return [_Answer(*each) for each in run(_UPSERT, new=new)]


def _insert_changes(run: Statement, answers: Sequence[_Answer], number: int, now_ms: int) -> None:
    """One change a run: rows of `change.COLUMNS`."""
    rows: list[Sequence[Value]] = []
    for at, each in enumerate(sorted(answers, key=lambda answer: answer.name), number + 1):
        rows.append((at, Kind.STEPS.value, now_ms, *each[:6], None))
    insert_rows(run, rows)


_NULLABLE = ("link", "url", *_TEXTS)
_WHOLE = ("attempt", "received_ms", "updated_ms", "first_step_ms", "last_step_ms", "begun_ms", "steps_coverage_ms")
_WRITTEN = (
    *("repository", "ci_run_id", "provider", "host", "run_id", "pipeline", "series_branch", "older", "state"),
    *(*_WHOLE, *_COUNTS, *_NULLABLE, "steps_coverage_pct"),
)


def _casts(names: Sequence[str]) -> str:
    """The columns of a table with their types."""
    types = {**dict.fromkeys((*_WHOLE, *_COUNTS), "bigint"), "steps_coverage_pct": "double precision"}
    return ", ".join(f"{name} {types.get(name, 'text')}" for name in names)


_DESCRIBED = _casts(_WRITTEN)
_COUNTED = _casts(("repository", "ci_run_id", *_COUNTS, "last_step_ms", "steps_coverage_pct", "steps_coverage_ms"))


def _updates(new: str) -> str:
    """What both statements do with steps, which are in a table `new`."""
    later = f"{new}.steps_coverage_ms >= COALESCE(run.steps_coverage_ms, 0)"
    # As record.state_of has it: the CI system's word, and without one the worst result of all steps.
    worst = " ".join(f"WHEN run.steps_{each} + {new}.steps_{each} > 0 THEN '{each}'" for each in WORST_FIRST)
    return f"""
  was = run.state,
  state = CASE WHEN run.status = 'queued' THEN 'running'
    WHEN run.status IS NOT NULL AND run.status <> 'unknown' THEN run.status {worst} END,
  {", ".join(f"{name} = run.{name} + {new}.{name}" for name in _COUNTS)},
  last_step_ms = CASE WHEN run.last_step_ms > {new}.last_step_ms THEN run.last_step_ms ELSE {new}.last_step_ms END,
  steps_coverage_pct = CASE WHEN {later} THEN {new}.steps_coverage_pct ELSE run.steps_coverage_pct END,
  steps_coverage_ms = CASE WHEN {later} THEN {new}.steps_coverage_ms ELSE run.steps_coverage_ms END"""


_FIRST = """first_step_ms = CASE WHEN run.first_step_ms <= excluded.first_step_ms
    THEN run.first_step_ms ELSE excluded.first_step_ms END"""
_BEGUN = """begun_ms = CASE
    WHEN run.queued_ms IS NULL AND run.started_ms IS NULL AND run.first_step_ms IS NULL THEN excluded.begun_ms
    WHEN excluded.begun_ms < run.begun_ms THEN excluded.begun_ms ELSE run.begun_ms END"""
_RETURNING = f"RETURNING {', '.join(f'run.{name}' for name in _Answer._fields)}"
_UPSERT = f"""
INSERT INTO run ({", ".join(_WRITTEN)}) SELECT {", ".join(_WRITTEN)} FROM :new AS new WHERE true
ON CONFLICT (repository, ci_run_id) DO UPDATE SET {_updates("excluded")},
  {_FIRST}, {_BEGUN},
  {", ".join(f"{name} = COALESCE(run.{name}, excluded.{name})" for name in _NULLABLE)}
{_RETURNING}
"""  # noqa: S608
_COUNT_UP = f"""
UPDATE run SET {_updates("new")}
FROM :new AS new
WHERE run.repository = new.repository AND run.ci_run_id = new.ci_run_id AND run.first_step_ms IS NOT NULL
{_RETURNING}
"""  # noqa: S608
_ADD_PIPELINES = """
INSERT INTO pipeline (repository, pipeline, series_branch)
SELECT repository, pipeline, series_branch FROM :new AS new WHERE true ON CONFLICT DO NOTHING
"""
