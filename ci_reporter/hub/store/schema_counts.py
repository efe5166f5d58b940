"""The tables of what is counted of runs and deployments: each once, when it is over. Runs go in time, counts stay."""

SCHEMA = """
CREATE TABLE pipeline_total (
  repository TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  series_branch TEXT NOT NULL,
  result TEXT NOT NULL,
  runs BIGINT NOT NULL,
  PRIMARY KEY (repository, pipeline, series_branch, result)
);
CREATE TABLE pipeline_time (
  repository TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  series_branch TEXT NOT NULL,
  kind TEXT NOT NULL,
  le_ms BIGINT NOT NULL,
  runs BIGINT NOT NULL,
  sum_ms BIGINT NOT NULL,
  PRIMARY KEY (repository, pipeline, series_branch, kind, le_ms)
);
CREATE TABLE pipeline_day (
  repository TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  series_branch TEXT NOT NULL,
  day BIGINT NOT NULL,
  judged BIGINT NOT NULL,
  succeeded BIGINT NOT NULL,
  PRIMARY KEY (repository, pipeline, series_branch, day)
);
CREATE TABLE deployment_total (
  repository TEXT NOT NULL,
  environment TEXT NOT NULL,
  result TEXT NOT NULL,
  deployments BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,
  PRIMARY KEY (repository, environment, result)
);
CREATE TABLE webhook_gap (
  provider TEXT NOT NULL,
  host TEXT NOT NULL,
  runs BIGINT NOT NULL,
  PRIMARY KEY (provider, host)
);
CREATE INDEX run_without_webhook ON run (polled_final_ms) WHERE hooked_final_ms IS NULL AND polled_final_ms IS NOT NULL;
"""
