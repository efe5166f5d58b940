"""What somebody wants a gate to do, as typed values, and the plan that comes of it and of the rules file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ci_reporter import buildinfo
from ci_reporter.errors import UsageError
from ci_reporter.gate.probing import commands, scrapes, targets
from ci_reporter.gate.rules import planfile, rulefile, undecidable
from ci_reporter.gate.rules.plan import Plan
from ci_reporter.gate.rules.ruleset import Gauge, Query, RuleSet, default
from ci_reporter.gate.run import reference
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World
from ci_reporter.gate.statistics.learnt import History


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """One gate as its caller wants it. What is None comes from the rules file, or from its defaults.

    `rules` and `baseline` are paths; `on` names the deploy, `environment` what it went to. `expect_revision` is a
    commit, `auto` or `none`. `name` is the step's in the record. Of `out`, `junit` and `markdown` each is a path.
    """

    url: str | None = None
    rules: str | None = None
    on: str | None = None
    environment: str | None = None
    rate: float | None = None
    control: str | None = None
    expect_revision: str | None = None
    baseline: str | None = None
    window_s: float | None = None
    watch_s: float | None = None
    warmup_s: float | None = None
    converge_timeout_s: float | None = None
    name: str = "gate"
    dry_run: bool = False
    out: str | None = None
    junit: str | None = None
    markdown: str | None = None


@dataclass(frozen=True, kw_only=True)
class GatePlan:
    """What one gate is to do: its rules, the revision that must answer, and what the watch is compared with.

    `history` is what gates before it taught about the service's noise.
    """

    rules: RuleSet
    expected: str | None = None
    reference: Reference = field(default_factory=Reference)
    environment: str | None = None
    revisions: Mapping[str, str | None] = field(default_factory=dict)  # of several services, by name
    history: History = field(default_factory=History)

    @property
    def expected_by_service(self) -> Mapping[str, str | None]:
        """The revision that each service must answer; a gate of one address is the service without a name."""
        return self.revisions or {"": self.expected}


def rules_of(options: GateOptions, *, compared: bool) -> RuleSet:
    """The rules of the file, or the default ones, with what the options say. Raises UsageError."""
    rules = rulefile.load(options.rules) if options.rules else default(compared=compared)
    plan = planfile.override(
        rules.plan,
        url=options.url,
        control=options.control,
        rate=options.rate,
        revision=options.expect_revision,
        watch_s=options.watch_s,
        warmup_s=options.warmup_s,
        converge_timeout_s=options.converge_timeout_s,
    )
    if options.window_s:
        plan = replace(plan, baseline=replace(plan.baseline, window_s=options.window_s))
    if options.url and plan.services:
        raise UsageError(f"{rules.source}: names services:, and {options.url} was given too (leave out one of them)")
    if not (plan.address or plan.asks or rules.queries or rules.gauges or rules.commands):
        raise UsageError("gate: there is nothing to probe (name the service: ci-reporter gate https://svc/health)")
    settings = replace(rules.settings, watch_s=plan.watch_s, rate=plan.rate, baseline_s=plan.baseline.window_s)
    chosen = replace(rules, plan=plan, settings=settings).on(options.on)
    if not chosen.rules:
        raise UsageError(f"{chosen.source}: no rule is on {options.on!r}, and a gate without rules never passes")
    return chosen


def plan_gate(
    options: GateOptions, world: World, *, folder: str = ".", revision: str | None = None, compared: bool = False
) -> GatePlan:
    """Check everything and read every file, before anything is probed. Raises UsageError.

    `revision` is the commit that `auto` stands for where `folder` holds no build-info.json. `compared` promises a
    baseline that is recorded later, as `gate around` does.
    """
    rules = rules_of(options, compared=compared or bool(options.baseline))
    check(rules, world)
    environment = options.environment or options.on
    compared_with = _reference(options, rules, world, environment)
    counting = reference.applicable(rules, compared_with)
    undecidable.check(counting, undecidable.planned_facts(counting, compared_with.recording, compared=compared))
    return GatePlan(
        rules=rules,
        expected=None if rules.plan.services else expected_revision(rules.plan, folder, revision),
        revisions={
            name: expected_revision(each, folder, revision)
            for name, each in (rules.plan.by_service() if rules.plan.services else {}).items()
        },
        reference=compared_with,
        environment=environment,
        history=reference.history(world.archive, rules, environment) if world.archive else History(),
    )


def check(rules: RuleSet, world: World) -> None:
    """Raise UsageError where the world lacks what the rules need."""
    targets.of_watch(rules, world.env)  # the variables that headers name
    commands.check(rules.commands, world.env)
    asked: tuple[Query | Gauge, ...] = (*rules.queries, *rules.gauges)
    if asked and not world.prometheus:
        query = asked[0]
        where = f"{rules.source} line {query.line}"
        raise UsageError(f"{where}: signal {query.signal!r} is a promql:, and CI_REPORTER_PROMETHEUS is not set")
    if world.prometheus:
        scrapes.check(rules, world.prometheus)


def expected_revision(plan: Plan, folder: str, revision: str | None) -> str | None:
    """The commit that must answer: as set, else that of the stamp in the folder, else the one given."""
    wanted = plan.revision
    if wanted == "none" or not plan.url:
        return None
    if wanted != "auto":
        return wanted
    stamp = os.path.join(folder, buildinfo.FILE_NAME)
    stamped = buildinfo.read(stamp).revision if os.path.exists(stamp) else None
    found = stamped or revision
    if not found:
        raise UsageError(
            "gate: the commit that was deployed is not known here (set --expect-revision SHA,"
            " or --expect-revision none to look at health alone)"
        )
    return found


def _reference(options: GateOptions, rules: RuleSet, world: World, environment: str | None) -> Reference:
    if options.baseline:
        return reference.from_file(options.baseline)
    if world.archive and rules.plan.baseline.last_good:
        return reference.from_archive(world.archive, rules, environment, world.now)
    return Reference()
