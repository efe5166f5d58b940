"""What a gate needs of the world around it. Nothing in this room reads the process' environment or its signals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ci_reporter.gate.run.progress import Silent
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.http.proxies import proxies_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.gate.rules.ruleset import Action
    from ci_reporter.gate.run.progress import Progress

_LOOK_EVERY_S = 0.1


def _no_signals() -> Sequence[int]:
    return ()


def _tell_nobody(action: Action, outcome: Any) -> Sequence[str]:  # noqa: ARG001
    return ()


@dataclass(frozen=True, kw_only=True)
class World:
    """Every part has a default that works; a test, or somebody's own program, gives what it wants otherwise.

    `env` fills `$NAME` in headers, names proxies, and is what actions run with. `archive` is the folder of past gates.
    `signals` tells which signals to stop have come so far: the first one ends what is being probed. `tell` sends what
    `then: notify` asks for, beside the line in the log, and gives what went wrong, as sentences; it is given the action
    and the `Outcome`, which this module must not know, as an outcome is made of what the modules above return.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    archive: str | None = None
    prometheus: Prometheus | None = None
    progress: Progress = field(default_factory=Silent)
    signals: Callable[[], Sequence[int]] = _no_signals
    tell: Callable[[Action, Any], Sequence[str]] = _tell_nobody
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    pause: Callable[[], None] = lambda: time.sleep(_LOOK_EVERY_S)

    @property
    def interrupted(self) -> bool:
        """Whether somebody wants the gate to stop."""
        return bool(self.signals())

    @property
    def proxies(self) -> dict[str, str]:
        """The proxies of the environment."""
        return proxies_of(self.env)
