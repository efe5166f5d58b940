"""What was seen of runs → the database, in one transaction, and what changed by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from ci_reporter.hub.runs.change import Change, Kind, insert_all, take_numbers
from ci_reporter.hub.runs.clean import clean
from ci_reporter.hub.runs.counting import counted
from ci_reporter.hub.runs.merge import merge
from ci_reporter.hub.runs.reading import Select, record_at
from ci_reporter.hub.runs.record import Record, usual_name, with_sighting
from ci_reporter.hub.runs.run import Run
from ci_reporter.hub.runs.writing import write
from ci_reporter.hub.store.tables import Statement, Tables

BRANCHES = ("main", "master", "release/*")


class Source(StrEnum):
    """Who has seen a run."""

    POLL = "poll"
    WEBHOOK = "webhook"


def record(
    tables: Tables,
    seen: Iterable[Run],
    *,
    source: Source,
    now_ms: int,
    branches: Sequence[str] = BRANCHES,
) -> list[Change]:
    """Keep what was seen; it is durable when this returns. Gives what changed by it, numbered. Raises StoreError.

    It waits for the database: the event loop calls it by `asyncio.to_thread`.
    """
    runs = _by_name(seen)
    book = _Book(source, now_ms, branches)
    if all(before == after for before, after in (book.ends(tables.select, each) for each in runs)):
        return []  # nothing new: no transaction, which would keep other writers waiting
    return tables.transact(lambda run: book.keep(run, runs))


def keep(
    run: Statement, seen: Iterable[Run], *, source: Source, now_ms: int, branches: Sequence[str] = BRANCHES
) -> list[Change]:
    """What `record` does, within a transaction of the caller's."""
    runs = _by_name(seen)
    return _Book(source, now_ms, branches).keep(run, runs) if runs else []


class _Book:
    """One call of `record`."""

    def __init__(self, source: Source, now_ms: int, branches: Sequence[str]) -> None:
        self._source, self._now_ms, self._branches = source, now_ms, branches

    def keep(self, run: Statement, runs: Sequence[Run]) -> list[Change]:
        """Within a transaction."""
        number = take_numbers(run, len(runs))
        changes = []
        for at, seen in enumerate(runs, 1):
            before, after = self.ends(run, seen)
            if after.told.status.is_final:
                after = counted(run, after)
            if after != before:
                write(run, before, after)
            if before is None or after.told != before.told:
                changes.append(run_change(before, after, number + at, self._now_ms))
                insert_all(run, changes[-1:])
        return changes

    def ends(self, select: Select, seen: Run) -> tuple[Record | None, Record]:
        """The record as it is, and as it becomes."""
        before, name = _place(select, seen)
        after = with_sighting(before, replace(seen, ci_run_id=name), self._now_ms, self._branches)
        if after.told.status.is_final and self._source is Source.POLL and after.polled_final_ms is None:
            after = replace(after, polled_final_ms=self._now_ms)
        if after.told.status.is_final and self._source is Source.WEBHOOK and after.hooked_final_ms is None:
            after = replace(after, hooked_final_ms=self._now_ms)
        return before, after


def _place(select: Select, seen: Run) -> tuple[Record | None, str]:
    """The record of a run, and its name there, which another server's run of the same repository may have, too."""
    repository, host, name = seen.key.repository, seen.key.host, seen.ci_run_id or ""
    found = record_at(select, repository, name)
    if found and found.told.key.host not in ("", host):
        name = f"{name}@{host}"
        found = record_at(select, repository, name)
    return found, found.ci_run_id if found else name


def _by_name(seen: Iterable[Run]) -> list[Run]:
    """Each run once, with its name, in the order of names: two hubs lock rows in the same order."""
    found: dict[tuple[str, str, str], Run] = {}
    for each in map(clean, seen):
        name = each.ci_run_id or usual_name(each.key)
        at = each.key.repository, name, each.key.host
        named = replace(each, ci_run_id=name)
        found[at] = merge(found[at], named) if at in found else merge(named, named)
    return [found[at] for at in sorted(found)]


def run_change(before: Record | None, after: Record, number: int, now_ms: int) -> Change:
    """That a run became another, or, where both are the same, that its counters changed."""
    return Change(
        kind=Kind.RUN,
        repository=after.told.key.repository,
        subject=after.ci_run_id,
        number=number,
        at_ms=now_ms,
        pipeline=after.told.pipeline,
        branch=after.series_branch,
        was=str(before.state) if before else None,
        became=str(after.state),
    )
