"""The page of a run: what failed first, then every step, the gate, and what ran when.

Everything that comes from a branch, a commit, a test or a server is text: it is neither Markdown nor HTML, and calls
nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.model import Gate, Report, Result
from ci_reporter.surfaces import terminal
from ci_reporter.surfaces.failures import failed_count, failures_of
from ci_reporter.surfaces.github import LARGEST_SUMMARY, failure_line
from ci_reporter.surfaces.headline import GOOD, headline, took, undecided
from ci_reporter.surfaces.markdown.fitting import Fitted, Part, fit
from ci_reporter.surfaces.markdown.mermaid import gantt
from ci_reporter.system.markdown import code, escape

MARKS = {
    Result.SUCCESS: "✅",
    Result.FAILURE: "❌",
    Result.ERROR: "❌",
    Result.TIMEOUT: "⏱️",
    Result.CANCELLATION: "🚫",
    Result.SKIP: "⏭️",
}
_REST = 300  # bytes for the line that says where the rest is
_LONGEST_MESSAGE = 200
_GATE_SHARE = 0.4
_VERDICTS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
_URL = re.compile(r"https?://[^\s<>()\[\]\"'`\\|]+")


class RunRecords(Frozen):
    """What a page is made of: the reports of a run, and what else is known of them, by report id.

    `before` has the earlier record that a step's coverage is compared with, `gates` the pages of gates as Markdown,
    `unread` what is wrong with records that could not be read: steps may be lacking.
    """

    reports: tuple[Report, ...]
    before: Mapping[str, Report] = EMPTY
    gates: Mapping[str, str] = EMPTY
    unread: tuple[str, ...] = ()


def page(run: RunRecords, *, most: int = LARGEST_SUMMARY, rest: str = "") -> Fitted:
    """One run as Markdown, in at most `most` bytes of UTF-8; where something was cut, `rest` says where it is."""
    reports = run.reports
    parts = [
        Part(head=(f"### {_mark(run)} {escape(headline(reports))}", "", _about(reports))),
        *_unread(run.unread),
        *_failed_tests(reports),
        _steps(reports, run.before),
        *(_gate(report, run.gates.get(report.report_id, ""), most) for report in reports if report.gate),
        *_flaky_tests(reports),
        *_timeline(reports),
    ]
    found = fit(parts, most)
    if not found.cut:
        return found
    where = f"The whole page is in {code(rest)}." if rest else "The page is cut, as it is too long for this place."
    return Fitted(text=f"{fit(parts, most - _REST).text}{where}\n", cut=True)


def _mark(run: RunRecords) -> str:
    """The mark of the first step that is not good. A page is green only if all that it should tell of is known."""
    bad = next((MARKS[report.step.result] for report in run.reports if report.step.result not in GOOD), "")
    if bad or run.unread or undecided(run.reports):
        return bad or "❔"
    return MARKS[Result.SUCCESS if any(each.step.result is Result.SUCCESS for each in run.reports) else Result.SKIP]


def _unread(problems: Sequence[str]) -> Iterator[Part]:
    if problems:
        lines = tuple(f"- {escape(terminal.plain(each))}" for each in problems)
        yield Part(head=("#### Steps may be lacking here", ""), lines=lines, what="problems", share=0.2)


def _about(reports: Sequence[Report]) -> str:
    run = reports[-1].run
    facts = (
        _link(run.ci_run_id, run.run_url) if run.ci_run_id else "",
        code(run.branch or run.tag or "") if run.branch or run.tag else "",
        code(run.revision[:12]) if run.revision else "",
        took(reports),
    )
    return " · ".join(fact for fact in facts if fact)


def _failed_tests(reports: Sequence[Report]) -> Iterator[Part]:
    lines = [line for report in reports for line in _failures(report)]
    if lines:
        yield Part(head=("#### Failed tests", ""), lines=tuple(lines), what="failed tests", share=0.4)


def _failures(report: Report) -> Iterator[str]:
    """The failed tests of a step that are known by name, and how many more there are."""
    known = failures_of(report)
    step = escape(terminal.plain(report.step.name))
    for failure in known:
        yield f"- {step}: {failure_line(failure)}"
    hidden = failed_count(report) - len(known)
    if known and hidden > 0:
        yield f"- {step}: … {hidden} more failed"


def _flaky_tests(reports: Sequence[Report]) -> Iterator[Part]:
    lines = [
        f"- {escape(terminal.plain(each.step.name))}: {code(name)}" for each in reports for name in each.flaky_tests
    ]
    if lines:
        yield Part(head=("#### Flaky tests", ""), lines=tuple(lines), what="flaky tests", share=0.2)


def _steps(reports: Sequence[Report], before: Mapping[str, Report]) -> Part:
    """The table of steps; a column that has nothing to say is left out."""
    head = ("Step", "Job", "Result", "Duration", "Tests", "Coverage")
    rows = [_row(report, before.get(report.report_id)) for report in reports]
    shown = [at for at in range(len(head)) if any(row[at] not in ("", "-") for row in rows)]
    if len({report.run.job_name for report in reports}) == 1:
        shown.remove(1) if 1 in shown else None
    numbers = (3, 5)
    rule = "|".join("---:" if at in numbers else "---" for at in shown)
    return Part(
        head=(_cells([head[at] for at in shown]), f"|{rule}|"),
        lines=tuple(_cells([row[at] for at in shown]) for row in rows),
        what="steps",
        share=0.6,
    )


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(report: Report, before: Report | None) -> tuple[str, ...]:
    return (
        escape(terminal.plain(report.step.name)),
        _link(terminal.plain(report.run.job_name or ""), report.run.job_url),
        f"{MARKS[report.step.result]} {escape(terminal.outcome(report)[:_LONGEST_MESSAGE])}",
        terminal.duration(report.step.duration_ms),
        terminal.tests(report),
        coverage(report, before),
    )


def coverage(report: Report, before: Report | None) -> str:
    """`93.1 % (+0.4)`: the coverage and how many points it has changed."""
    pct = report.coverage_pct
    if pct is None or before is None or before.coverage_pct is None:
        return terminal.coverage(report)
    points = f"{pct - before.coverage_pct:+.1f}".replace("-0.0", "±0.0").replace("+0.0", "±0.0").replace("-", "\u2212")
    against = before.run.branch if before.run.branch != report.run.branch else None
    return f"{terminal.coverage(report)} ({points}{f' against {code(against)}' if against else ''})"


def _gate(report: Report, text: str, most: int) -> Part:
    """The gate's own page where there is one and room for it, else what the record has of it."""
    if text and len(text.encode("utf-8", "replace")) < most * _GATE_SHARE:
        return Part(head=(text.strip().replace("### ", "#### ", 1),))
    gate = report.gate
    assert gate is not None  # noqa: S101  it is asked for gates only
    name = escape(terminal.plain(report.step.name))
    return Part(
        head=(f"#### {_VERDICTS.get(gate.verdict, '❔')} {name}: {escape(gate.verdict)}", "", *_figures(gate)),
        lines=tuple(f"- {code(rule)}: {escape(verdict)}" for rule, verdict in gate.rules.items()),
        what="rules",
        share=_GATE_SHARE,
    )


def _figures(gate: Gate) -> Iterator[str]:
    pairs = (
        ("p50", gate.p50_ms_before, gate.p50_ms, "{:.0f} ms", 1),
        ("p95", gate.p95_ms_before, gate.p95_ms, "{:.0f} ms", 1),
        ("errors", gate.error_ratio_before, gate.error_ratio, "{:.2g} %", 100),
    )
    known = [each for each in pairs if each[2] is not None]
    if known:
        yield from ("| | before | now |", "|---|---:|---:|")
        for name, earlier, now, form, times in known:
            cells = ("–" if value is None else form.format(value * times) for value in (earlier, now))
            yield f"| {name} | {' | '.join(cells)} |"
        yield ""


def _timeline(reports: Sequence[Report]) -> Iterator[Part]:
    """The chart; of a single step there is nothing to see."""
    if len(reports) > 1 and (chart := gantt(reports)):
        yield Part(head=("#### What ran when", "", chart))


def _link(text: str, url: str | None) -> str:
    if url and _URL.fullmatch(url):
        return f"[{escape(text) or 'page'}](<{url}>)"
    return escape(text)
