"""A state folder and reports to put into it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ci_reporter.journal import Journal
from ci_reporter.model import Report, Result, Run, Step, uuid7


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "state"))


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """A finished report of a new id; what is given goes to its step."""

    def make(*, run_id: str = "run-1", finished_at: str | None = "2026-01-31T12:00:00.000Z", **step: object) -> Report:
        known = {"name": "unit", "result": Result.SUCCESS, "exit_code": 0, "finished_at": finished_at} | step
        return Report(report_id=uuid7(), run=Run(ci_run_id=run_id), step=Step(**known))

    return make


@pytest.fixture
def make_orphan(journal: Journal, make_report: Callable[..., Report]) -> Callable[..., Report]:
    """A step that has begun, and whose owner is gone."""

    def make(**changes: object) -> Report:
        report = make_report(finished_at=None, result=Result.CANCELLATION, exit_code=None)
        running = journal.begin(report)
        os.close(running.fd)  # as the end of its process does
        path = Path(running.path)
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return report

    return make


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system with room for almost nothing; `fill` takes what is left."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        lacking = "cannot mount a tmpfs: run the tests as root, or in a container that may mount"
        pytest.fail(lacking) if os.environ.get("CI_REPORTER_TESTS_REQUIRE_ALL") == "1" else pytest.skip(lacking)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def fill() -> Callable[[Path], Path]:
    """Fill a disk to the last byte; the file to remove to make room."""

    def filled(disk: Path) -> Path:
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 512):
                    pass
            except OSError:
                pass
        return ballast

    return filled


@pytest.fixture
def remount(small_disk: Path) -> Callable[[Path, str], None]:
    """Mount the small disk again, `ro` or `rw`."""

    def again(disk: Path, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)

    return again
