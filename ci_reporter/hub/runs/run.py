"""What was seen of a run: by a poll of its CI system, by a webhook. A run and each attempt of it are kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Where a run or a job stands: on its way, or one of the six results of a step.

    `unknown` is a word of the CI system that we do not know: it is neither good nor bad.
    """

    UNKNOWN = "unknown"
    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"
    SKIP = "skip"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come of this attempt."""
        return self not in _ON_THE_WAY


_ON_THE_WAY = frozenset((Status.UNKNOWN, Status.QUEUED, Status.WAITING, Status.RUNNING))


class Key(NamedTuple):
    """One attempt of one run, on one server: `github`, `github.com`, `acme/shop`, `17012345678`, 1."""

    provider: str
    host: str
    repository: str
    run_id: str
    attempt: int


class Stamp(NamedTuple):
    """How good a sighting is, to be compared with others: how far the status had come, and when that was."""

    rank: int
    updated_ms: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of a run. Times are milliseconds since the epoch, None where they are not known.

    `older` has the fields that are from a worse sighting than the rest; only `merge` fills it.
    """

    job_id: str
    name: str
    status: Status
    stage: str | None = None
    queued_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    url: str | None = None
    runner: str | None = None
    updated_ms: int = 0
    older: Mapping[str, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as it was seen at `updated_ms`, which is the CI system's time, not ours.

    `ci_run_id` is what the reports of its steps name it, None where that follows from the key. `estimated_ms` is how
    long the CI system itself expects it to take. Jobs that were not asked for are no reason to forget those that are
    known. `older` has the fields that are from a worse sighting than the rest; only `merge` fills it.
    """

    key: Key
    pipeline: str
    status: Status
    updated_ms: int
    branch: str | None = None
    default_branch: str | None = None
    tag: str | None = None
    revision: str | None = None
    change: str | None = None
    event: str | None = None
    title: str | None = None
    actor: str | None = None
    url: str | None = None
    environment: str | None = None
    ci_run_id: str | None = None
    parent_run_id: str | None = None
    queued_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    estimated_ms: int | None = None
    coverage_pct: float | None = None
    jobs: tuple[Job, ...] = ()
    older: Mapping[str, Stamp] = field(default_factory=dict)
