"""Converge: does the revision that was deployed answer, and is the rollout over? Pure, from the probes so far.

"The share of old answers is at most s" is declared wrongly in at most α of the gates, however often a run of matches is
broken and begins again. With L = -ln(1-s), n matches in a row have a chance of at most exp(-nL) where the share is s:

- the first run, before anything but a match was seen, needs ⌈ln(2/α)/L⌉ matches, which spends α/2;
- a later run becomes candidate k = 1, 2, … only when it has reached n₀ = ⌈ln(10)/L⌉ matches, and is believed after
  ⌈ln(2k(k+1)/α)/L⌉ more, which spends α/(2k(k+1)); over all k these sum up to the other α/2.

With s = 10 % and α = 1 %: 51 for the first run, then n₀ = 22 and 79, 90, 96, …
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log

from ci_reporter.gate.recording import Probe
from ci_reporter.gate.rules.plan import Converge
from ci_reporter.health.reply import same_revision

_NO_ANSWER = "no answer"
_UNNAMED = "no revision"
_MOST_SHOWN = 4
_SHOWN = 12  # characters of a revision: as many as people compare


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """How far it has come: `run` matches in a row of the `needed`, and how often which revision answered.

    `candidates` counts the runs that came far enough to spend something of the chance to be wrong. Of several services
    it is the one that is furthest from its end, and each of them is in `services`.
    """

    expected: str | None
    needed: int
    run: int
    probes: int
    served: tuple[tuple[str, int], ...]
    candidates: int = 0
    last: Probe | None = None
    reached_at_s: float | None = None
    services: tuple[tuple[str, Convergence], ...] = ()

    @property
    def over(self) -> bool:
        """Whether it has converged."""
        return self.reached_at_s is not None


class Runs:
    """Matches in a row, one answer after the other, and how many are needed by now."""

    def __init__(self, settings: Converge, candidates: int | None = None) -> None:
        """Begin with the first run, or, after a relapse, where so many candidates have been before."""
        self._share, self._alpha = -log(1 - settings.old_share), 1 - settings.confidence
        self._least = self._matches(10)  # n₀: a shorter run spends nothing, as it is never believed
        self._first = candidates is None
        self.candidates = candidates or 0
        self.run = 0

    def add(self, match: bool) -> bool:
        """Take one answer; whether the rollout is over."""
        if not match:
            self._first, self.run = False, 0
            return False
        self.run += 1
        if not self._first and self.run == self._least:
            self.candidates += 1
        return self.run >= self.needed

    @property
    def needed(self) -> int:
        """So many matches in a row are believed."""
        if self._first:
            return self._matches(2 / self._alpha)
        k = max(self.candidates, 1) if self.run >= self._least else self.candidates + 1
        return self._least + self._matches(2 * k * (k + 1) / self._alpha)

    def _matches(self, odds: float) -> int:
        """How many matches in a row are less likely than 1 in `odds`, where the old share is that of the settings."""
        return ceil(log(odds) / self._share - 1e-9)


def convergence(
    probes: Sequence[Probe], expected: str | None, settings: Converge, candidates: int | None = None
) -> Convergence:
    """Count matches in a row: good answers, of the expected revision where one is expected.

    `candidates` are those from before a relapse, where there was one.
    """
    runs, reached_at_s = Runs(settings, candidates), None
    for probe in probes:
        if runs.add(matches(probe, expected)):
            reached_at_s = probe.t
            break
    served = Counter(_answer_label(probe) for probe in probes)
    return Convergence(
        expected=expected,
        needed=runs.needed,
        run=runs.run,
        probes=len(probes),
        served=tuple(served.most_common()),
        candidates=runs.candidates,
        last=probes[-1] if probes else None,
        reached_at_s=reached_at_s,
    )


def of_services(
    probes: Mapping[str, Sequence[Probe]],
    expected: Mapping[str, str | None],
    settings: Converge,
    before: Convergence | None = None,
) -> Convergence:
    """Several services, each of which has to converge; `before` is how far they were before a relapse."""
    earlier = dict(before.services) if before else {}
    services = tuple(
        (name, convergence(probes.get(name, ()), each, settings, earlier[name].candidates if earlier else None))
        for name, each in expected.items()
    )
    last = min((each for _, each in services), key=lambda each: (each.over, each.run / each.needed))
    times = [each.reached_at_s for _, each in services if each.reached_at_s is not None]
    return replace(
        last,
        probes=sum(each.probes for _, each in services),
        served=tuple((f"{label} ({name})", count) for name, each in services for label, count in each.served),
        reached_at_s=max(times) if len(times) == len(services) else None,
        services=services,
    )


def matches(probe: Probe, expected: str | None) -> bool:
    """Whether it is a good answer of that revision; one that names none is not."""
    return probe.ok and (expected is None or same_revision(expected, probe.revision or "") is True)


def is_old(probe: Probe, expected: str | None) -> bool:
    """Whether another revision answered, or a good answer names none; of a failure that names none nothing is known."""
    if expected is None or probe.status is None or not (probe.ok or probe.revision):
        return False
    return same_revision(expected, probe.revision or "") is not True


def statement(found: Convergence, settings: Converge) -> str:
    """What has been shown, or what stands in the way, as a sentence."""
    if found.services:
        open_ = [(name, each) for name, each in found.services if not each.over]
        return "; ".join(f"{name}: {statement(each, settings)}" for name, each in open_ or found.services)
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


def _obstacle(found: Convergence) -> str:
    answered = found.probes - _count(found, _NO_ANSWER)
    wanted = f"revision {found.expected[:_SHOWN]} has" if found.expected else "a good answer has"
    if not found.probes:
        return "nothing was probed"
    if not answered:
        return f"no answer ({found.last.reason if found.last and found.last.reason else 'reason unknown'})"
    if found.expected and _count(found, _UNNAMED) == answered:
        return (
            'the answers name no revision, so it cannot be verified (serve it as "revision" or as header X-Revision,'
            " name its place with revision_at:, or look at health alone with --expect-revision none)"
        )
    shown = [f"{count} × {name}" for name, count in found.served[:_MOST_SHOWN]]
    more = len(found.served) - _MOST_SHOWN
    rest = [f"{more} others"] if more > 0 else []
    reason = f"; last: {found.last.reason}" if found.last and found.last.reason else ""
    return f"{wanted} to come {found.needed} times in a row, and there were {', '.join([*shown, *rest])}{reason}"


def _count(found: Convergence, what: str) -> int:
    return sum(count for label, count in found.served if label.startswith(what))


def _answer_label(probe: Probe) -> str:
    """What answered, and from which address where there are several."""
    where = f" from {probe.address}" if probe.address else ""
    if probe.status is None:
        return f"{_NO_ANSWER}{where}"
    return (probe.revision or _UNNAMED)[:_SHOWN] + ("" if probe.ok else " (bad)") + where
