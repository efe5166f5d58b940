"""Runs in the database → cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ci_reporter.hub.api.masking import mask_text
from ci_reporter.hub.page.wall.card import MOST_BARS, Bar, Card, Place
from ci_reporter.hub.runs.reading import last_runs
from ci_reporter.hub.runs.record import Record
from ci_reporter.hub.store.tables import Tables

Series = tuple[str, str, str]  # repository, pipeline, branch as it is counted

_MOST_SERIES = 5_000  # those with the newest runs; older ones have a page of their own, and no card
_LOOKED_AT = 2 * MOST_BARS  # runs of a series, which may be of several environments
_NEWEST = """
SELECT repository, pipeline, series_branch, MAX(begun_ms) FROM run
GROUP BY repository, pipeline, series_branch ORDER BY MAX(begun_ms) DESC LIMIT :count
"""


def all_cards(tables: Tables) -> Iterator[Card]:
    """The cards of all pipelines. Raises StoreError."""
    rows: list[tuple[Any, ...]] = tables.select(_NEWEST, count=_MOST_SERIES)
    for repository, pipeline, branch, _ in rows:
        yield from cards_of(tables, (repository, pipeline, branch))


def cards_of(tables: Tables, series: Series) -> list[Card]:
    """The cards of one pipeline and branch: one for each environment that its runs name. Raises StoreError."""
    return list(_by_environment(series, last_runs(tables.select, series, _LOOKED_AT)))


def _by_environment(series: Series, runs: Iterable[Record]) -> Iterator[Card]:
    found: dict[str, list[Bar]] = {}
    for run in runs:
        found.setdefault(run.told.environment or "", []).append(_bar(run))
    for environment, bars in found.items():
        yield Card(place=Place(*series, environment), bars=bars[:MOST_BARS])


def _bar(run: Record) -> Bar:
    told = run.told
    return Bar(
        ci_run_id=run.ci_run_id,
        status=run.state,
        started_ms=run.started_ms if run.started_ms is not None else told.queued_ms,
        finished_ms=run.finished_ms,
        revision=told.revision,
        title=mask_text(told.title) if told.title else None,
        url=told.url,
    )
