"""What the tests of alerts share: a database, a channel that is as strict as a real one, and reports."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from ci_reporter.config import yaml
from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.event import Event, Kind
from ci_reporter.hub.alerts.rules import RuleBook
from ci_reporter.model import Report, Result, Run, Step, rfc3339
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.notifier import Rate
from ci_reporter.notify.policies.policyfile import Grammar, policies_of

T0 = 1_780_000_000_000
_NUMBERS = itertools.count()
_RATE = Rate(count=20, per_s=60.0)


@dataclass
class Robot:
    """A channel that bans who sends more than it takes, and keeps ids: a message that it has is not a second one."""

    name: str = "robot"
    rate: Rate = _RATE
    taken: dict[str, Alert] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    is_down: bool = False
    arrivals: int = 0
    clock: object = None

    def send(self, alert: Alert, deadline) -> str:
        if self.is_down:
            raise DeliveryError("robot: no answer")
        self.arrivals += 1
        if self.clock:
            self.times.append(self.clock())
        self.taken[alert.alert_id] = alert
        return f"thread-{len(self.taken)}"

    def preview(self, alert: Alert) -> str:
        return alert.title

    @property
    def titles(self) -> list[str]:
        return [f"{each.state}: {each.title}" for each in self.taken.values()]


def make_rules(text: str, *channels: str) -> RuleBook:
    """The rules of a piece of the configuration file, with these channels set up."""
    node = yaml.mapping(yaml.parse(f"alerts:\n{text}".encode(), "hub.yml"))["alerts"]
    kinds = {"job": ("repository", "job"), "dora": ("repository", "environment")}
    named = channels or ("robot",)
    return RuleBook(policies=policies_of(node, Grammar(kinds=kinds)), everyone=named, usable=named)


MAIN_IS_RED = "  - { name: main is red, if: result == failure }\n"


def make_event(result: str = "success", at_s: float = 0.0, **more) -> Event:
    """Something that happened so many seconds after the beginning; `run` and `step` are more of the report."""
    run = Run(
        ci_run_id="github-1-1", provider="github", repository="acme/shop", pipeline="CI", job_name="unit", branch="main"
    )
    step = Step(name="pytest", result=Result(result), finished_at=rfc3339(T0 / 1000 + at_s), duration_ms=1000)
    cause = f"0198c0de-0000-7000-8000-{next(_NUMBERS):012d}"
    report = Report(
        report_id=cause,
        run=replace(run, **more.pop("run", {})),
        step=replace(step, **more.pop("step", {})),
        **more.pop("report", {}),
    )
    known = {"kind": Kind.STEP, "report": report, "at_ms": T0 + round(at_s * 1000), "cause": cause}
    return Event(**known | more)
