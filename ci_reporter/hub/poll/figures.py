"""The poller's metrics: how old what we know of each target is, and what cannot be looked at."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.hub.exposition import Block, Type, labels, line
from ci_reporter.hub.poll.ledger import Told


def blocks(told: Mapping[str, Told], started_s: float, now_s: float) -> list[Block]:
    """A target that was never looked at is as old as the poller."""
    ages = [
        line("ci_data_age_seconds", labels(("target",), (name,)), round(age_s(each, started_s, now_s), 3))
        for name, each in sorted(told.items())
    ]
    failing = sum(1 for each in told.values() if each.problem)
    return [
        Block("ci_data_age_seconds", Type.GAUGE, "Time since the target was last looked at with success.", ages),
        Block("ci_poll_targets", Type.GAUGE, "Targets of this replica.", [line("ci_poll_targets", "", len(told))]),
        Block(
            "ci_poll_targets_failing",
            Type.GAUGE,
            "Targets of this replica that cannot be looked at now.",
            [line("ci_poll_targets_failing", "", failing)],
        ),
    ]


def age_s(told: Told, started_s: float, now_s: float) -> float:
    """Seconds since the last good look."""
    return max(0.0, now_s - (told.looked_ms / 1000 if told.looked_ms else started_s))
