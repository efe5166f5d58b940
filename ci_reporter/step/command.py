"""A command as a step, before and while it runs: note that it starts, run it, load meanwhile what its end needs.

Nothing is imported here that the command would have to wait for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from ci_reporter import runner
from ci_reporter.context import Context
from ci_reporter.frozen import Frozen, replace
from ci_reporter.model import Report, Result, Run, Step, rfc3339
from ci_reporter.step.start import (
    StartedStep,
    mask_run,
    new_report,
    program,
    start,
    tells_people,
    without_passwords,
)
from ci_reporter.system.trace import step_traceparent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread

    from ci_reporter.logs.wrapping import OutputWrapper
    from ci_reporter.runner.signals import Signals
    from ci_reporter.step.alerts import Told


class CommandStep(Frozen):
    """A command that is ready to run as a step."""

    argv: Sequence[str]
    started: StartedStep
    order: runner.Order
    background: Background


class CommandRun(Frozen):
    """A command that has run: its report without report files and measures, and what it told GitHub to mask.

    `started` and `ended` are moments of `time.monotonic`. `told` is what people were told while it ran.
    """

    report: Report
    masks: frozenset[str]
    started: float
    ended: float
    told: Sequence[Told] = ()


def start_command(
    context: Context,
    argv: Sequence[str],
    run: Run,
    load: Callable[[], object] = lambda: None,
    script: str | None = None,
) -> CommandStep:
    """Note that the command starts; nothing of it has happened yet.

    `load` is called while it runs: to import what the caller needs after it. `script` is the text of the CI system's
    step that the command runs: the step is called after it, unless the settings name it.
    """
    config = context.config
    word = program(config, argv)
    step = Step(
        name=config.name or _first_line(script) or run.job_name or os.path.basename(word) or "command",
        result=Result.CANCELLATION,
        started_at=rfc3339(time.time()),
        command=word,
    )
    started = start(context, new_report(context, run, step), "the command runs all the same")
    background = Background(context, started, load, None if config.name else script)
    order = _order(context, started.report, argv, background)
    return CommandStep(argv=argv, started=started, order=order, background=background)


def run_command(command: CommandStep, signals: Signals) -> CommandRun:
    """Run the command to its end, in the working folder of this process."""
    step = runner.run(command.order, signals)
    ended = time.monotonic()
    run, name = command.background.result()
    report = replace(command.started.report, run=run, step=replace(step, name=name or step.name))
    return CommandRun(
        report=report,
        masks=frozenset(command.order.masks),
        started=command.background.started,
        ended=ended,
        told=command.background.told,
    )


class Background:
    """What the command need not wait for: from its start on, a thread loads what its end needs and asks git."""

    def __init__(
        self, context: Context, step: StartedStep, load: Callable[[], object], script: str | None = None
    ) -> None:
        self.started = time.monotonic()
        self._context = context
        self._step = step
        self._run = step.report.run
        self._script = script
        self._name = ""
        self._load_more = load
        self._thread: Thread | None = None
        self.told: Sequence[Told] = ()

    def start(self) -> None:
        """The command runs: begin."""
        from threading import Thread

        self.started = time.monotonic()
        thread = Thread(target=self._load, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the limit of processes is reached: it is done after the command
            return
        self._thread = thread

    def result(self) -> tuple[Run, str]:
        """The run with what git knows of it, and the name of the step whose script it is, if it is one's."""
        if self._thread:
            self._thread.join()
        else:
            self._load()
        return self._run, self._name

    def _load(self) -> None:
        from ci_reporter.step.prepare import prepare_command

        self._run = prepare_command(self._context, self._run)
        if self._script is not None:
            from ci_reporter.providers import read_text
            from ci_reporter.providers.scripts import step_name

            self._name = without_passwords(step_name(self._context.env, self._script, read_text))
        self._load_more()
        if tells_people(self._context.config) and self._step.running:
            self._watch(self._step.running.path)

    def _watch(self, running: str) -> None:
        """Tell people of a command that runs for too long, where a rule asks for it."""
        from ci_reporter.step.stuck import watch_stuck

        step = self._step.report.step
        report = replace(self._step.report, run=mask_run(self._run), step=replace(step, name=self._name or step.name))
        self.told = watch_stuck(self._context, report, running, self.started)


def _order(context: Context, report: Report, argv: Sequence[str], background: Background) -> runner.Order:
    config, added = context.config, _variables(context, report)
    return runner.Order(
        name=report.step.name,
        command=_by_shell(argv) if config.shell else argv,
        env=context.env,
        added=added,
        mark="CI_REPORTER_MEASURES",
        timeout_s=config.timeout_s,
        grace_s=config.grace_s,
        retries=config.retries,
        tail_bytes=config.tail_bytes,
        rewriter=_rewriter(context, report.run, added["TRACEPARENT"]) if config.wrap_logs else None,
        outlive_parent=config.outlive_parent,
        on_start=background.start,
        masks=set(),
        lost={},
    )


def _rewriter(context: Context, run: Run, traceparent: str) -> Callable[[], OutputWrapper]:
    """Makes what wraps one stream of the output; only then is it imported, when the command runs already."""

    def make() -> OutputWrapper:
        from ci_reporter.step.wrap import output_wrapper

        return output_wrapper(context, run, traceparent)

    return make


def _first_line(script: str | None) -> str:
    """A name for the step until the workflow file has told its own."""
    if not script:
        return ""
    from ci_reporter.providers.scripts import first_line

    return first_line(script)


def _by_shell(argv: Sequence[str]) -> list[str]:
    shell = ["cmd.exe", "/c"] if os.name == "nt" else ["/bin/sh", "-c"]
    return [*shell, " ".join(argv)]


def _variables(context: Context, report: Report) -> dict[str, str]:
    """What the command is told in its environment."""
    return {
        "CI_RUN_ID": report.run.ci_run_id,
        "CI_REPORTER_STEP": report.step.name,
        "CI_REPORTER_MEASURES": context.journal.measures_path(report.report_id),
        "TRACEPARENT": step_traceparent(report.traceparent, report.run.ci_run_id, report.report_id),
    }
