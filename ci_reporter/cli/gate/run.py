"""A gate as a step of this run: begun with all settings checked, ended with its evidence, record and exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from functools import partial

from ci_reporter import frozen
from ci_reporter.cli import output
from ci_reporter.cli.conclusion import show
from ci_reporter.cli.gate import text
from ci_reporter.cli.gate.notify import check_channels, tell
from ci_reporter.cli.gate.progress import ProgressDisplay
from ci_reporter.cli.gate.signals import StopSignals
from ci_reporter.cli.process import current_context
from ci_reporter.context import Context, current_run
from ci_reporter.frozen import Frozen
from ci_reporter.gate.rules import lint
from ci_reporter.gate.run.act import act
from ci_reporter.gate.run.evidence import EvidencePaths, summary, write_evidence
from ci_reporter.gate.run.options import GateOptions, GatePlan, plan_gate
from ci_reporter.gate.run.outcome import Outcome, as_json, sentence
from ci_reporter.gate.run.world import World
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.model import Gate, Result, Run, Step, rfc3339, seconds_of
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import finish, timing
from ci_reporter.step.prepare import prepare
from ci_reporter.step.start import StartedStep, new_report, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_ARCHIVE = "gate"
_SUMMARY = "GITHUB_STEP_SUMMARY"
_LONGEST = 200


class GateSetup(Frozen):
    """A gate that is about to begin: where it runs, what it is to do, what it is given, how it is shown."""

    context: Context
    run: Run
    options: GateOptions
    plan: GatePlan
    world: World
    progress: ProgressDisplay


def set_up(options: GateOptions, *, quiet: bool, compared: bool = False) -> GateSetup:
    """Check all settings and read every file. Raises UsageError before anything is probed or recorded."""
    flags = {"quiet": quiet or None, "dry_run": options.dry_run or None}
    context = current_context({"environment": options.environment or options.on, **flags})
    options = replace(options, environment=context.config.environment, dry_run=context.config.dry_run)
    progress = ProgressDisplay(context.env, quiet=quiet)
    world = World(
        env=context.env,
        archive=os.path.join(context.journal.path, _ARCHIVE),
        prometheus=_prometheus(context),
        progress=progress,
        signals=StopSignals(),
    )
    run = prepare(context, current_run(context))
    plan = plan_gate(options, world, folder=context.folder, revision=run.revision, compared=compared)
    check_channels(context, plan)
    for warning in lint.warnings(plan.rules):
        output.warn(warning, context.env)
    return GateSetup(context=context, run=run, options=options, plan=plan, world=world, progress=progress)


def run_to_end(setup: GateSetup, decide: Callable[[GatePlan, World], Outcome], *, as_json: bool) -> NoReturn:
    """Decide, act, write the evidence, record and deliver the step, and end the program with the gate's code."""
    started = begin(setup)
    outcome = decide(setup.plan, setup.world)
    world = replace(setup.world, tell=partial(tell, setup.context, setup.run, setup.plan))
    outcome = act(setup.plan, outcome, world, setup.run.ci_run_id, dry_run=setup.options.dry_run)
    setup.progress.clear()
    about = _about(setup, outcome)
    _write(setup, outcome, about, started.report.report_id)
    _say(setup, outcome, about if as_json else None, os.path.join(_ARCHIVE, started.report.report_id))
    conclude(setup, started, final_step(started.report.step, outcome), summary(outcome))


def begin(setup: GateSetup) -> StartedStep:
    """Note that the step begins, so that there is a record of it however it ends."""
    step = Step(name=setup.options.name, result=Result.CANCELLATION, started_at=rfc3339(time.time()))
    return start(setup.context, new_report(setup.context, setup.run, step), "the gate goes on all the same", gate=True)


def conclude(setup: GateSetup, started: StartedStep, ended: Step, gate: Gate | None = None) -> NoReturn:
    """Record and deliver the step, and end the program with its code."""
    now_s = time.time()
    duration_ms = round((now_s - (seconds_of(ended.started_at) or now_s)) * 1000)
    step = frozen.replace(ended, finished_at=rfc3339(now_s), duration_ms=duration_ms, attempts=1)
    report = frozen.replace(started.report, step=step, gate=gate)
    config = setup.context.config
    conclusion = finish(setup.context, started, Draft(report=report, gate=True), timing(config, report))
    show(conclusion, setup.context)
    sys.exit(conclusion.exit_code)


def final_step(begun: Step, outcome: Outcome) -> Step:
    """What became of the step: a gate without a verdict is an error, unless it was told to stop."""
    return frozen.replace(
        begun,
        result=_result(outcome),
        exit_code=outcome.exit_code,
        signal=signal_name(outcome.signal) if outcome.signal else None,
        reason=_reason(outcome),
    )


def signal_name(number: int) -> str:
    """A signal as a record names it: `TERM`."""
    return signal.Signals(number).name.removeprefix("SIG")


def told_to_stop(number: int) -> str:
    """The reason of a step that a signal ended, in the words that `run` has for its command."""
    return f"told to stop by SIG{signal_name(number)}"


def _result(outcome: Outcome) -> Result:
    if outcome.signal:
        return Result.CANCELLATION
    if not outcome.exit_code:
        return Result.SUCCESS
    return Result.ERROR if outcome.word == "inconclusive" else Result.FAILURE


def _reason(outcome: Outcome) -> str | None:
    """Why it is not a success, in the few words that a record has room for."""
    if outcome.signal:
        return told_to_stop(outcome.signal)
    if not outcome.exit_code:
        return None
    if outcome.error:
        return f"gate: {outcome.error}"[:_LONGEST]
    if outcome.deploy and outcome.deploy_failed:
        return f"gate: the deploy failed with exit code {outcome.deploy.exit_code}"
    return f"gate: {outcome.word}" if outcome.verdict else "gate: not converged"


def _write(setup: GateSetup, outcome: Outcome, about: dict[str, object], report_id: str) -> None:
    options, env = setup.options, setup.context.env
    paths = EvidencePaths(
        out=options.out,
        junit=options.junit,
        markdown=options.markdown or (env.get(_SUMMARY) if setup.context.config.ci_summary == "step" else None),
        archive=setup.world.archive,
        report_id=report_id,
    )
    for problem in write_evidence(setup.plan, outcome, paths, about, name=options.name):
        output.warn(problem, env)


def _about(setup: GateSetup, outcome: Outcome) -> dict[str, object]:
    return as_json(
        outcome,
        url=setup.plan.rules.plan.address,
        environment=setup.plan.environment,
        ci_run_id=setup.run.ci_run_id,
        finished_at=rfc3339(time.time()),
    )


def _say(setup: GateSetup, outcome: Outcome, about: dict[str, object] | None, kept: str) -> None:
    """The verdict on stdout; on GitHub a red gate is an annotation too, as nobody reads a log that is not open."""
    env = setup.context.env
    if outcome.error or (outcome.exit_code and env.get("GITHUB_ACTIONS") == "true"):
        output.fail(sentence(outcome), env)
    if about:
        output.result(json.dumps(about, allow_nan=False))
    else:
        evidence = os.path.relpath(os.path.join(setup.context.journal.path, kept), setup.context.folder)
        output.result(text.outcome_text(outcome, evidence, colour=output.colour(sys.stdout, env)))


def _prometheus(context: Context) -> Prometheus | None:
    """The Prometheus whose counts a gate judges, if one is set."""
    server = context.config.prometheus
    return Prometheus(url=server.address(), access=server.access()) if server.is_set else None
