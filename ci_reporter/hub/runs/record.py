"""A run in the database: what its CI system told, what the reports of its steps did, and what follows of both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from ci_reporter import metrics
from ci_reporter.hub.runs.merge import merge
from ci_reporter.hub.runs.run import Job, Key, Run, Stamp, Status
from ci_reporter.model import Result
from ci_reporter.providers import run_name

T = TypeVar("T")

# Of these, a run that is started again is another attempt of the same run, and its reports say which one.
_WITH_ATTEMPTS = ("github", "gitea", "forgejo", "azure", "buildkite", "woodpecker")
WORST_FIRST = (Result.ERROR, Result.TIMEOUT, Result.FAILURE, Result.CANCELLATION, Result.SUCCESS, Result.SKIP)

_KEY = Key._fields
_TOLD = tuple(each.name for each in fields(Run) if each.name not in ("key", "ci_run_id", "jobs", "older", "status"))
_RESULTS = tuple(Result)
_DAY_MS = 86_400_000
_STATUSES = {str(each): each for each in Status}
_COUNTS = (*(f"steps_{result}" for result in _RESULTS), "steps_unstarted")
_FIRST_TOLD = 2 + len(_KEY) + 1
COLUMNS = (
    *("ci_run_id", "link", *_KEY, "status", *_TOLD, "older", "series_branch", "state", "begun_ms", "received_ms"),
    *("first_step_ms", "last_step_ms", *_COUNTS, "steps_coverage_pct", "counted", "polled_final_ms", "hooked_final_ms"),
)
_OF_JOB = tuple(each.name for each in fields(Job) if each.name != "older")
JOB_COLUMNS = (*_OF_JOB, "older")


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What the reports of a run's steps say together. `first_ms` is when the first began, `last_ms` when one ended.

    `unstarted` is how many of them do not say when they began.
    """

    results: Mapping[Result, int] = field(default_factory=dict)
    first_ms: int | None = None
    last_ms: int | None = None
    coverage_pct: float | None = None
    unstarted: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.results.values())

    @property
    def worst(self) -> Status | None:
        """The worst result that a step had; `skip` only where all were skipped. None without steps."""
        results = self.results
        for each in WORST_FIRST:
            if results.get(each):
                return Status(each)
        return None


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run in the database. `told` is what its CI system told, together with what only reports name.

    `link` is the run's usual name where its reports have another one. `is_told`: whether the CI system has told of it.
    """

    ci_run_id: str
    told: Run
    is_told: bool
    series_branch: str
    received_ms: int
    link: str | None = None
    steps: Steps = field(default_factory=Steps)
    counted: str | None = None
    polled_final_ms: int | None = None
    hooked_final_ms: int | None = None

    @property
    def state(self) -> Status:
        """Where the run stands, by all that is known."""
        return state_of(self.told if self.is_told else None, self.steps)

    @property
    def begun_ms(self) -> int:
        """The run's place in lists: the first moment that is known of it.

        With a clock that is more than a day ahead, that is when it was heard of: else it would stand first for ever.
        """
        known = [self.told.queued_ms, self.told.started_ms, self.steps.first_ms]
        found = min((each for each in known if each is not None), default=self.told.updated_ms or self.received_ms)
        return found if found <= self.received_ms + _DAY_MS else self.received_ms

    @property
    def started_ms(self) -> int | None:
        """When it began to run; its first step did so where the CI system has not told."""
        if self.told.started_ms is not None:
            return self.told.started_ms
        return None if self.steps.unstarted else self.steps.first_ms

    @property
    def finished_ms(self) -> int | None:
        """When it ended; the end of its last report where nobody else tells. None while it is on its way."""
        if not self.is_told:
            return self.steps.last_ms
        if not self.state.is_final:
            return None
        return self.told.updated_ms if self.told.finished_ms is None else self.told.finished_ms

    @property
    def duration_ms(self) -> int | None:
        """How long it ran."""
        ends = self.started_ms, self.finished_ms
        return max(ends[1] - ends[0], 0) if ends[0] is not None and ends[1] is not None else None

    @property
    def waited_ms(self) -> int | None:
        """How long it waited: until its first job ran, as GitHub says of a run that waits that it has started."""
        starts = [each.started_ms for each in self.told.jobs if each.started_ms is not None]
        started_ms = min(starts, default=self.told.started_ms)
        if started_ms is None or self.told.queued_ms is None:
            return None
        return max(started_ms - self.told.queued_ms, 0)


def state_of(told: Run | None, steps: Steps) -> Status:
    """Where a run stands: as its CI system says, and by its steps where that says nothing.

    One that is said to be queued and has steps is on its way: the webhook that told so was lost.
    """
    if told is None or told.status is Status.UNKNOWN:
        return steps.worst or _state_of_jobs(told.jobs if told else ())
    return Status.RUNNING if told.status is Status.QUEUED and steps.results else told.status


def _state_of_jobs(jobs: Sequence[Job]) -> Status:
    """Of a run whose jobs alone were told: one that has ended says nothing of those that are still to come."""
    begun = [each.status for each in jobs if each.status is not Status.UNKNOWN]
    if not begun:
        return Status.UNKNOWN
    return Status.QUEUED if all(each is Status.QUEUED for each in begun) else Status.RUNNING


def usual_name(key: Key) -> str:
    """The `ci_run_id` that the reports of a run have, unless the job sets one of its own."""
    return run_name(key.provider, key.run_id, str(key.attempt) if key.provider in _WITH_ATTEMPTS else None)


def with_sighting(known: Record | None, seen: Run, now_ms: int, branches: Sequence[str]) -> Record:
    """The record after one more sighting, which has its `ci_run_id`."""
    told = merge(known.told, seen) if known else merge(seen, seen)
    told = replace(told, key=seen.key, ci_run_id=seen.ci_run_id)
    branch = metrics.fold(told.branch, told.change, told.default_branch, branches)
    if known:
        return replace(known, told=told, is_told=True, series_branch=branch)
    ci_run_id = seen.ci_run_id or usual_name(seen.key)
    return Record(ci_run_id=ci_run_id, told=told, is_told=True, series_branch=branch, received_ms=now_ms)


def values_of(record: Record) -> dict[str, Any]:
    """A record as the values of its columns."""
    told = record.told
    steps = {
        "first_step_ms": record.steps.first_ms,
        "last_step_ms": record.steps.last_ms,
        "steps_coverage_pct": record.steps.coverage_pct,
        "steps_unstarted": record.steps.unstarted,
        **{f"steps_{result}": record.steps.results.get(result, 0) for result in Result},
    }
    return {
        **{name: getattr(record, name) for name in ("ci_run_id", "link", "begun_ms", "received_ms", "series_branch")},
        **{name: getattr(record, name) for name in ("counted", "polled_final_ms", "hooked_final_ms")},
        **told.key._asdict(),
        **{name: getattr(told, name) for name in _TOLD},
        **steps,
        "status": str(told.status) if record.is_told else None,
        "state": str(record.state),
        "older": write_older(told.older),
    }


def record_of(row: Sequence[Any], jobs: Sequence[Job] = ()) -> Record:
    """A record from a row of `COLUMNS`. A page of pipelines has hundreds, so the columns are taken by their places."""
    ci_run_id, link = row[:2]
    provider, host, repository, run_id, attempt, status = row[2:_FIRST_TOLD]
    older, series_branch, _, _, received_ms, first_ms, last_ms, *rest = row[_FIRST_TOLD + len(_TOLD) :]
    unstarted, coverage_pct, counted, polled_final_ms, hooked_final_ms = rest[len(_RESULTS) :]
    told = _make(
        Run,
        key=Key(provider, host, repository, run_id, attempt),
        ci_run_id=ci_run_id,
        status=Status.UNKNOWN if status is None else _STATUSES.get(status) or Status(status),
        jobs=tuple(jobs),
        older=read_older(older),
        **dict(zip(_TOLD, row[_FIRST_TOLD:], strict=False)),
    )
    steps = _make(
        Steps,
        results={result: count for result, count in zip(_RESULTS, rest, strict=False) if count},
        first_ms=first_ms,
        last_ms=last_ms,
        coverage_pct=coverage_pct,
        unstarted=unstarted,
    )
    return _make(
        Record,
        ci_run_id=ci_run_id,
        link=link,
        told=told,
        is_told=status is not None,
        series_branch=series_branch,
        received_ms=received_ms,
        steps=steps,
        counted=counted,
        polled_final_ms=polled_final_ms,
        hooked_final_ms=hooked_final_ms,
    )


def _make(kind: type[T], **values: Any) -> T:
    """What `kind(**values)` makes, of all its fields; a frozen class sets each field by a call."""
    made = object.__new__(kind)
    made.__dict__.update(values)
    return made


def values_of_job(job: Job) -> dict[str, Any]:
    """A job as the values of its columns."""
    return {name: getattr(job, name) for name in _OF_JOB} | {"status": str(job.status), "older": write_older(job.older)}


def job_of(row: Sequence[Any]) -> Job:
    """A job from a row of `JOB_COLUMNS`."""
    values = dict(zip(JOB_COLUMNS, row, strict=True))
    return Job(**values | {"status": Status(values["status"]), "older": read_older(values["older"])})


def write_older(older: Mapping[str, Stamp]) -> str:
    """What `merge` has to know of old fields, as the text of a column."""
    return json.dumps(older) if older else ""


def read_older(text: str) -> dict[str, Stamp]:
    """The same out of the text."""
    return {name: Stamp(*found) for name, found in json.loads(text).items()} if text else {}
