"""Series and pipelines: what reports are counted by, in the order of their names, with their last steps or runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ci_reporter.hub.api import cursor
from ci_reporter.hub.api.route import Query
from ci_reporter.hub.api.runs import moment, result_of, wanted
from ci_reporter.hub.runs import reading as runs
from ci_reporter.hub.runs.record import Record, record_of
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.reading import Reading, SeriesHistory
from ci_reporter.model import rfc3339

_LAST = 10
_PIPELINE = ("repository", "pipeline", "series_branch")
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
    found = runs.pipelines(reading.select, wanted(query), count + 1, after)
    following = cursor.encode(query, found[count - 1]) if len(found) > count else None
    asked = [dict(zip(_PIPELINE, each, strict=True)) | {"count": _LAST} for each in found[:count]]
    rows = reading.select_each(runs.LAST, asked)
    items = [_pipeline(each, list(map(record_of, last))) for each, last in zip(found[:count], rows, strict=True)]
    return {"items": items, "next_cursor": following}


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


def _pipeline(name: tuple[str, str, str], records: Sequence[Record]) -> dict[str, Any]:
    repository, pipeline, branch = name
    states = [each.state for each in records]
    judged = [each for each in states if each.is_final and each not in (Status.CANCELLATION, Status.SKIP)]
    succeeded = sum(each is Status.SUCCESS for each in judged)
    return {
        "repository": repository,
        "pipeline": pipeline,
        "branch": branch,
        "success_ratio": succeeded / len(judged) if judged else None,
        "rests_on": len(judged),
        "last_runs": [_last_run(each, state) for each, state in zip(records, states, strict=True)],
    }


def _last_run(record: Record, state: Status) -> dict[str, Any]:
    return {
        "ci_run_id": record.ci_run_id,
        "revision": record.told.revision,
        "started_at": moment(record.started_ms),
        "finished_at": moment(record.finished_ms),
        "status": str(state),
        "result": result_of(state),
        "duration_ms": record.duration_ms,
        "run_url": record.told.url,
    }
