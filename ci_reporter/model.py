"""The nouns: Run, Step, Coverage, Tests, FailedTest, BuildInfo, Gate, Report. Standard library only, frozen.

A `Report` is what the world sees: one flat JSON object (schema 1). Times are RFC 3339 UTC strings, durations whole
milliseconds, ratios 0-1 except `coverage_pct`. None means unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from enum import StrEnum

from ci_reporter.frozen import EMPTY, Frozen


class Result(StrEnum):
    """How a step ended, in OpenTelemetry's words (`cicd.pipeline.result`)."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"
    SKIP = "skip"


class Run(Frozen):
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
    committed_at: str | None = None
    change: str | None = None
    target_branch: str | None = None
    actor: str | None = None
    event: str | None = None
    workspace: str | None = None


class Step(Frozen):
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


class Coverage(Frozen):
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


class Tests(Frozen):
    """What the test runner counted; every test is in exactly one of passed, failed, errors, skipped."""

    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    flaky: int = 0
    duration_ms: int | None = None


class FailedTest(Frozen):
    """A test that failed. `path` is relative to the repository, unknown where no such file is in it."""

    name: str
    message: str = ""
    path: str | None = None
    line: int | None = None


class Gate(Frozen):
    """What a gate decided, `pass`, `fail` or `inconclusive`, and what it saw before the deploy and after it."""

    verdict: str
    decided_at_s: float | None = None
    probes: int | None = None
    rules: Mapping[str, str] = EMPTY
    p50_ms_before: float | None = None
    p95_ms_before: float | None = None
    error_ratio_before: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    error_ratio: float | None = None


class BuildInfo(Frozen):
    """What an artifact was built from, and by which run; what differs between two runs of one commit may be absent."""

    version: str | None = None
    revision: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    build_time: str | None = None
    builder: str | None = None
    ci_run_id: str | None = None
    run_url: str | None = None
    repository_url: str | None = None


class Report(Frozen):
    """One finished step of one run: what the journal keeps, the sinks send and `--json` prints.

    `failures` are the tests that `failed_tests` names, with what they said.
    """

    report_id: str
    run: Run
    step: Step
    environment: str | None = None
    coverage: Coverage | None = None
    coverage_pct: float | None = None
    tests: Tests | None = None
    gate: Gate | None = None
    measures: Mapping[str, float] = EMPTY
    tags: Mapping[str, str] = EMPTY
    failed_tests: tuple[str, ...] = ()
    failures: tuple[FailedTest, ...] = ()
    flaky_tests: tuple[str, ...] = ()
    slowest_tests: Mapping[str, int] = EMPTY
    traceparent: str | None = None


def rfc3339(epoch_s: float) -> str:
    """Seconds since the epoch as RFC 3339 UTC with milliseconds: 2026-01-31T12:00:00.000Z."""
    ms = round(epoch_s * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def seconds_of(stamp: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; None for anything else, such as a time without its zone."""
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
