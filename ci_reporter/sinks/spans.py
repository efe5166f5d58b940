"""Reports as OpenTelemetry spans, in OTLP's JSON encoding: pure data, nothing is sent here.

Sources: OpenTelemetry's semantic conventions for CI/CD, VCS, deployments and tests, v1.44.0; the OTLP specification,
"JSON Protobuf Encoding": ids in hex, 64-bit numbers as texts, enumerations as numbers. What the conventions have no
name for is below `ci_reporter.`.

A step is a task run: a span of the kind INTERNAL. Its parent is the span that the step was started in, else that of the
run, which `run_span` makes of all reports of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ci_reporter.frozen import Frozen
from ci_reporter.model import Report, Result, Run, seconds_of
from ci_reporter.system import trace
from ci_reporter.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Value = str | int | float | bool | None
    Json = dict[str, Any]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
_SCOPE = {"name": "ci-reporter", "version": __version__}
_INTERNAL, _SERVER = 1, 2
_ERROR = 2
_FAILED = (Result.FAILURE, Result.ERROR, Result.TIMEOUT)
# The worst first: what a run came to by its steps.
_WORST = (Result.ERROR, Result.FAILURE, Result.TIMEOUT, Result.CANCELLATION, Result.SUCCESS)
_SAMPLED = 0x01
_LONGEST = 4096  # characters of a value


def request(reports: Sequence[Report], *, service: str, tests: bool = False) -> Json:
    """The body of an export: the spans of these reports, each under the resource that is its job."""
    groups: dict[str, tuple[Run, str | None, list[Json]]] = {}
    for report in reports:
        key = repr((report.run, report.environment))
        groups.setdefault(key, (report.run, report.environment, []))[2].extend(_step_spans(report, tests=tests))
    return {"resourceSpans": [_resource_spans(*group, service=service) for group in groups.values() if group[2]]}


def run_request(reports: Sequence[Report], *, service: str) -> Json:
    """The body of an export of the run's own span. `reports` are all of it, and at least one has its times."""
    return {"resourceSpans": [_resource_spans(reports[-1].run, None, [run_span(reports)], service=service)]}


def count(body: Json) -> int:
    """How many spans are in the body of an export."""
    return sum(len(scope["spans"]) for each in body["resourceSpans"] for scope in each["scopeSpans"])


def is_span(report: Report) -> bool:
    """Whether a report makes a span: its times are known, and its trace, if it was given one, is recorded."""
    given = trace.traceparent(report.traceparent or "")
    return _times(report) is not None and (not given or bool(int(given[53:], 16) & _SAMPLED))


def run_span(reports: Sequence[Report]) -> Json:
    """The span of a run, from the start of its first step to the end of its last, with the worst result."""
    times = [found for report in reports if (found := _times(report))]
    run, results = reports[-1].run, {report.step.result for report in reports}
    result = next((each for each in _WORST if each in results), Result.SKIP)
    return _Span(
        name=f"RUN {run.pipeline}" if run.pipeline else "RUN",
        kind=_SERVER,
        trace_id=trace.run_trace_id(run.ci_run_id),
        span_id=trace.run_span_id(run.ci_run_id),
        times=(min(start for start, _ in times), max(end for _, end in times)),
        result=result,
        attributes={"cicd.pipeline.action.name": "RUN", "cicd.pipeline.result": str(result)}
        | ({"error.type": str(result)} if result in _FAILED else {}),
    ).json()


def _step_spans(report: Report, *, tests: bool) -> Iterator[Json]:
    times = _times(report)
    if times is None or not is_span(report):
        return
    step, own = report.step, trace.step_traceparent(report.traceparent, report.run.ci_run_id, report.report_id)
    given = trace.traceparent(report.traceparent or "")
    why = step.reason or (f"died of SIG{step.signal}" if step.signal else f"exit {step.exit_code}")
    yield _Span(
        name=step.name,
        trace_id=own[3:35],
        span_id=own[36:52],
        parent_id=given[36:52] if given else trace.run_span_id(report.run.ci_run_id),
        times=times,
        result=step.result,
        message=why,
        attributes=_step_attributes(report),
    ).json()
    if tests:
        yield from _test_spans(report, own, times)


def _step_attributes(report: Report) -> Mapping[str, Value]:
    run, step = report.run, report.step
    counts = vars(report.tests) if report.tests else {}
    return {
        "cicd.pipeline.task.name": step.name,
        "cicd.pipeline.task.run.id": report.report_id,
        "cicd.pipeline.task.run.url.full": run.job_url or run.run_url,
        "cicd.pipeline.task.run.result": str(step.result),
        "cicd.pipeline.task.type": _task_type(report),
        "error.type": _error_type(report),
        "process.exit.code": step.exit_code,
        "ci_reporter.job.name": run.job_name,
        "ci_reporter.attempts": step.attempts,
        "ci_reporter.cpu.user_ms": step.cpu_user_ms,
        "ci_reporter.cpu.system_ms": step.cpu_system_ms,
        "ci_reporter.memory.max_rss_bytes": step.max_rss_bytes,
        "ci_reporter.coverage.pct": report.coverage_pct,
        "ci_reporter.gate.verdict": report.gate.verdict if report.gate else None,
        **{f"ci_reporter.tests.{name}": value for name, value in counts.items()},
        **{f"ci_reporter.measure.{name}": float(value) for name, value in report.measures.items()},
        **{f"ci_reporter.tag.{name}": value for name, value in report.tags.items()},
    }


