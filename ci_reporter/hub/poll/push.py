"""The last run of each pipeline as gauges, for who has a Pushgateway and no hub."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.hub.exposition import Block, Type, exposition, labels, line
from ci_reporter.hub.runs.run import Run, Status

_LABELS = ("repository", "pipeline", "branch")


def text_of(runs: Sequence[Run]) -> bytes:
    """`runs` has one of each repository, pipeline and branch. A run that goes on has no status and no duration yet."""
    ended = [(labels(_LABELS, _values(run)), run) for run in runs if run.status.is_final]
    status = [line("ci_pipeline_status", inner, run.status is Status.SUCCESS) for inner, run in ended]
    durations = [
        line("ci_pipeline_last_duration_seconds", inner, (run.finished_ms - run.started_ms) / 1000)
        for inner, run in ended
        if run.finished_ms and run.started_ms
    ]
    last = [
        line("ci_pipeline_last_run_timestamp_seconds", inner, run.finished_ms / 1000)
        for inner, run in ended
        if run.finished_ms
    ]
    running = [line("ci_pipeline_running", labels(_LABELS, _values(run)), run.status is Status.RUNNING) for run in runs]
    blocks = (
        Block("ci_pipeline_status", Type.GAUGE, "Whether the last run was a success.", status),
        Block("ci_pipeline_running", Type.GAUGE, "Whether the pipeline runs now.", running),
        Block("ci_pipeline_last_duration_seconds", Type.GAUGE, "How long the last run took.", durations),
        Block("ci_pipeline_last_run_timestamp_seconds", Type.GAUGE, "When the last run ended.", last),
    )
    return exposition(blocks, openmetrics=False).encode()


def _values(run: Run) -> tuple[str, str, str]:
    """A change is not a branch: one label for all of them, or each would be a series for ever."""
    return run.key.repository, run.pipeline, "pull_request" if run.change else run.branch or "other"
