"""What many reports of a series say that none says alone: that it is flaky, that it drifts. Pure.

A rule that compares a run with the ones just before it (`duration > +40%`) never sees what grows by one percent a day:
these compare the last runs with those from before.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ci_reporter.model import Report, Result

DEPTH = 60  # reports that are looked at
FACTS = ("flaky", "duration.rose", "coverage.fell")
_FAILED = (Result.FAILURE, Result.ERROR, Result.TIMEOUT)
_RECENT, _BEFORE = 10, 10
_FEWEST_REVISIONS = 5


def facts(reports: Sequence[Report]) -> dict[str, str | float | None]:
    """The facts that reports of a series, oldest first, give; None where they are too few to tell."""
    last = reports[-DEPTH:]
    good = [each for each in last if each.step.result is Result.SUCCESS]
    return {
        "flaky": flaky_pct(last),
        "duration.rose": _rise_pct([each.step.duration_ms for each in good]),
        "coverage.fell": _fall([each.coverage_pct for each in last]),
    }


def flaky_pct(reports: Sequence[Report]) -> float | None:
    """Of how many revisions in a hundred the result changed although the code did not; None below five revisions.

    A step that needed several attempts has failed and succeeded, too.
    """
    seen: dict[str, set[bool]] = {}
    for each in reports:
        revision, result = each.run.revision, each.step.result
        if revision and (result is Result.SUCCESS or result in _FAILED):
            outcomes = seen.setdefault(revision, set())
            outcomes.add(result is Result.SUCCESS)
            if result is Result.SUCCESS and (each.step.attempts or 1) > 1:
                outcomes.add(False)
    if len(seen) < _FEWEST_REVISIONS:
        return None
    return 100 * sum(len(outcomes) > 1 for outcomes in seen.values()) / len(seen)


def _rise_pct(values: Sequence[float | None]) -> float | None:
    """By how many percent the median of the last ten is above that of those before; None below ten of each."""
    pair = _medians(values)
    return 100 * (pair[1] / pair[0] - 1) if pair and pair[0] > 0 else None


def _fall(values: Sequence[float | None]) -> float | None:
    """By how much the median of the last ten is below that of those before."""
    pair = _medians(values)
    return pair[0] - pair[1] if pair else None


def _medians(values: Sequence[float | None]) -> tuple[float, float] | None:
    known = [each for each in values if each is not None]
    before, recent = known[:-_RECENT], known[-_RECENT:]
    return (median(before), median(recent)) if len(before) >= _BEFORE else None
