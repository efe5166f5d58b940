"""The nouns: Run, Step, Coverage, Tests, Report. Standard library only, frozen.

A `Report` is what the world sees: one flat JSON object (schema 1). Times are RFC 3339 UTC strings, durations whole
milliseconds, ratios 0-1 except `coverage_pct`. None means unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _Inner = TypeVar("_Inner", "Coverage", "Tests")

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
    failed_tests: tuple[str, ...] = ()
    flaky_tests: tuple[str, ...] = ()
    slowest_tests: Mapping[str, int] = field(default_factory=dict)


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
    named = {"failed_tests": list(report.failed_tests), "flaky_tests": list(report.flaky_tests)}
    flat |= {key: names for key, names in named.items() if names}
    flat |= {"slowest_tests": dict(report.slowest_tests)} if report.slowest_tests else {}
    rest = (run | step).items()
    return flat | {key: value for key, value in rest if key not in flat and key != "name" and value is not None}


def from_json(flat: Mapping[str, Any]) -> Report:
    """Read a report, also one of an outside sender that knows only a few keys; unknown keys are passed over.

    Raises ValueError naming the key when a value is missing or of the wrong type, and nothing else for any JSON.
    """
    if not isinstance(flat, Mapping):
        raise ValueError(f"a report is a JSON object, not {_shown(flat)}")
    return Report(
        report_id=_id(flat, "report_id") or uuid7(),
        run=Run(**_members(Run, flat)),
        step=_step_from(flat),
        environment=_text(flat, "environment"),
        coverage=_inner(Coverage, flat, "coverage"),
        coverage_pct=_number(flat, "coverage_pct"),
        tests=_inner(Tests, flat, "tests"),
        measures=_values(flat, "measures", _number),
        tags=_values(flat, "tags", _text),
        failed_tests=_names(flat, "failed_tests"),
        flaky_tests=_names(flat, "flaky_tests"),
        slowest_tests=_values(flat, "slowest_tests", _whole),
    )


def _step_from(flat: Mapping[str, Any]) -> Step:
    known = _members(Step, flat)
    if "result" not in known and "exit_code" not in known:
        raise ValueError("exit_code: is missing, and so is result; one of them says how the step ended")
    known.setdefault("result", Result.FAILURE if known.get("exit_code") else Result.SUCCESS)
    return Step(**{**known, "name": _text(flat, "step") or _text(flat, "job_name") or "unknown"})


def _inner(kind: type[_Inner], flat: Mapping[str, Any], key: str) -> _Inner | None:
    """An object within the report; None when it is not there."""
    inner = flat.get(key)
    if inner is None:
        return None
    if not isinstance(inner, Mapping):
        raise ValueError(f"{key}: expected an object, got {_shown(inner)}")
    try:
        known = _members(kind, inner)
    except ValueError as exc:
        raise ValueError(f"{key}.{exc}") from None
    for each in fields(kind):
        if each.default is MISSING and each.name not in known:
            raise ValueError(f"{key}.{each.name}: is missing")
    return kind(**known)


def _members(kind: type, flat: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a noun's fields, each read as its annotation says."""
    read = {each.name: _READERS[str(each.type).partition(" ")[0]](flat, each.name) for each in fields(kind)}
    return {name: value for name, value in read.items() if value is not None}


def _values(flat: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], Any]) -> dict[str, Any]:
    inner = flat.get(key)
    if inner is None:
        return {}
    if not isinstance(inner, Mapping):
        raise ValueError(f"{key}: expected an object, got {_shown(inner)}")
    try:
        return {name: value for name in inner if (value := read(inner, name)) is not None}
    except ValueError as exc:
        raise ValueError(f"{key}.{exc}") from None


def _names(flat: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = flat.get(key)
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key}: expected a list of texts, got {_shown(names)}")
    return tuple(names)


def _text(flat: Mapping[str, Any], key: str) -> str | None:
    value = flat.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_WHOLE:
        return str(value)
    raise ValueError(f"{key}: expected text, got {_shown(value)}")


def _id(flat: Mapping[str, Any], key: str) -> str | None:
    """An id that may become the name of a file."""
    value = _text(flat, key)
    if value and (len(value) > 100 or value.startswith(".") or not _ID_CHARACTERS.issuperset(value)):
        raise ValueError(f"{key}: expected at most 100 letters, digits, '-', '_' and '.', got {_shown(value)}")
    return value


def _whole(flat: Mapping[str, Any], key: str) -> int | None:
    value = flat.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # what a language without whole numbers makes of 12
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _LARGEST_WHOLE:
        raise ValueError(f"{key}: expected a whole number, got {_shown(value)}")
    return value


def _number(flat: Mapping[str, Any], key: str) -> float | None:
    value = flat.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
        raise ValueError(f"{key}: expected a number, got {_shown(value)}")
    return value


def _flag(flat: Mapping[str, Any], key: str) -> bool | None:
    value = flat.get(key)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false, got {_shown(value)}")
    return value


def _result(flat: Mapping[str, Any], key: str) -> Result | None:
    value = _text(flat, key)
    if value is not None and value not in set(Result):
        raise ValueError(f"{key}: no result named {_shown(value)} (known: {', '.join(Result)})")
    return Result(value) if value else None


def _shown(value: object) -> str:
    """A value as a message may show it: short, and no way to fail on it."""
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= _LARGEST_WHOLE:
        return "a number of more than 64 bits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Any]] = {
    "str": _text,
    "int": _whole,
    "bool": _flag,
    "Result": _result,
}
_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_LARGEST_WHOLE = 2**63
_LARGEST_NUMBER = 1.7976931348623157e308  # of a 64-bit float


def rfc3339(epoch_s: float) -> str:
    """Seconds since the epoch as RFC 3339 UTC with milliseconds: 2026-01-31T12:00:00.000Z."""
    ms = round(epoch_s * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def seconds_of(stamp: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; unknown for what is none, such as a time without its zone."""
    if stamp is None:
        return None
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(stamp)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def uuid7() -> str:
    """Make a new RFC 9562 version 7 UUID: sorts by the time it was made."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
