"""The tables of who may do what: API tokens, users, their sessions, and the hub's own key.

Of a secret there is only its hash. Nothing is deleted but sessions: that a token or a user was there once keeps the hub
from taking itself for one without any sign-in.
"""

SCHEMA = """
CREATE TABLE auth_token (
  token_id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  repositories TEXT,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT,
  revoked_ms BIGINT,
  used_ms BIGINT
);
CREATE TABLE auth_user (
  name TEXT PRIMARY KEY,
  password TEXT NOT NULL,
  role TEXT NOT NULL,
  repositories TEXT,
  created_ms BIGINT NOT NULL,
  removed_ms BIGINT
);
CREATE TABLE auth_session (
  hash TEXT PRIMARY KEY,
  user_name TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE TABLE auth_key (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
"""
