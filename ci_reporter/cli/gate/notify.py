"""What `then: notify` sends: the channels are checked before the gate begins, and told when it is over."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.cli import output
from ci_reporter.config import values
from ci_reporter.context import Context
from ci_reporter.gate.rules.ruleset import Action, wanted_actions
from ci_reporter.gate.run.alert import gate_alert
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome
from ci_reporter.model import Run
from ci_reporter.notify.channels import not_set_up, send_all
from ci_reporter.notify.commit import commit
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.git import Git


def check_channels(context: Context, plan: GatePlan) -> None:
    """Warn of channels that are not set up. Raises UsageError for names that no channel has."""
    for action in wanted_actions(plan.rules):
        for name in _channels(context, action):
            if why := not_set_up(context, name):
                output.warn(f"action {action.name!r} tells {name}, and {why}", context.env)


def tell(context: Context, run: Run, plan: GatePlan, action: Action, outcome: Outcome) -> Sequence[str]:
    """Send the alert; what went wrong, as sentences."""
    alert = gate_alert(plan, outcome, run, commit(Git(context.folder, context.env), run.revision))
    sent = send_all(context, [alert], _channels(context, action), Deadline(context.config.budget_s))
    lost = [f"{each.channel} did not take it: {why}" for each in sent for why in each.refused]
    waits = [f"{each.channel} did not take it yet: {why}" for each in sent for why in each.waiting]
    bare = [f"{each.channel} took it without its chart: {why}" for each in sent for why in each.without_chart]
    return [*lost, *waits, *bare]


def _channels(context: Context, action: Action) -> list[str]:
    """The channels that an action names, else those of the settings."""
    if action.run is not None:
        return []
    return values.items(action.to or "") or list(context.config.notify_to)
