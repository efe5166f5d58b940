"""What the hub's rules see: something that happened, as a report, beside what only a hub knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ci_reporter.model import Report
from ci_reporter.notify.alert import Link
from ci_reporter.notify.policies.policy import GATE, PIPELINE, STEP

OF_DORA = ("repository", "environment")


class Kind(StrEnum):
    """What happened; the words of `on:`."""

    STEP = STEP
    GATE = GATE
    PIPELINE = PIPELINE
    JOB = "job"
    DORA = "dora"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened at `at_ms`. `cause` names it for ever: who hears of it twice tells it once.

    `before` are the earlier reports of its series, oldest first; `facts` what no report has (see `HUB_FACTS`), or what
    is not known yet although a report must say something. `notes` are sentences for the message, `title` is its
    title where that is not the rule's. `member` is what is
    seen where that is not the series as a whole but one of several in it, such as a run that still runs; `is_over`
    says that this one will not be seen again. `series` tells series apart that have the same names.
    """

    kind: str
    report: Report
    at_ms: int
    cause: str
    before: Sequence[Report] = ()
    facts: Mapping[str, str | float | None] = field(default_factory=dict)
    stuck_s: float = 0.0
    notes: tuple[str, ...] = ()
    title: str = ""
    links: tuple[Link, ...] = ()
    series: str = ""
    member: str = ""
    is_over: bool = False
    speaks_for_run: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is: a step of a run that nobody else tells of stands for the run, too."""
        return (self.kind, Kind.PIPELINE) if self.speaks_for_run else (self.kind,)

    @property
    def labels(self) -> dict[str, str]:
        """What silences go by, as far as it is known."""
        run = self.report.run
        known = {
            "repository": run.repository,
            "pipeline": run.pipeline,
            "job": run.job_name,
            "step": self.report.step.name if self.kind in (Kind.STEP, Kind.GATE) else None,
            "branch": run.branch,
            "environment": self.report.environment,
            "change": run.change,
        }
        return {name: value for name, value in known.items() if value}
