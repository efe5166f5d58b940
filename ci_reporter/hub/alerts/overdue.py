"""Runs and jobs that wait or run for too long, by what they usually take; and what their CI system says of them. Pure.

How long is too long is learned: half as long again as all but the longest of the last twenty good ones took, and at
least two minutes more. 20 builds took 9 to 12 minutes and one of them 40: the limit is 18 minutes. Where too few are
known the CI system's own estimate counts twice; without either nothing is too long, and `stuck > 30m` says what is.

Nothing is said before somebody has looked again: a hub that missed the end of a run would call it stuck for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ci_reporter.hub.runs.run import Job, Run, Status
from ci_reporter.notify.spans import span

_FEWEST = 5
_SHARE, _MORE_MS = 1.5, 120_000
_QUEUE_MORE_MS = 600_000  # runners come and go: a minute's wait that becomes eight is no news


class Overdue(StrEnum):
    """What is wrong with a run or a job that is on its way; the words of the fact `overdue`."""

    NO = "no"
    QUEUED = "queued"
    RUNNING = "running"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Usual:
    """How long the last good ones ran, and waited before; in ms, newest first."""

    ran_ms: Sequence[int] = ()
    waited_ms: Sequence[int] = ()
    estimated_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """That something takes too long: what, for how long it has, and how long is usual."""

    what: Overdue
    for_ms: int
    limit_ms: int
    basis: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of a suspicion once somebody looked again, as a sentence for people."""

    what: Overdue
    said: str = ""


def suspicion(seen: Run | Job, usual: Usual, now_ms: int) -> Suspicion | None:
    """Whether a run or job waits or runs for too long, by what is known here."""
    if seen.status in (Status.QUEUED, Status.WAITING) and seen.queued_ms is not None:
        limit = _limit(usual.waited_ms, None, _QUEUE_MORE_MS)
        what, since_ms = Overdue.QUEUED, seen.queued_ms
    elif seen.status is Status.RUNNING and seen.started_ms is not None:
        limit = _limit(usual.ran_ms, usual.estimated_ms, _MORE_MS)
        what, since_ms = Overdue.RUNNING, seen.started_ms
    else:
        return None
    if limit is None or now_ms - since_ms <= limit[0]:
        return None
    return Suspicion(what=what, for_ms=now_ms - since_ms, limit_ms=limit[0], basis=limit[1])


def finding(suspected: Suspicion, look: Run | Job | None, problem: str = "") -> Finding:
    """What is so, by what the CI system says now: `look` is None where it says nothing, for the reason given."""
    lasted = f"{suspected.what} for {span(suspected.for_ms / 1000)}; {suspected.basis}"
    if look is None:
        why = problem or "it does not know the run any more"
        return Finding(what=Overdue.SILENT, said=f"{lasted}; its CI system tells nothing new: {why}")
    if look.status.is_final:
        said = f"it has ended ({look.status}), and nobody told this hub: a webhook was lost, or a poll is late"
        return Finding(what=Overdue.LOST, said=said)
    if look.status is Status.RUNNING and suspected.what is Overdue.QUEUED:
        return Finding(what=Overdue.NO)
    return Finding(what=suspected.what, said=f"{lasted}; its CI system says so, too")


def _limit(known_ms: Sequence[int], estimated_ms: int | None, more_ms: int) -> tuple[int, str] | None:
    """How long is not yet too long, and what that rests on."""
    if len(known_ms) >= _FEWEST:
        ordered = sorted(known_ms)
        usual_ms = ordered[-2]  # all but the longest: one bad day must not excuse all that follow
        said = f"of the last {len(ordered)} good ones all but one took {span(usual_ms / 1000)} at most"
        return max(round(usual_ms * _SHARE), usual_ms + more_ms), said
    if estimated_ms:
        limit_ms = max(2 * estimated_ms, estimated_ms + more_ms)
        return limit_ms, f"its CI system expected {span(estimated_ms / 1000)}"
    return None
