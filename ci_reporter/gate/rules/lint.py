"""What a rules file says that its writer can hardly mean: warnings, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.config import values
from ci_reporter.gate.judge import alphas
from ci_reporter.gate.rules.conditions import Beyond, Consecutive, Down, Leaf, Limit, leaves
from ci_reporter.gate.rules.ruleset import Query, Rule, RuleSet, Settings
from ci_reporter.gate.statistics import decidable
from ci_reporter.gate.statistics.blocks import SHORTEST_S
from ci_reporter.gate.statistics.schedule import Schedule

_WATCH_S = 300.0
_WINDOW = re.compile(r"\b(rate|irate|increase)\s*\([^\[\]]*\[(\d+(?:ms|s|m|h))\]")


def warnings(rules: RuleSet) -> list[str]:
    """Each with the line it stands on, in the order of the file."""
    budget = alphas(rules.rules, rules.settings.alpha)
    found = [each for query in rules.queries for each in _of_query(query, rules.settings)]
    found += [each for rule in rules.rules for each in _of_rule(rule, rules.settings, budget[rule.name])]
    if all(rule.mode == "dry-run" for rule in rules.rules):
        found.append((None, "every rule is a dry run: this gate can only be inconclusive"))
    return [f"{rules.source}{f' line {line}' if line else ''}: {text}" for line, text in found]


def _of_query(query: Query, settings: Settings) -> Iterator[tuple[int | None, str]]:
    for text in (query.bad, query.total):
        for function, window in _WINDOW.findall(text):
            if values.duration_s(window) < 2 * settings.interval_s:
                yield (
                    query.line,
                    (
                        f"signal {query.signal!r}: {function}()[{window}] holds fewer than two scrapes of"
                        f" {settings.interval_s:g} s and is often empty (write [{2 * settings.interval_s:g}s] or more)"
                    ),
                )
        if re.search(r"\)\s*/\s*\w", text):
            yield query.line, f"signal {query.signal!r}: is a ratio; the judge needs counts (give bad and total)"


def _of_rule(rule: Rule, settings: Settings, alpha: float) -> Iterator[tuple[int | None, str]]:
    watch_s = settings.watch_s or _WATCH_S
    for leaf in leaves(rule.condition):
        for text in (_suspicious(leaf), _impossible(leaf, rule, settings, watch_s, alpha)):
            if text:
                yield rule.line, f"rule {rule.name!r}: {leaf.text!r} {text}"
    if rule.no_data == "pass":
        yield rule.line, f"rule {rule.name!r}: passes when nothing was measured (write no_data: fail)"
    if settings.rate and rule.min_probes > settings.rate * watch_s:
        yield (
            rule.line,
            (
                f"rule {rule.name!r}: can never fail: {watch_s:g} s at {settings.rate:g}/s are"
                f" {settings.rate * watch_s:g} probes, and it wants {rule.min_probes}"
            ),
        )


def _suspicious(leaf: Leaf) -> str | None:
    if not isinstance(leaf, Limit):
        return None
    if leaf.limit_ms is None:
        fix = f"write {(1 - leaf.allowed) * 100:.3g}%"
        return f"passes with {leaf.allowed:.0%} errors ({fix})" if leaf.allowed >= 0.5 else None
    if leaf.limit_ms >= 60_000:
        return f"waits for {leaf.limit_ms / 1000:g} s (write {leaf.limit_ms / 1000:g}ms if milliseconds are meant)"
    if leaf.limit_ms < 1:
        return f"allows {leaf.limit_ms:g} ms, which no request meets (write {leaf.limit_ms:g}s if seconds are meant)"
    return None


def _impossible(leaf: Leaf, rule: Rule, settings: Settings, watch_s: float, alpha: float) -> str | None:
    """Why no watch of this length could fail, where that is so."""
    if isinstance(leaf, Consecutive):
        needed_s = (leaf.count - 1) * max(leaf.every_s, 1 / settings.rate if settings.rate else 0.0)
        within_s = min(leaf.within_s, watch_s)
        return f"can never fail: it needs {needed_s:g} s of {within_s:g} s" if needed_s > within_s else None
    if isinstance(leaf, Down):
        return f"can never fail: the watch lasts {watch_s:g} s" if leaf.for_s >= watch_s else None
    if isinstance(leaf, Beyond):
        return f"can never fail: the watch lasts {watch_s:g} s" if leaf.for_s >= watch_s else None
    if (rule.judge or settings.judge) == "threshold":
        return None
    extend_s = watch_s if settings.extend_s is None else settings.extend_s
    plan = Schedule(watch_s=watch_s, extend_s=extend_s, sustain_s=settings.sustain_s)
    return decidable.obstacle(leaf, plan, alpha, settings.baseline_s, SHORTEST_S)
