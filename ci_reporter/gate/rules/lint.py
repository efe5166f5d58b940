"""What a rules file says that its writer can hardly mean: warnings, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.config import values
from ci_reporter.gate.rules import undecidable
from ci_reporter.gate.rules.conditions import Leaf, Limit, leaves
from ci_reporter.gate.rules.ruleset import Query, Rule, RuleSet, Settings

_WINDOW = re.compile(r"\b(rate|irate|increase)\s*\([^\[\]]*\[(\d+(?:ms|s|m|h))\]")


def warnings(rules: RuleSet) -> list[str]:
    """Each with the line it stands on, in the order of the file."""
    found = [each for query in rules.queries for each in _of_query(query, rules.settings)]
    found += [each for rule in rules.rules for each in _of_rule(rule)]
    found += [
        (each.line, each.text)
        for each in undecidable.obstacles(rules, undecidable.planned_facts(rules))
        if not each.enforced
    ]
    settings, watch_s = rules.settings, rules.settings.watch_s or rules.plan.watch_s
    if settings.min_watch_s > watch_s:
        text = f"min_watch of {settings.min_watch_s:g} s is longer than the watch, and counts as {watch_s:g} s"
        found.append((None, f"{text} (write a longer watch)"))
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


def _of_rule(rule: Rule) -> Iterator[tuple[int | None, str]]:
    for leaf in leaves(rule.condition):
        if text := _suspicious(leaf):
            yield rule.line, f"rule {rule.name!r}: {leaf.text!r} {text}"
    if rule.no_data == "pass":
        yield rule.line, f"rule {rule.name!r}: passes when nothing was measured (write no_data: fail)"


def _suspicious(leaf: Leaf) -> str | None:
    if not isinstance(leaf, Limit):
        return None
    if leaf.limit_ms is None:
        fix = f"write {(1 - leaf.allowed) * 100:.3g}%"
        return f"passes with {leaf.allowed:.0%} errors ({fix})" if leaf.allowed > 0.5 else None
    if leaf.limit_ms >= 60_000:
        return f"waits for {leaf.limit_ms / 1000:g} s (write {leaf.limit_ms / 1000:g}ms if milliseconds are meant)"
    if leaf.limit_ms < 1:
        return f"allows {leaf.limit_ms:g} ms, which no request meets (write {leaf.limit_ms:g}s if seconds are meant)"
    return None
