"""What rules would have said of kept records, one after the other, had every channel taken everything. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ci_reporter.frozen import Frozen
from ci_reporter.model import Report, seconds_of
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.from_report import Subject, alert
from ci_reporter.notify.language import Language
from ci_reporter.notify.policies.judge import Judgement, Past, Scene, judge
from ci_reporter.notify.policies.policy import NOTIFY, Policy, key_of
from ci_reporter.notify.policies.state import Entry, Fate, Kind, entry_after
from ci_reporter.notify.policies.statefile import State, remember


class Line(Frozen):
    """What a rule made of a record: what it would have said, to which channels, or why it decided nothing."""

    report: Report
    policy: Policy
    at_s: float
    alert: Alert | None = None
    channels: tuple[str, ...] = ()
    kind: Kind | None = None
    unknown: tuple[str, ...] = ()


def replay(
    policies: Sequence[Policy], reports: Iterable[Report], channels: Sequence[str], language: Language
) -> Iterator[Line]:
    """Judge records in their order. `channels` are those that `notify` tells; those that rules name count as set up."""
    state = State()
    usable = tuple(dict.fromkeys((*channels, *(name for each in policies for name in each.then if name != NOTIFY))))
    started_s: dict[str, float] = {}
    for report in reports:
        at_s = seconds_of(report.step.finished_at) or seconds_of(report.step.started_at) or 0.0
        begun_s = started_s.setdefault(report.run.ci_run_id, seconds_of(report.step.started_at) or at_s)
        series = key_of(report)
        before = state.reports.get(series, ())
        scene = Scene(
            report=report,
            at_s=at_s,
            past=Past(reports=before, in_file=bool(before)),
            gate=report.gate is not None,
            everyone=tuple(channels),
            usable=usable,
            run_ms=round((at_s - begun_s) * 1000),
        )
        entries: dict[tuple[str, str], Entry] = {}
        for each in judge(policies, scene, state.entries):
            yield _line(each, scene, language)
            entries[each.policy.name, each.group] = _after(each, at_s)
        state = remember(state, series, report, entries)


def _line(judgement: Judgement, scene: Scene, language: Language) -> Line:
    message, policy = judgement.message, judgement.policy
    known = Line(report=scene.report, policy=policy, at_s=scene.at_s, unknown=judgement.answer.unknown)
    if message is None:
        return known
    subject = Subject(policy=policy, group=judgement.group, message=message, view=scene.view(policy), at_s=scene.at_s)
    return Line(**vars(known) | {"alert": alert(subject, language), "channels": message.channels, "kind": message.kind})


def _after(judgement: Judgement, at_s: float) -> Entry:
    message = judgement.message
    if message is None:
        return judgement.entry
    fate = Fate(over=message.kind is Kind.RECOVERED, at_s=at_s, taken=dict.fromkeys(message.channels))
    return entry_after(judgement.entry, fate)
