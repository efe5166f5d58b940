"""Before and while the command runs: note that the step starts, run it, hand over to the aftermath.

Nothing is imported here that the command would have to wait for.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from ci_reporter import runner
from ci_reporter.cli import STARTED
from ci_reporter.cli.place import Place, first_word
from ci_reporter.errors import StateError
from ci_reporter.journal import Journal, Running
from ci_reporter.model import Report, Result, Run, Step, rfc3339, uuid7
from ci_reporter.providers import detect, read_text
from ci_reporter.runner.signals import held
from ci_reporter.system.trace import child_span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread


class Recording:
    """One command to be run as a step of this run."""

    def __init__(self, place: Place, command: list[str]) -> None:
        """Look where we are and note that the step starts; nothing of the command has happened yet."""
        self._place = place
        self._command = command
        self._begun = _begun(place, detect(place.env, read_text), command)
        self._running, self._warnings = _noted(place.journal, self._begun)
        self._later = _Later(place, self._begun.run)
        self._order = _order(place, self._begun, command, self._later)

    def run(self) -> int:
        """Run the command; the exit code to end with."""
        with held() as signals:
            step = runner.run(self._order, signals)
            ended = time.monotonic()
            try:
                return self._conclude(step, ended)
            except Exception as exc:  # noqa: BLE001  whatever is wrong with us, the command's own code wins
                confess(exc)
                return step.exit_code or 0

    def _conclude(self, step: Step, ended: float) -> int:
        report = replace(self._begun, run=self._later.run(), step=step)
        from ci_reporter.cli.aftermath import Aftermath  # loaded by now, while the command ran

        aftermath = Aftermath(
            place=self._place,
            running=self._running,
            command=self._command,
            masks=frozenset(self._order.masks),
            before_s=self._later.started - STARTED,
            ended=ended,
            files_since=step.started_at,
        )
        return aftermath.conclude(report, self._warnings)


def confess(error: Exception) -> None:
    """Say that something is wrong with us."""
    said = f"ci-reporter: a mistake of ours or of a plug-in, please report it: {type(error).__name__}: {error}"
    if sys.stderr is not None:
        print(said, file=sys.stderr)  # noqa: T201


class _Later:
    """What the command need not wait for: from its start on, a thread loads the aftermath and asks git."""

    def __init__(self, place: Place, run: Run) -> None:
        self.started = time.monotonic()
        self._place = place
        self._run = run
        self._thread: Thread | None = None

    def start(self) -> None:
        """The command runs: begin."""
        from threading import Thread

        self.started = time.monotonic()
        self._thread = Thread(target=self._load, daemon=True)
        self._thread.start()

    def run(self) -> Run:
        """The run with what git knows of it."""
        if self._thread:
            self._thread.join()
        else:
            self._load()
        return self._run

    def _load(self) -> None:
        from ci_reporter.cli import aftermath

        self._run = aftermath.prepare(self._place, self._run)


def _begun(place: Place, run: Run, command: list[str]) -> Report:
    config, word = place.config, first_word(place.config, command)
    step = Step(
        name=config.name or run.job_name or os.path.basename(word),
        result=Result.CANCELLATION,
        started_at=rfc3339(time.time()),
        command=word,
    )
    return report_of(place, run, step)


def report_of(place: Place, run: Run, step: Step) -> Report:
    """Make a new report, with what the settings say of every step."""
    config = place.config
    return Report(
        report_id=uuid7(),
        run=run,
        step=step,
        environment=config.environment,
        tags=config.tags,
        measures=config.measures,
    )


def _noted(journal: Journal, begun: Report) -> tuple[Running | None, list[str]]:
    try:
        return journal.begin(begun), []
    except StateError as exc:
        return None, [f"{exc}; the command runs all the same"]


def _order(place: Place, begun: Report, command: list[str], later: _Later) -> runner.Order:
    config = place.config
    return runner.Order(
        name=begun.step.name,
        command=_by_shell(command) if config.shell else command,
        env=dict(place.env) | _told(place, begun),
        mark="CI_REPORTER_MEASURES",
        timeout_s=config.timeout_s,
        grace_s=config.grace_s,
        retries=config.retries,
        tail_bytes=config.tail_bytes,
        started=later.start,
    )


def _by_shell(command: list[str]) -> list[str]:
    shell = ["cmd.exe", "/c"] if os.name == "nt" else ["/bin/sh", "-c"]
    return [*shell, " ".join(command)]


def _told(place: Place, begun: Report) -> dict[str, str]:
    """What the command is told in its environment."""
    return {
        "CI_RUN_ID": begun.run.ci_run_id,
        "CI_REPORTER_STEP": begun.step.name,
        "CI_REPORTER_MEASURES": place.journal.measures_path(begun.report_id),
        "TRACEPARENT": child_span(place.env.get("TRACEPARENT", "")),
    }
