"""Series and pipelines: what reports are counted by, in the order of their names, with their last steps or runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.runs import last_runs, times, worst
from ci_reporter.hub.store import Row
from ci_reporter.hub.store.reading import Reading, Selection, SeriesHistory
from ci_reporter.model import Result, rfc3339

_LAST = 10
_NAMES = ("repository", "pipeline", "ci_job", "step", "branch")


def series(reading: Reading, query: Query) -> Mapping[str, Any]:
    """Series with their last ten steps."""
    count = query.values["per_page"]
    after = cursor.names(query, len(_NAMES))
    found = reading.series(query.selection(), count + 1, after, _LAST)  # type: ignore[arg-type]  # five names
    following = cursor.encode(query, found[count - 1].series) if len(found) > count else None
    return {"items": [_series(each) for each in found[:count]], "next_cursor": following}


def pipelines(reading: Reading, query: Query) -> Mapping[str, Any]:
    """Pipelines, each branch for itself, with their last ten runs."""
    count = query.values["per_page"]
    after = cursor.names(query, 3)
    found = reading.pipelines(query.selection(), count + 1, after)  # type: ignore[arg-type]  # three names
    following = cursor.encode(query, found[count - 1]) if len(found) > count else None
    return {"items": [_pipeline(reading, query, each) for each in found[:count]], "next_cursor": following}


def _series(state: SeriesHistory) -> dict[str, Any]:
    last = [
        {
            "report_id": row.report_id,
            "ci_run_id": row.ci_run_id,
            "revision": row.revision,
            "finished_at": rfc3339(row.at_ms / 1000),
            "result": row.result,
            "duration_ms": row.duration_ms,
        }
        for row in state.last
    ]
    return {**dict(zip(_NAMES, state.series, strict=True)), "totals": state.totals, "last": last}


def _pipeline(reading: Reading, query: Query, name: tuple[str, str, str]) -> dict[str, Any]:
    repository, pipeline, branch = name
    selection = Selection(repository=repository, pipeline=pipeline, branch=branch, visible=query.access.repositories)
    last = [_last_run(rows) for rows in last_runs(reading, selection, _LAST)]
    judged = [each for each in last if each["result"] not in (Result.CANCELLATION, Result.SKIP)]
    succeeded = sum(each["result"] == Result.SUCCESS for each in judged)
    return {
        "repository": repository,
        "pipeline": pipeline,
        "branch": branch,
        "success_ratio": succeeded / len(judged) if judged else None,
        "rests_on": len(judged),
        "last_runs": last,
    }


def _last_run(rows: Sequence[Row]) -> dict[str, Any]:
    when = times(rows)
    return {
        "ci_run_id": rows[0].ci_run_id,
        "revision": next((row.revision for row in rows if row.revision), None),
        "finished_at": when["finished_at"],
        "result": worst(rows),
        "duration_ms": when["duration_ms"],
    }
