"""Deployments that CI systems tell of → the database, merged as runs are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from ci_reporter.hub.runs.change import Change, Kind, insert_all, take_numbers
from ci_reporter.hub.runs.clean import clean_values
from ci_reporter.hub.runs.counting import count_deployment
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.merge import join
from ci_reporter.hub.runs.reading import Select
from ci_reporter.hub.runs.record import read_older, write_older
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.runs.writing import upsert
from ci_reporter.hub.store.tables import Statement

_KEY = ("repository", "environment", "provider", "host", "deployment_id")
_COLUMNS = tuple(each.name for each in fields(Deployment))
_NAMES = ", ".join(_COLUMNS)
_AT = f"SELECT {_NAMES} FROM deployment WHERE {' AND '.join(f'{name} = :{name}' for name in _KEY)}"  # noqa: S608
_UPSERT = upsert("deployment", _COLUMNS, _KEY)
_LAST = f"""
SELECT {_NAMES} FROM deployment WHERE repository = :repository AND environment = :environment
ORDER BY updated_ms DESC LIMIT :count
"""  # noqa: S608
_NEWEST = f"SELECT {_NAMES} FROM deployment ORDER BY updated_ms DESC LIMIT :count"  # noqa: S608


def keep(run: Statement, seen: Iterable[Deployment], now_ms: int) -> list[Change]:
    """Keep what was seen, within a transaction; gives what changed."""
    found = sorted((clean_values(each) for each in seen), key=lambda each: tuple(getattr(each, name) for name in _KEY))
    number = take_numbers(run, len(found)) if found else 0
    changes = []
    for at, each in enumerate(found, 1):
        rows = run(_AT, **{name: getattr(each, name) for name in _KEY})
        before = _deployment(rows[0]) if rows else None
        after = join(before or each, each)
        if after != before:
            run(_UPSERT, **_values(after))
            if after.status.is_final and not (before and before.status.is_final):
                count_deployment(run, after)
            changes.append(_change(before, after, number + at, now_ms))
    insert_all(run, changes)
    return changes


def newest_deployments(select: Select, count: int) -> list[Deployment]:
    """The deployments that were told of last, to any environment."""
    return [_deployment(row) for row in select(_NEWEST, count=count)]


def last_deployments(select: Select, repository: str, environment: str, count: int) -> list[Deployment]:
    """The last deployments to an environment, newest first."""
    rows = select(_LAST, repository=repository, environment=environment, count=count)
    return [_deployment(row) for row in rows]


def _deployment(row: Sequence[Any]) -> Deployment:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Deployment(**values | {"status": Status(values["status"]), "older": read_older(values["older"])})


def _values(found: Deployment) -> dict[str, Any]:
    values = {name: getattr(found, name) for name in _COLUMNS}
    return values | {"status": str(found.status), "older": write_older(found.older)}


def _change(before: Deployment | None, after: Deployment, number: int, now_ms: int) -> Change:
    details = {"revision": after.revision, "actor": after.actor, "url": after.url, "ci_run_id": after.ci_run_id}
    return Change(
        kind=Kind.DEPLOYMENT,
        repository=after.repository,
        subject=after.environment,
        number=number,
        at_ms=now_ms,
        branch=after.branch or "",
        was=str(before.status) if before else None,
        became=str(after.status),
        body={name: value for name, value in details.items() if value is not None},
    )
