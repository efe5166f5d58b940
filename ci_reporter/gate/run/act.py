"""After the verdict: perform what the failing rules ask for, once a run, and look whether a rollback worked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run import actions
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.last_good import LastGood, last_good
from ci_reporter.gate.run.ledger import Ledger
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome, Rollback, as_json, sentence
from ci_reporter.gate.run.rollback import rollback_of
from ci_reporter.gate.run.world import World
from ci_reporter.gate.verdict import FAIL

_LEDGER = "acted"
_LONGEST = 1000


def act(plan: GatePlan, outcome: Outcome, world: World, ci_run_id: str, *, dry_run: bool = False) -> Outcome:
    """Do what is to be done; the outcome with what became of it. An interrupted gate sets nothing in motion."""
    # People are told last, so that they hear what became of a rollback.
    wanted = sorted(_due_actions(plan, outcome), key=lambda action: action.run is None)
    if not wanted:
        return outcome
    back_to = last_good(plan, outcome.reference, world, outcome.watch.recording if outcome.watch else None)
    acting = _Acting(
        plan=plan,
        world=world,
        env=_environment(plan, outcome, world, back_to, ci_run_id),
        ledger=Ledger(os.path.join(world.archive, _LEDGER), ci_run_id) if world.archive else None,
        back_to=back_to,
        dry_run=dry_run,
    )
    before = len(world.signals())
    for action in wanted:
        if len(world.signals()) == before:
            outcome = _perform(acting, outcome, action)
    came = world.signals()[before:]
    return replace(outcome, signal=came[0]) if came else outcome


@dataclass(frozen=True, kw_only=True)
class _Acting:
    """What every action needs: the environment it is told, what has run already, where a rollback leads to."""

    plan: GatePlan
    world: World
    env: Mapping[str, str]
    ledger: Ledger | None
    back_to: LastGood
    dry_run: bool


def _due_actions(plan: GatePlan, outcome: Outcome) -> Iterator[Action]:
    """The actions of all rules that failed and count, each once, in the order of the rules."""
    if outcome.signal or outcome.error:
        return
    if outcome.deploy_failed:
        names = list(plan.rules.plan.on_deploy_failure)
    elif outcome.verdict is None:
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
        return _with(outcome, _tell(acting, outcome, action))
    obstacle = acting.back_to.obstacle(action.run) if action.needs_last_good else None
    if obstacle:
        problem = f"action {action.name!r} was not run, as it needs the last good revision: {obstacle}"
        refused = _with(outcome, ActionResult(action=action, problem=problem))
        return replace(refused, rollback=Rollback(worked=False, statement=problem))
    if not acting.dry_run and not _claim(acting.ledger, action):
        return _with(
            outcome, ActionResult(action=action, problem=f"action {action.name!r} has run in this run already")
        )
    say(f"action {action.name}: {action.run[:200]}{' (dry run: not run)' if acting.dry_run else ''}")
    done = actions.perform(action, acting.env, acting.world, dry_run=acting.dry_run)
    outcome = _with(outcome, done)
    if acting.dry_run or not action.is_rollback:
        return outcome
    return replace(outcome, rollback=rollback_of(done, acting.back_to, acting.plan, acting.world))


def _with(outcome: Outcome, done: ActionResult) -> Outcome:
    return replace(outcome, actions=(*outcome.actions, done))


def _claim(ledger: Ledger | None, action: Action) -> bool:
    """Whether it may run. Where that cannot be noted it may: a rollback that is due outweighs one too many."""
    try:
        return ledger is None or ledger.claim(action)
    except StateError:
        return True


def _environment(plan: GatePlan, outcome: Outcome, world: World, back_to: LastGood, ci_run_id: str) -> dict[str, str]:
    """The environment of an action: ours, and what it needs to know."""
    rules = outcome.verdict.rules if outcome.verdict else ()
    failed = [rule.name for rule in rules if rule.blocks and rule.finding.verdict == FAIL]
    known = {
        "CI_RUN_ID": ci_run_id,
        "CI_REPORTER_VERDICT": outcome.word,
        "CI_REPORTER_RULE": ",".join(failed)[:_LONGEST],
        "CI_REPORTER_GATE_URL": plan.rules.plan.address or "",
        **back_to.variables,
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
            json.dump(as_json(outcome, url=plan.rules.plan.address), file)
    except OSError:
        return None
    return path


def _tell(acting: _Acting, outcome: Outcome, action: Action) -> ActionResult:
    """Tell people, in the log at least; that a channel does not take it changes nothing else."""
    world = acting.world
    world.progress.say(f"{action.name}{f' to {action.to}' if action.to else ''}: {sentence(outcome)}")
    problems = [] if acting.dry_run else world.tell(action, outcome)
    return ActionResult(action=action, ran=True, problem="; ".join(problems) or None)
