"""What the alert rules make of a step that has ended: who is told of what, within the step's one deadline.

The order of writes makes `kill -9` harmless. The state file first says that something began, or is over, and that
nobody has been told; then the alert is put into the outbox; then it is sent; then the state file says who took it.
Killed at any point, the next run says it, perhaps once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ci_reporter.config import Config
from ci_reporter.context import Context
from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen, replace
from ci_reporter.model import Report
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.channels import language, mailroom, notifier, outgoing
from ci_reporter.notify.commit import commit_of
from ci_reporter.notify.delivery import Sent, deliver
from ci_reporter.notify.from_report import Subject, alert
from ci_reporter.notify.outbox import Outbox, Waiting
from ci_reporter.notify.policies.builtin import notify_policy
from ci_reporter.notify.policies.evaluate import mentions
from ci_reporter.notify.policies.facts import STUCK
from ci_reporter.notify.policies.judge import Judgement, Past, Scene, judge
from ci_reporter.notify.policies.policy import Policy, is_for, key_of
from ci_reporter.notify.policies.settle import settle, was_taken
from ci_reporter.notify.policies.state import Entry, Kind, Message
from ci_reporter.notify.policies.statefile import State, remember, state_file
from ci_reporter.step.history import Held, held_by_gateway, past
from ci_reporter.step.scene import is_set_up, others_running, running_scene, scene
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.git import Git
from ci_reporter.system.parallel import run_together
from ci_reporter.system.text import one_line

_GIT_S = 1.0
_LONGEST_TITLE = 100
_KINDS = {Kind.FIRST: "it began", Kind.STILL: "it goes on", Kind.RECOVERED: "it is over"}
_RETRY = "the next step or 'ci-reporter flush' sends it"


class Announcement(Frozen):
    """An alert, and the message that it is: why, and to which channels."""

    message: Message
    alert: Alert


class Judged(Frozen):
    """What a rule makes of a step, and what it saw."""

    judgement: Judgement
    scene: Scene


class Telling(Frozen):
    """What there is to tell after a step, and what to say of that on the command line.

    `direct` is what could not be put into the outbox. `sources` are the places that earlier runs are known from.
    """

    announcements: tuple[Announcement, ...] = ()
    direct: tuple[Waiting, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Post(Frozen):
    """What lay ready for the channels, and what each said of it."""

    ready: tuple[Waiting, ...] = ()
    sent: tuple[Sent, ...] = ()


class Told(Frozen):
    """What there is to say of the alerts that were sent, and of those that were not."""

    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def policies(config: Config) -> tuple[Policy, ...]:
    """The rules of the configuration file, and that of --notify-on. Raises UsageError."""
    found: tuple[Policy, ...] = ()
    if config.alerts is not None or config.actions is not None:
        from ci_reporter.notify.policies import policyfile  # PyYAML: a job without a file has no rules

        found = policyfile.policies(config.alerts, config.actions)
    return (*found, notify_policy(config.notify_on, config.notify_to)) if config.notify_on else found


def plan_alerts(
    context: Context, report: Report, deadline: Deadline, *, gate: bool = False, every: Sequence[Policy] | None = None
) -> Telling:
    """Hold a report against the rules, write down what they make of it, fill the outbox. Nothing is sent.

    The rules are `every`, else those of the settings.
    """
    every = policies(context.config) if every is None else every
    rules = [each for each in every if is_for(each, report, gate=gate)]
    if not rules:
        return Telling()
    # The gateway may hang; what it takes must leave the channels the most of the time.
    held = held_by_gateway(context, report, Deadline(deadline.left_s() / 3))
    file = state_file(context)
    with file.lock(deadline):
        state, damage = file.read()
        before = past(context, report, state, held)
        seen = replace(scene(context, report, before, rules), gate=gate)
        judged = _judge(rules, seen, state)
        beside = _judge_running(context, others_running(context, report), every, _after(state, judged))
        if not context.config.dry_run:
            known = remember(state, key_of(report), report, _entries((*judged, *beside)))
            damage = file.write(known) or damage
    judgements = [each.judgement for each in judged]
    announcements = tuple(_announcements(context, (*judged, *beside)))
    return Telling(
        announcements=announcements,
        direct=() if context.config.dry_run else _keep(context, announcements),
        sources=before.sources,
        notes=(*_undecided(judgements), *_nobody(judgements), *_unknown_past(context, before, held)),
        warnings=(damage,) if damage else (),
    )


def plan_stuck(context: Context, report: Report, deadline: Deadline, still_runs: Callable[[], bool]) -> Telling:
    """Hold a step that may run for too long against the rules; nothing where it has ended meanwhile."""
    file = state_file(context)
    with file.lock(deadline):
        if not still_runs():  # its end is judged after it, under this lock too
            return Telling()
        state, _ = file.read()
        judged = _judge_running(context, [report], policies(context.config), state)
        damage = file.write(replace(state, entries={**state.entries, **_entries(judged)})) if judged else ""
    announcements = tuple(_announcements(context, judged))
    direct = _keep(context, announcements)
    return Telling(announcements=announcements, direct=direct, warnings=(damage,) if damage else ())


def send_alerts(context: Context, telling: Telling, deadline: Deadline) -> Post:
    """Send what there is to tell, and what waits in the outbox, to all channels side by side."""
    ready = (*Outbox(context.journal).pending(), *telling.direct)
    names = sorted({each.channel for each in ready if is_set_up(context, each.channel)})
    calls = [partial(_to, context, name, telling.direct, deadline) for name in names]
    return Post(ready=ready, sent=tuple(run_together(calls)) if calls else ())


def settle_alerts(context: Context, telling: Telling, post: Post | None, deadline: Deadline) -> Told:
    """Write down who took what, and say it; a `post` of None was interrupted."""
    if post is None:
        cut = (f"alert {_short(each.alert)} was not delivered in time; {_RETRY}" for each in telling.announcements)
        return Told(warnings=tuple(cut))
    damage = settle(context, post.ready, post.sent, deadline)
    lost = (
        f"an alert was not delivered: {_with_channel_name(each.channel, why)}; it is not sent again"
        for each in post.sent
        for why in dict.fromkeys(each.refused)
    )
    left = {each.channel for each in Outbox(context.journal).pending()}
    late = (
        f"an alert was not delivered: {each.channel}: {why}; {_RETRY}"
        for each in post.sent
        for why in (dict.fromkeys(each.waiting) if each.channel in left else ())
    )
    return Told(
        notes=tuple(_sent_notes(context, telling, post)), warnings=(*lost, *late, *([damage] if damage else []))
    )


def _short(alert: Alert) -> str:
    return repr(one_line(alert.title, _LONGEST_TITLE))


def _with_channel_name(channel: str, why: str) -> str:
    """The reason after the channel's name, with which many begin by themselves."""
    return why if why.startswith(f"{channel} ") else f"{channel}: {why}"


