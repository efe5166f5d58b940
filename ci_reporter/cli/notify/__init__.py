"""`ci-reporter notify`: send an alert to the channels that are set up."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.lazy import LazyGroup
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import plugins, values
from ci_reporter.context import Context, current_run, recorded_run_id
from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.frozen import replace
from ci_reporter.model import Result
from ci_reporter.notify.alert import Alert, Field, Level, Link, State
from ci_reporter.notify.channels import language, not_set_up, notifier, outgoing, send_all
from ci_reporter.notify.commit import commit
from ci_reporter.notify.content import is_web_address
from ci_reporter.notify.delivery import Sent
from ci_reporter.notify.from_report import report_fields
from ci_reporter.notify.language import words
from ci_reporter.providers import git
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.git import Git

_LARGEST_TEXT = 256 * 1024


class _Notify(LazyGroup):
    """The group is a command by itself; its help ends with the settings of all channels."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Variables of the channels"):
            declared = [each for kind in plugins.declarations("notifiers") for each in kind.declared]
            formatter.write_dl([(f"{each.variable}{'[_FILE]' if each.secret else ''}", each.help) for each in declared])


@click.group(
    "notify",
    cls=_Notify,
    lazy={"test": "Send a sample to each channel and say which took it."},
    prefix="notify.",
    invoke_without_command=True,
    epilog='Example:  ci-reporter notify --to slack --level error --title "nightly import is late"',
)
@click.option("--to", "to", multiple=True, metavar="CHANNEL", help="Where to. Default: all channels that are set up.")
@click.option("--title", metavar="TEXT", help="The first line.")
@click.option("--text", metavar="TEXT", help="What more there is to say; - reads it from stdin.")
@click.option(
    "--level",
    type=click.Choice([each.value for each in Level]),
    help="How urgent it is. Default: info; error for a step that did not succeed.",
)
@click.option("--field", "fields", multiple=True, metavar="K=V", help="A short fact. Repeat the option for more.")
@click.option("--link", "links", multiple=True, metavar="TEXT=URL", help="Where to read on.")
@click.option("--from-journal", is_flag=True, help="Fill in what the last recorded step of this run came to.")
@click.option("--service", metavar="NAME", help="The service it is about.")
@click.option("--environment", metavar="NAME", help="The environment it is about, such as production.")
@click.option("--dedup-key", metavar="KEY", help="What it is about: the alert that resolves it has the same key.")
@click.option("--resolved", is_flag=True, help="What the alert with this key was about is over.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of it, one JSON object a channel.")
@click.option("--strict", is_flag=True, help="Exit 70 when a channel did not take it.")
@report_errors
def command(to: Sequence[str], dry_run: bool, as_json: bool, strict: bool, **about: object) -> None:
    """Tell people something: in chat, by mail, on a pager, as the status of a commit.

    What a channel does not take is kept, and `ci-reporter flush` sends it again. A channel that fails does not fail
    the job, unless --strict says so.
    """
    if click.get_current_context().invoked_subcommand:
        return
    context = current_context({"environment": about.pop("environment")})
    names = [name for each in to for name in values.items(each)] or list(context.config.notify_to)
    alert = _alert(context, about)
    if dry_run:
        _preview(context, alert, names)
        return
    sent = send_all(context, [alert], names, Deadline(context.config.budget_s))
    show(context, sent, as_json=as_json)
    if (strict or context.config.strict) and any(each.problems for each in sent):
        sys.exit(DeliveryError.exit_code)


def show(context: Context, sent: Sequence[Sent], *, as_json: bool = False) -> None:
    """Say what became of alerts, channel by channel."""
    if not sent:
        output.say("ci-reporter: no channel is set up, so nothing was sent (`ci-reporter notify --help` lists them)")
    for each in sent:
        for why in dict.fromkeys(each.waiting):
            output.warn(f"{each.channel} did not take it: {why}; 'ci-reporter flush' sends it again", context.env)
        for why in dict.fromkeys(each.refused):
            output.warn(f"{each.channel} did not take it: {why}; it is not sent again", context.env)
        if as_json:
            output.result(json.dumps({**vars(each), "references": dict(each.references)}))
        elif each.taken:
            output.say(f"ci-reporter: {each.channel} took it")


def _alert(context: Context, about: dict[str, object]) -> Alert:
    """The alert that the options describe, with what is known of this run. Raises UsageError."""
    run = git.fill(current_run(context), context.folder, context.env)
    known = Alert(title=str(about["title"] or ""), environment=context.config.environment, run=run)
    if about["from_journal"]:
        known = _of_last_step(context, known)
    if not known.title:
        raise UsageError("option --title is missing (say in one line what people should know)")
    text = about["text"]
    return replace(
        known,
        text=_stdin() if text == "-" else str(text or known.text),
        level=Level(str(about["level"])) if about["level"] else known.level,
        state=State.RESOLVED if about["resolved"] else State.FIRING,
        service=_text_or_none(about["service"]),
        fields=(*(Field(name=name, value=value) for name, value in _pairs("--field", about["fields"])), *known.fields),
        commit=commit(Git(context.folder, context.env), run.revision),
        links=tuple(_links(about["links"])),
        dedup_key=str(about["dedup_key"] or ""),
    )


def _of_last_step(context: Context, known: Alert) -> Alert:
    """The alert with what the last step of this run came to.

    Where none is recorded, an alert that has a title goes out without it: a job may have failed before its first step.
    Raises UsageError where it has none.
    """
    ci_run_id = recorded_run_id(context)
    reports = list(context.journal.reports(ci_run_id))
    if not reports:
        missing = f"option --from-journal: no step of run {ci_run_id} is recorded in {context.journal.path}"
        if not known.title:
            raise UsageError(f"{missing} (say with --title what people should know)")
        output.warn(missing, context.env)
        return known
    report = reports[-1]
    result = report.step.result
    return replace(
        known,
        title=known.title or f"{report.step.name}: {words(result, language(context))}",
        text=report.step.reason or "",
        level=Level.INFO if result in (Result.SUCCESS, Result.SKIP) else Level.ERROR,
        environment=known.environment or report.environment,
        run=report.run,
        result=result,
        fields=tuple(report_fields(report, (), language(context))),
        failed_tests=report.failed_tests,
    )


def _preview(context: Context, alert: Alert, names: Sequence[str]) -> None:
    for name in names or context.config.notifiers:
        if why := not_set_up(context, name):
            output.warn(f"{name}: {why}", context.env)
        else:
            output.result(f"{name}:\n{notifier(context, name).preview(outgoing(context, alert))}\n")


def _pairs(option: str, given: object) -> list[tuple[str, str]]:
    found = [str(each).partition("=") for each in given] if isinstance(given, tuple) else []
    for name, equals, _ in found:
        if not (name.strip() and equals):
            raise UsageError(f"option {option}: {values.quote(name)} is not NAME=VALUE")
    return [(name.strip(), value) for name, _, value in found]


def _links(given: object) -> Iterator[Link]:
    for name, url in _pairs("--link", given):
        if not is_web_address(url):
            raise UsageError(f"option --link: {values.quote(url)} is not a web address (write {name}=https://…)")
        yield Link(text=name, url=url)


def _stdin() -> str:
    """What stands in stdin, as far as a message has room for it."""
    if sys.stdin is None:
        raise UsageError("option --text: stdin is closed")
    return sys.stdin.buffer.read(_LARGEST_TEXT).decode("utf-8", "replace")


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
