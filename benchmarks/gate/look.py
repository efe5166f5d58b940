"""What one look at a watch costs, at 20 probes a second, in CPU time."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

from benchmarks.gate.cells import Cell, cells
from benchmarks.gate.simulation import pair
from ci_reporter.gate.judge import Judge, schedule_of
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.ruleset import RuleSet, Settings, default

RATE, WATCH_S = 20.0, 300.0


def measured() -> str:
    """The looks of three watches: one that passes, one that stays undecided, one that is near to failing."""
    named = {cell.name: cell for cell in cells()}
    chosen = ("unchanged: independent", "unchanged: AR 30 s", "+20 %")
    lines = [f"CPU time of one look at {RATE:g} probes/s, {WATCH_S:g} s of watch and as much extension:"]
    for name in chosen:
        spent = looks_ms(replace(named[name], rate=RATE))
        lines.append(f"  {name}: {len(spent)} looks, median {median(spent):.1f} ms, most {max(spent):.1f} ms")
    return "\n".join(lines)


def looks_ms(cell: Cell) -> list[float]:
    """Milliseconds of each look until the verdict: the least of three, as the machine may be shared."""
    before, after = pair(cell, 1)
    rules = replace(default(), settings=Settings(watch_s=WATCH_S))
    rounds = [_once(before, after, rules) for _ in range(3)]
    return [min(each) for each in zip(*rounds, strict=True)]


def _once(before: Recording, after: Recording, rules: RuleSet) -> list[float]:
    schedule = schedule_of(rules)
    judge, found = Judge(before, rules, schedule), []
    for at_s in schedule.looks_s():
        begun = time.process_time()
        verdict = judge.look(after, at_s)
        found.append((time.process_time() - begun) * 1000)
        if verdict.settled:
            break
    return found
