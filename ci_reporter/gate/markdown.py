"""A verdict as Markdown, for a job's summary page: headline, rules, a small chart, the worst answers.

What comes from rules, servers and branches is text: escaped for Markdown, for HTML and for Mermaid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ci_reporter.gate.conditions import DEFAULT_SIGNAL
from ci_reporter.gate.figures import Figures, of_probes
from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.verdict import RuleVerdict, Verdict

_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
_MOST_POINTS = 30  # a window: a summary is a column wide
_MOST_WORST = 5


def markdown(
    verdict: Verdict | None,
    baseline: Recording | None,
    watch: Recording | None,
    *,
    title: str,
    url: str | None = None,
    lines: Sequence[str] = (),
) -> str:
    """The page. Without a verdict the rollout never converged; `lines` are further sentences, that one first."""
    word = verdict.verdict if verdict else "fail"
    when = f" after {verdict.decided_at_s:g} s" if verdict and verdict.decided_at_s is not None else ""
    parts = [f"### {_MARKS[word]} {plain(title)}: {word if verdict else 'not converged'}{when}"]
    if url:
        parts.append(f"`{_code(url)}`")
    parts += [plain(line) for line in lines]
    if verdict:
        parts += ["\n".join(_table(verdict)), *_chart(baseline, watch), *_details(verdict)]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """Text that stays text in a paragraph or a cell of a table."""
    one_line = re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).strip()
    escaped = re.sub(r"([\\*_{}\[\]()#+!|~$:@-])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")


def _code(text: str) -> str:
    """Text within backticks."""
    return re.sub(r"[`\x00-\x1f\x7f|]+", " ", text)[:200]


def _table(verdict: Verdict) -> Iterator[str]:
    yield "| rule | verdict | before | now | evidence |"
    yield "|---|---|---|---|---|"
    for rule in verdict.rules:
        found = rule.finding
        trial = "" if rule.blocks else " (dry-run)"
        cells = (
            f"`{_code(rule.name)}`",
            f"{_MARKS[found.verdict]} {found.verdict}{trial}",
            _measured(found.baseline, found.unit),
            _measured(found.watch, found.unit),
            plain(_evidence(rule)),
        )
        yield f"| {' | '.join(cells)} |"


def _measured(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    return f"{value:.4g} ms" if unit == "ms" else f"{value:g}"


def _evidence(rule: RuleVerdict) -> str:
    found = rule.finding
    numbers = [f"{name} = {value:.2g}" for name, value in (("p", found.p), ("e", found.e)) if value is not None]
    needed = [f"fails at {found.needed:.2g}"] if numbers and found.needed is not None else []
    return "; ".join([found.reason, *numbers, *needed])[:300]


def _chart(baseline: Recording | None, watch: Recording | None) -> Iterator[str]:
    """Median and p95 over time, before and after, where both windows or one of them were probed."""
    before, after = (_points(each) for each in (baseline, watch))
    if len(before) + len(after) < 3:
        return
    known = [value for figures in (*before, *after) for value in (figures.p50_ms, figures.p95_ms) if value is not None]
    if not known:
        return
    labels = [*(f"b{at + 1}" for at in range(len(before))), *(f"w{at + 1}" for at in range(len(after)))]
    yield "Latency in ms: p95 above p50; `b` is the baseline, `w` the watch."
    yield "\n".join(
        (
            "```mermaid",
            "xychart-beta",
            f"    x-axis [{', '.join(labels)}]",
            f'    y-axis "ms" 0 --> {max(known) * 1.1:.4g}',
            f"    line [{', '.join(_series(each.p95_ms for each in (*before, *after)))}]",
            f"    line [{', '.join(_series(each.p50_ms for each in (*before, *after)))}]",
            "```",
        )
    )


def _series(values: Iterable[float | None]) -> Iterator[str]:
    """Mermaid knows no gaps: a block without an answer shows as the one before."""
    last = 0.0
    for value in values:
        last = last if value is None else value
        yield f"{last:.4g}"


def _points(recording: Recording | None) -> list[Figures]:
    signals = recording.signals if recording else {}
    chosen = signals.get(DEFAULT_SIGNAL) or next((each for each in signals.values() if each.probes), Signal())
    if not chosen.probes:
        return []
    span_s = max(chosen.probes[-1].t + 1e-6, 1.0)
    size_s = max(5.0, span_s / _MOST_POINTS)
    slices: dict[int, list[Probe]] = {}
    for probe in chosen.probes:
        slices.setdefault(int(probe.t // size_s), []).append(probe)
    return [of_probes(slices[at]) for at in sorted(slices)]


def _details(verdict: Verdict) -> Iterator[str]:
    worst = [(rule, each) for rule in verdict.rules for each in rule.finding.worst if rule.finding.verdict == "fail"]
    if worst:
        items = [_worst(dict(each)) for _, each in worst[:_MOST_WORST]]
        yield "<details><summary>The worst answers</summary>\n\n" + "\n".join(items) + "\n\n</details>"
    seen = [
        f"- {plain(rule.name)}: {plain(rule.could_have_seen['text'])}" for rule in verdict.rules if rule.could_have_seen
    ]
    if seen:
        yield "<details><summary>What this watch could have seen</summary>\n\n" + "\n".join(seen) + "\n\n</details>"


def _worst(probe: dict[str, object]) -> str:
    latency = probe.get("latency_ms")
    parts = [f"t = {probe['t']} s", "no answer" if latency is None else f"{latency:.4g} ms"]
    parts += [f"status {probe['status']}"] if probe.get("status") is not None else []
    parts += [plain(str(probe["reason"]))] if probe.get("reason") else []
    response = f": `{_code(str(probe['response']))}`" if probe.get("response") else ""
    return f"- {', '.join(parts)}{response}"
