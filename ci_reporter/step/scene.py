"""What alert rules see around a step: its channels, what runs beside it, its run so far, what waits in the outbox."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ci_reporter.context import Context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import EMPTY, replace
from ci_reporter.journal.alive import running_steps
from ci_reporter.model import Report, seconds_of
from ci_reporter.notify.alert import State
from ci_reporter.notify.channels import not_set_up
from ci_reporter.notify.from_report import dedup_key
from ci_reporter.notify.outbox import Outbox
from ci_reporter.notify.policies.judge import Outbound, Past, Scene
from ci_reporter.notify.policies.policy import NOTIFY, PIPELINE, Policy, key_of


def scene(context: Context, report: Report, before: Past, rules: Sequence[Policy]) -> Scene:
    """All that these rules may ask for."""
    now_s = time.time()
    config = context.config
    named = {name for each in rules for name in each.then if name != NOTIFY}
    candidates = dict.fromkeys((*config.notifiers, *config.notify_to, *sorted(named)))
    return Scene(
        report=report,
        at_s=seconds_of(report.step.finished_at) or now_s,
        past=before,
        everyone=config.notify_to or tuple(config.notifiers),
        usable=tuple(name for name in candidates if is_set_up(context, name)),
        run_ms=_run_ms(context, report, now_s) if any(PIPELINE in each.on for each in rules) else None,
        outbound=_outbound(context, report, rules),
    )


def is_set_up(context: Context, name: str) -> bool:
    """Whether a channel can be used; one of a package that is gone, for which something still waits, cannot."""
    try:
        return not_set_up(context, name) is None
    except UsageError:
        return False


def running_scene(context: Context, report: Report, rules: Sequence[Policy], now_s: float) -> Scene:
    """What rules see of a step that still runs."""
    begun_s = seconds_of(report.step.started_at) or now_s
    known = scene(context, report, Past(in_file=True), rules)
    return replace(known, at_s=now_s, stuck_s=max(0.0, now_s - begun_s))


def others_running(context: Context, report: Report) -> list[Report]:
    """The steps that run beside this one in the same state folder."""
    return [each for each in running_steps(context.journal) if each.report_id != report.report_id]


def _run_ms(context: Context, report: Report, now_s: float) -> int | None:
    """How long this run has taken so far, by the records of its steps on this machine."""
    begun = [seconds_of(each.step.started_at) for each in (*context.journal.reports(report.run.ci_run_id), report)]
    known = [at_s for at_s in begun if at_s is not None]
    return round((now_s - min(known)) * 1000) if known else None


def _outbound(context: Context, report: Report, rules: Sequence[Policy]) -> Mapping[tuple[str, str], Outbound]:
    """What waits in the outbox about these rules."""
    pending = Outbox(context.journal).pending()
    if not pending:
        return EMPTY
    found = {}
    for rule in rules:
        group = key_of(report, rule.group)
        ours = [each for each in pending if each.alert.dedup_key == dedup_key(rule.name, group)]
        began, over = (
            tuple(each.channel for each in ours if each.alert.state is state)
            for state in (State.FIRING, State.RESOLVED)
        )
        found[rule.name, group] = Outbound(began=began, over=over)
    return found
