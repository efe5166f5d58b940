"""After the verdict: perform what the failing rules ask for, once, and look whether a rollback worked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ci_reporter.cli.gate.session import Seen, Session, last_good, last_revision
from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run import actions
from ci_reporter.gate.run.actions import Ledger
from ci_reporter.gate.run.outcome import Outcome, Rollback, as_json, sentence
from ci_reporter.gate.verdict import FAIL

_ROLLBACK = "rollback"
_VERIFY_WITHIN_S = 300.0
_LEDGER = "acted"
_LONGEST = 1000


def act(session: Session, seen: Seen, ci_run_id: str, *, dry_run: bool) -> Outcome:
    """What the gate came to, with everything done that is to be done."""
    verdict = seen.watched.verdict if seen.watched else None
    outcome = Outcome(
        statement=seen.statement, convergence=seen.convergence, verdict=verdict, notes=tuple(seen.before.notes)
    )
    wanted = list(_wanted(session, outcome))
    if not wanted:
        return outcome
    back_to = last_revision(seen.before, session.env) or last_revision(last_good(session), session.env)
    acting = _Acting(
        session=session,
        env=_told(session, outcome, back_to, ci_run_id),
        ledger=Ledger(os.path.join(session.kept, _LEDGER), ci_run_id),
        back_to=back_to,
        dry_run=dry_run,
    )
    for action in wanted:
        outcome = _performed(acting, outcome, action)
    return outcome


@dataclass(frozen=True, kw_only=True)
class _Acting:
    """What every action needs: the environment it is told, what has run already, where a rollback leads to."""

    session: Session
    env: Mapping[str, str]
    ledger: Ledger
    back_to: str | None
    dry_run: bool


def _wanted(session: Session, outcome: Outcome) -> Iterator[Action]:
    """The actions of all rules that failed and count, each once, in the order of the rules."""
    if outcome.verdict is None:
        names = list(session.rules.plan.converge.then)
    else:
        failed = [rule for rule in outcome.verdict.rules if rule.blocks and rule.finding.verdict == FAIL]
        names = [name for rule in failed for name in rule.then]
    known = {action.name: action for action in session.rules.actions}
    for name in dict.fromkeys(names):
        yield known.get(name) or Action(name=name)


def _performed(acting: _Acting, outcome: Outcome, action: Action) -> Outcome:
    if action.run is None:
        acting.session.progress.say(_alert(outcome, action))
        return replace(outcome, acted=(*outcome.acted, actions.Outcome(action=action, ran=True)))
    said = f"action {action.name}: {action.run[:200]}"
    if not acting.dry_run and not _claimed(acting.ledger, action):
        problem = f"action {action.name!r} has run in this run already"
        return replace(outcome, acted=(*outcome.acted, actions.Outcome(action=action, problem=problem)))
    acting.session.progress.say(f"{said} (dry run: not run)" if acting.dry_run else said)
    done = actions.perform(action, acting.env, dry_run=acting.dry_run)
    outcome = replace(outcome, acted=(*outcome.acted, done))
    if acting.dry_run or (action.name != _ROLLBACK and not action.verify):
        return outcome
    return replace(outcome, rollback=_rollback(acting, action, done))


def _claimed(ledger: Ledger, action: Action) -> bool:
    """Whether it may run. Where that cannot be noted it may: a rollback that is due outweighs one too many."""
    try:
        return ledger.claim(action)
    except StateError:
        return True


def _rollback(acting: _Acting, action: Action, done: actions.Outcome) -> Rollback:
    session = acting.session
    if done.problem:
        return Rollback(worked=False, statement=done.problem)
    if not action.verify:
        said = "the rollback ended with 0; nobody looked whether the old revision is back (verify: true looks)"
        return Rollback(worked=True, statement=said)
    settings = session.rules.plan.converge
    bounded = replace(settings, timeout_s=min(settings.timeout_s, _VERIFY_WITHIN_S))
    rules = replace(session.rules, plan=replace(session.rules.plan, converge=bounded))
    found, statement, _ = replace(session, rules=rules).converge(acting.back_to)
    return Rollback(worked=True, verified=bool(found and found.over), statement=f"after the rollback: {statement}")


def _told(session: Session, outcome: Outcome, back_to: str | None, ci_run_id: str) -> dict[str, str]:
    """The environment of an action: ours, and what it needs to know."""
    rules = outcome.verdict.rules if outcome.verdict else ()
    failed = [rule.name for rule in rules if rule.blocks and rule.finding.verdict == FAIL]
    told = {
        "CI_RUN_ID": ci_run_id,
        "CI_REPORTER_VERDICT": outcome.word,
        "CI_REPORTER_RULE": ",".join(failed)[:_LONGEST],
        "CI_REPORTER_GATE_URL": session.rules.plan.url or "",
        "CI_REPORTER_LAST_GOOD": back_to or "",
    }
    path = os.path.join(session.kept, _LEDGER, f"{os.getpid()}.verdict.json")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(as_json(outcome, url=session.rules.plan.url), file)
        told["CI_REPORTER_VERDICT_FILE"] = path
    except OSError:  # the action has the word at least
        pass
    return dict(session.env) | told


def _alert(outcome: Outcome, action: Action) -> str:
    """What people are told."""
    return f"notify{f' to {action.to}' if action.to else ''}: {sentence(outcome)}"
