"""The read side of a database: its pages, pieced together from what a connection finds."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from itertools import islice
from typing import Any, Protocol

from ci_reporter.hub.store import Position, Row, Series
from ci_reporter.hub.store.queries import SERIES_NAMES, Plan, Queries
from ci_reporter.hub.store.reading import Kind, Point, Selection, SeriesHistory
from ci_reporter.hub.store.tables import Value

LIMIT_S = 2.0
_MOST_STEPS_OF_A_RUN = 1000
_FEW_SERIES = 500  # up to here a page is made from the indexes of series; beyond, from all reports by time
_LARGEST_PIECE = 1000
_BEFORE_ALL = Position(2**62, "")

Values = Mapping[str, object]
Newest = Generator[tuple[int, str, int], None, None]


class Connection(Protocol):
    """What runs the questions, for one thread at a time. Every call raises StoreError, and TooLongError."""

    def rows(self, sql: str, values: Values) -> list[Any]:
        """What a statement finds."""

    def each(self, sql: str, values: Sequence[Values]) -> list[list[Any]]:
        """What a statement finds for each of some values."""

    def newest(self, ids: Sequence[int], sql: str, values: Values) -> Newest:
        """Time, id and place of the reports of these series, newest first; `sql` gives those of one series.

        `count` among the values is how many are wanted at first. Only as many are taken as are needed in the end: how
        much history a series has makes no difference.
        """

    def time_limit(self) -> AbstractContextManager[None]:
        """All that is asked within has one time limit."""

    def close(self) -> None:
        """Let go of the database."""


class Reader:
    """`Reading` on a connection. Raises StoreError."""

    def __init__(self, connection: Connection, queries: Queries) -> None:
        self._connection, self._queries = connection, queries
        self.time_limit, self.close = connection.time_limit, connection.close

    def reports(
        self, selection: Selection, count: int, after: Position | None = None, kind: Kind = Kind.ANY
    ) -> list[Row]:
        """At most `count` reports, newest first."""
        ids, folded = self._series_ids(selection)
        plan = Plan(ids is None, folded, after is not None)
        values = {**_values(selection, after), "ids": ids, "count": count}
        of_deploy = kind in (Kind.GATE, Kind.DEPLOYMENT)
        if ids is not None and len(ids) <= _FEW_SERIES and not of_deploy and selection.ci_run_id is None:
            sql = self._queries.those_of_rows(selection, kind, plan)
            newest = self._connection.newest(ids, self._queries.newest_of_series(selection, after=plan.after), values)
            with closing(newest):
                return self._filter(newest, sql, values, count)
        return [_row(found) for found in self._connection.rows(self._queries.page(selection, kind, plan), values)]

    def select(self, sql: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """What a SELECT on small tables finds."""
        return self._connection.rows(sql, values)

    def select_each(self, sql: str, values: Sequence[Mapping[str, Value]]) -> list[list[tuple[Any, ...]]]:
        """What it finds for each of some values."""
        return self._connection.each(sql, values)

    def report(self, report_id: str, visible: tuple[str, ...] | None) -> Row | None:
        """The report of that id."""
        sql = self._queries.report(visible=visible is not None)
        found = self._connection.rows(sql, {"report_id": report_id, "visible": visible})
        return _row(found[0]) if found else None

    def steps_of_runs(
        self, runs: Sequence[tuple[str, str]], *, bodies: bool = True
    ) -> dict[tuple[str, str], list[Row]]:
        """The reports of runs, each named by repository and ci_run_id; oldest first, at most 1,000 a run."""
        sql = self._queries.steps_of_run(bodies=bodies)
        values: list[Values] = [
            {"repository": repository, "ci_run_id": ci_run_id, "count": _MOST_STEPS_OF_A_RUN}
            for repository, ci_run_id in runs
        ]
        return {
            run: [_row(found) for found in steps]
            for run, steps in zip(runs, self._connection.each(sql, values), strict=True)
        }

    def series(
        self, selection: Selection, count: int, after: Series | None = None, last: int = 10
    ) -> list[SeriesHistory]:
        """At most `count` series in the order of their names, each with its last reports."""
        sql = self._queries.series(selection, after=after is not None)
        rows = self._connection.rows(
            sql, {**_values(selection, None), **_following(SERIES_NAMES, after), "count": count}
        )
        ids = [series_id for series_id, *_ in rows]
        totals: dict[int, dict[str, int]] = {series_id: {} for series_id in ids}
        for series_id, result, runs in self._connection.rows(self._queries.totals, {"ids": ids}):
            totals[series_id][result] = runs
        newest = self._connection.each(
            self._queries.last_of_series, [{"series_id": series_id, "last": last} for series_id in ids]
        )
        return [
            SeriesHistory(tuple(name), totals[series_id], [_row(found) for found in those])
            for (series_id, *name), those in zip(rows, newest, strict=True)
        ]

    def points(self, selection: Selection, most: int) -> list[Point]:
        """At most `most` points, newest first."""
        ids, folded = self._series_ids(selection)
        sql = self._queries.points(selection, Plan(all_series=ids is None, folded=folded))
        values = {**_values(selection, None), "ids": ids, "count": most}
        return [Point(*found) for found in self._connection.rows(sql, values)]

    def _filter(self, newest: Iterator[tuple[int, str, int]], sql: str, values: Values, count: int) -> list[Row]:
        """The first of these that are asked for, looked at in pieces that become larger."""
        found: list[Row] = []
        size = count
        while len(found) < count:
            places = [place for _, _, place in islice(newest, size)]
            if not places:
                break
            found += [_row(each) for each in self._connection.rows(sql, {**values, "rows": places})]
            size = min(2 * size, _LARGEST_PIECE)
        return found[:count]

    def _series_ids(self, selection: Selection) -> tuple[list[int] | None, bool]:
        """The series of a selection, None for all; and whether a report's own branch has to be looked at."""
        if selection[:5] == (None,) * 5 and selection.visible is None:
            return None, False
        values = _values(selection, None)
        ids = [each for (each,) in self._connection.rows(self._queries.series_ids(selection, folded=False), values)]
        if ids or selection.branch is None:
            return ids, False
        return [
            each for (each,) in self._connection.rows(self._queries.series_ids(selection, folded=True), values)
        ], True


def _row(found: Sequence[Any]) -> Row:
    report_id, *series = found[:6]
    return Row(report_id, tuple(series), *found[6:])


def _values(selection: Selection, after: Position | None) -> dict[str, object]:
    after_ms, after_id = after or _BEFORE_ALL
    return {**selection._asdict(), "after_ms": after_ms, "after_id": after_id}


def _following(names: Sequence[str], after: Sequence[str] | None) -> dict[str, str]:
    return {f"after_{name}": value for name, value in zip(names, after or (), strict=False)}