def previews(context: Context, telling: Telling) -> tuple[str, ...]:
    """Exactly what would be sent, for a dry run."""
    return tuple(
        notifier(context, name).preview(each.alert) for each in telling.announcements for name in each.message.channels
    )


def _judge(rules: Sequence[Policy], seen: Scene, state: State) -> tuple[Judged, ...]:
    return tuple(Judged(judgement=each, scene=seen) for each in judge(rules, seen, state.entries))


def _judge_running(
    context: Context, reports: Sequence[Report], rules: Sequence[Policy], state: State
) -> tuple[Judged, ...]:
    """What the rules about `stuck` make of steps that still run. That one is not stuck yet ends nothing."""
    found: tuple[Judged, ...] = ()
    about = [each for each in rules if each.condition and mentions(each.condition, STUCK)]
    for report in reports if about else ():
        ours = [each for each in about if is_for(each, report, gate=False)]
        seen = running_scene(context, report, ours, time.time())
        judged = _judge(ours, seen, _after(state, found))
        found = (*found, *(each for each in judged if each.judgement.answer.holds))
    return found


def _after(state: State, judged: Sequence[Judged]) -> State:
    return replace(state, entries={**state.entries, **_entries(judged)})


def _entries(judged: Sequence[Judged]) -> dict[tuple[str, str], Entry]:
    return {(each.judgement.policy.name, each.judgement.group): each.judgement.entry for each in judged}


