"""The OpenMetrics file: this job's steps in one file, for GitLab's `artifacts:reports:metrics` and others.

GitLab compares two such files by metric and labels, so they hold neither a branch nor a time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ci_reporter import metrics
from ci_reporter.errors import DeliveryError
from ci_reporter.model import Report
from ci_reporter.system.files import replacement


def write(path: str, reports: Sequence[Report]) -> None:
    """Write the newest state of each step, whole or not at all. Raises DeliveryError."""
    steps: dict[metrics.Labels, list[list[metrics.Samples]]] = {}
    for report in reports:
        batch = [each for each in metrics.samples(report) if not each.family.passing]
        steps.setdefault((report.run.job_name or "", report.step.name), []).append(batch)
    text = metrics.openmetrics({key: metrics.newest(batches) for key, batches in steps.items()}, ("ci_job", "step"))
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with replacement(path) as file:
            file.write(text)
    except OSError as exc:
        raise DeliveryError(f"cannot write the OpenMetrics file {path}: {exc.strerror}") from exc
