"""What a script calls where a room below takes a `Context`: the environment and working folder are filled in here.

`import ci_reporter` offers these functions beside those of the rooms (`docs/reference/python-api.md`). `env` is
`os.environ` unless it is given; the folder is the working folder of the process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from ci_reporter import context as contexts
from ci_reporter.context import Context, load_context, masking_of
from ci_reporter.errors import StateError, UsageError
from ci_reporter.frozen import replace
from ci_reporter.journal import Journal
from ci_reporter.model import BuildInfo, Report, Result, Run, Step, rfc3339
from ci_reporter.step.draft import Draft
from ci_reporter.step.finish import Conclusion, finish, timing
from ci_reporter.step.prepare import prepare, reads_reports
from ci_reporter.step.start import new_report, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.notify.alert import Alert
    from ci_reporter.notify.delivery import Sent

    Env = Mapping[str, str] | None


def run_step(command: Sequence[str], *, env: Env = None, **settings: object) -> Conclusion:
    """Run a command, record it as a step of this run and deliver the record; what `ci-reporter run` does, in process.

    The command has `env` as its environment, and this process's streams and working folder. `settings` are keys of
    `.ci-reporter.yml`: `name="unit"`, `timeout="10m"`, `tags={"team": "web"}`, `coverage=["coverage.xml"]`. A command
    that fails or cannot be started raises nothing: `exit_code` of what comes back is the one to end with.

    Call it in the main thread: signals that come meanwhile are passed on to the command. Raises UsageError elsewhere,
    and for a setting that is wrong or unknown, before the command starts.
    """
    if threading.current_thread() is not threading.main_thread():
        raise UsageError("run_step: not called in the main thread, which alone can pass signals on to the command")
    from ci_reporter.runner.signals import block
    from ci_reporter.step.command import run_command, start_command
    from ci_reporter.step.conclude import conclude

    context = _context(env, settings)
    step = start_command(context, command, contexts.current_run(context))
    with block() as signals:
        return conclude(context, step, run_command(step, signals), signals)


def record_step(
    name: str,
    *,
    result: Result | str = Result.SUCCESS,
    duration_s: float | None = None,
    reason: str | None = None,
    env: Env = None,
    **settings: object,
) -> Conclusion:
    """Record a step that has just ended, and deliver the record.

    `result` is one of the words of `Result`, `duration_s` is how many seconds it took (unknown without it), `reason`
    a sentence for people. `settings` are keys of `.ci-reporter.yml`, as for `run_step`; files that `coverage` and
    `tests` name are read, whatever their age. `exit_code` of the record is 0 for `success` and `skip`, else 1.

    Raises UsageError for a setting or a result that is wrong. What cannot be recorded or delivered raises nothing: it
    is among `warnings` of what comes back.
    """
    context = _context(env, {"name": name, **settings})
    step = _ended_step(name, _result(result), duration_s, reason)
    run = prepare(context, contexts.current_run(context))
    started = start(context, _mask(context, new_report(context, run, step)))
    ours = timing(context.config, started.report)
    draft = Draft(report=started.report)
    if reads_reports(context.config):
        from ci_reporter.step.hold import hold_to_limits
        from ci_reporter.step.reports import read_reports

        draft = hold_to_limits(context, read_reports(context, draft), ours.deadline)
    return finish(context, started, draft, ours)


def reports(folder: str | None = None, *, ci_run_id: str = "", env: Env = None) -> Iterator[Report]:
    """The finished steps in a state folder, oldest first; of one run where `ci_run_id` names it.

    Without `folder` it is the one of the working folder: `$CI_REPORTER_DIR`, else `.ci-reporter` at the top of the
    repository. A damaged line is skipped. Raises StateError where the folder that you name does not exist.
    """
    if folder is None:
        return _context(env, {}).journal.reports(ci_run_id)
    if not os.path.isdir(folder):
        raise StateError(f"{folder}: no such state folder")
    return Journal(folder).reports(ci_run_id)


def current_run(*, env: Env = None) -> Run:
    """The run and job that this process is in, as the CI system and git tell it; what is unknown is None."""
    return _run(_context(env, {}))


def recorded_run_id(*, env: Env = None) -> str:
    """The run whose records you want: the one we are in; on your own machine the one that was recorded last."""
    return contexts.recorded_run_id(_context(env, {}))


def send_alert(alert: Alert, *, to: Sequence[str] = (), env: Env = None) -> list[Sent]:
    """Send an alert to the channels named, else to all that are set up; what became of it, channel by channel.

    It goes out with the run that this process is in, unless it names another. What a channel did not take is kept, and
    `ci-reporter flush` sends it again. Raises UsageError for settings that are wrong and for a name that no channel
    has; a channel that fails raises nothing.
    """
    from ci_reporter.notify.channels import send_all
    from ci_reporter.system.deadline import Deadline

    context = _context(env, {})
    complete = replace(alert, run=alert.run or _run(context))
    return send_all(context, [complete], to, Deadline(context.config.budget_s))


def build_info(*, version: str | None = None, reproducible: bool = False, env: Env = None) -> BuildInfo:
    """What is built here, from which commit, by which run: what `stamp_artifact` writes.

    `version` is used instead of the tag or `git describe`; `reproducible` leaves out what differs between two runs of
    one commit. Raises UsageError for a version of more than one line.
    """
    from ci_reporter.stamp import building

    context = _context(env, {})
    wishes = building.Wishes(version=version, reproducible=reproducible)
    found = building.checkout(context.folder, context.env)
    return building.build_info(_run(context), found, context.env, wishes, time.time)


def _context(env: Env, settings: Mapping[str, object]) -> Context:
    """The context of this process. Raises UsageError."""
    return load_context(dict(os.environ if env is None else env), os.getcwd(), _options(settings))


def _run(context: Context) -> Run:
    from ci_reporter.providers import git

    return git.fill(contexts.current_run(context), context.folder, context.env)


def _options(settings: Mapping[str, object]) -> dict[str, Any]:
    """Settings by key of `.ci-reporter.yml` as `config.load` takes options: by field, as texts. Raises UsageError."""
    if not settings:
        return {}
    fields = _fields()
    unknown = settings.keys() - fields.keys()
    if unknown:
        raise UsageError(f"no setting named {min(unknown)!r} (known: {', '.join(sorted(fields))})")
    return {fields[key]: _text(value) for key, value in settings.items() if value is not None}


def _fields() -> dict[str, str]:
    """Key → field of every setting that a call may give: user names, passwords and tokens come from the environment."""
    from ci_reporter.config import plugins

    return {each.file_key: each.option_field for each in plugins.all_settings() if each.main or not each.group}


def _text(value: object) -> Any:
    """A value as the command line would have it: texts, lists of texts, flags."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return [f"{name}={each}" for name, each in value.items()]
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return str(value)


def _result(word: Result | str) -> Result:
    try:
        return Result(word)
    except ValueError:
        raise UsageError(f"result {word!r} is not one of {', '.join(Result)}") from None


def _ended_step(name: str, result: Result, duration_s: float | None, reason: str | None) -> Step:
    now = time.time()
    return Step(
        name=name,
        result=result,
        started_at=rfc3339(now - (duration_s or 0)),
        finished_at=rfc3339(now),
        duration_ms=None if duration_s is None else round(duration_s * 1000),
        exit_code=0 if result in (Result.SUCCESS, Result.SKIP) else 1,
        reason=reason,
        attempts=1,
    )


def _mask(context: Context, report: Report) -> Report:
    """The report without secrets in its reason; its tags are masked already."""
    if report.step.reason is None:
        return report
    reason = masking_of(context).mask(report.step.reason)
    return replace(report, step=replace(report.step, reason=reason))
