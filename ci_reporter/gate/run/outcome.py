"""What a gate came to: what it saw, its verdict, what was done about it, the exit code, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from signal import Signals

from ci_reporter.gate.probing.converge import Convergence
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.run.actions import ActionResult
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, PASS, Verdict, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNDECIDED, NOT_CONVERGED, ROLLED_BACK, ROLLBACK_FAILED, DEPLOY_FAILED = 3, 4, 5, 6, 7


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The deploy command of `gate around`: how it ended, and the signal that came meanwhile, if one came."""

    exit_code: int
    signal: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """An action that was to bring the old revision back; `verified`: it was seen that it answers everywhere."""

    worked: bool
    verified: bool = False
    statement: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The whole of it. `watch` is None where the gate never came to watch.

    Without a verdict, `signal` is the one that interrupted it, or `error` says why it could probe no more; else the
    deploy failed, or the rollout did not converge.
    """

    statement: str = ""
    reference: Reference = field(default_factory=Reference)
    deploy: Deploy | None = None
    convergence: Convergence | None = None
    watch: Watch | None = None
    signal: int | None = None
    error: str | None = None
    actions: Sequence[ActionResult] = ()
    rollback: Rollback | None = None
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict | None:
        """What the judge says of the watch."""
        return self.watch.verdict if self.watch else None

    @property
    def converged(self) -> bool:
        """Whether the expected revision answers everywhere, or nobody asked for one."""
        return self.convergence is None or self.convergence.over

    @property
    def deploy_failed(self) -> bool:
        """Whether there is nothing to judge, as the deploy itself failed."""
        return bool(self.deploy and self.deploy.exit_code)

    @property
    def word(self) -> str:
        """`pass`, `fail` or `inconclusive`; a deploy that fails and a rollout that never ends have failed."""
        if self.verdict:
            return self.verdict.verdict
        return INCONCLUSIVE if self.signal or self.error else FAIL

    @property
    def exit_code(self) -> int:
        """As in docs/reference/exit-codes.md."""
        if self.signal:
            return 128 + self.signal
        if self.error:
            return UNDECIDED
        code = self._verdict_code
        if self.rollback is None or not code:
            return code
        return ROLLED_BACK if self.rollback.verified else ROLLBACK_FAILED

    @property
    def _verdict_code(self) -> int:
        if self.deploy_failed:
            return DEPLOY_FAILED
        return self.verdict.exit_code if self.verdict else NOT_CONVERGED

    @property
    def recordings(self) -> dict[str, Recording]:
        """What was recorded, by phase."""
        found = {"baseline": self.reference.recording, "watch": self.watch.recording if self.watch else None}
        return {phase: each for phase, each in found.items() if each}


def without_convergence(outcome: Outcome, statement: str) -> Outcome:
    """The outcome of a rollout that converged and did not hold."""
    convergence = replace(outcome.convergence, reached_at_s=None) if outcome.convergence else None
    return replace(outcome, convergence=convergence, statement=statement)


def sentence(outcome: Outcome) -> str:
    """What it came to in one sentence: the rules that made it so, and why."""
    if outcome.error:
        return outcome.error
    if outcome.signal:
        return f"interrupted by {Signals(outcome.signal).name}, so nothing was decided"
    if outcome.deploy and outcome.deploy_failed:
        return f"the deploy command failed with exit code {outcome.deploy.exit_code}, so nothing was watched"
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
    found["actions"] = [_action(each) for each in outcome.actions]
    if outcome.rollback:
        found["rollback"] = dict(vars(outcome.rollback))
    return found


def _convergence(outcome: Outcome) -> dict[str, Any] | None:
    seen = outcome.convergence
    if seen is None:
        return None
    services = {"services": {name: _counts(each) for name, each in seen.services}} if seen.services else {}
    return {**_counts(seen), "statement": outcome.statement, **services}


def _counts(seen: Convergence) -> dict[str, Any]:
    return {
        "converged": seen.over,
        "expected": seen.expected,
        "needed": seen.needed,
        "in_a_row": seen.run,
        "probes": seen.probes,
        "reached_at_s": seen.reached_at_s,
        "served": dict(seen.served),
    }


def _action(result: ActionResult) -> dict[str, Any]:
    return {
        "name": result.action.name,
        "ran": result.ran,
        "exit_code": result.exit_code,
        "timed_out": result.timed_out,
        "seconds": result.seconds,
        "problem": result.problem,
    }
