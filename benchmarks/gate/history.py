"""Gates before the one that is simulated: the last five that passed, of a service that did not change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice

from benchmarks.gate.cells import Cell
from benchmarks.gate.simulation import pair
from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.conditions import Relative, leaves
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.statistics.history import learn
from ci_reporter.gate.statistics.learnt import History, to_header

GATES = 5


def learnt(cell: Cell, seed: int, rules: RuleSet) -> History:
    """What five good gates teach. Each run has gates of its own."""
    compared = [leaf for rule in rules.rules for leaf in leaves(rule.condition) if isinstance(leaf, Relative)]
    return learn(list(islice(good_gates(cell, seed, rules), GATES)), compared)


def with_what_it_teaches(watch: Recording, found: History) -> Recording:
    """The watch as a gate records it that has learnt so much."""
    return replace(watch, header=to_header(found))


def good_gates(cell: Cell, seed: int, rules: RuleSet) -> Iterator[tuple[Recording, Recording]]:
    """Gates of the unchanged service that passed, as long as they were watched."""
    assert cell.past
    same = replace(cell, noise=cell.past, times=1.0, tail=1.0, errors_after=cell.errors_before)
    for number in count():
        before, after = pair(replace(same, name=f"{cell.name}, gate {number} before"), seed)
        verdict = judge(before, after, rules)
        if verdict.verdict == "pass" and verdict.decided_at_s:
            yield before, after.until(verdict.decided_at_s)
