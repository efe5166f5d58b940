"""Whether a rollback worked: the last good revision is known, and it answers everywhere again."""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.errors import CIReporterError
from ci_reporter.gate.probing import converge
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.last_good import LastGood
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Rollback
from ci_reporter.gate.run.phases import Wanted
from ci_reporter.gate.run.progress import Phase
from ci_reporter.gate.run.rollout import wait_for_revision
from ci_reporter.gate.run.world import World
from ci_reporter.health.reply import is_revision

_VERIFY_WITHIN_S = 300.0
_SHOWN = 60


def rollback_of(done: ActionResult, back_to: LastGood, plan: GatePlan, world: World) -> Rollback:
    """What became of a rollback whose command has ended; where that can be seen, look whether the old one is back."""
    if done.problem:
        return Rollback(worked=False, statement=done.problem)
    unseen = _obstacle(done, back_to, plan, world)
    if unseen:
        return Rollback(worked=True, verified=False, statement=f"the rollback command ended with 0, but {unseen}")
    settings = plan.rules.plan.converge
    bounded = replace(settings, timeout_s=min(settings.timeout_s, _VERIFY_WITHIN_S))
    wanted = Wanted(expected=back_to.revision, settings=bounded, phase=Phase.VERIFY, services=back_to.revisions)
    try:
        found, _ = wait_for_revision(plan.rules, wanted, world)
    except CIReporterError as exc:
        return Rollback(worked=True, verified=False, statement=f"after the rollback: {exc}")
    said = converge.statement(found, bounded)
    if world.interrupted and not found.over:
        said = f"a signal came before it was seen whether {back_to.text} is back: {said}"
    return Rollback(worked=True, verified=found.over, statement=f"after the rollback: {said}")


def _obstacle(done: ActionResult, back_to: LastGood, plan: GatePlan, world: World) -> str | None:
    """Why nobody can say whether the old revision is back."""
    if not done.action.verify:
        return "nobody looked whether the old revision is back (verify: true looks)"
    if not back_to.is_known:
        return f"it cannot be verified: {back_to}"
    unseeable = [each for each in back_to.known_revisions if not is_revision(each)]
    if unseeable:
        return f"it cannot be verified: {unseeable[0][:_SHOWN]!r} is not a commit (at least 7 hex digits of one)"
    if not plan.rules.plan.address:
        return "it cannot be verified: the gate has no url: to look at"
    if world.interrupted:
        return f"a signal came before anybody could look whether {back_to.text} is back"
    return None
