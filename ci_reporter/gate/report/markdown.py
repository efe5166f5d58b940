"""A verdict as Markdown, for a job's summary page: headline, rules, a small chart, the worst answers.

What comes from rules, servers and branches is text: escaped for Markdown and for HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ci_reporter.gate.recording import Recording
from ci_reporter.gate.report.chart import charts
from ci_reporter.gate.verdict import RuleVerdict, Verdict
from ci_reporter.system.markdown import code, escape

_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
_MOST_WORST = 5


def markdown(
    verdict: Verdict | None,
    recordings: Mapping[str, Recording],
    *,
    title: str,
    url: str | None = None,
    headline: str = "",
    lines: Sequence[str] = (),
) -> str:
    """The page. `recordings` are by phase. Without a verdict, `headline` says why; `lines` are further sentences."""
    word = verdict.verdict if verdict else "inconclusive" if headline.startswith("interrupted") else "fail"
    when = f" after {verdict.decided_at_s:g} s" if verdict and verdict.decided_at_s is not None else ""
    parts = [f"### {_MARKS[word]} {escape(title)}: {word if verdict else headline}{when}"]
    if url:
        parts.append(code(url))
    parts += [escape(line) for line in lines]
    if verdict:
        parts += [
            "\n".join(_table(verdict)),
            *charts(recordings.get("baseline"), recordings.get("watch")),
            *_details(verdict),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(verdict: Verdict) -> Iterator[str]:
    yield "| rule | verdict | before | now | evidence |"
    yield "|---|---|---|---|---|"
    for rule in verdict.rules:
        found = rule.finding
        trial = "" if rule.blocks else " (dry-run)"
        cells = (
            code(rule.name),
            f"{_MARKS[found.verdict]} {found.verdict}{trial}",
            _value(found.baseline, found.unit),
            _value(found.watch, found.unit),
            escape(_evidence(rule)),
        )
        yield f"| {' | '.join(cells)} |"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    return f"{_number(value)} ms" if unit == "ms" else f"{value:g}"


def _number(value: float) -> str:
    """Four digits that count, and never an exponent."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def _evidence(rule: RuleVerdict) -> str:
    found = rule.finding
    numbers = [f"{name} = {value:.2g}" for name, value in (("p", found.p), ("e", found.e)) if value is not None]
    needed = [f"fails at {found.needed:.2g}"] if numbers and found.needed is not None else []
    return "; ".join([found.reason, *numbers, *needed])[:300]


def _details(verdict: Verdict) -> Iterator[str]:
    worst = [(rule, each) for rule in verdict.rules for each in rule.finding.worst if rule.finding.verdict == "fail"]
    if worst:
        items = [_worst(dict(each)) for _, each in worst[:_MOST_WORST]]
        yield "<details><summary>The worst answers</summary>\n\n" + "\n".join(items) + "\n\n</details>"
    seen = [
        f"- {escape(rule.name)}: {escape(rule.could_have_seen['text'])}"
        for rule in verdict.rules
        if rule.could_have_seen
    ]
    if seen:
        yield "<details><summary>What this watch could have seen</summary>\n\n" + "\n".join(seen) + "\n\n</details>"


def _worst(probe: dict[str, object]) -> str:
    latency = probe.get("latency_ms")
    parts = [f"t = {probe['t']} s", _value(latency, "ms") if isinstance(latency, float | int) else "no answer"]
    said = str(probe.get("reason") or "")
    parts += [f"status {probe['status']}"] if probe.get("status") is not None and "status" not in said else []
    parts += [escape(said)] if said else []
    response = f": {code(str(probe['response']))}" if probe.get("response") else ""
    return f"- {', '.join(parts)}{response}"
