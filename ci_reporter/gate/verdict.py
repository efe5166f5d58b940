"""What the judge says: one verdict, one finding a rule, and what the watch could have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
EXIT_CODES = {PASS: 0, FAIL: 1, INCONCLUSIVE: 3}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a rule.

    `p` or `e` is the evidence and `needed` what it had to reach; `baseline` and `watch` are the measured values, in
    `unit`: `ms`, `ratio` for 0-1, or `failures`.
    """

    verdict: str
    reason: str
    decided_at_s: float | None = None
    statistic: str = ""
    p: float | None = None
    e: float | None = None
    needed: float | None = None
    baseline: float | None = None
    watch: float | None = None
    unit: str = "ms"
    no_data: bool = False
    worst: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleVerdict:
    """A rule by name, and its finding. `policy` says what an inconclusive one does: fail or warn."""

    name: str
    text: str
    mode: str
    policy: str
    finding: Finding
    could_have_seen: Mapping[str, Any] | None = None
    then: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether it counts."""
        return self.mode == "enforce"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The whole: pass, fail or inconclusive, and when it was reached, in seconds since the watch began.

    It is `settled` once nothing that the watch may still see can change it.
    """

    verdict: str
    decided_at_s: float | None
    rules: tuple[RuleVerdict, ...]
    notes: tuple[str, ...] = ()
    settled: bool = True

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive where a policy says that this fails."""
        if self.verdict == INCONCLUSIVE and not any(
            rule.policy == "fail" for rule in self.rules if rule.blocks and rule.finding.verdict == INCONCLUSIVE
        ):
            return 0
        return EXIT_CODES[self.verdict]


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as the JSON object that `--json` prints."""
    return {
        "verdict": verdict.verdict,
        "decided_at_s": verdict.decided_at_s,
        "exit_code": verdict.exit_code,
        "rules": [_rule(rule) for rule in verdict.rules],
        "could_have_seen": {rule.name: rule.could_have_seen for rule in verdict.rules if rule.could_have_seen},
        "notes": list(verdict.notes),
    }


def _rule(rule: RuleVerdict) -> dict[str, Any]:
    found = rule.finding
    shown: dict[str, Any] = {"name": rule.name, "if": rule.text, "mode": rule.mode, "verdict": found.verdict}
    shown |= {"decided_at_s": found.decided_at_s, "reason": found.reason, "statistic": found.statistic}
    shown |= {key: getattr(found, key) for key in ("p", "e", "needed") if getattr(found, key) is not None}
    shown |= {"baseline": found.baseline, "watch": found.watch, "unit": found.unit}
    return shown | {"worst": [dict(each) for each in found.worst], "then": list(rule.then)}
