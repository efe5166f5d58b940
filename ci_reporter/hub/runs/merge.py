"""Two sightings of a run, or of a job → what is true: the same whatever order they come in, and however often.

Webhooks come late, twice, in any order, or never: `completed, in_progress, queued` has been seen, with equal times.
Each field is a register of its own, in which the best sighting wins that knew the field: the one whose status had come
furthest, and of those the latest. That is a join of a semilattice: commutative, associative, idempotent.

    queued,  updated 10, branch main            → success, updated 30, branch main, finished 30
    success, updated 30, finished 30, no branch     `older` says that the branch is as good as (queued, 10) is

Without `older` the branch would look as good as the rest, and a third sighting, `running, 20, branch dev`, would win or
lose depending on when it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, TypeVar

from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.run import Job, Run, Stamp, Status

T = TypeVar("T", Run, Job, Deployment)

_ORDER = tuple(Status)
_APART = ("key", "job_id", "status", "updated_ms", "jobs", "older")  # what is not a register of its own


def merge(one: Run, other: Run) -> Run:
    """What is true of a run that was seen twice; both are of the same key."""
    found = join(one, other)
    return replace(found, jobs=merged_jobs([*one.jobs, *other.jobs]))


def merged_jobs(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Each job once, in the order of their ids."""
    found: dict[str, Job] = {}
    for job in jobs:
        known = found.get(job.job_id)
        found[job.job_id] = job if known is None else join(known, job)
    return tuple(found[job_id] for job_id in sorted(found))


def stamp(seen: Run | Job | Deployment) -> Stamp:
    """How good a sighting is."""
    return Stamp(_rank(seen.status), seen.updated_ms)


def _rank(status: Status) -> int:
    """How far a run has come. One that waits for an approval may run again, so those two are told apart by time."""
    if status.is_final:
        return 3
    return {Status.UNKNOWN: 0, Status.QUEUED: 1}.get(status, 2)


def join(one: T, other: T) -> T:
    """What is true of something that was seen twice; a run's jobs are left as they are."""
    best = max(one, other, key=lambda each: (stamp(each), _ORDER.index(each.status)))
    values: dict[str, Any] = {}
    older: dict[str, Stamp] = {}
    for name in _REGISTERS[type(best)]:
        known = [each for each in (one, other) if getattr(each, name) is not None]
        if not known:
            continue
        # Equal stamps with unlike values do not come from an honest upstream; the larger value is as good as any.
        source = max(known, key=lambda each: (each.older.get(name, stamp(each)), getattr(each, name)))
        values[name] = getattr(source, name)
        its_stamp = source.older.get(name, stamp(source))
        if its_stamp != stamp(best):
            older[name] = its_stamp
    return replace(best, **values, older=older)


_REGISTERS = {
    kind: tuple(each.name for each in fields(kind) if each.name not in _APART) for kind in (Run, Job, Deployment)
}
