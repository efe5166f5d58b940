"""Converge: does the revision that was deployed answer, and is the rollout over? Pure, from the probes so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ci_reporter.gate.recording import Probe
from ci_reporter.gate.rules.plan import Converge
from ci_reporter.health.reply import same_revision

_NO_ANSWER = "no answer"
_UNNAMED = "no revision"
_MOST_SHOWN = 4
_SHOWN = 12  # characters of a revision: as many as people compare


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far it has come: `run` matches in a row of the `needed`, and how often which revision answered."""

    expected: str | None
    needed: int
    run: int
    probes: int
    served: tuple[tuple[str, int], ...]
    last: Probe | None = None
    reached_at_s: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has converged."""
        return self.reached_at_s is not None


def progress(probes: Sequence[Probe], expected: str | None, settings: Converge) -> Progress:
    """Count matches in a row: good answers, of the expected revision where one is expected."""
    run, reached_at_s = 0, None
    for probe in probes:
        run = run + 1 if matches(probe, expected) else 0
        if run == settings.needed:
            reached_at_s = probe.t
            break
    served = Counter(_served(probe) for probe in probes)
    return Progress(
        expected=expected,
        needed=settings.needed,
        run=run,
        probes=len(probes),
        served=tuple(served.most_common()),
        last=probes[-1] if probes else None,
        reached_at_s=reached_at_s,
    )


def matches(probe: Probe, expected: str | None) -> bool:
    """Whether it is a good answer of that revision; one that names none is not."""
    return probe.ok and (expected is None or same_revision(expected, probe.revision or "") is True)


def statement(found: Progress, settings: Converge) -> str:
    """What has been shown, or what stands in the way, as a sentence."""
    if found.over:
        share = f"at most {settings.old_share:.3g} of the traffic" if settings.old_share < 0.001 else ""
        share = share or f"at most {settings.old_share * 100:.3g} % of the answers"
        sure = f"{settings.confidence * 100:.4g} % confidence"
        if found.expected is None:
            return f"{found.needed} good answers in a row: {share} are bad ({sure})"
        return (
            f"revision {found.expected[:_SHOWN]} answered {found.needed} times in a row on fresh connections:"
            f" {share} come from another ({sure})"
        )
    return f"not converged after {found.probes} probes: {_obstacle(found)}"


def _obstacle(found: Progress) -> str:
    counts = dict(found.served)
    answered = found.probes - counts.get(_NO_ANSWER, 0)
    wanted = f"revision {found.expected[:_SHOWN]}" if found.expected else "a good answer"
    if not found.probes:
        return "nothing was probed"
    if not answered:
        return f"no answer ({found.last.reason if found.last and found.last.reason else 'reason unknown'})"
    if found.expected and counts.get(_UNNAMED, 0) == answered:
        return (
            'the answers name no revision, so it cannot be verified (serve it as "revision" or as header X-Revision,'
            " name its place with revision_at:, or look at health alone with --expect-revision none)"
        )
    shown = [f"{count} × {name}" for name, count in found.served[:_MOST_SHOWN]]
    more = len(found.served) - _MOST_SHOWN
    rest = [f"{more} others"] if more > 0 else []
    reason = f"; last: {found.last.reason}" if found.last and found.last.reason else ""
    return f"{wanted} is wanted {found.needed} times in a row, and there were {', '.join([*shown, *rest])}{reason}"


def _served(probe: Probe) -> str:
    if probe.status is None:
        return _NO_ANSWER
    return (probe.revision or _UNNAMED)[:_SHOWN] + ("" if probe.ok else " (bad)")
