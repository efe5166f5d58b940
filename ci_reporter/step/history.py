"""What came before a step: the earlier reports of its series, from every place that has any.

The state folder's journal knows what ran on this machine, the state file what the CI's cache has kept, the Pushgateway
what was pushed last from anywhere. They are read together and the newest counts: a cache that lost the last run's file
cannot tell so, and the others can.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from ci_reporter import metrics
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import Frozen
from ci_reporter.model import Gate, Report, Result, Step, Tests, rfc3339, seconds_of
from ci_reporter.notify.policies.judge import Past
from ci_reporter.notify.policies.policy import OF_A_PIPELINE, key_of
from ci_reporter.notify.policies.statefile import State
from ci_reporter.providers import read_text
from ci_reporter.providers.previous import previous_revision
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.sinks.gateway import Group

_MOST = 200  # records of steps with this name that are looked at; other series may have the same name
_CLOCK_S = 0.002
_OUTCOMES = ("passed", "failed", "errors", "skipped")


class Held(Frozen):
    """What the Pushgateway holds of a series: the last run as a report, since when it fails, or why there is none."""

    report: Report | None = None
    since_s: float | None = None
    why_not: str = ""


def past(context: Context, report: Report, state: State, held: Held) -> Past:
    """All that is known from before this report."""
    known = state.reports.get(key_of(report), ())
    recorded = _earlier_reports(context, report)
    earlier = {each.report_id: each for each in (*known, *recorded) if each.report_id != report.report_id}
    reports = sorted(earlier.values(), key=_ended_s)
    newest_s = _ended_s(reports[-1]) if reports else 0.0
    newer = held.report if held.report and _ended_s(held.report) > newest_s + _CLOCK_S else None

    def may_lack(last: Report) -> bool:
        return _is_missing(context, report, last) or (not recorded and _was_overwritten(report, last, state))

    return Past(
        reports=(*reports, *([newer] if newer else [])),
        sources=tuple(_sources(bool(recorded), bool(known), bool(newer))),
        since_s=held.since_s if newer else None,
        in_file=bool(known),
        recorded=bool(recorded),
        stale=bool(reports) and held.report is None and may_lack(reports[-1]),
    )


def _is_missing(context: Context, report: Report, last: Report) -> bool:
    """Whether the run of the commit before this push is not the last one that is known here.

    Another machine has run it, or a CI's cache lost it.
    """
    before = previous_revision(context.env, read_text)
    known = last.run.revision
    return bool(before and known and known not in (before, report.run.revision))


def _was_overwritten(report: Report, last: Report, state: State) -> bool:
    """Whether the state file knows a later run of this branch by other series alone: two jobs stored it at once."""
    runs = (last.run.ci_run_id, report.run.ci_run_id)
    others = (each for reports in state.reports.values() for each in reports if each.run.ci_run_id not in runs)
    return any(_of_same_branch(each, report) and _ended_s(each) > _ended_s(last) for each in others)


def _of_same_branch(one: Report, other: Report) -> bool:
    return key_of(one, OF_A_PIPELINE) == key_of(other, OF_A_PIPELINE)


def held_by_gateway(context: Context, report: Report, deadline: Deadline) -> Held:
    """What the Pushgateway holds of this series, asked before our own push replaces it."""
    settings = context.config.sinks.get("pushgateway")
    if settings is None:
        return Held(why_not="no Pushgateway is set")
    key = metrics.grouping_key(report, context.config.branches)
    if key["branch"] != report.run.branch:
        return Held(why_not=f"the Pushgateway keeps this branch together with others, as {key['branch']!r}")
    from ci_reporter.sinks.gateway import key_of as gateway_key

    try:
        groups = settings.gateway().groups(deadline)
    except DeliveryError as exc:
        return Held(why_not=str(exc))
    group = next((each for each in groups if each.key == gateway_key(key)), None)
    found = _report(report, group) if group else None
    if group is None or found is None:
        return Held(why_not="the Pushgateway has none")
    return Held(report=found, since_s=group.value("ci_step_last_success_timestamp_seconds"))


def _earlier_reports(context: Context, report: Report) -> list[Report]:
    """Those that were recorded before it: of a step that was left behind, others may have been recorded since."""
    series = key_of(report)
    found = [each for each in context.journal.last_reports(report.step.name, _MOST) if key_of(each) == series]
    return list(takewhile(lambda each: each.report_id != report.report_id, found))


def _sources(recorded: bool, known: bool, newer: bool) -> Iterator[str]:
    if recorded:
        yield "the journal"
    if known:
        yield "the state file"
    if newer:
        yield "the Pushgateway"


def _ended_s(report: Report) -> float:
    return seconds_of(report.step.finished_at) or 0.0


def _report(like: Report, group: Group) -> Report | None:
    """The last run of a group as a report; None where it does not tell how that ended, and when."""
    ended_s = group.value("ci_step_last_completion_timestamp_seconds")
    result = next((each for each in Result if group.value("ci_step_result", result=each) == 1), None)
    if ended_s is None or result is None:
        return None
    ratio = group.value("ci_coverage_ratio", unit=like.coverage.unit if like.coverage else "line")
    return Report(
        report_id=f"pushgateway-{ended_s}",
        run=like.run,
        step=Step(
            name=like.step.name,
            result=result,
            finished_at=rfc3339(ended_s),
            duration_ms=_whole(group.value("ci_step_duration_seconds"), 1000),
            exit_code=_whole(group.value("ci_step_exit_code")),
            attempts=_whole(group.value("ci_step_attempts")),
            max_rss_bytes=_whole(group.value("ci_step_max_rss_bytes")),
        ),
        environment=like.environment,
        coverage_pct=None if ratio is None else ratio * 100,
        tests=_tests(group),
        gate=_gate(group),
        measures=_measures(group),
        tags=like.tags,
    )


def _whole(value: float | None, times: int = 1) -> int | None:
    return None if value is None else round(value * times)


def _tests(group: Group) -> Tests | None:
    counts = {name: _whole(group.value("ci_tests", outcome=name)) for name in (*_OUTCOMES, "flaky")}
    known = {name: count for name, count in counts.items() if count is not None}
    if not known.keys() >= set(_OUTCOMES):
        return None
    return Tests(total=sum(known[name] for name in _OUTCOMES), **known)


def _gate(group: Group) -> Gate | None:
    verdicts = ("pass", "fail", "inconclusive")
    verdict = next((each for each in verdicts if group.value("ci_gate_verdict", verdict=each) == 1), None)
    return Gate(verdict=verdict) if verdict else None


def _measures(group: Group) -> dict[str, float]:
    family = group.families.get("ci_measure") or {}
    names = [
        str(each.get("labels", {}).get("name", "")) for each in family.get("metrics", ()) if isinstance(each, dict)
    ]
    found = {name: group.value("ci_measure", name=name) for name in names if name}
    return {name: value for name, value in found.items() if value is not None}
