"""What the judge says: one verdict, one finding a rule, and what the watch could have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Decision(StrEnum):
    """What is decided. `NOT_YET` is for a watch that goes on; one that is over without a decision is inconclusive."""

    PASS = "pass"  # noqa: S105  the word, not a password
    FAIL = "fail"
    NOT_YET = "not known yet"
    INCONCLUSIVE = "inconclusive"


PASS, FAIL, NOT_YET, INCONCLUSIVE = Decision.PASS, Decision.FAIL, Decision.NOT_YET, Decision.INCONCLUSIVE
EXIT_CODES = {Decision.PASS: 0, Decision.FAIL: 1, Decision.INCONCLUSIVE: 3}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a rule, or of one comparison in it.

    `p` or `e` is the evidence and `needed` what it had to reach; `baseline` and `watch` are the measured values, in
    `unit`: `ms`, `ratio` for 0-1, or `failures`. A failure has lasted since `since_s`. What `is_final` stays as it is
    however long too early for a pass.
    """

    verdict: Decision
    reason: str
    decided_at_s: float | None = None
    since_s: float | None = None
    statistic: str = ""
    p: float | None = None
    e: float | None = None
    needed: float | None = None
    baseline: float | None = None
    watch: float | None = None
    unit: str = "ms"
    no_data: bool = False
    is_final: bool = False
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

    A watch goes on while its verdict is not `settled`, up to `until_s`: its planned end, or that of its extension.
    """

    verdict: Decision
    decided_at_s: float | None
    rules: tuple[RuleVerdict, ...]
    notes: tuple[str, ...] = ()
    settled: bool = True
    until_s: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive where a policy says that this fails."""
        if self.verdict == INCONCLUSIVE and not any(
            rule.policy == "fail" for rule in self.rules if rule.blocks and rule.finding.verdict == INCONCLUSIVE
        ):
            return 0
        return EXIT_CODES.get(self.verdict, EXIT_CODES[INCONCLUSIVE])


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
    shown |= {"since_s": found.since_s} if found.since_s is not None else {}
    shown |= {key: getattr(found, key) for key in ("p", "e", "needed") if getattr(found, key) is not None}
    shown |= {"baseline": found.baseline, "watch": found.watch, "unit": found.unit}
    return shown | {"worst": [dict(each) for each in found.worst], "then": list(rule.then)}
