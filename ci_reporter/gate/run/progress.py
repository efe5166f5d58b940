"""Where a gate is, for whoever shows it: a moment at every look, and sentences that stay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ci_reporter.gate.probing.converge import Convergence
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.verdict import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Progress(Protocol):
        """Whoever wants to know how far the gate is."""

        def show(self, moment: Moment) -> None:
            """Take a look at the phase; called several times a second, so it decides itself what to draw."""

        def say(self, sentence: str) -> None:
            """Take a sentence that a person should read."""


class Phase(StrEnum):
    """What a gate does, in the order in which it does it."""

    BASELINE = "baseline"
    CONVERGE = "converge"
    WARM_UP = "warm-up"
    WATCH = "watch"
    VERIFY = "verify the rollback"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where a phase is, `elapsed_s` of at most `of_s`, and what has been seen of it until now."""

    phase: Phase
    elapsed_s: float
    of_s: float
    recording: Recording | None = None
    baseline: Recording | None = None
    convergence: Convergence | None = None
    verdict: Verdict | None = None


class Silent:
    """A `Progress` that shows nothing."""

    def show(self, moment: Moment) -> None:
        """Ignore the moment."""

    def say(self, sentence: str) -> None:
        """Ignore the sentence."""
