"""A condition held against a report and the runs before it: it holds, it does not, or that is not known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.model import Report, Result
from ci_reporter.notify.policies.conditions import OPERATORS, Combination, Comparison
from ci_reporter.notify.policies.facts import STUCK, fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.policies.conditions import Condition

_MOST_GOOD = 10
_ROUNDING = 1e-9


class View(Frozen):
    """What a condition sees: a report, and those of the same series before it (oldest first).

    `stuck_s` is for how long a step that still runs has been running; one that has ended is not stuck. `facts` are
    those that no report has, by name: what a hub knows of many runs.
    """

    report: Report
    before: Sequence[Report] = ()
    stuck_s: float = 0.0
    facts: Mapping[str, str | float | None] = EMPTY


class Answer(Frozen):
    """Whether a condition holds; None where that is not known, and `unknown` then says why."""

    holds: bool | None
    unknown: tuple[str, ...] = ()


def evaluate(condition: Condition, view: View) -> Answer:
    """Hold a condition against what is known, by Kleene's logic of yes, no and unknown.

    `no and unknown` is no, `yes or unknown` is yes; all else with an unknown part is unknown.
    """
    if isinstance(condition, Comparison):
        return _compare(condition, view)
    answers = [evaluate(each, view) for each in condition.parts]
    decisive = condition.word == "or"
    if any(each.holds is decisive for each in answers):
        return Answer(holds=decisive)
    unknown = tuple(dict.fromkeys(why for each in answers for why in each.unknown))
    return Answer(holds=None, unknown=unknown) if unknown else Answer(holds=not decisive)


def mentions(condition: Condition, name: str) -> bool:
    """Whether a name is compared anywhere in a condition."""
    if isinstance(condition, Combination):
        return any(mentions(each, name) for each in condition.parts)
    return condition.name == name


def value(name: str, view: View) -> str | float | None:
    """What a name is worth now; None where that is not known."""
    if name == STUCK:
        return view.stuck_s
    return view.facts[name] if name in view.facts else fact(name).read(view.report)


def usual(name: str, before: Sequence[Report]) -> float | None:
    """What a number is compared with: of durations and memory the median of the last good runs, else the last known."""
    good = [each for each in before if each.step.result is Result.SUCCESS]
    if name in ("duration", "memory"):
        numbers = [found for each in good if (found := _number(name, each)) is not None]
        return _median(numbers[-_MOST_GOOD:]) if numbers else None
    known = [found for each in before if (found := _number(name, each)) is not None]
    return known[-1] if known else None


def _median(numbers: Sequence[float]) -> float:
    ordered, half = sorted(numbers), len(numbers) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _number(name: str, report: Report) -> float | None:
    found = fact(name).read(report)
    return None if found is None or isinstance(found, str) else float(found)


def _compare(comparison: Comparison, view: View) -> Answer:
    now = value(comparison.name, view)
    if now is None:
        return Answer(holds=None, unknown=(f"{comparison.name} is unknown",))
    if isinstance(now, str):
        matches = any(fnmatchcase(now, each) for each in comparison.texts)
        return Answer(holds=matches is (comparison.operator == "=="))
    assert comparison.number is not None  # noqa: S101
    number = comparison.number
    if comparison.relative:
        base = usual(comparison.name, view.before)
        if base is None:
            return Answer(holds=None, unknown=(f"no earlier run is known to compare {comparison.name} with",))
        number = base + number if fact(comparison.name).points else base * (1 + number)
        number += _ROUNDING if comparison.operator == ">" else -_ROUNDING if comparison.operator == "<" else 0
    return Answer(holds=bool(OPERATORS[comparison.operator](now, number)))
