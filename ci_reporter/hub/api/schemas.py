"""JSON Schemas of what is answered, each written once: the OpenAPI document has them, and tests hold answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci_reporter.hub.runs.run import Status
from ci_reporter.model import Result

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {"type": ["integer", "null"]}
NUMBER: Schema = {"type": ["number", "null"]}
RATIO: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
MOMENT: Schema = {"type": "string", "format": "date-time"}
OPTIONAL_MOMENT: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
RESULT: Schema = {"type": "string", "enum": [*Result]}
STATUS: Schema = {"type": "string", "enum": [*Status]}
OPTIONAL_RESULT: Schema = {"enum": [*Result, None]}


def record(**properties: Schema) -> Schema:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def page(item: Schema) -> Schema:
    """A page of a list, and where the next one begins; null on the last one."""
    return record(items=listed(item), next_cursor=OPTIONAL_TEXT)


RESULTS: Schema = {"type": "object", "additionalProperties": COUNT, "propertyNames": {"enum": [*Result]}}
WINDOW: Schema = record(since=OPTIONAL_MOMENT, until=MOMENT, complete=FLAG)

STEP: Schema = record(
    report_id=TEXT,
    received_at=MOMENT,
    ci_run_id=OPTIONAL_TEXT,
    provider=TEXT,
    repository=OPTIONAL_TEXT,
    pipeline=OPTIONAL_TEXT,
    pipeline_id=OPTIONAL_TEXT,
    job_name=OPTIONAL_TEXT,
    step=TEXT,
    branch=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    run_url=OPTIONAL_TEXT,
    environment=OPTIONAL_TEXT,
    started_at=OPTIONAL_MOMENT,
    finished_at=OPTIONAL_MOMENT,
    duration_ms=WHOLE,
    exit_code=WHOLE,
    result=RESULT,
    reason=OPTIONAL_TEXT,
    coverage_pct=NUMBER,
    coverage={"type": ["object", "null"]},
    tests={"type": ["object", "null"]},
    measures={"type": "object"},
    tags={"type": "object"},
)
RUN: Schema = record(
    ci_run_id=TEXT,
    provider=OPTIONAL_TEXT,
    repository=OPTIONAL_TEXT,
    pipeline=OPTIONAL_TEXT,
    branch=OPTIONAL_TEXT,
    tag=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    change=OPTIONAL_TEXT,
    event=OPTIONAL_TEXT,
    title=OPTIONAL_TEXT,
    actor=OPTIONAL_TEXT,
    environment=OPTIONAL_TEXT,
    run_url=OPTIONAL_TEXT,
    status=STATUS,
    result=OPTIONAL_RESULT,
    results=RESULTS,
    step_count=COUNT,
    queued_at=OPTIONAL_MOMENT,
    started_at=OPTIONAL_MOMENT,
    finished_at=OPTIONAL_MOMENT,
    duration_ms=WHOLE,
    coverage_pct=NUMBER,
)
JOB: Schema = record(
    job_id=TEXT,
    name=TEXT,
    stage=OPTIONAL_TEXT,
    status=STATUS,
    queued_at=OPTIONAL_MOMENT,
    started_at=OPTIONAL_MOMENT,
    finished_at=OPTIONAL_MOMENT,
    duration_ms=WHOLE,
    job_url=OPTIONAL_TEXT,
    runner=OPTIONAL_TEXT,
)
RUN_WITH_STEPS: Schema = {"allOf": [RUN, record(jobs=listed(JOB), steps=listed(STEP))]}
LAST_STEP: Schema = record(
    report_id=TEXT,
    ci_run_id=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    finished_at=MOMENT,
    result=RESULT,
    duration_ms=WHOLE,
)
SERIES: Schema = record(
    repository=TEXT, pipeline=TEXT, ci_job=TEXT, step=TEXT, branch=TEXT, totals=RESULTS, last=listed(LAST_STEP)
)
LAST_RUN: Schema = record(
    ci_run_id=TEXT,
    revision=OPTIONAL_TEXT,
    started_at=OPTIONAL_MOMENT,
    finished_at=OPTIONAL_MOMENT,
    status=STATUS,
    result=OPTIONAL_RESULT,
    duration_ms=WHOLE,
    run_url=OPTIONAL_TEXT,
)
PIPELINE: Schema = record(
    repository=TEXT, pipeline=TEXT, branch=TEXT, success_ratio=RATIO, rests_on=COUNT, last_runs=listed(LAST_RUN)
)
GATE: Schema = record(
    report_id=TEXT,
    ci_run_id=OPTIONAL_TEXT,
    repository=OPTIONAL_TEXT,
    pipeline=OPTIONAL_TEXT,
    step=TEXT,
    environment=OPTIONAL_TEXT,
    branch=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    run_url=OPTIONAL_TEXT,
    finished_at=OPTIONAL_MOMENT,
    result=RESULT,
    gate=record(verdict=TEXT, rules={"type": "object", "additionalProperties": TEXT}),
)
DEPLOYMENT: Schema = record(
    environment=TEXT,
    repository=OPTIONAL_TEXT,
    ci_run_id=OPTIONAL_TEXT,
    pipeline=OPTIONAL_TEXT,
    branch=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    actor=OPTIONAL_TEXT,
    run_url=OPTIONAL_TEXT,
    outcome={"enum": ["success", "failure", None]},
    verdict=OPTIONAL_TEXT,
    result=RESULT,
    step_count=COUNT,
    started_at=OPTIONAL_MOMENT,
    finished_at=MOMENT,
    duration_ms=WHOLE,
)
DORA_METRIC: Schema = record(value=NUMBER, unit=TEXT, rests_on=COUNT, why=OPTIONAL_TEXT)
DORA: Schema = record(
    window=WINDOW,
    deployment_frequency=DORA_METRIC,
    lead_time=DORA_METRIC,
    change_failure_rate=DORA_METRIC,
    time_to_restore=DORA_METRIC,
)
TEST: Schema = record(
    repository=OPTIONAL_TEXT,
    name=TEXT,
    failed=COUNT,
    flaky=COUNT,
    slowest_ms=WHOLE,
    last_seen_at=MOMENT,
)
TESTS: Schema = record(window=WINDOW, rests_on=COUNT, items=listed(TEST))
TEST_EVENT: Schema = record(
    report_id=TEXT,
    ci_run_id=OPTIONAL_TEXT,
    repository=OPTIONAL_TEXT,
    branch=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    run_url=OPTIONAL_TEXT,
    finished_at=MOMENT,
    outcomes=listed({"enum": ["failed", "flaky", "slow"]}),
    duration_ms=WHOLE,
    message=OPTIONAL_TEXT,
)
COVERAGE: Schema = record(
    report_id=TEXT,
    ci_run_id=OPTIONAL_TEXT,
    repository=OPTIONAL_TEXT,
    pipeline=OPTIONAL_TEXT,
    job_name=OPTIONAL_TEXT,
    step=TEXT,
    branch=OPTIONAL_TEXT,
    revision=OPTIONAL_TEXT,
    finished_at=MOMENT,
    coverage_pct=NUMBER,
    coverage={"type": ["object", "null"]},
)
BUCKET: Schema = record(
    at=MOMENT,
    count=COUNT,
    results=RESULTS,
    success_ratio=RATIO,
    duration_p50_ms=WHOLE,
    duration_p95_ms=WHOLE,
)
TRENDS: Schema = record(window=WINDOW, bucket=TEXT, rests_on=COUNT, items=listed(BUCKET))
SIDE: Schema = record(result=OPTIONAL_RESULT, duration_ms=WHOLE, coverage_pct=NUMBER)
DIFFERENCE: Schema = record(
    ci_job=TEXT,
    step=TEXT,
    base=SIDE,
    head=SIDE,
    duration_change_ms=WHOLE,
    coverage_change_points=NUMBER,
    newly_failed_tests=listed(TEXT),
    fixed_tests=listed(TEXT),
)
COMPARISON: Schema = record(base=RUN, head=RUN, items=listed(DIFFERENCE))
PROBLEM: Schema = record(type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT)
