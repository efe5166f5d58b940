"""What the API asks a database, as SQL. Values are always parameters, `:name`; what is put together are fixed texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ci_reporter.hub.store.reading import Kind, Selection

FOLDED = ("other", "pull_request")  # branches that many branches' reports are under: see metrics.folded_branch
SERIES_NAMES = ("repository", "pipeline", "ci_job", "step", "branch")

_STORED = """
r.report_id, s.repository, s.pipeline, s.ci_job, s.step, s.branch,
r.at_ms, r.received_ms, r.result, r.duration_ms, r.ci_run_id, r.revision, r.body
"""
_WITHOUT_BODY = _STORED.replace("r.body", "''")
_NEWEST_FIRST = "ORDER BY r.at_ms DESC, r.report_id DESC"
_AFTER = "r.at_ms <= :after_ms AND (r.at_ms < :after_ms OR r.report_id < :after_id)"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a database says what another one says differently.

    `place`: the number of a report's row; `series_id`: the series whose newest are asked for; `environment`, `branch`
    and the texts of `kinds`: what is in a report. `one_of` is filled with a column and a list's `:name`, `reports_at`
    with a list of places, `index` with the name of the index to use. `in_pieces`: the newest of a series are asked for
    in pieces, each after the one before; else the database gives them one by one, as they are wanted.
    """

    place: str
    series_id: str
    environment: str
    branch: str
    kinds: Mapping[Kind, str]
    one_of: str
    reports_at: str
    index: str
    in_pieces: bool


class Plan(NamedTuple):
    """How reports are found: of all series, by the branch in the report, after a position."""

    all_series: bool = False
    folded: bool = False
    after: bool = False


