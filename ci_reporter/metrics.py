"""Report → samples: every metric's name, help text and labels are in this file.

Gauges only: a counter that is pushed never counts. What varies without bound (run ids, revisions, addresses) is never a
label. prometheus_client is imported when something is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ci_reporter.frozen import Frozen
from ci_reporter.model import Report, Result, seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Labels = tuple[str, ...]
Values = Iterable[tuple[Labels, float | None]]
GROUPING = ("job", "repository", "pipeline", "ci_job", "step", "branch")
JOB = "ci_reporter"
_EXACT = 2**53  # above this a float no longer holds every whole number


class Family(Frozen):
    """One metric: `values` reads its samples from a report; a None value is unknown and no sample."""

    name: str
    help: str
    values: Callable[[Report], Values]
    labels: Labels = ()
    passing: bool = False  # about this moment: no use in a comparison between two runs


def _one(value: float | None) -> Values:
    return [((), value)]


def _results(report: Report) -> Values:
    return [((result.value,), float(report.step.result is result)) for result in Result]


def _cpu(report: Report) -> Values:
    yield ("user",), _seconds(report.step.cpu_user_ms)
    yield ("system",), _seconds(report.step.cpu_system_ms)


def _succeeded_at(report: Report) -> Values:
    return _one(seconds_of(report.step.finished_at) if report.step.result is Result.SUCCESS else None)


def _run_id(report: Report) -> Values:
    text = report.run.pipeline_id or ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else _EXACT
    return _one(float(number) if number < _EXACT else None)


def _coverage(report: Report) -> Values:
    coverage = report.coverage
    if not coverage:
        return
    yield (coverage.unit,), coverage.ratio
    if coverage.branches_total and coverage.branches_covered is not None and coverage.unit != "branch":
        yield ("branch",), coverage.branches_covered / coverage.branches_total


def _tests(report: Report) -> Values:
    tests = report.tests
    if tests:
        for outcome in ("passed", "failed", "errors", "skipped", "flaky"):
            yield (outcome,), float(getattr(tests, outcome))


def _measures(report: Report) -> Values:
    return [((name,), value) for name, value in report.measures.items()]


def _gate_verdict(report: Report) -> Values:
    if report.gate:
        yield from (((word,), float(report.gate.verdict == word)) for word in ("pass", "fail", "inconclusive"))


def _gate_rules(report: Report) -> Values:
    return [((name,), float(verdict == "fail")) for name, verdict in (report.gate.rules if report.gate else {}).items()]


def _gate_latency(report: Report) -> Values:
    gate = report.gate
    if gate:
        yield ("baseline", "p50"), _seconds(gate.p50_ms_before)
        yield ("baseline", "p95"), _seconds(gate.p95_ms_before)
        yield ("watch", "p50"), _seconds(gate.p50_ms)
        yield ("watch", "p95"), _seconds(gate.p95_ms)


def _gate_errors(report: Report) -> Values:
    if report.gate:
        yield ("baseline",), report.gate.error_ratio_before
        yield ("watch",), report.gate.error_ratio


def _build_info(report: Report) -> Values:
    run = report.run
    return [((run.tag or "", run.revision or "", run.branch or ""), 1.0)]


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


FAMILIES = (
    Family(
        name="ci_step_duration_seconds",
        help="Time from the start of the step to its end, all attempts together.",
        values=lambda r: _one(_seconds(r.step.duration_ms)),
    ),
    Family(
        name="ci_step_exit_code",
        help="Exit code of the step's command; 128+N when signal N ended it.",
        values=lambda r: _one(r.step.exit_code),
    ),
    Family(
        name="ci_step_result",
        help="1 for the result the step had, 0 for the five others.",
        labels=("result",),
        values=_results,
    ),
    Family(
        name="ci_step_success",
        help="Whether the step succeeded.",
        values=lambda r: _one(float(r.step.result is Result.SUCCESS)),
    ),
    Family(name="ci_step_attempts", help="How often the command was run.", values=lambda r: _one(r.step.attempts)),
    Family(
        name="ci_step_cpu_seconds",
        help="CPU time of the command and what it waited for, all attempts together.",
        labels=("mode",),
        values=_cpu,
    ),
    Family(
        name="ci_step_max_rss_bytes",
        help="Largest memory of any one process of the step.",
        values=lambda r: _one(r.step.max_rss_bytes),
    ),
    Family(
        name="ci_step_last_completion_timestamp_seconds",
        help="When the step last ended, whatever its result.",
        values=lambda r: _one(seconds_of(r.step.finished_at)),
        passing=True,
    ),
    Family(
        name="ci_step_last_success_timestamp_seconds",
        help="When the step last succeeded.",
        values=_succeeded_at,
        passing=True,
    ),
    Family(
        name="ci_step_run_id",
        help="The CI system's numeric id of the run that pushed last, to link to it.",
        values=_run_id,
        passing=True,
    ),
    Family(name="ci_coverage_ratio", help="Covered share of the code, 0 to 1.", labels=("unit",), values=_coverage),
    Family(
        name="ci_tests", help="Tests by outcome; a flaky test is also in passed.", labels=("outcome",), values=_tests
    ),
    Family(name="ci_measure", help="A number the step itself reported.", labels=("name",), values=_measures),
    Family(
        name="ci_gate_verdict",
        help="1 for the verdict of the gate, 0 for the two others.",
        labels=("verdict",),
        values=_gate_verdict,
    ),
    Family(
        name="ci_gate_decided_seconds",
        help="When the gate's verdict was reached, from the start of the watch.",
        values=lambda r: _one(r.gate.decided_at_s if r.gate else None),
    ),
    Family(
        name="ci_gate_probes",
        help="Requests that the gate's watch rests on.",
        values=lambda r: _one(r.gate.probes if r.gate else None),
    ),
    Family(name="ci_gate_rule_failed", help="Whether the rule failed.", labels=("rule",), values=_gate_rules),
    Family(
        name="ci_gate_latency_seconds",
        help="Latency of the gate's probes before the deploy and after it.",
        labels=("window", "percentile"),
        values=_gate_latency,
    ),
    Family(
        name="ci_gate_error_ratio",
        help="Share of the gate's probes that failed, 0 to 1.",
        labels=("window",),
        values=_gate_errors,
    ),
)
BUILD_INFO = Family(
    name="ci_build_info",
    help="What the run that pushed last was built from; one new series a revision.",
    labels=("version", "revision", "branch"),
    values=_build_info,
    passing=True,
)
RUN_INFO = Family(
    name="ci_run_info",
    help="The run that pushed last; one new series a run.",
    labels=("ci_run_id", "revision"),
    values=lambda r: [((r.run.ci_run_id, r.run.revision or ""), 1.0)],
)
PUSH_FAILURES = Family(
    name="ci_reporter_push_failures",
    help="Reports of this state folder that a sink has not taken yet.",
    values=lambda _: (),
    passing=True,
)
OVERHEAD = Family(
    name="ci_reporter_overhead_seconds",
    help="Time the reporter itself took, before the command and after it, until the push.",
    values=lambda _: (),
    passing=True,
)


class Samples(Frozen):
    """The samples of one family."""

    family: Family
    values: tuple[tuple[Labels, float], ...]


def prepare() -> None:
    """Load what rendering needs, while there is time."""
    import prometheus_client.core
    import prometheus_client.openmetrics.exposition  # noqa: F401


def samples(report: Report, *, run_info: bool = False) -> list[Samples]:
    """What the report has measured; a family without a known value is left out."""
    families = (*FAMILIES, BUILD_INFO, RUN_INFO) if run_info else FAMILIES
    found = (sample_of(family, family.values(report)) for family in families)
    return [each for each in found if each.values]


def sample_of(family: Family, values: Values) -> Samples:
    """The family with those of the values that are known."""
    return Samples(family=family, values=tuple((labels, float(value)) for labels, value in values if value is not None))


def newest(batches: Iterable[Sequence[Samples]]) -> list[Samples]:
    """Of each family the samples that came last, as a gateway that is sent the batches one by one would hold them."""
    # A dict keeps the last value of a key: a POST replaces a family as a whole and leaves the others alone.
    return list({each.family.name: each for batch in batches for each in batch}.values())


def within(budget: int, batch: Sequence[Samples]) -> tuple[list[Samples], int]:
    """The first `budget` label sets, in the order of the families, and how many were left out."""
    # `FAMILIES` puts duration and result before measures, of which a step may report any number, so the latter are cut
    # first. With a budget of 3 and families of 1, 1 and 5 samples, 1 + 1 + 1 stay and 4 are dropped.
    kept, left, dropped = [], budget, 0
    for each in batch:
        values = each.values[:left]
        left -= len(values)
        dropped += len(each.values) - len(values)
        if values:
            kept.append(Samples(family=each.family, values=values))
    return kept, dropped


def grouping_key(report: Report, branches: Sequence[str]) -> dict[str, str]:
    """The labels that tell one writer from another; bounded sets only. Source: DESIGN §6."""
    run = report.run
    values = (JOB, run.repository, run.pipeline, run.job_name, report.step.name, folded_branch(report, branches))
    return {label: value or "" for label, value in zip(GROUPING, values, strict=True)}


def folded_branch(report: Report, patterns: Sequence[str]) -> str:
    """The branch as a label: its name where that is one of few, else `pull_request` or `other`."""
    run = report.run
    return fold(run.branch, run.change, run.default_branch, patterns)


def fold(branch: str | None, change: str | None, default_branch: str | None, patterns: Sequence[str]) -> str:
    """What `folded_branch` says, for a branch, the change that the run was for, and the default branch."""
    if change:
        return "pull_request"
    if branch and (branch == default_branch or any(fnmatchcase(branch, each) for each in patterns)):
        return branch
    return "other"


def text_format(batch: Sequence[Samples]) -> bytes:
    """Prometheus' text format 0.0.4, as the Pushgateway takes it."""
    from prometheus_client import generate_latest

    return generate_latest(_registry({(): batch}, ()))


def openmetrics(batches: Mapping[Labels, Sequence[Samples]], labels: Labels) -> bytes:
    """OpenMetrics 1.0 of several batches, told apart by `labels`."""
    from prometheus_client.openmetrics.exposition import generate_latest

    return bytes(generate_latest(_registry(batches, labels)))  # type: ignore[no-untyped-call]


def _registry(batches: Mapping[Labels, Sequence[Samples]], labels: Labels) -> CollectorRegistry:
    """A private registry: nothing of the process itself gets in, and no `_created` series."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

    found: dict[str, GaugeMetricFamily] = {}
    for outer, batch in batches.items():
        for each in batch:
            names = (*labels, *each.family.labels)
            gauge = found.setdefault(
                each.family.name, GaugeMetricFamily(each.family.name, each.family.help, labels=names)
            )
            for inner, value in each.values:
                gauge.add_metric((*outer, *inner), value)

    class Collector:
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return found.values()

    # `auto_describe` would call `collect` once more, only to look for duplicates.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return registry
