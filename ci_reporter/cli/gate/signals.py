"""The signals to stop that come while a gate runs: counted, so that each phase ends in its own way."""

from __future__ import annotations

import signal
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """From its making on, INT and TERM end nothing by themselves; whoever runs a phase asks which have come."""

    def __init__(self) -> None:
        self._came: list[int] = []
        for number in _STOPPING:
            signal.signal(number, self._hear)

    def __call__(self) -> Sequence[int]:
        """The signals that have come so far, in their order."""
        return tuple(self._came)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)
