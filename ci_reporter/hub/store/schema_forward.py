"""The tables of what is handed on to a Pushgateway, and of which hub does it."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE forward (
  report_id TEXT PRIMARY KEY,
  received_ms BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  attempts BIGINT NOT NULL
);
CREATE INDEX forward_by_time ON forward (received_ms, report_id);
CREATE TABLE forward_lease (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until_ms BIGINT NOT NULL
);
"""
