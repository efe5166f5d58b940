"""The signals to stop that come while a gate runs: counted, so that each phase ends in its own way."""

from __future__ import annotations

import signal
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class StopSignals:
    """From now on INT, TERM and HUP end nothing by themselves; whoever runs a phase asks which have come.

    What is ignored already, as HUP is under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self._came: list[int] = []
        for number in _STOPPING:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._hear)

    def __call__(self) -> Sequence[int]:
        """The signals that have come so far, in their order."""
        return tuple(self._came)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)
