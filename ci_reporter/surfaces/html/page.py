"""The page of a run: what failed first, then what ran when, every step, the gate, and how the steps went before.

Everything that comes from a branch, a commit, a test or a server is text, and escaped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from ci_reporter.model import FailedTest, Report
from ci_reporter.surfaces import terminal
from ci_reporter.surfaces.failures import failed_count, failures_of, first_line
from ci_reporter.surfaces.headline import headline, took
from ci_reporter.surfaces.html import trends
from ci_reporter.surfaces.html.style import STYLE
from ci_reporter.surfaces.html.timeline import timeline
from ci_reporter.version import __version__

_HEAD = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
)
_MOST_TESTS = 200
_MOST_RUNS = 30


def page(reports: Sequence[Report], history: Mapping[str, Sequence[Report]], now_s: float) -> str:
    """One run as a page. `history` has the runs of each step by its name, oldest first, this one last."""
    title = headline(reports)
    return "".join(
        [
            f"{_HEAD}<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<header><h1>{escape(title)}</h1>{_about(reports)}</header><main>",
            *_failed_tests(reports),
            *_section("What ran when", _scroll_box("Timeline", timeline(reports))),
            *_section("Steps", _steps(reports)),
            *_gates(reports),
            *_section("How the steps went before", _trends(history)),
            f"</main><footer>{_footer(now_s)}</footer></body></html>\n",
        ]
    )


def _about(reports: Sequence[Report]) -> str:
    run = reports[-1].run
    facts = {
        "Run": _link(run.ci_run_id, run.run_url),
        "Branch": _text(run.branch or run.tag),
        "Commit": _text((run.revision or "")[:12]),
        "Change": _text(run.change),
        "Started by": _text(run.actor),
        "Took": _text(took(reports)),
    }
    rows = (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items() if value)
    return f"<dl>{''.join(rows)}</dl>"


def _failed_tests(reports: Sequence[Report]) -> Iterator[str]:
    failed = [(report.step.name, each) for report in reports for each in failures_of(report)]
    if not failed:
        return
    items = [f"<li>{_text(step)}: {_failure(each)}</li>" for step, each in failed[:_MOST_TESTS]]
    rest = sum(max(len(failures_of(each)), failed_count(each)) for each in reports) - len(items)
    items += [f"<li>… {rest} more</li>"] if rest > 0 else []
    yield from _section("Failed tests", f"<ul>{''.join(items)}</ul>")


def _failure(failure: FailedTest) -> str:
    where = f" (<code>{_text(f'{failure.path}:{failure.line}')}</code>)" if failure.path else ""
    message = f"<br>{_text(first_line(failure.message), 300)}" if failure.message else ""
    return f"<code>{_text(failure.name, 300)}</code>{where}{message}"


def _steps(reports: Sequence[Report]) -> str:
    head = ("Step", "Job", "Result", "Duration", "Coverage", "Tests", "CPU", "Memory")
    return _table("Steps of this run", head, [_step(report) for report in reports], numbers=(3, 4, 6, 7))


def _step(report: Report) -> list[str]:
    step = report.step
    cpu_ms = (step.cpu_user_ms or 0) + (step.cpu_system_ms or 0) if step.cpu_user_ms is not None else None
    return [
        _text(step.name),
        _link(report.run.job_name or "", report.run.job_url),
        f'<span class="{step.result}">{_text(terminal.outcome(report), 200)}</span>',
        terminal.duration(step.duration_ms),
        terminal.coverage(report),
        _text(terminal.tests(report), 100),
        terminal.duration(cpu_ms),
        f"{step.max_rss_bytes / 1024**2:.0f} MiB" if step.max_rss_bytes else "-",
    ]


def _gates(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        if gate := report.gate:
            name = f"{terminal.plain(report.step.name)}: {gate.verdict}"
            rules = [[_text(rule), _text(verdict)] for rule, verdict in gate.rules.items()]
            seen = [
                ["p50", _ms(gate.p50_ms_before), _ms(gate.p50_ms)],
                ["p95", _ms(gate.p95_ms_before), _ms(gate.p95_ms)],
                ["Errors", _share(gate.error_ratio_before), _share(gate.error_ratio)],
            ]
            tables = _table(f"Rules of {name}", ("Rule", "Verdict"), rules) if rules else ""
            tables += _table(f"Figures of {name}", ("", "Before", "Now"), seen, numbers=(1, 2))
            yield from _section(escape(name), tables)


def _trends(history: Mapping[str, Sequence[Report]]) -> str:
    rows = []
    for name, runs in history.items():
        last = runs[-_MOST_RUNS:]
        if len(last) > 1:
            rows.append([_text(name), trends.durations(last) or "-", trends.coverage(last) or "-"])
    return (
        _table("The last runs of each step, the newest on the right", ("Step", "Duration", "Coverage"), rows)
        if rows
        else ""
    )


def _section(heading: str, content: str) -> Iterator[str]:
    if content:
        yield f"<section><h2>{heading}</h2>{content}</section>"


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; its cells are HTML. A column that has nothing to say is left out."""
    shown = [at for at in range(len(head)) if any(row[at] not in ("", "-", "unknown") for row in rows)]

    def kind(column: int) -> str:
        return ' class="number"' if column in numbers else ""

    titles = "".join(
        f'<th scope="col"{kind(at)}>{name}</th>' if name else "<td></td>" for at, name in enumerate(head) if at in shown
    )
    body = "".join(
        f"<tr>{''.join(f'<td{kind(at)}>{cell}</td>' for at, cell in enumerate(row) if at in shown)}</tr>"
        for row in rows
    )
    return _scroll_box(caption, f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>")


def _scroll_box(label: str, content: str) -> str:
    """What is wider than a small screen scrolls by itself, also by keyboard."""
    if not content:
        return ""
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{content}</div>'


def _link(text: str, url: str | None) -> str:
    shown = _text(text)
    if url and url.startswith(("https://", "http://")):
        return f'<a href="{escape(url)}">{shown or "page"}</a>'
    return shown


def _text(text: str | None, most: int = 120) -> str:
    return escape(terminal.plain(text, most)) if text else ""


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} ms"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value * 100:.2g} %"


def _footer(now_s: float) -> str:
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s))
    return f"Made by ci-reporter {__version__}, {made}. Unknown figures are shown as -."
