"""DORA's figures of each repository and environment, as events for the rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.store.reading import Reading
from ci_reporter.model import Report, Result, Run, Step, rfc3339


class Figures(Protocol):
    """The figures of one place; None where nothing tells."""

    @property
    def repository(self) -> str:
        """What was deployed."""

    @property
    def environment(self) -> str:
        """Where to."""

    @property
    def values(self) -> Mapping[str, float | None]:
        """By name: a rate is a share, times are seconds."""


Dora = Callable[[Reading, int], Iterable[Figures]]
PREFIX = "dora."


def events(found: Iterable[Figures], now_ms: int) -> Iterator[Event]:
    """An event for each place; they are figures, and have no result."""
    for each in found:
        values = dict(each.values)
        rate = values.get("change_failure_rate")
        values["change_failure_rate"] = None if rate is None else rate * 100  # rules write 15%
        cause = f"{each.repository} {each.environment}"
        yield Event(
            kind=Kind.DORA,
            report=Report(
                report_id=cause,
                run=Run(repository=each.repository),
                step=Step(name="DORA", result=Result.SUCCESS, finished_at=rfc3339(now_ms / 1000)),
                environment=each.environment,
            ),
            at_ms=now_ms,
            cause=f"{cause} {now_ms}",
            facts={f"{PREFIX}{name}": value for name, value in values.items()},
            series=each.environment,
        )
