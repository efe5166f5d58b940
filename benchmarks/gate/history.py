"""Gates before the one that is simulated: the last five that passed, of a service that did not change.

The runs of a cell share a pool of two hundred such gates, each run with five of them, as most of a run's time would go
into simulating its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from random import Random
from typing import Any

from benchmarks.gate.cells import Cell
from benchmarks.gate.simulation import pair
from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.conditions import Relative, leaves
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.statistics import history
from ci_reporter.gate.statistics.history import Gate, Lesson
from ci_reporter.gate.statistics.learnt import History, measure, to_header

GATES, POOL = 5, 200
_NO_TARGET: dict[str, Any] = {"name": "", "rules": (), "most": None, "least": None, "by_s": None, "no_pass": False}
_POOLS: dict[Cell, list[Past]] = {}


@dataclass(frozen=True, kw_only=True)
class Past:
    """A good gate of the past: the blocks that tell of its errors, and what its latency teaches."""

    errors: Gate
    latency: Lesson


def after_good_gates(watch: Recording, cell: Cell, seed: int, rules: RuleSet) -> Recording:
    """The watch as a gate records it that has five good ones behind it."""
    assert cell.past
    service = replace(cell, noise=cell.past, times=1.0, onset_s=0.0, errors_after=cell.errors_before, **_NO_TARGET)
    chosen = Random(f"{cell.name} {seed} history").sample(pool(service, rules), GATES)
    latency, errors = comparisons(rules)
    learnt = {
        measure(latency): history.learn_latency([each.latency for each in chosen]),
        measure(errors): history.learn_errors([each.errors for each in chosen]),
    }
    return replace(watch, header=to_header(History(measures=learnt)))


def pool(service: Cell, rules: RuleSet) -> list[Past]:
    """Two hundred good gates of a service, simulated once in a process."""
    if service not in _POOLS:
        _POOLS[service] = list(islice(past_gates(service, rules), POOL))
    return _POOLS[service]


def past_gates(service: Cell, rules: RuleSet) -> Iterator[Past]:
    latency, errors = comparisons(rules)
    for before, after in good_gates(service, rules):
        seen, counted = history.gate_of(latency, before, after), history.gate_of(errors, before, after)
        assert seen and counted and latency.quantile
        yield Past(errors=counted, latency=history.lesson(seen, latency.quantile))


def good_gates(service: Cell, rules: RuleSet) -> Iterator[tuple[Recording, Recording]]:
    """Gates that passed, as long as they were watched."""
    for seed in count():
        before, after = pair(replace(service, name=f"past gates, {service.errors_before}, {service.blip_s}"), seed)
        verdict = judge(before, after, rules)
        if verdict.verdict == "pass" and verdict.decided_at_s:
            yield before, after.until(verdict.decided_at_s)


def comparisons(rules: RuleSet) -> tuple[Relative, Relative]:
    """Of latency and of errors."""
    latency, errors = (leaf for rule in rules.rules for leaf in leaves(rule.condition) if isinstance(leaf, Relative))
    return latency, errors
