"""A database of each kind that keeps the runs of reports, and reports as rows."""

from __future__ import annotations

import json

import pytest

from ci_reporter.hub.ingest.parsing import flat_reports
from ci_reporter.hub.ingest.rows import Origin, rows
from ci_reporter.hub.runs.steps import keep_runs

BRANCHES = ("main",)
NOW_S = 10_000.0


@pytest.fixture
def hub(store):
    """An empty database of each kind."""
    keep_runs(store)
    return store


@pytest.fixture
def report(hub):
    """Keep reports, each of one request, all in one transaction; a step took one second and ended at `at_s`."""
    numbers = iter(range(1_000))

    def add(*flats):
        origin = Origin(sender=None, repository=None, now_s=NOW_S)
        known = {"repository": "acme/shop", "pipeline": "CI", "job_name": "unit", "branch": "main", "exit_code": 0}
        named = {"provider": "github", "pipeline_id": "17", "attempt": "1", "ci_run_id": "github-17-1"}
        requests = []
        for flat in flats:
            at_s = flat.pop("at_s", 100)
            times = {"finished_at": f"1970-01-01T00:{at_s // 60:02}:{at_s % 60:02}Z", "duration_ms": 1_000}
            body = {"report_id": f"r{next(numbers)}", **known, **named, **times, **flat}
            body = {name: value for name, value in body.items() if value is not None}
            requests.append(rows(flat_reports(json.dumps(body).encode()), origin, BRANCHES))
        return hub.write(requests)

    return add
