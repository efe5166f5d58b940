"""All policies on one report: what each makes of it, what there is to say, and the state after it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.model import Report, Result, seconds_of
from ci_reporter.notify.policies.evaluate import Answer, View, evaluate, mentions
from ci_reporter.notify.policies.evidence import Sighting, correct, doubt
from ci_reporter.notify.policies.policy import PIPELINE, Policy, channels, is_for, key_of
from ci_reporter.notify.policies.state import Entry, Message, Seen, transition

_UNDECIDED = (Result.CANCELLATION, Result.SKIP)


class Past(Frozen):
    """What is known from before a report: earlier ones of its series, oldest first, and where they come from.

    `since_s` is since when the last of them has had its result, if that is known. `in_file` says that the state file
    has the series, `recorded` that a journal has it. `stale` says that the last runs of the series may be missing
    here.
    """

    reports: Sequence[Report] = ()
    sources: tuple[str, ...] = ()
    since_s: float | None = None
    in_file: bool = False
    recorded: bool = False
    stale: bool = False


class Outbound(Frozen):
    """For which channels messages of a rule and group wait: that it began, and that it is over."""

    began: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


class Scene(Frozen):
    """A report that is judged, and all that is known around it.

    `everyone` are the channels that `notify` tells, `usable` all that are set up. `run_ms` is how long the whole run
    has taken so far: the duration that a rule on the pipeline sees.
    """

    report: Report
    at_s: float
    past: Past = Past()
    gate: bool = False
    stuck_s: float = 0.0
    everyone: tuple[str, ...] = ()
    usable: tuple[str, ...] = ()
    run_ms: int | None = None
    outbound: Mapping[tuple[str, str], Outbound] = EMPTY

    def view(self, policy: Policy) -> View:
        """What a policy's condition sees."""
        report = _of_the_run(self.report, self.run_ms) if PIPELINE in policy.on else self.report
        return View(report=report, before=self.past.reports, stuck_s=self.stuck_s)


class Judgement(Frozen):
    """What a policy makes of a report: its answer, the state after it, whom it tells, what there is to say."""

    policy: Policy
    group: str
    answer: Answer
    entry: Entry
    channels: tuple[str, ...] = ()
    message: Message | None = None


def judge(policies: Sequence[Policy], scene: Scene, entries: Mapping[tuple[str, str], Entry]) -> list[Judgement]:
    """Hold a report against the policies that watch it. `entries` are by rule and group."""
    found = []
    for policy in policies:
        if is_for(policy, scene.report, gate=scene.gate):
            group = key_of(scene.report, policy.group)
            found.append(_judge(policy, group, scene, entries.get((policy.name, group), Entry())))
    return found


def answer(policy: Policy, view: View) -> Answer:
    """Whether the policy's condition holds; a run that says nothing about it leaves things as they are."""
    if policy.condition is None:
        return Answer(holds=True)
    found = evaluate(policy.condition, view)
    if found.holds is not False or view.report.step.result is Result.SUCCESS:
        return found
    if view.report.step.result in _UNDECIDED:
        return Answer(holds=None)  # who cancels a step mends nothing
    # `result == failure` does not hold for a timeout either, and that is not a recovery: only what a success would
    # also not fulfil can end by something else than a success.
    if mentions(policy.condition, "result"):
        step = replace(view.report.step, result=Result.SUCCESS)
        if not evaluate(policy.condition, replace(view, report=replace(view.report, step=step))).holds:
            return Answer(holds=None)
    return found


def _judge(policy: Policy, group: str, scene: Scene, entry: Entry) -> Judgement:
    series = key_of(scene.report)
    tells = channels(policy, scene.everyone, scene.usable)
    entry = correct(policy, entry, series, _sighting(policy, scene), tells)
    entry = doubt(entry) if scene.past.stale else entry
    found = answer(policy, scene.view(policy))
    if found.holds is None:
        return Judgement(policy=policy, group=group, answer=found, entry=entry, channels=tells)
    out = scene.outbound.get((policy.name, group), Outbound())
    seen = Seen(
        series=series,
        holds=found.holds,
        at_s=scene.at_s,
        channels=tells,
        waiting=out.began,
        waiting_end=out.over,
    )
    entry, message = transition(policy, entry, seen)
    return Judgement(policy=policy, group=group, answer=found, entry=entry, channels=tells, message=message)


def _of_the_run(report: Report, run_ms: int | None) -> Report:
    """The report with the duration of its whole run so far, which is not known of earlier runs."""
    return replace(report, step=replace(report.step, duration_ms=run_ms))


def _sighting(policy: Policy, scene: Scene) -> Sighting | None:
    """The last earlier run that decides the policy's condition."""
    past = scene.past
    for at in range(len(past.reports) - 1, -1, -1):
        report = past.reports[at]
        report = _of_the_run(report, None) if PIPELINE in policy.on else report
        ended_s = seconds_of(report.step.finished_at)
        found = answer(policy, View(report=report, before=past.reports[:at]))
        if ended_s is not None and found.holds is not None:
            newest = at == len(past.reports) - 1
            return Sighting(
                holds=found.holds,
                at_s=ended_s,
                since_s=past.since_s if newest else None,
                only=not (past.in_file or past.recorded),
            )
    return None
