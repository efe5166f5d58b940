"""Runs that change, and runs that do not although they should, held against the rules.

Changes have numbers, and the rules' place in them is in the database: what happened while no hub ran is judged when
one does again. What is overdue is looked for every now and then, by one hub at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as copy

from ci_reporter.errors import CIReporterError
from ci_reporter.hub.alerts import feed
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.alerts.overdue import Finding, Overdue, Suspicion, Usual, finding, suspicion
from ci_reporter.hub.alerts.runs import deployment_report, end_of_wait, job_events, job_report, run_event, run_of
from ci_reporter.hub.runs.book import BRANCHES, Source, record
from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.change import Kind as ChangeKind
from ci_reporter.hub.runs.reading import changes_after, jobs_of, last_number, last_runs, record_at
from ci_reporter.hub.runs.record import COLUMNS, Record, record_of
from ci_reporter.hub.runs.run import Job, Key, Run, Status
from ci_reporter.hub.store.tables import Statement, Tables
from ci_reporter.model import Report, Result, Step, rfc3339
from ci_reporter.notify.policies.conditions import comparisons
from ci_reporter.notify.policies.facts import STUCK

LookAgain = Callable[[Key], Run | None]
_FEED, _LOOK = "changes", "overdue"
_AT_ONCE = 500
_HISTORY = 20
_MOST_OPEN = 2000
_LOOK_AGAIN_S = 300.0
_DAY_MS = 86_400_000
_OPEN = f"""
SELECT {", ".join(COLUMNS)} FROM run
WHERE state IN ('queued', 'waiting', 'running') AND begun_ms > :since ORDER BY begun_ms LIMIT :most
"""  # noqa: S608
_JOBS_BEFORE = """
SELECT j.started_ms, j.finished_ms, j.queued_ms FROM job j
JOIN run r ON r.repository = j.repository AND r.ci_run_id = j.ci_run_id
WHERE r.repository = :repository AND r.pipeline = :pipeline AND r.series_branch = :branch
  AND j.name = :name AND j.status = 'success'
ORDER BY r.begun_ms DESC LIMIT :most
"""


def no_look(key: Key) -> Run | None:  # noqa: ARG001
    """Nobody can be asked: no target of `poll:` is this repository."""
    raise CIReporterError("this hub polls no target that has it")


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A run on its way, or a job of one, and what it is called among those that are."""

    record: Record
    seen: Run | Job
    member: str


