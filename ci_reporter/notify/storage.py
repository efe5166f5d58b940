"""What `delivery` needs of an outbox: the files of a state folder, or a hub's database."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from ci_reporter.notify.alert import Alert
    from ci_reporter.notify.outbox import Waiting
    from ci_reporter.system.deadline import Deadline

    class Pacing(Protocol):
        """The right to send to a channel, and when that was last done. Times are seconds since the epoch."""

        def sent_at(self) -> list[float]:
            """When messages went out, oldest first."""

        def note(self, sent_at: Sequence[float]) -> None:
            """Write down when messages went out, before they do."""

        def pause_s(self, now_s: float) -> float:
            """For how long the channel wants to be left alone."""

        def pause(self, now_s: float, seconds: float) -> None:
            """Write down that the channel wants to be left alone."""

    class Storage(Protocol):
        """Alerts that channels have not taken yet. Every call may raise StateError."""

        def pending(self, channel: str = "") -> list[Waiting]:
            """What waits, oldest first, for one channel or for all."""

        def keep(self, alert: Alert, channel: str, why: str | None = None) -> None:
            """Keep an alert for a channel until the channel takes it."""

        def remove(self, alert_id: str, channel: str, problem: str = "") -> None:
            """The channel has taken it, or, where there is a problem, never will."""

        def fold(self, messages: Sequence[Alert], replaced: Iterable[str], channel: str) -> None:
            """Keep messages in the place of others."""

        def turn(self, channel: str, deadline: Deadline) -> AbstractContextManager[Pacing | None]:
            """Be the only one that sends to this channel; None where another one does until the deadline."""
