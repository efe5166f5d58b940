"""The alerts' metrics: what waits, what became of messages, what fails now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ci_reporter.hub.alerts.book import PENDING, REFUSED, SENT, SILENCED
from ci_reporter.hub.exposition import Block, Type, labels, line

_STATES = (PENDING, SILENCED, SENT, REFUSED)
COUNTS = "SELECT channel, state, count(*) FROM alert_message GROUP BY channel, state"
OLDEST = "SELECT min(created_ms) FROM alert_message WHERE state = :pending"


def blocks(counts: Sequence[tuple[Any, ...]], oldest_ms: int | None, problems: int, now_ms: int) -> list[Block]:
    """Messages of the last 30 days by channel and state: those that were told long ago are forgotten."""
    messages = [
        line("ci_alert_messages", labels(("channel", "state"), (channel, state)), count)
        for channel, state, count in sorted(counts)
        if state in _STATES
    ]
    age_s = 0.0 if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000)
    return [
        Block("ci_alert_messages", Type.GAUGE, "Messages of the last 30 days by channel and state.", messages),
        Block(
            "ci_alert_oldest_waiting_seconds",
            Type.GAUGE,
            "How long the oldest message that no channel has taken yet has been waiting.",
            [line("ci_alert_oldest_waiting_seconds", "", round(age_s, 3))],
        ),
        Block(
            "ci_alert_problems",
            Type.GAUGE,
            "Chores of the alerts that fail now, such as reading the database.",
            [line("ci_alert_problems", "", problems)],
        ),
    ]
