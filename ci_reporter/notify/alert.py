"""What people are told: an `Alert`, as the channels take it and as the outbox keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import isfinite

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.model import Result, Run, rfc3339, seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Level(StrEnum):
    """How urgent it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class State(StrEnum):
    """Whether what the alert is about goes on, or has ended."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Field(Frozen):
    """A short fact: `duration`, `2 min 3 s`."""

    name: str
    value: str


class Link(Frozen):
    """Where to read on."""

    text: str
    url: str


class Commit(Frozen):
    """The last commit: `stat` are the lines of `git show --stat`, already cut to a few."""

    revision: str
    subject: str
    author: str | None = None
    stat: tuple[str, ...] = ()


class Curve(Frozen):
    """Values one after the other; None where there is none, such as a percentile of requests that failed."""

    name: str
    values: tuple[float | None, ...]


class Chart(Frozen):
    """Curves over one axis; the values before `split` are from before the change that the alert is about."""

    title: str
    curves: tuple[Curve, ...]
    split: int = 0


class Alert(Frozen):
    """One thing to tell people. Only the title is needed.

    `alert_id` names this message, so that a channel that knows it already can drop it; `dedup_key` names what it is
    about: the alert that says it is over has the same one. `at_s` is in seconds since the epoch. `replies_to` has, by
    channel, the message that this one answers (a thread), as the channel named it. `digest` counts the titles of the
    alerts that this one stands for, where it stands for several.
    """

    title: str
    text: str = ""
    level: Level = Level.INFO
    state: State = State.FIRING
    service: str | None = None
    environment: str | None = None
    run: Run | None = None
    result: Result | None = None
    fields: tuple[Field, ...] = ()
    failed_tests: tuple[str, ...] = ()
    commit: Commit | None = None
    charts: tuple[Chart, ...] = ()
    links: tuple[Link, ...] = ()
    at_s: float | None = None
    alert_id: str = ""
    dedup_key: str = ""
    replies_to: Mapping[str, str] = EMPTY
    digest: Mapping[str, int] = EMPTY


def to_json(alert: Alert) -> dict[str, Any]:
    """The alert as one JSON object; what is unknown or empty is absent, the time is RFC 3339."""
    flat: dict[str, Any] = dict(vars(alert))
    flat["run"] = _without_empty(alert.run) if alert.run else None
    flat["fields"] = [_without_empty(each) for each in alert.fields]
    flat["links"] = [_without_empty(each) for each in alert.links]
    flat["commit"] = _without_empty(alert.commit) if alert.commit else None
    flat["charts"] = [_flat_chart(each) for each in alert.charts]
    flat["failed_tests"] = list(alert.failed_tests)
    flat["replies_to"], flat["digest"] = dict(alert.replies_to), dict(alert.digest)
    flat["at"] = None if alert.at_s is None else rfc3339(alert.at_s)
    del flat["at_s"]
    known = {name: value for name, value in flat.items() if value not in (None, "", [], {})}
    return {"title": alert.title, **known}


def from_json(flat: Mapping[str, Any]) -> Alert:
    """The alert that `to_json` wrote. Raises ValueError, TypeError, KeyError or AttributeError for anything else."""
    values = dict(flat)
    at = values.pop("at", None)
    commit = values.get("commit")
    return Alert(
        **values
        | {
            "level": Level(values.get("level", Level.INFO)),
            "state": State(values.get("state", State.FIRING)),
            "result": Result(values["result"]) if "result" in values else None,
            "run": Run(**values["run"]) if "run" in values else None,
            "commit": Commit(**commit | {"stat": tuple(commit.get("stat", ()))}) if commit else None,
            "fields": tuple(Field(**each) for each in values.get("fields", ())),
            "links": tuple(Link(**each) for each in values.get("links", ())),
            "charts": tuple(_chart(each) for each in values.get("charts", ())),
            "failed_tests": tuple(values.get("failed_tests", ())),
            "at_s": seconds_of(at),
        }
    )


def _flat_chart(chart: Chart) -> dict[str, Any]:
    curves = [{"name": each.name, "values": list(map(_number, each.values))} for each in chart.curves]
    return {"title": chart.title, "curves": curves, "split": chart.split}


def _chart(flat: Mapping[str, Any]) -> Chart:
    curves = (Curve(name=each["name"], values=tuple(map(_number, each["values"]))) for each in flat["curves"])
    return Chart(title=flat["title"], curves=tuple(curves), split=int(flat["split"]))


def _number(value: Any) -> float | None:
    """A number as JSON knows it: it has no word for what is not one."""
    return float(value) if value is not None and isfinite(value) else None


def _without_empty(value: Frozen) -> dict[str, Any]:
    return {
        name: list(each) if isinstance(each, tuple) else each
        for name, each in vars(value).items()
        if each not in (None, ())
    }
