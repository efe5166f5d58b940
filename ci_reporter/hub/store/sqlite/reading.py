"""The read side of the SQLite database: a connection of its own, which waits for no writer (WAL), and a time limit."""

from __future__ import annotations

import heapq
import json
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from ci_reporter.hub.store import Position, Row, Series
from ci_reporter.hub.store.reading import Kind, Point, Selection, SeriesHistory, TooLongError
from ci_reporter.hub.store.sqlite import statements
from ci_reporter.hub.store.sqlite.opening import open_for_reading
from ci_reporter.hub.store.sqlite.reasons import store_error

LIMIT_S = 2.0
_STEPS_A_LOOK = 20_000  # of SQLite's virtual machine between two looks at the clock: some 2 ms
_MOST_STEPS_OF_A_RUN = 1000
_FEW_SERIES = 500  # up to here a page is made from the indexes of series; beyond, from all reports by time
_LARGEST_PIECE = 1000
_A_FEW_RUNS = 100  # reports


class SqliteReading:
    """A connection that reads, for one thread at a time. Raises StoreError."""

    def __init__(self, path: str, limit_s: float = LIMIT_S) -> None:
        self._path = path
        self._limit_s = limit_s
        self._until_s = 0.0
        self._connection = open_for_reading(path)
        self._connection.set_progress_handler(self._is_late, _STEPS_A_LOOK)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """All that is asked within has one time limit. Raises TooLongError."""
        self._until_s = time.monotonic() + self._limit_s
        yield

    def reports(
        self, selection: Selection, count: int, after: Position | None = None, kind: Kind = Kind.ANY
    ) -> list[Row]:
        """At most `count` reports, newest first."""
        ids, folded = self._series_ids(selection)
        plan = statements.Plan(ids is None, folded, after is not None)
        values = {**_values(selection), **_after(after), "ids": json.dumps(ids), "count": count}
        of_deploy = kind in (Kind.GATE, Kind.DEPLOYMENT)
        if ids is not None and len(ids) <= _FEW_SERIES and not of_deploy and selection.ci_run_id is None:
            sql = statements.those_of_rows(selection, kind, plan)
            with closing(self._newest(ids, statements.newest_of_series(selection, plan), values)) as newest:
                return self._filtered(newest, sql, values, count)
        return [_stored(row) for row in self._rows(statements.page(selection, kind, plan), values)]

    def report(self, report_id: str, visible: tuple[str, ...] | None) -> Row | None:
        """The report of that id."""
        sql = statements.report(visible=visible is not None)
        found = self._rows(sql, {"report_id": report_id, "visible": json.dumps(visible)})
        return _stored(found[0]) if found else None

    def steps_of_runs(
        self, runs: Sequence[tuple[str, str]], *, bodies: bool = True
    ) -> dict[tuple[str, str], list[Row]]:
        """The reports of runs, each named by repository and ci_run_id; oldest first, at most 1,000 a run."""
        steps: dict[tuple[str, str], list[Row]] = {run: [] for run in runs}
        sql = statements.steps_of_run(bodies=bodies)
        for repository, ci_run_id in steps:
            values = {"repository": repository, "ci_run_id": ci_run_id, "count": _MOST_STEPS_OF_A_RUN}
            steps[repository, ci_run_id] = [_stored(row) for row in self._rows(sql, values)]
        return steps

    def last_run_ids(self, selection: Selection, count: int) -> list[str]:
        """The ids of the runs that the newest reports of a selection's series belong to."""
        ids, _ = self._series_ids(selection)
        sql = statements.newest_of_series(selection, statements.Plan())
        found: dict[str, None] = {}
        with closing(self._newest((ids or [])[:_FEW_SERIES], sql, _values(selection))) as newest:
            while len(found) < count:
                with self._errors():
                    rows = [row for _, _, row in islice(newest, _A_FEW_RUNS)]
                if not rows:
                    break
                run_ids = (each for (each,) in self._rows(statements.RUN_IDS_OF_ROWS, (json.dumps(rows),)))
                found |= dict.fromkeys(filter(None, run_ids))
        return list(found)[:count]

    def repositories_of_run(self, ci_run_id: str, visible: tuple[str, ...] | None) -> list[str]:
        """Where there is a run of that id."""
        sql = statements.repositories_of_run(visible=visible is not None)
        return [name for (name,) in self._rows(sql, {"ci_run_id": ci_run_id, "visible": json.dumps(visible)})]

    def series(
        self, selection: Selection, count: int, after: Series | None = None, last: int = 10
    ) -> list[SeriesHistory]:
        """At most `count` series in the order of their names, each with its last reports."""
        following = dict(
            zip(
                ("after_repository", "after_pipeline", "after_ci_job", "after_step", "after_branch"),
                after or (),
                strict=False,
            )
        )
        sql = statements.series(selection, after=after is not None)
        rows = self._rows(sql, {**_values(selection), **following, "count": count})
        ids = json.dumps([row[0] for row in rows])
        totals: dict[int, dict[str, int]] = {row[0]: {} for row in rows}
        for series_id, result, runs in self._rows(statements.TOTALS, (ids,)):
            totals[series_id][result] = runs
        newest = {row[0]: self._rows(statements.LAST_OF_SERIES, (row[0], last)) for row in rows}
        return [
            SeriesHistory(tuple(name), totals[series_id], [_stored(row) for row in newest[series_id]])
            for series_id, *name in rows
        ]

    def pipelines(
        self, selection: Selection, count: int, after: tuple[str, str, str] | None = None
    ) -> list[tuple[str, str, str]]:
        """At most `count` of repository, pipeline and branch, in the order of their names."""
        following = dict(zip(("after_repository", "after_pipeline", "after_branch"), after or (), strict=False))
        sql = statements.pipelines(selection, after=after is not None)
        return self._rows(sql, {**_values(selection), **following, "count": count})

    def points(self, selection: Selection, most: int) -> list[Point]:
        """At most `most` points, newest first."""
        ids, folded = self._series_ids(selection)
        sql = statements.points(selection, statements.Plan(all_series=ids is None, folded=folded))
        values = {**_values(selection), "ids": json.dumps(ids), "count": most}
        return [Point(*row) for row in self._rows(sql, values)]

    def _newest(
        self, ids: Sequence[int], sql: str, values: Mapping[str, object]
    ) -> Generator[tuple[int, str, int], None, None]:
        """Time, id and row of the reports of these series, newest first.

        Each series gives its own in order from the index, and only as many are taken as are needed in the end: how much
        history a series has makes no difference.
        """
        cursors: list[sqlite3.Cursor] = []
        try:
            for series_id in ids:
                cursors.append(self._connection.execute(sql, {**values, "series_id": series_id}))
            yield from heapq.merge(*cursors, reverse=True)
        finally:  # an open one would keep the WAL from being emptied
            for cursor in cursors:
                cursor.close()

    def _filtered(
        self, newest: Iterator[tuple[int, str, int]], sql: str, values: Mapping[str, object], count: int
    ) -> list[Row]:
        """The first of these that are asked for, looked at in pieces that become larger."""
        found: list[Row] = []
        size = count
        while len(found) < count:
            with self._errors():
                rows = [row for _, _, row in islice(newest, size)]
            if not rows:
                break
            found += [_stored(row) for row in self._rows(sql, {**values, "rows": json.dumps(rows)})]
            size = min(2 * size, _LARGEST_PIECE)
        return found[:count]

    def _series_ids(self, selection: Selection) -> tuple[list[int] | None, bool]:
        """The series of a selection, None for all; and whether a report's own branch has to be looked at."""
        if selection[:5] == (None,) * 5 and selection.visible is None:
            return None, False
        values = _values(selection)
        ids = [each for (each,) in self._rows(statements.series_ids(selection, folded=False), values)]
        if ids or selection.branch is None:
            return ids, False
        return [each for (each,) in self._rows(statements.series_ids(selection, folded=True), values)], True

    def _rows(self, sql: str, values: Mapping[str, object] | Sequence[object]) -> list[Any]:
        with self._errors():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise TooLongError(f"the answer takes more than {self._limit_s:g} s") from exc
            raise store_error(self._path, exc) from exc

    def _is_late(self) -> int:
        return int(bool(self._until_s) and time.monotonic() > self._until_s)


def _stored(row: Sequence[Any]) -> Row:
    report_id, *series = row[:6]
    return Row(report_id, tuple(series), *row[6:])


def _values(selection: Selection) -> dict[str, object]:
    return {**selection._asdict(), "visible": json.dumps(selection.visible)}


def _after(position: Position | None) -> dict[str, object]:
    return {"after_ms": position and position.at_ms, "after_id": position and position.report_id}
