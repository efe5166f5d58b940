"""The steps of the schema of the small tables, each from the module of its subject."""

from __future__ import annotations

from ci_reporter.hub.store import (
    schema_alerts,
    schema_auth,
    schema_counts,
    schema_forward,
    schema_poll,
    schema_runs,
    schema_webhooks,
)

# Steps of the schema that are the same in every database, in order. One is never changed once it was released.
MIGRATIONS: tuple[str, ...] = (
    schema_runs.SCHEMA,
    schema_forward.SCHEMA,
    schema_auth.SCHEMA,
    schema_alerts.ALERTS,
    schema_poll.SCHEMA,
    schema_webhooks.SCHEMA,
    schema_counts.SCHEMA,
)
