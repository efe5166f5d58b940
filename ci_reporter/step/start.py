"""A step starts: its report so far, and the durable note that it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.config import Config
from ci_reporter.context import Context, masking_of
from ci_reporter.errors import StateError
from ci_reporter.frozen import Frozen, replace
from ci_reporter.journal import Running
from ci_reporter.model import Report, Run, Step, uuid7
from ci_reporter.system.trace import traceparent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StartedStep(Frozen):
    """A step that runs. `running` is None where the state folder cannot be used; `warnings` then says why."""

    report: Report
    running: Running | None = None
    warnings: tuple[str, ...] = ()


def tells_people(config: Config) -> bool:
    """Whether anybody is told of a step: there are alert rules, or --notify-on."""
    return bool(config.notify_on) or config.alerts is not None


def start(context: Context, report: Report, consequence: str = "", *, gate: bool = False) -> StartedStep:
    """Note that a step, or a gate, starts; should that fail, it goes on: `consequence` says so to a person.

    Raises UsageError for an alert rule or a channel that does not exist, before anything has begun.
    """
    if any((context.config.alerts, context.config.actions, context.config.notify_to)):
        _check_alerts(context.config)
    try:
        return StartedStep(report=report, running=context.journal.begin(report, _alerts(context.config, gate=gate)))
    except StateError as exc:
        return StartedStep(report=report, warnings=(f"{exc}; {consequence}" if consequence else str(exc),))


def new_report(context: Context, run: Run, step: Step) -> Report:
    """Make a new report, with what the settings say of every step."""
    config = context.config
    return Report(
        report_id=uuid7(),
        run=mask_run(run),
        step=replace(step, name=without_passwords(step.name)),
        environment=config.environment and without_passwords(config.environment),
        tags=_tags(context),
        measures=config.measures,
        traceparent=traceparent(context.env.get("TRACEPARENT", "")) or None,
    )


def _alerts(config: Config, *, gate: bool) -> dict[str, Any] | None:
    """Whom to tell of this step, for the call that has to do it should we be killed (journal/unjudged.py)."""
    if config.dry_run or not tells_people(config):
        return None
    return {"gate": gate, "notify_on": config.notify_on, "notify_to": config.notify_to}


def _check_alerts(config: Config) -> None:
    """Refuse what could tell nobody. Raises UsageError."""
    from ci_reporter.config import plugins

    plugins.check_names("notifiers", config.notify_to)
    if config.alerts is not None or config.actions is not None:
        from ci_reporter.notify.policies.policyfile import policies

        policies(config.alerts, config.actions)


def program(config: Config, argv: Sequence[str]) -> str:
    """The program that is run: with --shell the shell, for a line of it may hold anything."""
    return "sh" if config.shell else argv[0]


def mask_run(run: Run) -> Run:
    """The run without the passwords of addresses in what its CI system and git say of it."""
    odd = {name: without_passwords(value) for name, value in vars(run).items() if value and "@" in value}
    return replace(run, **odd) if odd else run


def without_passwords(name: str) -> str:
    """A name without the passwords of addresses in it. Known secrets stay: one that is `unit` must not rename steps."""
    if "//" not in name:
        return name
    from ci_reporter.system.userinfo import mask_addresses  # most names have no address and need not wait for it

    return mask_addresses(name)


def _tags(context: Context) -> Mapping[str, str]:
    """The tags of the settings, masked at once: the note that the step runs is written before the command starts."""
    if not context.config.tags:
        return {}
    masking = masking_of(context)
    return {name: masking.mask(value) for name, value in context.config.tags.items()}
