"""The procedures that are compared. Each gives (what it said, when) of one run of a cell."""

from __future__ import annotations

from benchmarks.gate import others
from benchmarks.gate.cells import WATCH_S, Cell
from benchmarks.gate.simulation import pair
from ci_reporter.gate.judge import judge

try:
    from ci_reporter.gate.rules.ruleset import RuleSet, Settings, make
except ImportError:  # where the procedure before this one has them
    from ci_reporter.gate.rules import RuleSet, Settings, make

Said = tuple[str, float | None]


def now(cell: Cell, seed: int) -> dict[str, Said]:
    """This judge with its extension, and what other gates do."""
    if cell.old:
        return _revisions(cell, seed)
    before, after = pair(cell, seed)
    rules = _rules(cell)
    if cell.past:
        from benchmarks.gate import history  # of this version of the package only

        after = history.after_good_gates(after, cell, seed, rules)
    verdict = judge(before, after, rules)
    return {
        "judge": (str(verdict.verdict), verdict.decided_at_s),
        "naive": _flag(others.naive_p95(before, after)),
        "mann-whitney": _flag(others.mann_whitney(before, after)),
    }


def _revisions(cell: Cell, seed: int) -> dict[str, Said]:
    from benchmarks.gate import rollouts  # of this version of the package only

    assert cell.old
    drawn = f"{cell.name} {seed}"
    if cell.counts == "converged":
        return rollouts.converges(rollouts.Rollout(old=cell.old, seconds=rollouts.CONVERGE.timeout_s), drawn)
    return rollouts.is_watched(rollouts.Rollout(old=cell.old, seconds=WATCH_S), drawn)


def earlier(cell: Cell, seed: int) -> dict[str, Said]:
    """The judge of another version of the package, which has no extension."""
    if cell.old:
        return {}
    before, after = pair(cell, seed)
    verdict = judge(before, after, _rules(cell))
    return {"before": (str(verdict.verdict), verdict.decided_at_s)}


PROCEDURES = {"now": now, "before": earlier}


def _rules(cell: Cell) -> RuleSet:
    rules = tuple(make(text, text, min_errors=3 if "error" in text else 0) for text in cell.rules)
    return RuleSet(rules=rules, settings=Settings(watch_s=WATCH_S))


def _flag(at_s: float | None) -> Said:
    return ("pass", None) if at_s is None else ("fail", at_s)
