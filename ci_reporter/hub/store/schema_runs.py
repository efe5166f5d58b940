"""The tables of runs, of their jobs, and of what changed.

A run is one attempt. Its id is `ci_run_id`, what the reports of its steps name it: so one row is one run, whether its
steps, its CI system's webhooks, or the poller told of it. What each of them told stays apart, because each may be told
late or twice: the columns up to `older` are the CI system's (`status` NULL: it has not told yet), those from
`first_step_ms` on are the reports'. `state` and `begun_ms` follow from both; lists are in the order of `begun_ms`.

`link` is the run's usual name where its reports have another one. `was` is the state before the last write of reports,
which an upsert cannot tell otherwise. `steps_unstarted` counts steps that do not say when they began. `counted` is the
result that the counters have of the run.
"""

SCHEMA = """
CREATE TABLE run (
  repository TEXT NOT NULL,
  ci_run_id TEXT NOT NULL,
  link TEXT,
  provider TEXT NOT NULL,
  host TEXT NOT NULL,
  run_id TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  pipeline TEXT NOT NULL,
  series_branch TEXT NOT NULL,
  branch TEXT,
  default_branch TEXT,
  tag TEXT,
  revision TEXT,
  change TEXT,
  event TEXT,
  title TEXT,
  actor TEXT,
  url TEXT,
  environment TEXT,
  parent_run_id TEXT,
  status TEXT,
  updated_ms BIGINT NOT NULL,
  queued_ms BIGINT,
  started_ms BIGINT,
  finished_ms BIGINT,
  estimated_ms BIGINT,
  coverage_pct DOUBLE PRECISION,
  older TEXT NOT NULL,
  first_step_ms BIGINT,
  last_step_ms BIGINT,
  steps_success BIGINT NOT NULL,
  steps_failure BIGINT NOT NULL,
  steps_error BIGINT NOT NULL,
  steps_timeout BIGINT NOT NULL,
  steps_cancellation BIGINT NOT NULL,
  steps_skip BIGINT NOT NULL,
  steps_unstarted BIGINT NOT NULL,
  steps_coverage_pct DOUBLE PRECISION,
  steps_coverage_ms BIGINT,
  state TEXT NOT NULL,
  was TEXT,
  begun_ms BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  counted TEXT,
  polled_final_ms BIGINT,
  hooked_final_ms BIGINT,
  PRIMARY KEY (repository, ci_run_id)
);
CREATE INDEX run_of_pipeline ON run (repository, pipeline, series_branch, begun_ms);
CREATE INDEX run_by_time ON run (begun_ms);
CREATE INDEX run_by_id ON run (ci_run_id);
CREATE INDEX run_of_repository ON run (repository, begun_ms);
CREATE INDEX run_by_link ON run (repository, link) WHERE link IS NOT NULL;
CREATE INDEX run_uncounted ON run (received_ms) WHERE counted IS NULL;
CREATE TABLE job (
  repository TEXT NOT NULL,
  ci_run_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  stage TEXT,
  queued_ms BIGINT,
  started_ms BIGINT,
  finished_ms BIGINT,
  url TEXT,
  runner TEXT,
  older TEXT NOT NULL,
  PRIMARY KEY (repository, ci_run_id, job_id)
);
CREATE TABLE pipeline (
  repository TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  series_branch TEXT NOT NULL,
  PRIMARY KEY (repository, pipeline, series_branch)
);
CREATE TABLE change_number (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO change_number (name, value) VALUES ('change', 0);
CREATE TABLE change (
  number BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  repository TEXT NOT NULL,
  subject TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  branch TEXT NOT NULL,
  was TEXT,
  became TEXT,
  body TEXT
);
"""
