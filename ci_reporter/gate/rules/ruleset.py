"""Rules and settings of a gate, as checked data, and the rules of those who write none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ci_reporter.gate.rules.conditions import Condition, Limit, Relative, leaves, parse
from ci_reporter.gate.rules.plan import Plan

OUTCOMES = ("fail", "inconclusive", "pass")
MODES = ("enforce", "dry-run")
JUDGES = ("statistics", "threshold")
POLICIES = ("fail", "warn")
BUILT_IN_SIGNALS = ("http_latency", "health")
BASELINE_INTERVALS = 40  # of PromQL: it costs nothing to look back


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: what would be bad, and what follows from it. `on` and `then` are names; `line` is where it stands."""

    name: str
    condition: Condition
    text: str
    line: int | None = None
    on: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    min_probes: int = 0
    min_errors: int = 0
    no_data: str = "inconclusive"
    inconclusive: str | None = None
    mode: str = "enforce"
    weight: float = 1.0
    judge: str | None = None

    @property
    def spends_alpha(self) -> bool:
        """Whether a verdict of it is a matter of chance."""
        return any(isinstance(leaf, Limit | Relative) for leaf in leaves(self.condition))


@dataclass(frozen=True, kw_only=True)
class EarlyPass:
    """Pass before the watch is over, once a regression of `margin` is ruled out with an error of `beta`."""

    margin: float = 0.5
    beta: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for the whole gate. `inconclusive` is the policy by kind of rule; `watch_s` None is all there is.

    A watch that is not decided is extended by `extend_s` at most, None for as long as itself. A moderate change fails
    once it has lasted for `sustain_s`. What noise is here is learnt from the last `history` gates that passed.
    """

    alpha: float = 0.01
    watch_s: float | None = None
    extend_s: float | None = None
    sustain_s: float = 45.0
    min_watch_s: float = 0.0
    judge: str = "statistics"
    inconclusive: Mapping[str, str] = field(default_factory=lambda: {"absolute": "fail", "relative": "warn"})
    early_pass: EarlyPass | None = None
    rate: float | None = None
    interval_s: float = 15.0
    baseline_s: float = 120.0
    history: int = 5


@dataclass(frozen=True, kw_only=True)
class Query:
    """A signal of counts: two PromQL queries, of bad requests and of all."""

    signal: str
    bad: str
    total: str
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A signal of values: a PromQL query that gives one number."""

    signal: str
    query: str
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A signal that a command prints, every so many seconds: a number, or counts as `{"bad": 3, "total": 120}`."""

    signal: str
    argv: tuple[str, ...]
    every_s: float = 15.0
    timeout_s: float = 10.0
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    """What `then:` names: a line for `sh`, or people to tell. `verify` looks whether it brought the old one back.

    `needs_last_good`: it is not run where the revision to go back to is not known.
    """

    name: str
    run: str | None = None
    to: str | None = None
    timeout_s: float = 300.0
    most: int = 1
    verify: bool = False
    needs_last_good: bool = False

    @property
    def is_rollback(self) -> bool:
        """Whether it is to bring the old revision back."""
        return self.name == "rollback" or self.verify


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """The rules and settings of a file, and where they come from."""

    rules: tuple[Rule, ...]
    settings: Settings = field(default_factory=Settings)
    queries: tuple[Query, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    commands: tuple[Command, ...] = ()
    plan: Plan = field(default_factory=Plan)
    actions: tuple[Action, ...] = ()
    source: str = "the default rules"

    def on(self, environment: str | None) -> RuleSet:
        """The rules that hold for that environment: those without `on`, and those that name it."""
        if environment is None:
            return self
        return replace(self, rules=tuple(rule for rule in self.rules if not rule.on or environment in rule.on))


def wanted_actions(rules: RuleSet) -> tuple[Action, ...]:
    """The actions that something in the rules may set in motion."""
    names = {name for rule in rules.rules for name in rule.then}
    names |= {*rules.plan.converge.then, *rules.plan.on_deploy_failure}
    return tuple(action for action in rules.actions if action.name in names)


def make(name: str, text: str, **more: object) -> Rule:
    """Make a rule of its condition's text. Raises ValueError for a text that is none."""
    return Rule(name=name, condition=parse(text), text=text, **more)  # type: ignore[arg-type]


def default(*, compared: bool = True) -> RuleSet:
    """Without a file: no outage; with a baseline nothing worse, else 1 % errors."""
    relative = (
        make("latency", "http_latency_p95 > +10%"),
        make("errors", "http_error_rate > +50%", min_errors=3),
    )
    outage = make("outage", "down for 15s")
    return RuleSet(rules=(*relative, outage) if compared else (make("availability", "availability < 99%"), outage))
