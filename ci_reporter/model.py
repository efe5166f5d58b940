"""The nouns: Run, Step, Coverage, Tests, Report. Standard library only, frozen.

A `Report` is what the world sees: one flat JSON object (schema 1). Times are RFC 3339 UTC strings, durations whole
milliseconds, ratios 0-1 except `coverage_pct`. None means unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1


class Result(StrEnum):
    """How a step ended, in OpenTelemetry's words (`cicd.pipeline.result`)."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where we are: one run of a pipeline as its CI system tells it, and the job within it."""

    ci_run_id: str = ""
    provider: str = "local"
    repository: str | None = None
    repository_url: str | None = None
    default_branch: str | None = None
    pipeline: str | None = None
    pipeline_id: str | None = None
    run_number: str | None = None
    attempt: str | None = None
    run_url: str | None = None
    job_name: str | None = None
    job_id: str | None = None
    job_url: str | None = None
    stage: str | None = None
    matrix: str | None = None
    node: str | None = None
    labels: str | None = None
    branch: str | None = None
    tag: str | None = None
    revision: str | None = None
    commit_message: str | None = None
    commit_author: str | None = None
    change: str | None = None
    target_branch: str | None = None
    actor: str | None = None
    event: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of a job and how it ended. `signal` is a name without SIG, such as "TERM"."""

    name: str
    result: Result
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: int | None = None
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None
    attempts: int | None = None
    cpu_user_ms: int | None = None
    cpu_system_ms: int | None = None
    max_rss_bytes: int | None = None
    io_read_blocks: int | None = None
    io_write_blocks: int | None = None
    command: str | None = None
    output_tail: str | None = None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of the code the tests ran. `unit` says of what: line, statement, instruction, region, branch."""

    unit: str
    covered: int
    total: int
    branches_covered: int | None = None
    branches_total: int | None = None
    declared_mismatch: bool = False

    @property
    def ratio(self) -> float | None:
        """Covered share, 0-1; unknown when there is nothing to cover."""
        return self.covered / self.total if self.total else None


@dataclass(frozen=True, kw_only=True)
class Tests:
    """What the test runner counted; every test is in exactly one of passed, failed, errors, skipped."""

    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    flaky: int = 0
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """One finished step of one run: what the journal keeps, the sinks send and `--json` prints."""

    report_id: str
    run: Run
    step: Step
    environment: str | None = None
    coverage: Coverage | None = None
    coverage_pct: float | None = None
    tests: Tests | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


# The keys every report has, null where unknown, in the order people read them.
_RUN_KEYS = (
    *("ci_run_id", "provider", "repository", "pipeline", "pipeline_id", "job_name"),
    *("branch", "tag", "revision", "change", "run_url", "actor", "event"),
)
_STEP_KEYS = (
    *("started_at", "finished_at", "duration_ms", "exit_code", "signal", "result", "reason", "attempts"),
    *("cpu_user_ms", "cpu_system_ms", "max_rss_bytes"),
)


def to_json(report: Report) -> dict[str, Any]:
    """Flatten a report to schema 1: the schema's keys always, further ones where they are known."""
    run, step = vars(report.run), vars(report.step)
    flat: dict[str, Any] = {"schema": SCHEMA, "report_id": report.report_id}
    flat |= {key: run[key] for key in _RUN_KEYS[:6]}
    flat["step"] = report.step.name
    flat |= {key: run[key] for key in _RUN_KEYS[6:]}
    flat["environment"] = report.environment
    flat |= {key: step[key] for key in _STEP_KEYS}
    flat["coverage_pct"] = report.coverage_pct
    flat["coverage"] = dict(vars(report.coverage)) if report.coverage else None
    flat["tests"] = dict(vars(report.tests)) if report.tests else None
    flat["measures"] = dict(report.measures)
    flat["tags"] = dict(report.tags)
    rest = (run | step).items()
    return flat | {key: value for key, value in rest if key not in flat and key != "name" and value is not None}


def from_json(flat: Mapping[str, Any]) -> Report:
    """Read a report, also one of an outside sender that knows only a few keys; unknown keys are passed over.

    Raises ValueError naming the key when a value has the wrong type.
    """
    if not isinstance(flat, Mapping):
        raise ValueError(f"a report is a JSON object, not {type(flat).__name__}")
    run: dict[str, Any] = {key.name: text for key in fields(Run) if (text := _text(flat, key.name)) is not None}
    coverage, tests = flat.get("coverage"), flat.get("tests")
    return Report(
        report_id=_text(flat, "report_id") or uuid7(),
        run=Run(**run),
        step=_step_from(flat),
        environment=_text(flat, "environment"),
        coverage=Coverage(**_members(Coverage, coverage)) if coverage else None,
        coverage_pct=_number(flat, "coverage_pct"),
        tests=Tests(**_members(Tests, tests)) if tests else None,
        measures=_values(flat, "measures", _number),
        tags=_values(flat, "tags", _text),
    )


def _step_from(flat: Mapping[str, Any]) -> Step:
    values: dict[str, Any] = {
        key.name: _whole(flat, key.name) if "int" in str(key.type) else _text(flat, key.name) for key in fields(Step)
    }
    name = _text(flat, "step") or _text(flat, "job_name") or "unknown"
    result = values["result"] or ("success" if values["exit_code"] == 0 else "failure")
    return Step(**{**values, "name": name, "result": Result(result)})


def _members(kind: type, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{kind.__name__.lower()}: expected an object, got {value!r}")
    return {key.name: value[key.name] for key in fields(kind) if key.name in value}


def _values(flat: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], Any]) -> dict[str, Any]:
    inner = flat.get(key) or {}
    if not isinstance(inner, Mapping):
        raise ValueError(f"{key}: expected an object, got {inner!r}")
    return {name: value for name in inner if (value := read(inner, name)) is not None}


def _text(flat: Mapping[str, Any], key: str) -> str | None:
    value = flat.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{key}: expected text, got {value!r}")


def _whole(flat: Mapping[str, Any], key: str) -> int | None:
    value = flat.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{key}: expected a whole number, got {value!r}")
    return value


def _number(flat: Mapping[str, Any], key: str) -> float | None:
    value = flat.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{key}: expected a number, got {value!r}")
    return value


def rfc3339(epoch_s: float) -> str:
    """Seconds since the epoch as RFC 3339 UTC with milliseconds: 2026-01-31T12:00:00.000Z."""
    ms = round(epoch_s * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def seconds_of(stamp: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; unknown for what is none."""
    if stamp is None:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def uuid7() -> str:
    """Make a new RFC 9562 version 7 UUID: sorts by the time it was made."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
