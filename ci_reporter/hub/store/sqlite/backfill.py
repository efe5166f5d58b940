"""What a step of the schema makes of reports that are there already. A new PostgreSQL database has none."""

from ci_reporter.hub.store import schema_runs

_BEGAN = "r.at_ms - COALESCE(r.duration_ms, 0)"


def _first(name: str) -> str:
    return f"min(NULLIF(CAST(json_extract(r.body, '$.{name}') AS TEXT), '')) AS {name}"


_OF_ONE, _OF_MANY = "min(s.repository) = max(s.repository)", "min(s.repository) <> max(s.repository)"
# By the index, one run after the other: sorting a million reports with their bodies would need 500 MB of memory.
_IN_ORDER = """report r INDEXED BY report_of_run CROSS JOIN series s ON s.series_id = r.series_id
  WHERE r.ci_run_id IS NOT NULL"""
_NAMES_OF_MANY = f"SELECT r.ci_run_id FROM {_IN_ORDER} GROUP BY r.ci_run_id HAVING {_OF_MANY}"  # noqa: S608


def _runs(of: str) -> str:
    """The statement that makes runs of groups of reports."""
    return _INSERT.replace("{of}", of)


# Of a run whose reports disagree the first text in the order of the alphabet is taken: any of them would do.
_INSERT = f"""
INSERT INTO run (
  repository, ci_run_id, provider, host, run_id, attempt, pipeline, series_branch, updated_ms, older,
  branch, default_branch, tag, revision, change, event, actor, url, environment,
  first_step_ms, last_step_ms, begun_ms, received_ms,
  steps_success, steps_failure, steps_error, steps_timeout, steps_cancellation, steps_skip, steps_unstarted,
  steps_coverage_pct, steps_coverage_ms, state)
SELECT
  repository, ci_run_id, COALESCE(provider, ''), '', COALESCE(pipeline_id, ''),
  CAST(COALESCE(attempt, '1') AS INTEGER), pipeline, series_branch, 0, '',
  branch, default_branch, tag, revision, change, event, actor, run_url, environment,
  first_ms, last_ms, first_ms, received_ms,
  success, failure, error, timeout, cancellation, skip, unstarted,
  coverage_pct, CASE WHEN coverage_pct IS NOT NULL THEN last_ms END,
  CASE WHEN error THEN 'error' WHEN timeout THEN 'timeout' WHEN failure THEN 'failure'
    WHEN cancellation THEN 'cancellation' WHEN success THEN 'success' ELSE 'skip' END
FROM (
  SELECT min(s.repository) AS repository, r.ci_run_id, min(s.pipeline) AS pipeline, min(s.branch) AS series_branch,
    {_first("provider")}, {_first("pipeline_id")}, {_first("attempt")}, {_first("branch")}, {_first("default_branch")},
    {_first("tag")}, min(r.revision) AS revision, {_first("change")}, {_first("event")}, {_first("actor")},
    {_first("run_url")}, {_first("environment")},
    max(min({_BEGAN}), 0) AS first_ms, max(r.at_ms) AS last_ms, min(r.received_ms) AS received_ms,
    sum(r.result = 'success') AS success, sum(r.result = 'failure') AS failure, sum(r.result = 'error') AS error,
    sum(r.result = 'timeout') AS timeout, sum(r.result = 'cancellation') AS cancellation,
    sum(r.result = 'skip') AS skip,
    sum(r.duration_ms IS NULL AND r.result <> 'skip') AS unstarted,
    max(CAST(json_extract(r.body, '$.coverage_pct') AS REAL)) AS coverage_pct
  FROM {{of}}
);
"""  # noqa: S608
# An id without the CI system's name, such as `CI/12`, may be of a run in each of several repositories.
_RUNS_OF_REPORTS = f"""
{_runs(f"{_IN_ORDER} GROUP BY r.ci_run_id HAVING {_OF_ONE}")}
{_runs(f"{_IN_ORDER} AND r.ci_run_id IN ({_NAMES_OF_MANY}) GROUP BY s.repository, r.ci_run_id")}
INSERT INTO pipeline (repository, pipeline, series_branch)
SELECT DISTINCT repository, pipeline, series_branch FROM run;
"""  # noqa: S608

_AFTER = {schema_runs.SCHEMA: _RUNS_OF_REPORTS}


def with_reports(step: str) -> str:
    """A step of the small tables, and what it makes of the reports."""
    return step + _AFTER.get(step, "")
