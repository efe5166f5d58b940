"""After the verdict: perform what the failing rules ask for, once a run, and look whether a rollback worked."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ci_reporter.errors import StateError
from ci_reporter.gate.probing import converge
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run import actions, reference
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.gate import wait_for_revision
from ci_reporter.gate.run.ledger import Ledger
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome, Rollback, as_json, sentence
from ci_reporter.gate.run.progress import Phase
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World
from ci_reporter.gate.verdict import FAIL

_ROLLBACK = "rollback"
_VERIFY_WITHIN_S = 300.0
_LEDGER = "acted"
_LONGEST = 1000


def act(plan: GatePlan, outcome: Outcome, world: World, ci_run_id: str, *, dry_run: bool = False) -> Outcome:
    """Do what is to be done; the outcome with what became of it. An interrupted gate sets nothing in motion."""
    wanted = list(_wanted(plan, outcome))
    if not wanted:
        return outcome
    back_to = _last_good(plan, outcome.reference, world)
    acting = _Acting(
        plan=plan,
        world=world,
        env=_environment(plan, outcome, world, back_to, ci_run_id),
        ledger=Ledger(os.path.join(world.archive, _LEDGER), ci_run_id) if world.archive else None,
        back_to=back_to,
        dry_run=dry_run,
    )
    for action in wanted:
        outcome = _perform(acting, outcome, action)
    return outcome


@dataclass(frozen=True, kw_only=True)
class _Acting:
    """What every action needs: the environment it is told, what has run already, where a rollback leads to."""

    plan: GatePlan
    world: World
    env: Mapping[str, str]
    ledger: Ledger | None
    back_to: str | None
    dry_run: bool


def _wanted(plan: GatePlan, outcome: Outcome) -> Iterator[Action]:
    """The actions of all rules that failed and count, each once, in the order of the rules."""
    if outcome.signal or outcome.error:
        return
    if outcome.verdict is None:
        names = list(plan.rules.plan.converge.then)
    else:
        failed = [rule for rule in outcome.verdict.rules if rule.blocks and rule.finding.verdict == FAIL]
        names = [name for rule in failed for name in rule.then]
    known = {action.name: action for action in plan.rules.actions}
    for name in dict.fromkeys(names):
        yield known.get(name) or Action(name=name)


def _perform(acting: _Acting, outcome: Outcome, action: Action) -> Outcome:
    say = acting.world.progress.say
    if action.run is None:
        say(_alert(outcome, action))
        return _with(outcome, ActionResult(action=action, ran=True))
    said = f"action {action.name}: {action.run[:200]}"
    if not acting.dry_run and not _claim(acting.ledger, action):
        return _with(
            outcome, ActionResult(action=action, problem=f"action {action.name!r} has run in this run already")
        )
    say(f"{said} (dry run: not run)" if acting.dry_run else said)
    done = actions.perform(action, acting.env, acting.world, dry_run=acting.dry_run)
    outcome = _with(outcome, done)
    if acting.dry_run or (action.name != _ROLLBACK and not action.verify):
        return outcome
    return replace(outcome, rollback=_verify(acting, done))


def _with(outcome: Outcome, done: ActionResult) -> Outcome:
    return replace(outcome, actions=(*outcome.actions, done))


def _claim(ledger: Ledger | None, action: Action) -> bool:
    """Whether it may run. Where that cannot be noted it may: a rollback that is due outweighs one too many."""
    try:
        return ledger is None or ledger.claim(action)
    except StateError:
        return True


def _verify(acting: _Acting, done: ActionResult) -> Rollback:
    """Look whether the old revision is back."""
    if done.problem:
        return Rollback(worked=False, statement=done.problem)
    if not done.action.verify:
        said = "the rollback ended with 0; nobody looked whether the old revision is back (verify: true looks)"
        return Rollback(worked=True, statement=said)
    settings = acting.plan.rules.plan.converge
    bounded = replace(settings, timeout_s=min(settings.timeout_s, _VERIFY_WITHIN_S))
    rules = replace(acting.plan.rules, plan=replace(acting.plan.rules.plan, converge=bounded))
    found, _ = wait_for_revision(rules, acting.back_to, acting.world, Phase.VERIFY)
    return Rollback(
        worked=True, verified=found.over, statement=f"after the rollback: {converge.statement(found, bounded)}"
    )


def _last_good(plan: GatePlan, seen: Reference, world: World) -> str | None:
    """The revision to go back to: as set, else the one that answered most before the deploy."""
    if world.env.get("CI_REPORTER_LAST_GOOD"):
        return world.env["CI_REPORTER_LAST_GOOD"]
    found = _most_served(seen)
    if found or not world.archive:
        return found
    return _most_served(reference.from_archive(world.archive, plan.rules, plan.environment, world.now))


def _most_served(seen: Reference) -> str | None:
    signals = seen.recording.signals.values() if seen.recording else ()
    served = Counter(probe.revision for signal in signals for probe in signal.probes if probe.ok and probe.revision)
    return served.most_common(1)[0][0] if served else None


def _environment(plan: GatePlan, outcome: Outcome, world: World, back_to: str | None, ci_run_id: str) -> dict[str, str]:
    """The environment of an action: ours, and what it needs to know."""
    rules = outcome.verdict.rules if outcome.verdict else ()
    failed = [rule.name for rule in rules if rule.blocks and rule.finding.verdict == FAIL]
    known = {
        "CI_RUN_ID": ci_run_id,
        "CI_REPORTER_VERDICT": outcome.word,
        "CI_REPORTER_RULE": ",".join(failed)[:_LONGEST],
        "CI_REPORTER_GATE_URL": plan.rules.plan.url or "",
        "CI_REPORTER_LAST_GOOD": back_to or "",
    }
    path = _write_verdict(plan, outcome, world)
    return dict(world.env) | known | ({"CI_REPORTER_VERDICT_FILE": path} if path else {})


def _write_verdict(plan: GatePlan, outcome: Outcome, world: World) -> str | None:
    """Write the verdict where an action can read it; None where that is not possible: it has the word at least."""
    if not world.archive:
        return None
    path = os.path.join(world.archive, _LEDGER, f"{os.getpid()}.verdict.json")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(as_json(outcome, url=plan.rules.plan.url), file)
    except OSError:
        return None
    return path


def _alert(outcome: Outcome, action: Action) -> str:
    """What people are told."""
    return f"notify{f' to {action.to}' if action.to else ''}: {sentence(outcome)}"