class Follower:
    """Reads what changed, and what is overdue. Calls raise StoreError."""

    def __init__(
        self,
        tables: Tables,
        book: Book,
        look_again: LookAgain = no_look,
        deployed: Callable[[Report, str], None] = lambda report, deployment: None,  # noqa: ARG005
        *,
        branches: Sequence[str] = BRANCHES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tables = tables
        self._book = book
        self._look_again = look_again
        self._deployed = deployed
        self._branches = branches
        self._clock = clock
        self._looks: dict[str, tuple[Overdue, float, Finding]] = {}

    def follow(self) -> int:
        """Judge what changed since the last call; how many changes there were."""
        count = 0
        position = self._begun()
        while changes := changes_after(self._tables.select, position, _AT_ONCE):
            for each in changes:
                if each.kind is ChangeKind.DEPLOYMENT and each.was != each.became:
                    self._hear_of_deployment(each)
            events = [event for each in _of_runs(changes) for event in self._events(each)]
            # From where these changes were read: where another hub has gone on meanwhile, it has judged them.
            self._book.judge(_claim(position, changes[-1].number, events))
            count += len(changes)
            position = self._begun()
        return count

    def look(self) -> None:
        """Find what is overdue, ask its CI system, and judge what it says."""
        if self._watches_overdue():
            self._book.judge(feed.turn_of(self._tables, _LOOK, lambda: list(self._overdue())))

    def _begun(self) -> int:
        """Where the rules are in the changes; those that were there before the rules are passed over."""
        position = self._position()
        last = last_number(self._tables.select)
        if position is None:
            sql = "INSERT INTO alert_feed (feed, position) VALUES (:feed, :last) ON CONFLICT DO NOTHING"
            self._tables.transact(lambda run: run(sql, feed=_FEED, last=last))
            position = self._position() or last
        if position > last:  # a backup was restored, and the numbers begin again where it ended
            sql = "UPDATE alert_feed SET position = :last WHERE feed = :feed AND position = :position"
            self._tables.transact(lambda run: run(sql, feed=_FEED, last=last, position=position))
            return last
        return position

    def _position(self) -> int | None:
        rows = self._tables.select("SELECT position FROM alert_feed WHERE feed = :feed", feed=_FEED)
        return int(rows[0][0]) if rows else None

    def _hear_of_deployment(self, change: Change) -> None:
        """A CI system tells of a deployment by itself, whichever job made it."""
        if change.became == Status.SUCCESS:
            named = change.body.get("ci_run_id")
            record = record_at(self._tables.select, change.repository, str(named)) if named else None
            report = deployment_report(change, record)
            self._deployed(report, report.run.ci_run_id or report.report_id)

    def _events(self, change: Change) -> Iterator[Event]:
        found = record_at(self._tables.select, change.repository, change.subject)
        if found is None or not found.is_told:  # its steps' reports are judged one by one
            return
        cause = f"{change.repository} {change.subject} {change.became}"
        if change.was != change.became:
            if (ended := run_event(found, cause)) and found.told.environment:
                self._deployed(ended.report, found.ci_run_id)
            yield from filter(None, (run_event(found, cause), end_of_wait(found, cause)))
        yield from job_events(found, f"{change.repository} {change.subject}")

    def _watches_overdue(self) -> bool:
        conditions = [each.condition for each in self._book.rules.policies if each.condition]
        return any(one.name in ("overdue", STUCK) for each in conditions for one in comparisons(each))

    def _overdue(self) -> Iterator[Event]:
        now_ms = round(self._clock() * 1000)
        for each in self._open(now_ms):
            suspected = suspicion(each.seen, self._usual(each), now_ms)
            found = self._last_look(each, suspected) if suspected else Finding(what=Overdue.NO)
            yield _event(each, found, now_ms)

    def _open(self, now_ms: int) -> Iterator[_Open]:
        """Runs on their way, and their jobs."""
        select = self._tables.select
        for row in select(_OPEN, since=now_ms - 7 * _DAY_MS, most=_MOST_OPEN):
            found = record_of(row)
            if found.is_told:
                # Its own status may be behind: steps have reported, so it runs, whatever was told.
                seen = copy(found.told, status=found.state)
                yield _Open(record=found, seen=seen, member=found.ci_run_id)
                for job in jobs_of(select, found.told.key.repository, found.ci_run_id):
                    if not job.status.is_final:
                        yield _Open(record=found, seen=job, member=f"{found.ci_run_id} {job.job_id}")

    def _usual(self, each: _Open) -> Usual:
        told = each.record.told
        if isinstance(each.seen, Job):
            rows = self._tables.select(
                _JOBS_BEFORE,
                repository=told.key.repository,
                pipeline=told.pipeline,
                branch=each.record.series_branch,
                name=each.seen.name,
                most=_HISTORY,
            )
            ran = [(started, finished) for started, finished, _ in rows]
            waited = [(queued, started) for started, _, queued in rows]
            return Usual(ran_ms=_lengths(ran), waited_ms=_lengths(waited))
        series = (told.key.repository, told.pipeline, each.record.series_branch)
        runs = last_runs(self._tables.select, series, 2 * _HISTORY)
        good = [one for one in runs if one.state is Status.SUCCESS][:_HISTORY]
        return Usual(
            ran_ms=[one.duration_ms for one in good if one.duration_ms is not None],
            waited_ms=[one.waited_ms for one in good if one.waited_ms is not None],
            estimated_ms=told.estimated_ms,
        )

    def _last_look(self, each: _Open, suspected: Suspicion) -> Finding:
        """What its CI system said last, unless that was long ago: what hangs for a day is not asked for each minute."""
        now_s, known = time.monotonic(), self._looks.get(each.member)
        if known and known[0] is suspected.what and now_s - known[1] < _LOOK_AGAIN_S:
            return known[2]
        found = self._look(each, suspected)
        if len(self._looks) > _MOST_OPEN:
            self._looks.clear()
        self._looks[each.member] = (suspected.what, now_s, found)
        return found

    def _look(self, each: _Open, suspected: Suspicion) -> Finding:
        """Ask the CI system; what it says is kept, so that everybody else knows it, too."""
        try:
            looked = self._look_again(each.record.told.key)
        except CIReporterError as exc:
            return finding(suspected, None, str(exc))
        if looked is None:
            return finding(suspected, None)
        now_ms = round(self._clock() * 1000)
        record(self._tables, [looked], source=Source.POLL, now_ms=now_ms, branches=self._branches)
        if isinstance(each.seen, Run):
            return finding(suspected, looked)
        job = next((one for one in looked.jobs if one.job_id == each.seen.job_id), None)
        return finding(suspected, job, "its job is not in the answer")


def _of_runs(changes: Iterable[Change]) -> list[Change]:
    """The change that each run came to where it is now by, or the last one where it is still there.

    What changes something else of a run that has ended comes after its end, often at once: the poller and a webhook
    tell of the same end.
    """
    found: dict[tuple[str, str], Change] = {}
    for each in changes:
        name = (each.repository, each.subject)
        known = found.get(name)
        if each.kind is ChangeKind.RUN and (known is None or each.was != each.became or known.was == known.became):
            found.pop(name, None)  # in the order of the changes that are kept
            found[name] = each
    return list(found.values())


def _event(each: _Open, found: Finding, now_ms: int) -> Event:
    """A run or job that is on its way, as an event; what its result will be is not known."""
    is_job = isinstance(each.seen, Job)
    begun_ms = each.seen.started_ms or each.seen.queued_ms or now_ms
    return Event(
        kind=Kind.JOB if is_job else Kind.PIPELINE,
        report=_report(each, begun_ms),
        at_ms=now_ms,
        cause=f"{each.record.told.key.repository} {each.member} {found.what}",
        facts={"overdue": str(found.what), "result": None, "duration": None, "coverage": None},
        stuck_s=max(0, now_ms - begun_ms) / 1000,
        notes=(found.said,) if found.said else (),
        member=each.member,
    )


def _report(each: _Open, begun_ms: int) -> Report:
    if isinstance(each.seen, Job):
        return job_report(each.record, each.seen, Result.SUCCESS)
    step = Step(name=each.record.told.pipeline, result=Result.SUCCESS, started_at=rfc3339(begun_ms / 1000))
    environment = each.record.told.environment
    return Report(report_id=each.member, run=run_of(each.record), step=step, environment=environment)


def _claim(before: int, after: int, events: Sequence[Event]) -> Callable[[Statement], Sequence[Event]]:
    """The events, unless another hub has judged them meanwhile."""

    def claim(run: Statement) -> Sequence[Event]:
        sql = "UPDATE alert_feed SET position = :after WHERE feed = :feed AND position = :before RETURNING feed"
        return events if run(sql, after=after, feed=_FEED, before=before) else ()

    return claim


def _lengths(pairs: Iterable[Sequence[int | None]]) -> list[int]:
    """How long it was from the first to the second of each pair, where both are known."""
    return [max(0, end - begin) for begin, end in pairs if begin is not None and end is not None]
