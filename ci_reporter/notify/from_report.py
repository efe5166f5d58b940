"""A report, and what a rule has to say of it → the alert that people get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_reporter.frozen import Frozen, replace
from ci_reporter.model import Report, Result, uuid7
from ci_reporter.notify.alert import Alert, Commit, Field, Level, State
from ci_reporter.notify.language import Language, words
from ci_reporter.notify.policies.evaluate import View, mentions, usual, value
from ci_reporter.notify.policies.facts import Kind, fact
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.notify.policies.state import Episode, Message
from ci_reporter.notify.policies.state import Kind as MessageKind
from ci_reporter.notify.policies.template import fields as template_fields
from ci_reporter.notify.policies.template import fill
from ci_reporter.notify.spans import change, size, span

_SHORT = 12


class Subject(Frozen):
    """What an alert is about: the rule, the group that it speaks of, what it says, of which run."""

    policy: Policy
    group: str
    message: Message
    view: View
    at_s: float
    commit: Commit | None = None


def dedup_key(rule: str, group: str) -> str:
    """What all messages about a rule and a group have in common."""
    return f"{rule}: {group}"


def alert(subject: Subject, language: Language) -> Alert:
    """The alert with its title, facts, failed tests, commit and links."""
    report, message = subject.view.report, subject.message
    over = message.kind is MessageKind.RECOVERED
    title, text = _words(subject, language)
    return Alert(
        title=title,
        text=text,
        level=_level(subject),
        state=State.RESOLVED if over else State.FIRING,
        environment=report.environment,
        run=replace(report.run, commit_message=None, workspace=None),
        result=None if subject.view.stuck_s else report.step.result,  # of a step that runs there is none yet
        fields=(*_rule(subject), *_so_far(subject, language), *report_fields(report, subject.view.before, language)),
        failed_tests=report.failed_tests,
        commit=subject.commit,
        at_s=subject.at_s,
        alert_id=uuid7(),
        dedup_key=dedup_key(subject.policy.name, subject.group),
        replies_to=message.episode.references,
    )


def length(episode: Episode, at_s: float, language: Language) -> str:
    """`3 runs, 2 h`; `at least 1 run, 2 h` where it may have begun before anything is known."""
    runs = words("{} run" if episode.runs == 1 else "{} runs", language).format(episode.runs)
    said = f"{runs}, {span(max(0.0, at_s - episode.since_s), language)}"
    return words("at least {}", language).format(said) if episode.least else said


def _level(subject: Subject) -> Level:
    always = subject.policy.condition is None
    good = subject.view.report.step.result in (Result.SUCCESS, Result.SKIP)
    return Level.INFO if always and good else subject.policy.level


def _words(subject: Subject, language: Language) -> tuple[str, str]:
    """Title and text: the rule's own message, whose first line is the title, or what suits most."""
    history = _history(subject, language)
    if subject.policy.message is None:
        reason = subject.view.report.step.reason or ""
        return _title(subject, language), "\n".join(filter(None, (history, reason)))
    filled = fill(subject.policy.message, _values(subject, language))
    title, _, text = filled.strip().partition("\n")
    return title, "\n".join(filter(None, (text.strip(), history)))


def _title(subject: Subject, language: Language) -> str:
    policy, step = subject.policy, subject.view.report.step
    named = policy.name != policy.text and policy.text
    if named:
        return f"{policy.name} ({step.name})"
    if subject.view.stuck_s or (policy.condition and not mentions(policy.condition, "result")):
        return f"{step.name}: {policy.text}"
    over = subject.message.kind is MessageKind.RECOVERED
    return step.name if over else f"{step.name}: {words(step.result, language)}"


def _history(subject: Subject, language: Language) -> str:
    message = subject.message
    if message.kind is MessageKind.RECOVERED:
        return words("recovered after {}", language).format(length(message.episode, subject.at_s, language))
    if message.episode.runs > 1 and subject.policy.condition:
        return words("for {}", language).format(length(message.episode, subject.at_s, language))
    return ""


def report_fields(report: Report, before: Sequence[Report], language: Language) -> Iterator[Field]:
    """What was measured, as short facts; durations and coverage beside what earlier reports of the series had."""
    found = {
        "Duration": _duration(report, before, language),
        "Coverage": _coverage(report, before),
        "Tests": _tests(report, language),
        "Exit code": str(report.step.exit_code) if report.step.exit_code else "",
    }
    yield from (Field(name=name, value=said) for name, said in found.items() if said)


def _rule(subject: Subject) -> Iterator[Field]:
    if subject.policy.text:
        yield Field(name="Rule", value=subject.policy.text)


def _so_far(subject: Subject, language: Language) -> Iterator[Field]:
    """For how long a step that still runs has been running."""
    if running_s := subject.view.stuck_s:
        yield Field(name="Duration", value=words("{} so far", language).format(span(running_s, language)))


def _duration(report: Report, before: Sequence[Report], language: Language) -> str:
    ms = report.step.duration_ms
    if ms is None:
        return ""
    base = usual("duration", before)
    compared = f" ({change(ms / 1000, base)})" if base and change(ms / 1000, base) else ""
    return f"{span(ms / 1000, language)}{compared}"


def _coverage(report: Report, before: Sequence[Report]) -> str:
    pct, base = report.coverage_pct, usual("coverage", before)
    if pct is None:
        return ""
    return f"{pct:.1f} %" if base is None else f"{pct:.1f} % ({pct - base:+.1f})"


def _tests(report: Report, language: Language) -> str:
    tests = report.tests
    if not tests:
        return ""
    bad = tests.failed + tests.errors
    said = words("{failed} of {total} failed", language).format(failed=bad, total=tests.total)
    flaky = words("{} flaky", language).format(tests.flaky)
    return f"{said}, {flaky}" if tests.flaky else said


def _values(subject: Subject, language: Language) -> dict[str, str]:
    """What the fields of a template stand for, as far as it is known."""
    view, run = subject.view, subject.view.report.run
    more = {
        "rule": subject.policy.name,
        "state": subject.message.kind,
        "runs": str(subject.message.episode.runs),
        "lasted": span(max(0.0, subject.at_s - subject.message.episode.since_s), language),
        "usual_duration": display_text("duration", usual("duration", view.before), language),
        "coverage_change": _coverage_change(view),
        "run_url": run.run_url,
        "job_url": run.job_url,
        "ci_run_id": run.ci_run_id,
        "revision": (run.revision or "")[:_SHORT],
    } | ({"result": words("running", language)} if view.stuck_s else {})
    names = template_fields(subject.policy.message or "")
    found = {name: more[name] if name in more else display_text(name, value(name, view), language) for name in names}
    return {name: said for name, said in found.items() if said}


def _coverage_change(view: View) -> str:
    pct, base = view.report.coverage_pct, usual("coverage", view.before)
    return "" if pct is None or base is None else f"{pct - base:+.1f}"


def display_text(name: str, found: str | float | None, language: Language) -> str:
    """A fact's value as people read it; empty where it is unknown."""
    if found is None or isinstance(found, str):
        return words(found, language) if found and name == "result" else found or ""
    kind = fact(name).kind
    if kind is Kind.DURATION:
        return span(found, language)
    if kind is Kind.SIZE:
        return size(found)
    return f"{found:.1f} %" if kind is Kind.PERCENT else f"{found:.10g}"