def _task_type(report: Report) -> str | None:
    if report.gate or report.environment:
        return "deploy"
    return "test" if report.tests else None


def _error_type(report: Report) -> str | None:
    """Why it failed, by few words: required where it did, and not allowed where it did not."""
    step = report.step
    if step.result is not Result.FAILURE:
        return str(step.result) if step.result in _FAILED else None
    if step.signal:
        return f"SIG{step.signal}"
    return f"exit_{step.exit_code}" if step.exit_code else "_OTHER"


def _test_spans(report: Report, own: str, times: tuple[int, int]) -> Iterator[Json]:
    """The tests that a report names. Result files say how long a test took, and not when: each begins with its step."""
    failed, flaky = frozenset(report.failed_tests), frozenset(report.flaky_tests)
    messages = {each.name: each.message for each in report.failures}
    for name in dict.fromkeys((*report.failed_tests, *report.flaky_tests, *report.slowest_tests)):
        took_ms = report.slowest_tests.get(name, 0)
        yield _Span(
            name=name,
            trace_id=own[3:35],
            span_id=trace.step_span_id(f"{report.report_id} {name}"),
            parent_id=own[36:52],
            times=(times[0], times[0] + took_ms * 1_000_000),
            result=Result.FAILURE if name in failed else Result.SUCCESS,
            message=messages.get(name, ""),
            attributes={
                "test.case.name": name,
                "test.case.result.status": "fail" if name in failed else "pass",
                "error.type": "_OTHER" if name in failed else None,
                "ci_reporter.test.flaky": True if name in flaky else None,
            },
        ).json()


class _Span(Frozen):
    """A span to be: its ids, its times in nanoseconds since the epoch, how it ended and why."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str = ""
    kind: int = _INTERNAL
    times: tuple[int, int]
    result: Result
    message: str = ""
    attributes: Mapping[str, Value]

    def json(self) -> Json:
        """The span as OTLP has it. The status is set for an error alone, as OpenTelemetry wants it of who reports."""
        return {
            "traceId": self.trace_id,
            "spanId": self.span_id,
            **({"parentSpanId": self.parent_id} if self.parent_id else {}),
            "flags": _SAMPLED,
            "name": _text(self.name),
            "kind": self.kind,
            "startTimeUnixNano": str(self.times[0]),
            "endTimeUnixNano": str(self.times[1]),
            "attributes": _attributes(self.attributes),
            "status": {"code": _ERROR, "message": _text(self.message)} if self.result in _FAILED else {},
        }


def _resource_spans(run: Run, environment: str | None, spans: Iterable[Json], *, service: str) -> Json:
    owner, _, name = (run.repository or "").rpartition("/")
    change = {"vcs.change.id": run.change, "vcs.ref.base.name": run.target_branch}
    found: Mapping[str, Value] = {
        "service.name": service,
        "service.version": __version__ if service == _SCOPE["name"] else None,
        "cicd.pipeline.name": run.pipeline,
        "cicd.pipeline.run.id": run.ci_run_id,
        "cicd.pipeline.run.url.full": run.run_url,
        "cicd.worker.name": run.node,
        "vcs.provider.name": run.provider if run.provider in ("github", "gitlab", "gitea", "bitbucket") else None,
        "vcs.owner.name": owner,
        "vcs.repository.name": name,
        "vcs.repository.url.full": run.repository_url,
        "vcs.ref.head.name": run.branch or run.tag,
        "vcs.ref.head.type": "branch" if run.branch else "tag" if run.tag else None,
        "vcs.ref.head.revision": run.revision,
        **(change if run.change else {}),
        "deployment.environment.name": environment,
        "ci_reporter.provider": run.provider,
        "ci_reporter.run.attempt": run.attempt,
        "ci_reporter.event": run.event,
    }
    return {
        "resource": {"attributes": _attributes(found)},
        "scopeSpans": [{"scope": _SCOPE, "spans": list(spans)}],
        "schemaUrl": SCHEMA_URL,
    }


def _attributes(values: Mapping[str, Value]) -> list[Json]:
    return [
        {"key": _text(key), "value": _value(value)}
        for key, value in values.items()
        if value is not None and value != ""
    ]


def _value(value: Value) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": _text(str(value))}


def _text(text: str) -> str:
    """A text of a bounded length that UTF-8 can encode, as protobuf wants it."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _times(report: Report) -> tuple[int, int] | None:
    """Start and end in nanoseconds since the epoch; one that is unknown follows from the other and the duration."""
    step = report.step
    start_s, end_s = seconds_of(step.started_at), seconds_of(step.finished_at)
    took_s = (step.duration_ms or 0) / 1000
    if start_s is None and end_s is None:
        return None
    start_s = end_s - took_s if start_s is None and end_s is not None else start_s
    assert start_s is not None  # noqa: S101
    start = max(0, round(start_s * 1000)) * 1_000_000
    end = start + round(took_s * 1000) * 1_000_000 if end_s is None else round(end_s * 1000) * 1_000_000
    return start, max(start, end)
