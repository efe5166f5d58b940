"""The tables of alerts: what rules know, what waits to be told, silences, watches after deploys, rollbacks."""

from __future__ import annotations

# alert_entry    what a rule knows of a series, as JSON: `notify.policies.state.Entry`
# alert_message  what is told, a row a channel, in the order of its number. A transition of a rule's series is told
#                once, whoever finds it
# alert_channel  who sends to a channel now, and when that was done last. `beat` counts the turns: a lease that is
#                judged by whether it moves, not by clocks, which two machines never share
# deploy_watch   what is watched after a deploy: what the service answered before and since, and what came of it
# rollback       the ledger: a row is `called` before the call is made, and never called again
# alert_inbox    new reports that the rules have not seen yet, a row for each transaction that wrote some
# alert_feed     up to which number of what changed the rules have seen it; `lock` counts transactions
ALERTS = """
CREATE TABLE alert_entry (
  rule TEXT NOT NULL, grp TEXT NOT NULL, entry TEXT NOT NULL, updated_ms BIGINT NOT NULL,
  PRIMARY KEY (rule, grp)
);
CREATE TABLE alert_message (
  message_id TEXT NOT NULL, channel TEXT NOT NULL,
  rule TEXT NOT NULL, grp TEXT NOT NULL, transition TEXT NOT NULL,
  labels TEXT NOT NULL, alert TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL, reason TEXT, reference TEXT, attempts BIGINT NOT NULL,
  created_ms BIGINT NOT NULL, settled_ms BIGINT,
  PRIMARY KEY (message_id, channel),
  UNIQUE (rule, grp, transition, channel)
);
CREATE INDEX alert_message_by_state ON alert_message (state, channel, number);
CREATE INDEX alert_message_by_time ON alert_message (created_ms);
CREATE TABLE alert_channel (
  channel TEXT PRIMARY KEY, owner TEXT, beat BIGINT NOT NULL, sent TEXT NOT NULL,
  pause_until_ms BIGINT NOT NULL, failures BIGINT NOT NULL, retry_ms BIGINT NOT NULL
);
CREATE TABLE alert_inbox (
  batch_id TEXT PRIMARY KEY, reports TEXT NOT NULL
);
CREATE TABLE alert_feed (
  feed TEXT PRIMARY KEY, position BIGINT NOT NULL
);
INSERT INTO alert_feed (feed, position) VALUES ('lock', 0);
CREATE TABLE deploy_watch (
  watch TEXT NOT NULL, deployment TEXT NOT NULL,
  repository TEXT NOT NULL, environment TEXT NOT NULL, revision TEXT, report TEXT NOT NULL,
  begun_ms BIGINT NOT NULL, state TEXT NOT NULL, said TEXT,
  baseline TEXT NOT NULL, samples TEXT NOT NULL,
  PRIMARY KEY (watch, deployment)
);
CREATE INDEX deploy_watch_by_time ON deploy_watch (watch, begun_ms);
CREATE TABLE rollback (
  watch TEXT NOT NULL, deployment TEXT NOT NULL,
  state TEXT NOT NULL, to_revision TEXT, planned_ms BIGINT NOT NULL, called_ms BIGINT, said TEXT,
  PRIMARY KEY (watch, deployment)
);
CREATE TABLE silence (
  silence_id TEXT PRIMARY KEY, matchers TEXT NOT NULL,
  starts_ms BIGINT NOT NULL, ends_ms BIGINT NOT NULL,
  author TEXT NOT NULL, comment TEXT NOT NULL, created_ms BIGINT NOT NULL
);
CREATE INDEX silence_by_end ON silence (ends_ms);
"""