class Queries:
    """The questions in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._bounds = {
            "result": "r.result = :result",
            "since_ms": "r.at_ms >= :since_ms",
            "until_ms": "r.at_ms < :until_ms",
            "ci_run_id": "r.ci_run_id = :ci_run_id",
            "environment": f"{dialect.environment} = :environment",
        }
        self._visible = self._one_of("s.repository", "visible", "text")
        self.totals = f"SELECT series_id, result, runs FROM total WHERE {self._one_of('series_id', 'ids', 'bigint')}"  # noqa: S608
        self.last_of_series = f"""SELECT {_WITHOUT_BODY} FROM report r {self._index("report_of_series")}
          JOIN series s ON s.series_id = r.series_id WHERE r.series_id = :series_id {_NEWEST_FIRST} LIMIT :last"""  # noqa: S608

    def series_ids(self, selection: Selection, *, folded: bool) -> str:
        """The series that a selection names; `folded`: those that hold the reports of a branch that is not one."""
        return f"SELECT s.series_id FROM series s {_where(self._of_series(selection, folded=folded))}"  # noqa: S608

    def newest_of_series(self, selection: Selection, *, after: bool) -> str:
        """Time, id and row of a series' reports, newest first, from the index alone."""
        times = [self._bounds[name] for name in ("since_ms", "until_ms") if getattr(selection, name) is not None]
        wanted = [f"r.series_id = {self._dialect.series_id}", *times]
        wanted += [_AFTER] if after or self._dialect.in_pieces else []
        return f"""SELECT r.at_ms, r.report_id, {self._dialect.place} FROM report r {self._index("report_of_series")}
          {_where(wanted)} {_NEWEST_FIRST}"""  # noqa: S608

    def those_of_rows(self, selection: Selection, kind: Kind, plan: Plan) -> str:
        """Those of some rows that are asked for, newest first."""
        return f"""SELECT {_STORED} FROM {self._reports_at("rows")} JOIN series s ON s.series_id = r.series_id
          {_where([*self._of_reports(selection, plan), *self._of_kind(kind)])} {_NEWEST_FIRST}"""  # noqa: S608

    def page(self, selection: Selection, kind: Kind, plan: Plan) -> str:
        """Reports, newest first, by going through all of them by time; gates and deploys have an index of their own."""
        index = "report_of_run" if selection.ci_run_id is not None else "report_by_time"
        if kind in (Kind.GATE, Kind.DEPLOYMENT):
            index = "report_of_deploy"
        wanted = [*self._of_reports(selection, plan), *self._of_kind(kind), *self._among(plan)]
        return f"""SELECT {_STORED} FROM report r {self._index(index)} JOIN series s ON s.series_id = r.series_id
          {_where(wanted)} {_NEWEST_FIRST} LIMIT :count"""  # noqa: S608

    def points(self, selection: Selection, plan: Plan) -> str:
        """Time, result and duration of reports, newest first."""
        index = self._index("report_by_time" if plan.all_series else "report_of_series")
        wanted = [*self._of_reports(selection, plan), *self._among(plan)]
        return f"""SELECT r.at_ms, r.result, r.duration_ms FROM report r {index} {_where(wanted)}
          ORDER BY r.at_ms DESC LIMIT :count"""  # noqa: S608

    def report(self, *, visible: bool) -> str:
        """A report by its id."""
        wanted = ["r.report_id = :report_id", *([self._visible] if visible else [])]
        return f"SELECT {_STORED} FROM report r JOIN series s ON s.series_id = r.series_id {_where(wanted)}"  # noqa: S608

    def steps_of_run(self, *, bodies: bool) -> str:
        """The reports of a run of a repository, oldest first."""
        return f"""
          SELECT {_STORED if bodies else _WITHOUT_BODY} FROM report r {self._index("report_of_run")}
          JOIN series s ON s.series_id = r.series_id
          WHERE r.ci_run_id = :ci_run_id AND s.repository = :repository
          ORDER BY r.at_ms, r.report_id LIMIT :count"""  # noqa: S608

    def series(self, selection: Selection, *, after: bool) -> str:
        """Series by their names."""
        names = ", ".join(f"s.{name}" for name in SERIES_NAMES)
        wanted = [*self._of_series(selection, folded=False), *(_following(SERIES_NAMES) if after else [])]
        return f"SELECT s.series_id, {names} FROM series s {_where(wanted)} ORDER BY {names} LIMIT :count"  # noqa: S608

    def _of_series(self, selection: Selection, *, folded: bool) -> list[str]:
        named = [name for name in SERIES_NAMES if getattr(selection, name) is not None]
        wanted = [f"s.{name} = :{name}" for name in named if name != "branch"]
        if "branch" in named:
            wanted.append(f"s.branch IN {FOLDED}" if folded else "s.branch = :branch")
        return wanted + ([] if selection.visible is None else [self._visible])

    def _of_reports(self, selection: Selection, plan: Plan) -> list[str]:
        wanted = [text for name, text in self._bounds.items() if getattr(selection, name) is not None]
        return [
            *wanted,
            *([_AFTER] if plan.after else []),
            *([f"{self._dialect.branch} = :branch"] if plan.folded else []),
        ]

    def _of_kind(self, kind: Kind) -> list[str]:
        return [] if kind is Kind.ANY else [self._dialect.kinds[kind]]

    def _among(self, plan: Plan) -> list[str]:
        return [] if plan.all_series else [self._one_of("r.series_id", "ids", "bigint")]

    def _one_of(self, column: str, name: str, kind: str) -> str:
        return self._dialect.one_of.format(column=column, value=f":{name}", kind=kind)

    def _reports_at(self, name: str) -> str:
        return self._dialect.reports_at.format(value=f":{name}")

    def _index(self, name: str) -> str:
        return self._dialect.index.format(name=name)


def _following(names: Iterable[str]) -> list[str]:
    """Those whose names come after some names, in the order of all of them."""
    found = list(names)
    return [f"({', '.join(f's.{name}' for name in found)}) > ({', '.join(f':after_{name}' for name in found)})"]


def _where(wanted: Iterable[str]) -> str:
    texts = list(wanted)
    return f"WHERE {' AND '.join(texts)}" if texts else ""
