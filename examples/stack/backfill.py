"""Turn reports into the samples that Prometheus would have scraped from the gateway, and those into its blocks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ci_reporter import metrics
from ci_reporter.config import Config
from ci_reporter.model import Report, seconds_of

EVERY = 60  # seconds between two scrapes
RUN = "ci_step:duration_seconds:run"  # recorded by alerts/ci-reporter.rules.yml: a sample a run
Samples = dict[str, float]  # by series
Key = tuple[tuple[str, str], ...]


def write_blocks(reports: Sequence[Report], begin: float, end: float, folder: Path) -> int:
    """Fill Prometheus' data folder, before it starts; the number of samples."""
    lines = _lines(reports, begin, end)
    text = folder.with_suffix(".om")
    with text.open("w", encoding="utf-8") as file:
        for name, found in lines.items():
            file.write(f"# TYPE {name} gauge\n")
            file.writelines(found)
        file.write("# EOF\n")
    # One block for all: promtool reads the whole text once for each block.
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=48h"]
    subprocess.run([*command, text, folder], check=True, stdout=subprocess.DEVNULL)
    text.unlink()
    return sum(map(len, lines.values()))


def _lines(reports: Sequence[Report], begin: float, end: float) -> dict[str, list[str]]:
    """Lines of OpenMetrics by metric: all samples of a metric have to stand together."""
    lines: dict[str, list[str]] = {}
    for key, runs in _groups(reports).items():
        held: Samples = {}
        left = list(runs)
        for at in range(int(begin), int(end), EVERY):
            new = False
            while left and (seconds_of(left[0].step.finished_at) or 0) <= at:
                held |= _state_after(left.pop(0), key)
                new = True
            recorded = {_series(RUN, key): held[_series("ci_step_duration_seconds", key)]} if new else {}
            for series, value in (held | recorded).items():
                lines.setdefault(series.partition("{")[0], []).append(f"{series} {value!r} {at}\n")
    return lines


def _groups(reports: Sequence[Report]) -> Mapping[Key, list[Report]]:
    groups: dict[Key, list[Report]] = {}
    for report in reports:
        key = tuple(metrics.grouping_key(report, Config().branches).items())
        groups.setdefault(key, []).append(report)
    return groups


def _state_after(report: Report, key: Key) -> Samples:
    """What one push leaves in the gateway: the report's own samples, the reporter's, and the gateway's times."""
    found = dict(_samples_of(report, key))
    at = seconds_of(report.step.finished_at) or 0
    found[_series("ci_reporter_overhead_seconds", key)] = 0.06
    found[_series("ci_reporter_push_failures", key)] = 0.0
    found[_series("push_time_seconds", key)] = at
    found[_series("push_failure_time_seconds", key)] = 0.0
    return found


def _samples_of(report: Report, key: Key) -> Iterator[tuple[str, float]]:
    for each in metrics.samples(report):
        for labels, value in each.values:
            named = tuple(zip(each.family.labels, labels, strict=True))
            yield _series(each.family.name, (*key, *named)), value


def _series(name: str, labels: Key) -> str:
    inner = ",".join(f'{label}="{value}"' for label, value in labels if value)
    return f"{name}{{{inner}}}"
