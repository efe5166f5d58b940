"""What the APIs of CI systems tell: jobs of a run, comments on a change."""

from __future__ import annotations

from ci_reporter.frozen import Frozen


class Job(Frozen):
    """A job as its CI system tells it.

    `status` is a word that `providers.status` knows, where the job has ended; times are RFC 3339 UTC. `pipeline_id` and
    `pipeline_url` are those of the run that the job is in: a child pipeline is one of its own.
    """

    id: str
    name: str
    status: str
    ended: bool
    attempt: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    reason: str | None = None
    url: str | None = None
    stage: str | None = None
    runner: str | None = None
    labels: str | None = None
    pipeline_id: str | None = None
    pipeline_url: str | None = None


class Comment(Frozen):
    """A comment on a change. A younger one has a larger `id`."""

    id: int
    author: str
    body: str


class Change(Frozen):
    """A commit between two revisions."""

    revision: str
    subject: str
    author: str


class Comparison(Frozen):
    """What is between two revisions: the newest commits last, how many there are, and what they change.

    `files`, `additions` and `deletions` are None where the API does not tell.
    """

    changes: tuple[Change, ...]
    total: int
    url: str | None = None
    files: int | None = None
    additions: int | None = None
    deletions: int | None = None
