"""The tables of the poller: how far each target has been looked at and who looks at it, and what each replica tells.

`lease` is the replica that looks at a target until `lease_ms`. `told` is JSON: of each target of a replica, when it was
last looked at, and what was wrong; one row a replica, as two thousand rows would be written every few seconds.
"""

SCHEMA = """
CREATE TABLE poll_target (
  target TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  lease TEXT NOT NULL,
  lease_ms BIGINT NOT NULL
);
CREATE INDEX poll_target_of ON poll_target (lease);
CREATE TABLE poll_replica (
  replica TEXT PRIMARY KEY,
  until_ms BIGINT NOT NULL,
  told TEXT NOT NULL
);
"""
