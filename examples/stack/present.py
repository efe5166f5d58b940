"""The present state of the gateway, pushed by the `ci-reporter` program."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from ci_reporter import metrics
from ci_reporter.config import Config
from ci_reporter.journal.spool import Spool
from ci_reporter.model import Report, Result

PROGRAM = Path(sys.executable).with_name("ci-reporter")
NOBODY = "http://127.0.0.1:9"  # the discard port: nobody answers there
TOOLS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/tools",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "check",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_SHA": "c0ffee" + "0" * 34,
}


def push(reports: Sequence[Report], gateway: str, folder: Path) -> None:
    """Push the state after the reports, and run a few steps now."""
    _be_refused(gateway, folder / "refused")
    _flush(reports, gateway, folder / "flushed")
    _run_steps(gateway, folder / "steps")


def _be_refused(gateway: str, state: Path) -> None:
    """Push while somebody else's group holds one of our metrics with another type; that group is deleted afterwards."""
    other = f"{gateway}/metrics/job/legacy_script"
    _request("POST", other, b"# TYPE ci_step_attempts counter\nci_step_attempts 1\n")
    for _ in range(2):
        _call(["run", "--name", "codegen", "--", "true"], state, {"CI_REPORTER_PUSHGATEWAY": gateway})
    _request("DELETE", other)


def _flush(reports: Sequence[Report], gateway: str, state: Path) -> None:
    """Let the program deliver, as if these reports had waited: of each step the last run, and the last success."""
    spool = Spool(str(state / "spool"))
    wanted = {}
    for report in reports:
        key = tuple(metrics.grouping_key(report, Config().branches).items())
        wanted[key, "last"] = report
        if report.step.result is Result.SUCCESS:
            wanted[key, "success"] = report
    for report in wanted.values():
        spool.enqueue(report, "pushgateway")
    _call(["flush", "--strict"], state, {"CI_REPORTER_PUSHGATEWAY": gateway, "CI_REPORTER_BUDGET": "60s"}, check=True)


def _run_steps(gateway: str, state: Path) -> None:
    """Run steps: one fails, one succeeds at the second attempt, and the records of one also go to a dead Loki."""
    env = {"CI_REPORTER_PUSHGATEWAY": gateway, "CI_REPORTER_RUN_INFO": "true"}
    again = "[ -e done ] || { touch done; exit 1; }"
    _call(["run", "--name", "lint", "--", "sh", "-c", "exit 3"], state, env)
    _call(["run", "--name", "fetch", "--retries", "1", "--measure", "files=128", "--", "sh", "-c", again], state, env)
    for _ in range(2):  # the second push tells of the first report, which waits
        _call(["run", "--name", "unit", "--", "true"], state, {**env, "CI_REPORTER_LOKI": NOBODY})


def _call(words: Sequence[str], state: Path, env: Mapping[str, str], *, check: bool = False) -> None:
    """Call the program as a job of acme/tools on GitHub would. With `check` it has to succeed."""
    state.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(state), "CI_REPORTER_DIR": str(state), **TOOLS, **env}
    done = subprocess.run([PROGRAM, *words], cwd=state, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        sys.exit(f"ci-reporter {' '.join(words)} exited {done.returncode}: {done.stderr}")


def _request(method: str, url: str, body: bytes | None = None) -> None:
    urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=10).close()  # noqa: S310
