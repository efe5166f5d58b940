"""Reports that GitLab takes of a job: links on its page, variables for later jobs.

Source: GitLab documentation, "Artifacts reports types" (annotations, dotenv).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from ci_reporter.model import Report
from ci_reporter.surfaces import terminal

_LONGEST_LABEL = 255
_MOST_LINKS = 100
_URL = re.compile(r"https?://[^\s\"<>\\]+")


def annotations_report(reports: Sequence[Report], links: Mapping[str, str]) -> str:
    """The report of type `annotations`, as JSON: the run, then `links`; what is not http(s) is left out."""
    run = reports[-1].run
    found = {"The run": run.run_url or "", **links}
    shown = [
        {"external_link": {"label": terminal.plain(label, _LONGEST_LABEL), "url": url}}
        for label, url in found.items()
        if _URL.fullmatch(url)
    ]
    return json.dumps({"ci-reporter": shown[:_MOST_LINKS]}, ensure_ascii=False) + "\n"


def artifact_url(report: Report, path: str) -> str:
    """Where GitLab shows a file of the job's artifacts; `path` is relative to the project."""
    return f"{report.run.job_url}/artifacts/file/{path}" if report.run.job_url else ""


def dotenv(report: Report) -> str:
    """What a step came to, as variables for later jobs; what is unknown is absent, and no value needs a quote."""
    gate = report.gate.verdict if report.gate else None
    known = {
        "RESULT": report.step.result,
        "EXIT_CODE": report.step.exit_code,
        "DURATION_MS": report.step.duration_ms,
        "COVERAGE_PCT": report.coverage_pct,
        "TESTS_FAILED": report.tests.failed + report.tests.errors if report.tests else None,
        "TESTS_TOTAL": report.tests.total if report.tests else None,
        "GATE_VERDICT": gate if gate in ("pass", "fail", "inconclusive") else None,
    }
    return "".join(f"CI_STEP_{name}={value}\n" for name, value in known.items() if value is not None)
