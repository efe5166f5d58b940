"""A deployment as a CI system tells of it: what was brought to which environment, and how that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_reporter.hub.runs.run import Stamp, Status


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployment as it was seen at `updated_ms`, which is the CI system's time.

    `ci_run_id` is the run that deploys, where that is told. `older` is as a run's.
    """

    provider: str
    host: str
    repository: str
    deployment_id: str
    environment: str
    status: Status
    updated_ms: int
    revision: str | None = None
    branch: str | None = None
    actor: str | None = None
    url: str | None = None
    ci_run_id: str | None = None
    created_ms: int | None = None
    finished_ms: int | None = None
    older: Mapping[str, Stamp] = field(default_factory=dict)
