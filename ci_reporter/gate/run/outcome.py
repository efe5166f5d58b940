"""What a gate came to, beyond its verdict: convergence, rollback, the exit code, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci_reporter.gate.probing import converge
from ci_reporter.gate.run.actions import Outcome as Acted
from ci_reporter.gate.verdict import FAIL, PASS, Verdict, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOT_CONVERGED, ROLLED_BACK, ROLLBACK_FAILED = 4, 5, 6


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """An action that was to bring the old revision back. `verified` None: nobody looked."""

    worked: bool
    verified: bool | None = None
    statement: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The whole of it. `verdict` is None where the gate never came to watch."""

    statement: str
    convergence: converge.Progress | None = None
    verdict: Verdict | None = None
    acted: Sequence[Acted] = ()
    rollback: Rollback | None = None
    notes: Sequence[str] = field(default=())

    @property
    def word(self) -> str:
        """`pass`, `fail` or `inconclusive`; a rollout that never ends has failed."""
        return self.verdict.verdict if self.verdict else FAIL

    @property
    def exit_code(self) -> int:
        """As in docs/reference/exit-codes.md."""
        code = self.verdict.exit_code if self.verdict else NOT_CONVERGED
        if self.rollback is None or not code:
            return code
        if not self.rollback.worked or self.rollback.verified is False:
            return ROLLBACK_FAILED
        return ROLLED_BACK if self.rollback.verified else code


def sentence(outcome: Outcome) -> str:
    """What it came to in one sentence: the rules that made it so, and why."""
    if outcome.verdict is None:
        return outcome.statement
    word = outcome.word
    made_it_so = [rule for rule in outcome.verdict.rules if rule.blocks and rule.finding.verdict == word]
    said = "; ".join(f"{rule.name}: {rule.finding.reason}" for rule in made_it_so)
    return f"the gate says {word}" + (f": {said}" if said and word != PASS else "")


def as_json(outcome: Outcome, **about: object) -> dict[str, Any]:
    """The verdict's JSON, and what is known beside it; what it is about comes first."""
    found: dict[str, Any] = {"verdict": outcome.word, "exit_code": outcome.exit_code, **about}
    judged = to_json(outcome.verdict) if outcome.verdict else {"decided_at_s": None, "rules": [], "notes": []}
    found = judged | found
    found["notes"] = [*outcome.notes, *judged["notes"]]
    found["converge"] = _convergence(outcome)
    found["actions"] = [_acted(each) for each in outcome.acted]
    if outcome.rollback:
        found["rollback"] = dict(vars(outcome.rollback))
    return found


def _convergence(outcome: Outcome) -> dict[str, Any] | None:
    seen = outcome.convergence
    if seen is None:
        return None
    return {
        "converged": seen.over,
        "expected": seen.expected,
        "needed": seen.needed,
        "in_a_row": seen.run,
        "probes": seen.probes,
        "reached_at_s": seen.reached_at_s,
        "served": dict(seen.served),
        "statement": outcome.statement,
    }


def _acted(acted: Acted) -> dict[str, Any]:
    return {
        "name": acted.action.name,
        "ran": acted.ran,
        "exit_code": acted.exit_code,
        "timed_out": acted.timed_out,
        "seconds": acted.seconds,
        "problem": acted.problem,
    }
