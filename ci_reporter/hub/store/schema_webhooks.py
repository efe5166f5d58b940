"""The tables of what webhooks delivered, and of the deployments that CI systems tell of."""

SCHEMA = """
CREATE TABLE delivery (
  source TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  received_ms BIGINT NOT NULL,
  repository TEXT NOT NULL,
  event TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (source, delivery_id)
);
CREATE INDEX delivery_by_digest ON delivery (source, digest);
CREATE INDEX delivery_by_time ON delivery (received_ms);
CREATE TABLE deployment (
  repository TEXT NOT NULL,
  environment TEXT NOT NULL,
  provider TEXT NOT NULL,
  host TEXT NOT NULL,
  deployment_id TEXT NOT NULL,
  status TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  revision TEXT,
  branch TEXT,
  actor TEXT,
  url TEXT,
  ci_run_id TEXT,
  created_ms BIGINT,
  finished_ms BIGINT,
  older TEXT NOT NULL,
  PRIMARY KEY (repository, environment, provider, host, deployment_id)
);
CREATE INDEX deployment_by_time ON deployment (repository, environment, updated_ms);
"""