def _announcements(context: Context, judged: Sequence[Judged]) -> Iterator[Announcement]:
    """The alerts of what was judged; of one rule and group, only the first."""
    spoken = set()
    for each in judged:
        judgement, message = each.judgement, each.judgement.message
        about = (judgement.policy.name, judgement.group)
        if message is None or about in spoken:
            continue
        spoken.add(about)
        subject = Subject(
            policy=judgement.policy,
            group=judgement.group,
            message=message,
            view=each.scene.view(judgement.policy),
            at_s=each.scene.at_s,
            commit=commit_of(each.scene.report.run, Git(context.folder, context.env), _GIT_S),
        )
        yield Announcement(message=message, alert=outgoing(context, alert(subject, language(context))))


def _undecided(judgements: Sequence[Judgement]) -> Iterator[str]:
    """One line about all rules that could not be held against this step."""
    found = [f"{each.policy.name!r} ({', '.join(each.answer.unknown)})" for each in judgements if each.answer.unknown]
    if found:
        yield f"alert rules that decide nothing here: {', '.join(found)}"


def _nobody(judgements: Sequence[Judgement]) -> Iterator[str]:
    for each in judgements:
        if each.answer.holds and not each.channels:
            yield f"alert rule {each.policy.name!r} holds, and nobody is told: no channel of it is set up"


def _unknown_past(context: Context, before: Past, held: Held) -> Iterator[str]:
    if not before.sources:
        places = f"neither {context.journal.path} nor {state_file(context).path} has one, and {held.why_not}"
        yield f"alerts: no earlier run of this series is known: {places}"


def _keep(context: Context, announcements: Sequence[Announcement]) -> tuple[Waiting, ...]:
    """Put the alerts into the outbox; gives what could not be put there, and is sent without a copy."""
    outbox, direct = Outbox(context.journal), []
    for each in announcements:
        for channel in each.message.channels:
            try:
                outbox.keep(each.alert, channel)
            except StateError:
                direct.append(Waiting(alert=each.alert, channel=channel))
    return tuple(direct)


def _to(context: Context, name: str, direct: Sequence[Waiting], deadline: Deadline) -> Sent:
    ours = [each.alert for each in direct if each.channel == name]
    try:
        channel = notifier(context, name)
    except Exception as exc:  # noqa: BLE001  a plug-in may raise anything, and its words may hold its secrets
        return Sent(channel=name, refused=(f"{name} failed with {type(exc).__name__}, a bug in it; please report it",))
    return deliver(ours, [channel], deadline, mailroom(context))[0]


def _sent_notes(context: Context, telling: Telling, post: Post) -> Iterator[str]:
    """A sentence for each alert that any channel took."""
    still = {(each.alert.alert_id, each.channel) for each in Outbox(context.journal).pending()}
    by_channel = {each.channel: each for each in post.sent}
    source = f" (earlier runs are known from {' and '.join(telling.sources)})" if telling.sources else ""
    for each in telling.announcements:
        kept = [Waiting(alert=each.alert, channel=name) for name in each.message.channels]
        if takers := [one.channel for one in kept if was_taken(one, still, by_channel)]:
            kind = _KINDS[each.message.kind]
            yield f"alert {_short(each.alert)} sent to {', '.join(takers)}: {kind}{source}"
        if busy := [one.channel for one in kept if _was_left(one, still, by_channel)]:
            yield f"alert {_short(each.alert)} was left to a step beside this one, which used {', '.join(busy)}"


def _was_left(each: Waiting, still: set[tuple[str, str]], sent: Mapping[str, Sent]) -> bool:
    """Whether this process sent nothing and it waits no more all the same: another one has dealt with it."""
    of = sent.get(each.channel)
    return of is not None and not (of.taken or of.refused) and (each.alert.alert_id, each.channel) not in still
